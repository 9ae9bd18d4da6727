-- path: expressions compiled just in time
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
SET jit = on;
SET jit_above_cost = 0;
SET jit_inline_above_cost = 0;
SET jit_optimize_above_cost = 0;
SELECT max(name), max(diagnosis), sum(salary) FROM patient WHERE id IN (1, 1001);
SELECT name, salary + 0 FROM patient WHERE length(name) > 0 AND id > 2 LIMIT 2;
