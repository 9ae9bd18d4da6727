--
-- Functions that read rows past the executor are closed while tables are
-- tagged.  Those of extensions are in test/tap/061_publication.pl.
--
CREATE SCHEMA enforce_functions;
SET search_path = enforce_functions;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_functions_copier REPLICATION;	-- may replicate
CREATE ROLE regress_functions_other REPLICATION;	-- has no tag
CREATE ROLE regress_functions_backup SUPERUSER;		-- may dump
CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON ROLE regress_functions_copier IS 'replicate to FR';
SECURITY LABEL FOR jurisdiction ON ROLE regress_functions_backup IS 'backup';
GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC;
GRANT EXECUTE ON FUNCTION pg_read_binary_file(text) TO PUBLIC;
GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO PUBLIC;

SELECT length(pg_read_file('PG_VERSION')) > 0;								-- ok: an officer
CREATE FUNCTION other_name(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all';
GRANT ALL ON SCHEMA enforce_functions TO PUBLIC;

-- somebody who is no officer: superusers stand in for one only as session user
SET SESSION AUTHORIZATION regress_functions_copier;
\set VERBOSITY default
SELECT pg_read_file('PG_VERSION');											-- denied
\set VERBOSITY terse
SELECT length(pg_read_binary_file('PG_VERSION')) > 0;						-- ok: may copy it all
SELECT lo_export(1, 'x');													-- denied
SELECT other_name('PG_VERSION');											-- denied: the same function
SELECT upper(pg_read_file('PG_VERSION')) FROM generate_series(1, 2);		-- denied
SELECT * FROM pg_read_file('PG_VERSION');									-- denied
DO $$ BEGIN PERFORM pg_read_file('PG_VERSION'); END $$;						-- denied
SELECT pg_logical_slot_get_changes('regress_slot', NULL, NULL);				-- denied
SELECT pg_logical_slot_peek_changes('regress_slot', NULL, NULL);			-- denied
SELECT pg_logical_slot_get_binary_changes('regress_slot', NULL, NULL);		-- denied
SELECT pg_logical_slot_peek_binary_changes('regress_slot', NULL, NULL);		-- denied
SELECT count(*) >= 0 FROM pg_replication_slots;								-- ok
SET SESSION AUTHORIZATION regress_functions_other;
SELECT pg_create_logical_replication_slot('regress_slot', 'test_decoding');	-- denied: not tagged to
SELECT pg_copy_logical_replication_slot('regress_slot', 'another');			-- denied
RESET SESSION AUTHORIZATION;

SET ROLE regress_functions_backup;
SELECT length(pg_read_file('PG_VERSION')) > 0;								-- ok: recorded
RESET ROLE;

-- nothing is tagged: nothing is closed
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS NULL;
SET SESSION AUTHORIZATION regress_functions_copier;
SELECT length(pg_read_file('PG_VERSION')) > 0;								-- ok
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_read_binary_file(text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION lo_export(oid, text) FROM PUBLIC;
DROP SCHEMA enforce_functions CASCADE;
DROP ROLE regress_functions_copier, regress_functions_other, regress_functions_backup;
