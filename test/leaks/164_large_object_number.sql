-- path: the number of a large object, or its absence
-- state: closed
-- by: src/enforce/flow_function.c
-- as: cleared
-- seen by: others
-- canary: number 481516\b
DO $$DECLARE v int; BEGIN SELECT salary / 100 INTO v FROM patient WHERE id = 1001; PERFORM lo_create(v); END$$;
\! psql -XAtqc "SELECT 'number ' || oid FROM pg_largeobject_metadata" -U anna > $LEAK_DIR/seen
