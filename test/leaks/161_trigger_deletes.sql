-- path: an owner's trigger that deletes from, truncates or alters tables by what others write
-- state: closed
-- by: src/enforce/enforce_flow.c, src/enforce/enforce_utility.c
-- as: owner
-- canary: left over: q|made: (quo|a)
CREATE TABLE clinic.letter (c text);
INSERT INTO clinic.letter SELECT chr(g) FROM generate_series(97, 122) g;
CREATE TABLE clinic.first_half AS SELECT 1;
CREATE FUNCTION clinic.take() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN
	IF TG_NAME = 'deletes' THEN DELETE FROM clinic.letter WHERE c <> left(NEW.word, 1); END IF;
	IF TG_NAME = 'makes' THEN EXECUTE format('CREATE TABLE clinic.%I ()', NEW.word); END IF;
	IF TG_NAME = 'empties' AND NEW.word > 'm' THEN TRUNCATE clinic.first_half; END IF;
	RETURN NEW; END$$;
CREATE TRIGGER deletes BEFORE INSERT ON measure_low FOR EACH ROW EXECUTE FUNCTION clinic.take();
\! psql -XAtqc "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
SELECT 'left over: ' || min(c) FROM clinic.letter HAVING count(*) = 1;
DROP TRIGGER deletes ON measure_low;
CREATE TRIGGER makes BEFORE INSERT ON measure_low FOR EACH ROW EXECUTE FUNCTION clinic.take();
\! psql -XAtqc "INSERT INTO measure VALUES (51, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
SELECT 'made: ' || relname FROM pg_class WHERE relnamespace = 'clinic'::regnamespace AND relname LIKE 'quo%';
DROP TRIGGER makes ON measure_low;
CREATE TRIGGER empties AFTER INSERT ON measure_low FOR EACH ROW EXECUTE FUNCTION clinic.take();
\! psql -XAtqc "INSERT INTO measure VALUES (52, 'DE:restricted/health', 'quo' || 'kka_written')" -U doctor >/dev/null 2>&1
SELECT 'made: ' || 'a half empty' FROM clinic.first_half HAVING count(*) = 0;
