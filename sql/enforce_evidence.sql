--
-- Evidence: one record for each statement on tagged data, with what it was
-- told about each label, how often, and how it ended.
--
SET client_min_messages = warning;
CREATE SCHEMA enforce_evidence;
GRANT CREATE, USAGE ON SCHEMA enforce_evidence TO PUBLIC;
CREATE ROLE regress_evidence_owner;
CREATE ROLE regress_evidence_reader;
CREATE ROLE regress_evidence_abroad;
SECURITY LABEL FOR jurisdiction ON ROLE regress_evidence_owner IS 'at DE cleared restricted/*';
SECURITY LABEL FOR jurisdiction ON ROLE regress_evidence_reader IS 'at DE cleared internal';
SECURITY LABEL FOR jurisdiction ON ROLE regress_evidence_abroad IS 'at CH cleared internal';
-- what there is since entry :start, save what reading it leaves
CREATE FUNCTION enforce_evidence.since(bigint)
	RETURNS TABLE (event text, command text, tables text, decisions text, rows bigint, outcome text)
	LANGUAGE sql VOLATILE AS $$
	SELECT e.event, e.command, array_to_string(e.tables, ' '),
		(SELECT string_agg(concat_ws(' ', d.value ->> 'verdict', d.value ->> 'action',
				d.value ->> 'label', d.value ->> 'rows', d.value ->> 'values' || ' values',
				d.value ->> 'undone' || ' undone',
				CASE WHEN d.value ? 'within' THEN 'within' END,
				(SELECT string_agg(concat_ws(' ', w.value ->> 'atom', 'to', w.value ->> 'to',
					'by', w.value ->> 'by', w.value ->> 'basis'), ', ')
				FROM jsonb_array_elements(d.value -> 'why') w)),
				E'\n' ORDER BY d.value ->> 'action', d.value ->> 'label', d.value ->> 'values')
			FROM jsonb_array_elements(e.record -> 'decisions') d),
		e.rows, concat_ws(' ', e.outcome, e.sqlstate, e.action, e.object, e.verdict)
	FROM jurisdiction.evidence e
	WHERE e.seq > $1 AND e.application = current_setting('application_name')
		AND e.event <> 'evidence'
	ORDER BY e.seq
$$;
\set now 'SELECT coalesce(max(seq), -1) AS start FROM jurisdiction.evidence \\gset'
\set evidence 'SELECT * FROM enforce_evidence.since(:start);'

SET ROLE regress_evidence_owner;
CREATE TABLE enforce_evidence.patient (id int, residency jurisdiction.label NOT NULL, name text);
CREATE TABLE enforce_evidence.plain (id int, name text);
SECURITY LABEL FOR jurisdiction ON COLUMN enforce_evidence.patient.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN enforce_evidence.patient.name IS '/personal mask redact';
GRANT SELECT, INSERT, UPDATE, DELETE ON enforce_evidence.patient, enforce_evidence.plain TO PUBLIC;
RESET ROLE;

-- writing: what was stored and written, and how often
:now
SET ROLE regress_evidence_owner;
INSERT INTO enforce_evidence.patient VALUES (1, 'DE', 'canary'), (2, 'DE', 'canary'), (3, 'DE/health', 'canary');
INSERT INTO enforce_evidence.plain VALUES (1, 'canary');		-- not tagged: no record
RESET ROLE;
:evidence

-- reading: rows that were shown, rows that were not, values that were masked
:now
SET ROLE regress_evidence_reader;
SELECT id FROM enforce_evidence.patient WHERE name IS DISTINCT FROM 'canary' ORDER BY id;
SELECT id FROM enforce_evidence.plain WHERE name = 'canary';		-- not tagged: no record
RESET ROLE;
:evidence

-- a statement that fails says how
:now
SET ROLE regress_evidence_reader;
SELECT 1 / (id - 1) FROM enforce_evidence.patient WHERE id = 1;
SELECT 1 / 0 FROM enforce_evidence.plain;				-- not tagged: no record
INSERT INTO enforce_evidence.patient VALUES (4, 'DE/health', NULL);	-- refused: may not write so
RESET ROLE;
:evidence

-- what a function reads is read by the statement that calls it; before its
-- NOTICE leaves there is a record
:now
SET ROLE regress_evidence_reader;
CREATE FUNCTION enforce_evidence.first_id() RETURNS int LANGUAGE plpgsql AS $$
DECLARE found int;
BEGIN
	SELECT id INTO found FROM enforce_evidence.patient ORDER BY id LIMIT 1;
	RAISE NOTICE 'found %', found;
	RETURN found;
END $$;
SELECT enforce_evidence.first_id();
SET client_min_messages = notice;
SELECT enforce_evidence.first_id();
SET client_min_messages = warning;
RESET ROLE;
:evidence

-- many rows: a record says that they begin to leave, another how it ended
:now
SET ROLE regress_evidence_owner;
INSERT INTO enforce_evidence.patient SELECT i, 'DE' FROM generate_series(100, 299) i;
SELECT count(*) FROM (SELECT id FROM enforce_evidence.patient) AS few;	-- one row leaves
\o /dev/null
SELECT id FROM enforce_evidence.patient;				-- many do
\o
RESET ROLE;
:evidence

-- cursors: each FETCH tells what it read
:now
SET ROLE regress_evidence_reader;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM enforce_evidence.patient ORDER BY id;
FETCH 2 FROM c;
FETCH 1 FROM c;
COMMIT;
RESET ROLE;
:evidence

-- what is written and rolled back was not written
:now
SET ROLE regress_evidence_owner;
BEGIN;
UPDATE enforce_evidence.patient SET id = id + 1 WHERE id = 1;
ROLLBACK;
BEGIN;
UPDATE enforce_evidence.patient SET id = id + 1 WHERE id = 1;
COMMIT;
BEGIN;
SELECT count(*) FROM enforce_evidence.patient;				-- wrote nothing
ROLLBACK;
RESET ROLE;
:evidence

-- a procedure that rolls back goes on, and is one statement
:now
SET ROLE regress_evidence_owner;
CREATE PROCEDURE enforce_evidence.half() LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO enforce_evidence.patient VALUES (5, 'DE', NULL);
	ROLLBACK;
	INSERT INTO enforce_evidence.patient VALUES (6, 'DE', NULL);
	COMMIT;
END $$;
CALL enforce_evidence.half();
RESET ROLE;
:evidence

-- what a block of code wrote before its error was caught was not written; what it read was read
:now
SET ROLE regress_evidence_owner;
DO $$
BEGIN
	INSERT INTO enforce_evidence.patient VALUES (12, 'DE', NULL);
	BEGIN
		INSERT INTO enforce_evidence.patient VALUES (13, 'DE', NULL), (14, 'DE/health', NULL);
		BEGIN
			INSERT INTO enforce_evidence.patient VALUES (15, 'DE', NULL);
			PERFORM 1 / 0;
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
		BEGIN
			INSERT INTO enforce_evidence.patient VALUES (16, 'DE', NULL);
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
		PERFORM 1 / (id - 13) FROM enforce_evidence.patient WHERE id = 13;
	EXCEPTION WHEN division_by_zero THEN
		INSERT INTO enforce_evidence.patient VALUES (17, 'DE', NULL);
	END;
END $$;
DO $$							-- the same without an error
BEGIN
	BEGIN
		INSERT INTO enforce_evidence.patient VALUES (18, 'DE', NULL), (19, 'DE/health', NULL);
	EXCEPTION WHEN division_by_zero THEN NULL;
	END;
END $$;
SELECT id FROM enforce_evidence.patient WHERE id BETWEEN 12 AND 19 ORDER BY id;
RESET ROLE;
:evidence

-- triggers: what they read and write is the statement's
:now
SET ROLE regress_evidence_owner;
CREATE TABLE enforce_evidence.visit (id int, residency jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN enforce_evidence.visit.residency IS 'rows';
CREATE FUNCTION enforce_evidence.copy_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO enforce_evidence.patient VALUES (NEW.id, NEW.residency, NULL);
	RETURN NULL;
END $$;
CREATE TRIGGER copy AFTER INSERT ON enforce_evidence.visit
	FOR EACH ROW EXECUTE FUNCTION enforce_evidence.copy_visit();
GRANT SELECT ON enforce_evidence.visit TO regress_evidence_reader;
INSERT INTO enforce_evidence.visit VALUES (7, 'DE'), (8, 'DE');
COPY enforce_evidence.visit FROM stdin;
9	DE
10	DE
\.
RESET ROLE;
:evidence

-- COPY TO: what left, and what had to stay
SET ROLE regress_evidence_owner;
DROP TRIGGER copy ON enforce_evidence.visit;
INSERT INTO enforce_evidence.visit VALUES (11, 'DE/health');
RESET ROLE;
:now
SET ROLE regress_evidence_reader;
\o /dev/null
COPY (SELECT id FROM enforce_evidence.visit) TO stdout;
\o
COPY enforce_evidence.visit TO stdout;
RESET ROLE;
:evidence

-- a table below a ceiling that was allowed at once
:now
SET ROLE regress_evidence_owner;
CREATE TABLE enforce_evidence.letter (id int, residency jurisdiction.label NOT NULL DEFAULT 'DE');
SECURITY LABEL FOR jurisdiction ON COLUMN enforce_evidence.letter.residency IS 'rows within DE';
INSERT INTO enforce_evidence.letter VALUES (1), (2);
SELECT id FROM enforce_evidence.letter ORDER BY id;
RESET ROLE;
:evidence

SET ROLE regress_evidence_owner;
CREATE TABLE enforce_evidence.large (id int, residency jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN enforce_evidence.large.residency IS 'rows';
INSERT INTO enforce_evidence.large
	SELECT i, CASE i % 3 WHEN 0 THEN 'DE' ELSE 'DE/health' END::jurisdiction.label
	FROM generate_series(1, 30000) i;
ANALYZE enforce_evidence.large;
RESET ROLE;

-- a transfer names the rule that allows it, and its basis
GRANT SELECT ON enforce_evidence.letter TO regress_evidence_abroad;
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'DE', 'CH', '{read}', 'eu-gdpr:A45-3');
:now
SET ROLE regress_evidence_abroad;
SELECT id FROM enforce_evidence.large;					-- no privilege: nothing was asked
SELECT id FROM enforce_evidence.letter ORDER BY id;
RESET ROLE;
:evidence
SELECT origin, destination, label, action, decided_by, basis, rows FROM jurisdiction.transfer_ledger
	WHERE seq > :start AND role_name = 'regress_evidence_abroad';

-- rows of policy are recorded by what they say
:now
UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now())
	WHERE origin = 'DE' AND destination = 'CH' AND basis = 'eu-gdpr:A45-3';
SELECT object, detail ~ '^update {.*"destination":"CH".*} to {.*"destination":"CH".*}$' AS says_all
	FROM jurisdiction.evidence WHERE seq > :start AND event = 'policy';

-- parallel workers: their rows count too
:now
SET ROLE regress_evidence_owner;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT count(*) FROM enforce_evidence.large WHERE id % 2 = 0;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET parallel_leader_participation;
RESET ROLE;
SELECT count(DISTINCT id) AS statements, d.value ->> 'label' AS label, sum((d.value ->> 'rows')::int) AS asked
	FROM jurisdiction.evidence, jsonb_array_elements(record -> 'decisions') d
	WHERE seq > :start AND event = 'statement' GROUP BY 2 ORDER BY 2;
SELECT count(*) > 0 AS workers_told FROM jurisdiction.evidence
	WHERE seq > :start AND record ? 'worker';

-- thousands of labels in one statement: as many records as it takes, none too long
SET ROLE regress_evidence_owner;
CREATE TABLE enforce_evidence.many (residency jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN enforce_evidence.many.residency IS 'rows';
INSERT INTO enforce_evidence.many
	WITH c AS (SELECT code, row_number() OVER (ORDER BY code) AS n FROM jurisdiction.category WHERE builtin)
	SELECT format('DE/%s,%s,%s', a.code, b.code, c.code)::jurisdiction.label
	FROM c AS a, c AS b, c WHERE a.n < b.n AND b.n < c.n LIMIT 10000;
RESET ROLE;
:now
SET ROLE regress_evidence_owner;
SELECT count(*) FROM enforce_evidence.many;
INSERT INTO enforce_evidence.plain SELECT count(*) FROM enforce_evidence.many;	-- what they join to is no label
RESET ROLE;
SELECT count(DISTINCT id) AS statements, count(*) > 1 AS has_parts,
		max(length(jurisdiction.evidence_record(seq))) <= 65535 AS fit,
		(SELECT sum((d.value ->> 'rows')::int) FROM jurisdiction.evidence f,
			jsonb_array_elements(f.record -> 'decisions') d WHERE f.seq > :start AND f.event = 'statement') AS rows
	FROM jurisdiction.evidence WHERE seq > :start AND event = 'statement';

-- no record holds a value or the text of a statement
SELECT count(*) FROM jurisdiction.evidence
	WHERE application = current_setting('application_name') AND record::text LIKE '%canary%';
-- and each statement is told apart by the server's query id
SELECT count(*) FILTER (WHERE record ? 'digest') > 0 AS has_digest, count(*) FILTER (WHERE NOT record ? 'digest') AS without
	FROM jurisdiction.evidence WHERE seq > :start AND event = 'statement' AND NOT record ? 'worker';

DROP SCHEMA enforce_evidence CASCADE;
DROP ROLE regress_evidence_owner, regress_evidence_reader, regress_evidence_abroad;
