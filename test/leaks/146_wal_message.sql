-- path: pg_logical_emit_message: a value kept in the write-ahead log
-- state: closed
-- by: src/enforce/flow_function.c, src/enforce/enforce_functions.c
-- as: cleared
-- seen by: others
\! psql -XAtqc "SELECT pg_create_logical_replication_slot('leak', 'test_decoding') IS NOT NULL" -U chief 2>&1
SELECT pg_logical_emit_message(true, 'leak', (SELECT max(word) FROM vault)) IS NOT NULL;
\! psql -XAtqc "SELECT data FROM pg_logical_slot_get_changes('leak', NULL, NULL)" -U chief >$LEAK_DIR/chief 2>&1
