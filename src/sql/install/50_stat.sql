-- ---------------------------------------------------------------------------
-- Monitoring
-- ---------------------------------------------------------------------------

CREATE FUNCTION stat_counters(
	OUT decisions bigint, OUT cache_hits bigint, OUT rows_allowed bigint,
	OUT rows_hidden bigint, OUT refusals bigint, OUT observed bigint,
	OUT exemptions bigint, OUT policy_loads bigint, OUT subject_builds bigint)
	RETURNS record
	AS 'MODULE_PATHNAME', 'jur_sql_stat_counters'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION stat_counters() IS
	'counters since the server started or stat_reset(); see the view jurisdiction.stat';

CREATE VIEW stat AS SELECT * FROM jurisdiction.stat_counters();
COMMENT ON VIEW stat IS
	'what enforcement has done in this cluster: decisions, cache hits, rows shown and hidden, refusals, what observe mode let through';
GRANT SELECT ON stat TO PUBLIC;

CREATE FUNCTION stat_reset() RETURNS void
	AS 'MODULE_PATHNAME', 'jur_sql_stat_reset'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION stat_reset() IS
	'set the counters of jurisdiction.stat to zero; officers only';
