-- path: CREATE POLICY: a permissive one, and an expression that sees rows
-- state: closed
-- by: src/enforce/enforce_rows.c
-- as: owner superuser
CREATE FUNCTION public.peek_policy(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001
	AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE POLICY everybody ON patient USING (true) WITH CHECK (true);
SELECT name FROM patient WHERE id = 1001;
CREATE POLICY strict ON patient AS RESTRICTIVE USING (peek_policy(name));
SELECT count(*) FROM patient;
CREATE POLICY masks ON patient AS RESTRICTIVE USING (peek_policy(diagnosis));
SELECT count(*) FROM patient;
CREATE POLICY v ON vault AS RESTRICTIVE USING (peek_policy(word));
SELECT count(*) FROM vault;
\! psql -XAtqc "SELECT count(*) FROM patient" -U anna 2>&1
