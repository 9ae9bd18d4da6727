-- path: CREATE TABLE AS by a reader who may, then read by others (and its pg_stats)
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: cleared
-- seen by: others
CREATE TABLE hall.taken AS SELECT name, diagnosis FROM patient;
CREATE TABLE hall.part AS WITH p AS (SELECT word FROM vault) SELECT * FROM p;
GRANT ALL ON hall.taken, hall.part TO PUBLIC;
ANALYZE hall.taken;
\! psql -XAtqc "SELECT * FROM hall.taken LIMIT 1" -U anna >$LEAK_DIR/anna 2>&1
\! psql -XAtqc "SELECT * FROM hall.part LIMIT 1" -U visitor >$LEAK_DIR/visitor 2>&1
\! psql -XAtqc "SELECT most_common_vals FROM pg_stats WHERE schemaname = 'hall'" -U visitor >$LEAK_DIR/stats 2>&1
