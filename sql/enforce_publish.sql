--
-- Publications: rows go only where all of their table may.  Foreign tables,
-- which need another server, are in test/tap/061_publication.pl.
--
CREATE SCHEMA enforce_publish;
CREATE SCHEMA enforce_publish_all;
SET search_path = enforce_publish;
SET client_min_messages = error;
\set VERBOSITY terse
CREATE ROLE regress_publish_owner;
SECURITY LABEL FOR jurisdiction ON ROLE regress_publish_owner IS 'at DE cleared internal/personal';
GRANT ALL ON SCHEMA enforce_publish, enforce_publish_all TO regress_publish_owner;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_publish_owner', current_database()); END $$;

SET ROLE regress_publish_owner;
CREATE TABLE open (id int PRIMARY KEY, residency jurisdiction.label NOT NULL);	-- rows without a ceiling
CREATE TABLE german (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text);
CREATE TABLE released (id int PRIMARY KEY, residency jurisdiction.label NOT NULL);
CREATE TABLE static (id int PRIMARY KEY);
CREATE TABLE plain (id int PRIMARY KEY);
SECURITY LABEL FOR jurisdiction ON COLUMN open.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN german.residency IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON COLUMN german.name IS 'FR/personal';
SECURITY LABEL FOR jurisdiction ON COLUMN released.residency IS 'rows within DE>FR';
SECURITY LABEL FOR jurisdiction ON TABLE static IS 'DE';

-- without a tag, publications are of untagged tables, or of officers
CREATE PUBLICATION regress_pub FOR TABLE plain;								-- ok
CREATE PUBLICATION regress_pub_de FOR TABLE german;							-- denied
CREATE PUBLICATION regress_pub_de FOR TABLES IN SCHEMA enforce_publish;		-- error: superuser's, by the server
CREATE PUBLICATION regress_pub_de;											-- ok: empty
ALTER PUBLICATION regress_pub_de ADD TABLE german;							-- denied
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_pub_de IS 'to DE';	-- denied: not an officer
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_pub_de IS 'to DE';	-- ok
SET ROLE regress_publish_owner;
ALTER PUBLICATION regress_pub_de ADD TABLE static;							-- ok: home
ALTER PUBLICATION regress_pub_de ADD TABLE german;							-- denied: a column is French
ALTER PUBLICATION regress_pub_de ADD TABLE german (id, residency);			-- ok: it stays
ALTER PUBLICATION regress_pub_de ADD TABLE open;							-- denied: no ceiling
ALTER PUBLICATION regress_pub_de SET TABLE static, open;					-- denied
ALTER PUBLICATION regress_pub_de ADD TABLE plain;							-- ok

-- its tag is judged with its tables, whoever sets it
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_pub_de IS 'to DE, US';	-- denied
CREATE PUBLICATION regress_pub_fr FOR TABLE released;						-- ok: an officer
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_pub_fr IS 'to FR';	-- ok: released
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_pub_fr IS 'to FR, JP';	-- denied
ALTER PUBLICATION regress_pub_fr ADD TABLE static;							-- denied: for officers too

-- tagging a table that is published
SET ROLE regress_publish_owner;
SECURITY LABEL FOR jurisdiction ON TABLE plain IS 'DE';						-- denied: regress_pub has no tag
ALTER PUBLICATION regress_pub DROP TABLE plain;
SECURITY LABEL FOR jurisdiction ON TABLE plain IS 'DE';						-- ok: to DE
SECURITY LABEL FOR jurisdiction ON TABLE plain IS 'DE & FR';				-- denied: not to DE

-- FOR ALL TABLES counts every one, a schema's those in it
RESET ROLE;
CREATE PUBLICATION regress_pub_all FOR ALL TABLES;							-- ok: an officer
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_pub_all IS 'to DE';	-- denied
DROP PUBLICATION regress_pub_all;
CREATE PUBLICATION regress_pub_schema FOR TABLES IN SCHEMA enforce_publish_all;
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_pub_schema IS 'to FR';	-- ok: nothing in it
SET ROLE regress_publish_owner;
ALTER TABLE static SET SCHEMA enforce_publish_all;							-- denied
ALTER TABLE released SET SCHEMA enforce_publish_all;						-- ok

-- a partition is published with its parent
CREATE TABLE whole (id int, residency jurisdiction.label NOT NULL) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF whole FOR VALUES IN (1);
SECURITY LABEL FOR jurisdiction ON COLUMN whole.residency IS 'rows within DE';
ALTER PUBLICATION regress_pub_de ADD TABLE whole;							-- ok
SECURITY LABEL FOR jurisdiction ON TABLE part_1 IS 'FR';					-- denied

RESET ROLE;
DROP PUBLICATION regress_pub, regress_pub_de, regress_pub_fr, regress_pub_schema;
DROP SCHEMA enforce_publish, enforce_publish_all CASCADE;
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM regress_publish_owner', current_database()); END $$;
DROP ROLE regress_publish_owner;
