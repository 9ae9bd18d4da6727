-- path: SQL and COPY over a replication connection
-- state: closed
-- by: src/enforce/enforce_replication.c
-- as: superuser
-- untagged: is refused by the same role tags
\! psql -XAtq "replication=database dbname=$PGDATABASE" -c "COPY vault TO STDOUT" 2>&1
\! psql -XAtq "replication=database dbname=$PGDATABASE" -c "SELECT name FROM patient" 2>&1
