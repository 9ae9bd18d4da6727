--
-- Constraints as questions: they are not asked of rows that their author may
-- not read.
--
CREATE SCHEMA enforce_oracle;
SET search_path = enforce_oracle;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_oracle_owner;	-- not cleared for all rows
CREATE ROLE regress_oracle_full;	-- cleared for all
SECURITY LABEL FOR jurisdiction ON ROLE regress_oracle_owner IS 'at DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_oracle_full IS 'at DE cleared confidential/health,personal';
GRANT ALL ON SCHEMA enforce_oracle TO PUBLIC;
GRANT regress_oracle_owner TO regress_oracle_full;

SET ROLE regress_oracle_owner;
CREATE DOMAIN amount AS int;
CREATE TABLE code (id int PRIMARY KEY);
INSERT INTO code VALUES (1), (2);
CREATE TABLE hiding (id int, residency jurisdiction.label NOT NULL, code int, due amount);
CREATE TABLE shown (LIKE hiding INCLUDING ALL);
CREATE TABLE empty (LIKE hiding INCLUDING ALL);
INSERT INTO hiding VALUES (1, 'DE', 1, 1), (2, 'DE:confidential/health', 2, 2);
INSERT INTO shown VALUES (1, 'DE', 1, 1), (2, 'DE', 2, 2);
SECURITY LABEL FOR jurisdiction ON COLUMN hiding.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN shown.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN empty.residency IS 'rows';

-- who may not read all may not ask
ALTER TABLE hiding ADD CHECK (code <> 2);									-- denied
ALTER TABLE hiding ADD CHECK (code > 0);									-- denied: whatever the answer
ALTER TABLE hiding ADD CONSTRAINT known CHECK (code > 0) NOT VALID;			-- ok: of new rows
INSERT INTO hiding VALUES (3, 'DE', 0, 1);									-- error: it holds
ALTER TABLE hiding VALIDATE CONSTRAINT known;								-- denied
ALTER TABLE hiding ALTER code SET NOT NULL;									-- denied
ALTER TABLE hiding ADD FOREIGN KEY (code) REFERENCES code;					-- denied
ALTER TABLE hiding ADD CONSTRAINT refers FOREIGN KEY (code) REFERENCES code NOT VALID;	-- ok
ALTER TABLE hiding VALIDATE CONSTRAINT refers;								-- denied
ALTER TABLE hiding ADD EXCLUDE (code WITH =);								-- denied
ALTER TABLE hiding ADD COLUMN extra int CHECK (extra > 0);					-- ok: asks of nothing that is there
ALTER TABLE hiding ADD COLUMN other int CHECK (other > code);				-- denied
ALTER TABLE hiding ALTER code TYPE bigint, ADD CHECK (code <> 2);			-- denied
ALTER TABLE hiding ADD COLUMN fresh int, ADD CHECK (fresh > 0);				-- ok
ALTER TABLE hiding ADD CHECK (1 < 2);										-- ok: nor does this
ALTER TABLE hiding ADD double int GENERATED ALWAYS AS (code * 2) STORED;	-- ok
ALTER TABLE hiding ADD one int GENERATED ALWAYS AS (nullif(code, 2)) STORED NOT NULL;	-- denied: it asks what it is computed from
ALTER TABLE hiding ADD one int GENERATED ALWAYS AS (code) STORED CHECK (one <> 2);	-- denied
ALTER TABLE hiding ADD one int GENERATED ALWAYS AS (code) STORED REFERENCES code;	-- denied
ALTER TABLE hiding ADD one int GENERATED ALWAYS AS (code) STORED PRIMARY KEY;	-- denied
DROP TABLE hiding, shown, empty;											-- afresh, for what follows
CREATE TABLE hiding (id int, residency jurisdiction.label NOT NULL, code int, due amount);
CREATE TABLE shown (LIKE hiding INCLUDING ALL);
CREATE TABLE empty (LIKE hiding INCLUDING ALL);
INSERT INTO shown VALUES (1, 'DE', 1, 1), (2, 'DE', 2, 2);
SECURITY LABEL FOR jurisdiction ON COLUMN hiding.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN shown.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN empty.residency IS 'rows';

-- of rows that he may read, and where there are none, he may
ALTER TABLE shown ADD CHECK (code <> 2);									-- error: a row is against it
ALTER TABLE shown ADD CHECK (code > 0), ALTER code SET NOT NULL,
	ADD FOREIGN KEY (code) REFERENCES code, ADD UNIQUE (id);				-- ok
ALTER TABLE empty ADD CHECK (code <> 2), ALTER code SET NOT NULL;			-- ok
ALTER DOMAIN amount ADD CHECK (value < 1000);								-- ok
ALTER DOMAIN amount SET NOT NULL;											-- ok
ALTER DOMAIN amount DROP NOT NULL;
INSERT INTO hiding VALUES (1, 'DE', 1, 1);
SET ROLE regress_oracle_full;
INSERT INTO hiding VALUES (2, 'DE:confidential/health', 2, 2);
SET ROLE regress_oracle_owner;
ALTER DOMAIN amount ADD CHECK (value <> 2);									-- denied
ALTER DOMAIN amount ADD CONSTRAINT few CHECK (value <> 20) NOT VALID;		-- ok
-- (any of the three tables may be the first)
\set VERBOSITY sqlstate
ALTER DOMAIN amount VALIDATE CONSTRAINT few;								-- denied
\set VERBOSITY terse
ALTER DOMAIN amount SET NOT NULL;											-- denied
-- who is cleared for every row may, and an officer
SET ROLE regress_oracle_full;
ALTER TABLE hiding ADD CHECK (code <> 2);									-- error: a row is against it
ALTER TABLE hiding ADD CHECK (code > 0);									-- ok
\set VERBOSITY sqlstate
ALTER DOMAIN amount VALIDATE CONSTRAINT few;								-- denied: the table has no ceiling
\set VERBOSITY terse
RESET ROLE;
ALTER DOMAIN amount VALIDATE CONSTRAINT few;								-- ok
ALTER TABLE hiding ALTER code SET NOT NULL;									-- ok

-- raised columns, and a table's own label
SET ROLE regress_oracle_owner;
CREATE TABLE person (id int, residency jurisdiction.label NOT NULL, name text);
INSERT INTO person VALUES (1, 'DE', 'canary');
SECURITY LABEL FOR jurisdiction ON COLUMN person.residency IS 'rows';
ALTER TABLE person ADD CHECK (name <> 'x');									-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN person.name IS '/personal';
ALTER TABLE person ADD CHECK (name <> 'canary');							-- denied
CREATE TABLE vault (id int);
INSERT INTO vault VALUES (1);
CREATE TABLE bare (id int);
SECURITY LABEL FOR jurisdiction ON TABLE vault IS 'DE:confidential/health';
SECURITY LABEL FOR jurisdiction ON TABLE bare IS 'DE:confidential/health';
ALTER TABLE vault ADD CHECK (id <> 1);										-- denied
ALTER TABLE bare ADD CHECK (id <> 1);										-- ok: it is empty

-- partitions
CREATE TABLE parted (id int, residency jurisdiction.label NOT NULL) PARTITION BY LIST (id);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
SECURITY LABEL FOR jurisdiction ON COLUMN parted.residency IS 'rows';
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);				-- ok
INSERT INTO parted VALUES (7, 'DE');
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);				-- ok
SET ROLE regress_oracle_full;
INSERT INTO parted VALUES (8, 'DE:confidential/health');
SET ROLE regress_oracle_owner;
CREATE TABLE parted_8 PARTITION OF parted FOR VALUES IN (8);				-- denied
CREATE TABLE parted_9 PARTITION OF parted FOR VALUES IN (9);				-- denied: whatever the answer
ALTER TABLE parted ADD CHECK (id <> 8);										-- denied
ALTER TABLE parted_1 ADD CHECK (id <> 8);									-- ok: it is empty
RESET ROLE;
DROP SCHEMA enforce_oracle CASCADE;
DROP ROLE regress_oracle_owner, regress_oracle_full;
