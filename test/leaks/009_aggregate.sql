-- path: aggregates, min and max by index, ordered sets, grouping
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT max(name), min(diagnosis), max(code), min(salary) FROM patient;
SELECT string_agg(DISTINCT name, ',') FROM patient;
SELECT mode() WITHIN GROUP (ORDER BY name), percentile_disc(0.5) WITHIN GROUP (ORDER BY code) FROM patient;
SELECT diagnosis, count(*) FROM patient GROUP BY ROLLUP (diagnosis);
SELECT avg(salary) FROM patient WHERE id < 10;
SELECT id FROM patient GROUP BY id, diagnosis HAVING diagnosis LIKE 'q%' AND set_config('x.y', diagnosis, false) IS NULL;
SELECT max(word) FROM vault;
