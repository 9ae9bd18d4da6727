-- path: an owner's function in a CHECK constraint, VALIDATE
-- state: closed
-- by: src/enforce/enforce_expressions.c
-- as: owner superuser
CREATE FUNCTION public.spied(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
ALTER TABLE patient ADD CONSTRAINT spied CHECK (spied(name));
ALTER TABLE patient ADD CONSTRAINT spied_late CHECK (spied(diagnosis)) NOT VALID;
ALTER TABLE patient VALIDATE CONSTRAINT spied_late;
ALTER TABLE vault ADD CHECK (spied(word));
ALTER TABLE measure ADD CHECK (spied(word));
UPDATE patient SET code = 8 WHERE id = 1;
