--
-- Tags: what is one, who may set it, and what it sets in motion.
--
-- Superusers stand in for officers here; what changes once one is tagged is in
-- test/tap/040_officers.pl.
--
CREATE SCHEMA enforce_relabel;
SET search_path = enforce_relabel;
SET client_min_messages = warning;

CREATE ROLE regress_enforce_relabel_owner;
CREATE ROLE regress_enforce_relabel_other CREATEROLE;
CREATE ROLE regress_enforce_relabel_anna;
GRANT ALL ON SCHEMA enforce_relabel TO PUBLIC;

SET ROLE regress_enforce_relabel_owner;
CREATE TABLE patient (
	id int PRIMARY KEY,
	residency jurisdiction.label,
	second jurisdiction.label,
	name text,
	born date,
	weight numeric,
	code varchar(10)
);
CREATE DOMAIN name_domain AS text;
ALTER TABLE patient ADD nick name_domain;
CREATE VIEW view AS SELECT * FROM patient;
CREATE INDEX idx ON patient (name);
CREATE SEQUENCE seq;
CREATE TYPE comp AS (a int);
RESET ROLE;

--
-- The grammar: what is no tag is refused with what one looks like
--
SET ROLE regress_enforce_relabel_owner;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'row';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS '';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE extra';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS ':top';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS '/personal mask blur';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS '/personal mask partial(1)';
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'de';
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'to';
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'in DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'at DE cleared';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'cleared secret';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'officer officer';
\set VERBOSITY terse
-- unknown codes: a typo is an error, never "matches nothing"
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'at XX';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'at DE cleared secret/helth';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'release XX';
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'XX';
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE/helth';
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE>XX';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within XX';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS 'DE/helth';
-- what cannot be tagged
SECURITY LABEL FOR jurisdiction ON VIEW view IS 'DE';
SECURITY LABEL FOR jurisdiction ON COLUMN view.name IS 'DE';
SECURITY LABEL FOR jurisdiction ON TABLE view IS 'DE';
SECURITY LABEL FOR jurisdiction ON SEQUENCE seq IS 'DE';
SECURITY LABEL FOR jurisdiction ON SCHEMA enforce_relabel IS 'DE';
SECURITY LABEL FOR jurisdiction ON TYPE comp IS 'DE';
SECURITY LABEL FOR jurisdiction ON TABLE pg_catalog.pg_class IS 'DE';
SECURITY LABEL FOR jurisdiction ON TABLE jurisdiction.place IS 'DE';
SECURITY LABEL FOR jurisdiction ON TABLE nowhere IS 'DE';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.nothing IS 'DE';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.ctid IS 'DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_nobody IS 'at DE';
SECURITY LABEL ON TABLE patient IS 'DE';							-- error: which provider?
SECURITY LABEL FOR nobody ON TABLE patient IS 'DE';
-- what does not fit
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS 'rows';	-- error: not a label
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS ':secret';	-- error: raises nothing
SECURITY LABEL FOR jurisdiction ON COLUMN patient.weight IS 'DE mask hash';		-- error: type
SECURITY LABEL FOR jurisdiction ON COLUMN patient.born IS 'DE mask partial(1, 1)';	-- error
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS 'DE mask year';		-- error
SECURITY LABEL FOR jurisdiction ON COLUMN patient.weight IS 'DE mask year';		-- error
SELECT * FROM jurisdiction.tag WHERE object_identity LIKE '%patient%';	-- none yet

--
-- Who may tag
--
SET ROLE regress_enforce_relabel_other;
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE';			-- denied: not the owner
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE/helth';		-- denied: nor is he told what is known
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';	-- denied
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'at DE';	-- denied: CREATEROLE does not suffice
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_other IS 'officer';	-- denied
SET ROLE regress_enforce_relabel_owner;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_owner IS 'at DE';	-- denied
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';	-- ok: the owner, first tag
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'at DE cleared confidential/health';	-- ok: stands in

-- what a tag sets in motion
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'patient'::regclass;
SELECT attnotnull FROM pg_attribute WHERE attrelid = 'patient'::regclass AND attname = 'residency';

--
-- Rows: the owner tightens, an officer loosens
--
SET ROLE regress_enforce_relabel_owner;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.second IS 'rows';	-- error: a table has one row label
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE:secret/health';	-- ok: tighter
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE:confidential/health';	-- ok: tighter still
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE:confidential/health';	-- ok: the same again
SELECT conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint
	WHERE conrelid = 'patient'::regclass AND contype = 'c';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE:secret/health';	-- denied: looser
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within US';	-- denied: another
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';	-- denied
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS '/health';	-- denied: no row label any more
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS NULL;	-- denied
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE:secret/health';	-- ok
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'patient'::regclass AND contype = 'c';

--
-- Tables
--
SET ROLE regress_enforce_relabel_owner;
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE';			-- ok: the first
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE:confidential';	-- ok: tighter
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE:confidential & US';	-- ok
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE:confidential';	-- denied
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'DE:confidential & US to FR';	-- denied: lets it go somewhere
SECURITY LABEL FOR jurisdiction ON TABLE patient IS 'accepts DE:secret';	-- denied: lets something in
SECURITY LABEL FOR jurisdiction ON TABLE patient IS NULL;			-- denied
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON TABLE patient IS NULL;			-- ok
SELECT relrowsecurity FROM pg_class WHERE oid = 'patient'::regclass;	-- t: the row label is still there

--
-- Columns
--
SET ROLE regress_enforce_relabel_owner;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS '/personal mask partial(1, 0)';	-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS ':confidential/health,personal mask partial(1, 0)';	-- ok: tighter
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS ':confidential/health,personal mask partial(2, 0)';	-- denied: shows more
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS ':confidential/health,personal mask hash';	-- denied: shows another thing
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS ':confidential/health,personal mask null';	-- ok: shows nothing
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS ':confidential/health,personal deny';	-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS '/personal deny';	-- denied: looser
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS 'DE:secret/health,personal deny';	-- denied: does not compare
SECURITY LABEL FOR jurisdiction ON COLUMN patient.name IS NULL;		-- denied
SECURITY LABEL FOR jurisdiction ON COLUMN patient.born IS 'DE/personal mask year';	-- ok
SECURITY LABEL FOR jurisdiction ON COLUMN patient.code IS ':restricted mask redact';	-- ok: varchar is text
SECURITY LABEL FOR jurisdiction ON COLUMN patient.nick IS ':restricted mask hash';	-- ok: so is a domain
SECURITY LABEL FOR jurisdiction ON COLUMN patient.weight IS '/health';	-- ok: any type can be hidden
RESET ROLE;
SELECT object_type, column_name, tag FROM jurisdiction.tag
	WHERE object_identity = 'patient' ORDER BY 2;
SET ROLE regress_enforce_relabel_anna;
SELECT count(*) FROM jurisdiction.tag WHERE object_identity = 'patient';	-- everybody may see tags
RESET ROLE;

-- nobody sets a tag without the command
SET ROLE regress_enforce_relabel_owner;
DO $$ BEGIN EXECUTE 'SECURITY LABEL FOR jurisdiction ON COLUMN enforce_relabel.patient.residency IS NULL'; END $$;	-- denied
BEGIN READ ONLY;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE';	-- error
ROLLBACK;
RESET ROLE;
-- and one that is rolled back was never set
BEGIN;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS NULL;
SELECT count(*) FROM jurisdiction.tag WHERE object_identity = 'patient' AND column_name = 'residency';	-- 0
SAVEPOINT s;
ROLLBACK;
SELECT count(*) FROM jurisdiction.tag WHERE object_identity = 'patient' AND column_name = 'residency';	-- 1

--
-- Rows that are there already
--
SET ROLE regress_enforce_relabel_owner;
CREATE TABLE old (id int, l jurisdiction.label);
INSERT INTO old VALUES (1, 'DE'), (2, NULL), (3, NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN old.l IS 'rows';			-- error: two have none
SELECT relrowsecurity FROM pg_class WHERE oid = 'old'::regclass;	-- f: nothing has happened
UPDATE old SET l = 'XX' WHERE l IS NULL;
SECURITY LABEL FOR jurisdiction ON COLUMN old.l IS 'rows';			-- error: an unknown place
UPDATE old SET l = 'DE:secret' WHERE id > 1;
SECURITY LABEL FOR jurisdiction ON COLUMN old.l IS 'rows within DE';	-- error: beyond it
SECURITY LABEL FOR jurisdiction ON COLUMN old.l IS 'rows within DE:secret';	-- ok
ALTER TABLE old RENAME l TO residency;								-- ok: the tag follows
ALTER TABLE old RENAME TO older;
SELECT object_identity, column_name, tag FROM jurisdiction.tag WHERE object_identity = 'older';
SECURITY LABEL FOR jurisdiction ON COLUMN older.residency IS 'rows within DE:restricted';	-- error: row 2
RESET ROLE;

--
-- Children
--
SET ROLE regress_enforce_relabel_owner;
CREATE TABLE part (id int, residency jurisdiction.label NOT NULL, name text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE part_1_1 (name text, junk int, residency jurisdiction.label NOT NULL, id int);	-- columns in another order
ALTER TABLE part_1_1 DROP junk;
ALTER TABLE part_1 ATTACH PARTITION part_1_1 FOR VALUES FROM (0) TO (5);
SECURITY LABEL FOR jurisdiction ON COLUMN part.residency IS 'rows within DE:confidential';
SECURITY LABEL FOR jurisdiction ON COLUMN part.name IS '/personal';
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
SELECT object_identity, column_name, tag, inherited_from FROM jurisdiction.tag
	WHERE object_identity LIKE 'part%' ORDER BY 1, 2;
SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
	WHERE relnamespace = 'enforce_relabel'::regnamespace AND relname LIKE 'part%' ORDER BY 1;
SELECT conrelid::regclass, conname FROM pg_constraint WHERE conname = 'residency_within'
	AND connamespace = 'enforce_relabel'::regnamespace AND conrelid::regclass::text LIKE 'part%' ORDER BY 1;
-- tighter on a child: its own business; the parent's no longer cover it
SECURITY LABEL FOR jurisdiction ON TABLE part_2 IS 'DE:confidential';	-- ok
INSERT INTO part_2 VALUES (11, 'DE:confidential');					-- denied: the owner has no tag
RESET ROLE;
GRANT ALL ON part, part_2 TO regress_enforce_relabel_anna;
SET ROLE regress_enforce_relabel_anna;
SELECT count(*) FROM part_2;										-- ok
SELECT count(*) FROM part;											-- denied: part_2 would be read by less than its tags
RESET ROLE;
-- what the parent loses, an officer takes from the children too
SECURITY LABEL FOR jurisdiction ON TABLE part_2 IS NULL;
SECURITY LABEL FOR jurisdiction ON COLUMN part.residency IS NULL;
SECURITY LABEL FOR jurisdiction ON COLUMN part.name IS NULL;
SELECT count(*) FROM jurisdiction.tag WHERE object_identity LIKE 'part%';	-- 0
SELECT bool_or(relrowsecurity) FROM pg_class WHERE relnamespace = 'enforce_relabel'::regnamespace AND relname LIKE 'part%';	-- f
-- a child with other tags
SET ROLE regress_enforce_relabel_owner;
SECURITY LABEL FOR jurisdiction ON COLUMN part.residency IS 'rows within DE';
CREATE TABLE other (id int, residency jurisdiction.label NOT NULL, name text);
SECURITY LABEL FOR jurisdiction ON COLUMN other.residency IS 'rows within FR';
ALTER TABLE part ATTACH PARTITION other FOR VALUES FROM (20) TO (30);	-- error: the server wants its CHECK
CREATE TABLE third (id int, residency jurisdiction.label NOT NULL, name text);
SECURITY LABEL FOR jurisdiction ON COLUMN third.residency IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON COLUMN third.name IS '/personal';
ALTER TABLE part ATTACH PARTITION third FOR VALUES FROM (20) TO (30);	-- ok: the same, and one more
-- a tag that is tight for the parent may not loosen the child's
CREATE TABLE mother (id int, name text);
CREATE TABLE daughter () INHERITS (mother);
SECURITY LABEL FOR jurisdiction ON TABLE daughter IS 'DE:secret';
SECURITY LABEL FOR jurisdiction ON COLUMN daughter.name IS '/health deny';
SECURITY LABEL FOR jurisdiction ON TABLE mother IS 'DE:public';		-- denied
SECURITY LABEL FOR jurisdiction ON COLUMN mother.name IS 'DE:public mask hash';	-- denied
SECURITY LABEL FOR jurisdiction ON TABLE mother IS NULL;			-- denied: has none, but its child has
SECURITY LABEL FOR jurisdiction ON TABLE mother IS 'DE:secret/health';	-- ok: tightens both
SELECT object_identity, column_name, tag FROM jurisdiction.tag
	WHERE object_identity IN ('mother', 'daughter') ORDER BY 1, 2;
RESET ROLE;

--
-- The words of a role's tag (what they do is in other files)
--
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna
	IS 'at DE, FR cleared secret/* for research, care release CH replicate to NL token required org "Clinic ""A"""';	-- ok
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS 'backup';	-- ok
SELECT object_type, object_identity, tag FROM jurisdiction.tag WHERE object_identity = 'regress_enforce_relabel_anna';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_relabel_anna IS NULL;
SELECT count(*) FROM jurisdiction.tag WHERE object_identity = 'regress_enforce_relabel_anna';	-- 0

--
-- Publications
--
SET client_min_messages = error;		-- wal_level does not matter here
CREATE PUBLICATION regress_enforce_relabel_pub;
SET client_min_messages = warning;
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_enforce_relabel_pub IS 'DE';		-- error: only where to
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_enforce_relabel_pub IS 'to XX';	-- error
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_enforce_relabel_pub IS 'to FR, JP';	-- ok
SELECT object_type, object_identity, tag FROM jurisdiction.tag WHERE object_type = 'publication';
SET ROLE regress_enforce_relabel_owner;
SECURITY LABEL FOR jurisdiction ON PUBLICATION regress_enforce_relabel_pub IS NULL;		-- denied
RESET ROLE;
DROP PUBLICATION regress_enforce_relabel_pub;

DROP SCHEMA enforce_relabel CASCADE;
DROP ROLE regress_enforce_relabel_owner, regress_enforce_relabel_other, regress_enforce_relabel_anna;
