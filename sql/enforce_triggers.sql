--
-- Triggers: what a cascade touches, and values of raised columns, are not
-- given to them.
--
CREATE SCHEMA enforce_triggers;
SET search_path = enforce_triggers;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_triggers_owner;
SECURITY LABEL FOR jurisdiction ON ROLE regress_triggers_owner IS 'at DE';
GRANT ALL ON SCHEMA enforce_triggers TO PUBLIC;
SET ROLE regress_triggers_owner;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN RAISE WARNING 'saw %', old; RETURN old; END$$;
CREATE FUNCTION tell_all() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN RAISE WARNING 'saw %', (SELECT string_agg(d::text, ' ') FROM d); RETURN NULL; END$$;
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1), (2);
CREATE TABLE child (
	id int REFERENCES parent ON DELETE CASCADE,
	residency jurisdiction.label NOT NULL,
	name text
);
INSERT INTO child VALUES (1, 'DE', 'own'), (1, 'FR', 'canary'),
	(2, 'DE', 'own'), (2, 'FR', 'canary');
SECURITY LABEL FOR jurisdiction ON COLUMN child.residency IS 'rows';		-- ok: no trigger

CREATE TRIGGER row_ BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION tell();	-- denied
CREATE TRIGGER all_ AFTER DELETE ON child REFERENCING OLD TABLE AS d
	FOR EACH STATEMENT EXECUTE FUNCTION tell_all();							-- denied
CREATE TRIGGER same BEFORE UPDATE ON child FOR EACH ROW
	EXECUTE FUNCTION suppress_redundant_updates_trigger();					-- ok: the server's
CREATE TRIGGER statement_ AFTER UPDATE ON child FOR EACH STATEMENT EXECUTE FUNCTION tell();	-- ok: no rows
DELETE FROM parent WHERE id = 1;											-- ok: cascades

-- without the action a trigger is given what its statement may touch
ALTER TABLE child DROP CONSTRAINT child_id_fkey;
CREATE TRIGGER row_ BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION tell();	-- ok
CREATE TRIGGER all_ AFTER DELETE ON child REFERENCING OLD TABLE AS d
	FOR EACH STATEMENT EXECUTE FUNCTION tell_all();							-- ok
DELETE FROM child;															-- saw own rows only
ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES parent ON DELETE SET NULL NOT VALID;	-- denied: triggers
ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES parent ON DELETE CASCADE NOT VALID;	-- denied
ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES parent ON UPDATE CASCADE NOT VALID;	-- denied

-- tagging judges what is there
CREATE TABLE late (id int REFERENCES parent ON DELETE CASCADE, residency jurisdiction.label NOT NULL);
CREATE TRIGGER row_ BEFORE DELETE ON late FOR EACH ROW EXECUTE FUNCTION tell();	-- ok: not tagged
SECURITY LABEL FOR jurisdiction ON COLUMN late.residency IS 'rows';			-- denied
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON COLUMN late.residency IS 'rows';			-- ok: an officer

-- raised columns
SET ROLE regress_triggers_owner;
CREATE TABLE person (id int, residency jurisdiction.label NOT NULL, name text);
SECURITY LABEL FOR jurisdiction ON COLUMN person.residency IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON COLUMN person.name IS '/personal';
CREATE TRIGGER row_ BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION tell();	-- denied: not cleared
CREATE TRIGGER all_ AFTER UPDATE ON person REFERENCING OLD TABLE AS d
	FOR EACH STATEMENT EXECUTE FUNCTION tell_all();							-- denied
CREATE TRIGGER statement_ AFTER UPDATE ON person FOR EACH STATEMENT EXECUTE FUNCTION tell();	-- ok
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_triggers_owner IS 'at DE cleared internal/personal';
SET ROLE regress_triggers_owner;
CREATE TRIGGER row_ BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION tell();	-- ok: cleared
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_triggers_owner IS 'at DE';
SET ROLE regress_triggers_owner;
CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN RAISE WARNING 'kept %', old; RETURN old; END$$;				-- denied: not cleared any more
RESET ROLE;
DROP SCHEMA enforce_triggers CASCADE;
DROP ROLE regress_triggers_owner;
