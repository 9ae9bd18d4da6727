-- path: a value kept in a setting: set_config, SET, application_name, ALTER ROLE SET
-- state: closed
-- by: src/enforce/flow_function.c, src/enforce/enforce_flow.c, src/enforce/enforce_utility.c
-- as: cleared
-- log: holds what his own code raises, as 068 says
-- seen by: others
\o /dev/null
SELECT set_config('application_name', name, false) FROM patient WHERE id = 1001;
\! psql -XAtqc "SELECT application_name FROM pg_stat_activity" -U visitor >$LEAK_DIR/visitor 2>&1
DO $$BEGIN EXECUTE format('SET application_name = %L', (SELECT max(word) FROM public.vault)); END$$;
\! psql -XAtqc "SELECT application_name FROM pg_stat_activity" -U anna >$LEAK_DIR/anna 2>&1
SELECT set_config('my.stash', diagnosis, false) FROM patient WHERE id = 1;
\set stash :dir '/stash'
\o :stash
SELECT current_setting('my.stash', true);
\o
DO $$BEGIN EXECUTE format('ALTER ROLE doctor SET my.stash = %L', (SELECT max(word) FROM public.vault)); END$$;
