-- path: a function in the WHEN of an owner's trigger
-- state: closed
-- by: src/enforce/enforce_triggers.c
-- as: owner
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.look(what text) RETURNS boolean LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken VALUES (what); RETURN false; END$$;
CREATE FUNCTION hall.nothing() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE TRIGGER look BEFORE INSERT OR UPDATE ON measure_low FOR EACH ROW
	WHEN (hall.look(NEW.word)) EXECUTE FUNCTION hall.nothing();
\! psql -XAtqc "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
SELECT * FROM hall.taken;
