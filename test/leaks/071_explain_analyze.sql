-- path: EXPLAIN ANALYZE: rows removed by the filter
-- state: closed
-- by: src/enforce/enforce_explain.c
-- canary: Filter: 71[14]|rows=71[14]|Filter": 71[14]
EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM patient;
EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM patient WHERE name LIKE 'p%';
EXPLAIN (ANALYZE, COSTS OFF, FORMAT json) SELECT * FROM patient;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS) UPDATE patient SET code = code;
PREPARE p AS SELECT count(*) FROM patient;
EXPLAIN (ANALYZE, COSTS OFF) EXECUTE p;
DO $$DECLARE t text; BEGIN FOR t IN EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM public.patient LOOP RAISE NOTICE '%', t; END LOOP; END$$;
