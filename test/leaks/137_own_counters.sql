-- path: counters of one's own scans: pg_stat_xact_user_tables, pg_stat_get_*, pg_stat_io
-- state: closed
-- by: src/enforce/enforce_counters.c
-- as: plain untagged owner
-- canary: count
BEGIN;
SELECT count(*) FROM patient WHERE note LIKE '%x%';
SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'patient';
SELECT pg_stat_get_xact_tuples_returned('patient'::regclass);
COMMIT;
SET enable_seqscan = off;
BEGIN;
SELECT count(*) FROM patient WHERE name = 'quo' || 'kka_row';
SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'patient';
SELECT pg_stat_get_xact_tuples_fetched('patient'::regclass), pg_stat_get_xact_tuples_returned('patient_name'::regclass);
COMMIT;
SELECT pg_stat_force_next_flush();
SELECT idx_tup_fetch, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'patient';
SELECT idx_tup_read FROM pg_stat_user_indexes WHERE relname = 'patient';
