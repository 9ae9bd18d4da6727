-- path: pg_dump, also with --inserts, --enable-row-security, under another name
-- state: closed
-- by: src/enforce/wall.c, src/enforce/enforce_copy.c
\! pg_dump --data-only -t patient 2>&1
\! pg_dump --data-only --inserts -t patient 2>&1
\! pg_dump --data-only --inserts --enable-row-security -t patient -t vault -t measure_high -t nurse 2>&1
\! pg_dump --data-only --enable-row-security -t patient -t vault 2>&1
\! PGAPPNAME=other pg_dump -d "fallback_application_name=other application_name=other" --data-only --rows-per-insert=5 --enable-row-security -t vault -t patient 2>&1
\! pg_dump --role=clinic --data-only -t vault 2>&1
