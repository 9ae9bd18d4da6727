-- path: SELECT, count(*), OFFSET 0
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT * FROM patient;
SELECT name, diagnosis FROM patient WHERE id > 1000 ORDER BY 1 LIMIT 1;
SELECT * FROM (SELECT * FROM patient OFFSET 0) p;
SELECT * FROM vault;
TABLE measure;
SELECT * FROM person;
SELECT * FROM digest LIMIT 1;
