-- ---------------------------------------------------------------------------
-- lint(): code that could get around enforcement, and copies that leave
-- ---------------------------------------------------------------------------

-- extensions and libraries by which values leave past every hook
CREATE FUNCTION lint_risky()
	RETURNS TABLE (name text, severity text, why text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	VALUES
		('pageinspect', 'error', 'reads raw pages, rows of every label among them'),
		('pg_dirtyread', 'error', 'reads deleted rows, past row security'),
		('pg_surgery', 'error', 'changes rows in place, past every check'),
		('pg_walinspect', 'error', 'reads the write-ahead log, which holds every change'),
		('pg_filedump', 'error', 'reads raw pages'),
		('adminpack', 'error', 'reads and writes files of the server'),
		('pldbgapi', 'error', 'shows the variables of other sessions'' functions'),
		('amcheck', 'warning', 'reads raw pages; its messages may quote keys'),
		('pgstattuple', 'warning', 'counts rows of every label'),
		('pg_visibility', 'warning', 'reads raw pages, and shows which rows there are'),
		('dblink', 'warning', 'sends what a session reads to any server it names'),
		('postgres_fdw', 'warning', 'sends rows to other servers: tag each foreign table "to PLACES"'),
		('file_fdw', 'warning', 'reads files and runs programs of the server'),
		('mysql_fdw', 'warning', 'sends rows to other servers'),
		('oracle_fdw', 'warning', 'sends rows to other servers'),
		('tds_fdw', 'warning', 'sends rows to other servers'),
		('multicorn', 'warning', 'sends rows to other servers, in Python'),
		('pg_net', 'warning', 'sends what a session reads to any address'),
		('http', 'warning', 'sends what a session reads to any address'),
		('pg_cron', 'warning', 'runs statements later, as another session'),
		('pglogical', 'warning', 'replicates tables without publications'),
		('auto_explain', 'warning', 'writes plans with estimates and counts of hidden rows to the log'),
		('test_decoding', 'warning', 'decodes every change of every table'),
		('wal2json', 'warning', 'decodes every change of every table'),
		('decoderbufs', 'warning', 'decodes every change of every table'),
		('plperl', 'warning', 'brings plperlu too, which can do what the server can'),
		('pltcl', 'warning', 'brings pltclu too, which can do what the server can'),
		('plpython3', 'error', 'its functions can do what the server can')
$$;
COMMENT ON FUNCTION lint_risky() IS 'part of lint(): extensions and libraries that get around enforcement';

-- what LOAD and LANGUAGE C may bring in
CREATE FUNCTION lint_allowed_libraries() RETURNS text[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(array_agg(btrim(l, ' "''') ORDER BY i), '{}')
	FROM unnest(string_to_array(current_setting('jurisdiction.allowed_libraries', true), ',')) WITH ORDINALITY AS a(l, i)
	WHERE btrim(l, ' "''') <> ''
$$;
COMMENT ON FUNCTION lint_allowed_libraries() IS 'part of lint(): jurisdiction.allowed_libraries as an array';

CREATE FUNCTION lint_code()
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH f AS MATERIALIZED (
		SELECT p.oid, p.oid::regprocedure AS proc, p.proowner, p.prosecdef, p.prosrc, p.proacl,
			p.prokind, p.probin, p.prosqlbody IS NOT NULL AS has_body, l.lanname, l.lanpltrusted,
			CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind,
			EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
				AND d.objid = p.oid AND d.deptype = 'e') AS is_extensions
		FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
		WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p', 'w')
			AND (jurisdiction.lint_sees_all() OR pg_has_role(p.proowner, 'USAGE'))
	), tagged AS MATERIALIZED (
		SELECT DISTINCT c.oid, c.relname
		FROM pg_seclabel s JOIN pg_class c ON c.oid = s.objoid
		WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_class'::regclass
	), touch AS (
		SELECT f.oid, string_agg(DISTINCT d.refobjid::regclass::text, ', ') AS tables, true AS is_sure
		FROM f JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = f.oid
				AND d.refclassid = 'pg_class'::regclass
			JOIN tagged ON tagged.oid = d.refobjid
		WHERE f.has_body AND f.prosecdef
		GROUP BY f.oid
		UNION ALL
		SELECT f.oid, string_agg(DISTINCT tagged.oid::regclass::text, ', '), false
		FROM f JOIN tagged ON strpos(lower(f.prosrc), lower(tagged.relname)) > 0
			AND regexp_split_to_array(lower(f.prosrc), '[^[:alnum:]_$]+') @> ARRAY[lower(tagged.relname::text)]
		WHERE NOT f.has_body AND f.prosecdef AND f.lanname NOT IN ('c', 'internal')
		GROUP BY f.oid
	)
	SELECT r.severity, format('extension %I', e.extname), r.why,
		format('DROP EXTENSION %I', e.extname)
	FROM pg_extension e JOIN jurisdiction.lint_risky() r ON r.name = e.extname
	WHERE jurisdiction.lint_sees_all() AND r.name NOT LIKE 'pl%'
UNION ALL
	SELECT 'error', format('%s %s', lower(f.kind), f.proc),
		format('it is written in %I, an untrusted language: it can do what the server can', f.lanname),
		format('DROP %s %s', f.kind, f.proc)
	FROM f WHERE NOT f.lanpltrusted AND f.lanname NOT IN ('c', 'internal') AND NOT f.is_extensions
UNION ALL
	SELECT 'warning', format('language %I', l.lanname),
		'functions in this untrusted language can do what the server can',
		coalesce((SELECT format('DROP EXTENSION %I', e.extname) FROM pg_depend d
			JOIN pg_extension e ON e.oid = d.refobjid
			WHERE d.classid = 'pg_language'::regclass AND d.objid = l.oid AND d.deptype = 'e'),
			format('DROP LANGUAGE %I', l.lanname))
	FROM pg_language l
	WHERE jurisdiction.lint_sees_all() AND NOT l.lanpltrusted AND l.lanname NOT IN ('c', 'internal')
UNION ALL
	SELECT 'error', format('%s %s', lower(f.kind), f.proc),
		CASE f.lanname WHEN 'internal' THEN format('it makes the server''s internal function %s callable by another name', f.prosrc)
			ELSE format('its library "%s" is not in jurisdiction.allowed_libraries', f.probin) END,
		format('DROP %s %s', f.kind, f.proc)
	FROM f
	WHERE NOT f.is_extensions AND (f.lanname = 'internal' OR f.lanname = 'c'
		AND regexp_replace(regexp_replace(f.probin, '^.*/', ''), '\.(so|dll|dylib)$', '') NOT IN
			(SELECT 'jurisdiction' UNION ALL SELECT unnest(jurisdiction.lint_allowed_libraries())))
UNION ALL
	SELECT 'warning', format('%s %s', lower(f.kind), f.proc),
		format('it runs as %s, who is %s, and anybody may execute it; %s: what the wall does not refuse there comes back unfiltered',
			o.rolname, CASE WHEN o.rolsuper THEN 'a superuser' ELSE 'not bound by row security' END,
			CASE WHEN touch.is_sure THEN format('its body reads or writes tagged %s', touch.tables)
				ELSE format('its text has the name of tagged %s, so it may read or write it', touch.tables) END),
		format('REVOKE EXECUTE ON %s %s FROM PUBLIC', f.kind, f.proc)
	FROM f JOIN touch USING (oid) JOIN pg_roles o ON o.oid = f.proowner
	WHERE (o.rolsuper OR o.rolbypassrls)
		AND EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
			WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
UNION ALL
	SELECT 'warning', format('trigger %I on %s', g.tgname, c.oid::regclass),
		CASE WHEN stranger.rolname IS NOT NULL
			THEN format('it gives rows of the tagged table to %s, which %I may change, who is neither its owner nor an officer', g.tgfoid::regprocedure, stranger.rolname)
			ELSE 'it is older than the tags of columns, and is given what they raise: nobody has asked whether who made it may read that' END,
		format('DROP TRIGGER %I ON %s', g.tgname, c.oid::regclass)
	FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN tagged ON tagged.oid = c.oid
		JOIN pg_proc p ON p.oid = g.tgfoid
		LEFT JOIN pg_roles AS stranger ON stranger.oid = p.proowner AND stranger.oid <> c.relowner
			AND NOT stranger.rolsuper
			AND NOT EXISTS (SELECT FROM pg_shseclabel s WHERE s.provider = 'jurisdiction'
				AND s.classoid = 'pg_authid'::regclass AND s.objoid = stranger.oid
				AND regexp_replace(s.label, '"[^"]*"', '', 'g') ~ '\mofficer\M')
	WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgenabled <> 'D' AND p.oid >= 16384
		AND jurisdiction.lint_sees(c.oid)
		-- for each row, or with a transition table
		AND (g.tgtype & 1 = 1 OR g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL)
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
			AND d.objid = p.oid AND d.deptype = 'e')
		AND (stranger.rolname IS NOT NULL OR EXISTS (SELECT FROM pg_seclabel s
			WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_class'::regclass
				AND s.objoid = c.oid AND s.objsubid > 0 AND s.label !~ '^\s*rows\M'
				AND age(s.xmin) < age(g.xmin)))
UNION ALL
	SELECT CASE s.slot_type WHEN 'logical' THEN 'error' ELSE 'warning' END,
		format('replication slot %I', s.slot_name),
		CASE s.slot_type WHEN 'logical'
			THEN format('whoever reads it gets every change of database %s, decoded by %s', s.database, s.plugin)
			ELSE 'whoever reads it gets every change of the cluster' END,
		format('SELECT pg_catalog.pg_drop_replication_slot(%L)', s.slot_name)
	FROM pg_replication_slots s
	WHERE jurisdiction.lint_sees_all() AND NOT s.temporary
		AND (s.database IS NULL OR s.database = current_database())
UNION ALL
	SELECT 'info', 'large objects', format('%s large objects: they carry no label, and those who may read one read all of it', count(*)),
		'-- keep such data in a bytea column of a tagged table, and remove the large objects with lo_unlink()'
	FROM pg_largeobject_metadata
	WHERE jurisdiction.lint_sees_all()
	HAVING count(*) > 0
$$;
COMMENT ON FUNCTION lint_code() IS 'part of lint(): code that gets around enforcement, copies that leave';
