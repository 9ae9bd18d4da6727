--
-- The wall: what row security would let through unfiltered is refused by name.
--
-- Until an officer is tagged superusers stand in for officers; what holds for
-- superusers from then on is in test/tap/040_officers.pl.
--
CREATE SCHEMA wall;
SET search_path = wall;
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE ROLE regress_wall_owner;					-- no tag
CREATE ROLE regress_wall_de;
CREATE ROLE regress_wall_bypass BYPASSRLS;		-- with a tag, which does not help
CREATE ROLE regress_wall_super SUPERUSER;		-- likewise
CREATE ROLE regress_wall_exempt BYPASSRLS;		-- gets an exemption
CREATE ROLE regress_wall_backup BYPASSRLS;
GRANT ALL ON SCHEMA wall TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_wall_de IS 'at DE cleared confidential/*';
SECURITY LABEL FOR jurisdiction ON ROLE regress_wall_bypass IS 'at DE cleared secret/*';
SECURITY LABEL FOR jurisdiction ON ROLE regress_wall_super IS 'at DE cleared secret/*';
SECURITY LABEL FOR jurisdiction ON ROLE regress_wall_backup IS 'backup';

SET ROLE regress_wall_owner;
CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text, blob text);
ALTER TABLE patient ALTER blob SET STORAGE EXTERNAL;
INSERT INTO patient SELECT i, CASE WHEN i % 2 = 0 THEN 'US' ELSE 'DE' END::jurisdiction.label,
	'name ' || i, repeat('x', 3000) FROM generate_series(1, 10) i;
CREATE STATISTICS patient_mcv (mcv) ON residency, name FROM patient;
ANALYZE patient;
GRANT ALL ON patient TO PUBLIC;
SELECT count(*) FROM patient;							-- ok: not yet tagged
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
CREATE VIEW owner_view AS SELECT * FROM patient;
CREATE FUNCTION owner_definer() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM wall.patient';
GRANT ALL ON owner_view TO PUBLIC;
RESET ROLE;

--
-- An owner without a tag is refused, and told why
--
\set VERBOSITY default
SET ROLE regress_wall_owner;
SELECT * FROM patient;									-- denied
SELECT count(*) FROM patient;							-- denied
INSERT INTO patient VALUES (11, 'DE', 'x', 'x');		-- denied: to write as well
\set VERBOSITY terse
UPDATE patient SET name = 'x';							-- denied
DELETE FROM patient;									-- denied
SELECT 1 FROM patient FOR UPDATE;						-- denied
EXPLAIN SELECT * FROM patient;							-- denied
COPY patient TO STDOUT;									-- denied
COPY (SELECT 1 FROM patient) TO STDOUT;					-- denied
COPY patient FROM STDIN;								-- denied
11	DE	x	x
\.
PREPARE p AS SELECT * FROM patient;						-- ok: reads nothing
EXECUTE p;												-- denied
DEALLOCATE p;
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM patient;	-- denied
SELECT owner_definer();									-- denied
SELECT * FROM owner_view;								-- denied
SELECT * FROM patient LIMIT 0;							-- denied: never silently less
SELECT 1 FROM patient WHERE false;						-- denied: so is that
TRUNCATE patient;										-- ok: the server's business
SELECT count(*) FROM patient;							-- denied: empty or not
RESET ROLE;
CREATE ROLE regress_wall_kin IN ROLE regress_wall_owner;	-- owner by membership
SET ROLE regress_wall_kin;
SELECT count(*) FROM patient;							-- denied
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_wall_kin IS 'at DE';
SET ROLE regress_wall_kin;
SELECT count(*) FROM patient;							-- ok: tagged, so filtered
SET row_security = off;
SELECT count(*) FROM patient;							-- denied: no way to switch it off
RESET row_security;
RESET ROLE;
-- rows again, by one who may
SET ROLE regress_wall_de;
INSERT INTO patient SELECT i, 'DE:confidential', 'name ' || i, repeat('x', 3000) FROM generate_series(1, 10) i;
SET client_min_messages = error;
ANALYZE patient;										-- skipped: not his
SET client_min_messages = warning;
SELECT owner_definer();									-- ok: the session is tagged; 10
SELECT count(*) FROM owner_view;						-- ok
RESET ROLE;
ANALYZE patient;

--
-- Superuser, BYPASSRLS: a tag does not help, an exemption does
--
\set VERBOSITY default
SELECT * FROM patient;									-- denied
SET ROLE regress_wall_bypass;
SELECT * FROM patient;									-- denied
SET ROLE regress_wall_super;
SELECT * FROM patient;									-- denied
\set VERBOSITY terse
INSERT INTO patient VALUES (11, 'DE', 'x', 'x');		-- denied
UPDATE patient SET name = 'x';							-- denied
DELETE FROM patient;									-- denied
EXPLAIN SELECT * FROM patient;							-- denied
COPY patient TO STDOUT;									-- denied
COPY (SELECT 1 FROM patient) TO STDOUT;					-- denied
COPY patient FROM STDIN;								-- denied
11	DE	x	x
\.
SELECT owner_definer();									-- ok: filtered there, by this session's tag
SELECT count(*) FROM owner_view;						-- ok: likewise
SET row_security = on;
SELECT count(*) FROM patient;							-- denied: on does not mean for him
RESET row_security;
RESET ROLE;
SELECT owner_definer();									-- denied: a superuser has the owner's rights, and no tag
SELECT count(*) FROM owner_view;						-- denied
CREATE VIEW super_view AS SELECT * FROM patient;
CREATE FUNCTION super_definer() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM wall.patient';
ALTER FUNCTION super_definer() OWNER TO regress_wall_bypass;
GRANT SELECT ON super_view TO PUBLIC;
SET ROLE regress_wall_de;
SELECT count(*) FROM super_view;						-- denied: its owner is not filtered
SELECT super_definer();									-- denied
RESET ROLE;

-- bypass: of a role, until a date, with a basis; recorded at each use
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', 'regress_wall_exempt', 'regress');
SET ROLE regress_wall_exempt;
SELECT count(*) FROM patient;							-- ok: all
INSERT INTO patient VALUES (11, 'US', 'x', 'x');		-- ok: and unchecked
INSERT INTO patient VALUES (12, NULL, 'x', 'x');		-- error: the column's own NOT NULL
SELECT count(*) FROM super_view;						-- ok
SELECT super_definer();									-- ok
DELETE FROM patient WHERE id = 11;
COPY (SELECT count(*) FROM patient) TO STDOUT;			-- ok
SET ROLE regress_wall_bypass;
SELECT count(*) FROM patient;							-- denied: it is not his
SET ROLE regress_wall_exempt;
UPDATE jurisdiction.exemption SET until = 'infinity';	-- denied: not his to prolong
RESET ROLE;
UPDATE jurisdiction.exemption SET until = now() WHERE role_name = 'regress_wall_exempt' AND until IS NULL;
SET ROLE regress_wall_exempt;
SELECT count(*) FROM patient;							-- denied: it has ended
RESET ROLE;

-- backup: the wall is open, and still not without BYPASSRLS
SET ROLE regress_wall_backup;
SELECT count(*) FROM patient;							-- ok: all
COPY (SELECT id FROM patient WHERE id < 3 ORDER BY 1) TO STDOUT;	-- ok
RESET ROLE;
ALTER ROLE regress_wall_backup NOBYPASSRLS;
SET ROLE regress_wall_backup;
SELECT count(*) FROM patient;							-- none: it is filtered, and has no clearance
RESET ROLE;

-- a program that calls itself pg_dump, and is not "backup", gets nothing rather than a part
SET ROLE regress_wall_de;
SET application_name = 'pg_dump';
SELECT count(*) FROM patient;							-- denied
COPY patient TO STDOUT;									-- denied
SET application_name = 'pg_regress';
SELECT count(*) FROM patient;							-- ok
RESET ROLE;

--
-- Row security of a tagged table stays on
--
SET ROLE regress_wall_owner;
ALTER TABLE patient DISABLE ROW LEVEL SECURITY;			-- denied
ALTER TABLE patient NO FORCE ROW LEVEL SECURITY;		-- denied
RESET ROLE;
ALTER TABLE patient DISABLE ROW LEVEL SECURITY;			-- denied: to an officer too, who removes the tag instead
ALTER TABLE patient NO FORCE ROW LEVEL SECURITY;		-- denied
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS NULL;	-- ok: removes row security with it
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'patient'::regclass;
SELECT count(*) FROM patient;							-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'patient'::regclass;
SELECT count(*) FROM patient;							-- denied

--
-- TOAST
--
SELECT reltoastrelid::regclass AS toast FROM pg_class WHERE oid = 'patient'::regclass \gset
SELECT count(*) > 0 AS chunks FROM :toast;				-- denied
COPY (SELECT chunk_data FROM :toast) TO STDOUT;			-- denied
CREATE VIEW toast_view AS SELECT * FROM :toast;
SELECT count(*) FROM toast_view;						-- denied
GRANT USAGE ON SCHEMA pg_toast TO regress_wall_owner;
SET ROLE regress_wall_owner;
SELECT count(*) FROM :toast;							-- denied: its owner
RESET ROLE;
REVOKE USAGE ON SCHEMA pg_toast FROM regress_wall_owner;
CREATE TABLE untagged (t text);
ALTER TABLE untagged ALTER t SET STORAGE EXTERNAL;
INSERT INTO untagged VALUES (repeat('x', 3000));
SELECT reltoastrelid::regclass AS toast FROM pg_class WHERE oid = 'untagged'::regclass \gset
SELECT count(*) > 0 AS chunks FROM :toast;				-- ok: of an untagged table

--
-- Statistics
--
SELECT count(*) > 0 AS any FROM pg_statistic;			-- denied: it holds values
SELECT count(*) > 0 AS any FROM pg_statistic_ext_data;	-- denied
COPY pg_statistic TO STDOUT;							-- denied
SELECT count(*) FROM pg_stats WHERE schemaname = 'wall' AND tablename = 'patient';	-- none
SELECT count(*) FROM pg_stats_ext WHERE schemaname = 'wall' AND most_common_vals IS NOT NULL;	-- none
SELECT count(*) FROM pg_stats_ext_exprs WHERE schemaname = 'wall';	-- none
ANALYZE untagged;
SELECT count(*) FROM pg_stats WHERE schemaname = 'wall' AND tablename = 'untagged';	-- ok: 1
CREATE VIEW my_stats AS SELECT starelid, stavalues1::text FROM pg_statistic;
CREATE FUNCTION their_stats() RETURNS SETOF pg_statistic SECURITY DEFINER LANGUAGE sql AS 'SELECT * FROM pg_statistic';
CREATE FUNCTION inlined_stats() RETURNS SETOF pg_statistic STABLE LANGUAGE sql AS 'SELECT * FROM pg_statistic';
CREATE FUNCTION inlined_view() RETURNS SETOF pg_stats STABLE LANGUAGE sql AS 'SELECT * FROM pg_stats';
GRANT SELECT ON my_stats TO PUBLIC;
SELECT count(*) FROM my_stats WHERE starelid = 'patient'::regclass;		-- none
SELECT count(*) FROM their_stats() WHERE starelid = 'patient'::regclass;	-- denied
SELECT count(*) FROM inlined_stats() WHERE starelid = 'patient'::regclass;	-- denied
SELECT count(*) FROM inlined_view() WHERE tablename = 'patient' AND schemaname = 'wall';	-- none
SET ROLE regress_wall_de;
SELECT count(*) FROM pg_stats WHERE schemaname = 'wall' AND tablename = 'patient';	-- none
SELECT count(*) FROM my_stats WHERE starelid = 'patient'::regclass;	-- none: a superuser's view, given away
SELECT count(*) FROM my_stats WHERE starelid = 'untagged'::regclass;	-- ok: 1
SELECT count(*) FROM their_stats() WHERE starelid = 'patient'::regclass;	-- denied
SET ROLE regress_wall_bypass;
SELECT count(*) FROM pg_stats WHERE schemaname = 'wall' AND tablename = 'patient';	-- none
RESET ROLE;

--
-- Policy tables: DML needs an officer.  (Catalogs no one but a superuser can
-- write: see test/tap/040_officers.pl.)
--
SET ROLE regress_wall_de;
SELECT count(*) > 0 AS readable FROM jurisdiction.place;	-- ok: policy is public
SELECT count(*) FROM jurisdiction.transfer_rule WHERE basis = 'wall';	-- ok
SELECT count(*) FROM jurisdiction.exemption;			-- denied: officers' reading
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'US', 'DE', '{read}', 'wall');		-- denied
UPDATE jurisdiction.transfer_rule SET basis = 'wall';	-- denied
DELETE FROM jurisdiction.transfer_rule;					-- denied
MERGE INTO jurisdiction.category c USING (VALUES ('x')) v(code) ON c.code = v.code
	WHEN NOT MATCHED THEN INSERT (code) VALUES (v.code);	-- denied
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', 'regress_wall_de', 'x');	-- denied
INSERT INTO jurisdiction.network (cidr, place) VALUES ('10.0.0.0/8', 'US');	-- denied
COPY jurisdiction.category (code) FROM STDIN;			-- denied
x
\.
TRUNCATE jurisdiction.network;							-- denied
SELECT jurisdiction.enable_preset('eu-adequacy');		-- denied: it is DML as this session
WITH x AS (INSERT INTO jurisdiction.category (code) VALUES ('x') RETURNING *) SELECT * FROM x;	-- denied
DO $$ BEGIN EXECUTE 'DELETE FROM jurisdiction.membership'; END $$;	-- denied
RESET ROLE;

--
-- What row security cannot filter is readable as a whole or not at all
--
CREATE MATERIALIZED VIEW summary AS SELECT 1 AS n FROM untagged;
GRANT SELECT ON summary TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON MATERIALIZED VIEW summary IS 'DE:confidential';
SET ROLE regress_wall_de;
SELECT count(*) FROM summary;							-- ok: 1
SET ROLE regress_wall_kin;
SELECT count(*) FROM summary;							-- denied: not cleared
COPY summary TO STDOUT;									-- error: the server's own
COPY (TABLE summary) TO STDOUT;							-- denied
RESET ROLE;
SELECT count(*) FROM summary;							-- denied: superuser
CREATE FOREIGN DATA WRAPPER regress_wall_wrapper;
CREATE SERVER regress_wall_server FOREIGN DATA WRAPPER regress_wall_wrapper;
CREATE FOREIGN TABLE far (id int, residency jurisdiction.label) SERVER regress_wall_server;
SECURITY LABEL FOR jurisdiction ON FOREIGN TABLE far IS 'DE to FR';	-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN far.residency IS 'rows';	-- ok
-- (who reads them needs a wrapper with a handler: enforce_utility.sql)

--
-- Columns that a session may not read are refused where they are named
--
CREATE TABLE person (id int, residency jurisdiction.label NOT NULL, name text, ssn text);
INSERT INTO person VALUES (1, 'DE', 'Anna', '123');
ALTER TABLE person OWNER TO regress_wall_owner;
GRANT ALL ON person TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN person.residency IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON COLUMN person.ssn IS ':confidential/health deny';
SET ROLE regress_wall_kin;								-- at DE, not cleared
SELECT id, name FROM person;							-- ok: not raised
SELECT ssn FROM person;									-- denied
SELECT * FROM person;									-- denied
SELECT person FROM person;								-- denied: a whole row holds it
SELECT count(*) FROM person;							-- ok: touches no column
SELECT id FROM person WHERE ssn = '123';				-- denied: testing is reading
SELECT id FROM person ORDER BY ssn;						-- denied
UPDATE person SET name = 'Anne' WHERE id = 1;			-- ok
UPDATE person SET ssn = '124' WHERE id = 1;				-- denied: writing what he may not read
UPDATE person SET name = ssn;							-- denied
UPDATE person SET name = 'x' WHERE ssn = '123';			-- denied
UPDATE person SET name = name RETURNING ssn;			-- denied
DELETE FROM person RETURNING *;							-- denied
INSERT INTO person (id, residency, name) VALUES (2, 'DE', 'Bernd');	-- ok
INSERT INTO person VALUES (3, 'DE', 'Clara', '125');	-- denied
INSERT INTO person (id, residency) VALUES (4, 'DE') RETURNING ssn;	-- denied
COPY person TO STDOUT;									-- denied
COPY person (id, name) TO STDOUT;						-- ok
COPY person FROM STDIN;									-- denied
3	DE	Clara	125
\.
COPY person (id, residency, name) FROM STDIN;			-- ok
3	DE	Clara
\.
DELETE FROM person WHERE id > 1;
SET ROLE regress_wall_de;
SELECT ssn FROM person ORDER BY id;						-- ok: cleared
UPDATE person SET ssn = '126' WHERE id = 1;				-- ok
COPY person TO STDOUT;									-- ok
RESET ROLE;

DROP SERVER regress_wall_server CASCADE;
DROP FOREIGN DATA WRAPPER regress_wall_wrapper;
DROP SCHEMA wall CASCADE;
DROP ROLE regress_wall_kin;
DROP ROLE regress_wall_owner, regress_wall_de, regress_wall_bypass, regress_wall_super,
	regress_wall_exempt, regress_wall_backup;
