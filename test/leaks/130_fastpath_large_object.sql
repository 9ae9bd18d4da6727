-- path: large objects through lo_import, lo_export and the client's calls
-- state: closed
-- by: src/enforce/enforce_functions.c, src/enforce/enforce_flow.c
-- as: superuser
CHECKPOINT;
SELECT lo_import(current_setting('data_directory') || '/' || pg_relation_filepath('vault'), 4816) > 0;
SELECT encode(lo_get(4816), 'escape');
\set out :dir '/lo'
SELECT lo_export(4816, :'out') > 0;
