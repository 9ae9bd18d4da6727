--
-- COPY: TO is an export and loud, FROM checks every row.
--
CREATE SCHEMA enforce_copy;
SET search_path = enforce_copy;
SET client_min_messages = warning;
\set VERBOSITY terse

CREATE ROLE regress_enforce_copy_app;
CREATE ROLE regress_enforce_copy_de IN ROLE pg_read_server_files, pg_write_server_files, pg_execute_server_program;
CREATE ROLE regress_enforce_copy_jp IN ROLE pg_read_server_files, pg_write_server_files, pg_execute_server_program;
CREATE ROLE regress_enforce_copy_weak;			-- may not touch server files
GRANT ALL ON SCHEMA enforce_copy TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_copy_de IS 'at DE cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_copy_jp IS 'at JP cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_enforce_copy_weak IS 'at DE';
-- Japan may read what is public or internal, and export what is public
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, max_level, basis, during) VALUES
	('allow', 'DE', 'JP', '{read}', 'internal', 'regress: enforce_copy', tstzrange(now(), NULL)),
	('allow', 'DE', 'JP', '{export}', 'public', 'regress: enforce_copy', tstzrange(now(), NULL));

SET ROLE regress_enforce_copy_app;
CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, name text);
INSERT INTO patient VALUES (1, 'DE:public', 'Anna'), (2, 'DE', 'Bernd'), (3, 'DE', 'Clara'), (4, 'DE:confidential', 'Dora'), (5, 'US', 'Eve');
CREATE TABLE home (id int, residency jurisdiction.label NOT NULL);
INSERT INTO home VALUES (1, 'DE'), (2, 'DE:confidential');
CREATE TABLE plain (id int, note text);
INSERT INTO plain VALUES (1, 'x');
GRANT ALL ON patient, home, plain TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN home.residency IS 'rows';
CREATE FUNCTION named() RETURNS SETOF text STABLE LANGUAGE sql AS 'SELECT name FROM enforce_copy.patient ORDER BY id';
CREATE FUNCTION procedural() RETURNS SETOF text LANGUAGE plpgsql AS
	$$ BEGIN RETURN QUERY SELECT name FROM enforce_copy.patient ORDER BY id; END $$;
CREATE VIEW view AS SELECT * FROM patient;
GRANT SELECT ON view TO PUBLIC;
RESET ROLE;
SELECT current_setting('data_directory') || '/regress_enforce_copy.txt' AS file \gset
\set program 'cat >/dev/null'

--
-- COPY table TO STDOUT: all of it or nothing
--
\set VERBOSITY default
SET ROLE regress_enforce_copy_de;
COPY patient TO STDOUT;									-- denied: row 5 is not his to read
COPY home TO STDOUT;									-- ok: all is
SET ROLE regress_enforce_copy_jp;
COPY patient TO STDOUT;									-- denied: says how many may be read, and of others that there are some
\set VERBOSITY terse
COPY patient (id) TO STDOUT;							-- denied: one column is of every row
COPY patient TO STDOUT (FORMAT csv, HEADER);			-- denied
COPY patient TO STDOUT (FORMAT binary);					-- denied
COPY plain TO STDOUT;									-- ok: not tagged
COPY view TO STDOUT;									-- error: the server's

--
-- COPY (query) TO STDOUT: hidden rows are filtered, readable ones that may not
-- leave are an error, and then nothing was sent
--
\set VERBOSITY default
COPY (SELECT id, name FROM patient ORDER BY id) TO STDOUT;	-- denied: 2 and 3 may be read only
\set VERBOSITY terse
SELECT id, name FROM patient ORDER BY id;				-- ok: reading them is not exporting
COPY (SELECT id, name FROM patient WHERE id = 1) TO STDOUT;	-- ok: the query reads that one row
COPY (SELECT id, name FROM patient WHERE residency = 'DE:public') TO STDOUT;	-- ok: the label was asked for
COPY (SELECT count(*) FROM patient) TO STDOUT;			-- denied: a count is of them
COPY (SELECT name FROM view) TO STDOUT;					-- denied: through a view
COPY (SELECT * FROM named()) TO STDOUT;					-- denied: through a function
COPY (SELECT * FROM procedural()) TO STDOUT;			-- denied
COPY (WITH x AS MATERIALIZED (SELECT * FROM patient) SELECT 1 FROM x) TO STDOUT;	-- denied
COPY (SELECT note FROM plain WHERE EXISTS (SELECT FROM patient WHERE name = 'Bernd')) TO STDOUT;	-- denied
COPY (SELECT note FROM plain) TO STDOUT;				-- ok
COPY (UPDATE patient SET name = name WHERE residency = 'DE' RETURNING *) TO STDOUT;	-- denied
SELECT id, name FROM patient ORDER BY id;				-- and nothing has changed
SET ROLE regress_enforce_copy_de;
COPY (SELECT id, name FROM patient ORDER BY id) TO STDOUT;	-- ok: 1 to 4, all at home
COPY (SELECT * FROM procedural()) TO STDOUT;			-- ok
COPY (DELETE FROM patient WHERE id = 5 RETURNING *) TO STDOUT;	-- ok: none
COPY (INSERT INTO patient VALUES (6, 'DE', 'Fritz') RETURNING id) TO STDOUT;	-- ok
COPY (INSERT INTO patient VALUES (7, 'US', 'Gerd') RETURNING id) TO STDOUT;	-- denied: may not be stored
DELETE FROM patient WHERE id = 6;
BEGIN;
DO $$ BEGIN EXECUTE 'COPY enforce_copy.patient TO STDOUT'; END $$;	-- error: the server's
ROLLBACK;

--
-- To a file of the server: exported to where the server stands
--
COPY home TO :'file';									-- ok: DE data to DE
COPY patient TO :'file';								-- denied
COPY (SELECT name FROM patient WHERE id < 5) TO :'file';	-- ok
SET ROLE regress_enforce_copy_jp;
COPY (SELECT name FROM patient WHERE id < 4) TO :'file';	-- ok: what Japan may read, Germany may have
COPY patient TO :'file';								-- denied: not all of it is Japan's to read
SET ROLE regress_enforce_copy_weak;
\set VERBOSITY sqlstate
COPY (SELECT 1) TO :'file';								-- error: the server's
\set VERBOSITY terse

--
-- To a program: nobody knows where to
--
SET ROLE regress_enforce_copy_de;
COPY home TO PROGRAM :'program';						-- denied
COPY (SELECT name FROM patient WHERE id = 1) TO PROGRAM :'program';	-- denied
COPY plain TO PROGRAM :'program';						-- ok: not tagged
RESET ROLE;
CREATE TABLE open (id int, residency jurisdiction.label NOT NULL);
INSERT INTO open VALUES (1, 'DE>*'), (2, 'unrestricted');
ALTER TABLE open OWNER TO regress_enforce_copy_app;
GRANT ALL ON open TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN open.residency IS 'rows';
SET ROLE regress_enforce_copy_de;
COPY open TO PROGRAM :'program';						-- ok: released to everywhere
RESET ROLE;

-- static labels
CREATE TABLE static (id int);
INSERT INTO static VALUES (1);
ALTER TABLE static OWNER TO regress_enforce_copy_app;
GRANT ALL ON static TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON TABLE static IS 'DE';
SET ROLE regress_enforce_copy_de;
COPY static TO STDOUT;									-- ok
COPY static TO PROGRAM :'program';						-- denied
SET ROLE regress_enforce_copy_jp;
SELECT * FROM static;									-- ok: may be read
COPY static TO STDOUT;									-- denied: not exported
COPY (SELECT * FROM static) TO STDOUT;					-- denied
RESET ROLE;

-- whoever row security does not bind
COPY patient TO STDOUT;									-- denied: superuser
COPY (SELECT 1 FROM patient) TO STDOUT;					-- denied
SET ROLE regress_enforce_copy_app;
COPY patient TO STDOUT;									-- denied: owner without a tag
RESET ROLE;

--
-- COPY FROM
--
SET ROLE regress_enforce_copy_de;
COPY patient FROM STDIN;								-- ok
10	DE	Kai
11	DE:confidential/health	Leo
\.
COPY patient FROM STDIN;								-- denied: the second row may not be stored here
12	DE	Mia
13	US	Ned
\.
COPY patient FROM STDIN;								-- denied: beyond his clearance
12	DE:secret	Mia
\.
COPY patient FROM STDIN;								-- denied: no label
12	\N	Mia
\.
COPY patient (id, name) FROM STDIN;						-- denied: nor by default
12	Mia
\.
COPY patient FROM STDIN;								-- denied: an unknown place
12	XX	Mia
\.
COPY patient FROM STDIN;								-- error: no label at all
12	de	Mia
\.
COPY patient FROM STDIN;								-- denied: a release he may not give
12	DE>US	Mia
\.
COPY patient (name, residency, id) FROM STDIN (FORMAT csv, HEADER, NULL '-');	-- ok: columns in another order
name,residency,id
Mia,DE,12
\.
COPY patient FROM STDIN WHERE id < 20;					-- ok: what WHERE leaves out is not judged
14	DE	Ola
21	US	Pia
\.
COPY patient FROM STDIN WHERE id < 20 OR residency = 'DE';	-- denied: what it takes in is
22	DE	Ola
15	US	Pia
\.
COPY patient FROM STDIN (FREEZE);						-- error: the server's
15	DE	Ria
\.
COPY patient FROM STDIN;								-- error: the key, without detail of whose
5	DE	Sam
\.
COPY patient FROM STDIN (FORMAT nothing);				-- error
\.
COPY patient (nothing) FROM STDIN;						-- error
\.
COPY patient FROM :'file';								-- error: three fields were not written to it
SELECT id, residency FROM patient WHERE id > 5 ORDER BY id;	-- 10 11 12 14
SET ROLE regress_enforce_copy_weak;
COPY patient FROM :'file';								-- error: as the server has it
COPY patient FROM PROGRAM 'true';						-- error
SET ROLE regress_enforce_copy_jp;
COPY patient FROM STDIN;								-- denied: not his to write
15	DE	Tom
\.
SET ROLE regress_enforce_copy_app;
COPY patient FROM STDIN;								-- denied: the owner without a tag
15	DE	Tom
\.
REVOKE INSERT ON patient FROM PUBLIC;
SET ROLE regress_enforce_copy_de;
COPY patient FROM STDIN;								-- error: no privilege
15	DE	Tom
\.
RESET ROLE;
COPY patient FROM STDIN;								-- denied: superuser
15	DE	Tom
\.
GRANT INSERT ON patient TO PUBLIC;

-- a ceiling
CREATE TABLE capped (id int, residency jurisdiction.label NOT NULL DEFAULT jurisdiction.default_label());
ALTER TABLE capped OWNER TO regress_enforce_copy_app;
GRANT ALL ON capped TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN capped.residency IS 'rows within DE';
SET ROLE regress_enforce_copy_de;
COPY capped (id) FROM STDIN;							-- ok: the default
1
\.
COPY capped FROM STDIN;									-- error: beyond the ceiling
2	DE:confidential
\.
SELECT * FROM capped;
RESET ROLE;

-- triggers have the last word, and it is judged
SET ROLE regress_enforce_copy_app;
CREATE TABLE log (n int);
GRANT ALL ON log TO PUBLIC;
RESET ROLE;
SECURITY LABEL FOR jurisdiction ON TABLE log IS 'accepts DE';	-- or the trigger could tell by what it deletes
SET ROLE regress_enforce_copy_app;
CREATE FUNCTION relabel() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		DELETE FROM enforce_copy.log WHERE n < 0;		-- a command of its own, which counts
		IF NEW.name LIKE 'to %' THEN
			NEW.residency := substr(NEW.name, 4)::jurisdiction.label;
		END IF;
		RETURN NEW;
	END $$;
CREATE TRIGGER relabel BEFORE INSERT ON patient FOR EACH ROW EXECUTE FUNCTION relabel();
SET ROLE regress_enforce_copy_de;
COPY patient FROM STDIN;								-- denied: it was DE when it came
30	DE	Uwe
31	DE	to US
32	DE	Vera
\.
COPY patient FROM STDIN;								-- denied: what it became may not be stored
30	DE	to DE & US
\.
COPY patient FROM STDIN;								-- denied: down to a place without rules
30	DE	to DE>*
\.
COPY patient FROM STDIN;								-- ok: still his
30	DE	to DE:confidential
31	DE	Uwe
\.
INSERT INTO patient VALUES (33, 'DE', 'to US');			-- denied: as by INSERT
INSERT INTO patient VALUES (33, 'DE', 'to DE & US');	-- denied
SELECT id, residency FROM patient WHERE id >= 30 ORDER BY id;
SET ROLE regress_enforce_copy_app;
DROP TRIGGER relabel ON patient;
RESET ROLE;

-- a label made of other columns
CREATE TABLE made (id int, place text, residency jurisdiction.label NOT NULL
	GENERATED ALWAYS AS (CASE place WHEN 'us' THEN 'US'::jurisdiction.label ELSE 'DE' END) STORED);
ALTER TABLE made OWNER TO regress_enforce_copy_app;
GRANT ALL ON made TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN made.residency IS 'rows';
SET ROLE regress_enforce_copy_de;
COPY made FROM STDIN;									-- ok
1	de
\.
COPY made FROM STDIN;									-- denied
2	de
3	us
\.
SELECT * FROM made ORDER BY id;
RESET ROLE;

-- partitions: by the root, by the leaf, and a trigger on the leaf
SET ROLE regress_enforce_copy_app;
CREATE TABLE event (id int, residency jurisdiction.label NOT NULL, name text) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
CREATE TABLE event_2 (name text, residency jurisdiction.label NOT NULL, id int);
ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES FROM (10) TO (20);
SECURITY LABEL FOR jurisdiction ON COLUMN event.residency IS 'rows';
GRANT ALL ON event, event_1, event_2 TO PUBLIC;
SET ROLE regress_enforce_copy_de;
COPY event FROM STDIN;									-- ok
1	DE	a
11	DE	b
\.
COPY event FROM STDIN;									-- denied
2	DE	a
12	US	b
\.
COPY event_2 FROM STDIN;								-- ok
c	DE	13
\.
COPY event_2 FROM STDIN;								-- denied
c	US	14
\.
SET ROLE regress_enforce_copy_app;
CREATE TRIGGER relabel BEFORE INSERT ON event_2 FOR EACH ROW EXECUTE FUNCTION relabel();
SET ROLE regress_enforce_copy_de;
COPY event FROM STDIN;									-- denied
3	DE	to US
15	DE	to US
\.
COPY event FROM STDIN;									-- denied
15	DE	to DE & US
\.
COPY event FROM STDIN;									-- ok: the first has no trigger
3	DE	to US
\.
COPY event TO STDOUT;									-- error: the server's
COPY (SELECT tableoid::regclass, * FROM event ORDER BY id) TO STDOUT;	-- ok
COPY event_1 TO STDOUT;									-- ok
RESET ROLE;

-- a static label is the floor of what is loaded
SET ROLE regress_enforce_copy_de;
COPY static FROM STDIN;									-- ok
2
\.
SET ROLE regress_enforce_copy_jp;
COPY static FROM STDIN;									-- denied
3
\.
RESET ROLE;

-- an application's own policies
SET ROLE regress_enforce_copy_app;
CREATE POLICY app_select ON home FOR SELECT USING (true);
CREATE POLICY app_insert ON home FOR INSERT WITH CHECK (id < 100);
SET ROLE regress_enforce_copy_de;
INSERT INTO home VALUES (100, 'DE');					-- denied: the application's
COPY home FROM STDIN;									-- error: the server's, since it cannot ask the application's
3	DE
\.
INSERT INTO home VALUES (3, 'DE');						-- ok
INSERT INTO home VALUES (4, 'US');						-- denied: ours
COPY home TO STDOUT;									-- ok
SET ROLE regress_enforce_copy_app;
DROP POLICY app_select ON home;
DROP POLICY app_insert ON home;
SET ROLE regress_enforce_copy_de;
COPY home FROM STDIN;									-- ok
4	DE
\.
RESET ROLE;

-- what was written there is overwritten
COPY (SELECT '') TO :'file';
UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now())
	WHERE basis = 'regress: enforce_copy' AND upper_inf(during);
DROP SCHEMA enforce_copy CASCADE;
DROP ROLE regress_enforce_copy_app, regress_enforce_copy_de, regress_enforce_copy_jp, regress_enforce_copy_weak;
