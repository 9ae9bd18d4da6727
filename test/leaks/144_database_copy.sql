-- path: CREATE DATABASE ... TEMPLATE: a copy of the whole database
-- state: closed
-- by: src/store/object_label.c: tags go with it; src/enforce/wall.c
-- as: superuser
\c postgres
CREATE DATABASE leak_copy TEMPLATE leak;
\c leak_copy
SELECT name FROM patient WHERE id = 1001;
SELECT word FROM vault LIMIT 1;
\! psql -XAtqc "SELECT word FROM vault LIMIT 1" -U anna -d leak_copy 2>&1
\! psql -XAtqc "SELECT name FROM patient WHERE id = 1001" -U clinic -d leak_copy 2>&1
\c postgres
DROP DATABASE leak_copy;
