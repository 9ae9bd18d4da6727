-- path: foreign key violations: the row's values in the message
-- state: closed
-- by: src/enforce/enforce_rows.c (row security), the server
-- as: plain owner
CREATE TABLE ward (name text PRIMARY KEY);
GRANT ALL ON SCHEMA :"USER" TO clinic;
GRANT ALL ON ward TO clinic;
\! psql -XAtqc "ALTER TABLE patient ADD FOREIGN KEY (name) REFERENCES $PGUSER.ward" -U clinic 2>&1
\! psql -XAtqc "ALTER TABLE patient ADD FOREIGN KEY (diagnosis) REFERENCES $PGUSER.ward" -U clinic 2>&1
\! psql -XAtqc "ALTER TABLE vault ADD FOREIGN KEY (word) REFERENCES $PGUSER.ward" -U clinic 2>&1
