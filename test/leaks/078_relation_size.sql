-- path: pg_relation_size, pg_table_size
-- state: revealed: how large a table is
-- by: sizes only; no values
-- as: plain untagged
-- canary: larger than its visible rows
SELECT 'larger than its visible rows' WHERE pg_relation_size('patient') > 8192;
