-- path: a row that another session hides while one waits for its lock
-- state: closed
-- by: src/enforce/enforce_rows.c
-- as: cleared
-- seen by: others
\! (psql -XAtq -U doctor -c "BEGIN; UPDATE patient SET residency = 'DE:restricted/health', name = 'quo' || 'kka_late' WHERE id = 2; SELECT pg_sleep(1); COMMIT" >/dev/null 2>&1) & sleep 0.4; psql -XAtqc "SELECT name FROM patient WHERE id = 2 FOR UPDATE" -U anna >$LEAK_DIR/anna 2>&1; wait
\! psql -XAtqc "UPDATE patient SET code = 3 WHERE id = 2 RETURNING name" -U anna >$LEAK_DIR/again 2>&1
