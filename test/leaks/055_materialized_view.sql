-- path: CREATE and REFRESH MATERIALIZED VIEW
-- state: closed
-- by: src/enforce/enforce_flow.c, src/enforce/wall.c
-- as: cleared
-- seen by: others
CREATE MATERIALIZED VIEW hall.kept AS SELECT name, diagnosis FROM patient;
CREATE MATERIALIZED VIEW hall.later AS SELECT word FROM vault WITH NO DATA;
REFRESH MATERIALIZED VIEW hall.later;
GRANT ALL ON hall.kept, hall.later TO PUBLIC;
\! psql -XAtqc "SELECT * FROM hall.kept LIMIT 1" -U anna >$LEAK_DIR/anna 2>&1
\! psql -XAtqc "SELECT * FROM hall.later" -U visitor >$LEAK_DIR/visitor 2>&1
\! psql -XAtqc "REFRESH MATERIALIZED VIEW digest; SELECT * FROM digest" -U clinic >$LEAK_DIR/clinic 2>&1
\! psql -XAtqc "REFRESH MATERIALIZED VIEW digest; SELECT * FROM digest" -U chief >$LEAK_DIR/chief 2>&1
