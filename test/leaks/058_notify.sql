-- path: NOTIFY and pg_notify: a payload in another session
-- state: closed
-- by: src/enforce/flow_function.c, src/enforce/enforce_flow.c, src/enforce/enforce_utility.c
-- as: cleared
-- log: holds what his own code raises, as 068 says
-- seen by: others
SELECT pg_notify('leak', name) FROM patient WHERE id IN (1, 1001);
SELECT pg_notify('leak', diagnosis) FROM patient WHERE id = 1;
DO $$BEGIN PERFORM pg_notify('leak', (SELECT max(word) FROM public.vault)); END$$;
DO $$BEGIN EXECUTE format('NOTIFY leak, %L', (SELECT max(word) FROM public.vault)); END$$;
DO $$DECLARE t text := (SELECT max(word) FROM public.vault); BEGIN PERFORM pg_notify('leak', t); END$$;
