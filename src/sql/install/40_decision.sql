-- ---------------------------------------------------------------------------
-- The decision
-- ---------------------------------------------------------------------------

CREATE FUNCTION admits(label jurisdiction.label, action text DEFAULT 'read')
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_admits'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION admits(jurisdiction.label, text) IS
	'may this session do the action (read, export, store, unseal, write) to a value so labelled, now? false for a NULL label; an unknown action is 22023';

CREATE FUNCTION explain(
	label jurisdiction.label, action text DEFAULT 'read',
	at text[] DEFAULT NULL, cleared text DEFAULT NULL,
	purpose text DEFAULT NULL, party text DEFAULT NULL,
	as_of text DEFAULT NULL)
	RETURNS TABLE (atom jurisdiction.label, destination text, verdict text,
				   decided_by text, rule_id bigint, basis text, reason text)
	AS 'MODULE_PATHNAME', 'jur_sql_explain'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION explain(jurisdiction.label, text, text[], text, text, text, text) IS
	'why: a row per atom and destination (NULL: an unknown place) with the rule that decides and its legal basis. What is not supposed (at: places; cleared: LEVEL/CATEGORIES or LEVEL/*; purpose; as_of: a date in UTC, or a timestamp) is this session''s, now; an exemption counts only where nothing is supposed. What is stored arrives at the site, whatever at says. party is 0A000 until lists of denied parties exist';

CREATE FUNCTION satisfiable(label jurisdiction.label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_satisfiable'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION satisfiable(jurisdiction.label) IS
	'is there a place where a value so labelled may be stored and read, by the rules now and with full clearance? Where not, writing it is refused with the conflict named';
