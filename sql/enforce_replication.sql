--
-- Replication: what is copied over a replication connection is all or an
-- error.  Who may open one is in test/tap/060_replication.pl.
--
CREATE SCHEMA enforce_replication;
SET search_path = enforce_replication;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_replication_de;		-- reads and replicates to Germany
CREATE ROLE regress_replication_us;		-- reads in Germany, replicates to the United States
SECURITY LABEL FOR jurisdiction ON ROLE regress_replication_de IS 'at DE replicate to DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_replication_us IS 'at DE replicate to US';
GRANT ALL ON SCHEMA enforce_replication TO PUBLIC;
CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text);
CREATE TABLE home (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text);
INSERT INTO patient VALUES (1, 'DE', 'a'), (2, 'FR', 'b');
INSERT INTO home VALUES (1, 'DE', 'a'), (2, 'DE', 'b');
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN home.residency IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON COLUMN home.name IS '/personal';
GRANT SELECT ON ALL TABLES IN SCHEMA enforce_replication TO PUBLIC;

-- over an ordinary connection: filtered and masked
SET ROLE regress_replication_de;
COPY (SELECT id FROM patient) TO STDOUT;						-- ok: 1
COPY (SELECT id, name FROM home ORDER BY id) TO STDOUT;			-- ok: masked
COPY home (id) TO STDOUT;										-- ok
RESET ROLE;

-- over a replication connection, as a subscription copies tables at first
DO $$ BEGIN EXECUTE format('SECURITY LABEL FOR jurisdiction ON ROLE %I IS ''replicate to DE''', session_user); END $$;
\c -reuse-previous=on replication=database
SET SESSION AUTHORIZATION regress_replication_de;
COPY enforce_replication.home (id, residency) TO STDOUT;						-- ok: all of it
COPY (SELECT id FROM enforce_replication.home WHERE id = 1) TO STDOUT;			-- ok: nothing is hidden
COPY enforce_replication.patient TO STDOUT;										-- denied: a row is hidden
COPY (SELECT id FROM enforce_replication.patient) TO STDOUT;					-- denied: never silently less
COPY enforce_replication.home TO STDOUT;										-- denied: a column is masked
COPY (SELECT id, name FROM enforce_replication.home) TO STDOUT;					-- denied
SELECT id FROM enforce_replication.patient;										-- ok: no copy
SET SESSION AUTHORIZATION regress_replication_us;
SELECT count(*) FROM enforce_replication.home;									-- ok: read in Germany
COPY enforce_replication.home (id, residency) TO STDOUT;						-- denied: would go to the United States
COPY (SELECT id FROM enforce_replication.home) TO STDOUT;						-- denied
RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
DO $$ BEGIN EXECUTE format('SECURITY LABEL FOR jurisdiction ON ROLE %I IS NULL', session_user); END $$;
DROP SCHEMA enforce_replication CASCADE;
DROP ROLE regress_replication_de, regress_replication_us;
