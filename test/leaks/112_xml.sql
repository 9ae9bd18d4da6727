-- path: table_to_xml, query_to_xml, cursor_to_xml, schema_to_xml, ts_stat
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT table_to_xml('patient', true, true, '');
SELECT query_to_xml('SELECT name, diagnosis FROM public.patient WHERE id IN (1, 1001)', true, false, '');
BEGIN;
DECLARE c CURSOR FOR SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
SELECT cursor_to_xml('c', 10, true, true, '');
COMMIT;
SELECT table_to_xml('vault', true, true, '');
SELECT schema_to_xml('public', true, true, '');
SELECT database_to_xml(true, true, '');
SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', name) FROM public.patient') WHERE word LIKE 'q%';
SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', diagnosis) FROM public.patient WHERE id < 10');
