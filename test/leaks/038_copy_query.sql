-- path: COPY (query) TO STDOUT, COPY (... RETURNING) TO STDOUT
-- state: closed
-- by: src/enforce/enforce_copy.c, src/enforce/enforce_columns.c
COPY (SELECT * FROM patient) TO STDOUT;
COPY (SELECT diagnosis FROM patient WHERE id = 1) TO STDOUT (FORMAT csv);
COPY (SELECT word FROM vault) TO STDOUT (FORMAT binary);
COPY (UPDATE patient SET code = 7 WHERE id IN (1, 1001) RETURNING *) TO STDOUT;
COPY (SELECT * FROM measure) TO STDOUT;
COPY (TABLE person) TO STDOUT;
