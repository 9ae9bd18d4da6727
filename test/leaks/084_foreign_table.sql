-- path: postgres_fdw to this very server
-- state: revealed: what the role of the user mapping may read there
-- by: who makes a mapping has that role's password; that role is judged
-- as: superuser
SELECT format('CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
	:'host', :'port', current_database()) \gexec
CREATE USER MAPPING FOR chief SERVER loop OPTIONS (user 'doctor');
CREATE FOREIGN TABLE far_vault (id int, word text) SERVER loop OPTIONS (schema_name 'public', table_name 'vault');
SELECT word FROM far_vault LIMIT 1;
