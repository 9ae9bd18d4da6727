--
-- discover(): columns that look like personal data, by name and by values.
-- For each form there is a twin that misses it in one thing.
--
CREATE SCHEMA discover;
SET search_path = discover;

--
-- Names, in many languages, with and without separators and accents.
--
CREATE TABLE by_name (
	"firstName" text, last_name text, "Geburtsdatum" text, "DATE_DE_NAISSANCE" text,
	"código_postal" text, "Straße" text, "Geschlecht" text, kundengeburtsdatum text,
	"codice-fiscale" text, bsn text, passwort text, religion text, ethnicity text,
	trade_union text, icd10 text, lat float8, client_ip inet, mac macaddr, "身份证号" text,
	-- and what only looks like it
	product_name text, category text, latest text, ship_date date, zipped boolean,
	description text, amount numeric, id bigint);
SELECT column_name, category, confidence, evidence FROM jurisdiction.discover('by_name');

--
-- Values: one column for each form, v0 of right ones, v1 of wrong ones.
--
CREATE TABLE form (what text, v0 text, v1 text);
INSERT INTO form VALUES
	('e-mail', 'ann.lee+x@example.co.uk', 'ann.lee at example'),
	('e-mail within', 'write to ann@example.org please', 'write to ann@ home'),
	('telephone', '+49 (30) 1234-5678', '49 30 1234 5678'),
	('iban', 'DE89 3704 0044 0532 0130 00', 'DE88 3704 0044 0532 0130 00'),
	('card', '4111 1111 1111 1111', '4111 1111 1111 1112'),
	('ip', '192.0.2.17', '192.0.2.257'),
	('ipv6', '2001:db8::1', '12:34:56'),
	('mac', '00:1b:44:11:3a:b7', '00:1b:44:11:3a'),
	('icd', 'E11.9', 'U11.9'),
	('ssn', '078-05-1120', '000-05-1120'),
	('nino', 'AB 12 34 56 C', 'QQ 12 34 56 C'),
	('codice fiscale', 'RSSMRA85T10A562S', 'RSSMRA85T10A562'),
	('dni', '12345678Z', '12345678A'),
	('nir', '255081416802538', '255081416802539'),
	('pesel', '44051401359', '44051401358'),
	('cpf', '529.982.247-25', '529.982.247-26'),
	('cn', '11010519491231002X', '110105194912310021'),
	('hash', '$2b$12$abcdefghijklmnopqrstuv', '$12.50'),
	('jwt', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.', 'eyJhbGciOiJub25lIn0'),
	('position', '52.5200, 13.4050', '52.5, 13.4');
SELECT what, (SELECT string_agg(category || ': ' || form, '; ') FROM jurisdiction.personal_forms(v0)) AS has,
	(SELECT string_agg(category || ': ' || form, '; ') FROM jurisdiction.personal_forms(v1)) AS twin
	FROM form ORDER BY what COLLATE "C";
-- no form fails on anything
SELECT count(*) FROM unnest(ARRAY['', ' ', repeat('9', 500), E'\n', '@', '::::', 'DE', repeat('A', 35), '-1e99', '１２']) AS v,
	jurisdiction.personal_forms(v) AS f;

CREATE TABLE by_value (a text, b varchar(40), c bigint, d date, e date, f text, g text, h text);
INSERT INTO by_value
	SELECT 'person' || g || '@example.org', 'DE89370400440532013000', 4111111111111111,
		   date '1930-01-01' + g * 300, date '2026-01-01' + g % 30, 'E1' || g % 9 || '.9',
		   CASE WHEN g % 3 = 0 THEN '+4930' || 1000000 + g ELSE 'none' END, 'order ' || g
	  FROM generate_series(1, 90) g;
SELECT column_name, category, iri, confidence, evidence FROM jurisdiction.discover('by_value');
-- a smaller sample, and none at all: names alone
SELECT column_name, evidence FROM jurisdiction.discover('by_value', 10);
SELECT count(*) FROM jurisdiction.discover('by_value', 0);
-- the values are never shown
SELECT count(*) FROM jurisdiction.discover('by_value') AS d WHERE d::text ~ 'example\.org|8937|4111|193|E1[0-9]';

-- a name and values that agree are surer than either
CREATE TABLE both_agree (email text, other text);
INSERT INTO both_agree SELECT 'p' || g || '@example.org', 'p' || g || '@example.org' FROM generate_series(1, 20) g;
SELECT column_name, confidence FROM jurisdiction.discover('both_agree');

-- domains, mixed case, partitions; not views, nor what cannot hold a text
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN work_mail AS mail;
CREATE TABLE "Mixed" (k int, "Any" work_mail, list text[], doc jsonb) PARTITION BY LIST (k);
CREATE TABLE mixed_1 PARTITION OF "Mixed" FOR VALUES IN (1);
INSERT INTO "Mixed" SELECT 1, 'p' || g || '@example.org' FROM generate_series(1, 20) g;
CREATE VIEW mails AS SELECT email FROM both_agree;
SELECT relation, column_name, category FROM jurisdiction.discover('"Mixed"');
SELECT DISTINCT relation FROM jurisdiction.discover() WHERE relation::text ~ '^(discover\.)?("?mixed|mails|both)' OR relation = '"Mixed"'::regclass ORDER BY 1;

--
-- A sample is what the caller may read: eve sees the rows of DE, masked.
--
CREATE ROLE regress_discover_ann;
CREATE ROLE regress_discover_eve;
CREATE ROLE regress_discover_nobody;
SECURITY LABEL FOR jurisdiction ON ROLE regress_discover_ann IS 'at DE cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_discover_eve IS 'at DE';
GRANT USAGE ON SCHEMA discover TO PUBLIC;
CREATE TABLE tagged (l jurisdiction.label NOT NULL, x text, y text, z text);
INSERT INTO tagged
	SELECT CASE WHEN g <= 10 THEN 'DE' ELSE 'DE:confidential/health' END::jurisdiction.label,
		   CASE WHEN g > 10 THEN 'p' || g || '@example.org' ELSE 'none' END, 'p' || g || '@example.org', 'E11.9'
	  FROM generate_series(1, 40) g;
SECURITY LABEL FOR jurisdiction ON COLUMN tagged.l IS 'rows within DE:confidential/health';
SECURITY LABEL FOR jurisdiction ON COLUMN tagged.y IS '/health';
SECURITY LABEL FOR jurisdiction ON COLUMN tagged.z IS '/health deny';
GRANT SELECT ON tagged TO regress_discover_ann, regress_discover_eve;
SET ROLE regress_discover_ann;
SELECT column_name, category, evidence FROM jurisdiction.discover('tagged');
SET ROLE regress_discover_eve;
SELECT column_name, category, evidence FROM jurisdiction.discover('tagged');	-- nothing of hidden rows
SET ROLE regress_discover_nobody;
SELECT count(*) FROM jurisdiction.discover('tagged');						-- 0: no privilege on it
SELECT count(*) FROM jurisdiction.discover() WHERE relation = 'tagged'::regclass;	-- likewise
RESET ROLE;
SELECT column_name, category, evidence FROM jurisdiction.discover('tagged');	-- the wall: names only

-- words that ship are about categories that ship
SELECT word, category FROM jurisdiction.personal_word w
	WHERE NOT EXISTS (SELECT FROM jurisdiction.category c WHERE c.code = w.category);

-- words of one's own
INSERT INTO jurisdiction.personal_word (word, category, language, confidence)
	VALUES ('kennitala', 'official_id', 'is', 0.9);
CREATE TABLE own_word (kenni_tala text);
SELECT category, confidence, evidence FROM jurisdiction.discover('own_word');
DELETE FROM jurisdiction.personal_word WHERE NOT builtin;
SELECT count(*) FROM jurisdiction.discover('own_word');

SET client_min_messages = warning;
RESET search_path;
DROP SCHEMA discover CASCADE;
DROP ROLE regress_discover_ann, regress_discover_eve, regress_discover_nobody;
