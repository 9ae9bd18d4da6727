-- path: a cursor WITH HOLD, read after SET ROLE
-- state: closed
-- by: src/enforce/enforce_execute.c, src/enforce/release_held.c
-- as: superuser
-- untagged: closes such cursors too
SET ROLE doctor;
DECLARE c CURSOR WITH HOLD FOR SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
SET ROLE anna;
FETCH ALL FROM c;
RESET ROLE;
FETCH ALL FROM c;
