-- path: ctid of a row of one's own
-- state: revealed: where it lies, and so how much lies before it
-- by: counts only; no values
-- as: plain
-- canary: \([1-9]\d*,\d+\)
INSERT INTO patient (id, name) VALUES (7, 'new') RETURNING ctid;
