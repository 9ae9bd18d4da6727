#!/bin/sh
# What address ranges cost: loading Debian's tor-geoipdb, its rows and their
# size, and finding an address; beside them what one would use without us.
# Usage: sh test/bench/network.sh [LOOKUPS [ROUNDS]]   default 100000, 5 rounds
#
# A session looks its client up once, and again when the table changes.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh

LOOKUPS=${1:-100000}
ROUNDS=${2:-5}
GEOIP=/usr/share/tor/geoip

sql() {
	as_tester "$PGBIN/psql" -X -q -At -v ON_ERROR_STOP=1 -v lookups="$LOOKUPS" \
		-h "$scratch" -U postgres -d postgres "$@"
}

# timed SETUP STATEMENT: median milliseconds of the statement
timed() {
	round=0
	while [ $round -lt "$ROUNDS" ]; do
		printf '%s\n' "SET client_min_messages = warning; $1" '\timing on' "$2" >"$scratch/tmp/timed.sql"
		sql -f - <"$scratch/tmp/timed.sql" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1
		round=$((round + 1))
	done | median
}

row() { printf '%-58s %10s %s\n' "$@"; }
seconds() { awk '{ printf "%.2f", $1 / 1000 }'; }
# per_lookup MS BASE N: microseconds that a lookup adds to reading an address
per_lookup() { awk -v ms="$1" -v base="$2" -v n="$3" 'BEGIN { printf "%.2f", (ms - base) * 1000 / n }'; }

start() {
	as_tester "$PGBIN/initdb" -D "$scratch/data" -A trust -U postgres -N >"$scratch/init.log" || return 1
	as_tester tee -a "$scratch/data/postgresql.conf" >/dev/null <<-CONF
		shared_preload_libraries = 'jurisdiction'
		jurisdiction.site = 'DE'
		listen_addresses = ''
		unix_socket_directories = '$scratch'
		shared_buffers = '1GB'
		max_wal_size = '8GB'
		autovacuum = off
		jit = off
		max_parallel_workers_per_gather = 0
	CONF
	as_tester "$PGBIN/pg_ctl" -s -w -D "$scratch/data" -l "$scratch/data/log" start &&
		sql -c 'CREATE EXTENSION jurisdiction'
}

load="SELECT jurisdiction.load_geoip('$GEOIP'), jurisdiction.load_geoip('${GEOIP}6');"

measure_loading() {
	row "loading both files into an empty table" \
		"$(timed 'TRUNCATE jurisdiction.network;' "$load" | seconds)" s
	row "loading the same again" "$(timed '' "$load" | seconds)" s
	row "loading when every hundredth row is different" \
		"$(timed "UPDATE jurisdiction.network SET place = 'AQ' WHERE hashtext(cidr::text) % 100 = 0;" "$load" | seconds)" s
	sql -c "COPY (SELECT * FROM jurisdiction.network ORDER BY cidr) TO STDOUT" >"$scratch/tmp/network.copy"
	row "the same rows by COPY FROM, with the table's triggers" \
		"$(timed 'TRUNCATE jurisdiction.network;' "\\copy jurisdiction.network FROM '$scratch/tmp/network.copy'" | seconds)" s
	sql -c 'TRUNCATE jurisdiction.network'
	row "ranges of the files that are in a place" "$(sql -c "SET client_min_messages = warning;
		SELECT sum(ranges) FROM unnest('{$GEOIP,${GEOIP}6}'::text[]) AS file, jurisdiction.load_geoip(file)")" ""
	row "rows" "$(sql -c 'SELECT count(*) FROM jurisdiction.network')" ""
	row "table" "$(sql -c "SELECT pg_table_size('jurisdiction.network') / 1048576")" MB
	row "index" "$(sql -c "SELECT pg_relation_size('jurisdiction.network_pkey') / 1048576")" MB
}

# measure_lookups TITLE N FROM: FROM finds the range of a.address
measure_lookups() {
	for family in 4 6; do
		addresses="(SELECT address FROM address$family LIMIT $2) AS a"
		base=$(timed "SELECT count(*) FROM address$family;" "SELECT count(host(address)) FROM $addresses;")
		ms=$(timed "SELECT count(*) FROM address$family;" "SELECT count(place) FROM $addresses, $3;")
		row "$1, IPv$family" "$(per_lookup "$ms" "$base" "$2")" us
	done
}

index_as() {	# METHOD
	row "$1 index: built in" "$(timed 'DROP INDEX IF EXISTS other;' "CREATE INDEX other ON ranges USING $1 (cidr inet_ops);" | seconds)" s
	row "$1 index: size" "$(sql -c "SELECT pg_relation_size('other') / 1048576")" MB
}

need_packages $PACKAGES tor-geoipdb
make_scratch
copy_tree
build
start || die "the server did not start"
say "Address ranges, $LOOKUPS lookups, median of $ROUNDS" ""
measure_loading
sql -f - <<-'SQL' || die "could not set up"
	CREATE TABLE ranges AS SELECT cidr::inet AS cidr, place FROM jurisdiction.network;
	VACUUM ANALYZE ranges;
	VACUUM ANALYZE jurisdiction.network;
	SELECT setseed(0.5);
	CREATE TABLE address4 AS
		SELECT inet '0.0.0.0' + (random() * 4294967295)::bigint AS address FROM generate_series(1, :lookups);
	CREATE TABLE address6 AS
		SELECT set_masklen(cidr::inet, 128) + (random() * 1000000)::bigint AS address
			FROM (SELECT cidr FROM jurisdiction.network WHERE family(cidr) = 6 ORDER BY random() LIMIT :lookups) AS n;
	VACUUM ANALYZE address4;
	VACUUM ANALYZE address6;
SQL
search='LATERAL (SELECT place FROM ranges r WHERE r.cidr >>= a.address ORDER BY masklen(r.cidr) DESC LIMIT 1) AS found'
say ""
measure_lookups "place_of(): the btree of the primary key" "$LOOKUPS" 'jurisdiction.place_of(a.address)'
index_as spgist
measure_lookups "spgist index, the longest range that contains it" "$LOOKUPS" "$search"
# a hundred times slower
index_as gist
measure_lookups "gist index, the longest range that contains it" $((LOOKUPS / 100)) "$search"
