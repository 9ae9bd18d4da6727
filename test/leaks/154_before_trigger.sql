-- path: an owner's BEFORE trigger on what others write, also by COPY and into partitions
-- state: closed
-- by: src/enforce/enforce_given_rows.c, src/enforce/enforce_flow.c
-- as: owner
-- log: an error in COPY quotes the line that was being copied (see 068)
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.take() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken VALUES (TG_WHEN || NEW.word); RETURN NEW; END$$;
CREATE TRIGGER take_before BEFORE INSERT OR UPDATE ON measure_low FOR EACH ROW EXECUTE FUNCTION hall.take();
\! psql -XAtqc "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
\! psql -XAtqc "INSERT INTO measure_low VALUES (51, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
\! printf '52\tDE:restricted/health\tquo%s\n' kka_copied | psql -XAtqc "COPY measure FROM STDIN" -U doctor >/dev/null 2>&1
\! psql -XAtqc "UPDATE measure SET residency = 'DE:restricted/health', word = 'quo' || 'kka_raised' WHERE id = 1" -U doctor >/dev/null 2>&1
SELECT * FROM hall.taken;
