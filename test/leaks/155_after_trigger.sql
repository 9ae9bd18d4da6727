-- path: an owner's AFTER trigger on what others write
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: owner
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.take() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken VALUES (NEW.word); PERFORM pg_notify('leak', NEW.word); RETURN NEW; END$$;
CREATE TRIGGER take_after AFTER INSERT OR UPDATE ON measure FOR EACH ROW EXECUTE FUNCTION hall.take();
\! psql -XAtqc "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
\! psql -XAtqc "UPDATE measure SET word = word WHERE id = 101" -U doctor >/dev/null 2>&1
SELECT * FROM hall.taken;
