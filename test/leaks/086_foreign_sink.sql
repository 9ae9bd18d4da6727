-- path: what was read, written into a foreign table
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: cleared
-- seen by: others
\! psql -XAtq -U chief -c "CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', port '$PGPORT', dbname '$PGDATABASE')" -c "CREATE USER MAPPING FOR doctor SERVER loop OPTIONS (user 'visitor', password_required 'false')" -c "CREATE FOREIGN TABLE hall.far (id int, line text) SERVER loop OPTIONS (schema_name 'hall', table_name 'leaflet')" -c "GRANT ALL ON hall.far TO PUBLIC" 2>&1
INSERT INTO hall.far SELECT 2, max(word) FROM vault;
UPDATE hall.far SET line = (SELECT max(name) FROM patient);
