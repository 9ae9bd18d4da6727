-- path: an owner's index, or column type, that fails on some hidden row
-- state: revealed: to the owner, for each command, whether what it computes fails, or two rows have the same key
-- by: each is recorded as DDL; give tables to an owner who is cleared, or to a role without login
-- as: owner
-- canary: could not be evaluated|division by zero|could not create unique index
CREATE INDEX ON vault ((1 / (code - 48151600 - 23)));
ALTER TABLE vault ALTER code TYPE int USING 1 / (code - 48151600 - 23);
CREATE UNIQUE INDEX ON vault (code);
