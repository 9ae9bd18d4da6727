-- path: an owner's CHECK, UNIQUE or partition bound as an oracle over hidden rows
-- state: revealed: to the owner, for each command, whether some row is against it
-- by: each is recorded as DDL; give tables to an owner who is cleared, or to a role without login
-- as: owner
-- canary: is violated by some row
ALTER TABLE vault ADD CHECK (code <> 48151600 + 23);
ALTER TABLE patient ADD CHECK (diagnosis NOT LIKE 'q%');
