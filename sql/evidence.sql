--
-- The evidence log by SQL: who reads it, how it is searched, what an auditor
-- takes home.
--
-- The log is the cluster's, and others write to it: what is shown is of this
-- file, from the entry FIRST on.
--
CREATE SCHEMA evidence;
SET search_path = evidence;
SET client_min_messages = warning;
CREATE ROLE regress_evidence_owner;
CREATE ROLE regress_evidence_reader;
CREATE ROLE regress_evidence_auditor;
CREATE ROLE regress_evidence_heir IN ROLE regress_evidence_auditor;
GRANT ALL ON SCHEMA evidence TO PUBLIC;
SELECT (split_part(jurisdiction.checkpoint(), E'\n', 2))::bigint AS first \gset
CREATE VIEW mine AS SELECT * FROM jurisdiction.evidence WHERE user_name LIKE 'regress_evidence_%';
GRANT SELECT ON mine TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_evidence_reader IS 'at DE cleared confidential/health for research';
SECURITY LABEL FOR jurisdiction ON ROLE regress_evidence_auditor IS 'auditor';
SECURITY LABEL FOR jurisdiction ON ROLE regress_evidence_auditor IS 'auditors';		-- error: not a tag
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis)
	VALUES ('allow', 'FR', 'DE', '{read}', '{health}', 'a "treaty"')
	RETURNING id AS rule \gset
SET ROLE regress_evidence_owner;
CREATE TABLE patient (id int, residency jurisdiction.label NOT NULL);
INSERT INTO patient VALUES (1, 'DE:confidential/health'), (2, 'FR:confidential/health'), (3, 'US');
CREATE TABLE visit (id int, residency jurisdiction.label NOT NULL);
INSERT INTO visit VALUES (1, 'DE');
GRANT SELECT ON patient, visit TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN visit.residency IS 'rows';
RESET ROLE;

--
-- What there is to be read.
--
SET SESSION AUTHORIZATION regress_evidence_reader;
SET jurisdiction.purpose = 'research';
SELECT id FROM patient ORDER BY id;
SELECT id FROM visit;
INSERT INTO visit VALUES (2, 'DE');					-- denied: no privilege
SET SESSION AUTHORIZATION DEFAULT;

--
-- Who may.
--
SET SESSION AUTHORIZATION regress_evidence_reader;
SELECT count(*) FROM jurisdiction.evidence;				-- denied
SELECT count(*) FROM jurisdiction.evidence LIMIT 0;			-- denied: begun is read
SELECT count(*) FROM jurisdiction.transfer_ledger;			-- denied
SELECT count(*) FROM jurisdiction.transfer_summary;			-- denied
SELECT jurisdiction.checkpoint();					-- denied
SELECT * FROM jurisdiction.verify_evidence();				-- denied
SELECT jurisdiction.evidence_record(0);					-- denied
SELECT jurisdiction.evidence_proof(0);					-- denied
SELECT jurisdiction.evidence_consistency(0, 0);				-- denied
SELECT * FROM jurisdiction.evidence_ocsf();				-- denied
SELECT jurisdiction.rotate_evidence_key();				-- denied
SELECT jurisdiction.rebuild_evidence_index();				-- denied
SELECT jurisdiction.drop_evidence('-infinity');				-- denied
EXPLAIN (COSTS OFF) SELECT seq FROM jurisdiction.evidence;		-- ok: tells nothing of the log
SET SESSION AUTHORIZATION regress_evidence_heir;
SELECT count(*) FROM jurisdiction.evidence;				-- denied: not inherited
SET ROLE regress_evidence_auditor;
SELECT count(*) FROM jurisdiction.evidence;				-- denied: the session user counts
SET SESSION AUTHORIZATION DEFAULT;
SET ROLE regress_evidence_owner;
SELECT count(*) FROM jurisdiction.evidence;				-- denied: a superuser stands in only as itself
RESET ROLE;
SELECT count(*) > 0 FROM jurisdiction.evidence;				-- ok: superusers stand in for officers here
SET SESSION AUTHORIZATION regress_evidence_auditor;
SELECT count(*) > 0 FROM jurisdiction.evidence;				-- ok
SELECT checked = size AS all, problem FROM jurisdiction.verify_evidence();	-- ok
SELECT count(*) FROM patient;						-- an auditor reads evidence, and nothing else
SELECT jurisdiction.rotate_evidence_key();				-- denied: for officers
SELECT jurisdiction.rebuild_evidence_index();				-- denied
SELECT jurisdiction.drop_evidence('-infinity');				-- denied
INSERT INTO jurisdiction.evidence (event) VALUES ('statement');		-- denied
UPDATE jurisdiction.evidence SET event = 'x';				-- denied
SET SESSION AUTHORIZATION DEFAULT;
INSERT INTO jurisdiction.evidence (event) VALUES ('statement');		-- error: nobody writes there
DELETE FROM jurisdiction.evidence;					-- error

--
-- What it says.
--
SET SESSION AUTHORIZATION regress_evidence_auditor;
SELECT event, user_name, role_name, purpose, places, tables, labels, command, rows, outcome, sqlstate
	FROM mine WHERE seq >= :first AND event = 'statement' ORDER BY seq;
SELECT event, user_name, action, object, verdict, detail
	FROM mine WHERE seq >= :first AND event = 'refusal' ORDER BY seq;
SELECT event, object, verdict FROM jurisdiction.evidence
	WHERE seq >= :first AND event IN ('tag', 'policy') AND (object LIKE '%evidence%' OR object LIKE '%rule%') ORDER BY seq;
-- each reading is one
SELECT object, verdict, count(*) FROM mine WHERE seq >= :first AND event = 'evidence' GROUP BY 1, 2 ORDER BY 1;
SELECT event, object FROM jurisdiction.evidence LIMIT 1;		-- newest first: this very reading
-- the record and its columns agree
SELECT count(*) > 3 AS many, count(*) FILTER (WHERE record ->> 'event' IS DISTINCT FROM event
		OR record ->> 'user' IS DISTINCT FROM user_name OR record ->> 'role' IS DISTINCT FROM role_name
		OR (record ->> 'time')::timestamptz IS DISTINCT FROM time
		OR record ->> 'id' IS DISTINCT FROM id OR record ->> 'node' IS DISTINCT FROM node
		OR record -> 'tables' IS DISTINCT FROM to_jsonb(tables)) AS wrong
	FROM jurisdiction.evidence WHERE seq >= :first;

--
-- Conditions that the scan is told, beside the same where it is not.
--
CREATE FUNCTION same(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE told bigint[]; untold bigint[];
BEGIN
	EXECUTE 'SELECT array_agg(seq ORDER BY seq) FROM jurisdiction.evidence WHERE seq < ' || current_setting('evidence.last') || ' AND ' || condition INTO told;
	EXECUTE 'SELECT array_agg(seq ORDER BY seq) FROM (SELECT * FROM jurisdiction.evidence OFFSET 0) e WHERE seq < ' || current_setting('evidence.last') || ' AND ' || condition INTO untold;
	RETURN CASE WHEN told IS NOT DISTINCT FROM untold THEN 'same, ' || CASE WHEN told IS NULL THEN 'none' ELSE 'some' END
		ELSE 'differs: ' || told::text || untold::text END;
END $$;
SELECT set_config('evidence.last', (split_part(jurisdiction.checkpoint(), E'\n', 2)), false) > '' AS ok;
SELECT c AS condition, same(c) FROM unnest(ARRAY[
	'event = ''statement''', '''refusal'' = event', 'event IN (''tag'', ''evidence'')', 'event = ''no such''',
	'event = NULL', 'event IN (NULL)', 'event <> ''statement''',
	'user_name = ''regress_evidence_reader''', 'role_name = ''regress_evidence_owner''',
	'''evidence.patient'' = ANY (tables)', 'tables @> ''{evidence.patient}''', '''{evidence.visit}'' <@ tables',
	'tables @> ''{evidence.patient,evidence.visit}''', 'tables && ''{evidence.patient,evidence.visit}''',
	'tables <@ ''{evidence.patient}''', 'tables @> ''{}''', 'tables @> ''{NULL}''', 'tables && ''{}''',
	'''FR:confidential/health'' = ANY (labels)', 'labels @> ''{US}''', '''ZZ'' = ANY (labels)',
	'object = ''jurisdiction.evidence''', 'id = (SELECT max(id) FROM jurisdiction.evidence)',
	'seq = 1', 'seq < 3', 'seq <= 3', 'seq > 3', '3 > seq', 'seq BETWEEN 2 AND 4', 'seq >= -1', 'seq < 0', 'seq = 1::smallint',
	'time > now() - interval ''1 hour''', 'time < now() - interval ''100 years''', 'time >= ''-infinity''', 'time < ''infinity''',
	'time > ''infinity''', 'time >= current_date - 1', 'time <= localtimestamp', 'time = ''2000-01-01''',
	'event = ''statement'' COLLATE "C"', 'event = ''statement'' OR event = ''tag''', 'event LIKE ''st%'''
	]) AS c;
-- and how many of them it is told
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT * FROM plan($$SELECT seq FROM jurisdiction.evidence
	WHERE time >= now() - interval '1 hour' AND 'x' = ANY (tables) AND event = 'a' AND user_name LIKE 'b%'$$);	-- three
SELECT * FROM plan($$SELECT seq FROM jurisdiction.evidence WHERE time >= clock_timestamp() AND event <> 'a'$$);	-- none
SELECT * FROM plan('SELECT seq FROM jurisdiction.evidence ORDER BY seq DESC LIMIT 3');	-- no sort
SELECT * FROM plan('SELECT seq FROM jurisdiction.evidence ORDER BY seq, time');	-- no sort, oldest first
SELECT * FROM plan('SELECT seq FROM jurisdiction.evidence ORDER BY time');	-- sorts
SELECT seq FROM jurisdiction.evidence ORDER BY seq LIMIT 2;
-- parameters, and a scan that is begun again with others
PREPARE of_event(text) AS SELECT DISTINCT event FROM jurisdiction.evidence WHERE event = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE of_event('tag');
EXECUTE of_event('statement');
RESET plan_cache_mode;
SELECT e, n FROM (VALUES ('statement'), ('tag'), ('no such')) v(e),
	LATERAL (SELECT count(*) > 0 AS n FROM jurisdiction.evidence WHERE event = e OFFSET 0) s;
-- beside a tagged table: the log is not elsewhere, nothing is sent to it
SET SESSION AUTHORIZATION DEFAULT;
SECURITY LABEL FOR jurisdiction ON ROLE regress_evidence_auditor IS 'at DE auditor';
SET SESSION AUTHORIZATION regress_evidence_auditor;
SELECT count(*) > 0 FROM visit, jurisdiction.evidence WHERE event = 'statement';

--
-- What an auditor takes home.
--
SELECT seq AS entry FROM mine WHERE seq >= :first AND event = 'statement' ORDER BY seq LIMIT 1 \gset
SELECT jurisdiction.evidence_record(:entry)::jsonb = record AS same FROM jurisdiction.evidence WHERE seq = :entry;
SELECT jurisdiction.evidence_record(:entry) = convert_from(decode(
	substring(jurisdiction.evidence_proof(:entry) FROM 'extra ([^\n]*)'), 'base64'), 'UTF8') AS same;
-- RFC 9162, section 2.1.3.2, by another hand
CREATE FUNCTION holds(proof text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	head text[] := string_to_array(split_part(proof, E'\n\n', 2), E'\n');
	fn bigint := substring(proof FROM '\nindex (\d+)\n');
	sn bigint := head[2]::bigint - 1;
	r bytea := sha256('\x00'::bytea || decode(substring(proof FROM 'extra ([^\n]*)'), 'base64'));
	p text;
BEGIN
	FOREACH p IN ARRAY string_to_array(split_part(split_part(proof, E'\n\n', 1), 'index ' || fn || E'\n', 2), E'\n')
	LOOP
		IF sn = 0 THEN RETURN false; END IF;
		IF fn % 2 = 1 OR fn = sn THEN
			r := sha256('\x01'::bytea || decode(p, 'base64') || r);
			WHILE fn % 2 = 0 AND fn <> 0 LOOP fn := fn / 2; sn := sn / 2; END LOOP;
		ELSE
			r := sha256('\x01'::bytea || r || decode(p, 'base64'));
		END IF;
		fn := fn / 2; sn := sn / 2;
	END LOOP;
	RETURN sn = 0 AND r = decode(head[3], 'base64');
END $$;
SELECT holds(jurisdiction.evidence_proof(:entry)) AS holds;
SELECT holds(replace(jurisdiction.evidence_proof(:entry), 'index ' || :entry, 'index ' || :entry + 1)) AS holds;
SELECT bool_and(holds(jurisdiction.evidence_proof(n))) AS holds FROM generate_series(0, 9) n;
-- the record of this very statement is not below a checkpoint yet: one is made
SELECT holds(jurisdiction.evidence_proof((SELECT max(seq) FROM jurisdiction.evidence))) AS holds;
SELECT jurisdiction.evidence_consistency(0, 5), jurisdiction.evidence_consistency(5, 5);	-- nothing to prove
-- two entries are the tree of the first and the second's hash
SELECT jurisdiction.evidence_consistency(1, 2) = ARRAY[encode(sha256('\x00'::bytea || convert_to(jurisdiction.evidence_record(1), 'UTF8')), 'base64')] AS same;
SELECT cardinality(jurisdiction.evidence_consistency(3, 7));		-- 4
\set VERBOSITY sqlstate
SELECT jurisdiction.evidence_consistency(7, 3);				-- error
SELECT jurisdiction.evidence_consistency(-1, 3);			-- error
SELECT jurisdiction.evidence_consistency(3, 1000000000000);		-- error
SELECT jurisdiction.evidence_proof(1000000000000);			-- error
SELECT jurisdiction.evidence_proof(-1);					-- error
SELECT jurisdiction.evidence_record(1000000000000);			-- error
SELECT * FROM jurisdiction.verify_evidence(-1);				-- error
SELECT * FROM jurisdiction.evidence_ocsf(-1);				-- error
SELECT * FROM jurisdiction.evidence_ocsf(0, -1);			-- error
\set VERBOSITY terse
SELECT jurisdiction.evidence_proof(1000000000000);			-- says so
\set VERBOSITY default
SELECT problem FROM jurisdiction.verify_evidence(1000000000000);	-- nothing but the tree
SELECT problem FROM jurisdiction.verify_evidence(:entry);

--
-- OCSF, and transfers by legal basis.
--
SELECT jurisdiction.checkpoint() > '' AS signed;
SELECT event::jsonb ->> 'class_uid' AS class, event::jsonb ->> 'type_name' AS type,
		event::jsonb ->> 'status' AS status, event::jsonb ->> 'action' AS action,
		event::jsonb #>> '{actor,user,name}' AS "user", event::jsonb #>> '{table,name}' AS "table",
		(event::jsonb #>> '{metadata,sequence}')::bigint = seq AS numbered, event ~ 'SELECT id' AS tells_text
	FROM jurisdiction.evidence_ocsf(:entry, 100000) WHERE event::jsonb #>> '{actor,user,name}' = 'regress_evidence_reader'
	ORDER BY seq LIMIT 3;
SELECT array_agg(seq) FROM jurisdiction.evidence_ocsf(2, 3);
SELECT count(*) FROM jurisdiction.evidence_ocsf(2, 0);
SELECT count(*) FROM jurisdiction.evidence_ocsf(1000000000000);
SELECT user_name, purpose, origin, destination, label, action, decided_by, rule_id = :rule AS by_rule, basis, rows, tables, outcome
	FROM jurisdiction.transfer_ledger WHERE seq >= :first AND user_name = 'regress_evidence_reader';
SELECT s.basis, s.origin, s.destination, s.action, s.statements = l.statements AS counted, s.rows = l.rows AS added
	FROM jurisdiction.transfer_summary s, (SELECT count(*) AS statements, sum(rows) AS rows
		FROM jurisdiction.transfer_ledger WHERE basis = 'a "treaty"') l WHERE s.basis = 'a "treaty"';
SET SESSION AUTHORIZATION DEFAULT;

--
-- What an officer does to it.
--
SELECT jurisdiction.rotate_evidence_key() AS key \gset
SELECT record ->> 'new' = :'key' AS recorded FROM jurisdiction.evidence WHERE event = 'key rotation' LIMIT 1;
SELECT count(*) FROM jurisdiction.verify_evidence() WHERE problem IS NOT NULL;
SELECT jurisdiction.rebuild_evidence_index() >= 0 AS rebuilt;
SELECT jurisdiction.rebuild_evidence_index();				-- 0: nothing was wrong
SELECT jurisdiction.drop_evidence('-infinity');				-- 0
SELECT jurisdiction.drop_evidence(now() + interval '1 minute');		-- error
SELECT count(*) FROM jurisdiction.evidence WHERE event = 'retention' AND seq >= :first;	-- 0: nothing was dropped

UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now()) WHERE id = :rule;
DROP SCHEMA evidence CASCADE;
DROP ROLE regress_evidence_owner, regress_evidence_reader, regress_evidence_heir, regress_evidence_auditor;
