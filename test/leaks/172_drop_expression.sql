-- path: ALTER COLUMN ... DROP EXPRESSION, which leaves the values
-- state: closed
-- by: src/enforce/enforce_ddl.c
-- as: owner untagged superuser bypass
ALTER TABLE patient ADD COLUMN g text GENERATED ALWAYS AS (diagnosis) STORED;
ALTER TABLE patient ALTER COLUMN g DROP EXPRESSION;
SELECT g FROM patient WHERE id < 4;
