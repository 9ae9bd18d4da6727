-- path: a function declared LEAKPROOF
-- state: closed
-- by: src/enforce/utility_library.c, src/enforce/wall.c
-- as: superuser bypass owner
CREATE FUNCTION public.leakproof_peek(text) RETURNS bool LANGUAGE plpgsql LEAKPROOF IMMUTABLE COST 0.0000001
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
SELECT id FROM patient WHERE leakproof_peek(name);
SELECT id FROM patient WHERE leakproof_peek(diagnosis) AND id < 10;
SELECT count(*) FROM vault WHERE leakproof_peek(word);
\! psql -XAtqc "SELECT id FROM patient WHERE leakproof_peek(name) AND leakproof_peek(diagnosis)" -U anna 2>&1
\! psql -XAtqc "SELECT id FROM patient WHERE leakproof_peek(name) AND leakproof_peek(diagnosis)" -U clinic 2>&1
CREATE FUNCTION public.later_peek(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE COST 0.0000001
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
ALTER FUNCTION public.later_peek(text) LEAKPROOF;
\! psql -XAtqc "SELECT id FROM patient WHERE later_peek(name)" -U anna 2>&1
UPDATE pg_proc SET proleakproof = true WHERE proname = 'later_peek';
\! psql -XAtqc "SELECT id FROM patient WHERE later_peek(name)" -U anna 2>&1
DROP FUNCTION public.leakproof_peek(text);
DROP FUNCTION public.later_peek(text);
