-- path: a temporary table or view that takes the table's name (search_path)
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/wall.c
CREATE TEMP VIEW patient AS SELECT id, residency, name, diagnosis FROM public.patient;
SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
SET search_path = pg_temp, public;
SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
CREATE FUNCTION pg_temp.row_visible(jurisdiction.label) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION pg_temp.admits(jurisdiction.label, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
SET search_path = pg_temp, public, jurisdiction;
SELECT name, diagnosis FROM public.patient WHERE id IN (1, 1001);
