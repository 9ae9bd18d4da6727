-- path: a function declared IMMUTABLE that reads the table while planning
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/wall.c
CREATE FUNCTION folded() RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS 'BEGIN RETURN (SELECT string_agg(DISTINCT name, '','') FROM public.patient) || (SELECT max(diagnosis) FROM public.patient WHERE id < 10); END';
CREATE FUNCTION folded_names() RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS 'BEGIN RETURN (SELECT string_agg(DISTINCT name, '','') FROM public.patient); END';
SELECT folded();
SELECT folded_names();
EXPLAIN (VERBOSE, COSTS OFF) SELECT folded();
EXPLAIN (VERBOSE, COSTS OFF) SELECT 1 FROM visit WHERE remark = folded_names();
