-- path: postgres_fdw to this very server, as a role that may not read
-- state: closed
-- by: src/enforce/wall.c, src/enforce/enforce_columns.c
-- as: superuser
SELECT format('CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
	:'host', :'port', current_database()) \gexec
CREATE USER MAPPING FOR chief SERVER loop OPTIONS (user 'anna');
CREATE FOREIGN TABLE far_vault (id int, word text) SERVER loop OPTIONS (schema_name 'public', table_name 'vault');
CREATE FOREIGN TABLE far_patient (id int, name text, diagnosis text, code int) SERVER loop OPTIONS (schema_name 'public', table_name 'patient');
SELECT word FROM far_vault LIMIT 1;
SELECT * FROM far_patient WHERE id IN (1, 1001);
SELECT 'as guessed', id FROM far_patient WHERE diagnosis = 'quo' || 'kka_column';
ANALYZE far_patient;
SELECT most_common_vals FROM pg_stats WHERE tablename = 'far_patient';
