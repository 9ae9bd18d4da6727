-- path: TABLESAMPLE
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT name, diagnosis FROM patient TABLESAMPLE SYSTEM (100) WHERE id IN (1, 1001);
SELECT max(name) FROM patient TABLESAMPLE BERNOULLI (100) REPEATABLE (1);
SELECT word FROM vault TABLESAMPLE BERNOULLI (100) LIMIT 1;
