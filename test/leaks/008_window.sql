-- path: window functions
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT id, first_value(name) OVER (ORDER BY id DESC) FROM patient;
SELECT id, lag(diagnosis) OVER w, lead(name, 3) OVER w FROM patient WINDOW w AS (ORDER BY id);
SELECT id, string_agg(name, ',') OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM patient LIMIT 1;
SELECT id, sum(salary) OVER (PARTITION BY id) FROM patient ORDER BY id LIMIT 3;
