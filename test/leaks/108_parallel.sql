-- path: parallel workers
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT CASE WHEN :SERVER_VERSION_NUM < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET :parallel_mode = on;
SELECT max(name), max(diagnosis) FROM patient;
SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
SELECT count(*), max(word) FROM vault;
CREATE FUNCTION par(text) RETURNS bool LANGUAGE plpgsql PARALLEL SAFE COST 0.0001
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
SELECT count(*) FROM patient WHERE par(name) AND par(diagnosis);
