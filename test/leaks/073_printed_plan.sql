-- path: debug_print_plan sent to the client
-- state: closed
-- by: src/enforce/enforce_explain.c; the server's log holds it
-- log: holds it
-- canary: plan_rows 7[01]\d
SET client_min_messages = debug1;
SET debug_print_plan = on;
SELECT id FROM patient WHERE name = 'quo' || 'kka_row';
SELECT id FROM patient WHERE code = 48151600 + 23;
SELECT * FROM patient LIMIT 0;
