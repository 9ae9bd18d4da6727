--
-- jurisdiction.stat: what enforcement has done, in numbers.
--
-- The counters are of the whole cluster: nothing else may run beside this file.
--
CREATE SCHEMA stat;
SET search_path = stat;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_stat_owner;
CREATE ROLE regress_stat_de;
CREATE ROLE regress_stat_exempt BYPASSRLS;
GRANT ALL ON SCHEMA stat TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_stat_de IS 'at DE';
GRANT pg_read_all_stats TO regress_stat_de;
SET ROLE regress_stat_owner;
CREATE TABLE patient (id int, residency jurisdiction.label NOT NULL);
INSERT INTO patient SELECT i, CASE WHEN i % 10 = 0 THEN 'DE' ELSE 'US' END::jurisdiction.label FROM generate_series(1, 1000) i;
GRANT ALL ON patient TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
RESET ROLE;

-- the view's columns are what monitoring rests on
SELECT attname, atttypid::regtype FROM pg_attribute
	WHERE attrelid = 'jurisdiction.stat'::regclass AND attnum > 0 ORDER BY attnum;

-- who may what
SET ROLE regress_stat_de;
SELECT count(*) FROM jurisdiction.stat;					-- ok: everybody may look; one row
SELECT jurisdiction.stat_reset();						-- denied
RESET ROLE;
SELECT jurisdiction.stat_reset();						-- ok

-- numbers of the evidence log, which stat_reset() leaves alone
SELECT evidence_records > 0 AS recorded, evidence_syncs BETWEEN 1 AND evidence_records AS together,
	evidence_bytes > evidence_records AS written, evidence_size >= evidence_records AS counted,
	evidence_signed_size <= evidence_size AS signed, evidence_lost AS lost FROM jurisdiction.stat;

-- reading
SET ROLE regress_stat_de;
SELECT count(*) FROM patient;							-- 100
SELECT rows_allowed, rows_hidden, refusals, observed, exemptions FROM jurisdiction.stat;	-- 100 and 900
SELECT decisions > 0 AS decided, decisions < 20 AS once_per_label FROM jurisdiction.stat;
SELECT count(*) FROM patient WHERE residency = 'DE';	-- 100: the label goes first, the filter sees no others
SELECT rows_allowed, rows_hidden FROM jurisdiction.stat;	-- 200 and 900
-- refusals, rolled back or not
INSERT INTO patient VALUES (0, 'US');					-- denied
SELECT refusals FROM jurisdiction.stat;					-- 1
BEGIN;
INSERT INTO patient VALUES (0, 'US');					-- denied
ROLLBACK;
SELECT refusals FROM jurisdiction.stat;					-- 2
COPY patient TO STDOUT;									-- denied
SELECT refusals FROM jurisdiction.stat;					-- 3
SET ROLE regress_stat_owner;
SELECT count(*) FROM patient;							-- denied
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS NULL;	-- denied
RESET ROLE;
SELECT refusals FROM jurisdiction.stat;					-- 5
-- exemptions, by use
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', 'regress_stat_exempt', 'regress: stat');
SET ROLE regress_stat_exempt;
SELECT count(*) FROM patient;							-- 1000
SELECT exemptions FROM jurisdiction.stat;				-- 1
SELECT count(*) FROM patient;
SELECT exemptions FROM jurisdiction.stat;				-- 2
RESET ROLE;
UPDATE jurisdiction.exemption SET until = now() WHERE basis = 'regress: stat' AND until IS NULL;
-- a parallel plan counts every row once
SELECT jurisdiction.stat_reset();
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT CASE WHEN :SERVER_VERSION_NUM < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET :parallel_mode = on;
SET ROLE regress_stat_de;
SELECT count(*) FROM patient;							-- 100
RESET :parallel_mode;
SELECT rows_allowed, rows_hidden FROM jurisdiction.stat;	-- 100 and 900
RESET ROLE;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- an untagged table costs nothing
SELECT jurisdiction.stat_reset();
SELECT count(*) FROM generate_series(1, 10);
CREATE TABLE plain (id int);
SELECT count(*) FROM plain;
SELECT rows_allowed, rows_hidden, refusals, decisions FROM jurisdiction.stat;	-- 0
-- keys: what is sealed and opened, what custodians give, what is in memory now
SELECT jurisdiction.create_key('LU');
CREATE ROLE regress_stat_lu;
SECURITY LABEL FOR jurisdiction ON ROLE regress_stat_lu IS 'at LU cleared secret';
SELECT jurisdiction.stat_reset();
SET ROLE regress_stat_lu;
SELECT jurisdiction.unseal(jurisdiction.seal('value ' || g, 'LU')) FROM generate_series(1, 3) g;
SELECT seals, unseals, unwraps, custodian_failures FROM jurisdiction.stat;	-- 3, 3 and one key
SELECT jurisdiction.seal('x', 'LU') IS NOT NULL;
SELECT seals, unseals, unwraps, custodian_failures FROM jurisdiction.stat;	-- 4, 3: the key was in memory
SELECT keys_cached FROM jurisdiction.stat;				-- 2: the key, and the one derived from it
RESET ROLE;
SELECT jurisdiction.unseal(jurisdiction.seal('x', 'LU:secret/health'));	-- denied
SELECT seals, unseals, unwraps, custodian_failures FROM jurisdiction.stat;	-- as before: a failed statement is counted with the next
UPDATE jurisdiction.custodian SET uri = 'command:absent' WHERE place = 'LU';
SELECT jurisdiction.rotate_key('LU');					-- error: not configured, not failed
BEGIN;
UPDATE jurisdiction.key_material SET kek = 'LU.LU.1.absent' WHERE place = 'LU';
SET ROLE regress_stat_lu;
\set VERBOSITY sqlstate
SELECT jurisdiction.seal('x', 'LU');					-- error: the custodian does not give it
ROLLBACK;
SELECT seals, unseals, unwraps, custodian_failures FROM jurisdiction.stat;	-- one failure, and the seal of the statement that was denied
SELECT keys_cached FROM jurisdiction.stat;				-- 0: keys were about to change

DROP ROLE regress_stat_lu;
DROP SCHEMA stat CASCADE;
DROP ROLE regress_stat_owner, regress_stat_de, regress_stat_exempt;
