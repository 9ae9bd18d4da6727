-- path: a generated column computed from a masked one
-- state: closed
-- by: src/enforce/tag_table.c, src/enforce/enforce_expressions.c
-- as: owner
ALTER TABLE patient ADD COLUMN upper_diagnosis text GENERATED ALWAYS AS (upper(diagnosis)) STORED;
ALTER TABLE patient ADD COLUMN more int GENERATED ALWAYS AS (salary) STORED;
SELECT upper_diagnosis, more FROM patient WHERE id < 10;
\! psql -XAtqc "SELECT * FROM patient WHERE id IN (1, 1001)" -U anna 2>&1
