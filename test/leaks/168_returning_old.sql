-- path: RETURNING old and new
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
-- since: 18
UPDATE patient SET note = 'met' WHERE id IN (1, 1001) RETURNING old.diagnosis, new.diagnosis, old.name;
UPDATE patient SET note = 'met' WHERE id IN (1, 1001) RETURNING old, new.id;
UPDATE patient SET diagnosis = 'none' WHERE id = 2 RETURNING WITH (OLD AS o, NEW AS n) o.diagnosis, n.diagnosis;
INSERT INTO patient (id, name) VALUES (1, 'again'), (1001, 'again') ON CONFLICT (id) DO UPDATE SET note = 'met'
	RETURNING old.name, old.diagnosis;
INSERT INTO patient (id, name) VALUES (3, 'again') ON CONFLICT (id) DO UPDATE SET note = 'met' RETURNING old.*;
MERGE INTO patient p USING (VALUES (1), (1001)) AS s (id) ON p.id = s.id
	WHEN MATCHED THEN UPDATE SET note = 'met' RETURNING old.diagnosis, new.diagnosis, old.name;
DELETE FROM patient WHERE id IN (3, 1003) RETURNING old.diagnosis, new.diagnosis, old.*;
UPDATE vault SET code = 1 RETURNING old.word, old.code;
