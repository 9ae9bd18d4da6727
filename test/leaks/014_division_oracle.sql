-- path: an error that happens only if a hidden value is as guessed
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
-- canary: division by zero
SELECT count(1 / (code - 48151600 - 23)) FROM patient;
SELECT id FROM patient WHERE 1 / (code - 48151600 - 23) = 1;
SELECT 1 / (salary - 48151600 - 23) FROM patient WHERE id < 10;
SELECT CASE WHEN word LIKE 'q%' THEN 1 / (id - id) END FROM vault;
