-- path: CREATE STATISTICS on an expression, ANALYZE with an owner's function
-- state: closed
-- by: src/enforce/enforce_expressions.c
-- as: owner superuser
CREATE FUNCTION public.spied(text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END$$;
CREATE STATISTICS spied ON spied(name) FROM patient;
CREATE STATISTICS spied_vault ON spied(word), id FROM vault;
ANALYZE patient, vault;
SELECT most_common_vals FROM pg_stats_ext_exprs;
