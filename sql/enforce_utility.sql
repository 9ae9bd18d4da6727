--
-- Commands that get around tables: libraries, settings.
--
-- A superuser stands in for an officer here.  That does not matter to
-- libraries: which may be loaded is in the server's configuration.
--
CREATE SCHEMA enforce_utility;
SET search_path = enforce_utility;
SET client_min_messages = warning;
CREATE ROLE regress_enforce_utility_user;
CREATE ROLE regress_enforce_utility_manager CREATEROLE;
GRANT ALL ON SCHEMA enforce_utility TO PUBLIC;

--
-- LOAD
--
LOAD 'plpgsql';								-- ok: listed
LOAD '$libdir/plpgsql';						-- ok
LOAD 'jurisdiction';						-- ok: is there already
\set VERBOSITY default
LOAD 'auto_explain';						-- denied
\set VERBOSITY terse
LOAD '$libdir/auto_explain';				-- denied
LOAD '$libdir/plpgsql.so';					-- ok
LOAD '$libdir/../plpgsql';					-- denied: not there
LOAD '/tmp/plpgsql';						-- denied: nor there, whatever its name
LOAD './plpgsql';							-- denied
DO $$ BEGIN EXECUTE 'LOAD ''auto_explain'''; END $$;	-- denied
SET dynamic_library_path = '/tmp';
LOAD 'plpgsql';								-- denied: a bare name is sought where anybody may have put it
LOAD '$libdir/plpgsql';						-- ok
RESET dynamic_library_path;
LOAD 'plpgsql';								-- ok
SET ROLE regress_enforce_utility_user;
LOAD 'auto_explain';						-- denied
LOAD '$libdir/plugins/x';					-- denied
RESET ROLE;

--
-- LANGUAGE C
--
CREATE FUNCTION evil() RETURNS int LANGUAGE c AS 'auto_explain', 'evil';		-- denied
CREATE FUNCTION evil() RETURNS int LANGUAGE 'c' AS '$libdir/pageinspect', 'get_raw_page';	-- denied
CREATE FUNCTION evil() RETURNS int LANGUAGE "C" AS '/tmp/evil', 'evil';	-- denied
CREATE OR REPLACE FUNCTION evil() RETURNS int LANGUAGE c AS '/tmp/plpgsql', 'evil';	-- denied
CREATE PROCEDURE evil() LANGUAGE c AS '/tmp/evil', 'evil';				-- denied
CREATE FUNCTION evil() RETURNS int AS '/tmp/evil', 'evil' LANGUAGE c;	-- denied: in any order
CREATE FUNCTION evil(text, text, text) RETURNS text LANGUAGE c AS '$libdir/jurisdiction', 'jur_sql_relabelled';	-- denied: with whatever types
CREATE FUNCTION fine() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';	-- ok: listed
CREATE FUNCTION fine2() RETURNS int LANGUAGE internal AS 'nothing';		-- error: the server's
CREATE EXTENSION pageinspect SCHEMA enforce_utility;					-- denied: it brings a library
CREATE EXTENSION dblink SCHEMA enforce_utility;							-- denied
CREATE EXTENSION file_fdw SCHEMA enforce_utility;						-- denied
CREATE EXTENSION pgcrypto SCHEMA enforce_utility;						-- ok: listed
SELECT length(enforce_utility.digest('x', 'sha256'));
DROP EXTENSION pgcrypto;

--
-- Settings that enforcement rests on
--
SET ROLE regress_enforce_utility_user;
\set VERBOSITY default
SET jurisdiction.site = 'US';				-- error: from the configuration only
SET jurisdiction.enforcement = 'observe';	-- error
SET jurisdiction.nothing = 'x';				-- error: a misspelt setting fails
\set VERBOSITY terse
SELECT set_config('jurisdiction.site', 'US', true);	-- error
SELECT set_config('jurisdiction.enforcement', 'observe', false);	-- error
SET jurisdiction.allowed_libraries = 'auto_explain';	-- error
SET jurisdiction.local_place = 'US';		-- error
SET jurisdiction.purpose = 'research';		-- denied: his role has no such purpose
SET jurisdiction.purpose = '';				-- ok
ALTER SYSTEM SET jurisdiction.enforcement = 'observe';	-- denied
ALTER SYSTEM SET jurisdiction.site = 'US';	-- denied
ALTER SYSTEM RESET ALL;						-- denied
ALTER ROLE regress_enforce_utility_user SET session_preload_libraries = 'x';	-- denied
ALTER ROLE regress_enforce_utility_user SET local_preload_libraries = 'x';	-- denied
ALTER ROLE regress_enforce_utility_user SET dynamic_library_path = '/tmp';	-- denied
ALTER ROLE regress_enforce_utility_user SET work_mem = '4MB';	-- ok
ALTER ROLE regress_enforce_utility_user RESET ALL;	-- ok
RESET ROLE;
SET ROLE regress_enforce_utility_manager;
ALTER ROLE regress_enforce_utility_user SET session_preload_libraries = 'x';	-- denied
ALTER ROLE regress_enforce_utility_user IN DATABASE postgres SET jurisdiction.enforcement = 'observe';	-- denied
RESET ROLE;
SET jurisdiction.enforcement = 'observe';	-- error: a superuser neither, in his session
SET jurisdiction.site = 'US';				-- error
ALTER DATABASE postgres SET jurisdiction.enforcement = 'observe';	-- error: not at this time
ALTER ROLE regress_enforce_utility_user SET jurisdiction.site = 'US';	-- error
SHOW jurisdiction.site;
SHOW jurisdiction.enforcement;
-- as an officer he may change the configuration
ALTER SYSTEM SET jurisdiction.local_place = 'nowhere';	-- error: no place by its form
ALTER SYSTEM SET jurisdiction.site = 'Germany';	-- error
ALTER SYSTEM SET jurisdiction.site = 'DE';	-- ok: as it is
ALTER SYSTEM RESET jurisdiction.site;		-- ok

-- purposes: those of the role's tag
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_utility_user IS 'at DE for research, care';
SET ROLE regress_enforce_utility_user;
SET jurisdiction.purpose = 'research';		-- ok
SELECT value FROM jurisdiction.session() WHERE item = 'purpose';
SET jurisdiction.purpose = 'marketing';		-- denied
SET ROLE regress_enforce_utility_manager;
SELECT value FROM jurisdiction.session() WHERE item = 'purpose';	-- none: not his to declare
RESET ROLE;
RESET jurisdiction.purpose;

--
-- Foreign tables with labels, by a wrapper that an officer has allowed
--
ALTER SYSTEM SET jurisdiction.allowed_libraries = 'plpgsql', 'file_fdw';
SELECT pg_reload_conf();
SELECT pg_sleep(0.2);
SELECT current_setting('jurisdiction.allowed_libraries') LIKE '%file_fdw%' AS allowed;
CREATE EXTENSION file_fdw SCHEMA enforce_utility;	-- ok now
SELECT current_setting('data_directory') || '/regress_enforce_utility.txt' AS file \gset
COPY (VALUES (1, 'DE'), (2, 'US')) TO :'file';
CREATE SERVER regress_enforce_utility FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE far (id int, residency jurisdiction.label)
	SERVER regress_enforce_utility OPTIONS (filename :'file');
GRANT SELECT ON far TO PUBLIC;
SET ROLE regress_enforce_utility_user;
SELECT * FROM far ORDER BY id;				-- ok: not tagged
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON FOREIGN TABLE far IS 'DE to FR';
SET ROLE regress_enforce_utility_user;
SELECT id FROM far ORDER BY id;				-- ok: all
SET ROLE regress_enforce_utility_manager;
SELECT id FROM far ORDER BY id;				-- denied: all or nothing, never none
RESET ROLE;
SELECT id FROM far ORDER BY id;				-- denied: superuser or not
SECURITY LABEL FOR jurisdiction ON COLUMN far.residency IS 'rows';
SET ROLE regress_enforce_utility_user;
SELECT id FROM far ORDER BY id;				-- denied: rows that cannot be told apart
RESET ROLE;
CREATE TABLE near (id int, residency jurisdiction.label) PARTITION BY RANGE (id);
ALTER TABLE near ALTER residency SET NOT NULL;
ALTER TABLE near OWNER TO regress_enforce_utility_manager;
SECURITY LABEL FOR jurisdiction ON COLUMN near.residency IS 'rows';
CREATE FOREIGN TABLE near_1 PARTITION OF near FOR VALUES FROM (0) TO (10)
	SERVER regress_enforce_utility OPTIONS (filename :'file');
GRANT SELECT ON near, near_1 TO PUBLIC;
SELECT object_identity, tag, inherited_from FROM jurisdiction.tag WHERE object_identity = 'near_1';
SET ROLE regress_enforce_utility_user;
SELECT id FROM near ORDER BY id;			-- ok: 1, filtered by its parent
SELECT id FROM near_1 ORDER BY id;			-- denied: by itself nothing filters it
RESET ROLE;
ALTER SYSTEM RESET jurisdiction.allowed_libraries;
SELECT pg_reload_conf();
SELECT pg_sleep(0.2);

--
-- The files of the evidence log, through COPY; and what is refused is recorded,
-- be its name as long as it may
--
SELECT coalesce(max(seq), -1) AS start FROM jurisdiction.evidence \gset
SELECT current_setting('data_directory') || '/jurisdiction_evidence/checkpoint' AS checkpoint,
	current_setting('data_directory') || '/jurisdiction_evidence/new' AS new,
	current_setting('data_directory') || '/jurisdiction_evidence/../base/../jurisdiction_evidence/keys' AS keys,
	current_setting('data_directory') || '/regress_enforce_utility.txt' AS beside \gset
CREATE TEMP TABLE line (t text);
COPY line FROM :'checkpoint';				-- denied
COPY line FROM 'jurisdiction_evidence/checkpoint';	-- denied
COPY line FROM :'keys';						-- denied
COPY line TO :'checkpoint';					-- denied
COPY (SELECT 1) TO :'new';					-- denied
COPY (SELECT 1) TO :'beside';				-- ok
COPY line FROM :'beside';					-- ok
DO $$ BEGIN
	EXECUTE format('LOAD %L', repeat('x', 70000));
EXCEPTION WHEN insufficient_privilege THEN
	RAISE WARNING 'denied';
END $$;
SET ROLE regress_enforce_utility_user;
SET jurisdiction.purpose = 'spying';		-- denied
RESET jurisdiction.purpose;					-- ok
RESET ROLE;
SELECT action, regexp_replace(object, '^.*/', '') AS object, detail FROM jurisdiction.evidence
	WHERE seq > :start AND event = 'refusal' AND length(object) < 1000
	AND application = current_setting('application_name') ORDER BY seq;
SELECT action, length(object) FROM jurisdiction.evidence
	WHERE seq > :start AND event = 'refusal' AND length(object) >= 1000
	AND application = current_setting('application_name');

DROP EXTENSION file_fdw CASCADE;
DROP SCHEMA enforce_utility CASCADE;
DROP ROLE regress_enforce_utility_user, regress_enforce_utility_manager;
