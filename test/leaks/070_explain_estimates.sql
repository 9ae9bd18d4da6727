-- path: EXPLAIN: estimates from statistics of hidden rows
-- state: closed
-- by: src/enforce/enforce_explain.c
-- canary: rows=7[01]\d|Plan Rows.*7[01]\d
EXPLAIN SELECT * FROM patient;
EXPLAIN SELECT * FROM patient WHERE code = 48151600 + 23;
EXPLAIN (FORMAT json) SELECT * FROM patient WHERE name = 'quo' || 'kka_row';
PREPARE p AS SELECT * FROM patient WHERE name = $1;
EXPLAIN EXECUTE p('quo' || 'kka_row');
EXPLAIN DECLARE c CURSOR FOR SELECT * FROM patient;
DO $$DECLARE t text; BEGIN FOR t IN EXPLAIN SELECT * FROM public.patient LOOP RAISE NOTICE '%', t; END LOOP; END$$;
DO $$DECLARE t text; BEGIN FOR t IN EXECUTE 'EXPLAIN (FORMAT yaml) SELECT * FROM public.patient' LOOP RAISE NOTICE '%', t; END LOOP; END$$;
CREATE FUNCTION explained() RETURNS SETOF text LANGUAGE plpgsql AS 'BEGIN RETURN QUERY EXECUTE ''EXPLAIN SELECT * FROM public.patient''; END';
SELECT * FROM explained();
