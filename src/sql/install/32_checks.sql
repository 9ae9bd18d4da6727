--
-- How a row of policy is refused: by column and value, with a hint of what
-- would have been right (23514).  The pieces that the checks of the tables
-- (33_check_vocabulary.sql, 34_check_policy.sql) are made of.
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

