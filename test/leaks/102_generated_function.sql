-- path: an owner's function in a generated column or a default
-- state: closed
-- by: src/enforce/enforce_expressions.c
-- as: owner superuser
CREATE FUNCTION public.spied(text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END$$;
ALTER TABLE patient ADD COLUMN copied text GENERATED ALWAYS AS (spied(name)) STORED;
ALTER TABLE patient ADD COLUMN raised text GENERATED ALWAYS AS (spied(diagnosis)) STORED;
ALTER TABLE vault ADD COLUMN copied text GENERATED ALWAYS AS (spied(word)) STORED;
CREATE FUNCTION public.told() RETURNS text LANGUAGE plpgsql VOLATILE
	AS $$BEGIN RETURN (SELECT max(name) FROM public.patient); END$$;
ALTER TABLE visit ADD COLUMN told text DEFAULT told();
SELECT told FROM visit LIMIT 1;
