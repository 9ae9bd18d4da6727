-- ---------------------------------------------------------------------------
-- lint(): keys and who holds them
-- ---------------------------------------------------------------------------

-- the places whose law the rows of a table are under, as far as its tags tell
CREATE FUNCTION lint_places(relation regclass) RETURNS SETOF text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT DISTINCT a.place
	FROM pg_seclabel s, jurisdiction.lint_tag(CASE s.objsubid WHEN 0 THEN 'relation' ELSE 'column' END, s.label) AS l,
		-- the label in a tag: of the table, after "within", or the raise
		LATERAL (SELECT CASE WHEN s.label ~ '^\s*rows\M'
				THEN substring(s.label, '^\s*rows\s+within\s+(.*?)(?:\s+concurrently)?\s*$')
			ELSE regexp_replace(s.label, '\s*\m(to|accepts|mask|deny)\M.*$', '') END) AS text(label),
		LATERAL jurisdiction.atoms(CASE WHEN text.label ~ '^\s*[A-Z]' THEN text.label END::jurisdiction.label) AS a
	WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_class'::regclass AND s.objoid = relation
		AND l.problem IS NULL AND l.code IS NULL
$$;
COMMENT ON FUNCTION lint_places(regclass) IS 'part of lint(): the places that the tags of a table name';

CREATE FUNCTION lint_keys()
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH newest AS MATERIALIZED (
		-- version 0 is for indexes and pseudonyms
		SELECT DISTINCT ON (k.place) k.place, k.custodian
		FROM jurisdiction.key k WHERE k.state <> 'destroyed'
		ORDER BY k.place, k.version DESC
	), sealing AS MATERIALIZED (
		SELECT DISTINCT k.place FROM jurisdiction.key k WHERE k.state = 'active' AND k.version > 0
	), sealed AS MATERIALIZED (
		SELECT c.oid, c.oid::regclass AS rel, min(a.attname::text) AS attname
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND a.atttypid = 'jurisdiction.sealed'::regtype
			AND jurisdiction.lint_sees(c.oid)
		GROUP BY c.oid
	)
	SELECT 'warning' AS severity, format('key of %s', n.place) AS object,
		format('nobody is named its custodian: the next one goes to the file "%s" of this server', n.place) AS problem,
		format('INSERT INTO jurisdiction.custodian (place, uri) VALUES (%L, %L)', n.place, n.custodian) AS remedy
	FROM newest n
	WHERE jurisdiction.lint_sees_all()
		AND NOT EXISTS (SELECT FROM jurisdiction.custodian c WHERE c.place = n.place)
UNION ALL
	SELECT 'warning', format('key of %s', n.place),
		format('its custodian is "%s": whoever has the files of this server has the key, and a backup keeps what is destroyed', n.custodian),
		format('-- name another in jurisdiction.custodian, then SELECT jurisdiction.rewrap(%L)', n.place)
	FROM newest n
	WHERE jurisdiction.lint_sees_all() AND n.custodian LIKE 'file:%'
UNION ALL
	SELECT 'warning', format('%s.%I', s.rel, s.attname),
		format('nothing can be sealed for %s, which the tags of the table name: it has no key', p),
		format('SELECT jurisdiction.create_key(%L)', p)
	FROM sealed s, jurisdiction.lint_places(s.oid) AS p
	WHERE NOT EXISTS (SELECT FROM sealing k WHERE k.place = p)
$$;
COMMENT ON FUNCTION lint_keys() IS 'part of lint(): keys, who holds them, and where there are none';
