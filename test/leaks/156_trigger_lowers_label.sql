-- path: an owner's BEFORE trigger that lowers the label of what others write
-- state: closed
-- by: src/enforce/enforce_given_rows.c
-- as: owner
-- log: an error in COPY quotes the line that was being copied (see 068)
CREATE FUNCTION hall.lower() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN NEW.residency := 'DE'; RETURN NEW; END$$;
CREATE TRIGGER lower_it BEFORE INSERT OR UPDATE ON measure_low FOR EACH ROW EXECUTE FUNCTION hall.lower();
\! psql -XAtqc "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
\! printf '52\tDE:restricted/health\tquo%s\n' kka_copied | psql -XAtqc "COPY measure FROM STDIN" -U doctor >/dev/null 2>&1
\! psql -XAtqc "UPDATE measure SET id = 60 WHERE id = 101" -U doctor >/dev/null 2>&1
SELECT * FROM measure;
