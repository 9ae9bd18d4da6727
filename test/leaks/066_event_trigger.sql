-- path: an event trigger that runs in the session of one who may read
-- state: closed
-- by: src/enforce/enforce_flow.c, src/enforce/wall.c
-- as: superuser
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.spy() RETURNS event_trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken SELECT word FROM public.vault; EXCEPTION WHEN OTHERS THEN NULL; END$$;
CREATE EVENT TRIGGER spy ON ddl_command_start EXECUTE FUNCTION hall.spy();
\! psql -XAtqc "CREATE TEMP TABLE x ()" -U doctor >/dev/null 2>&1
CREATE TEMP TABLE y ();
SELECT * FROM hall.taken;
DROP EVENT TRIGGER spy;
