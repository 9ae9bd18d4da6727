-- path: CHECK and NOT NULL violations: the row's values in the message
-- state: closed
-- by: src/enforce/enforce_expressions.c, src/enforce/enforce_rows.c
-- as: plain owner
ALTER TABLE patient ADD CHECK (name IS NULL);
ALTER TABLE patient ADD CHECK (diagnosis NOT LIKE 'q%') NOT VALID;
ALTER TABLE patient VALIDATE CONSTRAINT patient_diagnosis_check;
UPDATE patient SET code = 8 WHERE id = 1;
UPDATE patient SET id = NULL;
UPDATE patient SET residency = NULL;
INSERT INTO patient VALUES (1, 'DE', 'x');
UPDATE patient SET id = 1001 WHERE id = 1;
