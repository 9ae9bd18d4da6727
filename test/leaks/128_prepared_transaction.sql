-- path: PREPARE TRANSACTION by one who may read, seen by others
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: cleared
-- seen by: others
BEGIN;
CREATE TABLE hall.taken AS SELECT word FROM vault;
GRANT ALL ON hall.taken TO PUBLIC;
PREPARE TRANSACTION 'kept';
COMMIT PREPARED 'kept';
BEGIN;
INSERT INTO hall.leaflet SELECT 30, word FROM vault LIMIT 1;
PREPARE TRANSACTION 'more';
COMMIT PREPARED 'more';
\! psql -XAtqc "SELECT * FROM hall.taken" -U visitor >$LEAK_DIR/visitor 2>&1
