--
-- Session: who and where a session is, from the tags of its roles, the site
-- and its purpose; what follows for labels.
--
-- Beside each "yes" stands a "no" that differs in one thing.  The suite's site
-- is DE.  Everything happens in a transaction that is rolled back, roles and
-- tags included.
--
\set VERBOSITY default
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
BEGIN;
CREATE ROLE regress_jur_anna;
CREATE ROLE regress_jur_ben;
CREATE ROLE regress_jur_visitor;
CREATE ROLE regress_jur_nurse;
CREATE ROLE regress_jur_ward;
CREATE ROLE regress_jur_proxy NOINHERIT;

-- what is said of a session besides who may act as officer
CREATE FUNCTION pg_temp.known() RETURNS TABLE (item text, value text, source text)
	LANGUAGE sql STABLE
	AS $$ SELECT * FROM jurisdiction.session() WHERE item <> 'officer' $$;
-- which of some labels a session may read
CREATE FUNCTION pg_temp.readable() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(label, '  ' ORDER BY n)
		FROM unnest('{unrestricted,DE:public,DE,DE/health,DE:confidential/health,DE:secret,
			FR,DE>FR,US>DE,US>*}'::text[]) WITH ORDINALITY AS l(label, n)
		WHERE jurisdiction.admits(label::jurisdiction.label)
$$;

--
-- Tags of roles.
--
SECURITY LABEL FOR jurisdiction ON ROLE regress_jur_anna
	IS 'at DE cleared confidential/health for research';
SECURITY LABEL FOR jurisdiction ON ROLE regress_jur_ben IS 'at FR';
SECURITY LABEL FOR jurisdiction ON ROLE regress_jur_ward IS 'at DE cleared secret';
SET ROLE regress_jur_visitor;
SECURITY LABEL FOR jurisdiction ON ROLE regress_jur_visitor IS 'at DE';	-- denied: no officer
RESET ROLE;

SET SESSION AUTHORIZATION regress_jur_anna;
SELECT * FROM pg_temp.known();
SELECT pg_temp.readable();
SELECT value FROM jurisdiction.session() WHERE item = 'officer';
SET SESSION AUTHORIZATION regress_jur_ben;
SELECT * FROM pg_temp.known();
SELECT pg_temp.readable();
-- no tag: the site is where it is, and it is cleared for nothing
SET SESSION AUTHORIZATION regress_jur_visitor;
SELECT * FROM pg_temp.known();
SELECT pg_temp.readable();
RESET SESSION AUTHORIZATION;
-- a superuser is a member of everything, and inherits nothing by that
SELECT pg_temp.readable();

--
-- SET ROLE: the places of both, the clearance of the outer role.
--
ALTER ROLE regress_jur_anna NOINHERIT;			-- before the grant: since 16 that keeps what was so then
GRANT regress_jur_ben TO regress_jur_anna;
SET SESSION AUTHORIZATION regress_jur_anna;
SELECT pg_temp.readable();						-- as before
SET ROLE regress_jur_ben;
SELECT * FROM pg_temp.known();
SELECT pg_temp.readable();						-- only what both places may have
RESET ROLE;
SELECT pg_temp.readable();						-- as before
RESET SESSION AUTHORIZATION;

--
-- INHERIT: each grant of each role, and all their places.
--
GRANT regress_jur_ward TO regress_jur_nurse, regress_jur_proxy;
SECURITY LABEL FOR jurisdiction ON ROLE regress_jur_nurse IS 'at DE cleared public/health';
SET SESSION AUTHORIZATION regress_jur_nurse;
SELECT item, value, source FROM pg_temp.known() WHERE item IN ('place', 'clearance');
SELECT pg_temp.readable();						-- grants do not mix: not DE/health
SET SESSION AUTHORIZATION regress_jur_proxy;
SELECT pg_temp.readable();						-- does not inherit
SET ROLE regress_jur_ward;
SELECT pg_temp.readable();						-- until it asks to
RESET SESSION AUTHORIZATION;
-- two steps away, and gone when the membership is
GRANT regress_jur_nurse TO regress_jur_visitor;
SET SESSION AUTHORIZATION regress_jur_visitor;
SELECT item, value, source FROM pg_temp.known() WHERE item IN ('place', 'clearance');
RESET SESSION AUTHORIZATION;
REVOKE regress_jur_nurse FROM regress_jur_visitor;
SET SESSION AUTHORIZATION regress_jur_visitor;
SELECT item, value, source FROM pg_temp.known() WHERE item IN ('place', 'clearance');
RESET SESSION AUTHORIZATION;
-- more places see less
GRANT regress_jur_ben TO regress_jur_ward;
SET SESSION AUTHORIZATION regress_jur_nurse;
SELECT pg_temp.readable();						-- France as well: sees less
RESET SESSION AUTHORIZATION;
REVOKE regress_jur_ben FROM regress_jur_ward;

--
-- A tag that changes counts at the next statement.
--
SET SESSION AUTHORIZATION regress_jur_ben;
SELECT jurisdiction.admits('FR:secret');				-- no
RESET SESSION AUTHORIZATION;
SECURITY LABEL FOR jurisdiction ON ROLE regress_jur_ben IS 'at FR cleared secret';
SET SESSION AUTHORIZATION regress_jur_ben;
SELECT jurisdiction.admits('FR:secret');				-- yes
RESET SESSION AUTHORIZATION;
SAVEPOINT before_tagging;
SECURITY LABEL FOR jurisdiction ON ROLE regress_jur_ben IS 'at FR cleared public';
SET SESSION AUTHORIZATION regress_jur_ben;
SELECT jurisdiction.admits('FR:secret');				-- no
ROLLBACK TO before_tagging;
SET SESSION AUTHORIZATION regress_jur_ben;
SELECT jurisdiction.admits('FR:secret');				-- yes
RESET SESSION AUTHORIZATION;

--
-- Purpose: only what the tag lists, and only while it lists it.
--
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, purposes, basis)
	VALUES ('allow', 'FR', 'DE', '{read}', '{research}', 'test: for research');
SET SESSION AUTHORIZATION regress_jur_anna;
SELECT jurisdiction.admits('FR');					-- no: no purpose
SET jurisdiction.purpose = 'marketing';					-- denied
SELECT jurisdiction.admits('FR');					-- no
SET jurisdiction.purpose = 'research';					-- ok
SELECT item, value, source FROM pg_temp.known() WHERE item = 'purpose';
SELECT jurisdiction.admits('FR');					-- yes
RESET jurisdiction.purpose;
SELECT jurisdiction.admits('FR');					-- no
SET LOCAL jurisdiction.purpose = 'research';
SELECT jurisdiction.admits('FR');					-- yes
RESET SESSION AUTHORIZATION;
-- the purpose stays declared, and is lawful for the role no more
SET SESSION AUTHORIZATION regress_jur_ben;
SHOW jurisdiction.purpose;
SELECT item, value, source FROM pg_temp.known() WHERE item = 'purpose';
SET jurisdiction.purpose = 'research';					-- denied: not listed for this role
RESET jurisdiction.purpose;
RESET SESSION AUTHORIZATION;

--
-- default_label(): the law of the places; the site's, of none.
--
SET SESSION AUTHORIZATION regress_jur_anna;
SELECT jurisdiction.default_label();					-- DE
SET ROLE regress_jur_ben;
SELECT jurisdiction.default_label();					-- both
SET SESSION AUTHORIZATION regress_jur_visitor;
SELECT jurisdiction.default_label();					-- the site
RESET SESSION AUTHORIZATION;
CREATE TEMP TABLE patient (id int, residency jurisdiction.label NOT NULL DEFAULT jurisdiction.default_label());
GRANT INSERT, SELECT ON patient TO PUBLIC;
SET SESSION AUTHORIZATION regress_jur_ben;
INSERT INTO patient (id) VALUES (1) RETURNING residency;
RESET SESSION AUTHORIZATION;

--
-- Exemptions, with their basis.
--
INSERT INTO jurisdiction.exemption (kind, role_name, until, basis)
	VALUES ('bypass', 'regress_jur_visitor', '2999-01-01 00:00+00', 'test: audit order 1'),
		   ('relabel', 'regress_jur_visitor', NULL, 'test: audit order 2');
SET SESSION AUTHORIZATION regress_jur_visitor;
SELECT item, value, source FROM pg_temp.known() WHERE item = 'exemption';
SET SESSION AUTHORIZATION regress_jur_ben;
SELECT item, value, source FROM pg_temp.known() WHERE item = 'exemption';
RESET SESSION AUTHORIZATION;

--
-- The backup tag is the role's own: it is not inherited.
--
SECURITY LABEL FOR jurisdiction ON ROLE regress_jur_ward IS 'backup';
SET SESSION AUTHORIZATION regress_jur_ward;
SELECT value FROM jurisdiction.session() WHERE item = 'backup';
SET SESSION AUTHORIZATION regress_jur_nurse;
SELECT value FROM jurisdiction.session() WHERE item = 'backup';
RESET SESSION AUTHORIZATION;

--
-- Functions run as their owner, and the session stays who it is.
--
CREATE FUNCTION pg_temp.as_owner() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
	AS $$ SELECT pg_temp.readable() $$;
SET SESSION AUTHORIZATION regress_jur_ben;
SELECT pg_temp.as_owner() = pg_temp.readable() AS the_same;
RESET SESSION AUTHORIZATION;

-- parallel workers are the same session
SET SESSION AUTHORIZATION regress_jur_anna;
SELECT CASE WHEN :SERVER_VERSION_NUM < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET LOCAL :parallel_mode = on;
SELECT jurisdiction.admits('DE:confidential/health') AS yes, jurisdiction.admits('DE:secret') AS no,
	   jurisdiction.default_label();
EXPLAIN (COSTS off) SELECT jurisdiction.admits('DE'), jurisdiction.default_label();
ROLLBACK;
