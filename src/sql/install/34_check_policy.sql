--
-- What makes a membership, a rule, a preset and an exemption.
--
CREATE FUNCTION check_membership() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	other daterange;
BEGIN
	PERFORM jurisdiction.check_known_place('membership', 'grp', NEW.grp);
	PERFORM jurisdiction.check_known_place('membership', 'member', NEW.member);
	PERFORM jurisdiction.check_not_blank('membership', 'basis', NEW.basis,
		'Cite what made it a member: a treaty, an act of accession, a list.');
	IF NOT EXISTS (SELECT FROM jurisdiction.place p
					WHERE p.code = NEW.grp AND p.kind = 'group') THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'grp',
			format('place "%s" in grp is not a group', NEW.grp),
			format('Only groups have members. Did you mean grp "%s", member "%s"?',
				NEW.member, NEW.grp));
	END IF;
	IF NEW.during IS NULL OR isempty(NEW.during) THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('during must not be %s', coalesce(NEW.during::text, 'NULL')),
			'Write the first day and the first day after: [1995-01-01,); [,) means always.');
	END IF;

	SELECT m.during INTO other
		FROM jurisdiction.membership m
		WHERE m.grp = NEW.grp AND m.member = NEW.member AND m.during && NEW.during
			AND (TG_OP = 'INSERT' OR m.during <> OLD.during)
		LIMIT 1;
	IF FOUND THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('during %s overlaps the membership of %s in %s during %s',
				NEW.during, NEW.member, NEW.grp, other),
			'Days are listed once. Set the end of the other row, or enter the days it lacks.');
	END IF;

	IF EXISTS (
		WITH RECURSIVE up(code, during) AS (
			SELECT NEW.grp, NEW.during
			UNION
			SELECT m.grp, m.during * up.during
				FROM jurisdiction.membership m
				JOIN up ON m.member = up.code AND m.during && up.during
		)
		SELECT FROM up WHERE up.code = NEW.member)
	THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'member',
			format('member "%s" would hold the group "%s" it is in', NEW.member, NEW.grp),
			'A group is not a member of itself, nor of its members.');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_membership() IS 'trigger: what makes a membership';

--
-- Rules, of transfer_rule and of presets alike.
--
CREATE FUNCTION check_rule() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unknown text;
BEGIN
	IF NEW.effect IS NULL OR NEW.effect NOT IN ('allow', 'deny') THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'effect',
			format('unknown effect %s', coalesce('"' || NEW.effect || '"', 'NULL')),
			'A rule allows or denies: write allow or deny.');
	END IF;
	PERFORM jurisdiction.check_known_place(TG_TABLE_NAME, 'origin', NEW.origin);
	PERFORM jurisdiction.check_known_place(TG_TABLE_NAME, 'destination', NEW.destination);

	IF NEW.actions IS NULL THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'actions',
			'actions must not be NULL',
			'List read, export, store, unseal or write.');
	END IF;
	PERFORM jurisdiction.check_list(TG_TABLE_NAME, 'actions', NEW.actions);
	SELECT a INTO unknown
		FROM unnest(NEW.actions) AS a
		WHERE a NOT IN ('read', 'export', 'store', 'unseal', 'write') LIMIT 1;
	IF FOUND THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'actions',
			format('unknown action "%s" in actions', unknown),
			'Actions are read, export, store, unseal and write.');
	END IF;

	IF NEW.max_level NOT IN ('public', 'internal', 'confidential', 'restricted', 'secret') THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'max_level',
			format('unknown level "%s" in max_level', NEW.max_level),
			'Levels are public, internal, confidential, restricted and secret; NULL means any.');
	END IF;

	IF NEW.categories IS NOT NULL THEN
		PERFORM jurisdiction.check_list(TG_TABLE_NAME, 'categories', NEW.categories);
		SELECT c INTO unknown
			FROM unnest(NEW.categories) AS c
			WHERE NOT EXISTS (SELECT FROM jurisdiction.category k WHERE k.code = c) LIMIT 1;
		IF FOUND THEN
			PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'categories',
				format('unknown category "%s" in categories', unknown),
				jurisdiction.term_hint('category', unknown));
		END IF;
	END IF;

	IF NEW.purposes IS NOT NULL THEN
		PERFORM jurisdiction.check_list(TG_TABLE_NAME, 'purposes', NEW.purposes);
		SELECT p INTO unknown
			FROM unnest(NEW.purposes) AS p
			WHERE NOT EXISTS (SELECT FROM jurisdiction.purpose k WHERE k.code = p) LIMIT 1;
		IF FOUND THEN
			PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'purposes',
				format('unknown purpose "%s" in purposes', unknown),
				jurisdiction.term_hint('purpose', unknown));
		END IF;
	END IF;

	-- with either, more secret data or a session without purpose would escape it
	IF NEW.effect = 'deny' AND NEW.max_level IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'max_level',
			format('a deny rule cannot have max_level "%s"', NEW.max_level),
			'A deny rule is about every level. Leave max_level NULL.');
	ELSIF NEW.effect = 'deny' AND NEW.purposes IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'purposes',
			format('a deny rule cannot have purposes %s', NEW.purposes),
			'A deny rule is about every purpose. Leave purposes NULL.');
	END IF;

	PERFORM jurisdiction.check_not_blank(TG_TABLE_NAME, 'basis', NEW.basis,
		'Cite the law it rests on: eu-gdpr:A45-3 (EU) 2019/419.');
	IF isempty(NEW.during) THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'during',
			'during must not be empty',
			'Write the start and the end: [2020-01-01,2021-01-01); NULL means always.');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_rule() IS 'trigger: what makes a rule';

-- a preset that ships means what it says
CREATE FUNCTION check_preset() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_TABLE_NAME = 'preset' THEN
		PERFORM jurisdiction.check_not_blank('preset', 'name', NEW.name,
			'Give it a name to enable it by.');
		PERFORM jurisdiction.check_not_blank('preset', 'description', NEW.description,
			'Say what it permits or forbids.');
		PERFORM jurisdiction.check_not_blank('preset', 'source', NEW.source,
			'Cite where its rules are from.');
	ELSIF NOT EXISTS (SELECT FROM jurisdiction.preset p
						WHERE p.name = NEW.preset AND NOT p.builtin) THEN
		PERFORM jurisdiction.refuse_policy_row('preset_rule', 'preset',
			format('preset %s is not one of your own',
				coalesce('"' || NEW.preset || '"', 'NULL')),
			'Add a preset to jurisdiction.preset, then its rules.');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_preset() IS 'trigger: what makes a preset, and whose rules it has';

--
-- Exemptions.  One that is over is history, and restored as it stands; one that
-- still holds names a role and codes that there are.
--
CREATE FUNCTION check_exemption() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	holds CONSTANT boolean := coalesce(NEW.until > statement_timestamp(), true);
	unknown text;
BEGIN
	IF NEW.kind IS NULL OR NEW.kind NOT IN ('bypass', 'write_down', 'relabel', 'declassify') THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'kind',
			format('unknown kind %s', coalesce('"' || NEW.kind || '"', 'NULL')),
			'Kinds are bypass, write_down, relabel and declassify.');
	END IF;
	PERFORM jurisdiction.check_not_blank('exemption', 'role_name', NEW.role_name,
		'Name the role that is exempt.');
	IF holds AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = NEW.role_name) THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'role_name',
			format('unknown role "%s" in role_name', NEW.role_name),
			coalesce('Did you mean ' || jurisdiction.similar_codes(NEW.role_name,
				(SELECT array_agg(rolname::text) FROM pg_roles)) || '?',
				'Create the role first, and write its name as \du shows it.'));
	END IF;
	PERFORM jurisdiction.check_not_blank('exemption', 'basis', NEW.basis,
		'Cite what permits it.');
	IF holds AND NEW.kind = 'bypass' AND NEW.scope IS NOT NULL
		AND NOT jurisdiction.is_restoring() THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'scope',
			'a bypass exemption has no scope: it lifts the wall for whole tables',
			'Leave scope out, or tag the role so that it reads what it may.');
	END IF;
	IF holds AND NEW.scope IS NOT NULL AND NOT jurisdiction.is_restoring() THEN
		SELECT code INTO unknown
			FROM jurisdiction.atoms(NEW.scope) AS a,
				unnest(a.place || array_remove(a.releases, '*')) AS code
			WHERE NOT EXISTS (SELECT FROM jurisdiction.place p WHERE p.code = code.code) LIMIT 1;
		IF FOUND THEN
			PERFORM jurisdiction.refuse_policy_row('exemption', 'scope',
				format('unknown place "%s" in scope', unknown),
				jurisdiction.place_hint(unknown));
		END IF;
		SELECT code INTO unknown
			FROM jurisdiction.atoms(NEW.scope) AS a, unnest(a.categories) AS code
			WHERE NOT EXISTS (SELECT FROM jurisdiction.category c WHERE c.code = code.code) LIMIT 1;
		IF FOUND THEN
			PERFORM jurisdiction.refuse_policy_row('exemption', 'scope',
				format('unknown category "%s" in scope', unknown),
				jurisdiction.term_hint('category', unknown));
		END IF;
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_exemption() IS 'trigger: what makes an exemption';

