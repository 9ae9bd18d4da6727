-- path: a view of a superuser or BYPASSRLS role, read by others
-- state: closed
-- by: src/enforce/wall.c
-- as: superuser bypass
CREATE VIEW hall.shown AS SELECT * FROM patient;
GRANT SELECT ON hall.shown TO PUBLIC;
\! psql -XAtqc "SELECT name, diagnosis FROM hall.shown WHERE id IN (1, 1001)" -U anna 2>&1
\! psql -XAtqc "SELECT name, diagnosis FROM hall.shown WHERE id IN (1, 1001)" -U visitor 2>&1
DROP VIEW hall.shown;
