-- path: a trigger fired by a referential cascade: no row security inside
-- state: closed
-- by: src/enforce/enforce_execute.c, src/enforce/enforce_triggers.c
-- as: owner superuser
CREATE FUNCTION public.told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '%', (SELECT string_agg(DISTINCT name, ',') FROM public.patient);
	RAISE NOTICE '%', (SELECT max(word) FROM public.vault);
	RETURN OLD;
END$$;
CREATE TRIGGER told BEFORE DELETE ON visit FOR EACH ROW EXECUTE FUNCTION told();
DELETE FROM patient WHERE id = 1;
DELETE FROM patient WHERE id = 1001;
