-- path: EXPLAIN VERBOSE: constants that were folded while planning
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/wall.c, src/enforce/enforce_columns.c
CREATE FUNCTION folded(i int) RETURNS text LANGUAGE sql IMMUTABLE
	AS 'SELECT coalesce(max(name), '''') || coalesce(max(diagnosis), '''') FROM public.patient WHERE id IN (i, 1)';
CREATE FUNCTION folded_word() RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT max(word) FROM public.vault); END';
EXPLAIN (VERBOSE, COSTS OFF) SELECT folded(1001);
EXPLAIN (VERBOSE, COSTS OFF) SELECT folded_word();
EXPLAIN (VERBOSE, COSTS OFF) SELECT 1 FROM visit WHERE remark = folded(1001);
EXPLAIN (VERBOSE, COSTS OFF) SELECT diagnosis FROM patient WHERE id = 1;
