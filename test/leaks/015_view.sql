-- path: a view of one's own, with and without security_invoker, security_barrier
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
CREATE VIEW plain AS SELECT * FROM patient;
CREATE VIEW invoker WITH (security_invoker) AS SELECT * FROM patient;
CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM patient;
CREATE VIEW nested AS SELECT * FROM plain;
SELECT name, diagnosis FROM plain WHERE id IN (1, 1001);
SELECT name, diagnosis FROM invoker WHERE id IN (1, 1001);
SELECT name, diagnosis FROM barrier WHERE id IN (1, 1001);
SELECT name, diagnosis FROM nested WHERE id IN (1, 1001);
GRANT USAGE ON SCHEMA :"USER" TO PUBLIC;
GRANT SELECT ON plain, invoker, barrier, nested TO PUBLIC;
\! psql -XAtqc "SELECT name, diagnosis FROM $PGUSER.plain WHERE id IN (1, 1001)" -U anna 2>&1
\! psql -XAtqc "SELECT name, diagnosis FROM $PGUSER.nested WHERE id IN (1, 1001)" -U visitor 2>&1
