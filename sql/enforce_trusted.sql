--
-- Trusted procedures: a function that an officer trusts reads up to a label,
-- and no further, while its body runs.
--
CREATE SCHEMA enforce_trusted;
GRANT ALL ON SCHEMA enforce_trusted TO PUBLIC;
SET search_path = enforce_trusted;
CREATE ROLE regress_trusted_ann;
CREATE ROLE regress_trusted_own;
SECURITY LABEL FOR jurisdiction ON ROLE regress_trusted_ann IS 'at DE';
SET ROLE regress_trusted_own;
CREATE TABLE patient (id int, residency jurisdiction.label NOT NULL, name text);
INSERT INTO patient VALUES (1, 'DE', 'Anna'), (2, 'DE:confidential/health', 'Ben'),
	(3, 'US:confidential/health', 'Carl'), (4, 'DE:secret/health', 'Dora');
GRANT ALL ON patient TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
	AS 'SELECT count(*) FROM enforce_trusted.patient';
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
	AS 'BEGIN RETURN QUERY SELECT name FROM enforce_trusted.patient ORDER BY id; END';
CREATE FUNCTION loose() RETURNS bigint LANGUAGE sql STABLE
	AS 'SELECT count(*) FROM enforce_trusted.patient';

-- who may trust, and what
SECURITY LABEL FOR jurisdiction ON FUNCTION how_many() IS 'trusted DE:confidential/health until 2100-01-01';	-- denied: no officer
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON FUNCTION loose() IS 'trusted DE:confidential/health until 2100-01-01';		-- error: search_path
SECURITY LABEL FOR jurisdiction ON FUNCTION how_many() IS 'trusted DE:confidential/health';						-- error: no end
SECURITY LABEL FOR jurisdiction ON FUNCTION how_many() IS 'trusted XX until 2100-01-01';						-- error: unknown
SECURITY LABEL FOR jurisdiction ON FUNCTION how_many() IS 'trusted DE:confidential/health until 2100-13-01';	-- error: no date
SET ROLE regress_trusted_ann;
SELECT count(*), how_many() FROM patient;		-- 1, 1: not trusted yet
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON FUNCTION how_many() IS 'trusted DE:confidential/health until 2100-01-01';	-- ok
SECURITY LABEL FOR jurisdiction ON FUNCTION names() IS 'trusted DE:confidential/health & US:confidential/health until 2100-01-01';	-- ok
SELECT object_identity, regexp_replace(tag, '[0-9a-f]{64}', '...') AS tag
  FROM jurisdiction.tag WHERE object_type = 'function' ORDER BY 1;

-- the body reads up to the label; the statement around it does not
SET ROLE regress_trusted_ann;
SELECT count(*) FROM patient;					-- 1
SELECT how_many();								-- 2: not the secret row, not the American
SELECT count(*), how_many() FROM patient;		-- 1, 2
SELECT * FROM names();							-- three of four
SELECT count(*) FROM patient;					-- 1 again
PREPARE q AS SELECT how_many(), (SELECT count(*) FROM patient);
EXECUTE q;										-- 2, 1
EXECUTE q;
DEALLOCATE q;
-- who makes a table of it could not read it
CREATE TABLE made AS SELECT how_many();			-- denied
CREATE MATERIALIZED VIEW made AS SELECT how_many();	-- denied
CREATE TABLE made AS SELECT count(*) FROM patient;	-- ok: his own row
SELECT * FROM made;
DROP TABLE made;
-- an error in the body ends the trust
CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp AS 'BEGIN RAISE EXCEPTION ''oops''; END';
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON FUNCTION fails() IS 'trusted DE:confidential/health until 2100-01-01';
SET ROLE regress_trusted_ann;
SELECT fails();									-- error
SELECT count(*) FROM patient;					-- 1
-- in a parallel plan inside as well
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT CASE WHEN :SERVER_VERSION_NUM < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET :parallel_mode = on;
SELECT * FROM names();							-- three of four
SELECT how_many();								-- 2
RESET ALL;
SET search_path = enforce_trusted;

-- any change voids it
SET ROLE regress_trusted_own;
CREATE OR REPLACE FUNCTION how_many() RETURNS bigint LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
	AS 'SELECT count(*) + 0 FROM enforce_trusted.patient';
SET ROLE regress_trusted_ann;
SELECT how_many();								-- 1: it is another function
SET ROLE regress_trusted_own;
CREATE OR REPLACE FUNCTION how_many() RETURNS bigint LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
	AS 'SELECT count(*) FROM enforce_trusted.patient';
SET ROLE regress_trusted_ann;
SELECT how_many();								-- 2: the one that was trusted
SET ROLE regress_trusted_own;
ALTER FUNCTION how_many() SET work_mem = '1MB';
SET ROLE regress_trusted_ann;
SELECT how_many();								-- 1: settings count
RESET ROLE;
ALTER FUNCTION how_many() RESET work_mem;
ALTER FUNCTION how_many() OWNER TO regress_trusted_ann;
SET ROLE regress_trusted_ann;
SELECT how_many();								-- 1: so does the owner
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON FUNCTION names() IS 'trusted DE:confidential/health until 2020-01-01';
SET ROLE regress_trusted_ann;
SELECT * FROM names();							-- one: it has ended
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON FUNCTION names() IS NULL;
DROP SCHEMA enforce_trusted CASCADE;
DROP ROLE regress_trusted_ann, regress_trusted_own;
