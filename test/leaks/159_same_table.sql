-- path: what others write or update, carried under a lower label of the same table
-- state: closed
-- by: src/enforce/enforce_given_rows.c, src/enforce/enforce_flow.c
-- as: owner
CREATE FUNCTION hall.again() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO measure_low VALUES (NEW.id % 50 + 50, 'DE', NEW.word); RETURN NEW; END$$;
CREATE TRIGGER again AFTER INSERT OR UPDATE ON measure_high FOR EACH ROW EXECUTE FUNCTION hall.again();
CREATE FUNCTION hall.tidy(what text) RETURNS text LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO measure_high VALUES (150, 'DE', what); RETURN what; END$$;
CREATE FUNCTION hall.each() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO measure_low SELECT 70, 'DE', word FROM written; RETURN NULL; END$$;
CREATE TRIGGER each AFTER INSERT ON measure_low REFERENCING NEW TABLE AS written
	FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION hall.each();
\! psql -XAtqc "INSERT INTO measure VALUES (160, 'DE:restricted/health', 'quo' || 'kka_inserted')" -U doctor >/dev/null 2>&1
\! psql -XAtqc "UPDATE measure SET word = word WHERE id = 101" -U doctor >/dev/null 2>&1
\! psql -XAtqc "INSERT INTO measure_low VALUES (20, 'DE:restricted/health', 'quo' || 'kka_listed')" -U doctor >/dev/null 2>&1
\! psql -XAtqc "UPDATE measure_high SET word = hall.tidy(word) WHERE id = 101" -U doctor >/dev/null 2>&1
SELECT * FROM measure;
