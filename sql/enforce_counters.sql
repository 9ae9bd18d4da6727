--
-- Counters: how many rows a query met does not tell what is hidden among them.
-- eve may read ten rows; of those she may not, ten are called "canary".
--
CREATE SCHEMA enforce_counters;
GRANT ALL ON SCHEMA enforce_counters TO PUBLIC;
SET search_path = enforce_counters;
CREATE ROLE regress_counters_eve;
CREATE ROLE regress_counters_watch;
SECURITY LABEL FOR jurisdiction ON ROLE regress_counters_eve IS 'at DE';
GRANT pg_monitor TO regress_counters_watch;
CREATE TABLE visit (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, place text);
INSERT INTO visit
	SELECT g, (CASE WHEN g <= 10 THEN 'DE' ELSE 'DE:confidential/health' END)::jurisdiction.label,
		   CASE WHEN g <= 990 THEN 'home' || g ELSE 'canary' END
	  FROM generate_series(1, 1000) g;
CREATE INDEX visit_place ON visit (place);
CREATE TABLE plain AS SELECT g AS id FROM generate_series(1, 100) g;
ANALYZE visit, plain;
SECURITY LABEL FOR jurisdiction ON COLUMN visit.residency IS 'rows within DE:confidential/health';
GRANT SELECT ON ALL TABLES IN SCHEMA enforce_counters TO PUBLIC;

SET ROLE regress_counters_eve;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
BEGIN;
SELECT count(*) FROM visit WHERE place = 'canary';						-- 0
SELECT relname, idx_scan > 0 AS scanned, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables
	WHERE relid = 'visit'::regclass;										-- null
SELECT count(*) FROM plain;
SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relid = 'plain'::regclass;	-- ok: untagged
COMMIT;
-- in every view of them
SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relid = 'visit'::regclass;
SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_all_tables WHERE relid = 'visit'::regclass;
SELECT DISTINCT idx_tup_read, idx_tup_fetch FROM pg_stat_user_indexes WHERE relid = 'visit'::regclass;
SELECT heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit FROM pg_statio_user_tables WHERE relid = 'visit'::regclass;
SELECT DISTINCT idx_blks_read, idx_blks_hit FROM pg_statio_user_indexes WHERE relid = 'visit'::regclass;
SELECT tup_returned, tup_fetched, blks_hit, blks_read, xact_commit >= 0 AS rest_is_shown
	FROM pg_stat_database WHERE datname = current_database();
SELECT count(idx_tup_fetch) > 0 AS of_catalogs FROM pg_stat_sys_tables;	-- ok
SELECT count(idx_tup_read) > 0 AS of_catalogs FROM pg_stat_sys_indexes;	-- ok
-- and past them
SELECT pg_stat_get_xact_tuples_fetched('visit'::regclass);				-- null
SELECT * FROM pg_stat_get_tuples_fetched('visit'::regclass);			-- null
SELECT jurisdiction.counter('pg_stat_get_tuples_fetched'::regproc, 'visit'::regclass);	-- null
SELECT jurisdiction.counter('pg_stat_get_numscans'::regproc, 'visit'::regclass);	-- error: none of these
CREATE FUNCTION inlined(oid) RETURNS bigint LANGUAGE sql
	AS 'SELECT pg_catalog.pg_stat_get_xact_tuples_fetched($1)';
SELECT inlined('visit'::regclass);										-- denied
CREATE FUNCTION not_inlined(oid) RETURNS bigint LANGUAGE plpgsql
	AS 'BEGIN RETURN pg_catalog.pg_stat_get_xact_tuples_fetched($1); END';
SELECT not_inlined('visit'::regclass);									-- null
CREATE VIEW seen AS SELECT pg_stat_get_tuples_returned('visit'::regclass) AS n;
SELECT * FROM seen;														-- null
SELECT id FROM plain WHERE pg_stat_get_tuples_returned('visit'::regclass) > 0;	-- nothing
PREPARE reads AS SELECT pg_stat_get_tuples_returned('visit'::regclass) IS NULL AS hidden;
EXECUTE reads;															-- true
-- ours as well
SELECT decisions, cache_hits, rows_hidden, rows_allowed >= 0 AS rest_is_shown FROM jurisdiction.stat;

-- monitoring sees them, a prepared statement of its own included
SET ROLE regress_counters_watch;
EXECUTE reads;															-- false
SELECT seq_tup_read >= 0 AS shown FROM pg_stat_user_tables WHERE relid = 'visit'::regclass;
SELECT inlined('visit'::regclass) >= 0 AS shown;						-- ok
SELECT rows_hidden >= 0 AS shown FROM jurisdiction.stat;				-- ok
SELECT tup_returned >= 0 AS shown FROM pg_stat_database WHERE datname = current_database();

RESET ROLE;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA enforce_counters CASCADE;
DROP ROLE regress_counters_eve, regress_counters_watch;
