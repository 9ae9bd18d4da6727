-- path: DML on pg_class, pg_policy, pg_attribute, pg_authid, pg_auth_members
-- state: closed
-- by: src/enforce/wall.c
-- as: superuser
UPDATE pg_class SET relrowsecurity = false, relforcerowsecurity = false WHERE relname IN ('patient', 'vault');
UPDATE pg_attribute SET attname = 'other' WHERE attrelid = 'patient'::regclass AND attname = 'residency';
UPDATE pg_authid SET rolsuper = true WHERE rolname = 'anna';
INSERT INTO pg_auth_members SELECT 'doctor'::regrole, 'chief'::regrole, 10, false;
UPDATE pg_class SET relkind = 'v' WHERE relname = 'vault';
SELECT name FROM patient WHERE id = 1001;
SELECT word FROM vault LIMIT 1;
\! psql -XAtqc "SELECT word FROM vault LIMIT 1" -U anna 2>&1
