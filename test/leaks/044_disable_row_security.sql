-- path: DISABLE or NO FORCE ROW LEVEL SECURITY
-- state: closed
-- by: src/enforce/enforce_ddl.c, src/enforce/wall.c
-- as: owner superuser
ALTER TABLE patient DISABLE ROW LEVEL SECURITY;
SELECT name FROM patient WHERE id = 1001;
ALTER TABLE vault NO FORCE ROW LEVEL SECURITY;
SELECT word FROM vault;
DO 'BEGIN EXECUTE ''ALTER TABLE public.patient NO FORCE ROW LEVEL SECURITY''; END';
SELECT name FROM patient WHERE id = 1001;
\! psql -XAtqc "SELECT name FROM patient WHERE id = 1001" -U anna 2>&1
