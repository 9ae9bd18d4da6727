-- path: SQL functions that the planner inlines, BEGIN ATOMIC bodies
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/enforce_rows.c
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT name FROM public.patient WHERE id > 1000';
CREATE FUNCTION masked() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT diagnosis FROM public.patient WHERE id < 10';
CREATE FUNCTION atomic() RETURNS SETOF text LANGUAGE sql STABLE
	BEGIN ATOMIC SELECT diagnosis FROM public.patient WHERE id < 10; END;
CREATE FUNCTION one(i int) RETURNS text LANGUAGE sql STABLE AS 'SELECT diagnosis FROM public.patient WHERE id = i';
SELECT * FROM names() LIMIT 1;
SELECT * FROM masked();
SELECT * FROM atomic();
SELECT one(1);
SELECT one(g) FROM generate_series(1, 2) g;
SELECT m FROM patient p, masked() m;
