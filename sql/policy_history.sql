--
-- History: what was in force stays as it was.  Only the end of a rule, a
-- membership or an exemption can be set, to now or later; only what has not
-- begun can be changed or deleted.
--
\set VERBOSITY default
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

BEGIN;

--
-- Rules.
--
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis, during) VALUES
	(9001, 'allow', 'EU', 'JP', '{read}', 'in force', '[2019-01-23,)'),
	(9002, 'allow', 'EU', 'JP', '{read}', 'always', NULL),
	(9003, 'allow', 'EU', 'US', '{read}', 'past', '[2016-07-12,2020-07-16)'),	-- ok: history may be entered
	(9004, 'allow', 'EU', 'KR', '{read}', 'to come', '[2999-01-01,)'),
	(9005, 'deny', 'EU', 'KR', '{read}', 'to come', '[2999-01-01,)'),
	(9006, 'allow', 'EU', 'GB', '{read}', 'ends one day', '[2021-06-28,2998-01-01)');

-- nothing but the end
UPDATE jurisdiction.transfer_rule SET origin = 'DE' WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET destination = 'KR' WHERE id = 9002;
UPDATE jurisdiction.transfer_rule SET effect = 'deny' WHERE id = 9003;
UPDATE jurisdiction.transfer_rule SET actions = '{read,export}' WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET basis = 'another' WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET note = 'a remark' WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET id = 9000 WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET note = note, origin = origin WHERE id = 9001;	-- ok: no change
-- not the start
UPDATE jurisdiction.transfer_rule SET during = '[2020-01-01,)' WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET during = '(2019-01-23,)' WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET during = NULL WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET during = '[2020-01-01,)' WHERE id = 9002;
-- not an end in the past
UPDATE jurisdiction.transfer_rule SET during = '[2019-01-23,2020-01-01)' WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET during = '(,2020-01-01)' WHERE id = 9002;
UPDATE jurisdiction.transfer_rule SET during = 'empty' WHERE id = 9001;
-- what has ended stays ended
UPDATE jurisdiction.transfer_rule SET during = '[2016-07-12,)' WHERE id = 9003;
UPDATE jurisdiction.transfer_rule SET during = '[2016-07-12,2019-01-01)' WHERE id = 9003;
-- an end later on, an earlier one, a later one, none
UPDATE jurisdiction.transfer_rule SET during = '[2019-01-23,2998-01-01)' WHERE id = 9001;
UPDATE jurisdiction.transfer_rule SET during = '[2021-06-28,2997-01-01)' WHERE id = 9006;
UPDATE jurisdiction.transfer_rule SET during = '[2021-06-28,2999-01-01)' WHERE id = 9006;
UPDATE jurisdiction.transfer_rule SET during = '[2021-06-28,)' WHERE id = 9006;
-- the end now: not before this statement, though the transaction began earlier
UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now()) WHERE id IN (9001, 9002);
SELECT id, lower(during), upper(during) > now() AS later_than_the_transaction,
	   upper(during) <= statement_timestamp() AS ended
	FROM jurisdiction.transfer_rule WHERE id IN (9001, 9002) ORDER BY id;
\set VERBOSITY sqlstate
UPDATE jurisdiction.transfer_rule SET during = '[2019-01-23,)' WHERE id = 9001;	-- too late
\set VERBOSITY default
-- what has not begun
UPDATE jurisdiction.transfer_rule SET origin = 'DE', during = '[2998-01-01,)' WHERE id = 9004;	-- ok
DELETE FROM jurisdiction.transfer_rule WHERE id = 9005;	-- ok
DELETE FROM jurisdiction.transfer_rule WHERE id = 9001;
DELETE FROM jurisdiction.transfer_rule WHERE id = 9002;
DELETE FROM jurisdiction.transfer_rule WHERE id = 9003;
-- begun this instant, and withdrawn in the same: never in force
DO $$
BEGIN
	INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis, during)
		VALUES (9007, 'allow', 'EU', 'JP', '{read}', 'x', tstzrange(statement_timestamp(), NULL));
	DELETE FROM jurisdiction.transfer_rule WHERE id = 9007;
END
$$;
-- MERGE, and ON CONFLICT
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis)
	VALUES (9003, 'allow', 'EU', 'US', '{read}', 'x')
	ON CONFLICT (id) DO UPDATE SET basis = excluded.basis;
MERGE INTO jurisdiction.transfer_rule r USING (VALUES (9003)) AS s (id) ON r.id = s.id
	WHEN MATCHED THEN DELETE;
TRUNCATE jurisdiction.transfer_rule;
SELECT id, effect, origin, destination, basis FROM jurisdiction.transfer_rule
	WHERE id BETWEEN 9000 AND 9999 ORDER BY id;

--
-- Memberships: days, UTC.
--
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('ACME', 'Acme group', 'group');
INSERT INTO jurisdiction.membership (grp, member, during, basis) VALUES
	('ACME', 'DE', '[2020-01-01,)', 'in force'),
	('ACME', 'FR', '[2010-01-01,2020-01-01)', 'past'),
	('ACME', 'IT', '[2999-01-01,)', 'to come'),
	('ACME', 'ES', '[2999-01-01,)', 'to come');
UPDATE jurisdiction.membership SET member = 'AT' WHERE grp = 'ACME' AND member = 'DE';
UPDATE jurisdiction.membership SET basis = 'another' WHERE grp = 'ACME' AND member = 'DE';
UPDATE jurisdiction.membership SET during = '[2019-01-01,)' WHERE grp = 'ACME' AND member = 'DE';
UPDATE jurisdiction.membership SET during = '[2020-01-01,2021-01-01)' WHERE grp = 'ACME' AND member = 'DE';
UPDATE jurisdiction.membership SET during = '[2010-01-01,)' WHERE grp = 'ACME' AND member = 'FR';
DELETE FROM jurisdiction.membership WHERE grp = 'ACME' AND member = 'DE';
DELETE FROM jurisdiction.membership WHERE grp = 'ACME' AND member = 'FR';
DELETE FROM jurisdiction.membership WHERE grp = 'ACME' AND member = 'ES';	-- ok
UPDATE jurisdiction.membership SET member = 'AT', during = '[2998-01-01,)' WHERE grp = 'ACME' AND member = 'IT';	-- ok
UPDATE jurisdiction.membership SET during = '[2020-01-01,2999-01-01)' WHERE grp = 'ACME' AND member = 'DE';	-- ok
UPDATE jurisdiction.membership SET during = daterange(lower(during), (now() AT TIME ZONE 'UTC')::date)
	WHERE grp = 'ACME' AND member = 'DE';	-- ok: from today on
SELECT member, lower(during), upper(during) = (now() AT TIME ZONE 'UTC')::date AS ended_today, basis
	FROM jurisdiction.membership WHERE grp = 'ACME' ORDER BY member;
TRUNCATE jurisdiction.membership;

-- one that ships: it can be ended, and is in dumps from then on
UPDATE jurisdiction.membership SET during = '[2014-04-12,2020-01-01)' WHERE grp = 'EEA' AND member = 'HR';
UPDATE jurisdiction.membership SET builtin = false WHERE grp = 'EEA' AND member = 'HR';	-- no change
DELETE FROM jurisdiction.membership WHERE grp = 'EEA' AND member = 'HR';
SELECT during, builtin FROM jurisdiction.membership WHERE grp = 'EEA' AND member = 'HR';
UPDATE jurisdiction.membership SET during = '[2014-04-12,2999-01-01)' WHERE grp = 'EEA' AND member = 'HR';	-- ok
SELECT during, builtin FROM jurisdiction.membership WHERE grp = 'EEA' AND member = 'HR';
-- the row as a dump has it, beside one that ships: only a restoring session
-- may enter it, and the past of the shipped row remains
INSERT INTO jurisdiction.membership VALUES ('EEA', 'CZ', '[2004-05-01,2999-01-01)', 'restored', false);
SET LOCAL row_security = off;
SET LOCAL check_function_bodies = off;
INSERT INTO jurisdiction.membership VALUES ('EEA', 'CZ', '[2004-05-01,2999-01-01)', 'restored', false);	-- ok
INSERT INTO jurisdiction.membership VALUES ('EEA', 'CY', '[2004-05-01,2010-01-01)', 'restored', false);
INSERT INTO jurisdiction.membership VALUES ('EEA', 'GB', '[1994-01-01,2999-01-01)', 'restored', false);
RESET row_security;
RESET check_function_bodies;
SELECT member, during, basis, builtin FROM jurisdiction.membership
	WHERE grp = 'EEA' AND member IN ('CY', 'CZ', 'GB') ORDER BY member;

--
-- Exemptions.
--
CREATE ROLE regress_jur_batch;
INSERT INTO jurisdiction.exemption (id, kind, role_name, until, basis) VALUES
	(9001, 'bypass', 'regress_jur_batch', NULL, 'open'),
	(9002, 'bypass', 'regress_jur_batch', '2020-01-01', 'over');
UPDATE jurisdiction.exemption SET role_name = 'postgres' WHERE id = 9001;
UPDATE jurisdiction.exemption SET kind = 'relabel' WHERE id = 9001;
UPDATE jurisdiction.exemption SET entered_by = 'someone' WHERE id = 9001;
UPDATE jurisdiction.exemption SET scope = 'DE' WHERE id = 9001;
UPDATE jurisdiction.exemption SET until = '2021-01-01' WHERE id = 9001;
UPDATE jurisdiction.exemption SET until = '2999-01-01' WHERE id = 9001;	-- ok
UPDATE jurisdiction.exemption SET until = '2999-02-01' WHERE id = 9001;
UPDATE jurisdiction.exemption SET until = NULL WHERE id = 9001;
UPDATE jurisdiction.exemption SET until = '2998-01-01' WHERE id = 9001;	-- ok
UPDATE jurisdiction.exemption SET until = '2999-01-01' WHERE id = 9002;
DELETE FROM jurisdiction.exemption WHERE id = 9001;
DELETE FROM jurisdiction.exemption WHERE id = 9002;
TRUNCATE jurisdiction.exemption;
-- a role that is gone leaves its exemption to be ended
DROP ROLE regress_jur_batch;
UPDATE jurisdiction.exemption SET until = now() WHERE id = 9001;	-- ok
SELECT id, until > now() AS later_than_the_transaction, until <= statement_timestamp() AS ended
	FROM jurisdiction.exemption WHERE id BETWEEN 9000 AND 9999 ORDER BY id;

--
-- The other tables are not emptied either.
--
TRUNCATE jurisdiction.category;
TRUNCATE jurisdiction.preset_rule;

-- a session that replays changes is no way around
SET LOCAL session_replication_role = replica;
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'XX', 'JP', '{read}', 'x');
UPDATE jurisdiction.transfer_rule SET basis = 'another' WHERE id = 9003;
DELETE FROM jurisdiction.place WHERE code = 'DE';
RESET session_replication_role;

ROLLBACK;
