-- path: foreign keys: that a hidden row may be referred to
-- state: revealed: whether a referenced key exists, not its row
-- by: refer by a key that holds the label
-- as: plain
-- canary: reference to 1002 accepted
INSERT INTO visit VALUES (11, 1002);
SELECT 'reference to ' || patient || ' accepted' FROM visit WHERE id = 11;
INSERT INTO visit VALUES (12, 5002);
