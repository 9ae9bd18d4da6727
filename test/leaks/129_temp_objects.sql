-- path: temporary tables of one who may read, after SET ROLE
-- state: closed
-- by: src/enforce/enforce_flow.c, src/enforce/wall.c
-- as: superuser
\o /dev/null
SET ROLE doctor;
CREATE TEMP TABLE kept AS SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
CREATE TEMP TABLE kept_word ON COMMIT PRESERVE ROWS AS SELECT word FROM vault;
GRANT ALL ON kept, kept_word TO PUBLIC;
\o
SET ROLE anna;
SELECT * FROM kept;
SELECT * FROM kept_word;
RESET ROLE;
SELECT * FROM kept;
SELECT * FROM kept_word;
