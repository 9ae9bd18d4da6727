-- path: a trusted function that is changed after an officer trusted it
-- state: closed
-- by: src/enforce/enforce_trusted.c
-- as: owner superuser
CREATE FUNCTION hall.many() RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog
	AS 'BEGIN RETURN (SELECT count(*) > 5 FROM public.patient); END';
\! psql -XAtq -U dana -c "SECURITY LABEL FOR jurisdiction ON FUNCTION hall.many() IS 'trusted DE:restricted/health until 2100-01-01'" 2>&1
SELECT hall.many();
CREATE OR REPLACE FUNCTION hall.many() RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog
	AS 'BEGIN RETURN (SELECT max(name) FROM public.patient); END';
SELECT hall.many();
\! psql -XAtqc "SELECT hall.many()" -U anna 2>&1
UPDATE pg_proc SET prosrc = 'BEGIN RETURN (SELECT max(word) FROM public.vault); END' WHERE proname = 'many';
SELECT hall.many();
DROP FUNCTION hall.many();
