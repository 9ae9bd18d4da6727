-- ---------------------------------------------------------------------------
-- lint(): what weakens protection here and now
-- ---------------------------------------------------------------------------

CREATE FUNCTION lint_server()
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH setting AS MATERIALIZED (
		-- pg_settings leaves out what the caller may not see
		SELECT s.name, s.setting, s.sourcefile, s.sourceline FROM pg_settings s
	)
	SELECT 'error' AS severity, 'setting jurisdiction.site' AS object,
		'it is not set: nothing can be written to tagged tables, and nothing is at home' AS problem,
		'ALTER SYSTEM SET jurisdiction.site = ''EU''' AS remedy
	FROM setting WHERE name = 'jurisdiction.site' AND setting = ''
UNION ALL
	SELECT 'error', 'setting jurisdiction.site',
		format('it names "%s", which is not registered', setting), jurisdiction.lint_register(setting)
	FROM setting WHERE name = 'jurisdiction.site' AND setting <> ''
		AND NOT EXISTS (SELECT FROM jurisdiction.place p WHERE p.code = setting)
UNION ALL
	SELECT 'error', 'setting jurisdiction.enforcement',
		'observe: refusals are recorded, and not carried out (after the remedy, reload)',
		'ALTER SYSTEM SET jurisdiction.enforcement = ''enforce'''
	FROM setting WHERE name = 'jurisdiction.enforcement' AND setting = 'observe'
UNION ALL
	SELECT 'warning', 'evidence',
		'there is no evidence log: refusals, exemptions, tags and rules are lines of the server''s log, which whoever runs the server can change (after the remedy, restart)',
		'ALTER SYSTEM SET jurisdiction.evidence_directory = ''jurisdiction_evidence'''
	FROM setting WHERE name = 'jurisdiction.evidence_directory' AND setting = ''
UNION ALL
	SELECT 'warning', 'setting jurisdiction.evidence_directory',
		format('"%s" is inside the data directory: whoever copies, restores or rewinds the one does it to the evidence, too', setting),
		'-- in the configuration, name a directory elsewhere, move the log there, and restart'
	FROM setting
	WHERE name = 'jurisdiction.evidence_directory' AND setting <> ''
		AND (setting !~ '^/' OR EXISTS (SELECT FROM setting AS d WHERE d.name = 'data_directory'
			AND starts_with(setting.setting || '/', rtrim(d.setting, '/') || '/')))
UNION ALL
	SELECT 'warning', 'setting jurisdiction.evidence_commit',
		'off: what is released is not yet in the evidence log, and a crash loses up to 200 ms of it (after the remedy, reload)',
		'ALTER SYSTEM SET jurisdiction.evidence_commit = on'
	FROM setting WHERE name = 'jurisdiction.evidence_commit' AND setting = 'off'
UNION ALL
	SELECT 'error', 'setting log_min_messages',
		format('%s: lines at level LOG are not written, and with them no refusal (after the remedy, reload)', setting),
		'ALTER SYSTEM SET log_min_messages = ''warning'''
	FROM setting WHERE name = 'log_min_messages' AND setting IN ('fatal', 'panic')
UNION ALL
	SELECT 'error', 'setting auto_explain.log_level',
		format('%s: plans with counts of hidden rows are sent to clients', setting),
		'ALTER SYSTEM SET auto_explain.log_level = ''log'''
	FROM setting WHERE name = 'auto_explain.log_level' AND setting <> 'log'
UNION ALL
	SELECT 'warning', 'setting allow_system_table_mods',
		'on: tags and policies can be changed by hand (after the remedy, reload)',
		'ALTER SYSTEM SET allow_system_table_mods = off'
	FROM setting WHERE name = 'allow_system_table_mods' AND setting = 'on'
UNION ALL
	SELECT 'warning', format('setting %s', name),
		format('every session loads "%s", past jurisdiction.allowed_libraries (after the remedy, reload)', setting),
		-- setting it to '' would name a library "", and no session could start
		CASE WHEN sourcefile LIKE '%postgresql.auto.conf' THEN format('ALTER SYSTEM RESET %s', name)
			ELSE format('-- remove it from %s, line %s, and reload', sourcefile, sourceline) END
	FROM setting WHERE name IN ('session_preload_libraries', 'local_preload_libraries')
		AND setting <> '' AND jurisdiction.lint_sees_all()
UNION ALL
	SELECT 'warning', format('setting %s of %s', split_part(c, '=', 1),
			concat_ws(' in ', 'role ' || quote_ident(r.rolname), 'database ' || quote_ident(d.datname))),
		format('sessions there load "%s", past jurisdiction.allowed_libraries', substr(c, strpos(c, '=') + 1)),
		CASE WHEN r.rolname IS NULL THEN format('ALTER DATABASE %I RESET %I', d.datname, split_part(c, '=', 1))
			ELSE format('ALTER ROLE %I%s RESET %I', r.rolname,
				CASE WHEN d.datname IS NULL THEN '' ELSE format(' IN DATABASE %I', d.datname) END, split_part(c, '=', 1)) END
	FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
		LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS c
	WHERE split_part(c, '=', 1) IN ('session_preload_libraries', 'local_preload_libraries')
		AND substr(c, strpos(c, '=') + 1) <> '' AND jurisdiction.lint_sees_all()
		AND (d.datname IS NULL OR d.datname = current_database())
UNION ALL
	SELECT r.severity, 'setting jurisdiction.allowed_libraries',
		format('it allows %s, which %s (after the remedy, reload)', r.name, r.why),
		format('ALTER SYSTEM SET jurisdiction.allowed_libraries = %L',
			(SELECT string_agg(l, ', ' ORDER BY i)
				FROM unnest(jurisdiction.lint_allowed_libraries()) WITH ORDINALITY AS a(l, i) WHERE l <> r.name))
	FROM jurisdiction.lint_risky() r
	WHERE r.name = ANY (jurisdiction.lint_allowed_libraries()) AND jurisdiction.lint_sees_all()
$$;
COMMENT ON FUNCTION lint_server() IS 'part of lint(): settings';

CREATE FUNCTION lint()
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 50
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT f.*
	FROM (SELECT * FROM jurisdiction.lint_tables()
		UNION SELECT * FROM jurisdiction.lint_rows(10000)
		UNION SELECT * FROM jurisdiction.lint_personal(100)
		UNION SELECT * FROM jurisdiction.lint_code()
		UNION SELECT * FROM jurisdiction.lint_roles()
		UNION SELECT * FROM jurisdiction.lint_exemptions()
		UNION SELECT * FROM jurisdiction.lint_rules()
		UNION SELECT * FROM jurisdiction.lint_keys()
		UNION SELECT * FROM jurisdiction.lint_server()) AS f
	ORDER BY array_position('{error,warning,info}', f.severity),
		f.object COLLATE "C", f.problem COLLATE "C", f.remedy COLLATE "C"
$$;
COMMENT ON FUNCTION lint() IS
	'what weakens protection here and now, the worst first, each with the SQL that mends it (a comment where no SQL does); superusers and officers see all, others what concerns them';
