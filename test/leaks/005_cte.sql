-- path: common table expressions, materialized, recursive and writing
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
WITH p AS MATERIALIZED (SELECT * FROM patient) SELECT name, diagnosis FROM p WHERE id IN (1, 1001);
WITH p AS NOT MATERIALIZED (SELECT * FROM patient) SELECT name, diagnosis FROM p WHERE id IN (1, 1001);
WITH RECURSIVE r AS (
	SELECT id, name, diagnosis FROM patient WHERE id IN (1, 1001)
	UNION ALL SELECT r.id + 1, p.name, p.diagnosis FROM r JOIN patient p ON p.id = r.id + 1 WHERE r.id < 1003)
SELECT * FROM r;
WITH u AS (UPDATE patient SET code = code RETURNING name, diagnosis) SELECT * FROM u LIMIT 3;
