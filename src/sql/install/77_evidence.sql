-- ---------------------------------------------------------------------------
-- The evidence log: read by officers and auditors.  No grant can say that, so
-- everybody has the privilege, and the scan or function asks.
-- ---------------------------------------------------------------------------

CREATE FUNCTION evidence_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME', 'jur_sql_evidence_handler'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION evidence_handler() IS 'how jurisdiction.evidence is read';

CREATE FOREIGN DATA WRAPPER jurisdiction_evidence HANDLER evidence_handler NO VALIDATOR;
COMMENT ON FOREIGN DATA WRAPPER jurisdiction_evidence IS
	'the evidence log of this server; sends nothing anywhere';
CREATE SERVER jurisdiction_evidence FOREIGN DATA WRAPPER jurisdiction_evidence;

CREATE FOREIGN TABLE evidence (
	seq bigint,
	time timestamptz,
	event text,
	id text,
	node text,
	site text,
	database text,
	user_name text,
	role_name text,
	client text,
	application text,
	purpose text,
	places text[],
	tables text[],
	labels text[],
	command text,
	action text,
	object text,
	verdict text,
	outcome text,
	sqlstate text,
	rows bigint,
	detail text,
	signed boolean,
	record jsonb
) SERVER jurisdiction_evidence;
COMMENT ON FOREIGN TABLE evidence IS
	'the evidence log, newest first; for officers and auditors. Fast by seq, time, event, id, user_name, role_name, object, and members of tables and labels';
COMMENT ON COLUMN evidence.seq IS 'number of the entry in the log, from 0';
COMMENT ON COLUMN evidence.time IS 'of a statement its start, else when it happened';
COMMENT ON COLUMN evidence.id IS 'of the statement: its records have the same';
COMMENT ON COLUMN evidence.user_name IS 'the session user; role_name is the outer role';
COMMENT ON COLUMN evidence.labels IS 'what was asked about';
COMMENT ON COLUMN evidence.rows IS 'rows sent to the client';
COMMENT ON COLUMN evidence.signed IS 'is it below the newest checkpoint?';
COMMENT ON COLUMN evidence.record IS 'all of it; FORMAT.md says what each member means';
GRANT SELECT ON evidence TO PUBLIC;

CREATE FUNCTION verify_evidence(from_seq bigint DEFAULT 0,
	OUT checked bigint, OUT size bigint, OUT problem text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'jur_sql_verify_evidence'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION verify_evidence(bigint) IS
	'checks signature, tree, entries from from_seq on, and index of the evidence log: one row whose problem is NULL, or one for each problem, with the number of the entry where it is. Says how far it is; can be cancelled, and resumed from there. For officers and auditors';

CREATE FUNCTION evidence_record(seq bigint) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_evidence_record'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION evidence_record(bigint) IS
	'entry seq of the evidence log, byte for byte as it was hashed; for officers and auditors';

CREATE FUNCTION evidence_proof(seq bigint) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_evidence_proof'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION evidence_proof(bigint) IS
	'proof that entry seq is in the signed log, as c2sp.org/tlog-proof has it, with the entry and the checkpoint in it: a file for jurisdiction-verify --proof. For officers and auditors';

CREATE FUNCTION evidence_consistency(size1 bigint, size2 bigint) RETURNS text[]
	AS 'MODULE_PATHNAME', 'jur_sql_evidence_consistency'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION evidence_consistency(bigint, bigint) IS
	'proof (RFC 6962, section 2.1.2; hashes in base64) that the log of size2 entries begins with the log of size1 entries; for officers and auditors';

CREATE FUNCTION checkpoint() RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_checkpoint'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION checkpoint() IS
	'signs the evidence log as it is now, and returns the checkpoint (c2sp.org/tlog-checkpoint): who keeps it can prove later what was in the log today. For officers and auditors';

CREATE FUNCTION evidence_ocsf(from_seq bigint DEFAULT 0, max_count bigint DEFAULT 1000,
	OUT seq bigint, OUT event text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'jur_sql_evidence_ocsf'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION evidence_ocsf(bigint, bigint) IS
	'signed entries from from_seq on, at most max_count, each as an event of OCSF 1.4.0 (Datastore Activity, class 6005) in JSON; the next call begins after the last seq. For officers and auditors';

CREATE FUNCTION rotate_evidence_key() RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_rotate_evidence_key'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION rotate_evidence_key() IS
	'later checkpoints are signed by a new key, whose public key is returned; a record tells of both. For officers';

CREATE FUNCTION rebuild_evidence_index() RETURNS bigint
	AS 'MODULE_PATHNAME', 'jur_sql_rebuild_evidence_index'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION rebuild_evidence_index() IS
	'writes what is missing or wrong in the index of the evidence log, which makes searching fast and nothing else; returns how many summaries that were. For officers';

CREATE FUNCTION drop_evidence(before timestamptz) RETURNS bigint
	AS 'MODULE_PATHNAME', 'jur_sql_drop_evidence'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION drop_evidence(timestamptz) IS
	'irreversible: removes the oldest entries, 256 by 256, as long as all of them are older; their hashes stay, so that proofs of the rest and of kept copies hold. Recorded; returns how many went. For officers';

-- What left a place, or was read from elsewhere, and by which law: what rules
-- and permits let through.  What home settles is no transfer.  A statement that
-- sends many rows is told of before the first, and of its rows when it has ended.
CREATE VIEW transfer_ledger AS
	SELECT e.seq, e.time, e.id, e.database, e.user_name, e.role_name, e.purpose,
		pg_catalog.regexp_replace(w.value ->> 'atom', '[:/>].*$', '') AS origin,
		w.value ->> 'to' AS destination,
		d.value ->> 'label' AS label,
		d.value ->> 'action' AS action,
		w.value ->> 'by' AS decided_by,
		(w.value ->> 'rule')::bigint AS rule_id,
		w.value ->> 'basis' AS basis,
		COALESCE((d.value ->> 'rows')::bigint,
			CASE WHEN NOT d.value ? 'within' THEN NULL
				WHEN NOT parts.are_several THEN e.rows
				WHEN parts.outcome <> 'running' THEN parts.rows END)
			* COALESCE((e.record ->> 'times')::bigint, 1) AS rows,
		(d.value ->> 'values')::bigint * COALESCE((e.record ->> 'times')::bigint, 1) AS values,
		COALESCE((e.record ->> 'times')::bigint, 1) AS times,
		CASE WHEN e.event = 'publish' THEN ARRAY[e.object] ELSE e.tables END AS tables,
		CASE WHEN parts.are_several THEN parts.outcome ELSE e.outcome END AS outcome,
		d.value ? 'within' AS within
	FROM jurisdiction.evidence e
		CROSS JOIN LATERAL (SELECT e.outcome = 'running' OR e.record ? 'more' AS are_several,
				pg_catalog.sum(p.rows)::bigint AS rows,
				(pg_catalog.array_agg(p.outcome ORDER BY p.seq DESC)
					FILTER (WHERE p.outcome IS NOT NULL))[1] AS outcome
			FROM jurisdiction.evidence p
			WHERE (e.outcome = 'running' OR e.record ? 'more') AND p.id = e.id AND p.time = e.time) AS parts
		CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(e.record -> 'decisions') AS d
		CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(d.value -> 'why') AS w
	WHERE e.event IN ('statement', 'publish') AND d.value ->> 'verdict' = 'allow';
COMMENT ON VIEW transfer_ledger IS
	'transfers by legal basis: each flow out of a place that a rule, permit, release or exemption allowed, with its destination, label, basis and rows; for officers and auditors';
COMMENT ON COLUMN transfer_ledger.destination IS 'place of arrival; ? is an unknown one';
COMMENT ON COLUMN transfer_ledger.rows IS
	'rows of this label; where the whole table was allowed at once (within), rows sent to the client. NULL: not counted, as for a publication, or not known, as while the statement runs';
COMMENT ON COLUMN transfer_ledger.within IS
	'the table''s label or ceiling was allowed, whatever rows it has: the rows are those of the statement, and the same for each of its labels';
GRANT SELECT ON transfer_ledger TO PUBLIC;

-- Of a statement the rows of its labels, or those that it sent, whichever are
-- more: several atoms or labels of one row do not count it twice.
CREATE VIEW transfer_summary AS
	SELECT month, basis, origin, destination, action,
		pg_catalog.sum(times)::bigint AS statements,
		pg_catalog.sum(rows)::bigint AS rows
	FROM (SELECT month, basis, origin, destination, action, id, pg_catalog.max(times) AS times,
			GREATEST(pg_catalog.sum(rows) FILTER (WHERE NOT within),
				pg_catalog.max(rows) FILTER (WHERE within)) AS rows
		FROM (SELECT pg_catalog.date_trunc('month', time, 'UTC') AS month, basis, origin, destination,
				action, id, seq, label, within,
				pg_catalog.max(times) AS times, pg_catalog.max(rows) AS rows
			FROM jurisdiction.transfer_ledger
			GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9) AS decision
		GROUP BY 1, 2, 3, 4, 5, 6) AS statement
	GROUP BY 1, 2, 3, 4, 5;
COMMENT ON VIEW transfer_summary IS
	'jurisdiction.transfer_ledger by month (UTC), basis, origin, destination and action; for officers and auditors';
GRANT SELECT ON transfer_summary TO PUBLIC;
