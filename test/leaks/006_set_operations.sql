-- path: UNION, INTERSECT and EXCEPT
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT diagnosis FROM patient UNION SELECT name FROM patient;
SELECT name FROM patient INTERSECT SELECT 'quo' || 'kka_row';
SELECT 'quo' || w FROM (VALUES ('kka_column'), ('x')) v(w) INTERSECT SELECT diagnosis FROM patient;
SELECT word FROM vault EXCEPT SELECT 'nothing';
