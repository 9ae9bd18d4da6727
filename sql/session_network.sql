--
-- Network: which place an address is in; what makes a range; ranges from a
-- geographic file.  Beside each refused row or file stands one that differs in
-- one thing and is taken.
--
-- Sessions of this suite come from a local socket: what a range does to a
-- session is in test/tap/030_network.pl.
--
\set VERBOSITY default
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
CREATE ROLE regress_jur_visitor;
BEGIN;

--
-- Rows.
--
INSERT INTO jurisdiction.network (cidr, place) VALUES
	('192.0.2.0/24', 'DE'), ('2001:db8::/32', 'US-CA');			-- ok
SELECT * FROM jurisdiction.network ORDER BY cidr;
INSERT INTO jurisdiction.network (cidr, place) VALUES ('198.51.100.0/24', 'UK');	-- denied: GB
INSERT INTO jurisdiction.network (cidr, place) VALUES ('198.51.100.0/24', 'GB');	-- ok
INSERT INTO jurisdiction.network (cidr, place) VALUES ('203.0.113.0/24', 'Germany');	-- denied: DE
INSERT INTO jurisdiction.network (cidr, place) VALUES ('203.0.113.0/24', 'Atlantis');	-- denied
INSERT INTO jurisdiction.network (cidr, place) VALUES ('203.0.113.0/24', NULL);	-- denied
INSERT INTO jurisdiction.network (cidr, place) VALUES ('203.0.113.1/24', 'DE');	-- denied: bits right of the mask
INSERT INTO jurisdiction.network (cidr, place) VALUES ('192.0.2.0/24', 'FR');	-- denied: equal ranges
INSERT INTO jurisdiction.network (cidr, place) VALUES ('192.0.2.0/25', 'FR');	-- ok: inside
INSERT INTO jurisdiction.network (cidr, place, source) VALUES ('203.0.113.0/24', 'DE', ' ');	-- denied
UPDATE jurisdiction.network SET place = 'XY' WHERE cidr = '192.0.2.0/25';	-- denied
UPDATE jurisdiction.network SET place = 'NL' WHERE cidr = '192.0.2.0/25';	-- ok
-- one bad row among many, and none is taken
COPY jurisdiction.network (cidr, place) FROM stdin;
10.0.0.0/8	DE
172.16.0.0/12	DD
192.168.0.0/16	DE
\.
COPY jurisdiction.network (cidr, place) FROM stdin;
10.0.0.0/8	DE
172.16.0.0/12	DE
192.168.0.0/16	DE
\.
SELECT * FROM jurisdiction.network ORDER BY cidr;
-- the check is no ordinary trigger
SET session_replication_role = replica;
INSERT INTO jurisdiction.network (cidr, place) VALUES ('203.0.113.0/24', 'Atlantis');	-- denied
RESET session_replication_role;

-- officers write, everybody reads
SET ROLE regress_jur_visitor;
SELECT count(*) FROM jurisdiction.network;				-- ok
INSERT INTO jurisdiction.network (cidr, place) VALUES ('203.0.113.0/24', 'DE');	-- denied
UPDATE jurisdiction.network SET trusted = false;			-- denied
DELETE FROM jurisdiction.network;					-- denied
SELECT place FROM jurisdiction.place_of('192.0.2.200');			-- ok
SELECT jurisdiction.load_geoip('jurisdiction_ranges.tmp');		-- denied
RESET ROLE;
INSERT INTO jurisdiction.network (cidr, place) VALUES ('203.0.113.0/24', 'DE');	-- ok

--
-- The most specific range wins.
--
SELECT a.address, p.*
	FROM (VALUES (inet '192.0.2.1'), ('192.0.2.127'), ('192.0.2.128'),
				 ('192.0.3.0'), ('192.0.1.255'), ('10.255.255.255'), ('11.0.0.0'),
				 ('0.0.0.0'), ('255.255.255.255'), ('::ffff:192.0.2.1'),
				 ('2001:db8::1'), ('2001:db9::'), ('::'), ('::1'),
				 ('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')) AS a(address),
		jurisdiction.place_of(a.address) AS p;
INSERT INTO jurisdiction.network (cidr, place) VALUES
	('0.0.0.0/0', 'AT'), ('::/0', 'CH'), ('192.0.2.1/32', 'BE'), ('2001:db8::1/128', 'LU');
SELECT a.address, p.*
	FROM (VALUES (inet '192.0.2.1'), ('192.0.2.2'), ('192.0.2.128'), ('8.8.8.8'),
				 ('2001:db8::1'), ('2001:db8::2'), ('2001:db9::')) AS a(address),
		jurisdiction.place_of(a.address) AS p;
SELECT * FROM jurisdiction.place_of(NULL);

-- nested at random: always what a search of the whole table finds
DELETE FROM jurisdiction.network;
SELECT setseed(0.20);
INSERT INTO jurisdiction.network (cidr, place)
	SELECT DISTINCT network(set_masklen(inet '10.0.0.0' + (random() * 65536)::int, 16 + (random() * 16)::int)), 'DE'
		FROM generate_series(1, 3000)
	UNION
	SELECT DISTINCT network(set_masklen(inet '2001:db8::' + (random() * 65536)::int, 112 + (random() * 16)::int)), 'FR'
		FROM generate_series(1, 3000);
CREATE TEMP TABLE address AS
	SELECT inet '10.0.0.0' + (random() * 70000)::int AS address FROM generate_series(1, 1000)
	UNION
	SELECT inet '2001:db8::' + (random() * 70000)::int FROM generate_series(1, 1000);
SELECT count(*) > 1900 AS enough,
	   count(*) FILTER (WHERE p.range IS NOT NULL) > 500 AS some_found,
	   count(*) FILTER (WHERE p.range IS NULL) > 50 AS some_not,
	   count(*) FILTER (WHERE p.range IS DISTINCT FROM
			(SELECT n.cidr FROM jurisdiction.network n WHERE n.cidr >>= a.address
				ORDER BY masklen(n.cidr) DESC LIMIT 1)) AS wrong
	FROM address a, jurisdiction.place_of(a.address) AS p;
-- without its index the table cannot be consulted, and that is an error
ALTER TABLE jurisdiction.network DROP CONSTRAINT network_pkey;
SELECT * FROM jurisdiction.place_of('10.0.0.1');			-- refused
ALTER TABLE jurisdiction.network ADD PRIMARY KEY (cidr);
SELECT place FROM jurisdiction.place_of('10.0.0.1');			-- ok
DELETE FROM jurisdiction.network;
COMMIT;

--
-- A geographic file.
--
SET client_min_messages = notice;
COPY (VALUES ('# a comment'), (''), ('16777216,16777471,AU'), ('16777472,16778240,CN'),
			 ('16778241,16778250,??'), ('3221225984,3221226239,UK'))
	TO PROGRAM 'cat > jurisdiction_ranges.tmp';
SELECT * FROM jurisdiction.load_geoip('jurisdiction_ranges.tmp');
SELECT * FROM jurisdiction.network ORDER BY cidr;
SELECT place FROM jurisdiction.place_of('1.0.3.255');
SELECT place FROM jurisdiction.place_of('1.0.4.5');			-- no place: its code says unknown

-- IPv6 is another file, and leaves IPv4 as it is
COPY (VALUES ('2001:200::,2001:200:134:ffff:ffff:ffff:ffff:ffff,JP'), ('fd00::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE'))
	TO PROGRAM 'cat > jurisdiction_ranges6.tmp';
SELECT * FROM jurisdiction.load_geoip('jurisdiction_ranges6.tmp', trusted => true);
SELECT * FROM jurisdiction.network ORDER BY cidr;

-- a later file: what it lacks goes, what is new comes; a range entered by hand
-- stays, and its word is taken
SET client_min_messages = warning;
INSERT INTO jurisdiction.network (cidr, place) VALUES ('10.0.0.0/8', 'DE'), ('1.0.8.0/24', 'CH');
UPDATE jurisdiction.network SET place = 'NZ', source = 'manual' WHERE cidr = '1.0.0.0/24';
SET client_min_messages = notice;
CREATE TEMP TABLE before AS SELECT cidr, xmin AS written FROM jurisdiction.network;
COPY (VALUES ('16777216,16777471,AU'), ('16777472,16778239,CN'), ('16778240,16779519,JP'),
			 ('3221225984,3221226239,IE'))
	TO PROGRAM 'cat > jurisdiction_ranges.tmp';
SELECT * FROM jurisdiction.load_geoip('jurisdiction_ranges.tmp');
SELECT n.*, n.xmin = b.written AS untouched
	FROM jurisdiction.network n LEFT JOIN before b USING (cidr) ORDER BY n.cidr;
-- the same again changes nothing
UPDATE before SET written = xmin FROM (SELECT cidr AS c, xmin AS x FROM jurisdiction.network) n WHERE c = cidr;
SELECT * FROM jurisdiction.load_geoip('jurisdiction_ranges.tmp');
SELECT count(*) AS networks, count(*) FILTER (WHERE source = 'manual') AS manual FROM jurisdiction.network;
-- trusted is of the whole file
SELECT networks FROM jurisdiction.load_geoip('jurisdiction_ranges.tmp', true);
SELECT trusted, source, count(*) FROM jurisdiction.network WHERE family(cidr) = 4 GROUP BY 1, 2 ORDER BY 1, 2;

-- a load that is rolled back
BEGIN;
COPY (VALUES ('134744072,134744072,FR')) TO PROGRAM 'cat > jurisdiction_ranges.tmp';
SELECT * FROM jurisdiction.load_geoip('jurisdiction_ranges.tmp');
SELECT count(*) FROM jurisdiction.network WHERE source = 'geoip' AND family(cidr) = 4;
ROLLBACK;
SELECT count(*) FROM jurisdiction.network WHERE source = 'geoip' AND family(cidr) = 4;

-- what may not be read leaves everything as it was
\set load 'SELECT ranges FROM jurisdiction.load_geoip(''jurisdiction_ranges.tmp'');'
\set writing 'TO PROGRAM ''cat > jurisdiction_ranges.tmp'';'
COPY (VALUES ('16777216,16777471,AU'), ('16777472,16777500,XQ')) :writing
:load								-- refused: no such place
COPY (VALUES ('16777216,16777471,AU'), ('16777472,16777500,FR')) :writing
:load								-- ok
SELECT * FROM jurisdiction.load_geoip('jurisdiction_ranges.tmp', unplaced => '{FR}');	-- ok: left out
COPY (VALUES ('16777216,16777471,EU')) :writing
:load								-- refused: nothing is in a place
COPY (VALUES ('# nothing')) :writing
:load								-- refused
COPY (VALUES ('# not it'), ('1.0.0.0,1.0.0.255,AU')) :writing
:load								-- refused
COPY (VALUES ('16777216,16777471,au')) :writing
:load								-- refused
COPY (VALUES ('16777216,16777471,AUS')) :writing
:load								-- refused
COPY (VALUES ('16777216,16777471')) :writing
:load								-- refused
COPY (VALUES ('16777471,16777216,AU')) :writing
:load								-- refused: ends before it begins
COPY (VALUES ('4294967290,4294967296,AU')) :writing
:load								-- refused: past the last address
COPY (VALUES ('-1,16777216,AU')) :writing
:load								-- refused
COPY (VALUES (',,AU')) :writing
:load								-- refused
COPY (VALUES ('16777216,16777471,AU'), ('16777471,16777500,CN')) :writing
:load								-- refused: overlaps
COPY (VALUES ('16777472,16777500,CN'), ('16777216,16777471,AU')) :writing
:load								-- refused: out of order
COPY (VALUES ('16777216,16777471,AU'), ('2001:200::,2001:200:1::,JP')) :writing
:load								-- refused: both families
COPY (VALUES (repeat('1', 300))) :writing
:load								-- refused
SELECT jurisdiction.load_geoip('jurisdiction_no_such_file.tmp');	-- refused
SELECT jurisdiction.load_geoip('base');				-- refused: a directory
BEGIN READ ONLY;
SELECT jurisdiction.load_geoip('jurisdiction_ranges6.tmp');		-- refused
ROLLBACK;
SELECT * FROM jurisdiction.network ORDER BY cidr;
COPY (VALUES ('0,4294967295,DE')) :writing
:load								-- ok: one block
SELECT * FROM jurisdiction.network WHERE family(cidr) = 4 AND source = 'geoip';
COPY (VALUES ('1,4294967294,DE')) :writing
SELECT * FROM jurisdiction.load_geoip('jurisdiction_ranges.tmp');	-- ok: as many blocks as can be
COPY (VALUES ('::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE')) :writing
SELECT * FROM jurisdiction.load_geoip('jurisdiction_ranges.tmp');	-- ok
SELECT cidr FROM jurisdiction.network WHERE family(cidr) = 6;

COPY (SELECT) TO PROGRAM 'cat > jurisdiction_ranges.tmp; rm jurisdiction_ranges.tmp jurisdiction_ranges6.tmp';
DELETE FROM jurisdiction.network;
DROP ROLE regress_jur_visitor;
