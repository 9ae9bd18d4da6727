-- path: unique violations: the key's values in the message
-- state: closed
-- by: src/enforce/enforce_rows.c (row security), the server
-- as: owner superuser
CREATE UNIQUE INDEX patient_name_once ON patient ((name || id));
CREATE UNIQUE INDEX patient_diagnosis_once ON patient (salary);
CREATE UNIQUE INDEX ON patient (diagnosis);
CREATE UNIQUE INDEX ON patient (name);
CREATE UNIQUE INDEX ON vault (word);
ALTER TABLE patient ADD UNIQUE (code);
ALTER TABLE patient ADD EXCLUDE (code WITH =);
