-- path: planner hints: enable_* settings, index-only scans, bitmap scans
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
SET enable_seqscan = off;
SELECT name FROM patient WHERE name > 'q' ORDER BY name LIMIT 1;
SELECT max(name), min(code) FROM patient WHERE name > 'pz';
SELECT code FROM patient WHERE code > 100 LIMIT 1;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SELECT name FROM patient WHERE name > 'q' LIMIT 1;
SET constraint_exclusion = on;
SET cursor_tuple_fraction = 0.0001;
SELECT name, diagnosis FROM patient WHERE id = 1001 OR id = 1;
