-- path: rows copied, or relabelled, under a lower label of the same table
-- state: closed
-- by: src/enforce/enforce_flow.c, src/enforce/enforce_plan.c
-- as: cleared
-- seen by: others
INSERT INTO patient (id, residency, name) SELECT id + 5000, 'DE', name FROM patient WHERE id > 1700;
UPDATE patient SET residency = 'DE' WHERE id = 1002;
UPDATE patient SET name = (SELECT max(word) FROM vault) WHERE id = 1;
UPDATE patient SET name = diagnosis WHERE id = 2;
\! psql -XAtqc "SELECT name FROM patient" -U anna >$LEAK_DIR/anna 2>&1
