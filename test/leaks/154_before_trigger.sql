-- path: an owner's BEFORE INSERT trigger on what others write
-- state: revealed: what others insert, to the code of the table's owner
-- by: tables owned by a role without login; on tables with raised columns only who is cleared adds triggers
-- as: owner
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.take() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken VALUES (TG_WHEN || NEW.word); RETURN NEW; END$$;
CREATE TRIGGER take_before BEFORE INSERT OR UPDATE ON measure_low FOR EACH ROW EXECUTE FUNCTION hall.take();
\! psql -XAtqc "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
\! psql -XAtqc "INSERT INTO measure_low VALUES (51, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
SELECT * FROM hall.taken;
