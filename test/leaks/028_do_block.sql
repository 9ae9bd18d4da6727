-- path: DO blocks, loops, dynamic SQL, exception texts
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
DO $$
DECLARE r record;
BEGIN
	FOR r IN SELECT * FROM public.patient WHERE id IN (1, 1001) LOOP RAISE NOTICE '%', r; END LOOP;
END$$;
DO $$
DECLARE r public.patient%ROWTYPE;
BEGIN
	SELECT * INTO r FROM public.patient WHERE id = 1;
	RAISE NOTICE '%', r.diagnosis;
END$$;
DO $$
DECLARE t text;
BEGIN
	EXECUTE 'SELECT max(name) FROM public.patient' INTO t;
	RAISE NOTICE '%', t;
	PERFORM name::int FROM public.patient WHERE id > 1000;
EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM;
END$$;
DO $$
BEGIN
	PERFORM word::int FROM public.vault;
EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM;
END$$;
