-- path: a value kept in a comment
-- state: closed
-- by: src/enforce/enforce_utility.c
-- as: cleared
-- log: holds what his own code raises, as 068 says
-- seen by: others
CREATE TABLE hall.mine (id int);
DO $$BEGIN EXECUTE format('COMMENT ON TABLE hall.mine IS %L', (SELECT max(word) FROM public.vault)); END$$;
DO $$DECLARE t text := (SELECT max(name) FROM public.patient); BEGIN EXECUTE format('COMMENT ON TABLE hall.mine IS %L', t); END$$;
