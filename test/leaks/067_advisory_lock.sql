-- path: numbers of advisory locks, in pg_locks
-- state: revealed: the number that a reader who may read it locks
-- by: sealing; locks and timing between two who conspire cannot be closed
-- as: cleared
-- seen by: others
SELECT pg_advisory_lock(code) FROM patient WHERE id = 1001;
\! psql -XAtqc "SELECT objid FROM pg_locks WHERE locktype = 'advisory'" -U visitor >$LEAK_DIR/visitor 2>&1
