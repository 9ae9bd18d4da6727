--
-- The label: grammar, canonical text, order, join and meet, parts, binary
-- form, size, limits.
--
CREATE SCHEMA label_test;
SET search_path = label_test;

-- the canonical text of an input, or SQLSTATE and detail of its refusal
CREATE FUNCTION try_label(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	RETURN input::jurisdiction.label;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN format('%s %s', SQLSTATE, detail);
END $$;

-- one refusal in full: it names the byte and shows the grammar
SELECT 'DE:top'::jurisdiction.label;			-- error
SELECT ('DE & ' || repeat('x', 1000))::jurisdiction.label;		-- error: repeated only in part

-- places
SELECT input, try_label(input) FROM (VALUES
	('DE'),						-- ok: a country
	('de'),						-- error: case matters
	('D'),						-- error: too short
	('US-CA'),					-- ok: a subdivision
	('US-'),					-- error: of nothing
	('US-CALI'),				-- error: too long
	('US-ca'),					-- error: case
	('FVEY'),					-- ok: a group
	('EAR_A5'),					-- ok: with digits
	('5EYES'),					-- error: a digit first
	('G7'),						-- ok: one letter and a digit
	('A23456789012345678901234567890_'),	-- ok: 31 characters
	('A23456789012345678901234567890_X'),	-- error: 32
	(''),						-- error: nothing
	('*'),						-- error: a release only
	('D$')						-- error: in no code
) AS t(input);

-- levels
SELECT input, try_label(input) FROM (VALUES
	('DE:public'),				-- ok
	('DE:Public'),				-- error: case
	('DE:internal'),			-- ok: the default is left out
	('DE:'),					-- error: empty
	('DE:confidential'),		-- ok
	('DE:confidential:secret'),	-- error: one level only
	('DE:restricted'),			-- ok
	('DE:health'),				-- error: a category
	('DE:secret')				-- ok
) AS t(input);

-- categories
SELECT input, try_label(input) FROM (VALUES
	('DE/health'),				-- ok
	('DE/Health'),				-- error: case
	('DE/personal,health,personal'),	-- ok: sorted, once each
	('DE/'),					-- error: empty list
	('DE/health,'),				-- error: nothing after the comma
	('DE/trade_union'),			-- ok
	('DE/_union'),				-- error: begins with a letter
	('DE/unheard_of'),			-- ok: a value; the registry is asked on writing
	('DE/a234567890123456789012345678901'),	-- ok: 31 characters
	('DE/a2345678901234567890123456789012')	-- error: 32
) AS t(input);

-- releases
SELECT input, try_label(input) FROM (VALUES
	('DE>JP,CH'),				-- ok: sorted
	('DE>'),					-- error: empty list
	('DE>DE'),					-- ok: home only
	('DE>DE,FR'),				-- ok: home is implied
	('DE>*'),					-- ok: anywhere
	('DE>FR,*,CH'),				-- ok: the star absorbs the others
	('DE>**'),					-- error
	('DE>fr'),					-- error: no place
	('DE>FR>CH')				-- error: one list only
) AS t(input);

-- several atoms
SELECT input, try_label(input) FROM (VALUES
	('NL&DE'),					-- ok: sorted by place
	('NL&'),					-- error: nothing after it
	('& NL'),					-- error: nothing before it
	('NL DE'),					-- error: nothing between
	('DE & DE:internal'),		-- ok: duplicates are dropped
	('DE/health & DE:secret/health,personal'),	-- ok: the first is dominated
	('DE:secret & DE/health'),	-- ok: neither dominates
	('DE & DE>FR'),				-- ok: a missing list compares with none
	('DE>* & DE>FR & DE>FR,CH'),	-- ok: the narrowest release stays
	('US & US-CA & EU'),		-- ok: codes compare by name
	('unrestricted'),			-- ok: no atom
	('Unrestricted'),			-- error: case
	('unrestricted & DE'),		-- error: combines with nothing
	('DE & unrestricted'),		-- error
	(E'\t DE : secret / personal , health > CH , JP\n&  FR '),	-- ok: any spacing
	('DE : sec ret')			-- error: not within a word
) AS t(input);

--
-- Order: a <@ b, "a flows to b".  Each true line stands beside a false one
-- that differs in one thing.
--
SELECT a, b, a <@ b AS a_flows_to_b, b @> a AS b_dominates_a, b <@ a AS b_flows_to_a
FROM (VALUES
	('DE'::jurisdiction.label, 'DE'::jurisdiction.label),
	('DE', 'FR'),								-- another place
	('DE', 'DE:secret'),						-- a higher level
	('DE/health', 'DE:secret'),					-- without the category
	('DE/health', 'DE/health,personal'),		-- more categories
	('DE/health,genetic', 'DE/health,personal'),	-- other categories
	('DE>CH,FR', 'DE>CH'),						-- fewer releases
	('DE>CH,FR', 'DE>CH,JP'),					-- other releases
	('DE>CH', 'DE>DE'),							-- home only is the strictest
	('DE>*', 'DE>DE'),							-- the star is the laxest
	('DE>*', 'DE'),								-- a missing list is another matter
	('unrestricted', 'DE:public>*'),			-- flows everywhere
	('DE', 'DE & FR'),							-- both laws
	('DE & NL', 'DE & FR'),
	('US-CA', 'US'),							-- by name, not by geography
	('DE:secret & DE/health', 'DE:secret/health')	-- two atoms below one
) AS t(a, b);

--
-- Join and meet.  The operators need no search_path.
--
SELECT a, b, a & b AS join, a | b AS meet,
	(a & b)::text = (a::text || ' & ' || b::text)::jurisdiction.label::text AS join_is_text,
	a & b = b & a AND a | b = b | a AS commute
FROM (VALUES
	('DE'::jurisdiction.label, 'FR'::jurisdiction.label),
	('DE', 'DE:secret'),
	('DE:secret/health', 'DE:confidential/health,personal'),
	('DE>FR,CH', 'DE>CH,JP'),
	('DE>DE', 'DE>DE'),
	('DE>DE', 'DE>CH'),
	('DE>DE', 'DE>*'),
	('DE', 'DE>*'),
	('DE:secret & NL/health', 'NL:secret & DE/health')
) AS t(a, b);

SELECT 'unrestricted'::jurisdiction.label & 'DE' AS "unrestricted adds nothing",
	'unrestricted'::jurisdiction.label | 'DE' AS "and asks for nothing";
SELECT jurisdiction.label_join('DE', 'FR'), jurisdiction.label_meet('DE/health', 'DE:secret');
SELECT jurisdiction.label_join('DE', NULL) IS NULL AS "unknown stays unknown";

CREATE TABLE item (l jurisdiction.label);
SELECT jurisdiction.label_join(l) IS NULL AS "of no row" FROM item;
INSERT INTO item VALUES ('DE'), ('FR/health'), (NULL), ('DE:secret'), ('FR');
SELECT jurisdiction.label_join(l) FROM item;
SELECT l <@ 'DE:secret' AS flows, jurisdiction.label_join(l) FROM item GROUP BY 1 ORDER BY 1;

--
-- Parts.
--
SELECT l, jurisdiction.label_places(l) AS places, jurisdiction.label_level(l) AS level,
	jurisdiction.label_categories(l) AS categories, jurisdiction.label_releases(l) AS releases
FROM (VALUES
	('unrestricted'::jurisdiction.label),	-- no level; nothing keeps it anywhere
	('DE'),									-- no list: NULL, the rules decide
	('DE>*'),								-- anywhere: {*}
	('DE>CH,JP'),							-- home is one of the places
	('DE>DE'),
	('DE>CH,JP & FR>JP,US & NL>*'),			-- where all let it go
	('DE>CH & FR>JP'),						-- nowhere
	('DE>CH & FR'),							-- the rules have a say
	('DE:secret & DE/personal & FR/health,personal')
) AS t(l);

SELECT * FROM jurisdiction.atoms('FR:secret/personal,health & DE>JP,CH & NL>*');
SELECT count(*) AS "atoms of unrestricted" FROM jurisdiction.atoms('unrestricted');
SELECT count(*) AS "atoms of NULL" FROM jurisdiction.atoms(NULL);

--
-- Casts are for assignment; an expression says what it means.
--
CREATE TABLE conversion (l jurisdiction.label, t text);
INSERT INTO conversion SELECT t, t FROM (VALUES ('DE:internal'::text)) v(t);	-- ok
INSERT INTO conversion (l) VALUES ('DE:top'::text);		-- error: not a label
UPDATE conversion SET t = l;							-- ok
SELECT l, t, l = t::jurisdiction.label AS same FROM conversion;		-- ok
SELECT l = t FROM conversion;							-- error: no such operator

--
-- Binary form: a version byte, then canonical text.  Binary COPY of bytea
-- makes what a client could send.
--
SELECT jurisdiction.label_send('DE:internal/personal,health>FR') AS sent,
	convert_from(substr(jurisdiction.label_send('DE:internal/personal,health>FR'), 2), 'SQL_ASCII') AS text;
CREATE TABLE received (l jurisdiction.label);
\copy (SELECT l FROM item) TO 'results/label_item.bin' (FORMAT binary)
\copy received FROM 'results/label_item.bin' (FORMAT binary)
SELECT * FROM received;									-- ok: the same
\copy (SELECT '\x01'::bytea || 'DE:internal') TO 'results/label_item.bin' (FORMAT binary)
\copy received FROM 'results/label_item.bin' (FORMAT binary)
\copy (SELECT '\x01'::bytea || 'DE') TO 'results/label_item.bin' (FORMAT binary)
\copy received FROM 'results/label_item.bin' (FORMAT binary)
\copy (SELECT '\x02'::bytea || 'DE') TO 'results/label_item.bin' (FORMAT binary)
\copy received FROM 'results/label_item.bin' (FORMAT binary)
\copy (SELECT ''::bytea) TO 'results/label_item.bin' (FORMAT binary)
\copy received FROM 'results/label_item.bin' (FORMAT binary)
\copy (SELECT '\x01444500'::bytea) TO 'results/label_item.bin' (FORMAT binary)
\copy received FROM 'results/label_item.bin' (FORMAT binary)
\copy (SELECT '\x0144c3'::bytea) TO 'results/label_item.bin' (FORMAT binary)
\copy received FROM 'results/label_item.bin' (FORMAT binary)
\set VERBOSITY sqlstate
\copy received FROM 'results/label_item.bin' (FORMAT binary)
\set VERBOSITY default
SELECT count(*) AS "five and one" FROM received;

--
-- Size in a stored row, with the varlena header.  One place and two shipped
-- categories: at most 8 bytes.
--
CREATE TABLE stored (n int, l jurisdiction.label);
INSERT INTO stored VALUES
	(1, 'unrestricted'), (2, 'DE'), (3, 'DE:secret/health,personal'),
	(4, 'DE:secret/genetic,health,personal'), (5, 'DE>*'), (6, 'DE>CH,JP'),
	(7, 'DE/unheard_of'), (8, 'US-CA/health'), (9, 'DE/health & FR/health');
SELECT l, pg_column_size(l) AS bytes, length(l::text) AS characters FROM stored ORDER BY n;

--
-- Limits: 1,024 atoms, 255 entries of a list.
--
CREATE FUNCTION many(first int, n int) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('DE/c%s', i), ' & ') FROM generate_series(first, first + n - 1) i
$$;
SELECT n, left(try_label(many(1, n)), 60) FROM (VALUES (1000), (1024), (1025)) v(n);	-- the last: error
SELECT n, left(try_label('DE/' || string_agg(format('c%s', i), ',')), 60)
FROM (VALUES (255), (256)) v(n), generate_series(1, n) i GROUP BY n ORDER BY n;	-- the last: error
SELECT count(*) FROM jurisdiction.atoms(many(1, 500)::jurisdiction.label & many(501, 500)::jurisdiction.label);	-- ok
SELECT count(*) FROM jurisdiction.atoms(many(1, 1000)::jurisdiction.label & many(1001, 1000)::jurisdiction.label);	-- error
INSERT INTO item VALUES (many(1, 1000)::jurisdiction.label);
SELECT count(*) AS "toasted and whole" FROM item WHERE l = many(1, 1000)::jurisdiction.label;
SELECT count(*) AS "another" FROM item WHERE l = many(1, 999)::jurisdiction.label;

--
-- Declarations: what the planner may do with the functions and operators.
--
SELECT proname, provolatile, proisstrict, proleakproof, proparallel
FROM pg_proc WHERE pronamespace = 'jurisdiction'::regnamespace
	AND (proname LIKE 'label\_%' OR proname = 'atoms') AND prokind = 'f'
ORDER BY proname, pronargs;
SELECT oprname, oprnamespace::regnamespace, oprcom::regoper::text AS commutator, oprnegate::regoper::text AS negator,
	oprcanhash, oprcanmerge, oprrest, oprjoin
FROM (SELECT * FROM pg_operator WHERE oprleft = 'jurisdiction.label'::regtype) o
ORDER BY oprname COLLATE "C";
SELECT opcname, opcnamespace::regnamespace, amname, opcdefault
FROM pg_opclass JOIN pg_am ON pg_am.oid = opcmethod
WHERE opcintype = 'jurisdiction.label'::regtype ORDER BY amname;
SELECT p.oid::regprocedure AS "without a comment" FROM pg_proc p
WHERE pronamespace = 'jurisdiction'::regnamespace AND (proname LIKE 'label\_%' OR proname = 'atoms')
	AND obj_description(p.oid, 'pg_proc') IS NULL;

RESET search_path;
DROP SCHEMA label_test CASCADE;
