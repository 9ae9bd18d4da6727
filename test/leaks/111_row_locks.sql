-- path: FOR UPDATE, FOR SHARE, SKIP LOCKED, pgrowlocks
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
SELECT name, diagnosis FROM patient WHERE id IN (1, 1001) FOR UPDATE;
SELECT name FROM patient ORDER BY id DESC LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
SELECT p.diagnosis FROM patient p JOIN visit v ON v.patient = p.id FOR SHARE OF p;
SELECT word FROM vault LIMIT 1 FOR KEY SHARE;
SELECT * FROM pgrowlocks('patient');
