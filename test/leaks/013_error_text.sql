-- path: values in the text of errors: casts, division by zero, CASE
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT name::int FROM patient WHERE id > 1000;
SELECT id FROM patient WHERE name::int = 1;
SELECT id FROM patient WHERE id < 10 AND diagnosis::int = 1;
SELECT diagnosis::date FROM patient WHERE id < 10;
SELECT word::inet FROM vault;
SELECT sum(word::numeric) FROM measure;
SELECT name::xml, name::json FROM patient WHERE id > 1000;
SELECT ('{' || name)::text[] FROM patient WHERE id > 1000;
