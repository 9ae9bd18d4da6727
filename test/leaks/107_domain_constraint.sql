-- path: ALTER DOMAIN ADD CHECK over the columns of its type
-- state: closed
-- by: src/enforce/enforce_expressions.c
-- as: owner
CREATE DOMAIN public.word AS text;
ALTER TABLE vault ADD COLUMN second public.word;
\! psql -XAtqc "UPDATE vault SET second = 'quo' || 'kka_domain'" -U doctor 2>&1
CREATE FUNCTION public.spied(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
ALTER DOMAIN public.word ADD CHECK (public.spied(value));
ALTER DOMAIN public.word ADD CONSTRAINT short CHECK (value::int > 0);
