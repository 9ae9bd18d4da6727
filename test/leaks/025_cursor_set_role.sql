-- path: a cursor opened as one role and fetched from as another
-- state: closed
-- by: src/enforce/enforce_execute.c
-- as: superuser
BEGIN;
SET LOCAL ROLE doctor;
DECLARE c CURSOR FOR SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
SET LOCAL ROLE anna;
FETCH ALL FROM c;
ROLLBACK;
BEGIN;
SET LOCAL ROLE doctor;
DECLARE c SCROLL CURSOR FOR SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
\o /dev/null
FETCH ALL FROM c;
\o
RESET ROLE;
FETCH BACKWARD ALL FROM c;
MOVE ABSOLUTE 0 FROM c;
FETCH ALL FROM c;
ROLLBACK;
