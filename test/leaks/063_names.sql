-- path: names, bodies and defaults of objects that a reader's own code creates
-- state: revealed: what a reader who may read it writes there
-- by: sealing, or flow = session with CREATE granted to nobody
-- as: cleared
-- seen by: others
DO $$BEGIN EXECUTE format('CREATE TABLE hall.%I ()', (SELECT max(word) FROM public.vault)); END$$;
DO $$BEGIN EXECUTE format('CREATE FUNCTION hall.f() RETURNS text LANGUAGE sql AS %L', 'SELECT ' || quote_literal((SELECT max(name) FROM public.patient))); END$$;
