-- path: row triggers of an owner: OLD, NEW, BEFORE and AFTER
-- state: closed
-- by: src/enforce/enforce_triggers.c, src/enforce/enforce_columns.c, src/enforce/enforce_flow.c
-- as: owner superuser
CREATE FUNCTION public.told() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN RAISE NOTICE '% %', OLD, NEW; RETURN NEW; END$$;
CREATE TRIGGER before BEFORE UPDATE ON patient FOR EACH ROW EXECUTE FUNCTION told();
CREATE TRIGGER after AFTER UPDATE ON patient FOR EACH ROW EXECUTE FUNCTION told();
CREATE TRIGGER conditional BEFORE UPDATE ON patient FOR EACH ROW WHEN (OLD.diagnosis LIKE 'q%') EXECUTE FUNCTION told();
UPDATE patient SET code = 9;
UPDATE patient SET code = 9 WHERE id = 1;
