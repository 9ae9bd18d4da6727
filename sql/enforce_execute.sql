--
-- A statement runs in the session it began in: cursors, referential checks,
-- what triggers run inside them.
--
CREATE SCHEMA enforce_execute;
SET search_path = enforce_execute;
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE ROLE regress_enforce_execute_app;
CREATE ROLE regress_enforce_execute_de;
CREATE ROLE regress_enforce_execute_us;
CREATE ROLE regress_enforce_execute_user;		-- logs in, may become either
GRANT ALL ON SCHEMA enforce_execute TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_execute_de IS 'at DE for research';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_execute_us IS 'at US';
ALTER ROLE regress_enforce_execute_user NOINHERIT;
GRANT regress_enforce_execute_de, regress_enforce_execute_us TO regress_enforce_execute_user;

SET ROLE regress_enforce_execute_app;
CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text);
INSERT INTO patient VALUES (1, 'DE', 'Anna'), (2, 'US', 'Bob'), (3, 'DE', 'Clara'), (4, 'US', 'Dave'), (5, 'DE', 'Eva');
CREATE TABLE plain (id int);
INSERT INTO plain VALUES (1), (2), (3);
GRANT ALL ON patient, plain TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE plpgsql AS
	$$ BEGIN RETURN QUERY SELECT name FROM enforce_execute.patient ORDER BY id; END $$;
CREATE FUNCTION lied(int) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT name FROM enforce_execute.patient WHERE id = $1';
RESET ROLE;

--
-- Cursors
--
SET SESSION AUTHORIZATION regress_enforce_execute_user;
SET ROLE regress_enforce_execute_de;
BEGIN;
DECLARE c CURSOR FOR SELECT name FROM patient ORDER BY id;
FETCH 1 FROM c;										-- ok: Anna
SET ROLE regress_enforce_execute_us;
SET ROLE regress_enforce_execute_de;
FETCH 1 FROM c;										-- ok: Clara; again the one who opened it
SET ROLE regress_enforce_execute_us;
FETCH 1 FROM c;										-- denied: opened as another
ROLLBACK;
SET ROLE regress_enforce_execute_de;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT name FROM patient ORDER BY id;
FETCH 2 FROM c;										-- ok
SET ROLE regress_enforce_execute_us;
SAVEPOINT s;
FETCH PRIOR FROM c;									-- denied: seen before or not
ROLLBACK TO s;
FETCH PRIOR FROM c;									-- error: nor is it left open
ROLLBACK;
SET ROLE regress_enforce_execute_de;
BEGIN;
DECLARE c CURSOR FOR SELECT name FROM patient ORDER BY id;
SET ROLE regress_enforce_execute_us;
MOVE ALL IN c;										-- denied: to learn how many, too
ROLLBACK;
SET ROLE regress_enforce_execute_de;
BEGIN;
DECLARE c CURSOR FOR SELECT name FROM patient ORDER BY id;
SET LOCAL jurisdiction.purpose = 'research';
FETCH 1 FROM c;										-- denied: for another purpose
ROLLBACK;
BEGIN;
SET LOCAL jurisdiction.purpose = 'research';
DECLARE c CURSOR FOR SELECT name FROM patient ORDER BY id;
FETCH 1 FROM c;										-- ok: for the same
SAVEPOINT s;
SET LOCAL jurisdiction.purpose = '';
ROLLBACK TO s;
FETCH 1 FROM c;										-- ok: that was undone
COMMIT;

-- a cursor over an untagged table does not mind
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM plain ORDER BY id;
FETCH 1 FROM c;										-- ok
SET ROLE regress_enforce_execute_us;
FETCH 1 FROM c;										-- ok
COMMIT;

-- one over a function holds what that read
SET ROLE regress_enforce_execute_de;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM names();
FETCH 1 FROM c;										-- ok: Anna
SET ROLE regress_enforce_execute_us;
FETCH 1 FROM c;										-- denied
ROLLBACK;
SET ROLE regress_enforce_execute_de;
-- and so does one whose plan was made of what a function read
BEGIN;
DECLARE c CURSOR FOR SELECT lied(1) FROM plain;
SET ROLE regress_enforce_execute_us;
FETCH 1 FROM c;										-- denied
ROLLBACK;
SET ROLE regress_enforce_execute_de;
BEGIN;
DECLARE c CURSOR FOR SELECT lied(1) FROM plain;
FETCH 1 FROM c;										-- ok: Anna
COMMIT;
-- opened inside a function, fetched outside
CREATE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql AS $$
	DECLARE c refcursor := 'c';
	BEGIN OPEN c FOR SELECT name FROM enforce_execute.patient ORDER BY id; RETURN c; END $$;
BEGIN;
SELECT opened();
FETCH 1 FROM c;										-- ok: Anna
SET ROLE regress_enforce_execute_us;
FETCH 1 FROM c;										-- denied
ROLLBACK;

-- WITH HOLD: the rows are stored; as another role the cursor is gone
SET ROLE regress_enforce_execute_de;
DECLARE held CURSOR WITH HOLD FOR SELECT name FROM patient ORDER BY id;
FETCH 1 FROM held;									-- ok: Anna
SELECT count(*) FROM pg_cursors WHERE name = 'held';	-- 1
SET ROLE regress_enforce_execute_us;
FETCH 1 FROM held;									-- denied: no such cursor
SET ROLE regress_enforce_execute_de;
FETCH 1 FROM held;									-- nor ever again
DO $$ BEGIN EXECUTE 'DECLARE held CURSOR WITH HOLD FOR SELECT name FROM enforce_execute.patient ORDER BY id'; END $$;
FETCH 1 FROM held;									-- ok: Anna
SELECT set_config('role', 'regress_enforce_execute_us', false);
FETCH 1 FROM held;									-- denied: however the role was changed
SET ROLE regress_enforce_execute_de;
DECLARE held CURSOR WITH HOLD FOR SELECT name FROM patient ORDER BY id;
SET jurisdiction.purpose = 'research';
FETCH 1 FROM held;									-- denied
RESET jurisdiction.purpose;
DECLARE held CURSOR WITH HOLD FOR SELECT name FROM patient ORDER BY id;
RESET SESSION AUTHORIZATION;
FETCH 1 FROM held;									-- denied

-- WHERE CURRENT OF
SET ROLE regress_enforce_execute_de;
BEGIN;
DECLARE c CURSOR FOR SELECT name FROM patient ORDER BY id FOR UPDATE;
FETCH 2 FROM c;										-- Anna, Clara
UPDATE patient SET name = 'Klara' WHERE CURRENT OF c RETURNING *;	-- ok
UPDATE patient SET residency = 'US' WHERE CURRENT OF c;		-- denied
ROLLBACK;
RESET ROLE;

--
-- A role changed in the middle of a statement: every row is judged for the
-- role of the moment, and the statement cannot keep a former one's rights
--
SET SESSION AUTHORIZATION regress_enforce_execute_user;
CREATE FUNCTION become(text) RETURNS text LANGUAGE plpgsql AS
	$$ BEGIN RETURN set_config('role', $1, false); END $$;
SET ROLE regress_enforce_execute_de;
SELECT become('regress_enforce_execute_us'), (SELECT string_agg(name, ' ' ORDER BY id) FROM patient);
SELECT current_user, string_agg(name, ' ' ORDER BY id) FROM patient;	-- Bob Dave
RESET SESSION AUTHORIZATION;

--
-- Foreign keys: the check sees every row, or it would be wrong
--
SET ROLE regress_enforce_execute_app;
CREATE TABLE visit (id int PRIMARY KEY, patient int REFERENCES patient ON DELETE CASCADE ON UPDATE CASCADE);	-- from an untagged table
CREATE TABLE clinic (id int PRIMARY KEY, name text);
INSERT INTO clinic VALUES (1, 'Charite'), (2, 'Mayo');
CREATE TABLE stay (id int PRIMARY KEY, residency jurisdiction.label NOT NULL,
	clinic int REFERENCES clinic ON DELETE CASCADE);		-- from a tagged table to one that is not
INSERT INTO stay VALUES (1, 'DE', 1), (2, 'US', 2), (3, 'US', 1);
GRANT ALL ON visit, clinic, stay TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN stay.residency IS 'rows';
SET ROLE regress_enforce_execute_de;
INSERT INTO visit VALUES (1, 1);					-- ok
INSERT INTO visit VALUES (2, 2);					-- ok: patient 2 exists, unseen; documented
\set VERBOSITY default
INSERT INTO visit VALUES (9, 9);					-- error: no such patient
DELETE FROM patient WHERE id = 1;					-- ok: cascades
SELECT * FROM visit ORDER BY id;
DELETE FROM patient WHERE id = 2;					-- none: hidden
SELECT * FROM visit ORDER BY id;
INSERT INTO stay VALUES (4, 'DE', 3);				-- error: no such clinic
INSERT INTO stay VALUES (4, 'DE', 2);				-- ok
DELETE FROM clinic WHERE id = 2;					-- ok: cascades to a row that is hidden; documented
\set VERBOSITY terse
SELECT id FROM stay ORDER BY id;					-- 1
SET ROLE regress_enforce_execute_us;
SELECT id FROM stay ORDER BY id;					-- 3: 2 is gone
RESET ROLE;
-- by the owner and the superuser, who may not read, the checks work as well
SET ROLE regress_enforce_execute_app;
INSERT INTO visit VALUES (3, 3);					-- ok
INSERT INTO visit VALUES (9, 9);					-- error
ALTER TABLE visit DROP CONSTRAINT visit_patient_fkey;
ALTER TABLE visit ADD FOREIGN KEY (patient) REFERENCES patient ON DELETE CASCADE ON UPDATE CASCADE;	-- ok: all are there
RESET ROLE;
ALTER TABLE visit DROP CONSTRAINT visit_patient_fkey;
ALTER TABLE visit ADD FOREIGN KEY (patient) REFERENCES patient ON DELETE CASCADE ON UPDATE CASCADE NOT VALID;
ALTER TABLE visit VALIDATE CONSTRAINT visit_patient_fkey;	-- ok
INSERT INTO visit VALUES (4, 4);					-- ok
DELETE FROM visit WHERE id = 4;
-- a tagged owner may not see patient 2; his foreign key must
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_execute_app IS 'at DE';
SET ROLE regress_enforce_execute_app;
ALTER TABLE visit DROP CONSTRAINT visit_patient_fkey;
ALTER TABLE visit ADD FOREIGN KEY (patient) REFERENCES patient ON DELETE CASCADE ON UPDATE CASCADE;	-- ok
CREATE TABLE orphan (patient int);
INSERT INTO orphan VALUES (77);
ALTER TABLE orphan ADD FOREIGN KEY (patient) REFERENCES patient;	-- error: there is no such patient
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_execute_app IS NULL;

--
-- What a trigger runs inside a referential action is no referential action
--
SET ROLE regress_enforce_execute_app;
CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		RAISE WARNING '% as %: sees % of the patients', TG_OP, current_user,
			(SELECT string_agg(name, ' ' ORDER BY id) FROM enforce_execute.patient);
		RETURN OLD;
	END $$;
RESET ROLE;											-- an officer may, see enforce_triggers.sql
CREATE TRIGGER spy BEFORE DELETE ON stay FOR EACH ROW EXECUTE FUNCTION spy();
SET ROLE regress_enforce_execute_de;
DELETE FROM stay WHERE id = 1;						-- ok: the trigger sees what he sees
DELETE FROM clinic WHERE id = 1;					-- denied: in the cascade it would run as the owner
SELECT id FROM clinic ORDER BY id;					-- 1: nothing was deleted
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_execute_app IS 'at US';
SET ROLE regress_enforce_execute_app;				-- the owner now has a tag
DELETE FROM clinic WHERE id = 1;					-- denied: no filter holds in there
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_execute_app IS NULL;
DROP TRIGGER spy ON stay;

-- nor is what a cast runs while the check is planned
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_execute_app IS 'at US';
SET ROLE regress_enforce_execute_app;
CREATE TYPE code AS ENUM ('a', 'b');
CREATE FUNCTION number_of(code) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
	BEGIN
		RAISE WARNING 'the cast sees %', (SELECT string_agg(name, ' ' ORDER BY id) FROM enforce_execute.patient);
		RETURN ascii($1::name::text);
	END $$;
CREATE CAST (code AS int) WITH FUNCTION number_of(code) AS IMPLICIT;
CREATE TABLE codes (n int PRIMARY KEY);
INSERT INTO codes VALUES (ascii('a'));
CREATE TABLE coded (c code REFERENCES codes (n));
INSERT INTO coded VALUES ('a');						-- denied: read as a referential check it would see all
INSERT INTO coded VALUES ('b');						-- denied
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_execute_app IS NULL;

-- a cascade does not relabel
SET ROLE regress_enforce_execute_app;
CREATE TABLE region (l jurisdiction.label PRIMARY KEY);
INSERT INTO region VALUES ('DE:confidential'), ('DE:secret');
CREATE TABLE sample (id int, residency jurisdiction.label NOT NULL REFERENCES region ON UPDATE CASCADE);
INSERT INTO sample VALUES (1, 'DE:confidential');
SECURITY LABEL FOR jurisdiction ON COLUMN sample.residency IS 'rows';
UPDATE region SET l = 'DE' WHERE l = 'DE:confidential';			-- denied: down
UPDATE region SET l = 'US' WHERE l = 'DE:confidential';			-- denied: sideways
UPDATE region SET l = 'DE:restricted' WHERE l = 'DE:confidential';	-- ok: up
UPDATE region SET l = 'DE:internal' WHERE l = 'DE:secret';		-- ok: of no row
RESET ROLE;

--
-- Deferred checks, at the end of the transaction
--
SET ROLE regress_enforce_execute_app;
CREATE TABLE later (id int REFERENCES patient DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON later TO PUBLIC;
SET ROLE regress_enforce_execute_us;
BEGIN;
INSERT INTO later VALUES (2), (3);
COMMIT;												-- ok: one seen, one not, both there
BEGIN;
INSERT INTO later VALUES (99);
COMMIT;												-- error
RESET ROLE;

-- an error inside leaves nothing behind
SET ROLE regress_enforce_execute_de;
DO $$ BEGIN
	PERFORM FROM enforce_execute.patient WHERE 1 / (id - id) = 1;
EXCEPTION WHEN division_by_zero THEN
	RAISE WARNING 'caught';
END $$;
SELECT count(*) FROM patient;						-- ok: 2
RESET ROLE;
SELECT count(*) FROM patient;						-- denied

DROP SCHEMA enforce_execute CASCADE;
DROP ROLE regress_enforce_execute_user;
DROP ROLE regress_enforce_execute_app, regress_enforce_execute_de, regress_enforce_execute_us;
