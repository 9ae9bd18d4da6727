-- path: a partition or inheritance child, read directly or through its parent
-- state: closed
-- by: src/enforce/wall.c, src/enforce/tag_table.c
SELECT word FROM measure_high;
SELECT word FROM ONLY measure_high;
SELECT word FROM measure WHERE id > 100;
SELECT name FROM nurse;
SELECT name FROM ONLY person;
SELECT name FROM person*;
SELECT tableoid::regclass, name FROM person;
