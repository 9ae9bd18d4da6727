-- path: ALTER COLUMN ... SET EXPRESSION of a generated column
-- state: closed
-- by: src/enforce/enforce_expressions.c, src/enforce/enforce_oracle.c
-- as: owner untagged superuser bypass
-- since: 17
CREATE FUNCTION spy(v text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', v; RETURN v; END$$;
ALTER TABLE patient ADD COLUMN g text GENERATED ALWAYS AS ('x') STORED;
ALTER TABLE patient ALTER COLUMN g SET EXPRESSION AS (spy(name));
ALTER TABLE patient ALTER COLUMN g SET EXPRESSION AS ((name::int)::text);
ALTER TABLE patient ALTER COLUMN g SET EXPRESSION AS (diagnosis);
SELECT g FROM patient;
