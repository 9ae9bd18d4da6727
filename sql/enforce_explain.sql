--
-- Plans and statistics: what a session may not read does not show there.
-- ann is cleared for the table's ceiling, eve for one of its two labels.
--
CREATE SCHEMA enforce_explain;
GRANT ALL ON SCHEMA enforce_explain TO PUBLIC;
SET search_path = enforce_explain;
CREATE ROLE regress_explain_ann;
CREATE ROLE regress_explain_eve;
CREATE ROLE regress_explain_owner;
SECURITY LABEL FOR jurisdiction ON ROLE regress_explain_ann
	IS 'at DE cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_explain_eve IS 'at DE';
SET client_min_messages = warning;
GRANT regress_explain_owner TO CURRENT_USER;
RESET client_min_messages;

CREATE TABLE visit (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, place text, ward text);
INSERT INTO visit
	SELECT g, (CASE WHEN g <= 10 THEN 'DE' ELSE 'DE:confidential/health' END)::jurisdiction.label,
		   CASE WHEN g <= 10 THEN 'home' ELSE 'canary' END, 'w' || g % 7
	  FROM generate_series(1, 1000) g;
CREATE INDEX visit_place ON visit (place);
CREATE STATISTICS visit_stat (mcv) ON place, ward FROM visit;
CREATE STATISTICS visit_expr ON (place || ward) FROM visit;
CREATE TABLE open_table (id int PRIMARY KEY, place text);
INSERT INTO open_table SELECT g, 'p' || g FROM generate_series(1, 100) g;
ANALYZE visit, open_table;

-- where the statistics show "canary", a most common value
CREATE FUNCTION finds() RETURNS TABLE (where_ text, shows boolean) LANGUAGE plpgsql AS $$
DECLARE
	source text;
BEGIN
	FOREACH source IN ARRAY ARRAY['pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs',
			'pg_statistic', 'pg_statistic_ext_data'] LOOP
		where_ := source;
		BEGIN
			EXECUTE format('SELECT coalesce(bool_or(t::text LIKE ''%%canary%%''), false) FROM %I t', source)
				INTO shows;
		EXCEPTION WHEN insufficient_privilege THEN
			shows := NULL;
		END;
		RETURN NEXT;
	END LOOP;
END$$;
SELECT * FROM finds();							-- everywhere, as nothing is tagged yet
SECURITY LABEL FOR jurisdiction ON COLUMN visit.residency IS 'rows within DE:confidential/health';
CREATE VIEW visit_view WITH (security_invoker) AS SELECT * FROM visit;
ALTER TABLE visit OWNER TO regress_explain_owner;
GRANT ALL ON ALL TABLES IN SCHEMA enforce_explain TO PUBLIC;

-- whatever EXPLAIN prints, reduced to what could tell of hidden rows
CREATE FUNCTION tells(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	has_costs boolean := false;
	has_counts boolean := false;
BEGIN
	FOR line IN EXECUTE statement LOOP
		has_costs := has_costs OR line ~ 'cost=|Total.Cost|rows=|Plan.Rows';
		has_counts := has_counts OR line ~ 'actual|Removed|Actual';
	END LOOP;
	RETURN concat_ws(' and ', CASE WHEN has_costs THEN 'estimates' END,
					 CASE WHEN has_counts THEN 'counts' END);
END$$;

-- cleared for all of it: EXPLAIN is what it was
SET ROLE regress_explain_ann;
SELECT tells('EXPLAIN SELECT * FROM visit WHERE place = ''canary''');					-- estimates
SELECT tells('EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM visit WHERE place = ''canary''');	-- counts
-- an untagged table: the same for anybody
SET ROLE regress_explain_eve;
SELECT tells('EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM open_table');					-- ok

-- not cleared for all of it: the shape, and no number
SELECT count(*) FROM visit WHERE place = 'canary';										-- 0
EXPLAIN SELECT * FROM visit WHERE id = 500;												-- no estimates
EXPLAIN (COSTS OFF) SELECT * FROM visit WHERE id = 500;									-- ok: none asked for
EXPLAIN (BUFFERS, COSTS OFF) SELECT * FROM visit WHERE id = 500;							-- nor what planning met
SELECT tells('EXPLAIN (COSTS, COSTS ON) SELECT * FROM visit');							-- none
SELECT tells('EXPLAIN (FORMAT json) SELECT * FROM visit');								-- none
SELECT tells('EXPLAIN (FORMAT xml, VERBOSE) SELECT * FROM visit');						-- none
SELECT tells('EXPLAIN (FORMAT yaml) SELECT * FROM open_table JOIN visit USING (id)');	-- none
SELECT tells('EXPLAIN SELECT * FROM visit_view');										-- none: a view of it
SELECT tells('EXPLAIN SELECT 1 WHERE EXISTS (SELECT FROM visit WHERE place = ''canary'')');	-- none
SELECT tells('EXPLAIN WITH v AS MATERIALIZED (SELECT * FROM visit) SELECT * FROM v');	-- none
SELECT tells('EXPLAIN UPDATE visit SET ward = ward WHERE place = ''canary''');			-- none
SELECT tells('EXPLAIN DELETE FROM open_table USING visit v WHERE v.id = open_table.id');	-- none
SELECT tells('EXPLAIN DECLARE c CURSOR FOR SELECT * FROM visit');						-- none
EXPLAIN ANALYZE SELECT * FROM visit WHERE place = 'canary';								-- denied
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM visit;				-- denied
EXPLAIN (ANALYZE off) SELECT * FROM visit WHERE id = 1;									-- no estimates
EXPLAIN ANALYZE SELECT * FROM visit_view;												-- denied: a view of it
EXPLAIN ANALYZE UPDATE visit SET ward = ward WHERE id = 1;								-- denied
EXPLAIN ANALYZE CREATE TABLE copied AS SELECT * FROM visit;								-- denied

-- prepared statements go another way through the server
PREPARE one(text) AS SELECT * FROM visit WHERE place = $1;
SELECT tells('EXPLAIN EXECUTE one(''canary'')');										-- none
EXPLAIN ANALYZE EXECUTE one('canary');													-- denied
EXPLAIN ANALYZE CREATE TABLE copied AS EXECUTE one('canary');							-- denied
PREPARE other AS SELECT * FROM open_table;
SELECT tells('EXPLAIN EXECUTE other');													-- ok: untagged
EXPLAIN EXECUTE none_such;																-- error: the server's own
DEALLOCATE other;
-- a statement kept by a function is not changed by explaining it
CREATE FUNCTION explained() RETURNS SETOF text LANGUAGE plpgsql AS
	$$BEGIN RETURN QUERY EXECUTE 'EXPLAIN SELECT * FROM enforce_explain.visit WHERE id = 3'; END$$;
SELECT count(*) FROM explained() AS t WHERE t ~ 'cost';									-- 0
SELECT count(*) FROM explained() AS t WHERE t ~ 'cost';									-- 0
SET ROLE regress_explain_ann;
SELECT count(*) FROM explained() AS t WHERE t ~ 'cost';									-- 1: cleared
SELECT tells('EXPLAIN SELECT * FROM visit');											-- estimates

-- plans as messages: they stay in the server's log
SET ROLE regress_explain_eve;
SET client_min_messages = log;
SET debug_print_plan = on;
SELECT count(*) FROM visit WHERE place = 'canary';										-- 0, and no plan
RESET debug_print_plan;
RESET client_min_messages;

-- a table without a ceiling is never known to be wholly readable
RESET ROLE;
CREATE TABLE loose (id int, residency jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN loose.residency IS 'rows';
GRANT ALL ON loose TO PUBLIC;
SET ROLE regress_explain_ann;
SELECT tells('EXPLAIN SELECT * FROM loose');											-- none
-- nor one whose static label is not admitted, or with a masked column in use
RESET ROLE;
CREATE TABLE fixed (id int, name text);
SECURITY LABEL FOR jurisdiction ON TABLE fixed IS 'DE/health';
SECURITY LABEL FOR jurisdiction ON COLUMN fixed.name IS ':secret';
GRANT ALL ON fixed TO PUBLIC;
SET ROLE regress_explain_eve;
SELECT tells('EXPLAIN SELECT id FROM fixed');											-- none
SET ROLE regress_explain_ann;
SELECT tells('EXPLAIN SELECT id FROM fixed');											-- estimates
SELECT tells('EXPLAIN SELECT id FROM fixed WHERE name = ''x''');						-- none: masked
RESET ROLE;

--
-- Statistics hold values.
--
CREATE ROLE regress_explain_bypass BYPASSRLS;
CREATE ROLE regress_explain_super SUPERUSER;
SET ROLE regress_explain_eve;
SELECT * FROM finds();							-- false, or denied (null)
SET ROLE regress_explain_ann;
SELECT * FROM finds();							-- likewise: row security hides them from all
SET ROLE regress_explain_owner;
SELECT * FROM finds();
SET ROLE regress_explain_bypass;
SELECT * FROM finds();
SET ROLE regress_explain_super;
SELECT * FROM finds();
RESET ROLE;

--
-- Errors of constraints name no value of a row that is hidden.
--
ALTER TABLE visit ADD CONSTRAINT visit_key UNIQUE (place, id);
ALTER TABLE visit ADD CONSTRAINT visit_ward CHECK (ward <> 'none');
CREATE TABLE refers (id int REFERENCES visit (id));
GRANT ALL ON refers TO PUBLIC;
INSERT INTO refers VALUES (500);
SET ROLE regress_explain_eve;
INSERT INTO visit VALUES (500, 'DE', 'x', 'y');					-- error without values; that it exists shows
INSERT INTO visit VALUES (500, 'DE', 'x', 'y') ON CONFLICT (id) DO UPDATE SET ward = 'z';	-- the same
UPDATE visit SET ward = 'none';									-- error without the row
DELETE FROM visit WHERE id = 500;								-- 0 rows
INSERT INTO refers VALUES (100000);								-- error with its own key only
INSERT INTO refers VALUES (501);								-- ok: that it exists shows
RESET ROLE;

RESET search_path;
DROP SCHEMA enforce_explain CASCADE;
DROP ROLE regress_explain_ann, regress_explain_eve, regress_explain_owner,
	regress_explain_bypass, regress_explain_super;
