-- path: a SECURITY DEFINER function of a superuser, BYPASSRLS role or owner
-- state: closed
-- by: src/enforce/wall.c, src/enforce/enforce_columns.c
CREATE FUNCTION hall.names() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
	AS 'BEGIN RETURN QUERY SELECT name || diagnosis FROM public.patient WHERE id IN (1, 1001); END';
CREATE FUNCTION hall.words() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER
	AS 'SELECT word FROM public.vault';
SELECT hall.names();
SELECT hall.words();
\! psql -XAtqc "SELECT hall.names()" -U anna 2>&1
\! psql -XAtqc "SELECT hall.names()" -U visitor 2>&1
\! psql -XAtqc "SELECT hall.words()" -U visitor 2>&1
\! psql -XAtqc "SELECT hall.names()" -U clinic 2>&1
DROP FUNCTION hall.names();
DROP FUNCTION hall.words();
