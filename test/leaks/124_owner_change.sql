-- path: OWNER TO, REASSIGN OWNED, SET SCHEMA, RENAME of a tagged table
-- state: closed
-- by: src/enforce/wall.c
-- as: superuser owner
ALTER TABLE vault OWNER TO passer;
ALTER TABLE vault SET SCHEMA hall;
ALTER TABLE patient RENAME TO sick;
REASSIGN OWNED BY clinic TO passer;
SELECT word FROM hall.vault LIMIT 1;
SELECT name FROM sick WHERE id = 1001;
\! psql -XAtqc "SELECT word FROM hall.vault LIMIT 1" -c "SELECT name FROM sick WHERE id = 1001" -U passer 2>&1
\! psql -XAtqc "SELECT word FROM hall.vault LIMIT 1" -c "SELECT name FROM sick WHERE id = 1001" -U anna 2>&1
ALTER TABLE hall.vault SET SCHEMA public;
ALTER TABLE sick RENAME TO patient;
