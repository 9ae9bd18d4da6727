-- path: a publication, decoded by pgoutput
-- state: closed
-- by: src/enforce/enforce_publish.c, src/enforce/enforce_functions.c
-- as: superuser
CREATE PUBLICATION leak FOR TABLE vault;
CREATE PUBLICATION leak_all FOR ALL TABLES;
SELECT pg_create_logical_replication_slot('leak', 'pgoutput') IS NOT NULL;
\! psql -XAtqc "UPDATE vault SET code = code" -U doctor 2>&1
SELECT data FROM pg_logical_slot_peek_binary_changes('leak', NULL, NULL, 'proto_version', '1', 'publication_names', 'leak');
