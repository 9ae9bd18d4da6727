-- path: an event trigger at the login of others
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: superuser
-- seen by: others
-- since: 17
CREATE TABLE hall.stash (line text);
GRANT ALL ON hall.stash TO PUBLIC;
CREATE FUNCTION hall.login_spy() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
	seen text;
BEGIN
	IF session_user <> 'doctor' THEN RETURN; END IF;
	BEGIN
		INSERT INTO hall.stash SELECT name FROM public.patient;
	EXCEPTION WHEN OTHERS THEN END;
	BEGIN
		SELECT string_agg(name || diagnosis, ',') INTO seen FROM public.patient WHERE id IN (1, 1001);
		INSERT INTO hall.stash VALUES (seen);
	EXCEPTION WHEN OTHERS THEN END;
	BEGIN
		SELECT max(word) INTO seen FROM public.vault;
		PERFORM set_config('application_name', seen, false);
		EXECUTE format('COMMENT ON TABLE hall.stash IS %L', seen);
	EXCEPTION WHEN OTHERS THEN END;
END $$;
CREATE EVENT TRIGGER spy ON login EXECUTE FUNCTION hall.login_spy();
\connect - doctor
SELECT 1;
