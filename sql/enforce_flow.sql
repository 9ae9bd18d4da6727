--
-- Flow: what a statement has read is not written anywhere less restrictive.
--
CREATE SCHEMA enforce_flow;
GRANT ALL ON SCHEMA enforce_flow TO PUBLIC;
SET search_path = enforce_flow;
CREATE ROLE regress_flow_ann;
CREATE ROLE regress_flow_own;
SECURITY LABEL FOR jurisdiction ON ROLE regress_flow_ann
	IS 'at DE cleared confidential/health,personal';
SET ROLE regress_flow_own;
CREATE TABLE patient (id int, residency jurisdiction.label NOT NULL, name text);
INSERT INTO patient VALUES (1, 'DE', 'Anna'), (2, 'DE:confidential/health', 'Ben'),
	(3, 'unrestricted', 'Nobody'), (4, 'FR', 'Claire');
CREATE TABLE archive (id int, residency jurisdiction.label NOT NULL, name text);
CREATE TABLE secret (id int, name text);
CREATE TABLE plain (id serial, name text);
GRANT ALL ON ALL TABLES IN SCHEMA enforce_flow TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA enforce_flow TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN archive.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON TABLE secret IS 'DE:confidential/health';
SET ROLE regress_flow_ann;

-- into an untagged table
INSERT INTO plain (name) SELECT name FROM patient WHERE residency = 'DE';			-- denied
INSERT INTO plain (name) SELECT name FROM patient WHERE residency = 'unrestricted';	-- ok: restricts nothing
INSERT INTO plain (name) VALUES ((SELECT max(name) FROM patient WHERE id = 1));	-- denied
UPDATE plain SET name = p.name FROM patient p WHERE p.id = 1;						-- denied
DELETE FROM plain USING patient p WHERE p.name = plain.name AND p.id = 1;			-- ok: writes nothing
SELECT count(*) FROM patient;														-- ok
INSERT INTO plain (name) VALUES ('the next statement');								-- ok: begins afresh
MERGE INTO plain USING patient p ON plain.id = p.id
	WHEN NOT MATCHED THEN INSERT (name) VALUES (p.name);							-- denied
WITH p AS (SELECT name FROM patient WHERE id = 1) INSERT INTO plain (name) SELECT name FROM p;	-- denied

-- into a tagged table: the new label must cover what was read
INSERT INTO archive SELECT id, 'DE', name FROM patient WHERE residency = 'DE';		-- ok
INSERT INTO archive SELECT id, 'DE:confidential/health', name FROM patient
	WHERE residency <@ 'DE:confidential/health'::jurisdiction.label;				-- ok
INSERT INTO archive SELECT id, 'DE', name FROM patient
	WHERE residency = 'DE:confidential/health';										-- denied
INSERT INTO secret SELECT id, name FROM patient;									-- ok: its own label covers
INSERT INTO plain (name) SELECT name FROM secret;									-- denied
-- each row under the label it had
INSERT INTO archive SELECT id, residency, name FROM patient;						-- ok
INSERT INTO archive SELECT id, residency, (SELECT max(name) FROM patient) FROM patient;	-- denied: another's name
INSERT INTO archive SELECT max(id), 'DE', max(name) FROM patient;					-- denied
-- the target's own rows keep their labels
UPDATE archive SET name = upper(name);												-- ok
UPDATE archive SET name = (SELECT string_agg(name, '') FROM archive);				-- denied: the joined name is of all

-- functions, triggers
CREATE FUNCTION name_of(int) RETURNS text LANGUAGE plpgsql STABLE
	AS 'BEGIN RETURN (SELECT name FROM enforce_flow.patient WHERE id = $1); END';
CREATE FUNCTION carry(int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v text := name_of($1);
BEGIN
	INSERT INTO enforce_flow.plain (name) VALUES (v);
END $$;
INSERT INTO plain (name) VALUES (name_of(1));										-- denied
SELECT carry(1);																	-- denied
SELECT carry(3);																	-- ok
DO $$ DECLARE v text; BEGIN
	SELECT name INTO v FROM enforce_flow.patient WHERE id = 1;
	INSERT INTO enforce_flow.plain (name) VALUES ('x');
END $$;																				-- denied: one statement
CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO enforce_flow.plain (name) VALUES (NEW.name); RETURN NULL; END $$;
RESET ROLE;
CREATE TRIGGER log_it AFTER INSERT OR UPDATE ON archive
	FOR EACH ROW EXECUTE FUNCTION log_it();
SET ROLE regress_flow_ann;
UPDATE archive SET name = lower(name) WHERE residency = 'DE';						-- denied: the trigger carries it out
UPDATE archive SET name = lower(name) WHERE residency = 'unrestricted';				-- ok
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON TABLE plain IS 'accepts DE:confidential/health';
SET ROLE regress_flow_ann;
UPDATE archive SET name = lower(name) WHERE residency = 'DE';						-- ok: an officer said it accepts that
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON TABLE plain IS NULL;
DROP TRIGGER log_it ON archive;
SET ROLE regress_flow_ann;

-- what a trigger writes elsewhere is not what its statement read
CREATE FUNCTION keep_copy() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO enforce_flow.secret VALUES (NEW.id, NEW.name); RETURN NEW; END $$;
RESET ROLE;
CREATE TRIGGER keep_copy BEFORE INSERT ON archive
	FOR EACH ROW EXECUTE FUNCTION keep_copy();
SET ROLE regress_flow_ann;
INSERT INTO archive VALUES (50, 'DE', 'Emil'), (51, 'DE', 'Frida');					-- ok
RESET ROLE;
DROP TRIGGER keep_copy ON archive;
SET ROLE regress_flow_ann;

-- what carries no label
SELECT pg_notify('c', name) FROM patient WHERE residency = 'DE';					-- denied
SELECT pg_notify('c', 'x');															-- ok
SELECT set_config('my.note', name, false) FROM patient WHERE residency = 'DE';		-- denied
SELECT set_config('my.note', name, false) FROM patient WHERE residency = 'unrestricted';	-- ok
SELECT setval('plain_id_seq', id) FROM patient WHERE residency = 'DE';				-- denied
SELECT lo_from_bytea(0, name::bytea) FROM patient WHERE residency = 'DE';			-- denied
DO $$ DECLARE v text := enforce_flow.name_of(1); BEGIN
	EXECUTE format('COMMENT ON TABLE enforce_flow.plain IS %L', v); END $$;			-- denied
DO $$ DECLARE v text := enforce_flow.name_of(1); BEGIN
	EXECUTE format('NOTIFY c, %L', v); END $$;										-- denied
DO $$ DECLARE v text := enforce_flow.name_of(1); BEGIN
	PERFORM set_config('my.note', v, false); END $$;								-- denied

-- a table made of a query inherits
CREATE TABLE made AS SELECT name FROM patient WHERE id < 3;
CREATE TABLE made_plain AS SELECT name FROM patient WHERE residency = 'unrestricted';
CREATE MATERIALIZED VIEW view_of AS SELECT name FROM patient WHERE residency = 'DE';
SELECT object_type, object_identity, tag FROM jurisdiction.tag
 WHERE object_identity IN ('made', 'made_plain', 'view_of') ORDER BY 2;
SELECT count(*) FROM made;															-- ok
INSERT INTO plain (name) SELECT name FROM made;										-- denied
INSERT INTO plain (name) SELECT name FROM made_plain;								-- ok
INSERT INTO plain (name) SELECT name FROM view_of;									-- denied
UPDATE patient SET residency = 'DE:confidential/health' WHERE id = 1;
REFRESH MATERIALIZED VIEW view_of;													-- ok: nothing labelled DE is left
DROP MATERIALIZED VIEW view_of;

-- a function that is run for an estimate, or folded, counts as what it read, not
-- as all that its table can hold; and does so whenever the plan runs
RESET ROLE;
CREATE TABLE small (id int);
INSERT INTO small SELECT g FROM generate_series(1, 100) g;
ANALYZE small;
CREATE TABLE tall (id int, residency jurisdiction.label NOT NULL);
INSERT INTO tall VALUES (10, 'DE'), (20, 'unrestricted'), (50, 'FR'), (51, 'DE:secret');
SECURITY LABEL FOR jurisdiction ON COLUMN tall.residency IS 'rows within DE:secret & FR:secret';
GRANT ALL ON small, tall TO PUBLIC;
CREATE FUNCTION least_id(jurisdiction.label) RETURNS int LANGUAGE plpgsql STABLE
	AS 'BEGIN RETURN (SELECT min(id) FROM enforce_flow.tall WHERE residency = $1); END';
CREATE FUNCTION least_folded(jurisdiction.label) RETURNS int LANGUAGE plpgsql IMMUTABLE
	AS 'BEGIN RETURN (SELECT min(id) FROM enforce_flow.tall WHERE residency = $1); END';
SET ROLE regress_flow_ann;
CREATE TABLE estimated AS SELECT s.id FROM small s WHERE s.id < least_id('DE');
CREATE TABLE estimated_none AS SELECT s.id FROM small s WHERE s.id < least_id('unrestricted');
CREATE TABLE folded AS SELECT s.id FROM small s WHERE s.id < least_folded('DE');
SELECT object_identity, tag FROM jurisdiction.tag
 WHERE object_identity ~ '^(estimated|folded)' ORDER BY 1;
SELECT (SELECT count(*) FROM estimated), (SELECT count(*) FROM folded);				-- ok: his own
SET plan_cache_mode = force_generic_plan;
PREPARE folded AS INSERT INTO plain (name) SELECT 'x' FROM small WHERE id = least_folded('DE');
PREPARE folded_none AS INSERT INTO plain (name) SELECT 'x' FROM small WHERE id = least_folded('unrestricted');
EXECUTE folded;																		-- denied
EXECUTE folded;																		-- denied: from the plan
EXECUTE folded_none;																-- ok
EXECUTE folded_none;																-- ok
DEALLOCATE ALL;
RESET plan_cache_mode;

-- a plan without filters counts as its ceiling
RESET ROLE;
CREATE TABLE roofed (id int, residency jurisdiction.label NOT NULL DEFAULT 'DE');
INSERT INTO roofed VALUES (1);
SECURITY LABEL FOR jurisdiction ON COLUMN roofed.residency IS 'rows within DE:confidential/health';
GRANT ALL ON roofed TO PUBLIC;
SET ROLE regress_flow_ann;
INSERT INTO archive SELECT id, 'DE', 'x' FROM roofed;								-- denied: the ceiling
INSERT INTO archive SELECT id, 'DE:confidential/health', 'x' FROM roofed;			-- ok
INSERT INTO archive SELECT id, residency, 'x' FROM roofed;							-- ok: label and all

-- exemptions, and what others learn
RESET ROLE;
INSERT INTO plain (name) SELECT name FROM patient;									-- denied: the wall
INSERT INTO jurisdiction.exemption (kind, role_name, scope, basis)
	VALUES ('declassify', 'regress_flow_ann', 'DE', 'test: a study');
SET ROLE regress_flow_ann;
INSERT INTO plain (name) SELECT name FROM patient WHERE residency = 'DE:confidential/health';	-- denied: above its scope
INSERT INTO plain (name) SELECT name FROM made_plain;								-- ok
RESET ROLE;
UPDATE jurisdiction.exemption SET until = now() WHERE role_name = 'regress_flow_ann';

-- for the session
SET ROLE regress_flow_ann;
SET jurisdiction.flow = off;														-- denied: only up
SET jurisdiction.flow = session;													-- ok
SELECT count(*) FROM patient WHERE residency <> 'unrestricted';
INSERT INTO plain (name) VALUES ('later');											-- denied: it was read before
BEGIN;
PREPARE TRANSACTION 'regress_flow';													-- denied
SELECT count(*) FROM plain WHERE name = 'later';									-- ok: reading goes on
RESET jurisdiction.flow;
RESET ROLE;
DISCARD ALL;
SET search_path = enforce_flow;
SET ROLE regress_flow_ann;
INSERT INTO plain (name) VALUES ('afresh');											-- ok

-- what parallel workers read, the leader knows
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT CASE WHEN :SERVER_VERSION_NUM < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET :parallel_mode = on;
DO $$ DECLARE v text; BEGIN
	SELECT max(name) INTO v FROM enforce_flow.patient WHERE residency <> 'unrestricted';
	INSERT INTO enforce_flow.plain (name) VALUES (v);
END $$;																				-- denied
DO $$ DECLARE v text; BEGIN
	SELECT max(name) INTO v FROM enforce_flow.patient WHERE residency = 'unrestricted';
	INSERT INTO enforce_flow.plain (name) VALUES (v);
END $$;																				-- ok
-- (INTO fetches, which is never parallel: PERFORM is, and without the leader)
SET parallel_leader_participation = off;
DO $$ BEGIN
	PERFORM count(*) FROM enforce_flow.patient WHERE residency <> 'unrestricted';
	INSERT INTO enforce_flow.plain (name) VALUES ('x');
END $$;																				-- denied
DO $$ BEGIN
	PERFORM count(*) FROM enforce_flow.patient WHERE residency = 'unrestricted';
	INSERT INTO enforce_flow.plain (name) VALUES ('x');
END $$;																				-- ok
-- and what they read in one statement is not held against the next
SELECT count(*) FROM enforce_flow.patient WHERE residency <> 'unrestricted';
INSERT INTO enforce_flow.plain (name) VALUES ('after a parallel query');				-- ok
-- more labels than the workers can pass on: what is not known is not covered
RESET ROLE;
CREATE ROLE regress_flow_all;
SECURITY LABEL FOR jurisdiction ON ROLE regress_flow_all IS 'at DE cleared secret/*';
CREATE TABLE enforce_flow.many (id int, residency jurisdiction.label NOT NULL);
INSERT INTO enforce_flow.many
	SELECT row_number() OVER (ORDER BY a.code, b.code),
		   ('DE/' || a.code || ',' || b.code)::jurisdiction.label
	  FROM jurisdiction.category a JOIN jurisdiction.category b ON a.code < b.code
	 WHERE a.builtin AND b.builtin ORDER BY 1 LIMIT 200;
INSERT INTO enforce_flow.many		-- too long for what room may be left
	SELECT 0, ('DE:secret/' || string_agg(code, ',' ORDER BY code))::jurisdiction.label
	  FROM jurisdiction.category WHERE builtin;
CREATE TABLE enforce_flow.wide (id int);
DO $$ BEGIN EXECUTE format('SECURITY LABEL FOR jurisdiction ON TABLE enforce_flow.wide IS %L',
	(SELECT 'DE/' || string_agg(code, ',' ORDER BY code) FROM jurisdiction.category WHERE builtin)); END $$;
GRANT ALL ON enforce_flow.many, enforce_flow.wide TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN enforce_flow.many.residency IS 'rows';
SET ROLE regress_flow_all;
DO $$ BEGIN
	PERFORM count(*) FROM enforce_flow.many WHERE id > 195;
	INSERT INTO enforce_flow.wide VALUES (1);
END $$;																				-- ok: few labels, all covered
DO $$ BEGIN
	PERFORM count(*) FROM enforce_flow.many;
	INSERT INTO enforce_flow.wide VALUES (2);
END $$;																				-- denied: the secret one came last
RESET ALL;
RESET ROLE;
DROP SCHEMA enforce_flow CASCADE;
DROP ROLE regress_flow_ann, regress_flow_own, regress_flow_all;
