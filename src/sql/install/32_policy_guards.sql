--
-- What makes a row of policy sensible, and that history stays as it was.
--
-- Every row is looked at before it is written, and a bad one is refused by
-- name: the column, the value, and what would have been right (23514).
--
-- What was in force is evidence.  A rule or membership that has begun keeps
-- every column but the end of "during", which may be set to now or later; only
-- what has not begun can be changed or deleted.  Entering a row whose "during"
-- is past is no change: history may be completed, and a dump restored.
--
-- The triggers fire ALWAYS, so that session_replication_role is no way around
-- them.  An upgrade script that ships new rows disables them while it does.
--

-- the one way a policy row is refused
CREATE FUNCTION refuse_policy_row(table_name text, field text, problem text, hint text)
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE check_violation USING
		MESSAGE = problem,
		HINT = hint,
		SCHEMA = 'jurisdiction', TABLE = table_name, COLUMN = field;
END
$$;
COMMENT ON FUNCTION refuse_policy_row(text, text, text, text) IS 'raises the error that a policy row makes no sense';

-- the codes that differ from WANTED by one letter or by case, for hints
CREATE FUNCTION similar_codes(wanted text, known text[]) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH word AS (
		SELECT lower(left(wanted, 40)) AS w
	), shorter AS (
		SELECT w AS part FROM word
		UNION
		SELECT left(w, i - 1) || substr(w, i + 1)
			FROM word, generate_series(1, length(w)) AS i
	), near AS (
		SELECT DISTINCT code, lower(code) <> w AS differs,
				left(lower(code), 3) <> left(w, 3) AS begins_otherwise
			FROM word, unnest(known) AS code
			WHERE lower(code) IN (SELECT part FROM shorter WHERE length(part) > 1)
				OR EXISTS (
					SELECT FROM generate_series(1, length(code)) AS i
						WHERE left(lower(code), i - 1) || substr(lower(code), i + 1)
							IN (SELECT part FROM shorter WHERE length(part) > 1))
			ORDER BY differs, begins_otherwise, code
			LIMIT 3
	)
	SELECT string_agg(code, ', ' ORDER BY differs, begins_otherwise, code) FROM near
$$;
COMMENT ON FUNCTION similar_codes(text, text[]) IS 'the known codes closest to a mistyped one';

-- a place, when somebody wrote another code or its name
CREATE FUNCTION place_hint(wanted text) RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce('Did you mean ' || coalesce(
		-- reserved in ISO 3166-1, and the Union's own habit
		CASE upper(wanted) WHEN 'UK' THEN 'GB' WHEN 'EL' THEN 'GR' END,
		(SELECT string_agg(code, ', ')
			FROM (SELECT code FROM jurisdiction.place
					WHERE length(wanted) > 3
						AND starts_with(lower(name), lower(left(wanted, 60)))
					ORDER BY kind, code LIMIT 3) AS named),
		jurisdiction.similar_codes(wanted,
			(SELECT array_agg(code) FROM jurisdiction.place))) || '?',
		'The places are in jurisdiction.place: DE, US-CA, EEA; add a group of your own there.')
$$;
COMMENT ON FUNCTION place_hint(text) IS 'what to say to somebody who named an unknown place';

-- one of DOMAIN ("category", "purpose")
CREATE FUNCTION term_hint(domain text, wanted text) RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce('Did you mean ' || jurisdiction.similar_codes(wanted,
			CASE domain
				WHEN 'category' THEN (SELECT array_agg(code) FROM jurisdiction.category)
				WHEN 'purpose' THEN (SELECT array_agg(code) FROM jurisdiction.purpose)
			END) || '?',
		format('They are in jurisdiction.%s; add your own there.', domain))
$$;
COMMENT ON FUNCTION term_hint(text, text) IS 'what to say to somebody who named an unknown category or purpose';

CREATE FUNCTION check_known_place(table_name text, field text, code text) RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF code IS NULL THEN
		PERFORM jurisdiction.refuse_policy_row(table_name, field,
			format('%s must not be NULL', field),
			'Name a place of jurisdiction.place.');
	ELSIF NOT EXISTS (SELECT FROM jurisdiction.place p
						WHERE p.code = check_known_place.code) THEN
		PERFORM jurisdiction.refuse_policy_row(table_name, field,
			format('unknown place "%s" in %s', code, field),
			jurisdiction.place_hint(code));
	END IF;
END
$$;
COMMENT ON FUNCTION check_known_place(text, text, text) IS 'refuses a policy row that names a place not in jurisdiction.place';

-- a legal citation, a name: something must be written there
CREATE FUNCTION check_not_blank(table_name text, field text, value text, hint text)
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF value IS NULL OR value !~ '\S' THEN
		PERFORM jurisdiction.refuse_policy_row(table_name, field,
			format('%s must not be empty', field), hint);
	END IF;
END
$$;
COMMENT ON FUNCTION check_not_blank(text, text, text, text) IS 'refuses a policy row without a text';

-- a list names each thing once, and names something
CREATE FUNCTION check_list(table_name text, field text, list text[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	twice text;
BEGIN
	IF cardinality(list) = 0 THEN
		PERFORM jurisdiction.refuse_policy_row(table_name, field,
			format('%s must not be an empty array', field),
			CASE field WHEN 'actions' THEN 'List read, export, store, unseal or write.'
				ELSE 'NULL means any.' END);
	ELSIF array_ndims(list) > 1 THEN
		PERFORM jurisdiction.refuse_policy_row(table_name, field,
			format('%s must be a plain list, not %s', field, list),
			'Write one pair of braces: {a,b}.');
	ELSIF array_position(list, NULL) IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row(table_name, field,
			format('NULL in %s %s', field, list),
			'Leave the element out.');
	ELSIF cardinality(list) > 1 THEN
		SELECT element INTO twice
			FROM unnest(list) AS element
			GROUP BY element HAVING count(*) > 1
			ORDER BY element LIMIT 1;
		IF FOUND THEN
			PERFORM jurisdiction.refuse_policy_row(table_name, field,
				format('"%s" stands more than once in %s', twice, field),
				'Name it once.');
		END IF;
	END IF;
END
$$;
COMMENT ON FUNCTION check_list(text, text, text[]) IS 'refuses a policy row with a list that is empty, nested, or says NULL or one thing twice';

-- the first column but "during" in which two versions of a row differ
CREATE FUNCTION changed_field(old_row jsonb, new_row jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT o.key
		FROM jsonb_each(old_row) AS o JOIN jsonb_each(new_row) AS n USING (key)
		WHERE o.value IS DISTINCT FROM n.value
		ORDER BY o.key LIMIT 1
$$;
COMMENT ON FUNCTION changed_field(jsonb, jsonb) IS 'the first column in which two versions of a row differ';

--
-- The vocabularies: what ships stays, codes do not change their meaning, and
-- nothing that policy names goes away.
--
CREATE FUNCTION check_vocabulary() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NEW.builtin THEN
			PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'builtin',
				'builtin marks the rows that ship with the extension',
				'Leave builtin out: your own rows are false.');
		END IF;
		RETURN NEW;
	END IF;
	IF OLD.builtin THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'builtin',
			format('%s "%s" ships with the extension and cannot be %s',
				TG_TABLE_NAME, coalesce(to_jsonb(OLD)->>'code', to_jsonb(OLD)->>'name',
					to_jsonb(OLD)->>'preset'),
				CASE TG_OP WHEN 'DELETE' THEN 'removed' ELSE 'changed' END),
			'Add a row of your own instead.');
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;
	IF NEW.builtin THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'builtin',
			'builtin marks the rows that ship with the extension',
			'Leave it false.');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_vocabulary() IS 'trigger: rows that ship are kept apart from the others';

-- codes are what labels, rules and tags say: they keep their meaning
CREATE FUNCTION keep_code() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NEW.code <> OLD.code THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'code',
			format('code "%s" cannot be changed to "%s"', OLD.code, NEW.code),
			'Labels and tags name it. Add the new code, and delete the old one once nothing names it.');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_code() IS 'trigger: a code keeps its meaning';

CREATE FUNCTION check_place() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	form text;					-- no code has two, so a kind cannot change
BEGIN
	PERFORM jurisdiction.check_not_blank('place', 'code', NEW.code,
		'Codes look like DE, US-CA, FVEY.');
	PERFORM jurisdiction.check_not_blank('place', 'name', NEW.name,
		'Name it in words.');
	form := CASE NEW.kind
		WHEN 'country' THEN '^[A-Z]{2}$'
		WHEN 'subdivision' THEN '^[A-Z]{2}-[A-Z0-9]{1,3}$'
		WHEN 'group' THEN '^[A-Z][A-Z0-9_]{1,30}$'
	END;
	IF form IS NULL THEN
		PERFORM jurisdiction.refuse_policy_row('place', 'kind',
			format('unknown kind %s', coalesce('"' || NEW.kind || '"', 'NULL')),
			'A place is a country, a subdivision or a group.');
	ELSIF NEW.code !~ form OR (NEW.kind = 'group' AND NEW.code ~ '^[A-Z]{2}$') THEN
		PERFORM jurisdiction.refuse_policy_row('place', 'code',
			format('code "%s" is not that of a %s', NEW.code, NEW.kind),
			CASE NEW.kind
				WHEN 'country' THEN 'Countries have two letters, as in ISO 3166-1: DE.'
				WHEN 'subdivision' THEN 'Subdivisions are a country, a hyphen and one to three characters, as in ISO 3166-2: US-CA.'
				ELSE 'Groups have three to 31 capital letters, digits and underscores, or two with a digit: FVEY, G7, EAR_A5.'
			END);
	ELSIF NEW.kind = 'subdivision' AND NOT EXISTS (
		SELECT FROM jurisdiction.place p
			WHERE p.code = left(NEW.code, 2) AND p.kind = 'country')
	THEN
		PERFORM jurisdiction.refuse_policy_row('place', 'code',
			format('unknown country "%s" in code "%s"', left(NEW.code, 2), NEW.code),
			jurisdiction.place_hint(left(NEW.code, 2)));
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_place() IS 'trigger: what makes a place';

CREATE FUNCTION keep_place_in_use() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	used_by text;
BEGIN
	used_by := coalesce(
		(SELECT format('membership of %s in %s', m.member, m.grp)
			FROM jurisdiction.membership m
			WHERE OLD.code IN (m.grp, m.member) LIMIT 1),
		(SELECT format('transfer_rule %s', r.id)
			FROM jurisdiction.transfer_rule r
			WHERE OLD.code IN (r.origin, r.destination) LIMIT 1),
		(SELECT format('a rule of preset %s', r.preset)
			FROM jurisdiction.preset_rule r
			WHERE OLD.code IN (r.origin, r.destination) LIMIT 1),
		(SELECT format('place %s', p.code)
			FROM jurisdiction.place p
			WHERE p.kind = 'subdivision' AND left(p.code, 2) = OLD.code LIMIT 1));
	IF used_by IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row('place', 'code',
			format('place "%s" cannot be removed: %s names it', OLD.code, used_by),
			'What was in force keeps its words. A place that nothing names can be removed.');
	END IF;
	RETURN OLD;
END
$$;
COMMENT ON FUNCTION keep_place_in_use() IS 'trigger: a place that policy names stays';

CREATE FUNCTION check_term() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NEW.code IS NULL OR NEW.code !~ '^[a-z][a-z0-9_]{0,30}$' THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'code',
			format('code %s is not that of a %s',
				coalesce('"' || NEW.code || '"', 'NULL'), translate(TG_TABLE_NAME, '_', ' ')),
			'Codes are lower-case words with underscores, up to 31 characters: precise_geolocation.');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_term() IS 'trigger: the form of a category, purpose or legal basis';

CREATE FUNCTION keep_term_in_use() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	used_by text;
BEGIN
	-- a code of a category may be that of a purpose too
	IF TG_TABLE_NAME = 'category' THEN
		used_by := coalesce(
			(SELECT format('transfer_rule %s', r.id)
				FROM jurisdiction.transfer_rule r
				WHERE OLD.code = ANY (r.categories) LIMIT 1),
			(SELECT format('a rule of preset %s', r.preset)
				FROM jurisdiction.preset_rule r
				WHERE OLD.code = ANY (r.categories) LIMIT 1),
			(SELECT format('category %s', c.code)
				FROM jurisdiction.category c
				WHERE OLD.code = ANY (c.broader) AND c.code <> OLD.code LIMIT 1));
	ELSE
		used_by := coalesce(
			(SELECT format('transfer_rule %s', r.id)
				FROM jurisdiction.transfer_rule r
				WHERE OLD.code = ANY (r.purposes) LIMIT 1),
			(SELECT format('a rule of preset %s', r.preset)
				FROM jurisdiction.preset_rule r
				WHERE OLD.code = ANY (r.purposes) LIMIT 1));
	END IF;
	IF used_by IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row(TG_TABLE_NAME, 'code',
			format('%s "%s" cannot be removed: %s names it', TG_TABLE_NAME, OLD.code, used_by),
			'What was in force keeps its words. One that nothing names can be removed.');
	END IF;
	RETURN OLD;
END
$$;
COMMENT ON FUNCTION keep_term_in_use() IS 'trigger: a category or purpose that policy names stays';

--
-- broader names categories, and leads nowhere back.  Looked at after the
-- statement, so that one statement may enter a whole vocabulary in any order.
--
CREATE FUNCTION check_broader() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unknown text;
BEGIN
	IF NEW.broader IS NULL OR cardinality(NEW.broader) = 0 THEN
		RETURN NULL;
	END IF;
	PERFORM jurisdiction.check_list('category', 'broader', NEW.broader);
	SELECT b INTO unknown
		FROM unnest(NEW.broader) AS b
		WHERE NOT EXISTS (SELECT FROM jurisdiction.category c WHERE c.code = b)
		LIMIT 1;
	IF FOUND AND NOT jurisdiction.is_restoring() THEN
		PERFORM jurisdiction.refuse_policy_row('category', 'broader',
			format('unknown category "%s" in broader of "%s"', unknown, NEW.code),
			jurisdiction.term_hint('category', unknown));
	END IF;
	IF EXISTS (
		WITH RECURSIVE up(code) AS (
			SELECT unnest(NEW.broader)
			UNION
			SELECT unnest(c.broader)
				FROM jurisdiction.category c JOIN up ON c.code = up.code
		)
		SELECT FROM up WHERE up.code = NEW.code)
	THEN
		PERFORM jurisdiction.refuse_policy_row('category', 'broader',
			format('category "%s" would be broader than itself by broader %s',
				NEW.code, NEW.broader),
			'Leave out the category that is a kind of this one.');
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION check_broader() IS 'trigger: what category.broader may name';

--
-- Restoring a dump: its scripts set these two, and nobody else sets both.  It
-- only lets a row name what a later statement of the same script brings.
--
CREATE FUNCTION is_restoring() RETURNS boolean
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT current_setting('row_security') = 'off'
		AND current_setting('check_function_bodies') = 'off'
$$;
COMMENT ON FUNCTION is_restoring() IS 'is this session running the script of a dump?';

--
-- Memberships.
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
-- The last day for which this version's facts were known.  A shipped
-- membership that still held then may have been ended by an officer later.
--
CREATE FUNCTION facts_known_until() RETURNS date
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT date '2026-07-08'
$$;
COMMENT ON FUNCTION facts_known_until() IS 'the day up to which the shipped memberships are known';

--
-- Days are UTC, and today is "now": a membership may be ended from today on.
--
-- An officer may end a shipped membership.  The row then is no longer builtin,
-- so that a dump carries it; restored beside the shipped row, it takes that
-- row's place.
--
CREATE FUNCTION keep_membership_history() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	today CONSTANT date := (statement_timestamp() AT TIME ZONE 'UTC')::date;
	field text;
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NEW.builtin THEN
			PERFORM jurisdiction.refuse_policy_row('membership', 'builtin',
				'builtin marks the rows that ship with the extension',
				'Leave builtin out: your own rows are false.');
		END IF;
		UPDATE jurisdiction.membership m
			SET during = NEW.during, basis = NEW.basis, builtin = false
			WHERE m.grp = NEW.grp AND m.member = NEW.member AND m.builtin
				AND jurisdiction.is_restoring()
				AND lower(m.during) IS NOT DISTINCT FROM lower(NEW.during)
				AND coalesce(upper(m.during) > jurisdiction.facts_known_until(), true)
				AND upper(NEW.during) > jurisdiction.facts_known_until();
		IF FOUND THEN
			RETURN NULL;
		END IF;
		RETURN NEW;
	END IF;

	IF TG_OP = 'UPDATE' AND NEW.builtin AND NOT OLD.builtin THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'builtin',
			'builtin marks the rows that ship with the extension',
			'Leave it false.');
	END IF;
	-- not begun: free to change, unless it ships
	IF lower(OLD.during) > today AND NOT OLD.builtin THEN
		RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
	END IF;
	IF TG_OP = 'DELETE' THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('the membership of %s in %s during %s cannot be removed: it is history',
				OLD.member, OLD.grp, OLD.during),
			format('End it: UPDATE jurisdiction.membership SET during = daterange(lower(during), (now() AT TIME ZONE ''UTC'')::date) WHERE grp = %L AND member = %L AND during = %L.',
				OLD.grp, OLD.member, OLD.during));
	END IF;
	IF NEW.during IS NULL OR isempty(NEW.during) THEN
		RETURN NEW;				-- check_membership() refuses it
	END IF;
	-- the restored form of a shipped row, from the INSERT above
	IF OLD.builtin AND NOT NEW.builtin AND pg_trigger_depth() > 1 THEN
		RETURN NEW;
	END IF;

	field := jurisdiction.changed_field(to_jsonb(OLD) - 'during' - 'builtin',
										to_jsonb(NEW) - 'during' - 'builtin');
	IF field IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row('membership', field,
			format('%s of the membership of %s in %s cannot be changed: it is history',
				field, OLD.member, OLD.grp),
			'Only the end of during may be set. End this row and enter another.');
	ELSIF NEW.during = OLD.during THEN
		NEW.builtin := OLD.builtin;
		RETURN NEW;
	ELSIF upper(OLD.during) <= today THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('during %s of the membership of %s in %s cannot be changed: it has ended',
				OLD.during, OLD.member, OLD.grp),
			'Enter a row of its own for the days to come.');
	ELSIF lower(NEW.during) IS DISTINCT FROM lower(OLD.during) THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('the start of during cannot be changed from %s to %s: it is history',
				OLD.during, NEW.during),
			'Only the end may be set. Enter the days it lacks in a row of their own.');
	ELSIF upper(NEW.during) < today THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('the end of during cannot be set to %s: it is past', upper(NEW.during)),
			'Set it to today (UTC) or later; what was in force until now was in force.');
	END IF;
	NEW.builtin := false;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_membership_history() IS 'trigger: a membership that has begun can only be given an end';

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

CREATE FUNCTION keep_rule_history() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment CONSTANT timestamptz := statement_timestamp();
	was CONSTANT tstzrange := coalesce(OLD.during, tstzrange(NULL, NULL));
	will_be tstzrange;
	field text;
BEGIN
	IF lower(was) >= moment THEN
		RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
	END IF;
	IF TG_OP = 'DELETE' THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', 'during',
			format('transfer_rule %s cannot be removed: it is history', OLD.id),
			format('End it: UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now()) WHERE id = %s.', OLD.id));
	END IF;

	IF isempty(NEW.during) THEN
		RETURN NEW;				-- check_rule() refuses it
	END IF;
	will_be := coalesce(NEW.during, tstzrange(NULL, NULL));
	field := jurisdiction.changed_field(to_jsonb(OLD) - 'during', to_jsonb(NEW) - 'during');
	IF field IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', field,
			format('%s of transfer_rule %s cannot be changed: it is history', field, OLD.id),
			'Only the end of during may be set. End this rule and enter another.');
	ELSIF will_be = was THEN
		RETURN NEW;
	ELSIF upper(was) <= moment THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', 'during',
			format('during %s of transfer_rule %s cannot be changed: it has ended', was, OLD.id),
			'Enter a rule of its own for the time to come.');
	ELSIF lower(will_be) IS DISTINCT FROM lower(was)
		OR lower_inc(will_be) <> lower_inc(was) THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', 'during',
			format('the start of during cannot be changed from %s to %s: it is history', was, will_be),
			'Only the end may be set. Enter the time it lacks in a rule of its own.');
	ELSIF upper(will_be) < now() THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', 'during',
			format('the end of during cannot be set to %s: it is past', upper(will_be)),
			'Set it to now() or later; what was in force until now was in force.');
	ELSIF upper(will_be) < moment THEN
		-- now() is when the transaction began; the rule held until this statement
		NEW.during := tstzrange(lower(was), moment,
			CASE WHEN lower_inc(was) THEN '[)' ELSE '()' END);
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_rule_history() IS 'trigger: a rule that has begun can only be given an end';

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

CREATE FUNCTION keep_exemption_history() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment CONSTANT timestamptz := statement_timestamp();
	field text;
BEGIN
	IF TG_OP = 'DELETE' THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'until',
			format('exemption %s cannot be removed: it is history', OLD.id),
			format('End it: UPDATE jurisdiction.exemption SET until = now() WHERE id = %s.', OLD.id));
	END IF;
	field := jurisdiction.changed_field(to_jsonb(OLD) - 'until', to_jsonb(NEW) - 'until');
	IF field IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', field,
			format('%s of exemption %s cannot be changed: it is history', field, OLD.id),
			'Only until may be brought forward. End this exemption and enter another.');
	ELSIF NEW.until IS NOT DISTINCT FROM OLD.until THEN
		RETURN NEW;
	ELSIF OLD.until <= moment THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'until',
			format('until of exemption %s cannot be changed: it has ended', OLD.id),
			'Enter another exemption.');
	ELSIF NEW.until IS NULL OR NEW.until > OLD.until THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'until',
			format('until cannot be put off from %s to %s', OLD.until, coalesce(NEW.until::text, 'NULL')),
			'A longer exemption is another one, with its own basis: enter it.');
	ELSIF NEW.until < now() THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'until',
			format('until cannot be set to %s: it is past', NEW.until),
			'Set it to now() or later; what was in force until now was in force.');
	ELSIF NEW.until < moment THEN
		NEW.until := moment;
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_exemption_history() IS 'trigger: an exemption can only be given an earlier end';

CREATE FUNCTION refuse_truncate() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE check_violation USING
		MESSAGE = format('jurisdiction.%s cannot be truncated', TG_TABLE_NAME),
		HINT = 'What has been in force stays as history. Delete the rows that may be deleted.',
		SCHEMA = 'jurisdiction', TABLE = TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION refuse_truncate() IS 'trigger: policy is not emptied';

CREATE FUNCTION policy_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'jur_sql_policy_changed'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION policy_changed() IS 'trigger: tells every session that policy has changed';

--
-- Which trigger is on which table.  Those on a row fire in order of name.
--
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON place
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON category
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON purpose
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON legal_basis
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON preset
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON preset_rule
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();

CREATE TRIGGER code_stays BEFORE UPDATE ON place
	FOR EACH ROW EXECUTE FUNCTION keep_code();
CREATE TRIGGER code_stays BEFORE UPDATE ON category
	FOR EACH ROW EXECUTE FUNCTION keep_code();
CREATE TRIGGER code_stays BEFORE UPDATE ON purpose
	FOR EACH ROW EXECUTE FUNCTION keep_code();
CREATE TRIGGER code_stays BEFORE UPDATE ON legal_basis
	FOR EACH ROW EXECUTE FUNCTION keep_code();

CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON place
	FOR EACH ROW EXECUTE FUNCTION check_place();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON category
	FOR EACH ROW EXECUTE FUNCTION check_term();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON purpose
	FOR EACH ROW EXECUTE FUNCTION check_term();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON legal_basis
	FOR EACH ROW EXECUTE FUNCTION check_term();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON membership
	FOR EACH ROW EXECUTE FUNCTION check_membership();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON transfer_rule
	FOR EACH ROW EXECUTE FUNCTION check_rule();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON preset_rule
	FOR EACH ROW EXECUTE FUNCTION check_rule();
CREATE TRIGGER preset_is_sensible BEFORE INSERT OR UPDATE ON preset
	FOR EACH ROW EXECUTE FUNCTION check_preset();
CREATE TRIGGER preset_is_sensible BEFORE INSERT OR UPDATE ON preset_rule
	FOR EACH ROW EXECUTE FUNCTION check_preset();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON exemption
	FOR EACH ROW EXECUTE FUNCTION check_exemption();
CREATE TRIGGER broader_is_sensible AFTER INSERT OR UPDATE ON category
	FOR EACH ROW EXECUTE FUNCTION check_broader();

CREATE TRIGGER in_use_stays BEFORE DELETE ON place
	FOR EACH ROW EXECUTE FUNCTION keep_place_in_use();
CREATE TRIGGER in_use_stays BEFORE DELETE ON category
	FOR EACH ROW EXECUTE FUNCTION keep_term_in_use();
CREATE TRIGGER in_use_stays BEFORE DELETE ON purpose
	FOR EACH ROW EXECUTE FUNCTION keep_term_in_use();

CREATE TRIGGER history_stays BEFORE INSERT OR UPDATE OR DELETE ON membership
	FOR EACH ROW EXECUTE FUNCTION keep_membership_history();
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE ON transfer_rule
	FOR EACH ROW EXECUTE FUNCTION keep_rule_history();
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE ON exemption
	FOR EACH ROW EXECUTE FUNCTION keep_exemption_history();

--
-- Everybody has the privileges, and nobody but officers the permission: the
-- library refuses others every change of these tables, and reading exemptions,
-- owner and superuser included.  Privileges could not say that.
--
DO $$
DECLARE
	policy_table name;
	own_trigger name;
BEGIN
	FOREACH policy_table IN ARRAY '{place,membership,category,purpose,legal_basis,
		transfer_rule,exemption,preset,preset_rule}'::name[]
	LOOP
		EXECUTE format('CREATE TRIGGER all_stays BEFORE TRUNCATE ON %I
			FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate()', policy_table);
		EXECUTE format('CREATE TRIGGER policy_changed
			AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
			FOR EACH STATEMENT EXECUTE FUNCTION policy_changed()', policy_table);
		FOR own_trigger IN
			SELECT tgname FROM pg_trigger
				WHERE tgrelid = policy_table::text::regclass AND NOT tgisinternal
		LOOP
			EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I',
				policy_table, own_trigger);
		END LOOP;
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO PUBLIC', policy_table);
	END LOOP;
END
$$;

