--
-- Rows that a trigger is given: they count as read for what it writes
-- elsewhere, and it lowers the label of none.
--
CREATE SCHEMA enforce_given_rows;
GRANT ALL ON SCHEMA enforce_given_rows TO PUBLIC;
SET search_path = enforce_given_rows;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_given_owner;
CREATE ROLE regress_given_ann;
SECURITY LABEL FOR jurisdiction ON ROLE regress_given_owner IS 'at DE cleared confidential/health,personal';
SECURITY LABEL FOR jurisdiction ON ROLE regress_given_ann IS 'at DE cleared confidential/health,personal';
SET ROLE regress_given_owner;
CREATE TABLE note (
	id int PRIMARY KEY,
	residency jurisdiction.label NOT NULL,
	body text,
	changed int DEFAULT 0
);
SECURITY LABEL FOR jurisdiction ON COLUMN note.residency IS 'rows';
CREATE TABLE roofed (id int, residency jurisdiction.label NOT NULL, body text);
SECURITY LABEL FOR jurisdiction ON COLUMN roofed.residency IS 'rows within DE:confidential/health';
CREATE TABLE plain (body text);
CREATE TABLE audit (residency jurisdiction.label NOT NULL, body text);
SECURITY LABEL FOR jurisdiction ON COLUMN audit.residency IS 'rows';
GRANT ALL ON note, roofed, plain, audit TO PUBLIC;

-- a stamp disturbs nobody
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.changed := NEW.changed + 1; RETURN NEW; END $$;
CREATE TRIGGER a_stamp BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION stamp();
SET ROLE regress_given_ann;
INSERT INTO note VALUES (1, 'DE', 'one'), (2, 'DE:confidential/health', 'two');		-- ok
UPDATE note SET body = upper(body);													-- ok
COPY note (id, residency, body) FROM stdin;											-- ok
3	DE:confidential/health	three
\.
INSERT INTO note VALUES (1, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET body = 'uno';	-- ok
MERGE INTO note USING (VALUES (2)) v (id) ON v.id = note.id
	WHEN MATCHED THEN UPDATE SET body = 'due';										-- ok
SELECT * FROM note ORDER BY id;

-- what carries it elsewhere must cover it
SET ROLE regress_given_owner;
CREATE FUNCTION carry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	EXECUTE format('INSERT INTO enforce_given_rows.%I SELECT $1.body', TG_ARGV[0]) USING COALESCE(NEW, OLD);
	RETURN COALESCE(NEW, OLD); END $$;
CREATE TRIGGER carry BEFORE INSERT OR UPDATE OR DELETE ON note FOR EACH ROW EXECUTE FUNCTION carry('plain');
SET ROLE regress_given_ann;
INSERT INTO note VALUES (4, 'DE', 'four');											-- denied
INSERT INTO note VALUES (4, 'unrestricted', 'four');								-- ok: restricts nothing
UPDATE note SET body = 'x' WHERE id = 1;											-- denied
UPDATE note SET body = 'vier' WHERE id = 4;											-- ok
UPDATE note SET residency = 'DE', body = 'x' WHERE id = 4;							-- denied: the new label
DELETE FROM note WHERE id = 1;														-- denied
DELETE FROM note WHERE id = 4;														-- ok
COPY note (id, residency, body) FROM stdin;											-- denied
5	DE	five
\.
COPY note (id, residency, body) FROM stdin;											-- ok
5	unrestricted	five
\.
SELECT * FROM plain ORDER BY body;
INSERT INTO plain VALUES ('the next statement');									-- ok: begins afresh
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON TABLE plain IS 'accepts DE';
SET ROLE regress_given_ann;
INSERT INTO note VALUES (4, 'DE', 'four');											-- ok: it accepts that
DELETE FROM note WHERE id = 4;														-- ok
INSERT INTO note VALUES (6, 'DE:confidential/health', 'six');						-- denied: not that
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON TABLE plain IS NULL;
SET ROLE regress_given_owner;
DROP TRIGGER carry ON note;
-- AFTER, and by other ways
CREATE TRIGGER carry AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION carry('plain');
SET ROLE regress_given_ann;
INSERT INTO note VALUES (6, 'DE', 'six');											-- denied
INSERT INTO note VALUES (6, 'unrestricted', 'six');									-- ok
SET ROLE regress_given_owner;
DROP TRIGGER carry ON note;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
	$$ DECLARE told text; BEGIN told := set_config('my.body', NEW.body, false); RETURN NEW; END $$;
CREATE TRIGGER tell BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION tell();
SET ROLE regress_given_ann;
INSERT INTO note VALUES (7, 'DE', 'seven');											-- denied
INSERT INTO note VALUES (7, 'unrestricted', 'seven');								-- ok
SET ROLE regress_given_owner;
DROP TRIGGER tell ON note;
-- with its label
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO enforce_given_rows.audit VALUES (NEW.residency, NEW.body); RETURN NULL; END $$;
CREATE TRIGGER keep AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION keep();
SET ROLE regress_given_ann;
INSERT INTO note VALUES (8, 'DE:confidential/health', 'eight');						-- ok
SELECT * FROM audit;
SET ROLE regress_given_owner;
DROP TRIGGER keep ON note;
-- who deletes or makes tables by it tells of it, too
CREATE FUNCTION strike() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN DELETE FROM enforce_given_rows.plain WHERE body = NEW.body; RETURN NEW; END $$;
CREATE FUNCTION make() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN EXECUTE format('CREATE TABLE enforce_given_rows.%I ()', NEW.body); RETURN NEW; END $$;
CREATE TRIGGER strike BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION strike();
SET ROLE regress_given_ann;
INSERT INTO note VALUES (20, 'DE', 'five');											-- denied
INSERT INTO note VALUES (20, 'unrestricted', 'five');								-- ok
DELETE FROM plain USING note WHERE plain.body = note.body AND note.residency = 'DE';	-- ok: his own doing
SET ROLE regress_given_owner;
DROP TRIGGER strike ON note;
CREATE TRIGGER make AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION make();
SET ROLE regress_given_ann;
INSERT INTO note VALUES (21, 'DE', 'secret');										-- denied
INSERT INTO note VALUES (21, 'unrestricted', 'open');								-- ok
SET ROLE regress_given_owner;
DROP TRIGGER make ON note;
-- into the same table: another row is not the row's new version
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NEW.id < 100 THEN
		INSERT INTO enforce_given_rows.note VALUES (NEW.id + 100, TG_ARGV[0]::jurisdiction.label, NEW.body);
	END IF;
	RETURN NULL; END $$;
CREATE TRIGGER again AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION again('DE');
SET ROLE regress_given_ann;
INSERT INTO note VALUES (9, 'DE:confidential/health', 'nine');						-- denied
INSERT INTO note VALUES (9, 'DE', 'nine');											-- ok
SET ROLE regress_given_owner;
DROP TRIGGER again ON note;

-- deferred: at COMMIT, and by SET CONSTRAINTS
CREATE CONSTRAINT TRIGGER carry AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION carry('plain');
SET ROLE regress_given_ann;
BEGIN;
INSERT INTO note VALUES (10, 'DE', 'ten');
COMMIT;																				-- denied
BEGIN;
INSERT INTO note VALUES (10, 'DE', 'ten');
SET CONSTRAINTS ALL IMMEDIATE;														-- denied
ROLLBACK;
BEGIN;
SELECT count(*) FROM note WHERE residency = 'DE';
INSERT INTO note VALUES (10, 'unrestricted', 'ten');
COMMIT;																				-- ok: what was read before is not held against it
SET ROLE regress_given_owner;
DROP TRIGGER carry ON note;

-- labels go up only
CREATE FUNCTION relabel() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.residency := TG_ARGV[0]; RETURN NEW; END $$;
CREATE TRIGGER relabel BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION relabel('DE');
SET ROLE regress_given_ann;
INSERT INTO note VALUES (11, 'DE:confidential/health', 'eleven');					-- denied
INSERT INTO note VALUES (11, 'unrestricted', 'eleven');								-- ok: up
INSERT INTO note VALUES (12, NULL, 'twelve');										-- ok: it had none
COPY note (id, residency, body) FROM stdin;											-- denied
13	DE:confidential/health	thirteen
\.
UPDATE note SET body = 'x' WHERE id = 8;											-- denied
UPDATE note SET body = 'x' WHERE id = 11;											-- ok: as it was
INSERT INTO note VALUES (8, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET body = 'x';	-- denied
SELECT id, residency, body FROM note WHERE id > 10 AND id < 100 ORDER BY id;
RESET ROLE;
INSERT INTO jurisdiction.exemption (kind, role_name, scope, basis)
	VALUES ('write_down', 'regress_given_ann', 'DE:confidential/health', 'test: a study');
SET ROLE regress_given_ann;
INSERT INTO note VALUES (13, 'DE:confidential/health', 'thirteen');					-- ok: exempt
RESET ROLE;
UPDATE jurisdiction.exemption SET until = now() WHERE role_name = 'regress_given_ann';
SET ROLE regress_given_owner;
DROP TRIGGER relabel ON note;
-- a row that has no label yet may be anything, up to the ceiling
CREATE TRIGGER carry BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION carry('plain');
CREATE TRIGGER relabel BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION relabel('unrestricted');
CREATE TRIGGER carry BEFORE INSERT ON roofed FOR EACH ROW EXECUTE FUNCTION carry('plain');
CREATE TRIGGER relabel BEFORE INSERT ON roofed FOR EACH ROW EXECUTE FUNCTION relabel('unrestricted');
SET ROLE regress_given_ann;
INSERT INTO note VALUES (14, NULL, 'fourteen');										-- denied
INSERT INTO roofed VALUES (14, NULL, 'fourteen');									-- denied
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON TABLE plain IS 'accepts DE:confidential/health';
SET ROLE regress_given_ann;
INSERT INTO note VALUES (14, NULL, 'fourteen');										-- denied: nothing is known
INSERT INTO roofed VALUES (14, NULL, 'fourteen');									-- ok
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON TABLE plain IS NULL;

-- raised columns are part of what a trigger is given
SET ROLE regress_given_owner;
CREATE TABLE person (id int, residency jurisdiction.label NOT NULL, name text);
SECURITY LABEL FOR jurisdiction ON COLUMN person.residency IS 'rows within unrestricted';
CREATE TABLE lot (what text);
SECURITY LABEL FOR jurisdiction ON TABLE lot IS 'DE';
GRANT ALL ON person, lot TO PUBLIC;
CREATE FUNCTION lot() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO enforce_given_rows.lot VALUES (OLD.name); RETURN NULL; END $$;
CREATE TRIGGER lot AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION lot();
SET ROLE regress_given_ann;
INSERT INTO person VALUES (1, 'unrestricted', 'Ben');
UPDATE person SET id = 2;															-- ok
SET ROLE regress_given_owner;
SECURITY LABEL FOR jurisdiction ON COLUMN person.name IS 'DE/personal';
SET ROLE regress_given_ann;
UPDATE person SET id = 3;															-- denied: the name goes along
SET ROLE regress_given_owner;
DROP TRIGGER lot ON person;
CREATE FUNCTION all_of() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO enforce_given_rows.lot SELECT name FROM old_rows; RETURN NULL; END $$;
CREATE TRIGGER all_of AFTER UPDATE ON person REFERENCING OLD TABLE AS old_rows
	FOR EACH STATEMENT EXECUTE FUNCTION all_of();
SET ROLE regress_given_ann;
UPDATE person SET id = 3;															-- denied: likewise

-- conditions
SET ROLE regress_given_owner;
CREATE TABLE apart (residency jurisdiction.label NOT NULL, body text);
SECURITY LABEL FOR jurisdiction ON COLUMN apart.residency IS 'rows';
CREATE FUNCTION look(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE TRIGGER look BEFORE INSERT ON roofed FOR EACH ROW WHEN (look(NEW.body)) EXECUTE FUNCTION stamp();	-- ok: cleared for the ceiling
CREATE TRIGGER look BEFORE INSERT ON apart FOR EACH ROW WHEN (look(NEW.body)) EXECUTE FUNCTION stamp();	-- denied: there is none
CREATE TRIGGER look BEFORE INSERT ON apart FOR EACH ROW WHEN (NEW.body = 'x') EXECUTE FUNCTION stamp();	-- ok
CREATE TABLE late (residency jurisdiction.label NOT NULL, body text);
CREATE TRIGGER look BEFORE INSERT ON late FOR EACH ROW WHEN (look(NEW.body)) EXECUTE FUNCTION stamp();	-- ok: not tagged
SECURITY LABEL FOR jurisdiction ON COLUMN late.residency IS 'rows';					-- denied: its trigger
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON COLUMN late.residency IS 'rows';					-- ok: an officer
SET ROLE regress_given_owner;
CREATE OR REPLACE FUNCTION look(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN false; END';	-- denied: late runs it
CREATE OR REPLACE FUNCTION look(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';	-- ok: no change

-- partitions: routed to, moved to, updated in
RESET ROLE;
DROP TABLE late;
SET ROLE regress_given_owner;
CREATE TABLE parted (id int, residency jurisdiction.label NOT NULL, body text) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted (PRIMARY KEY (id)) FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted (PRIMARY KEY (id)) FOR VALUES IN (2);
ALTER TABLE parted ADD PRIMARY KEY (id);
SECURITY LABEL FOR jurisdiction ON COLUMN parted.residency IS 'rows within DE:confidential/health';
GRANT ALL ON parted TO PUBLIC;
CREATE TRIGGER relabel BEFORE INSERT OR UPDATE ON parted_2 FOR EACH ROW EXECUTE FUNCTION relabel('DE');
SET ROLE regress_given_ann;
INSERT INTO parted VALUES (1, 'DE:confidential/health', 'one');						-- ok
INSERT INTO parted VALUES (2, 'DE:confidential/health', 'two');						-- denied
UPDATE parted SET id = 2;															-- denied: moved there
SET ROLE regress_given_owner;
ALTER TABLE parted_2 DISABLE TRIGGER relabel;
INSERT INTO parted VALUES (2, 'DE:confidential/health', 'two');
ALTER TABLE parted_2 ENABLE TRIGGER relabel;
SET ROLE regress_given_ann;
INSERT INTO parted VALUES (2, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET body = 'x';	-- denied: found there
INSERT INTO parted VALUES (1, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET body = 'x';	-- ok: no trigger
SELECT * FROM parted ORDER BY id;

-- a generated label follows from other columns
SET ROLE regress_given_owner;
CREATE TABLE made (
	id int,
	place text,
	residency jurisdiction.label GENERATED ALWAYS AS (place::jurisdiction.label) STORED NOT NULL
) PARTITION BY LIST (id);
CREATE TABLE made_1 PARTITION OF made FOR VALUES IN (1);
CREATE TABLE made_2 PARTITION OF made FOR VALUES IN (2);
ALTER TABLE made ADD PRIMARY KEY (id);
SECURITY LABEL FOR jurisdiction ON COLUMN made.residency IS 'rows';
GRANT ALL ON made, made_1 TO PUBLIC;
SET ROLE regress_given_ann;
INSERT INTO made VALUES (1, 'DE/health');
UPDATE made SET place = 'DE';														-- denied: down
UPDATE made SET id = 2, place = 'DE';												-- denied, moved as well
UPDATE made SET place = 'DE:confidential/health';									-- ok: up
UPDATE made SET id = 2;																-- ok: as it was
UPDATE made SET id = 1;
INSERT INTO made VALUES (1, 'DE') ON CONFLICT (id) DO UPDATE SET place = 'DE';		-- denied: cannot be compared
INSERT INTO made_1 VALUES (1, 'DE') ON CONFLICT (id) DO UPDATE SET place = 'DE';	-- denied: down
INSERT INTO made_1 VALUES (1, 'DE') ON CONFLICT (id) DO UPDATE SET place = 'DE:confidential/health,personal';	-- ok
INSERT INTO made VALUES (2, 'DE') ON CONFLICT (id) DO NOTHING;						-- ok
SELECT * FROM made ORDER BY id;
-- (its own triggers are given the label only once it is there)
SET ROLE regress_given_owner;
CREATE FUNCTION copy_place() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO enforce_given_rows.audit VALUES ('DE', NEW.place); RETURN NEW; END $$;
CREATE TRIGGER copy_place BEFORE UPDATE ON made_2 FOR EACH ROW EXECUTE FUNCTION copy_place();
SET ROLE regress_given_ann;
UPDATE made SET place = 'DE' WHERE id = 2;											-- denied: not known yet
SET ROLE regress_given_owner;
DROP TRIGGER copy_place ON made_2;
CREATE TRIGGER copy_place AFTER UPDATE ON made_2 FOR EACH ROW EXECUTE FUNCTION copy_place();
SET ROLE regress_given_ann;
UPDATE made SET place = 'DE' WHERE id = 2;											-- ok
RESET ROLE;
DROP SCHEMA enforce_given_rows CASCADE;
DROP ROLE regress_given_owner, regress_given_ann;
