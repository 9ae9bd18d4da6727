-- path: our functions replaced, altered or rewritten in pg_proc
-- state: closed
-- by: src/enforce/object_guard.c, src/enforce/wall_policy.c
-- as: superuser
CREATE OR REPLACE FUNCTION jurisdiction.row_visible(label jurisdiction.label) RETURNS boolean LANGUAGE sql AS 'SELECT true';
ALTER FUNCTION jurisdiction.row_visible(jurisdiction.label) RENAME TO gone;
UPDATE pg_proc SET prosrc = 'jur_sql_row_writable' WHERE proname = 'row_visible';
UPDATE pg_proc SET prosrc = 'booltrue', prolang = 12 WHERE proname = 'column_visible';
UPDATE pg_proc SET prolang = (SELECT oid FROM pg_language WHERE lanname = 'sql'), prosrc = 'SELECT true', probin = NULL
	WHERE proname IN ('row_visible', 'target_row_visible', 'column_visible') AND pronamespace = 'jurisdiction'::regnamespace;
\! psql -XAtqc "SELECT name, diagnosis FROM patient WHERE id IN (1, 1001)" -U anna 2>&1
\! psql -XAtqc "SELECT word FROM vault" -U visitor 2>&1
