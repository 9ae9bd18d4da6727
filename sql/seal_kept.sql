--
-- What was opened is kept nowhere where it is had again without asking: who
-- may open may not leave the inside of a value in an index, in statistics, in
-- a cursor or a plan; and no value opens because it was moved.
-- ida may open, kim may not.
--
CREATE SCHEMA seal_kept;
GRANT ALL ON SCHEMA seal_kept TO PUBLIC;
SET search_path = seal_kept;
\set SHOW_CONTEXT never
CREATE ROLE regress_kept_ida;
CREATE ROLE regress_kept_kim;
SECURITY LABEL FOR jurisdiction ON ROLE regress_kept_ida IS 'at MT cleared secret/*';
SECURITY LABEL FOR jurisdiction ON ROLE regress_kept_kim IS 'at CY cleared secret/*';
SELECT jurisdiction.create_key('MT'), jurisdiction.create_key('CY');
SET ROLE regress_kept_ida;
CREATE TABLE letter (id int, secret jurisdiction.sealed);
CREATE TABLE plain (id int, body text);
INSERT INTO letter SELECT g, jurisdiction.seal('letter ' || g, 'MT') FROM generate_series(1, 20) g;
INSERT INTO plain VALUES (1, 'plain');
GRANT ALL ON letter, plain TO PUBLIC;

-- a function that says that it always gives the same is not believed
CREATE FUNCTION inside(jurisdiction.sealed) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
	'BEGIN RETURN jurisdiction.unseal($1); END';
CREATE FUNCTION inside_sql(jurisdiction.sealed) RETURNS text LANGUAGE sql IMMUTABLE AS
	'SELECT jurisdiction.unseal($1)';
SELECT inside(secret), inside_sql(secret) FROM letter WHERE id = 1;			-- ok
CREATE INDEX ON letter (jurisdiction.unseal(secret));						-- error: not immutable
CREATE INDEX letter_inside ON letter (inside(secret));						-- denied
CREATE INDEX letter_inside ON letter (inside_sql(secret));					-- denied
CREATE INDEX letter_inside ON letter (id) WHERE inside(secret) > 'x';		-- denied
BEGIN;
SELECT inside(secret) FROM letter WHERE id = 2;								-- ok: the function has asked
CREATE INDEX letter_inside ON letter (inside(secret));						-- denied all the same
ROLLBACK;
CREATE INDEX letter_id ON letter (id);										-- ok
CREATE INDEX letter_bytes ON letter ((secret::text));						-- ok: base64
CREATE STATISTICS letter_inside ON (inside(secret)), id FROM letter;
ANALYZE letter;																-- denied
DROP STATISTICS letter_inside;
ANALYZE letter;																-- ok
CREATE TABLE empty (LIKE letter);
CREATE INDEX empty_inside ON empty (inside(secret));						-- ok: nothing is in it
INSERT INTO empty VALUES (1, jurisdiction.seal('x', 'MT'));					-- denied: flow
REINDEX TABLE empty;														-- ok
ALTER TABLE letter ALTER secret TYPE text USING jurisdiction.unseal(secret);	-- denied
ALTER TABLE letter ALTER secret TYPE bytea USING jurisdiction.sealed_send(secret);	-- ok: as it is
ALTER TABLE letter ALTER secret TYPE jurisdiction.sealed USING encode(secret, 'base64')::jurisdiction.sealed;
ALTER TABLE letter ADD inside text GENERATED ALWAYS AS (inside(secret)) STORED;	-- denied
ALTER TABLE letter ADD CHECK (inside(secret) <> 'x');						-- denied
SELECT count(*) FROM pg_stats WHERE schemaname = 'seal_kept' AND
	(most_common_vals::text ~ 'letter \d' OR histogram_bounds::text ~ 'letter \d');	-- 0

-- what flow refuses elsewhere
CREATE TABLE generated (secret jurisdiction.sealed, body text GENERATED ALWAYS AS (inside(secret)) STORED);
INSERT INTO generated VALUES (jurisdiction.seal('x', 'MT'));				-- denied
INSERT INTO plain SELECT id, jurisdiction.unseal(secret) FROM letter;		-- denied
UPDATE plain SET body = (SELECT jurisdiction.unseal(secret) FROM letter WHERE letter.id = plain.id);	-- denied
CREATE TABLE made AS SELECT jurisdiction.unseal(secret) AS body FROM letter;
SELECT objtype, label FROM pg_seclabels WHERE objoid = 'made'::regclass;	-- it has the label
SELECT set_config('kept.x', jurisdiction.unseal(secret), false) FROM letter WHERE id = 1;	-- denied
SELECT pg_notify('kept', jurisdiction.unseal(secret)) FROM letter WHERE id = 1;	-- denied
RESET ROLE;

-- a trap that somebody else has laid
SET ROLE regress_kept_kim;
CREATE TABLE loot (body text);
CREATE TABLE box (secret jurisdiction.sealed);
GRANT ALL ON loot, box TO PUBLIC;
CREATE FUNCTION loot() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO loot VALUES (jurisdiction.unseal(NEW.secret));
	RETURN NEW;
END $$;
CREATE TRIGGER loot BEFORE INSERT ON box FOR EACH ROW EXECUTE FUNCTION loot();
CREATE FUNCTION lend(jurisdiction.sealed) RETURNS text LANGUAGE sql SECURITY DEFINER AS
	'SELECT jurisdiction.unseal($1)';
SET ROLE regress_kept_ida;
INSERT INTO box VALUES (jurisdiction.seal('x', 'MT'));						-- denied
ALTER FUNCTION inside(jurisdiction.sealed) SECURITY DEFINER;
SET ROLE regress_kept_kim;
TABLE loot;
SELECT inside(secret) FROM letter WHERE id = 1;								-- denied: it is kim who asks
SET ROLE regress_kept_ida;
SELECT lend(secret) FROM letter WHERE id = 1;								-- ok: ida asks

-- a cursor, with rows computed and not fetched yet
BEGIN;
DECLARE c CURSOR FOR SELECT id, jurisdiction.unseal(secret) FROM letter ORDER BY id;
FETCH 1 FROM c;
FETCH 1 FROM c;																-- ok
SET LOCAL ROLE regress_kept_kim;
FETCH 1 FROM c;																-- denied
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM letter WHERE jurisdiction.unseal(secret) > 'letter 1' ORDER BY id;
FETCH 1 FROM c;
SET LOCAL ROLE regress_kept_kim;
FETCH 1 FROM c;																-- denied
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM letter ORDER BY id;						-- opens nothing
FETCH 1 FROM c;
SET LOCAL ROLE regress_kept_kim;
FETCH 1 FROM c;																-- ok
ROLLBACK;
DECLARE held CURSOR WITH HOLD FOR SELECT jurisdiction.unseal(secret) FROM letter ORDER BY id;
FETCH 1 FROM held;
SET ROLE regress_kept_kim;
FETCH 1 FROM held;															-- error: closed

-- a plan that holds what a function opened while it was made
SET ROLE regress_kept_ida;
ALTER FUNCTION inside(jurisdiction.sealed) SECURITY INVOKER;
DO $$ BEGIN
	EXECUTE (SELECT format('PREPARE folded AS SELECT inside(%L::jurisdiction.sealed)', secret) FROM letter WHERE id = 3);
	EXECUTE (SELECT format('PREPARE stolen AS INSERT INTO plain SELECT 3, inside(%L::jurisdiction.sealed)', secret) FROM letter WHERE id = 3);
END $$;
SET plan_cache_mode = force_generic_plan;
EXECUTE folded;																-- ok
EXECUTE folded;																-- ok
EXECUTE stolen;																-- denied
EXECUTE stolen;																-- denied again
BEGIN;
EXECUTE folded;
SAVEPOINT s;
EXECUTE stolen;																-- denied
ROLLBACK TO s;
EXECUTE stolen;																-- denied
ROLLBACK;
SET ROLE regress_kept_kim;
EXECUTE folded;																-- denied
SET ROLE regress_kept_ida;
SELECT format('DECLARE c CURSOR FOR SELECT inside(%L::jurisdiction.sealed) FROM generate_series(1, 2)', secret) AS declare FROM letter WHERE id = 3 \gset
BEGIN;
:declare;
FETCH 1 FROM c;
SET LOCAL ROLE regress_kept_kim;
FETCH 1 FROM c;																-- denied
ROLLBACK;
DEALLOCATE ALL;
RESET plan_cache_mode;
RESET ROLE;

-- moved: to another row, from another place, an old one put back
CREATE TABLE moved (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, secret jurisdiction.sealed);
INSERT INTO moved VALUES (1, 'CY', jurisdiction.seal('of Cyprus', 'CY')), (2, 'CY', jurisdiction.seal('of Malta', 'MT'));
GRANT SELECT ON moved TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN moved.residency IS 'rows';
SET ROLE regress_kept_kim;
SELECT id, jurisdiction.unseal(secret) FROM moved WHERE id = 1;				-- ok
SELECT id, jurisdiction.unseal(secret) FROM moved WHERE id = 2;				-- denied: whatever row it is in
RESET ROLE;
SELECT secret::text AS old FROM letter WHERE id = 4 \gset
SELECT jurisdiction.rotate_key('MT');
SET ROLE regress_kept_ida;
UPDATE letter SET secret = :'old' WHERE id = 5;
SELECT id, jurisdiction.unseal(secret), jurisdiction.is_sealed_anew(secret) FROM letter WHERE id = 5;	-- ok, and not hidden
CALL jurisdiction.reseal('letter', 'secret');
RESET ROLE;
SELECT jurisdiction.destroy_key('MT', 1, 'MT');
SET ROLE regress_kept_ida;
SELECT id, jurisdiction.unseal(secret) FROM letter WHERE id IN (4, 5);		-- ok
UPDATE letter SET secret = :'old' WHERE id = 6;
\set VERBOSITY terse
SELECT jurisdiction.unseal(secret) FROM letter WHERE id = 6;				-- error: destroyed
\set VERBOSITY default
RESET ROLE;
DROP SCHEMA seal_kept CASCADE;
DROP ROLE regress_kept_ida, regress_kept_kim;
