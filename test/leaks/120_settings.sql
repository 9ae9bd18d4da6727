-- path: settings: enforcement, flow, row_security, session_replication_role
-- state: closed
-- by: src/enforce/enforce_utility.c, src/base/settings.c
SET jurisdiction.enforcement = observe;
SET jurisdiction.flow = off;
SELECT set_config('jurisdiction.enforcement', 'observe', false);
UPDATE pg_settings SET setting = 'observe' WHERE name = 'jurisdiction.enforcement';
ALTER SYSTEM SET jurisdiction.enforcement = observe;
SELECT pg_reload_conf();
SET row_security = off;
SELECT name FROM patient WHERE id IN (1, 1001);
SELECT word FROM vault LIMIT 1;
SET row_security = on;
SET session_replication_role = replica;
SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
SET allow_system_table_mods = on;
SELECT word FROM vault LIMIT 1;
UPDATE patient SET code = 8 RETURNING name, diagnosis;
