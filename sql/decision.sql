--
-- The decision: admits() says yes or no for this session, explain() says why,
-- for this session or a supposed one, now or on another day.
--
-- The site is DE.  That each step decides what it should is in test/interop
-- (363 cases); here: who is asked about, what is taken for an argument, and
-- that what changes is noticed at once.
--
\set VERBOSITY default
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET client_min_messages = warning;

CREATE ROLE regress_decision_de;
CREATE ROLE regress_decision_us;
CREATE ROLE regress_decision_both;		-- in two places: each must be allowed
CREATE ROLE regress_decision_none;		-- has no tag
CREATE ROLE regress_decision_bypass;	-- is exempt
SECURITY LABEL FOR jurisdiction ON ROLE regress_decision_de IS 'at DE cleared confidential/health,personal for research';
SECURITY LABEL FOR jurisdiction ON ROLE regress_decision_us IS 'at US cleared restricted/*';
SECURITY LABEL FOR jurisdiction ON ROLE regress_decision_both IS 'at DE, US cleared confidential/*';

--
-- admits(): this session
--
SET ROLE regress_decision_de;
SELECT jurisdiction.admits('DE:confidential/health');			-- ok: at home, cleared
SELECT jurisdiction.admits('DE:restricted/health');				-- denied: the level
SELECT jurisdiction.admits('DE/financial');						-- denied: the category
SELECT jurisdiction.admits('US');								-- denied: no rule
SELECT jurisdiction.admits('US>DE');							-- ok: released to DE
SELECT jurisdiction.admits('US>FR');							-- denied: released to FR
SELECT jurisdiction.admits('DE & US>DE');						-- ok: both atoms
SELECT jurisdiction.admits('DE & US');							-- denied: one of them
SELECT jurisdiction.admits('EU');								-- ok: Germany lies in the Union
SELECT jurisdiction.admits('XX>*');								-- denied: there is no such place
SELECT jurisdiction.admits('unrestricted');						-- ok
SELECT jurisdiction.admits(NULL);								-- denied, not NULL
SELECT jurisdiction.admits(NULL, 'export');						-- denied, not NULL
SELECT action, jurisdiction.admits('DE', action) AS de, jurisdiction.admits('US', action) AS us
	FROM unnest('{read,export,store,unseal,write}'::text[]) AS action;
SELECT jurisdiction.admits('DE:secret', 'store');				-- ok: storing needs no clearance
SELECT jurisdiction.admits('DE', 'reed');						-- an error: no such action
SELECT jurisdiction.admits('DE', NULL);							-- an error: no action

SET ROLE regress_decision_us;
SELECT jurisdiction.admits('US:restricted/financial');			-- ok
SELECT jurisdiction.admits('DE');								-- denied
SELECT jurisdiction.admits('DE', 'store');						-- ok: what is stored is at the site

SET ROLE regress_decision_both;
SELECT jurisdiction.admits('DE>US');							-- ok: at home in one, released to the other
SELECT jurisdiction.admits('DE');								-- denied: not in the other

SET ROLE regress_decision_none;
SELECT jurisdiction.admits('DE');								-- denied: not cleared for anything
SELECT jurisdiction.admits('DE:public>*');						-- denied
SELECT jurisdiction.admits('unrestricted');						-- ok
RESET ROLE;

--
-- explain(): a row for each atom and destination
--
SET ROLE regress_decision_both;
SELECT * FROM jurisdiction.explain('DE>US & FR');
SELECT * FROM jurisdiction.explain('unrestricted');
SELECT * FROM jurisdiction.explain('DE:secret', 'store');
SELECT * FROM jurisdiction.explain('DE/helth & XX');
SELECT * FROM jurisdiction.explain(NULL);
SELECT * FROM jurisdiction.explain('DE', 'reed');				-- an error
RESET ROLE;

-- what is not supposed is this session's
SET ROLE regress_decision_de;
SELECT atom, destination, verdict, decided_by FROM jurisdiction.explain('DE:restricted/financial');
SELECT atom, destination, verdict, decided_by FROM jurisdiction.explain('DE:restricted/financial', cleared => 'restricted/financial');
SELECT atom, destination, verdict, decided_by FROM jurisdiction.explain('DE:restricted/financial', cleared => ' restricted / * ');
SELECT atom, destination, verdict, decided_by FROM jurisdiction.explain('DE', at => '{US,DE-BY}');
SELECT atom, destination, verdict, decided_by FROM jurisdiction.explain('DE', 'store', at => '{US}');
SELECT atom, destination, verdict, decided_by FROM jurisdiction.explain('GB>EU', as_of => '2020-01-31');
SELECT atom, destination, verdict, decided_by FROM jurisdiction.explain('EU', at => '{GB}', as_of => '2020-01-31');
SELECT atom, destination, verdict, decided_by FROM jurisdiction.explain('EU', at => '{GB}', as_of => '2020-02-01');
RESET ROLE;

-- a bare date begins at 00:00 UTC, wherever the session is; a time is the session's
SET timezone = 'America/New_York';
SELECT as_of, (jurisdiction.explain('EU', at => '{GB}', cleared => 'internal', as_of => as_of)).verdict
	FROM unnest('{2020-01-31,2020-02-01,20200201,2020-01-31 18:59:59,2020-01-31 19:00,2020-02-01 00:00+01}'::text[]) AS as_of;
SET timezone = 'UTC';

-- arguments that are none
SELECT * FROM jurisdiction.explain('DE', at => '{UK}');
SELECT * FROM jurisdiction.explain('DE', at => '{}');
SELECT * FROM jurisdiction.explain('DE', at => '{DE,NULL}');
SELECT * FROM jurisdiction.explain('DE', cleared => 'top');
SELECT * FROM jurisdiction.explain('DE', cleared => '');
SELECT * FROM jurisdiction.explain('DE', cleared => 'secret/helth');
SELECT * FROM jurisdiction.explain('DE', cleared => 'secret/*,health');
SELECT * FROM jurisdiction.explain('DE', cleared => 'secret officer');
SELECT * FROM jurisdiction.explain('DE', purpose => 'Research!');
SELECT * FROM jurisdiction.explain('DE', as_of => 'yesteryear');
SELECT * FROM jurisdiction.explain('DE', as_of => '2020-02-30');
SELECT * FROM jurisdiction.explain('DE', as_of => 'infinity');
SELECT * FROM jurisdiction.explain('DE', as_of => '');
SELECT * FROM jurisdiction.explain('DE', as_of => '999999-01-01');
SELECT * FROM jurisdiction.explain('DE', party => 'ACME');

--
-- Rules: noticed at once, and forgotten with the transaction
--
BEGIN;
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, max_level, purposes, basis)
	VALUES (9001, 'allow', 'US', 'EU', '{read}', NULL, '{research}', 'test: research'),
		(9002, 'allow', 'US', 'DE', '{read,export}', 'internal', NULL, 'test: contract');
SET LOCAL ROLE regress_decision_de;
SELECT * FROM jurisdiction.explain('US');						-- ok: the contract
SELECT jurisdiction.admits('US');								-- ok
SELECT jurisdiction.admits('US:confidential');					-- denied: above max_level
SET LOCAL jurisdiction.purpose = 'research';
SELECT * FROM jurisdiction.explain('US');						-- ok: research, the lower id
SELECT jurisdiction.admits('US:confidential');					-- ok: research has no max_level
SELECT verdict, decided_by FROM jurisdiction.explain('US:confidential', purpose => 'marketing');	-- denied
SELECT jurisdiction.admits('US', 'export');						-- ok: the contract
SELECT jurisdiction.admits('US', 'unseal');						-- denied: no rule lists it
RESET ROLE;
SAVEPOINT before;
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, categories, basis)
	VALUES (9003, 'deny', 'US', 'DE', '{read,store}', '{special_category}', 'test: embargo');
SET LOCAL ROLE regress_decision_de;
SELECT * FROM jurisdiction.explain('US/health');				-- denied: health is special
SELECT jurisdiction.admits('US/health>DE');						-- denied: in spite of the release
SELECT jurisdiction.admits('US/personal');						-- ok: personal is broader
SELECT jurisdiction.admits('US/health', 'store');				-- denied: at the site
RESET ROLE;
ROLLBACK TO before;
SET LOCAL ROLE regress_decision_de;
SELECT jurisdiction.admits('US/health');						-- ok: the embargo is gone
RESET ROLE;
ROLLBACK;
SET ROLE regress_decision_de;
SELECT jurisdiction.admits('US');								-- denied: so is the contract
RESET ROLE;

-- a prepared statement asks anew
BEGIN;
SET LOCAL ROLE regress_decision_de;
PREPARE asks AS SELECT jurisdiction.admits('US');
SET LOCAL plan_cache_mode = force_generic_plan;
EXECUTE asks;													-- denied
RESET ROLE;
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis)
	VALUES (9004, 'allow', 'US', 'DE', '{read}', 'test: contract');
SET LOCAL ROLE regress_decision_de;
EXECUTE asks;													-- ok
SET LOCAL ROLE regress_decision_none;
EXECUTE asks;													-- denied: another session
RESET ROLE;
ROLLBACK;
DEALLOCATE asks;

-- an older snapshot does not see an older policy
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT verdict, decided_by FROM jurisdiction.explain('FR', at => '{JP}', cleared => 'internal');	-- denied
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis)
	VALUES (9005, 'allow', 'FR', 'JP', '{read}', 'test: contract');
SELECT verdict, decided_by, rule_id FROM jurisdiction.explain('FR', at => '{JP}', cleared => 'internal');	-- ok
ROLLBACK;

-- the policy is read only when it has changed
BEGIN;
SELECT jurisdiction.admits('DE') IS NOT NULL AS asked;
SELECT policy_loads AS loads FROM jurisdiction.stat \gset
SELECT count(jurisdiction.admits('DE')), count(verdict)
	FROM generate_series(1, 100), jurisdiction.explain('DE', at => '{US}');
SELECT policy_loads - :loads AS loads FROM jurisdiction.stat;
ROLLBACK;

-- in a parallel worker, which knows nothing of its leader's rules
BEGIN;
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis)
	VALUES (9006, 'allow', 'US', 'DE', '{read}', 'test: contract');
SET LOCAL ROLE regress_decision_de;
SELECT CASE WHEN :SERVER_VERSION_NUM < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET LOCAL :parallel_mode = on;
SELECT jurisdiction.admits('US'), jurisdiction.admits('FR');	-- ok, denied
SELECT verdict, rule_id FROM jurisdiction.explain('US');		-- ok
RESET ROLE;
ROLLBACK;

--
-- Exemptions: the role's own, now
--
BEGIN;
INSERT INTO jurisdiction.exemption (kind, role_name, until, basis)
	VALUES ('bypass', 'regress_decision_bypass', now() + interval '1 hour', 'test: incident 7');
SET LOCAL ROLE regress_decision_bypass;
SELECT * FROM jurisdiction.explain('US:secret/health');			-- ok: exempt
SELECT jurisdiction.admits('US:secret', 'export');				-- ok: exempt
SELECT verdict, decided_by FROM jurisdiction.explain('US', 'store');		-- denied: no exemption for the site
SELECT verdict, decided_by FROM jurisdiction.explain('XX/helth');		-- denied: a mistake is no law
SELECT verdict, decided_by FROM jurisdiction.explain('US', cleared => 'secret/*');	-- denied: somebody else is supposed
SELECT verdict, decided_by FROM jurisdiction.explain('US', as_of => '2020-01-01');	-- denied: another day is
SET LOCAL ROLE regress_decision_none;
SELECT verdict, decided_by FROM jurisdiction.explain('US:secret/health');	-- denied: another role
RESET ROLE;
ROLLBACK;

--
-- A row that cannot be understood: no policy, not one rule less
--
BEGIN;
ALTER TABLE jurisdiction.transfer_rule DISABLE TRIGGER USER;
INSERT INTO jurisdiction.transfer_rule (id, effect, origin, destination, actions, basis)
	VALUES (9007, 'deny', 'DE', 'DE', '{reed}', 'test: misspelt');
SELECT jurisdiction.admits('unrestricted');						-- an error: nothing is decided
ROLLBACK;
SET ROLE regress_decision_de;
SELECT jurisdiction.admits('DE');								-- ok: the row is gone
RESET ROLE;

SECURITY LABEL FOR jurisdiction ON ROLE regress_decision_de IS NULL;
SECURITY LABEL FOR jurisdiction ON ROLE regress_decision_us IS NULL;
SECURITY LABEL FOR jurisdiction ON ROLE regress_decision_both IS NULL;
DROP ROLE regress_decision_de, regress_decision_us, regress_decision_both,
	regress_decision_none, regress_decision_bypass;

--
-- Labels that nobody could ever satisfy
--
SELECT jurisdiction.satisfiable('DE/health');				-- true: at home
SELECT jurisdiction.satisfiable('DE & EU');					-- true: in Germany
SELECT jurisdiction.satisfiable('DE>DE & US>US');			-- false: each stays at home
SELECT jurisdiction.satisfiable('DE>US & US>US');			-- true: in the United States
SELECT jurisdiction.satisfiable('unrestricted');			-- true
SELECT jurisdiction.satisfiable('XX');						-- false: no such place
