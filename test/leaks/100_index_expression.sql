-- path: an owner's function in an index expression or predicate, REINDEX, CLUSTER
-- state: closed
-- by: src/enforce/enforce_expressions.c
-- as: owner superuser bypass
CREATE FUNCTION public.spied(text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END$$;
CREATE INDEX spied ON patient (spied(name));
CREATE INDEX spied_part ON patient (id) WHERE spied(name) IS NOT NULL;
CREATE INDEX spied_column ON patient (spied(diagnosis)) WHERE id < 10;
CREATE INDEX spied_vault ON vault (spied(word));
CREATE INDEX CONCURRENTLY spied_slowly ON vault (spied(word));
CREATE INDEX spied_measure ON measure (spied(word));
CREATE INDEX cast_index ON patient ((name::int));
REINDEX TABLE patient;
CLUSTER patient USING patient_pkey;
