#!/bin/sh
# What masks cost against a view with CASE written by hand, and what an OLTP
# mix costs on tagged tables: as ratios, every variant in turn, medians.
# Usage: sh test/bench/columns.sh [ROWS [ROUNDS [SECONDS]]]
#        default 1000000 rows, 15 rounds, 2 seconds for each run of pgbench
#
# "again" is the untagged variant measured twice, and shows how large noise is.
# pgbench itself stays on one processor: where the scheduler puts it beside its
# session makes rates differ by half.
# The evidence log is written, and not waited for: that is for a disk to say.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh

ROWS=${1:-1000000}
ROUNDS=${2:-15}
SECONDS_EACH=${3:-2}

psql_as() {	# ROLE [OPTION...]
	role=$1
	shift
	as_tester "$PGBIN/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$scratch" -U "$role" -d postgres "$@"
}

start() {
	as_tester "$PGBIN/initdb" -D "$scratch/data" -A trust -U postgres -N >"$scratch/init.log" || return 1
	as_tester tee -a "$scratch/data/postgresql.conf" >/dev/null <<-CONF
		shared_preload_libraries = 'jurisdiction'
		jurisdiction.site = 'DE'
		jurisdiction.evidence_commit = off
		listen_addresses = ''
		unix_socket_directories = '$scratch'
		shared_buffers = '$((ROWS / 2000 + 512))MB'
		max_wal_size = '16GB'
		fsync = off
		autovacuum = off
		jit = off
		max_parallel_workers_per_gather = 0
	CONF
	as_tester "$PGBIN/pg_ctl" -s -w -D "$scratch/data" -l "$scratch/data/log" start || return 1
	psql_as postgres -f - <<-'SQL'
		CREATE EXTENSION jurisdiction;
		CREATE ROLE owner LOGIN;
		CREATE ROLE reader LOGIN;
		GRANT CREATE ON SCHEMA public TO owner;
		GRANT CREATE ON DATABASE postgres TO owner;
		INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, categories, basis)
		VALUES ('allow', 'FR', 'DE', '{read,write,store}', '{health}', 'bench');
		SECURITY LABEL FOR jurisdiction ON ROLE owner IS 'at DE cleared secret/*';
		SECURITY LABEL FOR jurisdiction ON ROLE reader IS 'at DE cleared internal/personal';
	SQL
}

# --------------------------------------------------------------------- masks
#
# The reader sees all rows, and of every other one (France's) a mask.  By hand
# that is a CASE over the region, beside row security that asks of each row
# what ours asks, or beside none.
# name|relation|base|what it is

variants() {
	cat <<-'LIST'
		plain_null|plain_null||untagged table, no mask
		hand_null|hand_null||by hand: CASE, NULL
		filtered_null|filtered_null||by hand: CASE, NULL; and a filter of rows
		tagged_null|tagged_null|filtered_null|tagged: mask null, rows filtered
		static_null|static_null|hand_null|tagged: mask null, no row label
		hand_partial|hand_partial||by hand: CASE, left || '***' || right
		filtered_partial|filtered_partial||by hand: the same, and a filter of rows
		tagged_partial|tagged_partial|filtered_partial|tagged: mask partial, rows filtered
		static_partial|static_partial|hand_partial|tagged: mask partial, no row label
	LIST
}

make_masks() {
	psql_as owner -v rows="$ROWS" -f - <<-'SQL'
		CREATE TABLE plain_null (id int, name text, region text, residency jurisdiction.label NOT NULL);
		INSERT INTO plain_null
		SELECT i, 'name ' || i % 1000, l, l::jurisdiction.label
		  FROM (SELECT i, CASE WHEN i % 2 = 0 THEN 'DE' ELSE 'FR' END AS l FROM generate_series(1, :rows) i) x;
		CREATE TABLE tagged_null (LIKE plain_null INCLUDING ALL);
		CREATE TABLE tagged_partial (LIKE plain_null INCLUDING ALL);
		CREATE TABLE static_null (LIKE plain_null INCLUDING ALL);
		CREATE TABLE static_partial (LIKE plain_null INCLUDING ALL);
		INSERT INTO tagged_null TABLE plain_null;
		INSERT INTO tagged_partial TABLE plain_null;
		INSERT INTO static_null TABLE plain_null;
		INSERT INTO static_partial TABLE plain_null;
		SECURITY LABEL FOR jurisdiction ON COLUMN tagged_null.residency IS 'rows';
		SECURITY LABEL FOR jurisdiction ON COLUMN tagged_null.name IS '/personal';
		SECURITY LABEL FOR jurisdiction ON COLUMN tagged_partial.residency IS 'rows';
		SECURITY LABEL FOR jurisdiction ON COLUMN tagged_partial.name IS '/personal mask partial(1, 1)';
		SECURITY LABEL FOR jurisdiction ON COLUMN static_null.name IS 'DE:confidential/personal';
		SECURITY LABEL FOR jurisdiction ON COLUMN static_partial.name IS 'DE:confidential/personal mask partial(1, 1)';
		CREATE VIEW hand_null AS SELECT id,
			CASE WHEN region = current_setting('bench.region') THEN name END AS name FROM plain_null;
		CREATE VIEW hand_partial AS SELECT id,
			CASE WHEN region = current_setting('bench.region') THEN name
			ELSE left(name, 1) || '***' || right(name, 1) END AS name FROM plain_null;
		CREATE VIEW filtered_null AS SELECT id,
			CASE WHEN region = current_setting('bench.region') THEN name END AS name FROM plain_null
			WHERE region = current_setting('bench.region') OR region = current_setting('bench.other');
		CREATE VIEW filtered_partial AS SELECT id,
			CASE WHEN region = current_setting('bench.region') THEN name
			ELSE left(name, 1) || '***' || right(name, 1) END AS name FROM plain_null
			WHERE region = current_setting('bench.region') OR region = current_setting('bench.other');
		GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
		VACUUM FREEZE ANALYZE plain_null, tagged_null, tagged_partial, static_null, static_partial;
	SQL
}

# milliseconds of reading the masked column, in a session that has warmed up
timed() {
	printf '%s\n' "SET bench.region = 'DE'; SET bench.other = 'FR'; SELECT name FROM $1 LIMIT 1;" '\timing on' \
		"SELECT count(name) FROM $1;" >"$scratch/tmp/timed.sql"
	psql_as reader -f - <"$scratch/tmp/timed.sql" 2>&1 | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1
}

measure_masks() {
	round=0
	while [ $round -le "$ROUNDS" ]; do
		variants | shuf >"$scratch/tmp/order"
		while IFS='|' read -r name relation base what; do
			ms=$(timed "$relation")
			# the first round warms the cache
			[ $round = 0 ] || echo "$ms" >>"$scratch/tmp/mask.$name"
		done <"$scratch/tmp/order"
		round=$((round + 1))
	done
}

print_masks() {
	plain=$(median <"$scratch/tmp/mask.plain_null")
	printf '\n%-46s %8s %7s %8s   %s\n' "masked column, $ROWS rows, median of $ROUNDS" ms "x plain" "x hand" target
	variants | while IFS='|' read -r name relation base what; do
		ms=$(median <"$scratch/tmp/mask.$name")
		hand=${base:+$(median <"$scratch/tmp/mask.$base")}
		awk -v what="$what" -v ms="$ms" -v plain="$plain" -v hand="${hand:-0}" 'BEGIN {
			ratio = (hand > 0) ? sprintf("%.2f", ms / hand) : ""
			target = (hand > 0) ? "<= 1.1 x hand" : ""
			printf "%-46s %8.1f %7.2f %8s   %s\n", what, ms, ms / plain, ratio, target }'
	done
}

# ---------------------------------------------------------------------- OLTP
#
# pgbench's tables in three schemas, with a label in each row: untagged, tagged,
# and tagged with a ceiling.

oltp_schemas="untagged again tagged ceiling"

make_oltp() {
	for schema in $oltp_schemas; do
		psql_as owner -c "CREATE SCHEMA $schema" &&
			as_tester env PGOPTIONS="-c search_path=$schema" "$PGBIN/pgbench" -q -i -s 5 \
				-h "$scratch" -U owner postgres >"$scratch/init.log" 2>&1 || return 1
		for table in accounts branches tellers history; do
			psql_as owner -c "ALTER TABLE $schema.pgbench_$table
				ADD residency jurisdiction.label NOT NULL DEFAULT 'DE'" || return 1
			case $schema in
			tagged) tag=rows ;;
			ceiling) tag='rows within DE' ;;
			*) continue ;;
			esac
			psql_as owner -c "SECURITY LABEL FOR jurisdiction
				ON COLUMN $schema.pgbench_$table.residency IS '$tag'" || return 1
		done
		psql_as owner -c "GRANT USAGE ON SCHEMA $schema TO reader" \
			-c "GRANT ALL ON ALL TABLES IN SCHEMA $schema TO reader" || return 1
	done
	psql_as postgres -c "VACUUM FREEZE ANALYZE"
}

# transactions per second: SCHEMA OPTION...
tps() {
	schema=$1
	shift
	as_tester env PGOPTIONS="-c search_path=$schema" taskset -c "$cpu" "$PGBIN/pgbench" -n -T "$SECONDS_EACH" "$@" \
		-h "$scratch" -U reader postgres 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

measure_oltp() {	# NAME OPTION...
	name=$1
	shift
	round=0
	while [ $round -lt $ROUNDS ]; do
		for schema in $(printf '%s\n' $oltp_schemas | shuf); do
			tps "$schema" "$@" >>"$scratch/tmp/oltp.$name.$schema"
		done
		round=$((round + 1))
	done
	untagged=$(median <"$scratch/tmp/oltp.$name.untagged")
	for schema in $oltp_schemas; do
		median <"$scratch/tmp/oltp.$name.$schema" |
			awk -v what="$name, $schema" -v untagged="$untagged" \
				'{ printf "%-46s %8.0f %10.3f\n", what, $1, $1 / untagged }'
	done
}

cpu=$(first_cpu)

need_packages $PACKAGES
make_scratch
copy_tree
build
start || die "could not start"
make_masks || die "could not set up masks"
measure_masks
print_masks
make_oltp || die "could not set up pgbench's tables"
printf '\n%-46s %8s %10s\n' "pgbench, 1 client, $SECONDS_EACH s a run, median of $ROUNDS" tps "x untagged"
measure_oltp "TPC-B-like" -M simple
measure_oltp "TPC-B-like, prepared" -M prepared
measure_oltp "one row by key" -S
measure_oltp "one row by key, prepared" -S -M prepared
