-- path: correlated and scalar subqueries, ARRAY(), IN
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT (SELECT diagnosis FROM patient p WHERE p.id = g) FROM generate_series(1, 2) g;
SELECT (SELECT name FROM patient p WHERE p.id = v.patient) FROM visit v;
SELECT ARRAY(SELECT DISTINCT name FROM patient);
SELECT 'found: 48' || '151623' WHERE 48151600 + 23 IN (SELECT salary FROM patient);
SELECT (SELECT word FROM vault LIMIT 1);
