-- path: UPDATE, DELETE and INSERT with RETURNING
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/enforce_rows.c, src/enforce/wall.c
BEGIN;
UPDATE patient SET code = 7 RETURNING *;
ROLLBACK;
BEGIN;
UPDATE patient SET name = diagnosis WHERE id < 10 RETURNING name;
ROLLBACK;
BEGIN;
UPDATE patient SET code = salary WHERE id < 10 RETURNING code;
ROLLBACK;
BEGIN;
DELETE FROM patient RETURNING name, diagnosis;
ROLLBACK;
BEGIN;
UPDATE visit SET remark = p.name FROM patient p WHERE p.id = visit.patient RETURNING remark;
UPDATE visit SET remark = p.diagnosis FROM patient p WHERE p.id = visit.patient RETURNING remark, p.*;
ROLLBACK;
BEGIN;
DELETE FROM vault RETURNING *;
ROLLBACK;
BEGIN;
UPDATE vault SET code = code RETURNING word;
ROLLBACK;
