-- path: a generated column of a domain, whose CHECK runs code
-- state: closed
-- by: src/enforce/enforce_expressions.c
-- as: owner untagged superuser bypass
CREATE FUNCTION spy(v text) RETURNS bool LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', v; RETURN true; END$$;
CREATE DOMAIN told AS text CHECK (spy(VALUE));
ALTER TABLE patient ADD COLUMN g told GENERATED ALWAYS AS (name) STORED;
