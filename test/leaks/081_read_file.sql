-- path: functions that read the server's files
-- state: closed
-- by: src/enforce/enforce_functions.c
-- as: superuser bypass
CHECKPOINT;
SELECT encode(pg_read_binary_file(pg_relation_filepath('vault')), 'escape');
SELECT pg_read_binary_file(pg_relation_filepath('patient'), 0, 16384);
SELECT pg_read_file(pg_relation_filepath('vault'));
SELECT encode(lo_get(lo_import(current_setting('data_directory') || '/' || pg_relation_filepath('vault'))), 'escape');
