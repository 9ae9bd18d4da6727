-- ---------------------------------------------------------------------------
-- lint(): tables, their tags, and where their rows go
-- ---------------------------------------------------------------------------

-- the SQL that makes a code known; what it means is for an officer to say
CREATE FUNCTION lint_register(code text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN code ~ '^[a-z]'
		THEN format('INSERT INTO jurisdiction.category (code, name) VALUES (%L, %1$L)', code)
		ELSE format('INSERT INTO jurisdiction.place (code, name, kind) VALUES (%L, %1$L, %L)', code,
			CASE WHEN code ~ '^[A-Z]{2}-' THEN 'subdivision'
				WHEN code ~ '^[A-Z]{2}$' THEN 'country' ELSE 'group' END) END
$$;
COMMENT ON FUNCTION lint_register(text) IS 'the SQL that enters a place or category';

-- SECURITY LABEL for a relation, or for its column
CREATE FUNCTION lint_set_tag(relation regclass, column_name name, tag text) RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('SECURITY LABEL FOR jurisdiction ON %s IS %L',
		CASE WHEN column_name IS NOT NULL THEN format('COLUMN %s.%I', relation, column_name)
			ELSE CASE c.relkind WHEN 'f' THEN 'FOREIGN TABLE ' WHEN 'm' THEN 'MATERIALIZED VIEW '
				ELSE 'TABLE ' END || relation END, tag)
	FROM pg_class c WHERE c.oid = relation
$$;
COMMENT ON FUNCTION lint_set_tag(regclass, name, text) IS 'the SQL that tags a relation or a column of it';

-- a place to write into a remedy where only the reader knows the right one
CREATE FUNCTION lint_some_place() RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(nullif(current_setting('jurisdiction.site', true), ''), 'EU')
$$;
COMMENT ON FUNCTION lint_some_place() IS 'the site, or EU: a place for remedies to name';

CREATE FUNCTION lint_tables()
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH t AS MATERIALIZED (
		SELECT c.oid, c.oid::regclass AS rel, c.relkind, c.relrowsecurity, c.relforcerowsecurity
		FROM pg_class c
		WHERE c.relkind IN ('r', 'p', 'f', 'm')
			AND c.relnamespace::regnamespace::text NOT IN
				('pg_catalog', 'information_schema', 'pg_toast', 'jurisdiction')
			AND NOT pg_is_other_temp_schema(c.relnamespace)
			AND jurisdiction.lint_sees(c.oid)
	), tag AS MATERIALIZED (
		SELECT s.objoid AS oid, s.objsubid AS attnum, a.attname, a.attnotnull, s.label,
			s.label ~ '^\s*rows\M' AS is_rows
		FROM pg_seclabel s
		LEFT JOIN pg_attribute a
			ON a.attrelid = s.objoid AND a.attnum = s.objsubid AND s.objsubid <> 0
		WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_class'::regclass
	)
	SELECT 'error', t.rel::text,
		format('column %I is of type label, but no tag makes it the row label: no row is protected by it', min(a.attname::text)),
		jurisdiction.lint_set_tag(t.oid, (array_agg(a.attname ORDER BY a.attnum))[1], 'rows')
	FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped AND a.attnum > 0
	WHERE t.relkind IN ('r', 'p') AND a.atttypid = 'jurisdiction.label'::regtype
		AND NOT EXISTS (SELECT FROM tag WHERE tag.oid = t.oid AND tag.is_rows)
		-- a child gets its parent's tag below
		AND NOT EXISTS (SELECT FROM pg_inherits i JOIN tag ON tag.oid = i.inhparent AND tag.is_rows
			WHERE i.inhrelid = t.oid)
	GROUP BY t.oid, t.rel
UNION ALL
	SELECT CASE WHEN mine.label IS NULL THEN 'error' ELSE 'warning' END,
		t.rel::text || coalesce('.' || quote_ident(parent.attname), ''),
		CASE WHEN mine.label IS NULL
			THEN format('its parent %s is tagged "%s", and it is not', i.inhparent::regclass, parent.label)
			ELSE format('its tag "%s" is not that of its parent %s, "%s"', mine.label,
				i.inhparent::regclass, parent.label) END,
		jurisdiction.lint_set_tag(t.oid, parent.attname, parent.label)
	FROM t JOIN pg_inherits i ON i.inhrelid = t.oid
		JOIN tag AS parent ON parent.oid = i.inhparent
		LEFT JOIN tag AS mine ON mine.oid = t.oid AND mine.attname IS NOT DISTINCT FROM parent.attname
	WHERE mine.label IS DISTINCT FROM parent.label
UNION ALL
	SELECT 'warning', i.inhparent::regclass::text,
		format('its child %s is tagged "%s", and it is not: reading the child through it is refused',
			i.inhrelid::regclass, mine.label),
		jurisdiction.lint_set_tag(i.inhparent, mine.attname, mine.label)
	FROM pg_inherits i JOIN t ON t.oid = i.inhparent JOIN tag AS mine ON mine.oid = i.inhrelid
	WHERE (mine.attname IS NULL OR EXISTS (SELECT FROM pg_attribute a
			WHERE a.attrelid = i.inhparent AND a.attname = mine.attname AND NOT a.attisdropped))
		AND NOT EXISTS (SELECT FROM tag AS parent WHERE parent.oid = i.inhparent
			AND parent.attname IS NOT DISTINCT FROM mine.attname)
UNION ALL
	SELECT 'error', t.rel::text,
		format('it is tagged, but row level security is not %s: somebody has tampered with it',
			concat_ws(' and not ', CASE WHEN NOT t.relrowsecurity THEN 'enabled' END,
				CASE WHEN NOT t.relforcerowsecurity THEN 'forced' END)),
		format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t.rel)
	FROM t
	WHERE t.relkind IN ('r', 'p') AND EXISTS (SELECT FROM tag WHERE tag.oid = t.oid)
		AND NOT (t.relrowsecurity AND t.relforcerowsecurity)
UNION ALL
	SELECT 'error', format('%s.%I', t.rel, tag.attname), 'the row label may be NULL: such rows are visible to nobody',
		format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', t.rel, tag.attname)
	FROM t JOIN tag ON tag.oid = t.oid
	WHERE tag.is_rows AND NOT tag.attnotnull AND t.relkind IN ('r', 'p')
UNION ALL
	SELECT CASE WHEN c.conname IS NULL THEN 'error' ELSE 'warning' END,
		format('%s.%I', t.rel, tag.attname),
		CASE WHEN c.conname IS NULL
			THEN format('the CHECK of its ceiling ("%s") is missing: rows may exceed it', tag.label)
			ELSE format('the CHECK of its ceiling, %I, is not validated: rows may exceed it, and every row is tested', c.conname) END,
		CASE WHEN c.conname IS NULL THEN jurisdiction.lint_set_tag(t.oid, tag.attname, tag.label)
			ELSE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', t.rel, c.conname) END
	FROM t JOIN tag ON tag.oid = t.oid
		LEFT JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'c'
			AND c.conname = tag.attname || '_within' AND NOT c.convalidated
	WHERE tag.is_rows AND tag.attnotnull AND NOT jurisdiction.lint_ceiling_holds(t.oid)
UNION ALL
	SELECT 'warning', t.rel::text,
		format('permissive policy %s decides which rows are admitted; before the first there was none, and all were that their label admits',
			string_agg(quote_ident(p.polname), ', ' ORDER BY p.polname)),
		string_agg(format('DROP POLICY %I ON %s', p.polname, t.rel), '; ' ORDER BY p.polname)
	FROM t JOIN pg_policy p ON p.polrelid = t.oid
	WHERE p.polpermissive AND EXISTS (SELECT FROM tag WHERE tag.oid = t.oid)
	GROUP BY t.rel
UNION ALL
	SELECT 'error', t.rel::text || coalesce('.' || quote_ident(tag.attname), ''),
		CASE WHEN l.problem IS NOT NULL
			THEN format('its tag "%s" cannot be read, so that nobody can read the table: %s', tag.label, l.problem)
			ELSE format('its tag names "%s", which is not registered: what it is about is denied', l.code) END,
		CASE WHEN l.problem IS NULL THEN jurisdiction.lint_register(l.code)
			-- the table had some tag; only an officer knows which
			ELSE jurisdiction.lint_set_tag(t.oid, tag.attname, CASE
				WHEN t.relkind = 'f' AND tag.attname IS NULL THEN 'to ' || jurisdiction.lint_some_place()
				WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = tag.attnum
					AND a.atttypid = 'jurisdiction.label'::regtype) THEN 'rows'
				ELSE jurisdiction.lint_some_place() || ':secret' END) END
	FROM t JOIN tag ON tag.oid = t.oid,
		jurisdiction.lint_tag(CASE WHEN tag.attnum = 0 THEN 'relation' ELSE 'column' END, tag.label) AS l
	WHERE l.problem IS NOT NULL OR l.code IS NOT NULL
UNION ALL
	SELECT 'error', t.rel::text,
		format('the materialized view is not tagged, and holds rows of %s as its last refresh found them',
			string_agg(DISTINCT d.refobjid::regclass::text, ', ')),
		coalesce((
			SELECT jurisdiction.lint_set_tag(t.oid, NULL, ceiling::text)
			FROM (SELECT jurisdiction.label_join(coalesce(
					substring(s.label, '^\s*rows within (.*?)(?: concurrently)?\s*$'), s.label)::jurisdiction.label) AS ceiling
				FROM tag AS s
				WHERE s.oid = ANY (array_agg(d.refobjid))
					AND (s.attnum = 0 AND s.label !~ '\m(to|accepts)\M' OR s.label ~ '^\s*rows within')
					AND (jurisdiction.lint_tag(CASE s.attnum WHEN 0 THEN 'relation' ELSE 'column' END, s.label)).problem IS NULL) AS j
			WHERE ceiling::text <> 'unrestricted'),
			format('DROP MATERIALIZED VIEW %s', t.rel))
	FROM t JOIN pg_rewrite r ON r.ev_class = t.oid
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
			AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> t.oid
	WHERE t.relkind = 'm' AND NOT EXISTS (SELECT FROM tag WHERE tag.oid = t.oid)
		AND EXISTS (SELECT FROM tag WHERE tag.oid = d.refobjid)
	GROUP BY t.oid, t.rel
UNION ALL
	SELECT 'warning', t.rel::text,
		'no tag says where the foreign table''s server is: put its place after "to"',
		jurisdiction.lint_set_tag(t.oid, NULL, 'to ' || jurisdiction.lint_some_place())
	FROM t
	WHERE t.relkind = 'f' AND NOT EXISTS (SELECT FROM tag WHERE tag.oid = t.oid AND tag.attnum = 0)
UNION ALL
	SELECT CASE WHEN leaving.tables IS NULL THEN 'warning' ELSE 'error' END,
		format('publication %I', p.pubname),
		'no tag says where its subscribers are: put their places after "to"'
			|| coalesce('; it publishes tagged ' || leaving.tables, ''),
		format('SECURITY LABEL FOR jurisdiction ON PUBLICATION %I IS %L', p.pubname,
			'to ' || jurisdiction.lint_some_place())
	FROM pg_publication p, LATERAL (
		SELECT string_agg(DISTINCT format('%I.%I', u.schemaname, u.tablename), ', ') AS tables
		FROM pg_publication_tables u JOIN tag
			ON tag.oid = to_regclass(format('%I.%I', u.schemaname, u.tablename))
		WHERE u.pubname = p.pubname) AS leaving
	WHERE (jurisdiction.lint_sees_all() OR pg_has_role(p.pubowner, 'USAGE'))
		AND NOT EXISTS (SELECT FROM pg_seclabel s WHERE s.provider = 'jurisdiction'
			AND s.classoid = 'pg_publication'::regclass AND s.objoid = p.oid)
UNION ALL
	SELECT 'error', format('publication %I', p.pubname),
		format('it still sends %s, which may not go where its tag says (any more): %s', rel, why),
		CASE WHEN r.oid IS NOT NULL THEN format('ALTER PUBLICATION %I DROP TABLE %s', p.pubname, rel)
			ELSE format('DROP PUBLICATION %I', p.pubname) END
	FROM pg_publication p
		JOIN (SELECT DISTINCT pubname, to_regclass(format('%I.%I', schemaname, tablename)) AS rel
			FROM pg_publication_tables) AS u USING (pubname)
		LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = u.rel,
		jurisdiction.lint_unpublishable(p.oid, rel) AS why
	WHERE (jurisdiction.lint_sees_all() OR pg_has_role(p.pubowner, 'USAGE')) AND why IS NOT NULL
$$;
COMMENT ON FUNCTION lint_tables() IS 'part of lint(): tables, their tags, and where their rows go';

--
-- Codes in the labels of rows, from those of the first rows that the caller
-- may read.  Rows so labelled are denied: mostly only a bypass shows them.
--
CREATE FUNCTION lint_rows(sample int)
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	col record;
	code text;
BEGIN
	FOR col IN
		SELECT s.objoid::regclass AS rel, a.attname
		FROM pg_seclabel s
		JOIN pg_attribute a ON a.attrelid = s.objoid AND a.attnum = s.objsubid
		JOIN pg_class c ON c.oid = s.objoid AND c.relkind = 'r'
		WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_class'::regclass
			AND s.label ~ '^\s*rows\M' AND jurisdiction.lint_sees(s.objoid)
			AND jurisdiction.can_be_sampled(s.objoid, a.attnum)
	LOOP
		BEGIN
			FOR code IN EXECUTE format(
				'SELECT DISTINCT jurisdiction.lint_unknown_code(l)
				 FROM (SELECT DISTINCT l FROM (SELECT %I AS l FROM ONLY %s LIMIT %s) AS s) AS d
				 WHERE jurisdiction.lint_unknown_code(l) IS NOT NULL ORDER BY 1',
				col.attname, col.rel, sample)
			LOOP
				severity := 'error';
				object := format('%s.%I', col.rel, col.attname);
				problem := format('labels of rows name "%s", which is not registered: such rows are visible to nobody', code);
				remedy := jurisdiction.lint_register(code);
				RETURN NEXT;
			END LOOP;
		EXCEPTION WHEN insufficient_privilege THEN
			-- the wall refuses this caller, as it would any query of theirs
			NULL;
		END;
	END LOOP;
END
$$;
COMMENT ON FUNCTION lint_rows(int) IS 'part of lint(): unknown codes in a sample of row labels';

-- personal data that nothing protects
CREATE FUNCTION lint_personal(sample int)
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN d.confidence >= 0.8 THEN 'warning' ELSE 'info' END,
		format('%s.%I', d.relation, d.column_name),
		format('it looks like personal data (%s, %s) and carries no tag: %s; sure to %s %%',
			d.category, d.iri, d.evidence, (100 * d.confidence)::int),
		jurisdiction.lint_set_tag(d.relation, d.column_name::name,
			format('%s/%s', jurisdiction.lint_some_place(), d.category))
	FROM pg_class c, LATERAL (
		SELECT DISTINCT ON (f.column_name) f.*
		FROM jurisdiction.discover(c.oid, sample) AS f
		WHERE f.confidence >= 0.5
		ORDER BY f.column_name, f.confidence DESC, f.category) AS d
	WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
		AND c.relnamespace::regnamespace::text NOT IN
			('pg_catalog', 'information_schema', 'pg_toast', 'jurisdiction')
		AND NOT EXISTS (SELECT FROM pg_depend e
			WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
		-- the tag of a table or of its rows is about every column
		AND NOT EXISTS (SELECT FROM pg_seclabel s
			WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_class'::regclass
				AND s.objoid = c.oid AND (s.objsubid = 0 OR s.label ~ '^\s*rows\M'))
		AND NOT EXISTS (SELECT FROM pg_seclabel s
			JOIN pg_attribute a ON a.attrelid = s.objoid AND a.attnum = s.objsubid
			WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_class'::regclass
				AND s.objoid = c.oid AND a.attname = d.column_name)
$$;
COMMENT ON FUNCTION lint_personal(int) IS 'part of lint(): columns of untagged tables that look like personal data';
