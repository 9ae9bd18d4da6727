-- path: a function of somebody else, called by one who may read
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: plain untagged
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.tidy(t text) RETURNS text LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken VALUES (t); RETURN t; END$$;
CREATE FUNCTION hall.tidy_definer(t text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
	AS $$BEGIN INSERT INTO hall.taken VALUES (t); PERFORM pg_notify('leak', t); RETURN t; END$$;
CREATE FUNCTION hall.tidy_quietly(t text) RETURNS text LANGUAGE plpgsql
	AS $$BEGIN BEGIN INSERT INTO hall.taken VALUES (t); EXCEPTION WHEN OTHERS THEN NULL; END; RETURN t; END$$;
\! psql -XAtqc "SELECT hall.tidy(name), hall.tidy(diagnosis) FROM patient WHERE id IN (1, 1001)" -U doctor >/dev/null 2>&1
\! psql -XAtqc "SELECT hall.tidy_definer(name) FROM patient WHERE id IN (1, 1001)" -U doctor >/dev/null 2>&1
\! psql -XAtqc "SELECT hall.tidy_quietly(word) FROM vault" -U doctor >/dev/null 2>&1
SELECT * FROM hall.taken;
DROP FUNCTION hall.tidy(text);
DROP FUNCTION hall.tidy_definer(text);
DROP FUNCTION hall.tidy_quietly(text);
DROP TABLE hall.taken;
