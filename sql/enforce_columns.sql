--
-- Columns: a value the session may not read is masked, row by row, before
-- anything can test it.  eve is cleared for health, not for personal data.
--
CREATE SCHEMA enforce_columns;
GRANT ALL ON SCHEMA enforce_columns TO PUBLIC;
SET search_path = enforce_columns;
CREATE ROLE regress_columns_ann;
CREATE ROLE regress_columns_eve;
SECURITY LABEL FOR jurisdiction ON ROLE regress_columns_ann
	IS 'at DE cleared confidential/health,personal';
SECURITY LABEL FOR jurisdiction ON ROLE regress_columns_eve
	IS 'at DE cleared confidential/health';

CREATE DOMAIN mail AS varchar(40) CHECK (value LIKE '%@%');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE person (
	id int PRIMARY KEY, gone int, residency jurisdiction.label NOT NULL,
	name varchar(20), email mail, born date, seen timestamptz, card text,
	tags text[], duo pair, score numeric);
ALTER TABLE person DROP COLUMN gone;
INSERT INTO person
	SELECT g, (ARRAY['DE:public', 'DE:confidential/health', 'FR'])[1 + g % 3]::jurisdiction.label,
		   'naïve' || g, 'm' || g || '@example.org', DATE '1980-05-01' + g,
		   TIMESTAMPTZ '2024-03-04 05:06:07+00', '4111-' || g, ARRAY['t' || g],
		   (g, 'b' || g)::pair, g * 1.5
	  FROM generate_series(1, 6) g;
GRANT ALL ON ALL TABLES IN SCHEMA enforce_columns TO PUBLIC;

-- a mask states the types it takes
SECURITY LABEL FOR jurisdiction ON COLUMN person.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN person.name IS '/personal mask partial(1, 1)';	-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN person.score IS '/personal mask partial(1, 1)';	-- error: a number
SECURITY LABEL FOR jurisdiction ON COLUMN person.email IS '/personal mask hash';			-- ok: a domain over text
SECURITY LABEL FOR jurisdiction ON COLUMN person.born IS '/personal mask year';				-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN person.seen IS '/personal mask year';				-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN person.tags IS '/personal mask year';				-- error: an array
SECURITY LABEL FOR jurisdiction ON COLUMN person.tags IS '/personal';						-- ok: null takes any
SECURITY LABEL FOR jurisdiction ON COLUMN person.duo IS '/personal';						-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN person.card IS '/personal deny';					-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN person.score IS ':confidential/health';			-- ok

SET ROLE regress_columns_ann;
SELECT * FROM person ORDER BY id;												-- ok: cleared for all
SET ROLE regress_columns_eve;
SELECT id, residency, name, length(email) AS hash, born, seen AT TIME ZONE 'UTC' AS seen,
	   tags, duo, score FROM person ORDER BY id;								-- masked
SELECT * FROM person;															-- denied: holds card
SELECT card FROM person;														-- denied
SELECT count(*) FROM person;													-- ok: touches no column
SELECT count(card) FROM person;													-- denied

-- masked before anything can test it
SELECT count(*) FROM person WHERE name = 'naïve1';								-- 0: compares the mask
SELECT count(*) FROM person WHERE name = 'n***1';								-- 1
SELECT count(*) FROM person WHERE born > '1980-05-02';							-- 0
SELECT born, count(*) FROM person GROUP BY born ORDER BY born;					-- one group
SELECT max(name), string_agg(name, ',' ORDER BY name) FROM person;				-- masks
SELECT id FROM person ORDER BY name DESC, id LIMIT 1;							-- by the mask
SELECT count(DISTINCT email) FROM person;										-- hashes stay apart
CREATE FUNCTION shout(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
SELECT id FROM person WHERE shout(name) ORDER BY id;							-- sees masks only
SELECT jurisdiction.mask_hash('m1@example.org');								-- denied: no guessing

-- every form of reference
SELECT a.id, b.name FROM person a LEFT JOIN person b ON b.id = a.id AND b.id > 3 ORDER BY 1;
SELECT a.id, x.name FROM person a, LATERAL (SELECT name FROM person b WHERE b.id = a.id) x ORDER BY 1;
WITH q AS MATERIALIZED (SELECT id, name FROM person) SELECT * FROM q ORDER BY 1;
SELECT name FROM person UNION SELECT email FROM person WHERE id = 1 AND email LIKE 'm%' ORDER BY 1;
SELECT id, (SELECT p.name FROM person p WHERE p.id = o.id) FROM person o ORDER BY 1;
SELECT id, lag(name) OVER (ORDER BY id) FROM person ORDER BY id;
SELECT tableoid::regclass, ctid IS NOT NULL AS has_ctid, name FROM person ORDER BY id;
SELECT name FROM person TABLESAMPLE SYSTEM (100) ORDER BY id;
SELECT name FROM person WHERE id = 1 FOR UPDATE;								-- masked and locked
SELECT (duo).b, tags[1] FROM person ORDER BY id LIMIT 1;						-- null
DECLARE c CURSOR WITH HOLD FOR SELECT name FROM person ORDER BY id;
FETCH 1 FROM c;
CLOSE c;
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON COLUMN person.card IS '/personal';
SET ROLE regress_columns_eve;
SELECT regexp_replace(person::text, '[0-9a-f]{32}', 'hash') FROM person WHERE id = 1;	-- whole row: masked
SELECT row_to_json(person) ->> 'name' FROM person ORDER BY id;					-- masked
SELECT a.id, b FROM person a LEFT JOIN person b ON b.id = a.id + 100 WHERE a.id = 1;	-- no row, not a row of nulls
SELECT p.name, p.tableoid::regclass, p.p ->> 'name' AS row_name
  FROM (SELECT name, tableoid, row_to_json(person) AS p FROM person WHERE id = 1) p;	-- masked
SELECT a.id, b IS NULL AS no_row, b.tableoid::regclass, (b).name FROM person a
  LEFT JOIN person b ON b.id = a.id + 2 WHERE a.id > 2 ORDER BY a.id;			-- no row, not a row of nulls
-- rows that are locked are those that are left at the end, and CURRENT OF is one
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM person ORDER BY id DESC FOR UPDATE;
FETCH c;																		-- 6, masked
UPDATE person SET score = 60 WHERE CURRENT OF c RETURNING id;					-- 6
CLOSE c;
EXPLAIN (COSTS OFF) SELECT name FROM person ORDER BY name LIMIT 1 FOR UPDATE SKIP LOCKED;	-- locks above the sort
SELECT row_to_json(person) ->> 'name' AS row_name, ctid IS NULL AS no_ctid, name FROM person ORDER BY id LIMIT 1 FOR SHARE;	-- masked
ROLLBACK;
SELECT b.name FROM person a JOIN person b ON a.id = b.id
 WHERE CASE WHEN a.id > 0 THEN b = b END ORDER BY b.id LIMIT 1 FOR UPDATE;		-- masked
RESET ROLE;
CREATE VIEW plain AS SELECT id, name FROM person;
CREATE VIEW invoker WITH (security_invoker) AS SELECT id, name FROM person;
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT name FROM enforce_columns.person ORDER BY id';
CREATE FUNCTION atomic_names() RETURNS SETOF varchar LANGUAGE sql STABLE
	BEGIN ATOMIC SELECT name FROM enforce_columns.person ORDER BY id; END;
CREATE FUNCTION pl_names() RETURNS SETOF text LANGUAGE plpgsql STABLE
	AS 'BEGIN RETURN QUERY SELECT name::text FROM enforce_columns.person ORDER BY id; END';
GRANT ALL ON plain, invoker TO PUBLIC;
SET ROLE regress_columns_eve;
SELECT name FROM invoker ORDER BY id LIMIT 1;									-- masked
SELECT * FROM names() LIMIT 1;													-- masked
SELECT * FROM atomic_names() LIMIT 1;											-- masked
SELECT * FROM pl_names() LIMIT 1;												-- masked

-- prepared: the mask follows the session
PREPARE one AS SELECT name FROM person WHERE id = 1;
EXECUTE one;																	-- masked
SET ROLE regress_columns_ann;
EXECUTE one;																	-- clear
SET ROLE regress_columns_eve;
EXECUTE one;																	-- masked again
DEALLOCATE one;

-- the target of a statement: what is not open is refused, never written back
UPDATE person SET name = 'x' WHERE id = 1;										-- denied: writes it
UPDATE person SET score = 2 WHERE id = 1 RETURNING score;						-- ok: her own clearance
UPDATE person SET score = 1 WHERE name = 'naïve1';								-- denied: reads it
UPDATE person SET score = 1 WHERE id = 3 RETURNING name;						-- denied: returns it
UPDATE person SET score = 1 WHERE id = 3 RETURNING *;							-- denied
DELETE FROM person WHERE name LIKE 'x%';										-- denied
INSERT INTO person (id, residency, score) VALUES (10, 'DE', 1) RETURNING score;	-- ok
INSERT INTO person (id, residency, name) VALUES (11, 'DE', 'x');				-- denied
INSERT INTO person (id, residency, score) VALUES (10, 'DE', 1)
	ON CONFLICT (id) DO UPDATE SET score = 3 WHERE person.name = 'x';			-- denied
INSERT INTO person (id, residency, score) VALUES (10, 'DE', 1)
	ON CONFLICT (id) DO UPDATE SET score = 3 RETURNING score;					-- ok
MERGE INTO person t USING (VALUES (10)) s (id) ON t.id = s.id
	WHEN MATCHED AND t.name = 'x' THEN DELETE;									-- denied
MERGE INTO person t USING (VALUES (10)) s (id) ON t.id = s.id
	WHEN MATCHED THEN UPDATE SET score = 4;										-- ok
MERGE INTO person t USING (VALUES (10)) s (id) ON t.id = s.id
	WHEN MATCHED THEN UPDATE SET name = 'x';									-- denied
UPDATE person t SET score = 5 FROM person s WHERE s.id = t.id AND s.name = 'n***1';	-- ok: a source is masked
SET ROLE regress_columns_ann;
UPDATE person SET name = 'changed' WHERE id = 10 RETURNING name;				-- ok: cleared
INSERT INTO person (id, residency, name, card) VALUES (12, 'DE', 'y', 'z') RETURNING card;	-- ok

-- a raise is not lost within the row: ann may read both, and id carries no tag
UPDATE person SET id = score::int + 100 WHERE id = 10;							-- denied: once it leaked
UPDATE person SET id = length(person::text) WHERE id = 10;						-- denied: the whole row
UPDATE person SET name = card WHERE id = 12 RETURNING name;						-- ok: raised as much
UPDATE person SET score = score + 1 WHERE id = 10 RETURNING score;				-- ok: stays where it is
UPDATE person SET id = (SELECT s.score::int + 100 FROM person s WHERE s.id = person.id) WHERE id = 10;	-- denied
INSERT INTO person (id, residency) VALUES (10, 'DE')
	ON CONFLICT (id) DO UPDATE SET id = person.score::int;						-- denied
MERGE INTO person t USING (VALUES (10)) s (id) ON t.id = s.id
	WHEN MATCHED THEN UPDATE SET id = t.score::int;								-- denied

-- what the planner computes for its estimates is no row that refuses
SET ROLE regress_columns_eve;
SELECT count(*) FROM person WHERE name = ANY ('{4111-1,4111-2}') AND id < 0;	-- ok: of no row
DELETE FROM person WHERE name = ANY ('{x,y}') AND id < 0;						-- ok: of no row
DELETE FROM person WHERE name = ANY ('{x,y}');									-- denied

-- COPY: a mask is no export
SET ROLE regress_columns_ann;
COPY person (id, residency) TO STDOUT;											-- denied: FR is hidden from ann
SET ROLE regress_columns_eve;
COPY (SELECT id, name FROM person WHERE id < 3 ORDER BY id) TO STDOUT;			-- ok: masked
COPY person (id, residency, name) FROM STDIN;									-- denied: writes name
20	DE	x
\.
COPY person (id, residency, score) FROM STDIN;									-- ok
21	DE	7
\.
RESET ROLE;

-- policies of the application are its owner's code: they test masks, too
CREATE POLICY everybody ON person USING (true);
CREATE POLICY tells ON person AS RESTRICTIVE USING (shout(name)) WITH CHECK (shout(name));
SET ROLE regress_columns_eve;
SELECT count(*) FROM person WHERE id < 3;										-- saw masks: once they were clear
UPDATE person SET score = 5 WHERE id = 1;										-- saw masks
SET ROLE regress_columns_ann;
SELECT count(*) FROM person WHERE id = 1;										-- clear
RESET ROLE;
DROP POLICY tells ON person;
DROP POLICY everybody ON person;

-- partitions: other column numbers below
CREATE TABLE part (id int, residency jurisdiction.label NOT NULL, name text) PARTITION BY LIST (id);
CREATE TABLE part_1 (name text, extra int, id int, residency jurisdiction.label NOT NULL);
ALTER TABLE part_1 DROP COLUMN extra;
ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES IN (1);
INSERT INTO part VALUES (1, 'DE', 'secret');
GRANT ALL ON part, part_1 TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN part.residency IS 'rows within DE:confidential/health';
SECURITY LABEL FOR jurisdiction ON COLUMN part.name IS '/personal mask redact';
SET ROLE regress_columns_eve;
SELECT * FROM part;																-- masked
SELECT * FROM part_1;															-- masked
SET ROLE regress_columns_ann;
SELECT * FROM part;																-- clear
EXPLAIN (COSTS OFF) SELECT name FROM part;										-- as if untagged: cleared for the ceiling
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON COLUMN part.residency IS 'rows within DE:secret/health,personal';
SET ROLE regress_columns_ann;
EXPLAIN (COSTS OFF) SELECT name FROM part;										-- filter and mask: not cleared for it
RESET ROLE;
DROP SCHEMA enforce_columns CASCADE;
DROP ROLE regress_columns_ann, regress_columns_eve;
