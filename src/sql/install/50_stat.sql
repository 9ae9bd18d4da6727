-- ---------------------------------------------------------------------------
-- Monitoring
-- ---------------------------------------------------------------------------

CREATE FUNCTION stat_counters(
	OUT decisions bigint, OUT cache_hits bigint, OUT rows_allowed bigint,
	OUT rows_hidden bigint, OUT refusals bigint, OUT observed bigint,
	OUT exemptions bigint, OUT policy_loads bigint, OUT subject_builds bigint,
	OUT seals bigint, OUT unseals bigint, OUT unwraps bigint,
	OUT custodian_failures bigint, OUT keys_cached bigint,
	OUT evidence_records bigint, OUT evidence_syncs bigint, OUT evidence_bytes bigint,
	OUT evidence_size bigint, OUT evidence_signed_size bigint, OUT evidence_lost bigint)
	RETURNS record
	AS 'MODULE_PATHNAME', 'jur_sql_stat_counters'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION stat_counters() IS
	'counters since the server started or stat_reset(); see the view jurisdiction.stat';

CREATE VIEW stat AS SELECT * FROM jurisdiction.stat_counters();
COMMENT ON VIEW stat IS
	'what enforcement has done in this cluster: decisions, cache hits, rows shown and hidden, refusals, what observe mode let through; values sealed and opened, keys that custodians gave and failed to give, keys in the memory of sessions now; of the evidence log, since the server started: records, syncs and bytes written, and records lost while evidence_commit was off; its size, and the size that is signed; decisions, cache hits and rows hidden are NULL for whom may not read all statistics (pg_monitor, superusers and officers may)';
GRANT SELECT ON stat TO PUBLIC;

CREATE FUNCTION stat_reset() RETURNS void
	AS 'MODULE_PATHNAME', 'jur_sql_stat_reset'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION stat_reset() IS
	'set the counters of jurisdiction.stat to zero; officers only';

-- Stands for the server's counting functions in every query (enforce_counters.c).
CREATE FUNCTION counter(function oid, object oid) RETURNS bigint
	AS 'MODULE_PATHNAME', 'jur_sql_counter'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION counter(oid, oid) IS
	'what a counting function of the server says of a relation or database; NULL for tagged tables, unless the session may read all statistics';
