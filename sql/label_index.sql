--
-- Labels in indexes, sorts, joins and partitions, all by canonical text.
--
CREATE SCHEMA label_index;
SET search_path = label_index;

CREATE TABLE record (id int, l jurisdiction.label);
INSERT INTO record
SELECT i, (ARRAY['unrestricted', 'DE', 'DE:secret', 'DE/health,personal', 'FR>CH', 'FR>*',
				 'US', 'US-CA', 'EU & DE', 'DE/unheard_of', 'EAR_A5', 'NL:public'])[1 + i % 12]::jurisdiction.label
FROM generate_series(1, 1200) i;
ANALYZE record;

--
-- The order is that of canonical text, byte by byte, in every pair.
--
SELECT count(*) AS pairs,
	bool_and((a.l OPERATOR(jurisdiction.<) b.l) = (a.l::text COLLATE "C" < b.l::text COLLATE "C")) AS less,
	bool_and((a.l OPERATOR(jurisdiction.<=) b.l) = (a.l::text COLLATE "C" <= b.l::text COLLATE "C")) AS less_or_equal,
	bool_and((a.l OPERATOR(jurisdiction.>) b.l) = (a.l::text COLLATE "C" > b.l::text COLLATE "C")) AS greater,
	bool_and((a.l OPERATOR(jurisdiction.>=) b.l) = (a.l::text COLLATE "C" >= b.l::text COLLATE "C")) AS greater_or_equal,
	bool_and((a.l = b.l) = (a.l::text = b.l::text)) AS equal,
	bool_and((a.l <> b.l) = (a.l::text <> b.l::text)) AS unequal,
	bool_and(jurisdiction.label_cmp(a.l, b.l) = - jurisdiction.label_cmp(b.l, a.l)
			 OR sign(jurisdiction.label_cmp(a.l, b.l)) = - sign(jurisdiction.label_cmp(b.l, a.l))) AS symmetric,
	bool_and(a.l <> b.l OR jurisdiction.label_hash(a.l) = jurisdiction.label_hash(b.l)) AS hashed_alike,
	bool_and(a.l <> b.l OR jurisdiction.label_hash_extended(a.l, 42) = jurisdiction.label_hash_extended(b.l, 42)) AS and_with_seed
FROM (SELECT DISTINCT l FROM record) a, (SELECT DISTINCT l FROM record) b;
SELECT count(DISTINCT jurisdiction.label_hash(l)) AS hashes,
	count(DISTINCT jurisdiction.label_hash_extended(l, 1)) AS extended,
	bool_and(jurisdiction.label_hash_extended(l, 1) <> jurisdiction.label_hash_extended(l, 2)) AS seeded
FROM record;

-- "<" is not in pg_catalog: it would be mistaken for the lattice
SELECT 'DE'::jurisdiction.label < 'FR';								-- error
SELECT 'DE'::jurisdiction.label OPERATOR(jurisdiction.<) 'FR';		-- ok

-- sort, DISTINCT, GROUP BY
SELECT l, count(*) FROM record GROUP BY l ORDER BY l;
SELECT DISTINCT l FROM record ORDER BY l DESC LIMIT 3;
SELECT count(DISTINCT l) FROM record;

--
-- btree
--
CREATE INDEX record_l ON record (l);
VACUUM ANALYZE record;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM record WHERE l = 'DE:internal';
SELECT count(*) FROM record WHERE l = 'DE:internal';				-- ok
SELECT count(*) FROM record WHERE l = 'DE:restricted';				-- none
EXPLAIN (COSTS OFF) SELECT count(*) FROM record WHERE l = ANY ('{US,US-CA,US-NY}');
SELECT count(*) FROM record WHERE l = ANY ('{US,US-CA,US-NY}');
SELECT count(*) FROM record WHERE l <> 'DE';
EXPLAIN (COSTS OFF) SELECT l FROM record ORDER BY l DESC LIMIT 1;
SELECT l FROM record ORDER BY l DESC LIMIT 1;
SELECT count(*) FROM record WHERE l OPERATOR(jurisdiction.<) 'DE:secret';
-- rows inserted and deleted after the index was built
INSERT INTO record VALUES (0, 'DE : internal'), (0, 'CH');
DELETE FROM record WHERE l = 'US';
SELECT l, count(*) FROM record WHERE l = ANY ('{CH,DE,US}') GROUP BY l ORDER BY l;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- a key is a key in any spelling
CREATE TABLE ceiling (l jurisdiction.label PRIMARY KEY, note text);
INSERT INTO ceiling VALUES ('DE/health,personal', 'first');			-- ok
INSERT INTO ceiling VALUES ('DE:internal/personal,health', 'again');	-- error: the same label
INSERT INTO ceiling VALUES ('DE:secret/personal,health', 'other');	-- ok
INSERT INTO ceiling VALUES ('DE/personal,health', 'upsert')
	ON CONFLICT (l) DO UPDATE SET note = excluded.note;				-- ok: updates
SELECT * FROM ceiling ORDER BY l;

-- as with any type, an index refuses what is too large for its page
\set VERBOSITY sqlstate
INSERT INTO ceiling SELECT string_agg(format('DE/c%s', left(md5(i::text), 30)), ' & ')::jurisdiction.label
FROM generate_series(1, 1000) i;	-- error
\set VERBOSITY default
INSERT INTO ceiling SELECT string_agg(format('DE/c%s', left(md5(i::text), 30)), ' & ')::jurisdiction.label
FROM generate_series(1, 20) i;		-- ok
SELECT count(*) FROM ceiling;

--
-- hash
--
DROP INDEX record_l;
CREATE INDEX record_l ON record USING hash (l);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM record WHERE l = 'FR>FR,CH';
SELECT count(*) FROM record WHERE l = 'FR>FR,CH';					-- ok
SELECT count(*) FROM record WHERE l = 'FR>FR';						-- none
RESET enable_seqscan;
RESET enable_bitmapscan;
DROP INDEX record_l;

--
-- Joins: all three ways give the same.
--
CREATE TABLE cleared (l jurisdiction.label);
INSERT INTO cleared VALUES ('DE'), ('FR>CH'), ('EU&DE'), ('GB');
ANALYZE cleared;
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM record JOIN cleared USING (l);
SELECT count(*) FROM record JOIN cleared USING (l);
SET enable_mergejoin = on;
SET enable_hashjoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM record JOIN cleared USING (l);
SELECT count(*) FROM record JOIN cleared USING (l);
SET enable_mergejoin = off;
SET enable_nestloop = on;
SELECT count(*) FROM record JOIN cleared USING (l);
SELECT count(*) FROM record r WHERE NOT EXISTS (SELECT FROM cleared c WHERE r.l <@ c.l);
RESET enable_mergejoin;
RESET enable_hashjoin;
RESET enable_nestloop;

-- estimates come from statistics, not from a default
CREATE FUNCTION estimated(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
SELECT estimated($$ SELECT FROM label_index.record WHERE l = 'DE' $$) BETWEEN 90 AND 110 AS "= is near 101",
	estimated($$ SELECT FROM label_index.record WHERE l <> 'DE' $$) BETWEEN 950 AND 1110 AS "<> is near 1000";

-- parallel workers aggregate and join as the leader does
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT jurisdiction.label_join(l) FROM record;
SELECT jurisdiction.label_join(l) FROM record;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

--
-- Partitions by list and by hash: the other way to keep places apart.
--
CREATE TABLE by_list (l jurisdiction.label) PARTITION BY LIST (l);
CREATE TABLE by_list_de PARTITION OF by_list FOR VALUES IN ('DE:internal', 'DE:secret');
INSERT INTO by_list VALUES ('DE'), ('DE:secret');					-- ok
INSERT INTO by_list VALUES ('FR');									-- error: no partition
CREATE TABLE by_hash (l jurisdiction.label) PARTITION BY HASH (l);
CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO by_hash SELECT l FROM record;
SELECT count(DISTINCT tableoid) AS partitions, count(*) AS rows FROM by_hash;
SELECT bool_and(n = 1) AS "a label lies in one partition"
FROM (SELECT count(DISTINCT tableoid) AS n FROM by_hash GROUP BY l) t;

RESET search_path;
DROP SCHEMA label_index CASCADE;
