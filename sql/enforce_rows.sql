--
-- Rows: a row is seen, or written, only by whom its label admits.
--
-- The site is DE.  Who reads rows that row security does not bind is in
-- wall.sql; who reads through what (views, functions, children) is here.
--
CREATE SCHEMA enforce_rows;
SET search_path = enforce_rows;
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE ROLE regress_enforce_rows_app;		-- owns the tables, has no tag
CREATE ROLE regress_enforce_rows_de;
CREATE ROLE regress_enforce_rows_us;
CREATE ROLE regress_enforce_rows_low;		-- in Germany, not cleared for more than internal
CREATE ROLE regress_enforce_rows_both;		-- in two places: what either refuses is refused
CREATE ROLE regress_enforce_rows_none;		-- has no tag
GRANT ALL ON SCHEMA enforce_rows TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_de IS 'at DE cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_us IS 'at US cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_low IS 'at DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_both IS 'at DE, US cleared confidential/health';

SET ROLE regress_enforce_rows_app;
CREATE TABLE patient (
	id int PRIMARY KEY,
	residency jurisdiction.label NOT NULL,
	name text
);
INSERT INTO patient VALUES
	(1, 'DE', 'Anna'),
	(2, 'DE:confidential/health', 'Bernd'),
	(3, 'DE:secret/health', 'Clara'),
	(4, 'US', 'Dave'),
	(5, 'US:confidential/health', 'Eve'),
	(6, 'unrestricted', 'Fama'),
	(7, 'DE>US', 'Gerd'),
	(8, 'DE & US', 'Heidi'),
	(9, 'DE/financial', 'Ivo');
CREATE TABLE visit (id int PRIMARY KEY, patient int, note text);	-- not tagged
INSERT INTO visit SELECT id, id, 'visit ' || id FROM patient;
GRANT ALL ON patient, visit TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
RESET ROLE;

--
-- Who sees what
--
SET ROLE regress_enforce_rows_de;
SELECT id, residency FROM patient ORDER BY id;		-- ok: German, within clearance; 1 2 6 7
SET ROLE regress_enforce_rows_us;
SELECT id, residency FROM patient ORDER BY id;		-- ok: American, and what is released to the US; 4 5 6 7
SET ROLE regress_enforce_rows_low;
SELECT id FROM patient ORDER BY id;					-- ok: as the first, less what needs clearance; 1 6 7
SET ROLE regress_enforce_rows_both;
SELECT id FROM patient ORDER BY id;					-- ok: what both places admit; 6 7
SET ROLE regress_enforce_rows_none;
SELECT id FROM patient ORDER BY id;					-- ok: only what nothing restricts; 6
SET ROLE regress_enforce_rows_app;
SELECT id FROM patient ORDER BY id;					-- denied: the owner has no tag
RESET ROLE;
SELECT id FROM patient ORDER BY id;					-- denied: the superuser is not filtered

-- a tagged owner is filtered like anyone
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_app IS 'at US';
SET ROLE regress_enforce_rows_app;
SELECT id FROM patient ORDER BY id;					-- ok: 4 6 7
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_app IS NULL;

-- a role that inherits a tagged role holds its grants, one that does not inherit does not
CREATE ROLE regress_enforce_rows_heir IN ROLE regress_enforce_rows_de;
CREATE ROLE regress_enforce_rows_noheir NOINHERIT IN ROLE regress_enforce_rows_de;
SET ROLE regress_enforce_rows_heir;
SELECT count(*) FROM patient;						-- ok: 4
SET ROLE regress_enforce_rows_noheir;
SELECT count(*) FROM patient;						-- ok: 1
RESET ROLE;

--
-- Every form of SELECT sees the same four rows
--
SET ROLE regress_enforce_rows_de;
SELECT count(*) FROM patient;													-- 4
SELECT count(*) FROM patient WHERE name LIKE '%';								-- 4
SELECT id FROM patient WHERE id = 5;											-- none: by key
SELECT id FROM patient WHERE residency = 'US';									-- none: by label
SELECT p.id FROM visit v JOIN patient p ON p.id = v.patient ORDER BY 1;			-- 1 2 6 7
SELECT v.id, p.name FROM visit v LEFT JOIN patient p ON p.id = v.patient ORDER BY 1;	-- names of four
SELECT v.id FROM visit v WHERE EXISTS (SELECT FROM patient p WHERE p.id = v.patient) ORDER BY 1;
SELECT v.id FROM visit v WHERE v.id NOT IN (SELECT id FROM patient) ORDER BY 1;	-- ok: says which ids he cannot see, no more
SELECT (SELECT max(name) FROM patient);											-- Gerd
SELECT v.id, l.name FROM visit v, LATERAL (SELECT name FROM patient p WHERE p.id = v.id) l ORDER BY 1;
WITH p AS MATERIALIZED (SELECT * FROM patient) SELECT count(*) FROM p;			-- 4
WITH RECURSIVE r AS (SELECT id FROM patient UNION SELECT p.id FROM patient p JOIN r ON p.id = r.id + 1)
	SELECT count(*) FROM r;														-- 4
SELECT id FROM patient UNION ALL SELECT id FROM patient ORDER BY 1;
SELECT id FROM patient EXCEPT SELECT 1 ORDER BY 1;
TABLE patient ORDER BY id;
SELECT patient FROM patient ORDER BY id;										-- whole rows
SELECT row_to_json(p) FROM patient p ORDER BY id;
SELECT count(ctid), count(xmin), count(tableoid) FROM patient;					-- system columns: 4 4 4
SELECT name FROM patient TABLESAMPLE BERNOULLI (100) ORDER BY 1;				-- Anna Bernd Fama Gerd
SELECT name, rank() OVER (ORDER BY name), count(*) OVER () FROM patient ORDER BY 1;
SELECT name FROM patient WHERE ctid = '(0,3)';									-- none: by address
SELECT id FROM patient ORDER BY id FOR UPDATE;									-- 1 2 6 7
SELECT id FROM patient ORDER BY id FOR KEY SHARE SKIP LOCKED;
SELECT p.id FROM visit v JOIN patient p ON p.id = v.patient ORDER BY 1 FOR UPDATE;	-- ok: a lock writes nothing
SELECT string_agg(name, ' ' ORDER BY name) FROM ONLY patient;
SELECT count(*) FROM (VALUES (1), (5)) v(id) JOIN patient USING (id);			-- 1
SELECT query_to_xml('SELECT id FROM enforce_rows.patient WHERE id IN (4, 6)', false, true, '');	-- 6 only
SELECT table_to_xml('enforce_rows.patient', false, true, '') IS DOCUMENT AND
	table_to_xml('enforce_rows.patient', false, true, '')::text LIKE '%Eve%' AS shows_eve;
RESET ROLE;

-- a condition with a leak of its own is tried on visible rows only
SET ROLE regress_enforce_rows_de;
CREATE FUNCTION tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
	$$ BEGIN RAISE WARNING 'saw %', $1; RETURN true; END $$;
SELECT count(*) FROM patient WHERE tell(name);		-- ok: told of four
SELECT count(*) FROM patient WHERE 1 / (id - 5) < 9;	-- ok: no division by zero of the hidden row 5
SELECT count(*) FROM patient WHERE 1 / (id - 6) < 9;	-- the visible row 6 does divide
DROP FUNCTION tell(text);
RESET ROLE;

-- NULL is no label
SELECT jurisdiction.row_visible(NULL), jurisdiction.admits(NULL);	-- visible to nobody
SET ROLE regress_enforce_rows_de;
INSERT INTO patient VALUES (20, NULL, 'X');			-- denied: no label
INSERT INTO patient (id, name) VALUES (20, 'X');	-- denied: no label, no default
UPDATE patient SET residency = NULL WHERE id = 1;	-- denied
SELECT jurisdiction.row_writable(NULL, 'patient');	-- denied
RESET ROLE;

--
-- Writing
--
SET ROLE regress_enforce_rows_de;
INSERT INTO patient VALUES (11, 'DE', 'Kai');					-- ok: stored at home, written and read at home
INSERT INTO patient VALUES (12, 'US', 'Leo');					-- denied: American data may not be stored here
INSERT INTO patient VALUES (12, 'DE:secret/health', 'Leo');		-- denied: beyond his clearance
INSERT INTO patient VALUES (12, 'DE/financial', 'Leo');			-- denied: so is that
INSERT INTO patient VALUES (12, 'DE & US', 'Leo');				-- denied: one atom too many
INSERT INTO patient VALUES (12, 'XX', 'Leo');					-- denied: an unknown place
INSERT INTO patient VALUES (12, 'DE/helth', 'Leo');				-- denied: an unknown category
INSERT INTO patient VALUES (12, 'DE', 'Leo'), (13, 'US', 'Mia');	-- denied: not one of them is written
INSERT INTO patient SELECT 12, 'US', name FROM patient WHERE id = 1;	-- denied
INSERT INTO patient SELECT 12, residency, name FROM patient WHERE id = 1;	-- ok
SELECT id, residency, name FROM patient WHERE id > 10 ORDER BY id;
INSERT INTO patient VALUES (13, 'DE', 'Mia') RETURNING id, residency;		-- ok
UPDATE patient SET name = 'Kay' WHERE id = 11 RETURNING *;					-- ok
UPDATE patient SET name = 'found' WHERE id = 5 RETURNING *;					-- none: hidden
DELETE FROM patient WHERE id IN (4, 5) RETURNING *;							-- none: hidden
DELETE FROM patient WHERE id IN (12, 13) RETURNING id;						-- ok: 12 13
UPDATE patient p SET name = 'Ohm' FROM patient q WHERE q.id = 5 AND p.id = 11;	-- none: q is filtered as well
DELETE FROM patient p USING patient q WHERE q.id = 5 AND p.id = 11;				-- none
SET ROLE regress_enforce_rows_us;
INSERT INTO patient VALUES (14, 'US', 'Ned');					-- denied: he may, the site may not
INSERT INTO patient VALUES (14, 'DE', 'Ned');					-- denied: the site may, he may not
INSERT INTO patient VALUES (14, 'unrestricted', 'Ned');			-- ok
DELETE FROM patient WHERE id = 14;								-- ok
SET ROLE regress_enforce_rows_none;
INSERT INTO patient VALUES (14, 'DE', 'Ned');					-- denied: no clearance
RESET ROLE;

-- with a rule that lets American data be kept here, he may
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis, during)
	VALUES ('allow', 'US', 'DE', '{store}', 'regress: enforce_rows', tstzrange(now(), NULL));
SET ROLE regress_enforce_rows_us;
INSERT INTO patient VALUES (14, 'US', 'Ned');					-- ok: now it may be kept here
DELETE FROM patient WHERE id = 14;
SET ROLE regress_enforce_rows_de;
INSERT INTO patient VALUES (14, 'US', 'Ned');					-- denied: kept, but not written by him
RESET ROLE;
UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now())
	WHERE basis = 'regress: enforce_rows' AND upper_inf(during);
SET ROLE regress_enforce_rows_us;
INSERT INTO patient VALUES (14, 'US', 'Ned');					-- denied: the rule has ended
RESET ROLE;

-- release lists: who writes one must be entitled to let the row go (ruling 13)
SET ROLE regress_enforce_rows_de;
INSERT INTO patient VALUES (14, 'DE>DE', 'Ned');				-- ok: it stays at home
INSERT INTO patient VALUES (15, 'DE>US', 'Ned');				-- denied: no rule exports to the US
INSERT INTO patient VALUES (15, 'DE>*', 'Ned');					-- denied: nor everywhere
UPDATE patient SET residency = 'DE>US' WHERE id = 14;			-- denied: the same by UPDATE
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_de IS 'at DE cleared confidential/health release US';
SET ROLE regress_enforce_rows_de;
INSERT INTO patient VALUES (15, 'DE>US', 'Ned');				-- ok: his to release there
INSERT INTO patient VALUES (16, 'DE>FR', 'Ned');				-- denied: not there
INSERT INTO patient VALUES (16, 'DE:secret>US', 'Ned');			-- denied: a release lifts no clearance
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_de IS 'at DE cleared confidential/health release *';
SET ROLE regress_enforce_rows_de;
INSERT INTO patient VALUES (16, 'DE>*', 'Ned');					-- ok
SET ROLE regress_enforce_rows_heir;
INSERT INTO patient VALUES (17, 'DE>*', 'Ned');					-- denied: "release" is not inherited
SET ROLE regress_enforce_rows_de;
DELETE FROM patient WHERE id BETWEEN 12 AND 19;
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_rows_de IS 'at DE cleared confidential/health';

-- ON CONFLICT: that a key is taken is known, by whom is not
SET ROLE regress_enforce_rows_de;
INSERT INTO patient VALUES (5, 'DE', 'x');										-- error: taken, without details
INSERT INTO patient VALUES (5, 'DE', 'x') ON CONFLICT DO NOTHING;				-- ok: nothing
INSERT INTO patient VALUES (5, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET name = 'x';	-- denied: the row is hidden
INSERT INTO patient VALUES (5, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET name = 'x' RETURNING *;	-- denied
INSERT INTO patient VALUES (11, 'DE', 'Kim') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING *;	-- ok
INSERT INTO patient VALUES (11, 'US', 'Kim') ON CONFLICT (id) DO UPDATE SET name = excluded.name;	-- denied: the new row's label
INSERT INTO patient VALUES (11, 'DE', 'Kim') ON CONFLICT (id) DO UPDATE SET residency = 'US';	-- denied
RESET ROLE;

-- MERGE: a hidden row is one that is not there
SET ROLE regress_enforce_rows_de;
MERGE INTO patient p USING (VALUES (2, 'Bernhard'), (5, 'seen')) v(id, name) ON p.id = v.id
	WHEN MATCHED THEN UPDATE SET name = v.name;						-- ok: 2 only
MERGE INTO patient p USING visit v ON p.id = v.id
	WHEN MATCHED AND p.id = 5 THEN DELETE;							-- none
MERGE INTO patient p USING (VALUES (5)) v(id) ON p.id = v.id
	WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'DE', 'x');			-- error: the key is taken
MERGE INTO patient p USING (VALUES (15)) v(id) ON p.id = v.id
	WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'US', 'x');			-- denied: label
MERGE INTO patient p USING (VALUES (15)) v(id) ON p.id = v.id
	WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'DE', 'x');			-- ok
MERGE INTO patient p USING (VALUES (15)) v(id) ON p.id = v.id
	WHEN MATCHED THEN DELETE;										-- ok
MERGE INTO visit v USING patient p ON p.id = v.id
	WHEN MATCHED THEN UPDATE SET note = p.name;						-- denied: into an untagged table
SELECT id, name FROM patient ORDER BY id;
RESET ROLE;

--
-- Views of every kind
--
SET ROLE regress_enforce_rows_app;
CREATE VIEW app_view AS SELECT * FROM patient;
CREATE VIEW invoker_view WITH (security_invoker) AS SELECT * FROM patient;
CREATE VIEW barrier_view WITH (security_barrier) AS SELECT * FROM patient WHERE id > 0;
CREATE VIEW deep_view AS SELECT * FROM app_view;
RESET ROLE;
CREATE VIEW super_view AS SELECT * FROM patient;
CREATE VIEW super_invoker_view WITH (security_invoker) AS SELECT * FROM patient;
SET ROLE regress_enforce_rows_us;
CREATE VIEW us_view AS SELECT * FROM patient;
RESET ROLE;
GRANT ALL ON ALL TABLES IN SCHEMA enforce_rows TO PUBLIC;
SET ROLE regress_enforce_rows_de;
SELECT id FROM app_view ORDER BY id;				-- ok: as this session
SELECT id FROM invoker_view ORDER BY id;			-- ok
SELECT id FROM barrier_view ORDER BY id;			-- ok
SELECT id FROM deep_view ORDER BY id;				-- ok
SELECT id FROM us_view ORDER BY id;					-- ok: the view owner's tag is not this session's
SELECT id FROM super_view ORDER BY id;				-- denied: row security does not bind its owner
SELECT id FROM super_invoker_view ORDER BY id;		-- ok
SELECT count(*) FROM app_view a JOIN super_view s USING (id);	-- denied
UPDATE app_view SET name = 'Kit' WHERE id = 11;		-- ok
UPDATE app_view SET name = 'Kit' WHERE id = 5 RETURNING id;	-- none
UPDATE super_view SET name = 'Kit' WHERE id = 11;	-- denied
INSERT INTO app_view VALUES (15, 'US', 'x');		-- denied
SET ROLE regress_enforce_rows_app;
SELECT id FROM us_view ORDER BY id;					-- denied: an untagged owner behind a view is still one
CREATE MATERIALIZED VIEW app_matview AS SELECT * FROM patient;	-- denied: the owner may not read
RESET ROLE;
CREATE MATERIALIZED VIEW super_matview AS SELECT * FROM patient;	-- denied
CREATE MATERIALIZED VIEW empty_matview AS SELECT * FROM patient WITH NO DATA;	-- ok: it holds nothing
REFRESH MATERIALIZED VIEW empty_matview;			-- denied: nor will it
SET ROLE regress_enforce_rows_de;
CREATE MATERIALIZED VIEW de_matview AS SELECT * FROM patient;	-- ok: under the label of what it holds
SELECT tag FROM jurisdiction.tag WHERE object_identity LIKE '%de_matview';
REFRESH MATERIALIZED VIEW de_matview;				-- ok: its label is found anew
RESET ROLE;

--
-- Functions of every kind
--
SET ROLE regress_enforce_rows_app;
CREATE FUNCTION inlined() RETURNS SETOF patient STABLE LANGUAGE sql AS 'SELECT * FROM enforce_rows.patient';
CREATE FUNCTION not_inlined() RETURNS SETOF patient VOLATILE LANGUAGE sql AS 'SELECT * FROM enforce_rows.patient';
CREATE FUNCTION atomic() RETURNS SETOF patient STABLE LANGUAGE sql BEGIN ATOMIC SELECT * FROM enforce_rows.patient; END;
CREATE FUNCTION scalar(int) RETURNS text STABLE LANGUAGE sql AS 'SELECT name FROM enforce_rows.patient WHERE id = $1';
CREATE FUNCTION lied(int) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT name FROM enforce_rows.patient WHERE id = $1';
CREATE FUNCTION procedural() RETURNS SETOF patient LANGUAGE plpgsql AS
	$$ BEGIN RETURN QUERY SELECT * FROM enforce_rows.patient; END $$;
CREATE FUNCTION dynamic() RETURNS SETOF patient LANGUAGE plpgsql AS
	$$ BEGIN RETURN QUERY EXECUTE 'SELECT * FROM enforce_rows.patient'; END $$;
CREATE FUNCTION definer() RETURNS SETOF patient STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT * FROM enforce_rows.patient';
RESET ROLE;
CREATE FUNCTION super_definer() RETURNS SETOF patient STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT * FROM enforce_rows.patient';
CREATE FUNCTION super_dynamic() RETURNS bigint SECURITY DEFINER LANGUAGE plpgsql AS
	$$ BEGIN RETURN (SELECT count(*) FROM enforce_rows.patient); END $$;
SET ROLE regress_enforce_rows_us;
CREATE FUNCTION us_definer() RETURNS SETOF patient STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT * FROM enforce_rows.patient';
SET ROLE regress_enforce_rows_de;
SELECT id FROM inlined() ORDER BY 1;				-- ok: 1 2 6 7 11
SELECT id FROM not_inlined() ORDER BY 1;
SELECT id FROM atomic() ORDER BY 1;
SELECT v.id, scalar(v.id) FROM visit v WHERE id IN (2, 5) ORDER BY 1;	-- Bernhard, none
SELECT lied(2), lied(5);
SELECT id FROM procedural() ORDER BY 1;
SELECT id FROM dynamic() ORDER BY 1;
SELECT id FROM definer() ORDER BY 1;				-- ok: the session counts, not the function's owner
SELECT id FROM us_definer() ORDER BY 1;				-- ok: likewise; not 4
SELECT id FROM super_definer() ORDER BY 1;			-- denied
SELECT super_dynamic();								-- denied
DO $$ DECLARE r record; BEGIN
	FOR r IN SELECT id FROM enforce_rows.patient ORDER BY id LOOP RAISE WARNING 'saw %', r.id; END LOOP; END $$;	-- ok
SET ROLE regress_enforce_rows_app;
SELECT id FROM definer() ORDER BY 1;				-- denied: an untagged owner
SELECT lied(2);										-- denied: while planning, too
RESET ROLE;
DO $$ BEGIN PERFORM FROM enforce_rows.patient; END $$;	-- denied

-- a function may not switch the session's role to one with another tag by itself
CREATE FUNCTION as_us() RETURNS bigint LANGUAGE plpgsql SET role = regress_enforce_rows_us AS
	$$ BEGIN RETURN (SELECT count(*) FROM enforce_rows.patient); END $$;
SELECT as_us();										-- ok: superuser may SET ROLE, and is then that role
SET SESSION AUTHORIZATION regress_enforce_rows_de;
SELECT as_us();										-- denied: no member of it
RESET SESSION AUTHORIZATION;

--
-- Prepared and cached plans across SET ROLE
--
SET plan_cache_mode = force_generic_plan;
PREPARE mine AS SELECT id FROM patient ORDER BY id;
SET ROLE regress_enforce_rows_de;
EXECUTE mine;					-- ok: 1 2 6 7 11
SET ROLE regress_enforce_rows_us;
EXECUTE mine;					-- ok: 4 5 6 7
SELECT count(*) FROM procedural();	-- ok: 4
SET ROLE regress_enforce_rows_none;
EXECUTE mine;					-- ok: 6
RESET ROLE;
EXECUTE mine;					-- denied
SET ROLE regress_enforce_rows_de;
EXECUTE mine;					-- ok: as before
-- and across a rule: the next execution knows
RESET ROLE;
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis, during)
	VALUES ('deny', 'DE', 'US', '{read}', 'regress: enforce_rows 2', tstzrange(now(), NULL));
SET ROLE regress_enforce_rows_us;
EXECUTE mine;					-- ok: 4 5 6; the deny beats the release of 7
RESET ROLE;
UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now())
	WHERE basis = 'regress: enforce_rows 2' AND upper_inf(during);
SET ROLE regress_enforce_rows_us;
EXECUTE mine;					-- ok: 4 5 6 7
RESET ROLE;
DEALLOCATE mine;
-- what a mislabelled function read while planning does not stay in a plan
SET ROLE regress_enforce_rows_de;
PREPARE folded AS SELECT lied(2), lied(5);
EXECUTE folded;					-- ok: Bernhard, none
SET ROLE regress_enforce_rows_us;
EXECUTE folded;					-- ok: none, Eve
SET ROLE regress_enforce_rows_de;
EXECUTE folded;					-- ok: Bernhard, none
CREATE FUNCTION folds() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN enforce_rows.lied(2); END $$;
SELECT folds();					-- ok: Bernhard
SET ROLE regress_enforce_rows_us;
SELECT folds();					-- ok: none
RESET ROLE;
DEALLOCATE folded;
RESET plan_cache_mode;

--
-- Parallel plans
--
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT CASE WHEN :SERVER_VERSION_NUM < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET :parallel_mode = on;
SET ROLE regress_enforce_rows_de;
SELECT count(*), max(name) FROM patient;					-- 5 Kit: through the view, above
EXPLAIN (COSTS OFF) SELECT count(*) FROM patient;			-- the filter runs in the workers
SET ROLE regress_enforce_rows_us;
SELECT count(*), max(name) FROM patient;					-- 4 Gerd
SELECT id FROM inlined() ORDER BY 1;
RESET ROLE;
SELECT count(*) FROM patient;								-- denied
RESET :parallel_mode;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

--
-- An application's own row security
--
SET ROLE regress_enforce_rows_app;
CREATE POLICY app_even ON patient FOR SELECT USING (id % 2 = 0);	-- permissive: replaces our TRUE
SET ROLE regress_enforce_rows_de;
SELECT id FROM patient ORDER BY id;							-- ok: 2 6: both must agree
INSERT INTO patient VALUES (16, 'DE', 'x');					-- denied: the application has no policy for INSERT
SET ROLE regress_enforce_rows_app;
CREATE POLICY app_all ON patient USING (true) WITH CHECK (true);
SET ROLE regress_enforce_rows_de;
SELECT id FROM patient ORDER BY id;							-- ok: 1 2 6 7 11: a permissive policy opens nothing of ours
INSERT INTO patient VALUES (16, 'DE', 'x');					-- ok
INSERT INTO patient VALUES (17, 'US', 'x');					-- denied: ours
DELETE FROM patient WHERE id = 16;
SET ROLE regress_enforce_rows_app;
CREATE POLICY app_not_7 ON patient AS RESTRICTIVE USING (id <> 7);
SET ROLE regress_enforce_rows_de;
SELECT id FROM patient ORDER BY id;							-- ok: 1 2 6 11
SET ROLE regress_enforce_rows_app;
DROP POLICY app_even ON patient;
DROP POLICY app_all ON patient;
DROP POLICY app_not_7 ON patient;
CREATE POLICY app_us ON patient TO regress_enforce_rows_us USING (true);	-- of another role: still the application's
SET ROLE regress_enforce_rows_de;
SELECT id FROM patient ORDER BY id;							-- none
SET ROLE regress_enforce_rows_us;
SELECT id FROM patient ORDER BY id;							-- ok: 4 5 6 7
SET ROLE regress_enforce_rows_app;
DROP POLICY app_us ON patient;
RESET ROLE;

--
-- A table's own label is the floor of every row
--
SET ROLE regress_enforce_rows_app;
CREATE TABLE digest (id int PRIMARY KEY, residency jurisdiction.label, note text);
INSERT INTO digest VALUES (1, 'DE', 'x'), (2, 'unrestricted', 'y'), (3, 'DE:confidential/health', 'z');
GRANT ALL ON digest TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON TABLE digest IS 'DE:confidential/health';
SET ROLE regress_enforce_rows_de;
SELECT id FROM digest ORDER BY id;							-- ok: all
INSERT INTO digest VALUES (4, NULL, 'w');					-- ok: the column is no row label yet
SET ROLE regress_enforce_rows_low;
SELECT id FROM digest ORDER BY id;							-- none: not cleared
INSERT INTO digest VALUES (5, 'DE', 'w');					-- denied
SET ROLE regress_enforce_rows_us;
SELECT id FROM digest ORDER BY id;							-- none
RESET ROLE;
SET ROLE regress_enforce_rows_app;
SECURITY LABEL FOR jurisdiction ON COLUMN digest.residency IS 'rows';	-- error: row 4 has no label
RESET ROLE;
SET ROLE regress_enforce_rows_de;
DELETE FROM digest WHERE id = 4;
SET ROLE regress_enforce_rows_app;
SECURITY LABEL FOR jurisdiction ON COLUMN digest.residency IS 'rows';	-- ok: both hold now
SET ROLE regress_enforce_rows_de;
SELECT id FROM digest ORDER BY id;							-- ok: all
SET ROLE regress_enforce_rows_low;
SELECT id FROM digest ORDER BY id;							-- none: not even the unrestricted row
RESET ROLE;

--
-- Partitions and inheritance: tagged from above, read from anywhere
--
SET ROLE regress_enforce_rows_app;
CREATE TABLE event (id int, residency jurisdiction.label NOT NULL, what text) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
INSERT INTO event VALUES (1, 'DE', 'a'), (2, 'US', 'b');
SECURITY LABEL FOR jurisdiction ON COLUMN event.residency IS 'rows';
GRANT ALL ON event, event_1 TO PUBLIC;
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);	-- ok: tagged at birth
GRANT ALL ON event_2 TO PUBLIC;
CREATE TABLE event_3 (id int, residency jurisdiction.label NOT NULL, what text);
INSERT INTO event_3 VALUES (21, 'DE', 'c'), (22, 'US', 'd');
GRANT ALL ON event_3 TO PUBLIC;
ALTER TABLE event ATTACH PARTITION event_3 FOR VALUES FROM (20) TO (30);	-- ok: tagged now
SELECT object_identity, column_name, tag, inherited_from FROM jurisdiction.tag
	WHERE object_identity LIKE 'event%' ORDER BY 1;
SET ROLE regress_enforce_rows_de;
INSERT INTO event VALUES (11, 'DE', 'e');			-- ok: routed
INSERT INTO event VALUES (12, 'US', 'e');			-- denied: routed or not
INSERT INTO event_2 VALUES (13, 'DE', 'e');			-- ok: directly
INSERT INTO event_2 VALUES (13, 'US', 'e');			-- denied
SELECT id FROM event ORDER BY id;					-- 1 11 13 21
SELECT id FROM event_1 ORDER BY id;					-- 1
SELECT id FROM event_2 ORDER BY id;					-- 11 13
SELECT id FROM event_3 ORDER BY id;					-- 21
UPDATE event SET id = 14 WHERE id = 1 RETURNING id, tableoid::regclass;	-- ok: moves to another partition
UPDATE event SET id = 15, residency = 'US' WHERE id = 14;	-- denied: the label does not change on the way
UPDATE event SET id = 15 WHERE id = 22;				-- none
SET ROLE regress_enforce_rows_app;
SELECT id FROM event ORDER BY id;					-- denied
SELECT id FROM event_1 ORDER BY id;					-- denied
ALTER TABLE event DETACH PARTITION event_3;			-- denied: needs an officer
RESET ROLE;
ALTER TABLE event DETACH PARTITION event_3;			-- ok: one stands in; it keeps its tags
SET ROLE regress_enforce_rows_de;
SELECT id FROM event_3 ORDER BY id;					-- 21
RESET ROLE;

SET ROLE regress_enforce_rows_app;
CREATE TABLE base (id int, residency jurisdiction.label NOT NULL);
CREATE TABLE derived (extra text) INHERITS (base);
INSERT INTO derived VALUES (1, 'DE', 'x'), (2, 'US', 'y');
GRANT ALL ON base, derived TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN base.residency IS 'rows';
CREATE TABLE adopted (id int, residency jurisdiction.label NOT NULL, more text);
INSERT INTO adopted VALUES (3, 'DE', 'x'), (4, 'US', 'y');
GRANT ALL ON adopted TO PUBLIC;
ALTER TABLE adopted INHERIT base;					-- ok: tagged now
SET ROLE regress_enforce_rows_de;
SELECT id FROM base ORDER BY id;					-- 1 3
SELECT id FROM derived ORDER BY id;					-- 1
SELECT id FROM adopted ORDER BY id;					-- 3
SELECT id FROM ONLY base;							-- none
SET ROLE regress_enforce_rows_app;
ALTER TABLE adopted NO INHERIT base;				-- denied
CREATE TABLE above (id int, residency jurisdiction.label NOT NULL);	-- an untagged parent
GRANT ALL ON above TO PUBLIC;
ALTER TABLE derived INHERIT above;					-- denied: rows could be read from above
CREATE TABLE event_above (id int, residency jurisdiction.label NOT NULL, what text) PARTITION BY RANGE (id);
ALTER TABLE event_above ATTACH PARTITION event_3 FOR VALUES FROM (20) TO (30);	-- denied
RESET ROLE;
ALTER TABLE derived INHERIT above;					-- ok: an officer may
SET ROLE regress_enforce_rows_de;
SELECT id FROM above ORDER BY id;					-- denied: unfiltered by the parent
SELECT id FROM ONLY above;							-- ok: none
UPDATE above SET id = id;							-- denied
DELETE FROM above;									-- denied
RESET ROLE;
-- a child tagged below a parent that is not
SET ROLE regress_enforce_rows_app;
CREATE TABLE plain_parent (id int, residency jurisdiction.label NOT NULL);
CREATE TABLE tagged_child () INHERITS (plain_parent);
INSERT INTO tagged_child VALUES (1, 'DE'), (2, 'US');
INSERT INTO plain_parent VALUES (3, 'US');
GRANT ALL ON plain_parent, tagged_child TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN tagged_child.residency IS 'rows';	-- ok: tightens
SET ROLE regress_enforce_rows_de;
SELECT id FROM tagged_child ORDER BY id;			-- ok: 1
SELECT id FROM plain_parent ORDER BY id;			-- denied: it would show 2
SELECT id FROM ONLY plain_parent ORDER BY id;		-- ok: 3, which nobody has tagged
SET ROLE regress_enforce_rows_app;
SECURITY LABEL FOR jurisdiction ON COLUMN plain_parent.residency IS 'rows';	-- ok
SET ROLE regress_enforce_rows_de;
SELECT id FROM plain_parent ORDER BY id;			-- ok: 1
RESET ROLE;

--
-- Into a table without a label nothing goes (ruling 27)
--
SET ROLE regress_enforce_rows_de;
CREATE TABLE copied AS SELECT * FROM patient;					-- ok: under the label of what it holds
SELECT tag FROM jurisdiction.tag WHERE object_identity LIKE '%copied';
SELECT count(*) FROM copied;									-- ok: cleared for it
DROP TABLE copied;
SELECT * INTO copied FROM patient;								-- ok: likewise
SELECT count(*) FROM jurisdiction.tag WHERE object_identity LIKE '%copied';
DROP TABLE copied;
CREATE TEMP TABLE copied AS SELECT name FROM patient;			-- ok: likewise
SELECT count(*) FROM jurisdiction.tag WHERE object_identity LIKE '%copied';
DROP TABLE copied;
CREATE TABLE copied AS SELECT * FROM app_view;					-- ok: likewise
SELECT count(*) FROM jurisdiction.tag WHERE object_identity LIKE '%copied';
DROP TABLE copied;
CREATE TABLE copied AS SELECT * FROM inlined();					-- ok: likewise
SELECT count(*) FROM jurisdiction.tag WHERE object_identity LIKE '%copied';
DROP TABLE copied;
CREATE TABLE copied AS SELECT * FROM not_inlined();				-- ok: likewise
SELECT count(*) FROM jurisdiction.tag WHERE object_identity LIKE '%copied';
DROP TABLE copied;
CREATE TABLE copied AS SELECT * FROM procedural();				-- ok: likewise
SELECT count(*) FROM jurisdiction.tag WHERE object_identity LIKE '%copied';
DROP TABLE copied;
CREATE TABLE copied AS SELECT * FROM patient WITH NO DATA;		-- ok: holds nothing
INSERT INTO copied SELECT * FROM patient;						-- denied: and is not tagged
DROP TABLE copied;
CREATE TABLE copied AS SELECT * FROM visit;						-- ok: was not tagged
DROP TABLE copied;
INSERT INTO visit SELECT id + 100, id, name FROM patient;		-- denied
INSERT INTO visit VALUES (100, 1, (SELECT name FROM patient WHERE id = 1));	-- denied
UPDATE visit v SET note = p.name FROM patient p WHERE p.id = v.id;	-- denied
WITH p AS (SELECT * FROM patient) INSERT INTO visit SELECT id + 100, id, name FROM p;	-- denied
WITH p AS (UPDATE patient SET name = name RETURNING *) INSERT INTO visit SELECT id + 100, id, name FROM p;	-- denied
INSERT INTO visit SELECT id + 100, id, scalar(id) FROM visit WHERE id = 2;	-- denied: read by a function
INSERT INTO visit VALUES (100, 1, lied(1));						-- denied: read while planning
UPDATE visit SET note = (SELECT string_agg(name, '') FROM procedural());	-- denied
CREATE FUNCTION read_on_insert() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.note := (SELECT max(name) FROM enforce_rows.patient); RETURN NEW; END $$;
SET ROLE regress_enforce_rows_app;
CREATE TRIGGER t BEFORE INSERT ON visit FOR EACH ROW EXECUTE FUNCTION read_on_insert();
SET ROLE regress_enforce_rows_de;
INSERT INTO visit VALUES (100, 1, '');							-- denied: read by a trigger
SET ROLE regress_enforce_rows_app;
DROP TRIGGER t ON visit;
SET ROLE regress_enforce_rows_de;
INSERT INTO visit SELECT id + 100, id, note FROM visit WHERE id = 2;	-- ok
DELETE FROM visit v USING patient p WHERE p.id = v.id AND v.id > 100;	-- ok: writes nothing
DELETE FROM visit WHERE id > 100;
RESET ROLE;
INSERT INTO jurisdiction.exemption (kind, role_name, basis)
	VALUES ('declassify', 'regress_enforce_rows_de', 'regress');
SET ROLE regress_enforce_rows_de;
CREATE TABLE copied AS SELECT id FROM patient;					-- ok: exempted
SELECT id FROM copied ORDER BY id;								-- and only of what he sees
DROP TABLE copied;
INSERT INTO visit SELECT id + 100, id, scalar(id) FROM visit WHERE id = 1 RETURNING note;	-- ok
DELETE FROM visit WHERE id > 100;
RESET ROLE;
UPDATE jurisdiction.exemption SET until = now() WHERE role_name = 'regress_enforce_rows_de' AND until IS NULL;
SET ROLE regress_enforce_rows_de;
CREATE TABLE copied AS SELECT id FROM patient;					-- labelled again: it has ended
SELECT count(*) FROM jurisdiction.tag WHERE object_identity LIKE '%copied';
DROP TABLE copied;
RESET ROLE;

--
-- Errors do not tell what is hidden
--
\set VERBOSITY default
SET ROLE regress_enforce_rows_de;
INSERT INTO patient VALUES (5, 'DE', 'x');						-- error: the key, without a detail
INSERT INTO patient VALUES (15, 'US', 'x');						-- denied: which, why, and where to ask
INSERT INTO patient VALUES (15, NULL, 'x');						-- denied
INSERT INTO patient VALUES (15, 'DE>US', 'x');					-- denied
INSERT INTO visit SELECT id + 100, id, name FROM patient;		-- denied
RESET ROLE;

DROP SCHEMA enforce_rows CASCADE;
DROP ROLE regress_enforce_rows_heir, regress_enforce_rows_noheir;
DROP ROLE regress_enforce_rows_app, regress_enforce_rows_de, regress_enforce_rows_us,
	regress_enforce_rows_low, regress_enforce_rows_both, regress_enforce_rows_none;
