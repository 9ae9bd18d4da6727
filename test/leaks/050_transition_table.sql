-- path: transition tables of statement triggers
-- state: closed
-- by: src/enforce/enforce_triggers.c
-- as: owner superuser
CREATE FUNCTION public.told() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
	FOR r IN SELECT * FROM old_rows LOOP RAISE NOTICE '%', r; END LOOP;
	RETURN NULL;
END$$;
CREATE TRIGGER moved AFTER UPDATE ON patient REFERENCING OLD TABLE AS old_rows
	FOR EACH STATEMENT EXECUTE FUNCTION told();
UPDATE patient SET code = 9 WHERE id = 1;
UPDATE patient SET code = 9;
