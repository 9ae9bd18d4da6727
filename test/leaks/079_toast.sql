-- path: the table's TOAST table, read directly
-- state: closed
-- by: src/enforce/wall.c
-- as: superuser bypass owner
SELECT format('SELECT chunk_data FROM %s LIMIT 1', reltoastrelid::regclass) FROM pg_class WHERE oid = 'patient'::regclass \gexec
SELECT format('COPY %s TO STDOUT', reltoastrelid::regclass) FROM pg_class WHERE oid = 'patient'::regclass \gexec
SELECT format('COPY (SELECT chunk_data FROM %s) TO STDOUT', reltoastrelid::regclass) FROM pg_class WHERE oid = 'patient'::regclass \gexec
SELECT note FROM patient WHERE id = 1001;
