-- path: a value kept in a large object
-- state: closed
-- by: src/enforce/flow_function.c
-- as: cleared
-- seen by: others
SELECT lo_from_bytea(0, name::bytea) FROM patient WHERE id = 1001;
SELECT lo_create(4815) > 0;
SELECT lo_put(4815, 0, (SELECT max(word) FROM vault)::bytea);
BEGIN;
SELECT lowrite(lo_open(4815, 131072), name::bytea) FROM patient WHERE id = 1001;
COMMIT;
