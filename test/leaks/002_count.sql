-- path: count(*) of a table whose rows are hidden
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/wall.c
-- canary: count
SELECT count(*) FROM patient;
SELECT count(id) FROM patient;
SELECT sum(1) FROM patient;
SELECT count(*) FROM patient p JOIN patient q USING (id);
SELECT max(n) FROM (SELECT row_number() OVER () AS n FROM patient) x;
