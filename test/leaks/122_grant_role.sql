-- path: GRANT, password, rename and settings of a tagged role
-- state: closed
-- by: src/enforce/enforce_ddl.c
-- as: superuser
GRANT doctor TO anna;
CREATE ROLE heir LOGIN IN ROLE doctor;
ALTER GROUP doctor ADD USER anna;
ALTER ROLE doctor PASSWORD 'x';
ALTER ROLE doctor RENAME TO medic;
ALTER ROLE anna SUPERUSER BYPASSRLS;
GRANT pg_read_all_data TO anna;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO anna;
\! psql -XAtqc "SELECT name FROM patient WHERE id = 1001; SELECT word FROM vault LIMIT 1" -U anna 2>&1
ALTER ROLE anna NOSUPERUSER NOBYPASSRLS;
REVOKE pg_read_all_data FROM anna;
DROP ROLE heir;
