-- path: CREATE OR REPLACE of a view that one who may read uses
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: plain
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.keep(t text) RETURNS text LANGUAGE plpgsql AS $$BEGIN INSERT INTO hall.taken VALUES (t); RETURN t; END$$;
CREATE VIEW hall.list AS SELECT id, hall.keep(name) AS name FROM public.patient;
GRANT SELECT ON hall.list TO PUBLIC;
\! psql -XAtqc "SELECT * FROM hall.list" -U doctor >/dev/null 2>&1
\! psql -XAtqc "SELECT * FROM (SELECT hall.keep(word) FROM vault) x" -U doctor >/dev/null 2>&1
SELECT * FROM hall.taken;
