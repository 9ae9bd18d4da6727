-- path: defaults, sequences and identity columns that read a tagged table
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/wall.c, src/enforce/enforce_flow.c
CREATE FUNCTION latest() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(name) || max(diagnosis) FROM public.patient); END';
CREATE FUNCTION latest_name() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(name) FROM public.patient); END';
CREATE TABLE draws (id int, a text DEFAULT latest(), b text DEFAULT latest_name());
INSERT INTO draws VALUES (1);
SELECT * FROM draws;
GRANT ALL ON SCHEMA :"USER" TO PUBLIC;
GRANT ALL ON draws TO PUBLIC;
\! psql -XAtqc "INSERT INTO $PGUSER.draws VALUES (2)" -U doctor >/dev/null 2>&1
SELECT * FROM draws;
