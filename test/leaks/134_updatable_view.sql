-- path: updatable views, INSTEAD OF triggers, WITH CHECK OPTION messages
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
CREATE VIEW few AS SELECT * FROM patient WHERE code < 100 WITH CHECK OPTION;
UPDATE few SET code = 1000 RETURNING *;
UPDATE few SET note = diagnosis RETURNING note;
DELETE FROM few RETURNING name, diagnosis, salary;
CREATE VIEW checked AS SELECT * FROM patient WHERE diagnosis IS NULL WITH CHECK OPTION;
UPDATE checked SET code = 3;
CREATE VIEW words AS SELECT * FROM vault WHERE word = 'x' WITH CHECK OPTION;
INSERT INTO words VALUES (99, 'y');
