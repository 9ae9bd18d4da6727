-- path: MERGE: conditions on and values of the target and the source
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/enforce_rows.c
BEGIN;
MERGE INTO patient t USING visit v ON t.id = v.patient
	WHEN MATCHED AND t.diagnosis LIKE 'q%' THEN UPDATE SET name = t.diagnosis, note = 'quo' || 'kka guessed';
SELECT name, note FROM patient WHERE id = 1;
ROLLBACK;
BEGIN;
MERGE INTO hall.leaflet t USING patient p ON t.id = p.id
	WHEN MATCHED THEN UPDATE SET line = p.diagnosis
	WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.name);
SELECT line FROM hall.leaflet WHERE id IN (1, 1001);
ROLLBACK;
BEGIN;
MERGE INTO vault t USING visit v ON t.id = v.id WHEN MATCHED THEN UPDATE SET code = 1 / (t.code - 48151600 - 23);
ROLLBACK;
