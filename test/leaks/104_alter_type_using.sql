-- path: ALTER COLUMN TYPE ... USING
-- state: closed
-- by: src/enforce/expressions_alter.c, src/enforce/enforce_ddl.c
-- as: owner superuser
CREATE FUNCTION public.spied(text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END$$;
ALTER TABLE vault ALTER word TYPE text USING spied(word);
ALTER TABLE patient ALTER note TYPE text USING spied(name);
ALTER TABLE patient ALTER note TYPE text USING diagnosis;
SELECT note FROM patient WHERE id = 1;
ALTER TABLE patient ALTER note TYPE int USING name::int;
ALTER TABLE vault ALTER word TYPE int USING word::int;
CREATE DOMAIN spied_text AS text CHECK (spied(value) IS NOT NULL);
ALTER TABLE vault ALTER word TYPE spied_text;
ALTER TABLE patient ALTER name TYPE spied_text;
