-- path: the server's log: RAISE LOG and errors in the session of one who may read
-- state: revealed: what his own code raises, and errors that quote what he may read
-- by: log_min_messages, and the rights on the log file
-- as: cleared
-- seen by: others
DO $$BEGIN RAISE LOG '%', (SELECT max(word) FROM public.vault); END$$;
SELECT name::int FROM patient WHERE id = 1001;
