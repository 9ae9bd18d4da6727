--
-- Policy tables: what ships, and that a row that makes no sense is refused by
-- column and value.  Beside each refused row stands one that differs in one
-- thing and is taken.
--
-- Rows of policy cannot be deleted once they are in force, so all of it happens
-- in one transaction that is rolled back.
--
\set VERBOSITY default
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

--
-- What ships.
--
SELECT kind, count(*) FROM jurisdiction.place WHERE builtin GROUP BY kind ORDER BY kind;
SELECT count(*) AS memberships, count(DISTINCT grp) AS groups
	FROM jurisdiction.membership WHERE builtin;
SELECT (SELECT count(*) FROM jurisdiction.category WHERE builtin) AS categories,
	   (SELECT count(*) FROM jurisdiction.purpose WHERE builtin) AS purposes,
	   (SELECT count(*) FROM jurisdiction.legal_basis WHERE builtin) AS legal_bases;

-- ISO 3166-1, ISO 3166-2, groups; letters beyond ASCII are kept
SELECT code, kind, name FROM jurisdiction.place
	WHERE code IN ('DE', 'DE-BY', 'EU', 'FR-971', 'FVEY', 'GB', 'US-CA')
	ORDER BY code COLLATE "C";
SELECT code, octet_length(convert_to(name, 'UTF8')) AS bytes
	FROM jurisdiction.place WHERE code = 'TR';
-- every subdivision lies in a country
SELECT count(*) FROM jurisdiction.place s
	WHERE s.kind = 'subdivision' AND NOT EXISTS (
		SELECT FROM jurisdiction.place c WHERE c.code = left(s.code, 2) AND c.kind = 'country');
-- the United Kingdom left at the end of 2020-01-31, and the GDPR a year later
-- (Agreement on the withdrawal of the United Kingdom, Art. 126, 127, 185)
SELECT grp, during FROM jurisdiction.membership
	WHERE member = 'GB' AND grp IN ('EU', 'EEA', 'GDPR') ORDER BY grp;
SELECT count(*) AS members_of_the_union FROM jurisdiction.membership
	WHERE grp = 'EU' AND during @> date '2020-01-31';
SELECT count(*) AS members_of_the_union FROM jurisdiction.membership
	WHERE grp = 'EU' AND during @> date '2020-02-01';
-- Croatia acceded on 2013-07-01 (OJ L 112, 24.4.2012, p. 21)
SELECT during FROM jurisdiction.membership WHERE grp = 'EU' AND member = 'HR';
-- no start known
SELECT during FROM jurisdiction.membership WHERE grp = 'OECD' AND member = 'JP';

-- broader categories are shipped ones, past those that are not
SELECT code, broader FROM jurisdiction.category
	WHERE code IN ('personal', 'name', 'genetic', 'health', 'special_category', 'confidential_data')
	ORDER BY code COLLATE "C";
SELECT count(*) FROM jurisdiction.category c, unnest(c.broader) AS b
	WHERE NOT EXISTS (SELECT FROM jurisdiction.category k WHERE k.code = b);
SELECT code FROM jurisdiction.category WHERE code = 'confidential';
SELECT iri FROM jurisdiction.purpose WHERE code = 'research';
SELECT iri FROM jurisdiction.legal_basis WHERE code IN ('adequacy', 'scc') ORDER BY code;

BEGIN;

--
-- transfer_rule
--
SELECT coalesce(max(id), 0) AS before FROM jurisdiction.transfer_rule \gset
-- a good row: the others are this one, but for one thing
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, max_level, categories, purposes, basis, during)
	VALUES ('allow', 'EU', 'JP', '{read,export}', 'confidential', '{health,personal}', '{research}', 'eu-gdpr:A45-3 (EU) 2019/419', '[2019-01-23,)');
-- also good: everything optional left out
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('deny', 'US-CA', 'EAR_D5', '{read,export,store,unseal,write}', '15 CFR 740');

-- effect
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('permit', 'EU', 'JP', '{read}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES (NULL, 'EU', 'JP', '{read}', 'x');
-- origin
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'UK', 'JP', '{read}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'eu', 'JP', '{read}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', NULL, 'JP', '{read}', 'x');
-- destination
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'US-C', '{read}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'Japan', '{read}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', '*', '{read}', 'x');
-- actions
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'JP', '{read,exfiltrate}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'JP', '{}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'JP', NULL, 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'JP', '{read,NULL}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'JP', '{read,read}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'JP', '{{read},{export}}', 'x');
-- max_level
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, max_level, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', 'Confidential', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, max_level, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', '', 'x');
-- categories
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', '{personal,helth}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', '{}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', '{NULL}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', '{health,personal,health}', 'x');
-- purposes
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, purposes, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', '{spying}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, purposes, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', '{}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, purposes, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', '{research,NULL}', 'x');
-- a deny rule knows no level and no purpose
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, max_level, basis)
	VALUES ('deny', 'EU', 'JP', '{read}', 'secret', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, purposes, basis)
	VALUES ('deny', 'EU', 'JP', '{read}', '{marketing}', 'x');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis)
	VALUES ('deny', 'EU', 'JP', '{read}', '{health}', 'x');	-- ok: categories it may have
-- basis
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', NULL);
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'JP', '{read}', E' \t');
-- during
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis, during)
	VALUES ('allow', 'EU', 'JP', '{read}', 'x', 'empty');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis, during)
	VALUES ('allow', 'EU', 'JP', '{read}', 'x', '[2021-01-01,2021-01-01)');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis, during)
	VALUES ('allow', 'EU', 'JP', '{read}', 'x', '[2021-01-01,2020-01-01)');
-- updating is looked at as well; the rule has not begun
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis, during, note)
	VALUES ('allow', 'EU', 'JP', '{read}', 'x', '[2999-01-01,)', 'to come');
UPDATE jurisdiction.transfer_rule SET destination = 'JA' WHERE note = 'to come';
UPDATE jurisdiction.transfer_rule SET destination = 'KR' WHERE note = 'to come';	-- ok
-- one bad row of many, and none is taken
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	SELECT 'allow', 'EU', d, '{read}', 'many' FROM unnest('{JP,KR,XX}'::text[]) AS d;
SELECT effect, origin, destination, actions, max_level, categories, purposes, basis, during, note
	FROM jurisdiction.transfer_rule WHERE id > :before ORDER BY id;
-- the error names the column to programs, too
\set VERBOSITY sqlstate
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'XX', 'JP', '{read}', 'x');
\set VERBOSITY default
DO $$
DECLARE
	tab text;
	field text;
BEGIN
	INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
		VALUES ('allow', 'XX', 'JP', '{read}', 'x');
EXCEPTION WHEN check_violation THEN
	GET STACKED DIAGNOSTICS tab = TABLE_NAME, field = COLUMN_NAME;
	RAISE NOTICE 'table %, column %', tab, field;
END
$$;
-- 10,000 in one statement
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis)
	SELECT CASE i % 10 WHEN 0 THEN 'deny' ELSE 'allow' END,
		(SELECT array_agg(code ORDER BY code COLLATE "C") FROM jurisdiction.place WHERE kind = 'country')[1 + i % 249],
		'US', '{read,export}', '{health}', 'bulk'
	FROM generate_series(1, 10000) AS i;
SELECT count(*) FROM jurisdiction.transfer_rule WHERE basis = 'bulk';

--
-- place
--
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('ACME', 'Acme group', 'group');	-- ok
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('XK', 'Kosovo', 'country');		-- ok
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('XK-01', 'Pristina', 'subdivision');	-- ok
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('G8', 'Group of Eight', 'group');	-- ok: a digit
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('Acme', 'x', 'group');
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('AC', 'x', 'group');
INSERT INTO jurisdiction.place (code, name, kind) VALUES (repeat('A', 32), 'x', 'group');
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('XKX', 'x', 'country');
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('XX-01', 'x', 'subdivision');
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('XK-0001', 'x', 'subdivision');
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('ACME2', 'x', 'company');
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('ACME2', ' ', 'group');
INSERT INTO jurisdiction.place (code, name, kind) VALUES (NULL, 'x', 'group');
INSERT INTO jurisdiction.place VALUES ('ACME2', 'x', 'group', true);
UPDATE jurisdiction.place SET name = 'Acme holding' WHERE code = 'ACME';	-- ok
UPDATE jurisdiction.place SET code = 'ACME2' WHERE code = 'ACME';
UPDATE jurisdiction.place SET kind = 'group' WHERE code = 'XK-01';
UPDATE jurisdiction.place SET name = 'Allemagne' WHERE code = 'DE';
UPDATE jurisdiction.place SET builtin = false WHERE code = 'DE';
DELETE FROM jurisdiction.place WHERE code = 'DE';
DELETE FROM jurisdiction.place WHERE code = 'XK';

--
-- membership
--
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'DE', '[2020-01-01,2021-01-01)', 'x');	-- ok
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'DE', '[2021-01-01,)', 'x');	-- ok: the days after
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'EEA', '(,)', 'x');		-- ok: a group, always
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACNE', 'DE', '(,)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'DX', '(,)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES (NULL, 'DE', '(,)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', NULL, '(,)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('DE', 'ACME', '(,)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'FR', '(,)', '');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'FR', NULL, 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'FR', '[2020-01-01,2020-01-01)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'FR', '[2020-01-01,2019-01-01)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'DE', '[2020-06-01,2020-07-01)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('EU', 'DE', '[1950-01-01,1958-01-02)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('ACME', 'ACME', '(,)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES ('EEA', 'ACME', '(,)', 'x');
INSERT INTO jurisdiction.membership (grp, member, during, basis, builtin) VALUES ('ACME', 'FR', '(,)', 'x', true);
-- what a membership or rule names stays
DELETE FROM jurisdiction.place WHERE code = 'ACME';
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis)
	VALUES (90001, 'allow', 'EU', 'G8', '{read}', 'x');
DELETE FROM jurisdiction.place WHERE code = 'G8';
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('OFFICE', 'Office', 'group');
INSERT INTO jurisdiction.network (cidr, place) VALUES ('192.0.2.0/24', 'OFFICE');
DELETE FROM jurisdiction.place WHERE code = 'OFFICE';
DELETE FROM jurisdiction.place WHERE code = 'XK-01';	-- ok: nothing names it
DELETE FROM jurisdiction.place WHERE code = 'XK';	-- ok: now that

--
-- category, purpose, legal_basis
--
INSERT INTO jurisdiction.category (code, name, broader) VALUES ('dental', 'Dental records', '{health}');	-- ok
INSERT INTO jurisdiction.category (code) VALUES ('payroll');	-- ok
-- ok: in any order within a statement
INSERT INTO jurisdiction.category (code, broader) VALUES ('implants', '{crowns}'), ('crowns', '{dental}');
INSERT INTO jurisdiction.category (code) VALUES ('Dental');
INSERT INTO jurisdiction.category (code) VALUES ('');
INSERT INTO jurisdiction.category (code) VALUES (repeat('a', 32));
INSERT INTO jurisdiction.category (code, broader) VALUES ('braces', '{dentl}');
INSERT INTO jurisdiction.category (code, broader) VALUES ('braces', '{dental,dental}');
INSERT INTO jurisdiction.category (code, broader) VALUES ('braces', '{braces}');
UPDATE jurisdiction.category SET broader = '{implants}' WHERE code = 'dental';
UPDATE jurisdiction.category SET broader = '{personal}' WHERE code = 'health';
UPDATE jurisdiction.category SET code = 'teeth' WHERE code = 'payroll';
DELETE FROM jurisdiction.category WHERE code = 'health';
DELETE FROM jurisdiction.category WHERE code = 'crowns';
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, categories, basis)
	VALUES (90002, 'deny', 'EU', 'CN', '{read}', '{implants}', 'x');
DELETE FROM jurisdiction.category WHERE code = 'implants';
DELETE FROM jurisdiction.category WHERE code = 'payroll';	-- ok: nothing names it
INSERT INTO jurisdiction.purpose (code, name) VALUES ('billing', 'Billing');	-- ok
INSERT INTO jurisdiction.purpose (code, name) VALUES ('Billing', 'Billing');
DELETE FROM jurisdiction.purpose WHERE code = 'research';
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, purposes, basis)
	VALUES (90003, 'allow', 'EU', 'CN', '{read}', '{billing}', 'x');
DELETE FROM jurisdiction.purpose WHERE code = 'billing';
INSERT INTO jurisdiction.legal_basis (code, name) VALUES ('house_rule', 'House rule');	-- ok
DELETE FROM jurisdiction.legal_basis WHERE code = 'scc';
DELETE FROM jurisdiction.legal_basis WHERE code = 'house_rule';	-- ok

--
-- exemption
--
CREATE ROLE regress_jur_batch;
INSERT INTO jurisdiction.exemption (kind, role_name, scope, until, basis)
	VALUES ('bypass', 'regress_jur_batch', 'DE:confidential/health', '2999-01-01', 'DPO decision 7');	-- error: it would lift nothing
INSERT INTO jurisdiction.exemption (kind, role_name, scope, until, basis)
	VALUES ('write_down', 'regress_jur_batch', 'DE:confidential/health', '2999-01-01', 'DPO decision 7');	-- ok
INSERT INTO jurisdiction.exemption (kind, role_name, scope, until, basis)
	VALUES ('bypass', 'regress_jur_batch', 'DE', '2020-01-01', 'DPO decision 5');	-- ok: it is over
INSERT INTO jurisdiction.exemption (kind, role_name, basis)
	VALUES ('relabel', 'regress_jur_batch', 'DPO decision 8');	-- ok
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('anything', 'regress_jur_batch', 'x');
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', 'regress_jur_bach', 'x');
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', '', 'x');
INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', 'regress_jur_batch', ' ');
INSERT INTO jurisdiction.exemption (kind, role_name, scope, basis) VALUES ('relabel', 'regress_jur_batch', 'DX', 'x');
INSERT INTO jurisdiction.exemption (kind, role_name, scope, basis) VALUES ('relabel', 'regress_jur_batch', 'DE>XX', 'x');
INSERT INTO jurisdiction.exemption (kind, role_name, scope, basis) VALUES ('relabel', 'regress_jur_batch', 'DE/helth', 'x');
-- ok: it is over, and its role may be gone
INSERT INTO jurisdiction.exemption (kind, role_name, until, basis) VALUES ('bypass', 'regress_jur_gone', '2020-01-01', 'x');
SELECT kind, role_name, scope, until, basis, entered_by = session_user AS by_me
	FROM jurisdiction.exemption WHERE role_name LIKE 'regress_jur_%' ORDER BY id;

--
-- preset and its rules
--
INSERT INTO jurisdiction.preset (name, description, source) VALUES ('acme-bcr', 'Binding corporate rules', 'eu-gdpr:A46-2-b');	-- ok
INSERT INTO jurisdiction.preset (name, description, source) VALUES ('', 'x', 'x');
INSERT INTO jurisdiction.preset (name, description, source) VALUES ('acme-2', 'x', '');
INSERT INTO jurisdiction.preset_rule (preset, effect, origin, destination, actions, basis)
	VALUES ('acme-bcr', 'allow', 'EU', 'ACME', '{read}', 'eu-gdpr:A46-2-b');	-- ok
INSERT INTO jurisdiction.preset_rule (preset, effect, origin, destination, actions, basis)
	VALUES ('acme-bcr', 'allow', 'EU', 'ACNE', '{read}', 'eu-gdpr:A46-2-b');
INSERT INTO jurisdiction.preset_rule (preset, effect, origin, destination, actions, basis)
	VALUES ('eu-adequacy', 'allow', 'EU', 'CN', '{read}', 'x');
INSERT INTO jurisdiction.preset_rule (preset, effect, origin, destination, actions, basis)
	VALUES ('none', 'allow', 'EU', 'CN', '{read}', 'x');
DELETE FROM jurisdiction.preset_rule WHERE preset = 'eu-adequacy';
DELETE FROM jurisdiction.preset WHERE name = 'eu-adequacy';
UPDATE jurisdiction.preset SET description = 'all of it' WHERE name = 'eu-adequacy';

ROLLBACK;

-- everybody has the privileges: who may use them is not a matter of those
SELECT relname, relacl::text LIKE '%=arwd/%' AS to_public
	FROM pg_class
	WHERE relnamespace = 'jurisdiction'::regnamespace AND relname IN ('place', 'membership',
		'category', 'purpose', 'legal_basis', 'transfer_rule', 'exemption', 'preset', 'preset_rule')
	ORDER BY relname COLLATE "C";
-- nothing switches the triggers off
SELECT count(*) FROM pg_trigger
	WHERE tgrelid::regclass::text LIKE 'jurisdiction.%' AND NOT tgisinternal AND tgenabled <> 'A';
