-- path: INSERT ... ON CONFLICT DO UPDATE over a hidden or masked row
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
BEGIN;
INSERT INTO patient (id, name) VALUES (1001, 'x') ON CONFLICT (id) DO UPDATE SET note = patient.name RETURNING *;
ROLLBACK;
BEGIN;
INSERT INTO patient (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = patient.diagnosis RETURNING note;
ROLLBACK;
BEGIN;
INSERT INTO patient (id, name) VALUES (1, 'x')
	ON CONFLICT (id) DO UPDATE SET code = 7 WHERE patient.salary > 48000000 RETURNING diagnosis;
ROLLBACK;
BEGIN;
INSERT INTO vault VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET code = 1 RETURNING word;
ROLLBACK;
