--
-- Observe mode: everything is decided and recorded, and nothing refused; but
-- policy, tags and libraries stay guarded.
--
-- The setting is of the whole server: nothing else may run beside this file.
--
CREATE SCHEMA observe;
SET search_path = observe;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_observe_owner;
CREATE ROLE regress_observe_de;
CREATE ROLE regress_observe_bypass BYPASSRLS;
GRANT ALL ON SCHEMA observe TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_observe_de IS 'at DE';
SET ROLE regress_observe_owner;
CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text);
INSERT INTO patient VALUES (1, 'DE', 'Anna'), (2, 'DE:confidential', 'Bernd'), (3, 'US', 'Carl');
CREATE TABLE plain (id int, name text);
GRANT ALL ON patient, plain TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS ':secret deny';
RESET ROLE;

-- as it is
SET ROLE regress_observe_de;
SELECT id FROM patient ORDER BY id;						-- 1
SELECT name FROM patient ORDER BY id;					-- denied
PREPARE cached AS SELECT id FROM patient ORDER BY id;
EXECUTE cached;											-- 1
RESET ROLE;
SELECT jurisdiction.stat_reset();

ALTER SYSTEM SET jurisdiction.enforcement = 'observe';
SELECT pg_reload_conf();
-- the reload comes between two statements, as soon as the signal does
DO $$ BEGIN
	FOR i IN 1 .. 100 LOOP
		EXIT WHEN (SELECT applied AND setting = 'observe' FROM pg_file_settings WHERE name = 'jurisdiction.enforcement');
		PERFORM pg_sleep(0.05);
	END LOOP;
END $$;
SELECT pg_sleep(0.2);
SHOW jurisdiction.enforcement;

-- what was refused is let through
SET ROLE regress_observe_de;
SELECT id FROM patient ORDER BY id;						-- 1 2 3
EXECUTE cached;											-- 1 2 3
SELECT name FROM patient ORDER BY id;					-- all
INSERT INTO patient VALUES (4, 'US', 'Dora');			-- ok
UPDATE patient SET residency = 'DE' WHERE id = 2;		-- ok: down
INSERT INTO plain SELECT id, name FROM patient;			-- ok
CREATE TABLE copied AS SELECT * FROM patient;			-- ok
DROP TABLE copied;
COPY (SELECT id FROM patient ORDER BY id) TO STDOUT;	-- ok
COPY patient (id) TO STDOUT;							-- ok
COPY patient FROM STDIN;								-- ok
5	US	Emil
\.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM patient ORDER BY id;
FETCH 1 FROM c;
SET LOCAL ROLE regress_observe_owner;
FETCH 1 FROM c;											-- ok: as another role
COMMIT;
SET ROLE regress_observe_owner;
SELECT count(*) FROM patient;							-- ok: 5, an untagged owner
SET ROLE regress_observe_bypass;
SELECT count(*) FROM patient;							-- ok: 5
RESET ROLE;
SELECT count(*) FROM patient;							-- ok: 5
-- a NULL is still no label, an unknown code still no place for the writer
SET ROLE regress_observe_de;
INSERT INTO patient VALUES (6, NULL, 'x');				-- error
RESET ROLE;

-- what would have been refused is counted
SELECT observed > 0 AS observed, refusals, rows_hidden FROM jurisdiction.stat;

-- what stays guarded
SET ROLE regress_observe_owner;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS NULL;	-- denied
ALTER TABLE patient DISABLE ROW LEVEL SECURITY;			-- denied
ALTER TABLE patient DROP COLUMN residency;				-- denied
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', 'x', 'x');	-- denied
DELETE FROM jurisdiction.transfer_rule;					-- denied
SELECT count(*) FROM jurisdiction.exemption;			-- denied
ALTER SYSTEM SET jurisdiction.enforcement = 'enforce';	-- denied: to switch it on as well
LOAD 'auto_explain';									-- denied
RESET ROLE;
SELECT refusals FROM jurisdiction.stat;					-- those, at least

ALTER SYSTEM RESET jurisdiction.enforcement;
SELECT pg_reload_conf();
SELECT pg_sleep(0.2);
SHOW jurisdiction.enforcement;
-- and all is as before
SET ROLE regress_observe_de;
SELECT id FROM patient ORDER BY id;						-- 1 2: which has come down
EXECUTE cached;											-- 1 2
SELECT name FROM patient;								-- denied
INSERT INTO patient VALUES (6, 'US', 'Fritz');			-- denied
INSERT INTO plain SELECT id, 'x' FROM patient;			-- denied
SET ROLE regress_observe_owner;
SELECT count(*) FROM patient;							-- denied
RESET ROLE;
SELECT count(*) FROM patient;							-- denied

DEALLOCATE cached;
DROP SCHEMA observe CASCADE;
DROP ROLE regress_observe_owner, regress_observe_de, regress_observe_bypass;
