-- path: a built-in function replaced by a superuser
-- state: closed
-- by: src/enforce/object_guard.c, src/enforce/user_code.c
-- as: superuser
CREATE OR REPLACE FUNCTION pg_catalog.lpad(text, int4) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END$$;
CREATE FUNCTION pg_catalog.spied(text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END$$;
\! psql -XAtqc "CREATE INDEX ON patient (lpad(name, 9))" -U clinic 2>&1
\! psql -XAtqc "CREATE INDEX ON vault (lpad(word, 9))" -U clinic 2>&1
\! psql -XAtqc "CREATE INDEX ON vault (spied(word))" -U clinic 2>&1
CREATE INDEX ON vault (lpad(word, 9));
SELECT lpad(name, 9) FROM patient;
