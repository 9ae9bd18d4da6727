-- path: aggregates, window and set-returning functions of one's own
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
CREATE FUNCTION tell(text, text) RETURNS text LANGUAGE plpgsql
	AS $$BEGIN RAISE NOTICE 'saw %', $2; RETURN $2; END$$;
CREATE AGGREGATE told(text) (SFUNC = tell, STYPE = text);
CREATE FUNCTION twice(text) RETURNS SETOF text LANGUAGE plpgsql ROWS 1000000 COST 0.0001
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN NEXT $1; END$$;
SELECT told(name) FROM patient;
SELECT told(diagnosis) FROM patient WHERE id < 10;
SELECT told(name) FILTER (WHERE id > 1700) OVER (ORDER BY id) FROM patient;
SELECT t FROM patient, twice(name) t;
SELECT t FROM patient, twice(diagnosis) t WHERE id < 10;
SELECT told(word) FROM vault;
