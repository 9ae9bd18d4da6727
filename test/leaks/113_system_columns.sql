-- path: system columns, reading by ctid, currtid2
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
SELECT tableoid::regclass, ctid, xmin, name, diagnosis FROM patient WHERE ctid = '(0,1)';
SELECT name FROM patient WHERE ctid BETWEEN '(1,1)' AND '(3,1)' LIMIT 1;
SELECT name FROM patient WHERE ctid = ANY (ARRAY['(1,1)', '(1,2)']::tid[]);
SELECT word FROM vault WHERE ctid = '(0,1)';
