-- path: ON UPDATE CASCADE into a table without a tag
-- state: revealed: keys of hidden rows, in the tables that refer to them
-- by: tag the tables that refer, or refer by a key that says nothing
-- as: cleared
-- seen by: others
UPDATE patient SET id = 48151600 + 23 WHERE id = 1001;
\! psql -XAtqc "SELECT patient FROM visit" -U visitor >$LEAK_DIR/visitor 2>&1
