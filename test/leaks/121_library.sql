-- path: LOAD and C functions
-- state: closed
-- by: src/enforce/utility_library.c
-- as: superuser
-- untagged: refuses as well: where the extension is, libraries are listed
-- canary: loaded it
LOAD 'auto_explain';
SELECT 'loaded' || ' it' FROM pg_settings WHERE name = 'auto_explain.log_analyze';
CREATE FUNCTION any_file() RETURNS int LANGUAGE c AS 'refint', 'check_primary_key';
CREATE EXTENSION pg_surgery;
SELECT 'loaded' || ' it' FROM pg_extension WHERE extname = 'pg_surgery';
SELECT 'loaded' || ' it' FROM pg_proc WHERE proname = 'any_file';
