-- path: an owner's deferred constraint trigger, which runs at COMMIT
-- state: closed
-- by: src/enforce/enforce_given_rows.c, src/enforce/enforce_flow.c
-- as: owner
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.take() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken VALUES (NEW.word); RETURN NEW; END$$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT OR UPDATE ON measure_low
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hall.take();
\! psql -XAtqc "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_alone')" -U doctor >/dev/null 2>&1
\! psql -XAtqc "BEGIN" -c "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_committed')" -c "COMMIT" -U doctor >/dev/null 2>&1
\! psql -XAtqc "BEGIN" -c "INSERT INTO measure VALUES (50, 'DE:restricted/health', 'quo' || 'kka_immediate')" -c "SET CONSTRAINTS ALL IMMEDIATE" -c "COMMIT" -U doctor >/dev/null 2>&1
SELECT * FROM hall.taken;
