-- path: a cascade from one's own table into a tagged one: OLD and transition tables
-- state: closed
-- by: src/enforce/enforce_triggers.c
-- as: owner
CREATE TABLE clinic.town (name int PRIMARY KEY);
INSERT INTO clinic.town VALUES (48151600 + 23), (1), (2), (3);
ALTER TABLE patient ADD CONSTRAINT in_town FOREIGN KEY (code) REFERENCES clinic.town ON DELETE CASCADE ON UPDATE CASCADE;
CREATE FUNCTION public.told() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN RAISE NOTICE '%', OLD.name; RETURN OLD; END$$;
CREATE FUNCTION public.told_all() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN RAISE NOTICE '%', (SELECT max(name) FROM old_rows); RETURN NULL; END$$;
CREATE TRIGGER told BEFORE DELETE ON patient FOR EACH ROW EXECUTE FUNCTION told();
CREATE TRIGGER told_all AFTER DELETE ON patient REFERENCING OLD TABLE AS old_rows
	FOR EACH STATEMENT EXECUTE FUNCTION told_all();
DELETE FROM clinic.town WHERE name > 10;
