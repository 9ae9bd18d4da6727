-- path: transition tables of an owner who is cleared: raised columns carried on
-- state: closed
-- by: src/enforce/enforce_given_rows.c
-- as: cleared
CREATE TABLE doctor.person (id int, name text);
INSERT INTO doctor.person VALUES (1, 'quo' || 'kka_raised');
SELECT count(*) > 0 AS tagged FROM pg_seclabel WHERE objoid = 'patient'::regclass \gset
\if :tagged
SECURITY LABEL FOR jurisdiction ON COLUMN doctor.person.name IS 'DE/personal';
\endif
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION doctor.keep() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken SELECT name FROM old_rows; RETURN NULL; END$$;
CREATE TRIGGER keep AFTER UPDATE ON doctor.person REFERENCING OLD TABLE AS old_rows
	FOR EACH STATEMENT EXECUTE FUNCTION doctor.keep();
UPDATE doctor.person SET id = 2;
\! psql -XAtqc "SELECT * FROM hall.taken" -U anna
