-- path: operators and functions planted before pg_catalog in search_path
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
CREATE FUNCTION yes(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = yes);
CREATE FUNCTION yes(jurisdiction.label, jurisdiction.label) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR = (LEFTARG = jurisdiction.label, RIGHTARG = jurisdiction.label, FUNCTION = yes);
CREATE OPERATOR <@ (LEFTARG = jurisdiction.label, RIGHTARG = jurisdiction.label, FUNCTION = yes);
CREATE FUNCTION row_visible(jurisdiction.label) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
SELECT set_config('search_path', current_user || ',pg_catalog,public', false);
SELECT name, diagnosis FROM public.patient WHERE id IN (1, 1001);
SELECT * FROM public.vault;
