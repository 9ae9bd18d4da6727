-- path: setval: a value kept in a sequence
-- state: closed
-- by: src/enforce/flow_function.c
-- as: cleared
-- seen by: others
SELECT setval('hall.ticket', code) FROM patient WHERE id = 1001;
SELECT setval('hall.ticket', salary, true) FROM patient WHERE id = 1;
DO $$BEGIN PERFORM setval('hall.ticket', (SELECT max(code) FROM public.vault)); END$$;
