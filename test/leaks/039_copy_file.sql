-- path: COPY TO a file of the server, and to a program
-- state: closed
-- by: src/enforce/enforce_copy.c, src/enforce/wall.c
-- as: superuser bypass
\set out :dir '/patient.copy'
COPY patient TO :'out';
\set out :dir '/query.copy'
COPY (SELECT name, diagnosis FROM patient WHERE id IN (1, 1001)) TO :'out';
\set out 'cat > ' :dir '/program.copy'
COPY patient TO PROGRAM :'out';
\set out :dir '/vault.copy'
COPY vault TO :'out';
