--
-- Keys: officers make, rotate, rewrap and destroy them; history stays.  The
-- superuser stands in for officers here; nan is nobody.
--
CREATE SCHEMA keys;
GRANT ALL ON SCHEMA keys TO PUBLIC;
SET search_path = keys;
\set SHOW_CONTEXT never
CREATE ROLE regress_keys_nan;
CREATE ROLE regress_keys_fay;
SECURITY LABEL FOR jurisdiction ON ROLE regress_keys_nan IS 'at FR cleared secret/*';
SECURITY LABEL FOR jurisdiction ON ROLE regress_keys_fay IS 'at FR,NL cleared secret/*';
CREATE VIEW state AS SELECT place, version, state, custodian, created_by = current_user AS mine,
	retired_at IS NOT NULL AS retired, destroyed_at IS NOT NULL AS destroyed, destroyed_by = current_user AS by_me
	FROM jurisdiction.key WHERE place IN ('FR', 'NL') ORDER BY place, version;
CREATE TABLE kept (name text PRIMARY KEY, secret jurisdiction.sealed);
GRANT ALL ON kept TO PUBLIC;

-- officers only
SET ROLE regress_keys_nan;
SELECT jurisdiction.create_key('FR');										-- denied
INSERT INTO jurisdiction.custodian VALUES ('FR', 'file:mine');				-- denied
INSERT INTO jurisdiction.key (place, version, custodian) VALUES ('FR', 1, 'file:FR');	-- denied
SELECT * FROM jurisdiction.key_material;									-- denied
SELECT count(*) >= 0 AS readable FROM jurisdiction.key;						-- ok: no material in it
RESET ROLE;

-- custodians
INSERT INTO jurisdiction.custodian VALUES ('FR', 'file:../etc');			-- error
INSERT INTO jurisdiction.custodian VALUES ('FR', 'file:');					-- error
INSERT INTO jurisdiction.custodian VALUES ('FR', 'command:rm -rf');			-- error
INSERT INTO jurisdiction.custodian VALUES ('FR', 'https://example.org');	-- error
INSERT INTO jurisdiction.custodian VALUES ('NL', 'file:nether_lands');		-- ok

-- create
SELECT jurisdiction.create_key('XX');										-- error: no such place
SELECT jurisdiction.rotate_key('FR');										-- error: none to rotate
SELECT jurisdiction.create_key('FR'), jurisdiction.create_key('NL');
SELECT jurisdiction.create_key('FR');										-- error: has one
TABLE state;
SELECT place, version, wrapped IS NOT NULL AS wrapped, length(check_value) FROM jurisdiction.key_material
	WHERE place IN ('FR', 'NL') ORDER BY 1, 2;
INSERT INTO kept VALUES ('first', jurisdiction.seal('under the first key', 'FR')),
	('joint', jurisdiction.seal('under two keys', 'FR & NL'));

-- rotate: new values take the new key, old ones open
SELECT jurisdiction.rotate_key('FR');
INSERT INTO kept VALUES ('second', jurisdiction.seal('under the second key', 'FR'));
SELECT name, k.* FROM kept, jurisdiction.sealed_keys(secret) k ORDER BY name, place;
SELECT name, jurisdiction.is_sealed_anew(secret) FROM kept ORDER BY name;
SET ROLE regress_keys_nan;
SELECT name, jurisdiction.unseal(secret) FROM kept WHERE name <> 'joint' ORDER BY name;
RESET ROLE;

-- a rotation that is rolled back leaves nothing
BEGIN;
SELECT jurisdiction.rotate_key('FR');
SELECT k.* FROM jurisdiction.sealed_keys(jurisdiction.seal('x', 'FR')) k;	-- version 3
ROLLBACK;
SELECT k.* FROM jurisdiction.sealed_keys(jurisdiction.seal('x', 'FR')) k;	-- version 2
BEGIN;
SAVEPOINT s;
SELECT jurisdiction.destroy_key('FR', 1, 'FR');
ROLLBACK TO s;
COMMIT;
SET ROLE regress_keys_nan;
SELECT jurisdiction.unseal(secret) FROM kept WHERE name = 'first';			-- ok: not destroyed
RESET ROLE;

-- rewrap: the custodian changes, the values do not
CREATE TEMP TABLE before AS SELECT place, version, kek FROM jurisdiction.key_material WHERE place = 'FR';
UPDATE jurisdiction.custodian SET uri = 'file:france' WHERE place = 'FR';
SELECT jurisdiction.rewrap('FR');
TABLE state;
SELECT count(*) AS old_names FROM before JOIN jurisdiction.key_material USING (place, version, kek);
-- keys that are looked up again while workers run
CREATE TABLE many AS SELECT jurisdiction.seal('of many ' || i, 'FR') AS secret FROM generate_series(1, 1000) i;
GRANT SELECT ON many TO regress_keys_nan;
SELECT jurisdiction.rewrap('FR');
SET ROLE regress_keys_nan;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT count(jurisdiction.unseal(secret)) FROM many;
COMMIT;
RESET ROLE;
DROP TABLE many;
SET ROLE regress_keys_nan;
SELECT name, jurisdiction.unseal(secret) FROM kept WHERE name <> 'joint' ORDER BY name;
SELECT jurisdiction.rewrap('FR');											-- denied
SELECT jurisdiction.destroy_key('FR', 1, 'FR');								-- denied
RESET ROLE;

-- rows that were swapped give no key
BEGIN;
UPDATE jurisdiction.key_material m SET wrapped = o.wrapped, kek = o.kek
	FROM jurisdiction.key_material o WHERE m.place = 'FR' AND m.version = 1 AND o.place = 'FR' AND o.version = 2;
SET ROLE regress_keys_nan;
\set VERBOSITY sqlstate
SELECT jurisdiction.unseal(secret) FROM kept WHERE name = 'first';			-- error: not that key
\set VERBOSITY default
ROLLBACK;

-- destroy
SELECT jurisdiction.destroy_key('FR', 1, 'NL');								-- error: not confirmed
SELECT jurisdiction.destroy_key('FR', 9, 'FR');								-- error: no such key
BEGIN;
SELECT jurisdiction.destroy_key('FR', 1, 'FR');
PREPARE TRANSACTION 'regress_keys';											-- error: cannot be kept waiting
SELECT jurisdiction.destroy_key('FR', 1, 'FR');								-- ok
SELECT jurisdiction.destroy_key('FR', 1, 'FR');								-- error: is already
TABLE state;
SET ROLE regress_keys_nan;
\set VERBOSITY terse
SELECT jurisdiction.unseal(secret) FROM kept WHERE name = 'first';			-- error: destroyed
SELECT jurisdiction.unseal(secret) FROM kept WHERE name = 'second';			-- ok
SET ROLE regress_keys_fay;
SELECT jurisdiction.unseal(secret) FROM kept WHERE name = 'joint';			-- denied: no rule for a session in both
RESET ROLE;
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'FR', 'NL', '{unseal}', 'test: keys'), ('allow', 'NL', 'FR', '{unseal}', 'test: keys');
SET ROLE regress_keys_fay;
SELECT jurisdiction.unseal(secret) FROM kept WHERE name = 'joint';			-- error: one of its keys is destroyed
SELECT jurisdiction.unseal(jurisdiction.seal('both', 'FR & NL'));			-- ok: with the present keys
RESET ROLE;
\set VERBOSITY default
UPDATE jurisdiction.transfer_rule SET during = tstzrange(NULL, clock_timestamp()) WHERE basis = 'test: keys';

-- history stays
DELETE FROM jurisdiction.key WHERE place = 'FR' AND version = 1;			-- error
UPDATE jurisdiction.key SET version = 7 WHERE place = 'FR' AND version = 2;	-- error
UPDATE jurisdiction.key SET state = 'active', destroyed_at = NULL, destroyed_by = NULL
	WHERE place = 'FR' AND version = 1;										-- error
TRUNCATE jurisdiction.key_material;											-- error

-- without a newest key nothing is sealed, until there is another
SELECT jurisdiction.destroy_key('NL', 1, 'NL');
\set VERBOSITY terse
SELECT jurisdiction.seal('x', 'NL');										-- error: destroyed
\set VERBOSITY default
SELECT jurisdiction.rotate_key('NL');
SELECT jurisdiction.seal('x', 'NL') IS NOT NULL AS seals;

-- the settings behind it are an officer's
SHOW jurisdiction.custodian_timeout;
SET jurisdiction.key_cache_seconds = 1;										-- error
SET ROLE regress_keys_nan;
\set VERBOSITY sqlstate
SHOW jurisdiction.key_directory;											-- denied
\set VERBOSITY default
RESET ROLE;
DROP SCHEMA keys CASCADE;
DROP ROLE regress_keys_nan, regress_keys_fay;
