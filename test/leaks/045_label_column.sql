-- path: DROP, retype, rename or rewrite of the label column or a tagged column
-- state: closed
-- by: src/enforce/enforce_ddl.c, src/enforce/enforce_plan.c
-- as: owner superuser
ALTER TABLE patient RENAME residency TO home;
SELECT name FROM patient WHERE id = 1001;
ALTER TABLE patient RENAME home TO residency;
ALTER TABLE patient RENAME diagnosis TO remark;
SELECT remark FROM patient WHERE id = 1;
ALTER TABLE patient RENAME remark TO diagnosis;
ALTER TABLE patient ALTER diagnosis TYPE varchar;
SELECT diagnosis FROM patient WHERE id = 1;
ALTER TABLE patient ALTER residency TYPE text;
SELECT name FROM patient WHERE id = 1001;
UPDATE patient SET residency = 'unrestricted';
SELECT name FROM patient WHERE id = 1001;
ALTER TABLE patient DROP residency;
SELECT name FROM patient WHERE id = 1001;
