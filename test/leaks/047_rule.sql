-- path: rules: ON SELECT, DO ALSO, DO INSTEAD
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_flow.c
-- as: owner superuser
CREATE TABLE taken (what text);
GRANT ALL ON SCHEMA :"USER" TO PUBLIC;
GRANT ALL ON taken TO PUBLIC;
CREATE RULE copy_old AS ON UPDATE TO patient DO ALSO INSERT INTO taken VALUES (OLD.name || OLD.diagnosis);
UPDATE patient SET code = 9;
SELECT * FROM taken LIMIT 1;
CREATE RULE instead AS ON DELETE TO patient DO INSTEAD SELECT OLD.name, OLD.diagnosis;
DELETE FROM patient WHERE id IN (1, 1001);
\! psql -XAtqc "UPDATE patient SET code = 10 WHERE id IN (1, 1001)" -U doctor 2>&1
SELECT * FROM taken LIMIT 1;
