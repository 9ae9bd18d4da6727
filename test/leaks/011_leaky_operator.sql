-- path: a leaky operator or function of low cost, before the filter
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
CREATE FUNCTION peek(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE FUNCTION peek(text, text) RETURNS bool LANGUAGE plpgsql COST 0.0000001
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE OPERATOR <~< (LEFTARG = text, RIGHTARG = text, FUNCTION = peek);
SELECT id FROM patient WHERE peek(name);
SELECT id FROM patient WHERE peek(diagnosis) AND id < 10;
SELECT id FROM patient WHERE name <~< 'x';
SELECT id FROM patient WHERE id < 10 AND diagnosis <~< 'x';
SELECT id FROM patient WHERE peek(name) IS NULL;
SELECT count(*) FROM vault WHERE peek(word);
SELECT count(*) FROM measure WHERE peek(word);
SELECT count(*) FROM person WHERE peek(name);
