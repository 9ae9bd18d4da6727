-- path: DETACH PARTITION, NO INHERIT, then reading the child
-- state: closed
-- by: src/enforce/enforce_ddl.c
-- as: owner superuser
ALTER TABLE measure DETACH PARTITION measure_high;
SELECT word FROM measure_high;
ALTER TABLE nurse NO INHERIT person;
SELECT name FROM nurse;
