--
-- Commands: none strips a protection unseen.
--
-- The superuser here stands in for an officer; a superuser who does not is in
-- test/tap/040_officers.pl.
--
CREATE SCHEMA enforce_ddl;
SET search_path = enforce_ddl;
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE ROLE regress_enforce_ddl_owner CREATEROLE NOINHERIT;
CREATE ROLE regress_enforce_ddl_anna;
CREATE ROLE regress_enforce_ddl_bob;				-- no tag
GRANT ALL ON SCHEMA enforce_ddl TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_ddl_anna IS 'at DE cleared confidential/health';

SET ROLE regress_enforce_ddl_owner;
CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text, note text);
INSERT INTO patient VALUES (1, 'DE', 'Anna'), (2, 'DE:confidential', 'Bernd');
GRANT ALL ON patient TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE:confidential/health';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS '/health';

--
-- The owner of a tagged table
--
\set VERBOSITY default
ALTER TABLE patient DISABLE ROW LEVEL SECURITY;				-- denied
ALTER TABLE patient DROP COLUMN residency;					-- denied
ALTER TABLE patient DROP CONSTRAINT residency_within;		-- denied
\set VERBOSITY terse
ALTER TABLE patient NO FORCE ROW LEVEL SECURITY;			-- denied
ALTER TABLE patient ADD COLUMN x int, DISABLE ROW LEVEL SECURITY;	-- denied: among others
ALTER TABLE patient DROP COLUMN name;						-- denied: its tag would go
ALTER TABLE patient DROP COLUMN note;						-- ok: has no tag
ALTER TABLE patient ALTER residency TYPE text;				-- denied
ALTER TABLE patient ALTER residency TYPE jurisdiction.label USING 'unrestricted';	-- denied: relabels all
ALTER TABLE patient ALTER name TYPE varchar(50);			-- denied
ALTER TABLE patient ALTER residency DROP NOT NULL;			-- denied
ALTER TABLE patient ALTER residency SET DEFAULT 'DE';		-- ok
ALTER TABLE patient RENAME COLUMN residency TO home;		-- ok: the tag follows
SELECT column_name, tag FROM jurisdiction.tag WHERE object_identity = 'patient' ORDER BY 1;
SELECT conname FROM pg_constraint WHERE conrelid = 'patient'::regclass AND contype = 'c';	-- and the CHECK
ALTER TABLE patient DROP COLUMN home;						-- denied
ALTER TABLE patient DROP CONSTRAINT home_within;			-- denied
ALTER TABLE patient RENAME COLUMN home TO residency;
ALTER TABLE patient RENAME CONSTRAINT residency_within TO other_name;
ALTER TABLE patient DROP CONSTRAINT other_name;				-- denied: by whatever name
ALTER TABLE patient RENAME CONSTRAINT other_name TO residency_within;
ALTER TABLE patient ENABLE ROW LEVEL SECURITY;				-- ok: changes nothing
ALTER TABLE patient FORCE ROW LEVEL SECURITY;				-- ok
DO $$ BEGIN EXECUTE 'ALTER TABLE enforce_ddl.patient DISABLE ROW LEVEL SECURITY'; END $$;	-- denied
CREATE FUNCTION drop_it() RETURNS void LANGUAGE sql AS 'ALTER TABLE enforce_ddl.patient DROP COLUMN residency';
SELECT drop_it();											-- denied
ALTER TABLE IF EXISTS enforce_ddl.patient DISABLE ROW LEVEL SECURITY;	-- denied
ALTER TABLE nowhere DISABLE ROW LEVEL SECURITY;				-- error: the server's
CREATE POLICY mine ON patient USING (true);					-- ok: opens nothing
DROP POLICY mine ON patient;								-- ok
ALTER TABLE patient OWNER TO regress_enforce_ddl_owner;		-- ok
ALTER TABLE patient RENAME TO renamed;						-- ok
SET ROLE regress_enforce_ddl_anna;
SELECT count(*) FROM renamed;								-- ok: 2, by any name
SET ROLE regress_enforce_ddl_bob;
SELECT count(*) FROM renamed;								-- ok: 0
SET ROLE regress_enforce_ddl_owner;
ALTER TABLE renamed RENAME TO patient;
RESET ROLE;
-- the same by an officer
BEGIN;
ALTER TABLE patient ALTER residency DROP NOT NULL;			-- ok
ALTER TABLE patient DROP CONSTRAINT residency_within;		-- ok
ALTER TABLE patient DROP COLUMN name;						-- ok
ALTER TABLE patient DROP COLUMN residency;					-- ok
ROLLBACK;
ALTER TABLE patient DISABLE ROW LEVEL SECURITY;				-- denied: he removes the tag instead

--
-- From above and from the side
--
SET ROLE regress_enforce_ddl_owner;
CREATE TABLE parent (id int, residency jurisdiction.label NOT NULL, name text);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE grandchild () INHERITS (child);
INSERT INTO grandchild VALUES (1, 'US', 'x');
GRANT ALL ON parent, child, grandchild TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN grandchild.residency IS 'rows';
ALTER TABLE parent DROP COLUMN residency;					-- denied: the grandchild's would go with it
ALTER TABLE parent ALTER residency TYPE text;				-- denied
ALTER TABLE parent ALTER residency DROP NOT NULL;			-- denied
ALTER TABLE parent DROP COLUMN name;						-- ok
ALTER TABLE ONLY parent DROP COLUMN residency;				-- ok: the children keep theirs
SELECT column_name, tag FROM jurisdiction.tag WHERE object_identity = 'grandchild';
ALTER TABLE grandchild NO INHERIT child;					-- ok: from an untagged parent
CREATE TYPE shape AS (id int, residency jurisdiction.label, name text);
CREATE TABLE typed OF shape;
ALTER TABLE typed ALTER residency SET NOT NULL;
SECURITY LABEL FOR jurisdiction ON COLUMN typed.residency IS 'rows';
ALTER TYPE shape DROP ATTRIBUTE residency CASCADE;			-- denied
ALTER TYPE shape ALTER ATTRIBUTE residency TYPE text CASCADE;	-- denied
ALTER TYPE shape DROP ATTRIBUTE name CASCADE;				-- ok
DROP TYPE shape CASCADE;									-- ok: the whole table goes
-- parents
CREATE TABLE tagged (id int, residency jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN tagged.residency IS 'rows';
CREATE TABLE below () INHERITS (tagged);
SELECT tag, inherited_from FROM jurisdiction.tag WHERE object_identity = 'below';	-- tagged at birth
CREATE TABLE two () INHERITS (child, tagged);				-- ok
SELECT tag, inherited_from FROM jurisdiction.tag WHERE object_identity = 'two';
SET ROLE regress_enforce_ddl_anna;
SELECT count(*) FROM child;									-- denied: "two" would be read without its filter
SET ROLE regress_enforce_ddl_owner;
DROP TABLE two;
ALTER TABLE below NO INHERIT tagged;						-- denied
CREATE TABLE untagged (id int, residency jurisdiction.label NOT NULL);
ALTER TABLE below INHERIT untagged;							-- denied
ALTER TABLE untagged INHERIT tagged;						-- ok: tagged now
SELECT tag, inherited_from FROM jurisdiction.tag WHERE object_identity = 'untagged';
CREATE TABLE IF NOT EXISTS below () INHERITS (tagged);		-- ok: exists
RESET ROLE;
CREATE SCHEMA enforce_ddl_inner AUTHORIZATION regress_enforce_ddl_owner
	CREATE TABLE inner_child () INHERITS (enforce_ddl.tagged);	-- ok: tagged, however it came
SELECT tag, inherited_from FROM jurisdiction.tag WHERE object_identity = 'enforce_ddl_inner.inner_child';
DROP SCHEMA enforce_ddl_inner CASCADE;
CREATE FOREIGN DATA WRAPPER regress_enforce_ddl_wrapper;
CREATE SERVER regress_enforce_ddl_server FOREIGN DATA WRAPPER regress_enforce_ddl_wrapper;
CREATE FOREIGN TABLE far () INHERITS (tagged) SERVER regress_enforce_ddl_server;
SELECT object_type, tag, inherited_from FROM jurisdiction.tag WHERE object_identity = 'far';
DROP SERVER regress_enforce_ddl_server CASCADE;
DROP FOREIGN DATA WRAPPER regress_enforce_ddl_wrapper;

--
-- DROP and TRUNCATE of data are the owner's, and recorded
--
SET ROLE regress_enforce_ddl_bob;
DROP TABLE patient;											-- error: not his
SET ROLE regress_enforce_ddl_owner;
TRUNCATE patient;											-- ok
DROP TABLE tagged CASCADE;									-- ok
SELECT count(*) FROM jurisdiction.tag WHERE object_identity IN ('tagged', 'below', 'untagged');	-- 0
RESET ROLE;

--
-- Roles with a tag
--
-- since 16, CREATEROLE is for the roles of which one has ADMIN OPTION
GRANT regress_enforce_ddl_anna, regress_enforce_ddl_bob TO regress_enforce_ddl_owner WITH ADMIN OPTION;
SET ROLE regress_enforce_ddl_owner;							-- has CREATEROLE
GRANT regress_enforce_ddl_anna TO regress_enforce_ddl_bob;	-- denied: membership is clearance
GRANT regress_enforce_ddl_bob TO regress_enforce_ddl_owner;	-- ok: bob has no tag
REVOKE regress_enforce_ddl_bob FROM regress_enforce_ddl_owner;	-- ok
CREATE ROLE regress_enforce_ddl_new IN ROLE regress_enforce_ddl_anna;	-- denied
CREATE ROLE regress_enforce_ddl_new IN GROUP regress_enforce_ddl_anna;	-- denied
CREATE USER regress_enforce_ddl_new IN ROLE regress_enforce_ddl_bob, regress_enforce_ddl_anna;	-- denied
ALTER GROUP regress_enforce_ddl_anna ADD USER regress_enforce_ddl_bob;	-- denied
ALTER ROLE regress_enforce_ddl_anna PASSWORD 'x';			-- denied: who sets it, is her
ALTER ROLE regress_enforce_ddl_anna PASSWORD NULL;			-- denied
ALTER ROLE regress_enforce_ddl_bob PASSWORD NULL;			-- ok
ALTER ROLE regress_enforce_ddl_anna VALID UNTIL '2100-01-01';	-- ok
ALTER ROLE regress_enforce_ddl_anna RENAME TO regress_enforce_ddl_new;	-- denied
ALTER ROLE regress_enforce_ddl_bob RENAME TO regress_enforce_ddl_new;	-- ok
ALTER ROLE regress_enforce_ddl_new RENAME TO regress_enforce_ddl_bob;
DROP ROLE regress_enforce_ddl_anna;							-- denied
DROP ROLE regress_enforce_ddl_bob, regress_enforce_ddl_anna;	-- denied: nor among others
DROP ROLE IF EXISTS regress_enforce_ddl_nobody;				-- ok: there is none
RESET ROLE;
GRANT regress_enforce_ddl_anna TO regress_enforce_ddl_bob WITH ADMIN OPTION;	-- ok: an officer
SET ROLE regress_enforce_ddl_bob;
GRANT regress_enforce_ddl_anna TO regress_enforce_ddl_owner;	-- denied: ADMIN OPTION or not
REVOKE regress_enforce_ddl_anna FROM regress_enforce_ddl_bob;	-- denied: fewer places may show more
RESET ROLE;
SET SESSION AUTHORIZATION regress_enforce_ddl_anna;
ALTER ROLE regress_enforce_ddl_anna PASSWORD NULL;			-- ok: her own
RESET SESSION AUTHORIZATION;
REVOKE regress_enforce_ddl_anna FROM regress_enforce_ddl_bob;
SET ROLE regress_enforce_ddl_owner;
CREATE ROLE regress_enforce_ddl_new ROLE regress_enforce_ddl_anna;	-- ok: she becomes a member, of an untagged role
DROP ROLE regress_enforce_ddl_new;
RESET ROLE;

--
-- The extension's own objects
--
SET ROLE regress_enforce_ddl_owner;
DROP EXTENSION jurisdiction;								-- error: not his
ALTER SCHEMA jurisdiction RENAME TO x;						-- error
CREATE FUNCTION jurisdiction.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';	-- error
CREATE TABLE jurisdiction.mine (id int);					-- error
RESET ROLE;
ALTER EXTENSION jurisdiction DROP FUNCTION jurisdiction.row_visible(jurisdiction.label);	-- denied: while there are tags
DROP EXTENSION jurisdiction;								-- error: tables have its type
\set VERBOSITY sqlstate
DROP EXTENSION jurisdiction CASCADE;						-- denied: labels would go, and rows stay
\set VERBOSITY terse
DROP TYPE jurisdiction.label CASCADE;						-- error: belongs to the extension
\set VERBOSITY sqlstate
DROP SCHEMA jurisdiction CASCADE;							-- denied: as the extension
\set VERBOSITY terse
DROP FUNCTION jurisdiction.row_visible(jurisdiction.label);	-- error: likewise
DROP OPERATOR pg_catalog.<@ (jurisdiction.label, jurisdiction.label);	-- error: likewise
SELECT count(*) > 0 AS there FROM pg_extension WHERE extname = 'jurisdiction';

DROP SCHEMA enforce_ddl CASCADE;
DROP ROLE regress_enforce_ddl_owner, regress_enforce_ddl_anna, regress_enforce_ddl_bob;
