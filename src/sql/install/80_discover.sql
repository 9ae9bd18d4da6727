-- ---------------------------------------------------------------------------
-- discover(): columns that look like personal data
-- ---------------------------------------------------------------------------

--
-- The parts of a column's name: lower case, without accents, cut at
-- separators and where a capital letter follows a small one.
--
CREATE FUNCTION name_parts(name text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array_remove(regexp_split_to_array(
		translate(replace(lower(regexp_replace(name, '([a-z0-9])([A-Z])', '\1_\2', 'g')), 'ß', 'ss'),
			'áàâäãåąçćčďéèêëęěíìîïłñńňóòôöõøřśšťúùûüůýÿźžżÄÖÜÉ',
			'aaaaaaacccdeeeeeeiiiilnnnoooooorsstuuuuuyyzzzaoue'),
		'[[:space:]_./$#-]+'), '')
$$;
COMMENT ON FUNCTION name_parts(text) IS 'the words of a column''s name, without accents';

CREATE FUNCTION discover_by_name(name text)
	RETURNS TABLE (category text, confidence numeric, word text, language text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 2
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH part AS MATERIALIZED (
		SELECT jurisdiction.name_parts(name) AS p
	), run AS MATERIALIZED (
		SELECT array_to_string(p[i:j], '') AS run
		FROM part, generate_subscripts(p, 1) AS i, generate_subscripts(p, 1) AS j
		WHERE j BETWEEN i AND i + 3
	)
	SELECT DISTINCT ON (w.category) w.category,
		CASE WHEN w.word IN (SELECT run FROM run) THEN w.confidence
			ELSE round(w.confidence * 0.8, 2) END AS c,
		w.word, w.language
	FROM jurisdiction.personal_word AS w, part
	-- long words also inside others, which some languages write together
	WHERE w.word IN (SELECT run FROM run)
		OR (length(w.word) >= 7 AND strpos(array_to_string(p, ''), w.word) > 0)
	ORDER BY w.category, c DESC, w.word
$$;
COMMENT ON FUNCTION discover_by_name(text) IS
	'the categories that the words of a column''s name suggest';

--
-- Check digits.
--
CREATE FUNCTION passes_luhn(digits text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT sum(CASE WHEN (length(digits) - i) % 2 = 0 THEN d
				WHEN d > 4 THEN d * 2 - 9 ELSE d * 2 END) % 10 = 0
	FROM generate_series(1, length(digits)) AS i, CAST(substr(digits, i, 1) AS int) AS d
$$;
COMMENT ON FUNCTION passes_luhn(text) IS 'ISO/IEC 7812-1 annex B, of digits only';

-- A is 10, Z is 35; the rest modulo 97 of ISO 7064
CREATE FUNCTION mod_97(alphanumeric text) RETURNS int
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT (string_agg(CASE WHEN c BETWEEN '0' AND '9' THEN c
				ELSE (ascii(c) - 55)::text END, '' ORDER BY i)::numeric % 97)::int
	FROM string_to_table(alphanumeric, NULL) WITH ORDINALITY AS t(c, i)
$$;
COMMENT ON FUNCTION mod_97(text) IS 'digits and capital letters modulo 97, as in ISO 13616 (IBAN)';

CREATE FUNCTION weighted_sum(digits text, weights int[]) RETURNS int
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT sum(substr(digits, i::int, 1)::int * w)::int
	FROM unnest(weights) WITH ORDINALITY AS t(w, i)
$$;
COMMENT ON FUNCTION weighted_sum(text, int[]) IS 'the sum from which many national numbers make their check digit';

--
-- The forms of values: for one value, those that it has.
--
CREATE FUNCTION personal_forms(value text)
	RETURNS TABLE (form text, category text, confidence numeric)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 2
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT f.form, f.category, f.confidence
	FROM (SELECT left(btrim(value), 400) AS v, regexp_replace(left(value, 60), '[ .-]', '', 'g') AS bare) AS x,
	LATERAL (VALUES
		('the form of an e-mail address', 'contact', 0.95,
			v ~ '^[[:alnum:].!#$%&''*+/=?^_`{|}~-]+@[[:alnum:]-]+(\.[[:alnum:]-]+)+$'),
		('an e-mail address within', 'contact', 0.6,
			v ~ '[[:space:]<(:;,][[:alnum:]._%+-]+@[[:alnum:]-]+(\.[[:alnum:]-]+)*\.[a-zA-Z]{2,}'),
		('the form of an international telephone number', 'contact', 0.7,
			v ~ '^(\+|00)[1-9][0-9 ()/.-]{6,18}$'),
		('an IBAN with a right check sum', 'financial', 0.95,
			CASE WHEN bare ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'
				THEN jurisdiction.mod_97(substr(bare, 5) || left(bare, 4)) = 1 ELSE false END),
		('a payment card number with a right check digit', 'payment_card', 0.9,
			CASE WHEN bare ~ '^(3[47][0-9]{13}|3[0568][0-9]{12}|[4-6][0-9]{15}|2[2-7][0-9]{14}|4[0-9]{12})$'
				THEN jurisdiction.passes_luhn(bare) ELSE false END),
		('the form of an IP address', 'ip_address', 0.6,
			v ~ '^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(/[0-9]{1,2})?$'
			OR v ~* '^[0-9a-f]{1,4}(:[0-9a-f]{0,4}){2,7}$' AND v ~ ':.*:.*:'
				AND (v ~ '::' OR v ~ '^([^:]+:){7}[^:]+$')),
		('the form of a hardware address', 'device_id', 0.7,
			v ~* '^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$'),
		('the form of an ICD-10 code with a point', 'health', 0.6,
			v ~ '^[A-TV-Z][0-9][0-9AB]\.[0-9A-Z]{1,4}[*+!]?$'),
		('the form of an ICD-10 code', 'health', 0.3, v ~ '^[A-TV-Z][0-9][0-9AB]$'),
		('the form of a US social security number', 'official_id', 0.6,
			v ~ '^(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}$'),
		('the form of a UK national insurance number', 'official_id', 0.7,
			v ~* '^[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]$'),
		('the form of an Italian tax code', 'official_id', 0.85,
			v ~* '^[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]$'),
		('a Spanish identity number with a right letter', 'official_id', 0.85,
			CASE WHEN bare ~ '^[0-9XYZ][0-9]{7}[A-Z]$' THEN
				substr('TRWAGMYFPDXBNJZSQVHLCKE', translate(left(bare, 8), 'XYZ', '012')::int % 23 + 1, 1)
					= right(bare, 1) ELSE false END),
		('a French social security number with a right key', 'official_id', 0.9,
			CASE WHEN bare ~ '^[12][0-9]{4}(2[AB]|[0-9]{2})[0-9]{8}$' THEN
				97 - (replace(replace(left(bare, 13), '2A', '19'), '2B', '18')::numeric % 97)
					= right(bare, 2)::int ELSE false END),
		('a Polish PESEL with a right check digit', 'official_id', 0.8,
			CASE WHEN bare ~ '^[0-9]{2}[0-9][0-9][0-3][0-9]{6}$' THEN
				jurisdiction.weighted_sum(bare, '{1,3,7,9,1,3,7,9,1,3,1}') % 10 = 0
				AND substr(bare, 3, 2)::int % 20 BETWEEN 1 AND 12
				AND substr(bare, 5, 2)::int BETWEEN 1 AND 31 ELSE false END),
		('a Brazilian CPF with right check digits', 'official_id', 0.85,
			CASE WHEN bare ~ '^[0-9]{11}$' AND bare !~ '^(.)\1*$' THEN
				jurisdiction.weighted_sum(bare, '{10,9,8,7,6,5,4,3,2}') * 10 % 11 % 10
					= substr(bare, 10, 1)::int
				AND jurisdiction.weighted_sum(bare, '{11,10,9,8,7,6,5,4,3,2}') * 10 % 11 % 10
					= substr(bare, 11, 1)::int ELSE false END),
		('a Chinese identity number with a right check character', 'official_id', 0.95,
			CASE WHEN bare ~ '^[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-9]{5}[0-9X]$' THEN
				substr('10X98765432', jurisdiction.weighted_sum(left(bare, 17),
					'{7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2}') % 11 + 1, 1) = right(bare, 1) ELSE false END),
		('the form of a password hash', 'authentication', 0.95,
			v ~ '^(\$(2[abxy]|1|5|6|y|argon2(id|i|d)|pbkdf2[a-z0-9-]*|scrypt)\$|SCRAM-SHA-256\$|\{(SSHA|PBKDF2)|pbkdf2_)'),
		('the form of a signed token (JWT)', 'authentication', 0.9,
			v ~ '^eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.'),
		('the form of a precise position', 'precise_geolocation', 0.8,
			v ~ '^\(?-?[0-9]{1,2}\.[0-9]{3,}[,; ]+-?[0-9]{1,3}\.[0-9]{3,}\)?$')
	) AS f(form, category, confidence, has_it)
	WHERE f.has_it
$$;
COMMENT ON FUNCTION personal_forms(text) IS
	'the forms of personal data that a value has, with what each suggests';

--
-- May the values of a column be read without running code of others, and
-- without being refused?  Row security policies and foreign servers run such
-- code, types that do not ship with the server may.
--
CREATE FUNCTION can_be_sampled(relation regclass, attnum smallint) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT c.relkind IN ('r', 'p', 'm')
		AND has_column_privilege(c.oid, a.attnum, 'SELECT')
		AND has_schema_privilege(c.relnamespace, 'USAGE')
		AND NOT pg_is_other_temp_schema(c.relnamespace)
		AND NOT EXISTS (
			SELECT FROM pg_policy p
			WHERE p.polrelid = c.oid AND row_security_active(c.oid)
				AND c.relowner <> current_user::regrole)
		AND NOT (c.relkind <> 'm' AND EXISTS (
			WITH RECURSIVE below(oid) AS (
				SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid
				UNION
				SELECT i.inhrelid FROM pg_inherits i JOIN below b ON i.inhparent = b.oid)
			SELECT FROM below b JOIN pg_class f ON f.oid = b.oid WHERE f.relkind = 'f'))
		AND (row_security_active(c.oid) OR jurisdiction.lint_is_exempt()
			OR NOT EXISTS (SELECT FROM pg_seclabel s
				WHERE s.objoid = c.oid AND s.classoid = 'pg_class'::regclass
					AND s.provider = 'jurisdiction'))
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE c.oid = relation AND a.attnum = can_be_sampled.attnum
$$;
COMMENT ON FUNCTION can_be_sampled(regclass, smallint) IS
	'may discover() read values of this column for its caller?';

--
-- What a sample of a column's values suggests.  No value leaves this
-- function, only how many had which form.
--
CREATE FUNCTION discover_by_value(relation regclass, column_name name, type regtype, sample int)
	RETURNS TABLE (category text, confidence numeric, evidence text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 2
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rows_there CONSTANT real := (SELECT c.reltuples FROM pg_class c WHERE c.oid = relation);
	source CONSTANT text := format('(SELECT %1$I AS v FROM %2$s%3$s WHERE %1$I IS NOT NULL LIMIT %4$s) AS s',
		column_name, relation,
		-- of a large table not the first rows, but the same ones every time
		CASE WHEN rows_there > 20.0 * sample
			THEN format(' TABLESAMPLE SYSTEM (%s) REPEATABLE (1)',
				least(100, 400.0 * sample / rows_there)::numeric) ELSE '' END,
		sample);
BEGIN
	IF type IN ('inet'::regtype, 'cidr'::regtype) THEN
		RETURN QUERY SELECT 'ip_address', 0.6, format('type %s', type);
	ELSIF type IN ('macaddr'::regtype, 'macaddr8'::regtype) THEN
		RETURN QUERY SELECT 'device_id', 0.6, format('type %s', type);
	ELSIF type = 'date'::regtype THEN
		RETURN QUERY EXECUTE format($q$
			SELECT 'personal', 0.35, format('%%s %%%% of %%s sampled dates are spread like dates of birth',
				(100 * avg(plausible::int))::int, count(*))
			FROM (SELECT v, v BETWEEN date '1900-01-01' AND current_date AS plausible
					FROM %s) AS d
			HAVING avg(plausible::int) >= 0.8 AND count(*) >= 5
				AND max(v) FILTER (WHERE plausible) - min(v) FILTER (WHERE plausible) > 30 * 365
			$q$, source);
	ELSIF type IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype,
				   'int8'::regtype, 'numeric'::regtype) THEN
		RETURN QUERY EXECUTE format($q$
			WITH s AS MATERIALIZED (
				SELECT v::text AS v, count(*) AS times FROM %s GROUP BY 1
			), n AS MATERIALIZED (SELECT sum(times) AS n FROM s)
			SELECT DISTINCT ON (f.category) f.category, round(f.confidence * sum(s.times) / n, 2),
				format('%%s %%%% of %%s sampled values: %%s', trunc(100 * sum(s.times) / n), n, f.form)
			FROM n, s, jurisdiction.personal_forms(s.v) AS f
			-- no form is without one of these: most words need no closer look
			WHERE s.v ~ '[0-9@${]'
			GROUP BY f.category, f.form, f.confidence, n
			HAVING sum(s.times) >= 0.1 * n
			ORDER BY f.category, 2 DESC, f.form
			$q$, source);
	END IF;
EXCEPTION WHEN insufficient_privilege THEN
	-- a column that this session may not read: its name must do
	RETURN;
END
$$;
COMMENT ON FUNCTION discover_by_value(regclass, name, regtype, int) IS
	'the categories that a sample of a column''s values suggests';

--
-- Columns of all tables the caller may see, or of one.  A category is
-- suggested as often as its name and its values do so independently.
--
CREATE FUNCTION discover(relation regclass DEFAULT NULL, sample int DEFAULT 1000)
	RETURNS TABLE (relation regclass, column_name text, category text, iri text,
				   confidence numeric, evidence text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 100
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH col AS MATERIALIZED (
		SELECT c.oid::regclass AS rel, a.attnum, a.attname, base.type,
			jurisdiction.can_be_sampled(c.oid, a.attnum) AS is_read
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid,
		LATERAL (WITH RECURSIVE up(type, below) AS (
				SELECT a.atttypid, 0
				UNION ALL
				SELECT t.typbasetype, up.below + 1
					FROM up JOIN pg_type t ON t.oid = up.type WHERE t.typtype = 'd')
			SELECT up.type::regtype FROM up ORDER BY up.below DESC LIMIT 1) AS base
		WHERE c.relkind IN ('r', 'p', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
			AND (c.oid = $1 OR $1 IS NULL AND NOT c.relispartition
				AND c.relnamespace::regnamespace::text NOT IN
					('pg_catalog', 'information_schema', 'pg_toast', 'jurisdiction')
				AND NOT pg_is_other_temp_schema(c.relnamespace)
				AND NOT EXISTS (SELECT FROM pg_depend d
					WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
			AND jurisdiction.lint_sees(c.oid)
	), suggestion AS (
		SELECT col.*, n.category, least(n.confidence, 0.99) AS confidence, 1 AS place,
			format('name has "%s" (%s)', n.word, n.language)
				|| CASE WHEN is_read THEN '' ELSE '; values not read' END AS evidence
		FROM col, jurisdiction.discover_by_name(col.attname) AS n
		UNION ALL
		SELECT col.*, v.category, least(v.confidence, 0.99), 2, v.evidence
		FROM col, jurisdiction.discover_by_value(col.rel, col.attname, col.type, $2) AS v
		WHERE col.is_read AND $2 > 0
	)
	SELECT s.rel, s.attname::text, s.category, c.iri,
		round(1 - exp(sum(ln(1 - s.confidence))), 2) AS sure,
		string_agg(s.evidence, '; ' ORDER BY s.place)
	FROM suggestion AS s JOIN jurisdiction.category AS c ON c.code = s.category
	GROUP BY s.rel, s.attnum, s.attname, s.category, c.iri
	HAVING round(1 - exp(sum(ln(1 - s.confidence))), 2) >= 0.3
	ORDER BY s.rel::text, s.attnum, sure DESC, s.category
$$;
COMMENT ON FUNCTION discover(regclass, int) IS
	'columns that look like personal data, by name and by a sample of values read with the caller''s rights: category, DPV term, how sure (0 to 1) and why; no value is shown';
