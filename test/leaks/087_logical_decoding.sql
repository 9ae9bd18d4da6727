-- path: logical decoding functions
-- state: closed
-- by: src/enforce/enforce_functions.c
-- as: superuser
SELECT pg_create_logical_replication_slot('leak', 'test_decoding') IS NOT NULL;
\! psql -XAtqc "UPDATE vault SET code = code" -U doctor 2>&1
SELECT data FROM pg_logical_slot_peek_changes('leak', NULL, NULL);
SELECT data FROM pg_logical_slot_get_changes('leak', NULL, NULL);
