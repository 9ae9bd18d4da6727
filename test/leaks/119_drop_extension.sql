-- path: DROP EXTENSION, SCHEMA or TYPE ... CASCADE, ALTER EXTENSION DROP
-- state: closed
-- by: src/enforce/object_guard.c, src/enforce/enforce_ddl.c
-- as: superuser
DROP EXTENSION jurisdiction CASCADE;
DROP SCHEMA jurisdiction CASCADE;
DROP TYPE jurisdiction.label CASCADE;
ALTER EXTENSION jurisdiction DROP FUNCTION jurisdiction.row_visible(jurisdiction.label);
DROP FUNCTION jurisdiction.row_visible(jurisdiction.label) CASCADE;
DROP OWNED BY postgres CASCADE;
SELECT name FROM patient WHERE id = 1001;
SELECT word FROM vault LIMIT 1;
