-- path: masked values through a cursor: FETCH, WHERE CURRENT OF, refcursor
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/enforce_rows.c
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, diagnosis, salary FROM patient WHERE id < 10;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
COMMIT;
BEGIN;
DECLARE d CURSOR FOR SELECT * FROM patient WHERE id < 10 FOR UPDATE;
FETCH 1 FROM d;
UPDATE patient SET note = diagnosis WHERE CURRENT OF d RETURNING note;
ROLLBACK;
BEGIN;
DECLARE d CURSOR FOR SELECT * FROM patient WHERE id < 10 FOR UPDATE;
FETCH 1 FROM d;
UPDATE patient SET code = 7 WHERE CURRENT OF d RETURNING diagnosis, salary;
ROLLBACK;
CREATE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql
	AS $$DECLARE r refcursor := 'r'; BEGIN OPEN r FOR SELECT name, diagnosis FROM public.patient WHERE id IN (1, 1001); RETURN r; END$$;
BEGIN;
SELECT opened();
FETCH ALL FROM r;
COMMIT;
