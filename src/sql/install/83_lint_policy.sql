-- ---------------------------------------------------------------------------
-- lint(): roles, exemptions, rules and networks
-- ---------------------------------------------------------------------------

-- the purposes that role tags let their roles declare; not what is quoted
CREATE FUNCTION lint_declarable()
	RETURNS TABLE (role oid, purpose text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT s.objoid, btrim(p)
	FROM pg_shseclabel s,
		regexp_matches(regexp_replace(s.label, '"[^"]*"', '', 'g'),
			'\mfor\s+([a-z0-9_]+(?:\s*,\s*[a-z0-9_]+)*)', 'g') AS m,
		unnest(string_to_array(m[1], ',')) AS p
	WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_authid'::regclass
$$;
COMMENT ON FUNCTION lint_declarable() IS 'part of lint(): which roles may declare which purposes';

CREATE FUNCTION lint_roles()
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH r AS MATERIALIZED (
		SELECT r.*, s.label AS tag, format('role %I', r.rolname) AS object
		FROM pg_roles r
		LEFT JOIN pg_shseclabel s ON s.objoid = r.oid AND s.provider = 'jurisdiction'
			AND s.classoid = 'pg_authid'::regclass
	), found AS (
	SELECT CASE WHEN r.oid = 10 THEN 'info' ELSE 'warning' END AS severity, r.object,
		'superuser: the wall refuses it tagged tables, but it can load code and change files'
			|| CASE WHEN r.oid = 10 THEN '; it is the one the cluster was made with: let nobody log in as it' ELSE '' END AS problem,
		format('ALTER ROLE %I %s', r.rolname, CASE WHEN r.oid = 10 THEN 'NOLOGIN' ELSE 'NOSUPERUSER' END) AS remedy
	FROM r WHERE r.rolsuper AND (r.oid <> 10 OR r.rolcanlogin)
UNION ALL
	SELECT CASE WHEN r.tag ~ '\mbackup\M' THEN 'info' ELSE 'warning' END, r.object,
		CASE WHEN r.tag ~ '\mbackup\M' THEN 'it is tagged "backup" and reads every row: let it log in for dumps only'
			ELSE 'BYPASSRLS: row security does not bind it; only the wall stands between it and tagged tables' END,
		format('ALTER ROLE %I NOBYPASSRLS', r.rolname)
	FROM r WHERE r.rolbypassrls AND NOT r.rolsuper
UNION ALL
	SELECT 'warning', r.object,
		'REPLICATION, and no tag says where to: it can copy the whole cluster, row security or not',
		format('ALTER ROLE %I NOREPLICATION', r.rolname)
	FROM r WHERE r.rolreplication AND NOT r.rolsuper
		AND coalesce(regexp_replace(r.tag, '"[^"]*"', '', 'g'), '') !~ '\mreplicate\M'
UNION ALL
	SELECT 'error', r.object,
		format('its tag "%s" cannot be read: it gives nothing, and what it denies is denied; %s', r.tag, l.problem),
		format('SECURITY LABEL FOR jurisdiction ON ROLE %I IS NULL', r.rolname)
	FROM r, jurisdiction.lint_tag('role', r.tag) AS l
	WHERE l.problem IS NOT NULL
UNION ALL
	SELECT 'error', r.object,
		format('its tag names "%s", which is not registered in this database', l.code),
		jurisdiction.lint_register(l.code)
	FROM r, jurisdiction.lint_tag('role', r.tag) AS l
	WHERE l.code IS NOT NULL
UNION ALL
	SELECT 'error', r.object,
		format('its tag lets it declare purpose "%s", which is not registered in this database', d.purpose),
		format('INSERT INTO jurisdiction.purpose (code, name) VALUES (%L, %1$L)', d.purpose)
	FROM r JOIN jurisdiction.lint_declarable() d ON d.role = r.oid
	WHERE NOT EXISTS (SELECT FROM jurisdiction.purpose p WHERE p.code = d.purpose)
UNION ALL
	SELECT 'warning', m.object,
		format('it may SET ROLE to tagged %I, and is not tagged itself: as what it logs in it is cleared for nothing, as %1$I for all that one is', g.rolname),
		format('REVOKE %I FROM %I', g.rolname, m.rolname)
	FROM pg_auth_members a JOIN r AS g ON g.oid = a.roleid JOIN r AS m ON m.oid = a.member
	WHERE g.tag IS NOT NULL AND m.tag IS NULL AND NOT m.rolsuper AND m.oid >= 16384
UNION ALL
	SELECT 'warning', 'officers',
		'nobody is tagged officer: every superuser stands in, and may change policy and tags',
		'SECURITY LABEL FOR jurisdiction ON ROLE data_protection_officer IS ''officer'''
	WHERE NOT EXISTS (SELECT FROM r WHERE regexp_replace(r.tag, '"[^"]*"', '', 'g') ~ '\mofficer\M')
	)
	SELECT * FROM found WHERE jurisdiction.lint_sees_all()
$$;
COMMENT ON FUNCTION lint_roles() IS 'part of lint(): roles and their tags';

-- only officers may read exemptions: for others the query itself is refused
CREATE FUNCTION lint_exemptions()
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT jurisdiction.lint_is_officer() THEN
		IF jurisdiction.lint_sees_all() THEN
			RETURN QUERY SELECT 'info', 'jurisdiction.exemption',
				'exemptions are not among these findings: only officers may read them',
				'-- call jurisdiction.lint() as an officer';
		END IF;
		RETURN;
	END IF;
	RETURN QUERY
		SELECT CASE e.kind WHEN 'bypass' THEN 'error' ELSE 'warning' END,
			format('exemption %s', e.id),
			format('%s of role %I has no end', e.kind, e.role_name),
			format('UPDATE jurisdiction.exemption SET until = now() + interval ''30 days'' WHERE id = %s', e.id)
		FROM jurisdiction.exemption e WHERE e.until IS NULL OR e.until = 'infinity'
		UNION ALL
		SELECT 'warning', format('exemption %s', e.id),
			format('it is for role %I, which does not exist: whoever is given that name is exempt from %s', e.role_name, e.kind),
			format('UPDATE jurisdiction.exemption SET until = now() WHERE id = %s', e.id)
		FROM jurisdiction.exemption e
		WHERE coalesce(e.until > statement_timestamp(), true)
			AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = e.role_name)
		UNION ALL
		SELECT 'warning', format('exemption %s', e.id),
			format('bypass within "%s" lifts nothing: the wall stands or falls for whole tables', e.scope),
			format('UPDATE jurisdiction.exemption SET until = now() WHERE id = %s', e.id)
		FROM jurisdiction.exemption e
		WHERE coalesce(e.until > statement_timestamp(), true) AND e.kind = 'bypass' AND e.scope IS NOT NULL;
END
$$;
COMMENT ON FUNCTION lint_exemptions() IS 'part of lint(): exemptions without an end, without a role, or without effect';

-- the SQL that ends a rule now, or removes one that has not begun
CREATE FUNCTION lint_end_rule(id bigint, during tstzrange) RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN lower(during) > statement_timestamp()
		THEN format('DELETE FROM jurisdiction.transfer_rule WHERE id = %s', id)
		ELSE format('UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now()) WHERE id = %s', id) END
$$;
COMMENT ON FUNCTION lint_end_rule(bigint, tstzrange) IS 'part of lint(): the SQL that ends a rule';

CREATE FUNCTION lint_rules()
	RETURNS TABLE (severity text, object text, problem text, remedy text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH rule AS MATERIALIZED (
		SELECT t.*, format('transfer_rule %s', t.id) AS object,
			coalesce(t.during, tstzrange(NULL, NULL)) AS span
		FROM jurisdiction.transfer_rule t
	), open AS MATERIALIZED (
		SELECT * FROM rule WHERE coalesce(upper(span) > statement_timestamp(), true)
	)
	SELECT 'info' AS severity, r.object,
		format('it can never matter: what is under the law of %s may arrive at %s without a rule', r.origin, r.destination),
		jurisdiction.lint_end_rule(r.id, r.during)
	FROM open r WHERE r.effect = 'allow' AND jurisdiction.lint_covers(r.origin, r.destination)
UNION ALL
	SELECT 'warning', r.object,
		format('it can never allow anything: rule %s denies all of it', min(d.id)),
		jurisdiction.lint_end_rule(r.id, r.during)
	FROM open r JOIN open d ON d.effect = 'deny' AND d.categories IS NULL
		AND d.actions @> r.actions AND d.span @> (r.span * tstzrange(statement_timestamp(), NULL))
		AND jurisdiction.lint_covers(d.origin, r.origin)
		AND jurisdiction.lint_covers(d.destination, r.destination)
	WHERE r.effect = 'allow'
	GROUP BY r.object, r.id, r.during
UNION ALL
	SELECT 'info', r.object, format('rule %s says the same for the same time', min(o.id)),
		jurisdiction.lint_end_rule(r.id, r.during)
	FROM open r JOIN open o ON o.id < r.id AND o.effect = r.effect AND o.origin = r.origin
		AND o.destination = r.destination AND o.actions @> r.actions
		AND (o.max_level IS NULL OR o.max_level = r.max_level)
		AND (o.categories IS NULL OR r.effect = 'allow' AND o.categories @> r.categories
			OR r.effect = 'deny' AND o.categories @> r.categories)
		AND (o.purposes IS NULL OR o.purposes @> r.purposes)
		AND o.span @> (r.span * tstzrange(statement_timestamp(), NULL))
	GROUP BY r.object, r.id, r.during
UNION ALL
	SELECT 'warning', r.object,
		format('it can never allow anything: no role''s tag lets it declare %s', array_to_string(r.purposes, ' or ')),
		jurisdiction.lint_end_rule(r.id, r.during)
	FROM open r
	WHERE r.effect = 'allow' AND r.purposes IS NOT NULL
		AND NOT EXISTS (SELECT FROM jurisdiction.lint_declarable() d WHERE d.purpose = ANY (r.purposes))
UNION ALL
	SELECT 'error', r.object,
		format('it names %s "%s", which is not registered', u.what, u.code),
		CASE u.what WHEN 'category' THEN jurisdiction.lint_register(u.code)
			ELSE format('INSERT INTO jurisdiction.purpose (code, name) VALUES (%L, %1$L)', u.code) END
	FROM open r, LATERAL (
		SELECT 'category', c FROM unnest(r.categories) AS c
			WHERE NOT EXISTS (SELECT FROM jurisdiction.category k WHERE k.code = c)
		UNION ALL
		SELECT 'purpose', p FROM unnest(r.purposes) AS p
			WHERE NOT EXISTS (SELECT FROM jurisdiction.purpose k WHERE k.code = p)) AS u(what, code)
UNION ALL
	SELECT 'info', 'transfer_rule', format('%s rules have ended: they explain decisions of the past', count(*)),
		'-- nothing to mend: history stays'
	FROM rule WHERE upper(span) <= statement_timestamp() HAVING count(*) > 0
UNION ALL
	SELECT 'info', 'network', 'it is empty: where a client connects from is not asked',
		'-- enter the ranges of your own networks, or load_geoip() a registry''s'
	WHERE NOT EXISTS (SELECT FROM jurisdiction.network)
UNION ALL
	SELECT 'warning', 'network',
		'every range is a registry''s and trusted: a registry says who holds an address, not where its user is',
		'UPDATE jurisdiction.network SET trusted = false WHERE source = ''geoip'''
	WHERE EXISTS (SELECT FROM jurisdiction.network)
		AND NOT EXISTS (SELECT FROM jurisdiction.network n WHERE n.source <> 'geoip' OR NOT n.trusted)
UNION ALL
	SELECT 'error', format('network %s', min(n.cidr)),
		format('%s ranges name place "%s", which is not registered', count(*), n.place),
		jurisdiction.lint_register(n.place)
	FROM jurisdiction.network n
	WHERE NOT EXISTS (SELECT FROM jurisdiction.place p WHERE p.code = n.place)
	GROUP BY n.place
$$;
COMMENT ON FUNCTION lint_rules() IS 'part of lint(): rules that do nothing, networks that say too much';
