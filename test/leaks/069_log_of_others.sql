-- path: the server's log: whatever sessions make of values they may not read
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SET client_min_messages = debug5;
SET debug_print_rewritten = on;
DO $$BEGIN RAISE LOG '%', (SELECT string_agg(name || coalesce(diagnosis, ''), ',') FROM public.patient WHERE id IN (1, 1001)); END$$;
SELECT name::int FROM patient WHERE id > 1000;
SELECT diagnosis::int FROM patient;
UPDATE patient SET id = 1001 WHERE id = 1;
