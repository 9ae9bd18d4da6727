-- What every path is tried on: tables whose owner is "clinic", the same in
-- the tagged database and in the open one.  The canary is the word that
-- begins with "quo", or the number 48151623; where only counts can tell,
-- patient has 3 rows that may be seen and 711 that may not.
--
--   patient     row labels; hidden rows 1001 to 1711; in the visible rows
--               diagnosis and salary are masked
--   vault       a label for the whole table
--   measure     partitioned; what is hidden lies in measure_high
--   person      has the child nurse
--   digest      a materialized view with a label
--   visit       no tag; refers to patient, ON DELETE and ON UPDATE CASCADE
--   ledger      row labels; its owner, "founder", carries no tag
--   hall        a schema that everybody may write to and read
--
-- modules that were there before the extension, so that they are loaded
CREATE EXTENSION amcheck;
CREATE EXTENSION dblink;
CREATE EXTENSION file_fdw;
CREATE EXTENSION pageinspect;
CREATE EXTENSION pg_visibility;
CREATE EXTENSION pg_walinspect;
CREATE EXTENSION pgrowlocks;
CREATE EXTENSION pgstattuple;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION jurisdiction;

CREATE SCHEMA hall;
GRANT ALL ON SCHEMA hall, public TO PUBLIC;
CREATE SCHEMA anna AUTHORIZATION anna;
CREATE SCHEMA visitor AUTHORIZATION visitor;
CREATE SCHEMA clinic AUTHORIZATION clinic;
CREATE SCHEMA chief AUTHORIZATION chief;
CREATE SCHEMA passer AUTHORIZATION passer;
CREATE SCHEMA doctor AUTHORIZATION doctor;
CREATE SCHEMA founder AUTHORIZATION founder;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE clinic GRANT ALL ON TABLES TO PUBLIC;

CREATE TABLE hall.leaflet (id int PRIMARY KEY, line text);
INSERT INTO hall.leaflet VALUES (1, 'visit us');
CREATE SEQUENCE hall.ticket;
GRANT ALL ON SEQUENCE hall.ticket TO PUBLIC;

SET search_path = public;
SET ROLE clinic;
CREATE TABLE patient (
	id int PRIMARY KEY,
	residency jurisdiction.label NOT NULL DEFAULT 'DE',
	name text,
	diagnosis text,
	salary int,
	code int,
	note text
);
ALTER TABLE patient ALTER note SET STORAGE EXTERNAL;
INSERT INTO patient
	SELECT g, 'DE', 'patient ' || g, 'quo' || 'kka_column', 48151623, g, 'nothing'
	  FROM generate_series(1, 3) g;
INSERT INTO patient
	SELECT g, 'DE:restricted/health', 'quo' || 'kka_row', 'quo' || 'kka_row', 48151623, 48151623,
		   CASE WHEN g = 1001 THEN repeat('quo' || 'kka_toast ', 400) END
	  FROM generate_series(1001, 1711) g;
CREATE INDEX patient_name ON patient (name);
CREATE INDEX patient_code ON patient (code);

CREATE TABLE vault (id int PRIMARY KEY, word text, code int);
INSERT INTO vault SELECT g, 'quo' || 'kka_table', 48151623 FROM generate_series(1, 9) g;

CREATE TABLE measure (id int, residency jurisdiction.label NOT NULL, word text)
	PARTITION BY RANGE (id);
CREATE TABLE measure_low PARTITION OF measure FOR VALUES FROM (1) TO (100);
CREATE TABLE measure_high PARTITION OF measure FOR VALUES FROM (100) TO (1000);
INSERT INTO measure VALUES (1, 'DE', 'low'), (101, 'DE:restricted/health', 'quo' || 'kka_partition');

CREATE TABLE person (id int, residency jurisdiction.label NOT NULL, name text);
CREATE TABLE nurse (ward int) INHERITS (person);
INSERT INTO nurse VALUES (1, 'DE', 'carla', 1), (2, 'DE:restricted/health', 'quo' || 'kka_child', 1);

CREATE MATERIALIZED VIEW digest AS SELECT id, name FROM patient;

CREATE TABLE visit (
	id int PRIMARY KEY,
	patient int REFERENCES patient ON DELETE CASCADE ON UPDATE CASCADE,
	remark text
);
INSERT INTO visit VALUES (1, 1, 'first'), (2, 1001, 'second');

CREATE STATISTICS patient_both (mcv, ndistinct, dependencies) ON name, diagnosis FROM patient;
ANALYZE patient, vault, measure, person, nurse, visit;
SET ROLE founder;
CREATE TABLE ledger (id int, residency jurisdiction.label NOT NULL, word text);
INSERT INTO ledger SELECT g, 'DE:restricted/health', 'quo' || 'kka_ledger' FROM generate_series(1, 9) g;
ANALYZE ledger;
RESET ROLE;
GRANT ALL ON ALL TABLES IN SCHEMA public, hall TO PUBLIC;

-- What somebody else finds afterwards, beside the tables of the clinic: every
-- row of every table without a tag, and what is kept outside of tables.
CREATE FUNCTION sweep() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	rel record;
BEGIN
	FOR rel IN SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relkind IN ('r', 'm', 'S', 'p') AND nspname !~ '^(pg_catalog|pg_toast|information_schema|jurisdiction|public)'
		  AND NOT EXISTS (SELECT FROM pg_seclabel l WHERE provider = 'jurisdiction' AND objoid = c.oid)
	LOOP
		BEGIN
			RETURN QUERY EXECUTE format('SELECT %L || ROW(t.*)::text FROM %s t', rel.name || ': ', rel.name);
		EXCEPTION WHEN OTHERS THEN
			RETURN NEXT rel.name || ': ' || SQLERRM;
		END;
	END LOOP;
	RETURN QUERY SELECT 'comment: ' || description FROM pg_description WHERE objoid >= 16384;
	RETURN QUERY SELECT 'large object: ' || encode(data, 'escape') FROM pg_largeobject;
	RETURN QUERY SELECT 'transaction: ' || gid FROM pg_prepared_xacts;
	RETURN QUERY SELECT 'relation: ' || relname FROM pg_class WHERE oid >= 16384;
	RETURN QUERY SELECT 'function: ' || proname || prosrc FROM pg_proc WHERE oid >= 16384;
	RETURN QUERY SELECT 'default: ' || pg_get_expr(adbin, adrelid) FROM pg_attrdef;
	RETURN QUERY SELECT 'setting: ' || s::text FROM pg_db_role_setting s;
	RETURN QUERY SELECT 'label: ' || label FROM pg_seclabel;
	RETURN QUERY SELECT 'view: ' || definition FROM pg_views WHERE schemaname = 'hall';
	RETURN QUERY SELECT 'activity: ' || a::text FROM pg_stat_activity a;
END$$;
