-- path: domains, casts and composite types over a hidden value
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/wall.c
CREATE FUNCTION tell(text) RETURNS bool LANGUAGE plpgsql
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE DOMAIN telling AS text CHECK (tell(value));
CREATE TYPE pair AS (a telling, b int);
CREATE TYPE box AS (t text);
CREATE FUNCTION to_box(text) RETURNS box LANGUAGE plpgsql
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN ROW($1)::box; END$$;
CREATE CAST (text AS box) WITH FUNCTION to_box(text);
SELECT diagnosis::telling FROM patient WHERE id < 10;
SELECT name::telling FROM patient WHERE id > 1000 LIMIT 1;
SELECT ROW(diagnosis, id)::pair FROM patient WHERE id < 10;
SELECT diagnosis::box FROM patient WHERE id < 10;
SELECT CAST(word AS telling) FROM vault LIMIT 1;
SELECT diagnosis::bytea, salary::text, salary::bit(32) FROM patient WHERE id < 10;
