--
-- Plans: a filter that can exclude nothing is left out, and comes back when it
-- could; relabelling; statistics.
--
CREATE SCHEMA enforce_plan;
SET search_path = enforce_plan;
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE ROLE regress_enforce_plan_app;
CREATE ROLE regress_enforce_plan_high;		-- admitted to the whole ceiling
CREATE ROLE regress_enforce_plan_low;		-- not
GRANT ALL ON SCHEMA enforce_plan TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_plan_high IS 'at DE cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_plan_low IS 'at DE';

SET ROLE regress_enforce_plan_app;
CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text);
INSERT INTO patient SELECT i, CASE WHEN i % 2 = 0 THEN 'DE:confidential/health' ELSE 'DE' END::jurisdiction.label, 'n' || i
	FROM generate_series(1, 100) i;
CREATE TABLE plain AS SELECT id, name FROM patient;
GRANT ALL ON patient, plain TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE:confidential/health';
CREATE VIEW view AS SELECT * FROM patient;
GRANT SELECT ON view TO PUBLIC;
CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM enforce_plan.patient); END $$;
CREATE FUNCTION inlined() RETURNS SETOF patient STABLE LANGUAGE sql AS 'SELECT * FROM enforce_plan.patient';
RESET ROLE;

--
-- The filter goes for whom it cannot exclude anything
--
SET ROLE regress_enforce_plan_low;
EXPLAIN (COSTS OFF) SELECT * FROM patient WHERE name = 'n1';	-- filtered
SET ROLE regress_enforce_plan_high;
EXPLAIN (COSTS OFF) SELECT * FROM patient WHERE name = 'n1';	-- as the untagged table
EXPLAIN (COSTS OFF) SELECT * FROM view WHERE name = 'n1';
EXPLAIN (COSTS OFF) SELECT count(*) FROM patient p JOIN plain USING (id) WHERE p.id = 7;
EXPLAIN (COSTS OFF) UPDATE patient SET name = 'x' WHERE name = 'y';
SET ROLE regress_enforce_plan_low;
EXPLAIN (COSTS OFF) UPDATE patient SET name = 'x' WHERE name = 'y';
RESET ROLE;

--
-- A plan without a filter is for whom it was made
--
SET plan_cache_mode = force_generic_plan;
PREPARE p AS SELECT count(*) FROM patient;
SET ROLE regress_enforce_plan_high;
EXECUTE p;										-- ok: 100
SELECT counted();								-- ok: 100
SELECT count(*) FROM inlined();					-- ok: 100
EXPLAIN (COSTS OFF) EXECUTE p;					-- without filter
SET ROLE regress_enforce_plan_low;
EXECUTE p;										-- ok: 50
SELECT counted();								-- ok: 50
SELECT count(*) FROM inlined();					-- ok: 50
EXPLAIN (COSTS OFF) EXECUTE p;					-- with it
SET ROLE regress_enforce_plan_high;
EXECUTE p;										-- ok: 100 again
-- the role's tag changes under it
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_plan_high IS 'at US cleared confidential/health';
SET ROLE regress_enforce_plan_high;
EXECUTE p;										-- ok: 0
SELECT counted();								-- ok: 0
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_plan_high IS 'at DE cleared confidential/health';
SET ROLE regress_enforce_plan_high;
EXECUTE p;										-- ok: 100
SELECT counted();
-- a rule comes and goes
RESET ROLE;
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis, during)
	VALUES ('deny', 'DE', 'DE', '{read}', '{health}', 'regress: enforce_plan', tstzrange(now(), NULL));
SET ROLE regress_enforce_plan_high;
EXECUTE p;										-- ok: 50
SELECT counted();								-- ok: 50
RESET ROLE;
UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now())
	WHERE basis = 'regress: enforce_plan' AND upper_inf(during);
SET ROLE regress_enforce_plan_high;
EXECUTE p;										-- ok: 100
SELECT counted();								-- ok: 100
-- in one transaction
RESET ROLE;
BEGIN;
SET LOCAL ROLE regress_enforce_plan_high;
SELECT counted();								-- ok: 100
SET LOCAL ROLE regress_enforce_plan_low;
SELECT counted();								-- ok: 50
ROLLBACK;
SET ROLE regress_enforce_plan_low;
SELECT counted();								-- ok: 50: rolled back, not kept
-- a cursor without a filter, over the end of what it rests on
SET ROLE regress_enforce_plan_high;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM patient;
FETCH 1 FROM c;									-- ok: 1
RESET ROLE;
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis, during)
	VALUES ('deny', 'DE', 'DE', '{read}', '{health}', 'regress: enforce_plan 2', tstzrange(now(), NULL));
SET ROLE regress_enforce_plan_high;
FETCH 1 FROM c;									-- denied: it would show what is now hidden
ROLLBACK;
-- COPY looks at every row, whatever plan is in the cache, and says nothing of it
SELECT counted();								-- ok: 100
COPY (SELECT counted()) TO STDOUT;				-- ok: 100
SELECT counted();								-- ok: 100
RESET ROLE;
DEALLOCATE p;
RESET plan_cache_mode;

--
-- What a ceiling must be for the filter to go
--
SET ROLE regress_enforce_plan_app;
-- an operator <@ of one's own proves nothing
CREATE FUNCTION always(jurisdiction.label, jurisdiction.label) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR enforce_plan.<@ (LEFTARG = jurisdiction.label, RIGHTARG = jurisdiction.label, FUNCTION = always);
CREATE TABLE forged (id int, residency jurisdiction.label NOT NULL,
	CONSTRAINT residency_within CHECK (residency OPERATOR(enforce_plan.<@) 'DE'::jurisdiction.label));
INSERT INTO forged VALUES (1, 'DE'), (2, 'US');
GRANT ALL ON forged TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN forged.residency IS 'rows within DE';	-- denied: the operator is his own
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON COLUMN forged.residency IS 'rows within DE';	-- error: row 2 is not
DELETE FROM forged WHERE id = 2;
SECURITY LABEL FOR jurisdiction ON COLUMN forged.residency IS 'rows within DE';	-- ok
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'forged'::regclass AND contype = 'c';	-- ours, whatever stood there
SET ROLE regress_enforce_plan_app;
-- nor does a CHECK that children do not have
CREATE TABLE upper (id int, residency jurisdiction.label NOT NULL,
	CHECK (residency OPERATOR(pg_catalog.<@) 'DE'::jurisdiction.label) NO INHERIT);
CREATE TABLE lower () INHERITS (upper);
INSERT INTO upper VALUES (1, 'DE');
INSERT INTO lower VALUES (2, 'US');
GRANT ALL ON upper, lower TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN upper.residency IS 'rows within DE';	-- error: the child's row is not
DELETE FROM lower;
INSERT INTO lower VALUES (2, 'DE');
SECURITY LABEL FOR jurisdiction ON COLUMN upper.residency IS 'rows within DE';	-- ok
SET ROLE regress_enforce_plan_high;
SELECT id FROM upper ORDER BY id;				-- ok: 1 2
EXPLAIN (COSTS OFF) SELECT id FROM upper;		-- no filter, on neither
RESET ROLE;
-- one that is not validated
SET ROLE regress_enforce_plan_app;
CREATE TABLE slow (id int, residency jurisdiction.label NOT NULL);
INSERT INTO slow VALUES (1, 'DE'), (2, 'US');
GRANT ALL ON slow TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN slow.residency IS 'rows within DE concurrently';	-- ok: checks nothing yet
SET ROLE regress_enforce_plan_high;
EXPLAIN (COSTS OFF) SELECT id FROM slow;		-- filtered
SELECT id FROM slow ORDER BY id;				-- ok: 1
SET ROLE regress_enforce_plan_app;
ALTER TABLE slow VALIDATE CONSTRAINT residency_within;	-- error: row 2
RESET ROLE;
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', current_user, 'regress: enforce_plan');
DELETE FROM slow WHERE id = 2;					-- by exemption
UPDATE jurisdiction.exemption SET until = now() WHERE basis = 'regress: enforce_plan' AND until IS NULL;
SET ROLE regress_enforce_plan_app;
ALTER TABLE slow VALIDATE CONSTRAINT residency_within;	-- ok
SET ROLE regress_enforce_plan_high;
EXPLAIN (COSTS OFF) SELECT id FROM slow;		-- not filtered
-- the ceiling holds for everybody who writes
INSERT INTO patient VALUES (101, 'DE/financial', 'x');	-- denied: not cleared
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_plan_high IS 'at DE cleared secret/*';
SET ROLE regress_enforce_plan_high;
INSERT INTO patient VALUES (101, 'DE:secret', 'x');		-- error: beyond the ceiling
UPDATE patient SET residency = 'DE:secret' WHERE id = 1;	-- error
RESET ROLE;

-- per partition
SET ROLE regress_enforce_plan_app;
CREATE TABLE event (id int, residency jurisdiction.label NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
SECURITY LABEL FOR jurisdiction ON COLUMN event.residency IS 'rows within DE:confidential';
GRANT ALL ON event, event_1, event_2 TO PUBLIC;
SET ROLE regress_enforce_plan_low;
EXPLAIN (COSTS OFF) SELECT * FROM event;		-- filtered
SET ROLE regress_enforce_plan_high;
EXPLAIN (COSTS OFF) SELECT * FROM event;		-- not
EXPLAIN (COSTS OFF) SELECT * FROM event_1;		-- not
RESET ROLE;

--
-- Relabelling: up is writing; down and sideways need an exemption
--
CREATE ROLE regress_enforce_plan_clerk;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_plan_clerk IS 'at DE cleared confidential/health,personal release *';
SET ROLE regress_enforce_plan_app;
CREATE TABLE file (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, note text);
INSERT INTO file VALUES (1, 'DE:confidential/health'), (2, 'DE/personal'), (3, 'DE>DE');
GRANT ALL ON file TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN file.residency IS 'rows';
SET ROLE regress_enforce_plan_clerk;
UPDATE file SET residency = 'DE:confidential/health,personal' WHERE id = 1;		-- ok: up
UPDATE file SET residency = residency;											-- ok: not at all
UPDATE file SET residency = 'DE:confidential/health' WHERE id = 1;				-- denied: down
UPDATE file SET residency = 'unrestricted' WHERE id = 2;						-- denied: down
UPDATE file SET residency = 'DE/health' WHERE id = 2;							-- denied: sideways
UPDATE file SET residency = 'DE>*' WHERE id = 3;								-- denied: more releases are down
UPDATE file SET residency = 'DE' WHERE id = 3;									-- denied: a list compares with none
UPDATE file SET residency = CASE WHEN id = 2 THEN 'DE'::jurisdiction.label ELSE residency END;	-- denied: row 2
UPDATE file f SET residency = g.residency FROM file g WHERE g.id = 3 AND f.id = 2;	-- denied
UPDATE file SET (residency, note) = (SELECT 'DE'::jurisdiction.label, 'x') WHERE id = 2;	-- denied
INSERT INTO file VALUES (2, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET residency = excluded.residency;	-- denied
MERGE INTO file f USING (VALUES (2)) v(id) ON f.id = v.id WHEN MATCHED THEN UPDATE SET residency = 'DE';	-- denied
WITH u AS (UPDATE file SET residency = 'DE' WHERE id = 2 RETURNING *) SELECT * FROM u;	-- denied
PREPARE down(jurisdiction.label) AS UPDATE file SET residency = $1 WHERE id = 2;
EXECUTE down('DE/personal');													-- ok
EXECUTE down('DE');																-- denied
RESET ROLE;
CREATE VIEW file_view AS SELECT note, residency AS r, id FROM file;
ALTER VIEW file_view OWNER TO regress_enforce_plan_app;
GRANT ALL ON file_view TO PUBLIC;
SET ROLE regress_enforce_plan_clerk;
UPDATE file_view SET r = 'DE' WHERE id = 2;										-- denied: through a view
UPDATE file_view SET r = 'DE/health,personal' WHERE id = 2;						-- ok
-- a trigger may not do in passing what the statement may not
SET ROLE regress_enforce_plan_app;
CREATE FUNCTION lower_it() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.residency := 'DE'; RETURN NEW; END $$;
CREATE TRIGGER z BEFORE UPDATE ON file FOR EACH ROW EXECUTE FUNCTION lower_it();
SET ROLE regress_enforce_plan_clerk;
UPDATE file SET note = 'x' WHERE id = 2;										-- denied: it would go down
INSERT INTO file VALUES (2, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET note = 'x';	-- denied
MERGE INTO file f USING (VALUES (2)) v(id) ON f.id = v.id WHEN MATCHED THEN UPDATE SET note = 'x';	-- denied
EXPLAIN (COSTS OFF, ANALYZE, TIMING OFF, SUMMARY OFF) UPDATE file SET note = 'x' WHERE id = 2;	-- denied
UPDATE file SET note = 'x' WHERE id = 9;										-- ok: no row, no trigger
SET ROLE regress_enforce_plan_app;
CREATE OR REPLACE FUNCTION lower_it() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.residency := NEW.residency & 'DE:confidential'; RETURN NEW; END $$;
SET ROLE regress_enforce_plan_clerk;
UPDATE file SET note = 'up' WHERE id = 3 RETURNING *;							-- ok: up
SET ROLE regress_enforce_plan_app;
DROP TRIGGER z ON file;
CREATE TABLE made (id int, place text, residency jurisdiction.label NOT NULL
	GENERATED ALWAYS AS (CASE place WHEN 'secret' THEN 'DE/health'::jurisdiction.label ELSE 'DE' END) STORED);
GRANT ALL ON made TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN made.residency IS 'rows';
SET ROLE regress_enforce_plan_clerk;
INSERT INTO made VALUES (1, 'secret'), (2, 'open');								-- ok
UPDATE made SET place = 'open' WHERE id = 1;									-- denied: the label follows, down
UPDATE made SET id = 3 WHERE id = 1 RETURNING *;								-- ok: it stays
UPDATE made SET place = 'secret' WHERE id = 2 RETURNING *;						-- ok: up
SET ROLE regress_enforce_plan_app;
-- exemptions: by kind, role, scope, end
RESET ROLE;
INSERT INTO jurisdiction.exemption (kind, role_name, scope, basis)
	VALUES ('write_down', 'regress_enforce_plan_clerk', 'DE/health,personal', 'regress: enforce_plan');
SET ROLE regress_enforce_plan_clerk;
UPDATE file SET residency = 'DE/personal' WHERE id = 2;							-- ok: down, within its scope
UPDATE file SET residency = 'DE/health' WHERE id = 2;							-- denied: sideways
UPDATE file SET residency = 'DE' WHERE id = 1;									-- denied: row 1 is beyond the scope
RESET ROLE;
UPDATE jurisdiction.exemption SET until = now() WHERE basis = 'regress: enforce_plan' AND until IS NULL;
INSERT INTO jurisdiction.exemption (kind, role_name, basis)
	VALUES ('relabel', 'regress_enforce_plan_clerk', 'regress: enforce_plan');
SET ROLE regress_enforce_plan_clerk;
UPDATE file SET residency = 'DE/health' WHERE id = 2;							-- ok: sideways
UPDATE file SET residency = 'DE' WHERE id = 2;									-- denied: down
UPDATE file SET residency = 'US' WHERE id = 2;									-- denied: not to be stored here, exempt or not
RESET ROLE;
UPDATE jurisdiction.exemption SET until = now() WHERE basis = 'regress: enforce_plan' AND until IS NULL;
SET ROLE regress_enforce_plan_clerk;
UPDATE file SET residency = 'DE/personal' WHERE id = 2;							-- denied: it has ended
SELECT id, residency FROM file ORDER BY id;
\set VERBOSITY default
UPDATE file SET residency = 'DE' WHERE id = 1;									-- denied: says what would be needed
UPDATE file SET residency = 'DE/financial' WHERE id = 1;						-- denied
\set VERBOSITY terse
RESET ROLE;

--
-- Statistics: nobody sees those of a tagged table
--
ANALYZE patient;
ANALYZE plain;
SELECT tablename, count(*) FROM pg_stats WHERE schemaname = 'enforce_plan' GROUP BY 1;	-- plain 2
SET ROLE regress_enforce_plan_high;
SELECT tablename, count(*) FROM pg_stats WHERE schemaname = 'enforce_plan' GROUP BY 1;	-- plain 2
SELECT count(*) FROM pg_statistic;												-- error: the server's
SET ROLE regress_enforce_plan_app;
SELECT tablename, count(*) FROM pg_stats WHERE schemaname = 'enforce_plan' GROUP BY 1;	-- plain 2
RESET ROLE;
SELECT count(*) FROM pg_statistic;												-- denied

DROP SCHEMA enforce_plan CASCADE;
DROP ROLE regress_enforce_plan_app, regress_enforce_plan_high, regress_enforce_plan_low, regress_enforce_plan_clerk;
