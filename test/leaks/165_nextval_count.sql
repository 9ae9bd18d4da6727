-- path: nextval: how often a function of somebody else has called it
-- state: revealed: a number, to whoever may read the sequence, where code of somebody else counts for him
-- by: sealing; numbers that are drawn cannot be closed without closing serial columns
-- as: cleared
-- seen by: others
-- canary: drawn 113\b
CREATE FUNCTION hall.draw(what text) RETURNS void LANGUAGE plpgsql
	AS $$BEGIN PERFORM nextval('hall.ticket') FROM generate_series(1, ascii(what)); END$$;
SELECT hall.draw(name) FROM patient WHERE id = 1001;
\! psql -XAtqc "SELECT 'drawn ' || last_value FROM hall.ticket" -U anna > $LEAK_DIR/seen
