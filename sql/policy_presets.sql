--
-- Presets: dated, cited rules to enable.  Disabling ends them, enabling again
-- opens new ones, and what held on a past day can be told ever after.
--
\set VERBOSITY default
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

SELECT name, source, builtin FROM jurisdiction.preset ORDER BY name COLLATE "C";
SELECT preset, partial, count(*) FROM jurisdiction.preset_rule GROUP BY 1, 2 ORDER BY 1, 2;

-- Adequacy: the rules with their decisions.  Safe Harbour held until Schrems I
-- (C-362/14, 2015-10-06), Privacy Shield until Schrems II (C-311/18, 2020-07-16).
SELECT destination, partial, basis, during FROM jurisdiction.preset_rule
	WHERE preset = 'eu-adequacy' ORDER BY destination COLLATE "C", during;
SELECT DISTINCT effect, origin, actions, max_level, categories, purposes
	FROM jurisdiction.preset_rule WHERE preset = 'eu-adequacy';
-- whom a partial decision covers is said
SELECT destination, note FROM jurisdiction.preset_rule
	WHERE preset = 'eu-adequacy' AND partial ORDER BY destination COLLATE "C", during;
SELECT origin, destination, actions, basis, during FROM jurisdiction.preset_rule
	WHERE preset = 'eea-free-movement' ORDER BY origin, destination;

BEGIN;

-- what a rule may be told of on a day, from tables alone
CREATE FUNCTION pg_temp.lawful_on(day timestamptz) RETURNS text
	LANGUAGE sql STABLE AS $$
	SELECT string_agg(destination, ' ' ORDER BY destination COLLATE "C")
		FROM jurisdiction.transfer_rule
		WHERE preset = 'eu-adequacy' AND during @> day
$$;
CREATE FUNCTION pg_temp.in_force() RETURNS int
	LANGUAGE sql VOLATILE AS $$
	SELECT count(*)::int FROM jurisdiction.transfer_rule
		WHERE preset = 'eu-adequacy' AND during @> statement_timestamp()
$$;

-- it returns how many rules are in force
SELECT jurisdiction.enable_preset('eu-adequacy') = pg_temp.in_force() AS counted;
SELECT pg_temp.lawful_on('2026-06-01');
SELECT count(*) AS rules FROM jurisdiction.transfer_rule WHERE preset = 'eu-adequacy';
-- the rules are the preset's, note and all
SELECT r.preset, r.effect, r.origin, r.destination, r.actions, r.basis, r.during, r.note
	FROM jurisdiction.transfer_rule r WHERE preset = 'eu-adequacy' AND destination = 'GB';
-- again: nothing more
SELECT jurisdiction.enable_preset('eu-adequacy') = pg_temp.in_force() AS counted;
SELECT count(*) AS rules FROM jurisdiction.transfer_rule WHERE preset = 'eu-adequacy';
-- the partial ones on request only, history with them
SELECT jurisdiction.enable_preset('eu-adequacy', include_partial => true) = pg_temp.in_force() AS counted;
SELECT pg_temp.lawful_on('2026-06-01');
SELECT pg_temp.lawful_on('2015-10-05') AS "the day before Schrems I";
SELECT pg_temp.lawful_on('2015-10-06') AS "Schrems I";
SELECT pg_temp.lawful_on('2020-07-15 23:59:59') AS "the day before Schrems II";
SELECT pg_temp.lawful_on('2020-07-16') AS "Schrems II";
SELECT pg_temp.lawful_on('2021-06-27') AS "before the decision for GB";
SELECT pg_temp.lawful_on('2021-06-28') AS "the decision for GB";
-- asking for less later ends nothing
SELECT jurisdiction.enable_preset('eu-adequacy', false) = pg_temp.in_force() AS counted;
SELECT count(*) AS rules FROM jurisdiction.transfer_rule WHERE preset = 'eu-adequacy';

-- disabled: ended now, and the past is as it was
CREATE TEMP TABLE moments (was text, at timestamptz);
INSERT INTO moments VALUES ('enabled', clock_timestamp());
SELECT pg_temp.in_force() AS in_force \gset
SELECT jurisdiction.disable_preset('eu-adequacy') = :in_force AS counted;
SELECT pg_temp.in_force();
SELECT jurisdiction.disable_preset('eu-adequacy') AS again;
SELECT count(*) AS rules FROM jurisdiction.transfer_rule WHERE preset = 'eu-adequacy';
INSERT INTO moments VALUES ('disabled', clock_timestamp());
SELECT pg_temp.lawful_on('2020-07-15 23:59:59') AS "the day before Schrems II";

-- enabled again: new rules, from now on
SELECT jurisdiction.enable_preset('eu-adequacy', true) = pg_temp.in_force() AS counted;
INSERT INTO moments VALUES ('enabled again', clock_timestamp());
SELECT was, pg_temp.lawful_on(at) IS NOT NULL AS lawful FROM moments ORDER BY at;
SELECT destination, count(*) AS rules, count(*) FILTER (WHERE upper(during) <= now()) AS long_past
	FROM jurisdiction.transfer_rule WHERE preset = 'eu-adequacy'
	GROUP BY 1 ORDER BY destination COLLATE "C";
-- and so decisions are explained, of each moment and of any day
SELECT was, x.verdict, x.decided_by, x.basis
	FROM moments, jurisdiction.explain('DE/health', 'export', at => '{CH}', cleared => 'secret/*', as_of => at::text) AS x
	ORDER BY at;
SELECT day, x.verdict, x.decided_by, x.basis
	FROM unnest('{1999-12-31,2015-10-05,2015-10-06,2020-07-15,2020-07-16,2023-07-09,2023-07-10}'::text[]) AS day,
		jurisdiction.explain('DE/health', 'export', at => '{US}', cleared => 'secret/*', as_of => day) AS x
	ORDER BY day;
-- to change records there is no transfer: no decision permits it
SELECT action, x.verdict, x.decided_by
	FROM unnest('{read,export,unseal,write}'::text[]) AS action,
		jurisdiction.explain('DE/health', action, at => '{CH}', cleared => 'secret/*') AS x;
-- the Union's own data, and that of a member; not that of Norway
SELECT label, x.verdict, x.decided_by
	FROM unnest('{EU,DE,DE-BY,NO}'::text[]) AS label,
		jurisdiction.explain(label::jurisdiction.label, 'read', at => '{CH}', cleared => 'secret/*') AS x;
-- an officer's own rule is none of the preset's business
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'EU', 'CN', '{read}', 'own');
SELECT jurisdiction.disable_preset('eu-adequacy') > 0 AS ended;
SELECT during FROM jurisdiction.transfer_rule WHERE basis = 'own';

-- enabled, disabled and enabled in one instant
DO $$
BEGIN
	PERFORM jurisdiction.enable_preset('eea-free-movement');
	PERFORM jurisdiction.disable_preset('eea-free-movement');
	PERFORM jurisdiction.enable_preset('eea-free-movement');
	PERFORM jurisdiction.disable_preset('eea-free-movement');
	PERFORM jurisdiction.enable_preset('eea-free-movement');
END
$$;
SELECT origin, destination, count(*) AS rules,
	   count(*) FILTER (WHERE during @> statement_timestamp()) AS in_force
	FROM jurisdiction.transfer_rule WHERE preset = 'eea-free-movement'
	GROUP BY 1, 2 ORDER BY 1, 2;

-- where the GDPR applies on the day: with GB until 2020-12-31, with NO from
-- 2018-07-20, with Reunion and under the Union's own name
SELECT label, place, day, x.verdict, x.decided_by, x.basis
	FROM (VALUES ('DE', 'FR', '2018-05-24'), ('DE', 'FR', '2018-05-25'), ('DE', 'FR', '2026-06-01'),
				 ('DE', 'NO', '2018-07-19'), ('DE', 'NO', '2018-07-20'), ('NO', 'DE', '2026-06-01'),
				 ('DE', 'GB', '2020-12-31'), ('DE', 'GB', '2021-01-01'),
				 ('EU', 'NO', '2026-06-01'), ('NO', 'EU', '2026-06-01'), ('DE', 'RE', '2026-06-01'),
				 ('DE', 'CH', '2018-07-20')) AS asked (label, place, day),
		jurisdiction.explain(label::jurisdiction.label, 'write', at => ARRAY[place], cleared => 'secret/*', as_of => day) AS x;

-- a preset of one's own; a rule that has not begun is withdrawn
INSERT INTO jurisdiction.preset (name, description, source) VALUES ('acme-bcr', 'Binding corporate rules', 'eu-gdpr:A46-2-b');
INSERT INTO jurisdiction.preset_rule (preset, effect, origin, destination, actions, basis, during) VALUES
	('acme-bcr', 'allow', 'EU', 'IN', '{read}', 'eu-gdpr:A46-2-b', NULL),
	('acme-bcr', 'allow', 'EU', 'ZA', '{read}', 'eu-gdpr:A46-2-b', '[2020-01-01,2999-01-01)'),
	('acme-bcr', 'allow', 'EU', 'SG', '{read}', 'eu-gdpr:A46-2-b', '[2999-01-01,)');
SELECT jurisdiction.enable_preset('acme-bcr');
-- the preset learns of other ends: enabling brings the rules up to date
UPDATE jurisdiction.preset_rule SET during = '[2020-01-01,)' WHERE preset = 'acme-bcr' AND destination = 'ZA';
UPDATE jurisdiction.preset_rule SET during = '(,2998-01-01)' WHERE preset = 'acme-bcr' AND destination = 'IN';
SELECT jurisdiction.enable_preset('acme-bcr');
SELECT destination, during FROM jurisdiction.transfer_rule WHERE preset = 'acme-bcr' ORDER BY destination;
SELECT jurisdiction.disable_preset('acme-bcr');
SELECT destination, during @> now() AS held, during @> statement_timestamp() AS holds
	FROM jurisdiction.transfer_rule WHERE preset = 'acme-bcr' ORDER BY destination;

-- there is no such preset
SELECT jurisdiction.enable_preset('eu-adequasy');
SELECT jurisdiction.enable_preset(NULL);
SELECT jurisdiction.disable_preset('eu-adequasy');

ROLLBACK;
SELECT count(*) FROM jurisdiction.transfer_rule WHERE preset IS NOT NULL;
