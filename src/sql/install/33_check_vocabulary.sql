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
		(SELECT format('network %s', n.cidr)
			FROM jurisdiction.network n
			WHERE OLD.code = n.place LIMIT 1),
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

