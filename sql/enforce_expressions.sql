--
-- Expressions that commands evaluate over every row: none shows a user's
-- function what its author may not read.
--
CREATE SCHEMA enforce_expressions;
SET search_path = enforce_expressions;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_expressions_owner;	-- tagged, but not cleared for all
CREATE ROLE regress_expressions_full;	-- cleared for all that a table can hold
CREATE ROLE regress_expressions_plain;	-- owns, and carries no tag
SECURITY LABEL FOR jurisdiction ON ROLE regress_expressions_owner IS 'at DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_expressions_full
	IS 'at DE cleared confidential/health';
GRANT ALL ON SCHEMA enforce_expressions TO PUBLIC;
GRANT regress_expressions_owner TO regress_expressions_full;

SET ROLE regress_expressions_owner;
CREATE FUNCTION leak(text) RETURNS text LANGUAGE plpgsql IMMUTABLE COST 0.00001
	AS $$BEGIN RAISE WARNING 'saw %', $1; RETURN $1; END$$;
CREATE FUNCTION leak(float8, float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE WARNING 'saw %', $1; RETURN $1 - $2; END$$;
CREATE DOMAIN note AS text;
CREATE TABLE visit (
	id int PRIMARY KEY,
	residency jurisdiction.label NOT NULL,
	diagnosis text,
	remark note,
	cost numeric
);
INSERT INTO visit VALUES
	(1, 'DE', 'none', 'a', 1),
	(2, 'DE:confidential/health', 'canary', 'canary', 2);
SECURITY LABEL FOR jurisdiction ON COLUMN visit.residency IS 'rows within DE:confidential/health';
SELECT id FROM visit;														-- 1

-- what the server brings may compute
CREATE INDEX visit_lower ON visit (lower(diagnosis));						-- ok
CREATE INDEX visit_part ON visit (id) WHERE length(diagnosis) > 1;			-- ok
CREATE INDEX visit_label ON visit ((residency & 'DE'));						-- ok: our own operator
ALTER TABLE visit ADD CHECK (length(diagnosis) > 0) NOT VALID;				-- ok; for NOT VALID see enforce_oracle
ALTER TABLE visit ADD COLUMN stars int CHECK (stars > 0);					-- ok: a column not there yet
ALTER TABLE visit ALTER cost TYPE int, ADD CHECK (cost > 0) NOT VALID;		-- ok: of its new type
ALTER TABLE visit ADD COLUMN loud text GENERATED ALWAYS AS (upper(diagnosis)) STORED;	-- ok
CREATE STATISTICS visit_stat ON lower(diagnosis), id FROM visit;			-- ok
ALTER DOMAIN note ADD CONSTRAINT note_short CHECK (length(value) < 40) NOT VALID;	-- ok
ANALYZE visit;																-- ok
REINDEX TABLE visit;														-- ok

-- a user's function does not
CREATE INDEX ON visit (leak(diagnosis));									-- denied
CREATE INDEX ON visit (id) WHERE leak(diagnosis) <> '';						-- denied
ALTER TABLE visit ADD CHECK (leak(diagnosis) <> '');						-- denied
ALTER TABLE visit ADD CHECK (leak(diagnosis) <> '') NOT VALID;				-- denied: VALIDATE would follow
ALTER TABLE visit ADD g text GENERATED ALWAYS AS (leak(diagnosis)) STORED;	-- denied
CREATE DOMAIN heard AS text CHECK (enforce_expressions.leak(value) <> '');
CREATE DOMAIN long AS varchar(1000);
ALTER TABLE visit ADD g heard GENERATED ALWAYS AS (diagnosis) STORED;		-- denied: the domain's code
ALTER TABLE visit ADD g long GENERATED ALWAYS AS (diagnosis) STORED;		-- ok: it has none
ALTER TABLE visit DROP g;
ALTER TABLE visit ALTER remark TYPE text USING leak(remark);				-- denied
ALTER TABLE visit ADD EXCLUDE (leak(diagnosis) WITH =);						-- denied
CREATE STATISTICS s ON leak(diagnosis), id FROM visit;						-- denied
CREATE STATISTICS s ON (leak(diagnosis)) FROM visit;							-- denied
ALTER DOMAIN note ADD CHECK (leak(value) <> '');							-- denied
CREATE RULE r AS ON UPDATE TO visit DO ALSO NOTIFY x;						-- denied
ALTER TABLE visit ADD CHECK (set_config('a.b', diagnosis, false) <> '');	-- denied: built in, but carries away
CREATE DOMAIN telling AS text CHECK (leak(value) <> '');
CREATE TYPE told AS (diagnosis telling);
ALTER TABLE visit ALTER remark TYPE telling;								-- denied: the domain's CHECK runs it
ALTER TABLE visit ADD CHECK (remark::telling <> '');						-- denied
ALTER TABLE visit ADD CHECK (array_length(('{' || remark || '}')::telling[], 1) > 0);	-- denied
ALTER TABLE visit ADD CHECK (jsonb_populate_record(NULL::told, jsonb_build_object('diagnosis', remark)) IS NOT NULL);	-- denied
CREATE FUNCTION as_json(visit) RETURNS json LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE WARNING 'saw %', $1; RETURN '{}'::json; END$$;
ALTER TABLE visit ADD CONSTRAINT visit_json CHECK (to_json(visit) IS NOT NULL) NOT VALID;	-- ok
ALTER TABLE visit DROP CONSTRAINT visit_json;
CREATE CAST (visit AS json) WITH FUNCTION as_json(visit);
ALTER TABLE visit ADD CONSTRAINT visit_json CHECK (to_json(visit) IS NOT NULL);	-- denied: runs the cast
DROP CAST (visit AS json);
DROP FUNCTION as_json;
CREATE POLICY p ON visit AS RESTRICTIVE USING (leak(diagnosis) <> '');		-- ok: a filter among filters
SELECT id FROM visit;														-- saw none: ours come first
INSERT INTO visit (id, residency, diagnosis, cost) VALUES (2, 'DE', 'mine', 1)
	ON CONFLICT (id) DO UPDATE SET cost = 1;								-- denied: saw mine, no canary
DROP POLICY p ON visit;
CREATE POLICY p ON visit USING (leak(diagnosis) <> '');
INSERT INTO visit (id, residency, diagnosis, cost) VALUES (2, 'DE', 'mine', 1)
	ON CONFLICT (id) DO UPDATE SET cost = 1;								-- denied: likewise
DROP POLICY p ON visit;

-- nor does an error quote what it could not compute
\set VERBOSITY default
CREATE INDEX ON visit ((diagnosis::int));									-- error, no canary
ALTER TABLE visit ALTER remark TYPE int USING remark::int;					-- error, no canary
CREATE INDEX ON visit ((nothere::int));										-- error as ever
\set VERBOSITY terse

-- whoever may read everything may evaluate everything
SET ROLE regress_expressions_full;
CREATE INDEX visit_leak ON visit (leak(diagnosis));							-- ok
SET ROLE regress_expressions_owner;
REINDEX TABLE visit;														-- denied: evaluates it again
REINDEX INDEX visit_lower;													-- denied: its table's do
REINDEX SCHEMA enforce_expressions;											-- denied
ANALYZE visit;																-- denied
VACUUM FULL visit;															-- denied
CLUSTER visit USING visit_pkey;												-- denied
ALTER TABLE visit ALTER cost TYPE bigint;									-- denied: builds indexes again
ALTER TABLE visit SET UNLOGGED;												-- denied
CREATE OR REPLACE FUNCTION leak(text) RETURNS text LANGUAGE plpgsql IMMUTABLE COST 0.00001
	AS $$BEGIN RAISE WARNING 'saw %', $1; RETURN $1; END$$;					-- ok: the same
CREATE OR REPLACE FUNCTION leak(text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE WARNING 'kept %', $1; RETURN $1; END$$;				-- denied: the index runs it
ALTER FUNCTION leak(text) SET search_path = pg_temp;						-- denied
ALTER FUNCTION leak(text) COST 1;											-- ok: does the same
DROP INDEX visit_leak;														-- ok
REINDEX TABLE visit;														-- ok
CREATE OR REPLACE FUNCTION leak(text) RETURNS text LANGUAGE plpgsql IMMUTABLE COST 0.00001
	AS $$BEGIN RAISE WARNING 'found %', $1; RETURN $1; END$$;				-- ok: no table runs it
RESET ROLE;
REINDEX TABLE visit;														-- ok: an officer

-- a range type's own functions see its values as well
SET ROLE regress_expressions_owner;
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = leak);
CREATE TABLE lasting (id int, residency jurisdiction.label NOT NULL, during span);
SECURITY LABEL FOR jurisdiction ON COLUMN lasting.residency IS 'rows';		-- denied: runs leak()
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON COLUMN lasting.residency IS 'rows';		-- ok: an officer has looked
SET ROLE regress_expressions_owner;
ANALYZE lasting;															-- denied

-- tagging a table that has such expressions
CREATE TABLE old (id int, residency jurisdiction.label NOT NULL, d text CHECK (leak(d) <> ''));
SECURITY LABEL FOR jurisdiction ON COLUMN old.residency IS 'rows';			-- denied
CREATE TABLE keyed (residency jurisdiction.label NOT NULL, d text) PARTITION BY HASH (leak(d));
SECURITY LABEL FOR jurisdiction ON COLUMN keyed.residency IS 'rows';		-- denied
CREATE TABLE untagged (d text CHECK (leak(d) <> ''));						-- ok: nothing is tagged
INSERT INTO untagged VALUES ('own');										-- ok

-- a child brings its own expressions; its parent's were looked at
CREATE TABLE family (id int, residency jurisdiction.label NOT NULL, d text) PARTITION BY LIST (id);
SECURITY LABEL FOR jurisdiction ON COLUMN family.residency IS 'rows';
CREATE TABLE family_1 PARTITION OF family (CHECK (leak(d) <> '')) FOR VALUES IN (1);	-- denied
CREATE TABLE family_1 PARTITION OF family (CHECK (lower(d) <> '')) FOR VALUES IN (1);	-- ok
CREATE TABLE family_2 (id int, residency jurisdiction.label NOT NULL, d text, CHECK (leak(d) <> ''));
ALTER TABLE family ATTACH PARTITION family_2 FOR VALUES IN (2);				-- denied
RESET ROLE;
CREATE INDEX family_leak ON family (leak(d));								-- ok: an officer
SET ROLE regress_expressions_owner;
CREATE TABLE family_3 PARTITION OF family FOR VALUES IN (3);				-- ok

-- an owner without a tag migrates as ever
SET ROLE regress_expressions_plain;
CREATE TABLE app (id int, residency jurisdiction.label NOT NULL, d text);
SECURITY LABEL FOR jurisdiction ON COLUMN app.residency IS 'rows';
CREATE INDEX ON app (lower(d));												-- ok
ALTER TABLE app ADD COLUMN n serial;										-- ok
CREATE INDEX ON app (enforce_expressions.leak(d));							-- denied

-- a generated column is under the raises of what it is computed from
SET ROLE regress_expressions_full;
CREATE TABLE person (
	id int PRIMARY KEY,
	residency jurisdiction.label NOT NULL,
	name text, card text,
	shout text GENERATED ALWAYS AS (upper(name)) STORED,
	both_ text GENERATED ALWAYS AS (name || card) STORED,
	twice int GENERATED ALWAYS AS (id * 2) STORED
);
INSERT INTO person VALUES (1, 'DE', 'canary', 'card');
GRANT ALL ON person TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN person.residency IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON COLUMN person.name IS ':confidential/health';
SECURITY LABEL FOR jurisdiction ON COLUMN person.card IS 'FR deny';
SELECT id, name, shout, twice FROM person;									-- ok: cleared
SELECT both_ FROM person;													-- denied: no card for anybody in DE
SET ROLE regress_expressions_owner;
SELECT id, name, shout, twice FROM person;									-- masked, both
SELECT count(*) FROM person WHERE shout = 'CANARY';							-- 0
SELECT both_ FROM person;													-- denied
UPDATE person SET id = id RETURNING shout;									-- denied

-- nor may a policy test what is masked
RESET ROLE;
ALTER TABLE person OWNER TO regress_expressions_owner;
SET ROLE regress_expressions_owner;
CREATE POLICY p ON person USING (name = 'canary');							-- denied
CREATE POLICY p ON person USING (shout = 'CANARY');							-- denied: computed from it
CREATE POLICY p ON person USING (leak(person::text) <> '');					-- denied: a whole row
CREATE POLICY p ON person USING (EXISTS (SELECT FROM visit v WHERE v.diagnosis = name));	-- denied
CREATE POLICY p ON person USING (id > 0);									-- ok
ALTER POLICY p ON person USING (name = 'canary');							-- denied
DROP POLICY p ON person;
RESET ROLE;
ALTER TABLE person OWNER TO regress_expressions_full;
SET ROLE regress_expressions_full;
ALTER TABLE person ADD COLUMN late text GENERATED ALWAYS AS (lower(name)) STORED;
ALTER TABLE person ADD COLUMN plain text, ADD COLUMN count int;
SET ROLE regress_expressions_owner;
SELECT late FROM person;													-- masked
SET ROLE regress_expressions_full;
ALTER TABLE person ALTER plain TYPE text USING name;						-- denied: once its raise was lost
ALTER TABLE person ALTER plain TYPE text USING person::text;				-- denied
ALTER TABLE person ALTER count TYPE int USING id * 2;						-- ok: id has no tag
ALTER TABLE person DROP COLUMN plain, DROP COLUMN count;
ALTER TABLE person ALTER late DROP EXPRESSION;								-- denied: the values would stay, without the raise
ALTER TABLE person ALTER twice DROP EXPRESSION;								-- ok: nothing it is computed from has one
ALTER TABLE person DROP COLUMN late;										-- ok: no tag of its own
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON COLUMN person.shout IS '/personal mask partial(1, 0)';
SET ROLE regress_expressions_full;
SELECT shout FROM person;													-- masked: both raises count
RESET ROLE;

-- nor does the owner of the database, who may ANALYZE what is not his
CREATE STATISTICS person_heard ON leak(name), id FROM person;				-- ok: an officer
SELECT current_database() \gset
ALTER DATABASE :"current_database" OWNER TO regress_expressions_owner;
SET ROLE regress_expressions_owner;
ANALYZE person;																-- denied: would run the code
VACUUM (FULL) person;														-- denied
RESET ROLE;
DROP STATISTICS person_heard;
SET ROLE regress_expressions_owner;
ANALYZE person;																-- ok: there is none
RESET ROLE;
ALTER DATABASE :"current_database" OWNER TO CURRENT_USER;
DROP SCHEMA enforce_expressions CASCADE;
DROP ROLE regress_expressions_owner, regress_expressions_full, regress_expressions_plain;
