-- path: SELECT INTO, EXECUTE into a table, CREATE TABLE AS EXECUTE
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: cleared
-- seen by: others
SELECT name, diagnosis INTO hall.taken FROM patient;
PREPARE p AS SELECT diagnosis FROM patient WHERE id = 1;
CREATE TABLE hall.executed AS EXECUTE p;
DO $$BEGIN CREATE TABLE hall.done AS SELECT word FROM public.vault; END$$;
EXPLAIN (ANALYZE) CREATE TABLE hall.explained AS SELECT word FROM public.vault;
GRANT ALL ON ALL TABLES IN SCHEMA hall TO PUBLIC;
\! psql -XAtqc "SELECT * FROM hall.taken LIMIT 1" -U anna >$LEAK_DIR/anna 2>&1
\! psql -XAtqc "SELECT * FROM hall.executed" -U visitor >$LEAK_DIR/visitor 2>&1
\! psql -XAtqc "SELECT * FROM hall.done" -U visitor >$LEAK_DIR/done 2>&1
\! psql -XAtqc "SELECT * FROM hall.explained" -U visitor >$LEAK_DIR/explained 2>&1
