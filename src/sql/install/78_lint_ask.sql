-- ---------------------------------------------------------------------------
-- lint() and discover(): what they share
-- ---------------------------------------------------------------------------

--
-- What only C can answer (lint_sql.c), and whom a finding concerns.
--
CREATE FUNCTION lint_sees_all() RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_lint_sees_all'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lint_sees_all() IS
	'does lint() show the caller what concerns others too? superusers and officers';

CREATE FUNCTION lint_is_officer() RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_lint_is_officer'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lint_is_officer() IS 'may this session act as officer now?';

CREATE FUNCTION lint_is_exempt() RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_lint_is_exempt'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lint_is_exempt() IS
	'does the wall let this session pass, by exemption, backup tag or observe mode?';

CREATE FUNCTION lint_ceiling_holds(relation regclass) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_lint_ceiling_holds'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lint_ceiling_holds(regclass) IS
	'do a valid CHECK and NOT NULL enforce the ceiling of "rows within"? NULL without one';

CREATE FUNCTION lint_covers(place text, other text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_lint_covers'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lint_covers(text, text) IS 'does a place cover another, today?';

CREATE FUNCTION lint_unknown_code(label jurisdiction.label) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_lint_unknown_code'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lint_unknown_code(jurisdiction.label) IS
	'the first place or category of a label that is not registered';

CREATE FUNCTION lint_unpublishable(publication oid, relation regclass) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_lint_unpublishable'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lint_unpublishable(oid, regclass) IS
	'why a table may not go where a publication''s tag says it goes; NULL: it may';

CREATE FUNCTION lint_tag(kind text, tag text, OUT problem text, OUT code text)
	RETURNS record
	AS 'MODULE_PATHNAME', 'jur_sql_lint_tag'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lint_tag(text, text) IS
	'why a tag (of a column, relation or role) cannot be read, or which code in it is not registered';

CREATE FUNCTION lint_sees(relation regclass) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT jurisdiction.lint_sees_all() OR (
		SELECT pg_has_role(c.relowner, 'USAGE')
			OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
			OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
		FROM pg_class c WHERE c.oid = relation)
$$;
COMMENT ON FUNCTION lint_sees(regclass) IS
	'does lint() show the caller findings about this relation? owners, who has a privilege on it, superusers and officers';
