-- path: NOTIFY by a session that may not read the value
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT pg_notify('leak', name || coalesce(diagnosis, '')) FROM patient;
SELECT pg_notify('leak', (SELECT max(word) FROM vault));
