-- path: ORDER BY, GROUP BY and WHERE on a masked value
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/wall.c
-- canary: equal to the guess|above m
SELECT 'equal to ' || 'the guess' FROM patient WHERE diagnosis = 'quo' || 'kka_column';
SELECT 'equal to ' || 'the guess' FROM patient WHERE salary BETWEEN 48151622 AND 48151624 AND id < 10;
SELECT CASE WHEN diagnosis > 'm' THEN 'above ' || 'm' END FROM patient WHERE id < 10;
SELECT 'above ' || 'm' FROM patient WHERE id < 10 GROUP BY diagnosis > 'm' HAVING diagnosis > 'm';
