-- path: pg_class.reltuples and relpages
-- state: revealed: how many rows a table has, as of its last ANALYZE
-- by: counts only; no values
-- as: plain untagged
-- canary: count
SELECT reltuples FROM pg_class WHERE relname = 'patient';
