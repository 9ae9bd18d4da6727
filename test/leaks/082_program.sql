-- path: COPY FROM PROGRAM, file_fdw: the server's files through the operating system
-- state: seals only
-- by: sealing; grant neither superuser nor pg_execute_server_program
-- as: superuser
CHECKPOINT;
CREATE TABLE found (line text);
SELECT format('COPY found FROM PROGRAM %L', 'cat ' || pg_relation_filepath('vault') || ' | grep -a -o "quo[k]ka_[a-z]*"') \gexec
SELECT * FROM found LIMIT 1;
