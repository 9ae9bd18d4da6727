-- path: counters in pg_stat_user_tables and pg_stat_user_indexes
-- state: revealed: how many rows a table has and what was done to them
-- by: counts only; no values
-- as: plain untagged
-- canary: count
\! psql -XAtqc "ANALYZE patient" -c "SELECT pg_stat_force_next_flush()" -U clinic 2>&1
SELECT n_live_tup, n_mod_since_analyze FROM pg_stat_user_tables WHERE relname = 'patient';
