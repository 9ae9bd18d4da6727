--
-- lint(): every weakness with the SQL that mends it.  mend() shows what is
-- found about some objects, carries out each remedy, and looks again.
--
CREATE SCHEMA lint;
CREATE FUNCTION lint.mend(wanted text)
	RETURNS TABLE (severity text, object text, problem text, remedy text, mended boolean)
	LANGUAGE plpgsql SET search_path = lint AS $$
DECLARE
	found_ record;
BEGIN
	FOR found_ IN SELECT * FROM jurisdiction.lint() AS f WHERE f.object ~ wanted LOOP
		severity := found_.severity;
		object := found_.object;
		problem := found_.problem;
		remedy := found_.remedy;
		EXECUTE remedy;
		mended := NOT EXISTS (SELECT FROM jurisdiction.lint() AS f
			WHERE f.object = found_.object AND f.problem = found_.problem);
		RETURN NEXT;
	END LOOP;
END$$;
\pset format unaligned
\pset fieldsep '\n\t'
\pset recordsep '\n'
\pset tuples_only on

-- what it is that is ordered, and for whom
SELECT array_agg(DISTINCT severity) <@ '{error,warning,info}' FROM jurisdiction.lint();
SELECT bool_and(rank >= before) FROM (
	SELECT rank, lag(rank, 1, 0) OVER (ORDER BY n) AS before
	FROM (SELECT n, array_position('{error,warning,info}', severity) AS rank
			FROM jurisdiction.lint() WITH ORDINALITY AS f(severity, object, problem, remedy, n)) AS r) AS o;
SELECT provolatile, proretset, pg_get_function_result(oid) FROM pg_proc
	WHERE oid = 'jurisdiction.lint()'::regprocedure;

--
-- Tables and tags.  Each weak one has a sound twin, of which nothing is said.
--
CREATE TABLE lint.untagged_weak (id int, l jurisdiction.label NOT NULL);
CREATE TABLE lint.untagged_sound (id int, l jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.untagged_sound.l IS 'rows';
SELECT * FROM lint.mend('^lint\.untagged_');

-- children; somebody has changed pg_seclabel by hand
CREATE TABLE lint.parent (id int, name text, l jurisdiction.label NOT NULL);
CREATE TABLE lint.child_sound () INHERITS (lint.parent);
CREATE TABLE lint.child_bare () INHERITS (lint.parent);
CREATE TABLE lint.child_other () INHERITS (lint.parent);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.parent.l IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.parent.name IS ':secret';
DELETE FROM pg_seclabel WHERE objoid = 'lint.child_bare'::regclass;
UPDATE pg_seclabel SET label = ':restricted'
	WHERE objoid = 'lint.child_other'::regclass AND objsubid = 2;
SELECT * FROM lint.mend('^lint\.child_');
CREATE TABLE lint.above (id int, name text);
CREATE TABLE lint.below () INHERITS (lint.above);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.below.name IS 'DE:secret';
SELECT * FROM lint.mend('^lint\.above');

-- row security switched off
CREATE TABLE lint.rls_weak (l jurisdiction.label NOT NULL);
CREATE TABLE lint.rls_sound (l jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.rls_weak.l IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.rls_sound.l IS 'rows';
ALTER TABLE lint.rls_weak NO FORCE ROW LEVEL SECURITY;		-- denied, to an officer too
UPDATE pg_class SET relforcerowsecurity = false WHERE oid = 'lint.rls_weak'::regclass;
SELECT * FROM lint.mend('^lint\.rls_');
UPDATE pg_class SET relrowsecurity = false, relforcerowsecurity = false
	WHERE oid = 'lint.rls_weak'::regclass;
SELECT * FROM lint.mend('^lint\.rls_');

-- ceilings
CREATE TABLE lint.within_missing (l jurisdiction.label NOT NULL);
CREATE TABLE lint.within_invalid (l jurisdiction.label NOT NULL);
CREATE TABLE lint.within_null (l jurisdiction.label NOT NULL);
CREATE TABLE lint.within_sound (l jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.within_missing.l IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.within_invalid.l IS 'rows within DE concurrently';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.within_null.l IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.within_sound.l IS 'rows within DE';
ALTER TABLE lint.within_missing DROP CONSTRAINT l_within;
ALTER TABLE lint.within_null ALTER COLUMN l DROP NOT NULL;
SELECT * FROM lint.mend('^lint\.within_');

-- the first policy of the application
CREATE TABLE lint.policy_weak (l jurisdiction.label NOT NULL);
CREATE TABLE lint.policy_sound (l jurisdiction.label NOT NULL);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.policy_weak.l IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.policy_sound.l IS 'rows';
CREATE POLICY first_one ON lint.policy_weak USING (true);
CREATE POLICY others ON lint.policy_weak FOR SELECT USING (true);
CREATE POLICY narrower ON lint.policy_sound AS RESTRICTIVE USING (true);
SELECT * FROM lint.mend('^lint\.policy_');

-- tags that cannot be read, or name what is not registered
CREATE TABLE lint.tag_broken (l jurisdiction.label NOT NULL, name text);
CREATE TABLE lint.tag_unknown (name text);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.tag_broken.l IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.tag_broken.name IS ':secret';
SECURITY LABEL FOR jurisdiction ON TABLE lint.tag_unknown IS 'DE';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.tag_unknown.name IS ':secret';
UPDATE pg_seclabel SET label = ':secrets' WHERE objoid = 'lint.tag_broken'::regclass AND objsubid = 2;
UPDATE pg_seclabel SET label = 'NOWHERE_LINT' WHERE objoid = 'lint.tag_unknown'::regclass AND objsubid = 0;
UPDATE pg_seclabel SET label = '/lint_unknown' WHERE objoid = 'lint.tag_unknown'::regclass AND objsubid = 1;
SELECT * FROM lint.mend('^lint\.tag_');
DROP TABLE lint.tag_broken, lint.tag_unknown;
DELETE FROM jurisdiction.place WHERE code = 'NOWHERE_LINT';
DELETE FROM jurisdiction.category WHERE code = 'lint_unknown';

-- labels of rows: the sample is what the caller may read, here by exemption
CREATE TABLE lint.rows_weak (l jurisdiction.label NOT NULL);
CREATE TABLE lint.rows_sound (l jurisdiction.label NOT NULL);
INSERT INTO jurisdiction.place (code, name, kind) VALUES ('LINT_GROUP', 'test', 'group');
INSERT INTO lint.rows_weak VALUES ('DE'), ('LINT_GROUP/health'), ('LINT_GROUP');
INSERT INTO lint.rows_sound VALUES ('DE'), ('FR/health');
SECURITY LABEL FOR jurisdiction ON COLUMN lint.rows_weak.l IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.rows_sound.l IS 'rows';
DELETE FROM jurisdiction.place WHERE code = 'LINT_GROUP';
SELECT * FROM lint.mend('^lint\.rows_');		-- none: the wall stands
BEGIN;
INSERT INTO jurisdiction.exemption (kind, role_name, until, basis)
	VALUES ('bypass', current_user, now() + interval '1 hour', 'test');
SELECT * FROM lint.mend('^lint\.rows_');
ROLLBACK;

-- where rows go
CREATE TABLE lint.published (l jurisdiction.label NOT NULL);
CREATE TABLE lint.plain (id int);
SET client_min_messages = error;	-- wal_level may be too low to use them
CREATE PUBLICATION lint_weak FOR TABLE lint.published;
CREATE PUBLICATION lint_plain FOR TABLE lint.plain;
CREATE PUBLICATION lint_sound FOR TABLE lint.plain;
RESET client_min_messages;
SECURITY LABEL FOR jurisdiction ON COLUMN lint.published.l IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON PUBLICATION lint_sound IS 'to DE';
SELECT * FROM lint.mend('^publication lint_');
-- a rule that let it go has ended
SET client_min_messages = error;
CREATE TABLE lint.lasting (l jurisdiction.label NOT NULL);
CREATE PUBLICATION lint_lasting FOR TABLE lint.published, lint.lasting;
CREATE PUBLICATION lint_ended FOR TABLE lint.published, lint.lasting;
RESET client_min_messages;
SECURITY LABEL FOR jurisdiction ON COLUMN lint.lasting.l IS 'rows within JP';
BEGIN;
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis)
	VALUES (900100, 'allow', 'DE', 'JP', '{export}', 'test');
SECURITY LABEL FOR jurisdiction ON PUBLICATION lint_ended IS 'to JP';
SECURITY LABEL FOR jurisdiction ON PUBLICATION lint_lasting IS 'to JP';
SELECT * FROM lint.mend('^publication lint_(ended|lasting)');	-- nothing yet
UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now()) WHERE id = 900100;
ALTER PUBLICATION lint_lasting DROP TABLE lint.published;
SELECT * FROM lint.mend('^publication lint_(ended|lasting)');
SELECT tablename FROM pg_publication_tables WHERE pubname = 'lint_ended';
ROLLBACK;
SET client_min_messages = error;
DROP PUBLICATION lint_ended, lint_lasting;
RESET client_min_messages;
CREATE FOREIGN DATA WRAPPER lint_wrapper;
CREATE SERVER lint_server FOREIGN DATA WRAPPER lint_wrapper;
CREATE FOREIGN TABLE lint.foreign_weak (id int) SERVER lint_server;
CREATE FOREIGN TABLE lint.foreign_sound (id int) SERVER lint_server;
SECURITY LABEL FOR jurisdiction ON FOREIGN TABLE lint.foreign_sound IS 'to DE';
SELECT * FROM lint.mend('^lint\.foreign_');
CREATE TABLE lint.source (l jurisdiction.label NOT NULL, id int);
CREATE TABLE lint.source_open (l jurisdiction.label NOT NULL, id int);
CREATE MATERIALIZED VIEW lint.view_weak AS SELECT id FROM lint.source;
CREATE MATERIALIZED VIEW lint.view_worse AS SELECT id FROM lint.source_open;
CREATE MATERIALIZED VIEW lint.view_sound AS SELECT id FROM lint.plain;
SECURITY LABEL FOR jurisdiction ON COLUMN lint.source.l IS 'rows within DE:secret/health';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.source_open.l IS 'rows';
SELECT * FROM lint.mend('^lint\.view_');

-- personal data without a tag; more in discover.sql
CREATE TABLE lint.person_weak (id int, first_name text, remark text);
CREATE TABLE lint.person_sound (id int, first_name text);
SECURITY LABEL FOR jurisdiction ON TABLE lint.person_sound IS 'DE/name';
INSERT INTO lint.person_weak SELECT g, 'x', 'y' FROM generate_series(1, 20) g;
SELECT * FROM lint.mend('^lint\.person_');

--
-- Roles.
--
CREATE ROLE regress_lint_sound;
CREATE ROLE regress_lint_super SUPERUSER;
CREATE ROLE regress_lint_bypass BYPASSRLS;
CREATE ROLE regress_lint_copies REPLICATION;
CREATE ROLE regress_lint_copies_sound REPLICATION;
CREATE ROLE regress_lint_tagged;
CREATE ROLE regress_lint_member IN ROLE regress_lint_tagged;
CREATE ROLE regress_lint_member_sound IN ROLE regress_lint_tagged;
CREATE ROLE regress_lint_broken;
CREATE ROLE regress_lint_unknown;
SECURITY LABEL FOR jurisdiction ON ROLE regress_lint_tagged IS 'at DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_lint_member_sound IS 'at DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_lint_copies_sound IS 'replicate to DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_lint_broken IS 'at DE';
SECURITY LABEL FOR jurisdiction ON ROLE regress_lint_unknown IS 'at DE for lint_purpose';
UPDATE pg_shseclabel SET label = 'at DE cleered' WHERE objoid = 'regress_lint_broken'::regrole;
UPDATE pg_shseclabel SET label = 'at LINT_PLACE for lint_purpose, lint_other org "for nobody"'
	WHERE objoid = 'regress_lint_unknown'::regrole;
BEGIN;
SELECT * FROM lint.mend('^role regress_lint_');
SELECT * FROM lint.mend('^role regress_lint_');		-- nothing is left
ROLLBACK;
-- a dump's role is told apart
SECURITY LABEL FOR jurisdiction ON ROLE regress_lint_bypass IS 'backup';
SELECT severity, problem FROM jurisdiction.lint() WHERE object = 'role regress_lint_bypass';
SELECT severity, problem, remedy FROM jurisdiction.lint() WHERE object = 'officers';

-- exemptions
BEGIN;
INSERT INTO jurisdiction.exemption (id, kind, role_name, until, basis) VALUES
	(900001, 'bypass', 'regress_lint_sound', NULL, 'test'),
	(900002, 'relabel', 'regress_lint_sound', NULL, 'test'),
	(900003, 'bypass', 'regress_lint_sound', now() + interval '1 day', 'test'),
	(900004, 'relabel', 'regress_lint_broken', now() + interval '1 day', 'test');
DROP ROLE regress_lint_broken;
SELECT * FROM lint.mend('^exemption 90000');
ROLLBACK;

-- a scope that lifts nothing comes only out of a dump
BEGIN;
ALTER TABLE jurisdiction.exemption DISABLE TRIGGER row_is_sensible;
INSERT INTO jurisdiction.exemption (id, kind, role_name, scope, until, basis) VALUES
	(900005, 'bypass', 'regress_lint_sound', 'DE', now() + interval '1 day', 'test'),
	(900006, 'relabel', 'regress_lint_sound', 'DE', now() + interval '1 day', 'test');
ALTER TABLE jurisdiction.exemption ENABLE TRIGGER row_is_sensible;
SELECT * FROM lint.mend('^exemption 90000');
ROLLBACK;

-- settings of roles and databases
ALTER ROLE regress_lint_sound SET session_preload_libraries = 'auto_explain';
SELECT * FROM lint.mend('regress_lint_sound$');

--
-- Rules and networks.
--
BEGIN;
INSERT INTO jurisdiction.purpose (code, name) VALUES ('lint_nobody', 'test'), ('lint_purpose', 'test');
INSERT INTO jurisdiction.transfer_rule
	(id, effect, origin, destination, actions, max_level, categories, purposes, basis, during) VALUES
	(900000, 'allow', 'DE', 'JP', '{read}', NULL, NULL, NULL, 'sound', NULL),
	(900001, 'allow', 'DE', 'DE', '{read}', NULL, NULL, NULL, 'home', NULL),
	(900002, 'allow', 'US', 'US', '{read}', NULL, NULL, NULL, 'home, not begun', tstzrange(now() + interval '1 day', NULL)),
	(900003, 'deny', 'FR', 'CN', '{read,export}', NULL, NULL, NULL, 'no', NULL),
	(900004, 'allow', 'FR', 'CN', '{read}', NULL, NULL, NULL, 'shadowed', NULL),
	(900005, 'allow', 'FR', 'CN', '{read,store}', NULL, NULL, NULL, 'sound: store', NULL),
	(900006, 'deny', 'FR', 'IN', '{read}', NULL, '{health}', NULL, 'some', NULL),
	(900007, 'allow', 'FR', 'IN', '{read}', NULL, NULL, NULL, 'sound: what is not health', NULL),
	(900008, 'allow', 'DE', 'JP', '{read}', 'internal', '{health}', NULL, 'less than 900000', NULL),
	(900009, 'allow', 'DE', 'JP', '{read,export}', NULL, NULL, NULL, 'sound: more', NULL),
	(900010, 'allow', 'DE', 'BR', '{read}', NULL, NULL, '{lint_nobody}', 'purpose', NULL),
	(900011, 'allow', 'DE', 'BR', '{read}', NULL, NULL, '{lint_purpose}', 'sound', NULL),
	(900012, 'allow', 'DE', 'AR', '{read}', NULL, NULL, NULL, 'over', tstzrange('2001-01-01Z', '2002-01-01Z'));
SELECT * FROM lint.mend('^transfer_rule 9000');
SELECT count(*) FROM jurisdiction.lint() WHERE object = 'transfer_rule' AND remedy LIKE '--%';
ROLLBACK;
BEGIN;
DELETE FROM jurisdiction.network;
SELECT severity, problem, remedy FROM jurisdiction.lint() WHERE object = 'network';
INSERT INTO jurisdiction.network (cidr, place, trusted, source) VALUES ('192.0.2.0/24', 'DE', true, 'geoip');
SELECT * FROM lint.mend('^network$');
INSERT INTO jurisdiction.network (cidr, place) VALUES ('198.51.100.0/24', 'FR');
SELECT * FROM lint.mend('^network$');					-- nothing
ROLLBACK;

--
-- Code.
--
CREATE FUNCTION lint.peek(text) RETURNS int LANGUAGE internal AS 'textlen';
CREATE TABLE lint.secret_table (l jurisdiction.label NOT NULL, n int);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.secret_table.l IS 'rows';
CREATE FUNCTION lint.opens_sure() RETURNS bigint SECURITY DEFINER
	BEGIN ATOMIC SELECT count(*) FROM lint.secret_table; END;
CREATE FUNCTION lint.opens_maybe() RETURNS bigint LANGUAGE sql SECURITY DEFINER
	AS 'SELECT count(*) FROM lint.secret_table';
CREATE FUNCTION lint.opens_sound() RETURNS bigint LANGUAGE sql
	AS 'SELECT count(*) FROM lint.secret_table';
CREATE FUNCTION lint.opens_other() RETURNS bigint LANGUAGE sql SECURITY DEFINER
	AS 'SELECT count(*) FROM lint.plain -- not my_secret_table';
SELECT severity, object, regexp_replace(problem, 'as \S+,', 'as ROLE,'), remedy, mended
	FROM lint.mend('^function lint\.(peek|opens)');

-- triggers: whose function it is, and whether it was there before the tags
CREATE FUNCTION lint.look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION lint.look_strange() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
ALTER FUNCTION lint.look_strange() OWNER TO regress_lint_sound;
CREATE TABLE lint.watched (l jurisdiction.label NOT NULL, name text);
CREATE TRIGGER early BEFORE INSERT ON lint.watched FOR EACH ROW EXECUTE FUNCTION lint.look();
CREATE TRIGGER all_ BEFORE INSERT ON lint.watched FOR EACH STATEMENT EXECUTE FUNCTION lint.look();
CREATE TRIGGER strange BEFORE INSERT ON lint.watched FOR EACH ROW EXECUTE FUNCTION lint.look_strange();
SELECT * FROM lint.mend('^trigger .* on lint\.watched');		-- nothing: no tag
SECURITY LABEL FOR jurisdiction ON COLUMN lint.watched.l IS 'rows within DE';
SELECT severity, object FROM jurisdiction.lint() WHERE object ~ '^trigger .* on lint\.watched';	-- strange
SECURITY LABEL FOR jurisdiction ON COLUMN lint.watched.name IS '/personal';
CREATE TRIGGER late BEFORE INSERT ON lint.watched FOR EACH ROW EXECUTE FUNCTION lint.look();
SELECT * FROM lint.mend('^trigger .* on lint\.watched');

-- keys: who holds them, and where there are none
BEGIN;
CREATE TABLE lint.sealed_weak (l jurisdiction.label NOT NULL, note jurisdiction.sealed);
CREATE TABLE lint.sealed_sound (l jurisdiction.label NOT NULL, note text);
CREATE TABLE lint.sealed_static (id int, note jurisdiction.sealed);
SECURITY LABEL FOR jurisdiction ON COLUMN lint.sealed_weak.l IS 'rows within IS:confidential & LU>*';
SECURITY LABEL FOR jurisdiction ON COLUMN lint.sealed_sound.l IS 'rows within IS & LU';
SECURITY LABEL FOR jurisdiction ON TABLE lint.sealed_static IS 'LI accepts MC';
INSERT INTO jurisdiction.custodian (place, uri) VALUES ('LU', 'file:lint_lu');
SELECT * FROM lint.mend('^lint\.sealed_');
DELETE FROM jurisdiction.custodian WHERE place = 'IS';
SELECT * FROM lint.mend('^key of (IS|LU|LI|MC)') WHERE remedy !~ '^--';
SELECT severity, object, problem, remedy FROM jurisdiction.lint() WHERE object ~ '^key of (IS|LU|LI|MC)';
ROLLBACK;

-- copies
SELECT slot_name FROM pg_create_physical_replication_slot('lint_slot');
SELECT * FROM lint.mend('^replication slot lint_slot');
SELECT lo_create(0) AS object \gset
SELECT severity, regexp_replace(problem, '\d+', 'N'), remedy FROM jurisdiction.lint() WHERE object = 'large objects';
SELECT lo_unlink(:object);
SELECT severity, problem, remedy FROM jurisdiction.lint() WHERE object = 'evidence';

--
-- Others see what concerns them, and policy, which they may read anyway.
--
CREATE ROLE regress_lint_owner;
GRANT USAGE ON SCHEMA lint TO regress_lint_owner;
CREATE TABLE lint.theirs (l jurisdiction.label NOT NULL, email text);
CREATE TABLE lint.not_theirs (l jurisdiction.label NOT NULL, email text);
ALTER TABLE lint.theirs OWNER TO regress_lint_owner;
SET ROLE regress_lint_owner;
SELECT severity, object FROM jurisdiction.lint()
	WHERE object NOT LIKE 'transfer_rule%' AND object NOT LIKE 'network%' AND object NOT LIKE '%evidence%';
RESET ROLE;
-- and no trap of theirs runs with the rights of who looks: values are not
-- read where a policy of somebody else would run
CREATE FUNCTION lint.trap(text) RETURNS boolean LANGUAGE plpgsql AS
	$$BEGIN RAISE WARNING 'the trap ran as %', current_user; RETURN true; END$$;
CREATE TABLE lint.baited (email text);
INSERT INTO lint.baited VALUES ('a@example.org');
ALTER TABLE lint.baited ENABLE ROW LEVEL SECURITY;
CREATE POLICY bait ON lint.baited USING (lint.trap(email));
GRANT SELECT ON lint.baited TO regress_lint_owner;
SET ROLE regress_lint_owner;
SELECT problem FROM jurisdiction.lint() WHERE object = 'lint.baited.email';
RESET ROLE;

SET client_min_messages = warning;
DROP PUBLICATION lint_weak, lint_plain, lint_sound;
DROP SCHEMA lint CASCADE;
DROP FOREIGN DATA WRAPPER lint_wrapper CASCADE;
DROP ROLE regress_lint_sound, regress_lint_super, regress_lint_bypass, regress_lint_copies,
	regress_lint_copies_sound, regress_lint_member, regress_lint_member_sound, regress_lint_tagged,
	regress_lint_broken, regress_lint_unknown, regress_lint_owner;
