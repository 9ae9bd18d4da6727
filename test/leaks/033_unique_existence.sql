-- path: unique violations: that a hidden key exists
-- state: revealed: whether a key exists in a hidden row, not its values
-- by: put the label in the key, where it matters
-- as: plain
-- canary: 23505: duplicate key value
INSERT INTO patient (id) VALUES (1001);
INSERT INTO patient (id) VALUES (9001);
