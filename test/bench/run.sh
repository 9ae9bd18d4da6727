#!/bin/sh
# What enforcement costs, as ratios: every variant measured in turn, many
# times, in one run on a private server; medians.  Serial plans, no JIT, all
# in memory.  Then what the first decision about a label costs, by number of rules.
# Usage: sh test/bench/run.sh [ROWS [ROUNDS]]     default 1000000 rows, 15 rounds
#
# Differences below a tenth are noise: the variant "again" is the untagged
# table measured as if it were something else, and shows how large noise is.
# The evidence log is written, and not waited for: that is for a disk to say.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh

ROWS=${1:-1000000}
ROUNDS=${2:-15}

psql_as() {	# ROLE [OPTION...]
	role=$1
	shift
	as_tester "$PGBIN/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$scratch" -U "$role" -d postgres "$@"
}

# timed ROLE SETUP STATEMENT: milliseconds of the statement, in a session whose
# caches one row has warmed
timed() {
	printf '%s\n' "$2" '\timing on' "$3" >"$scratch/tmp/timed.sql"
	psql_as "$1" -f - <"$scratch/tmp/timed.sql" 2>&1 | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1
}

# ----------------------------------------------------------------- the variants
#
# name|role|table|condition|what it is

variants() {
	cat <<-'LIST'
		plain|reader|plain||untagged table
		again|reader|plain||the same again: noise
		cheapest|reader|plain|WHERE id > 0|untagged, cheapest qual: id > 0
		ceiling|reader|ceiling||tagged, session cleared for the ceiling
		rows|reader|tagged||tagged, label tested per row
		mixed|reader|mixed||the same, eight labels in random order
		setting|by_setting|hand||by hand: = current_setting()
		initplan|by_initplan|hand||by hand: = ANY((SELECT array))
		split|by_split|hand||by hand: = ANY(string_to_array()) per row
	LIST
}

set_up() {
	as_tester "$PGBIN/initdb" -D "$scratch/data" -A trust -U postgres -N >"$scratch/init.log" || return 1
	# the pages of all tables, and some
	as_tester tee -a "$scratch/data/postgresql.conf" >/dev/null <<-CONF
		shared_preload_libraries = 'jurisdiction'
		jurisdiction.site = 'DE'
		jurisdiction.evidence_commit = off
		listen_addresses = ''
		unix_socket_directories = '$scratch'
		shared_buffers = '$((ROWS / 2000 + 128))MB'
		max_wal_size = '16GB'
		fsync = off
		autovacuum = off
		jit = off
		max_parallel_workers_per_gather = 0
	CONF
	as_tester "$PGBIN/pg_ctl" -s -w -D "$scratch/data" -l "$scratch/data/log" start || return 1
	psql_as postgres -f - <<-'SQL' || return 1
		CREATE EXTENSION jurisdiction;
		CREATE ROLE owner LOGIN;
		CREATE ROLE reader LOGIN;
		CREATE ROLE by_setting LOGIN;
		CREATE ROLE by_initplan LOGIN;
		CREATE ROLE by_split LOGIN;
		GRANT CREATE ON SCHEMA public TO owner;
		SELECT jurisdiction.enable_preset('eea-free-movement') \g /dev/null
		SECURITY LABEL FOR jurisdiction ON ROLE owner IS 'at DE cleared internal';
		SECURITY LABEL FOR jurisdiction ON ROLE reader IS 'at DE cleared internal';
	SQL
	# every row is visible to everybody: what is measured is the asking
	psql_as owner -v rows="$ROWS" -f - <<-'SQL' || return 1
		CREATE TABLE plain (id int, amount int, region text, residency jurisdiction.label NOT NULL);
		CREATE TABLE hand (LIKE plain INCLUDING ALL);
		CREATE TABLE ceiling (LIKE plain INCLUDING ALL);
		CREATE TABLE tagged (LIKE plain INCLUDING ALL);
		CREATE TABLE mixed (LIKE plain INCLUDING ALL);
		INSERT INTO plain SELECT i, i % 1000, 'DE', 'DE' FROM generate_series(1, :rows) i;
		INSERT INTO hand TABLE plain;
		INSERT INTO ceiling TABLE plain;
		INSERT INTO tagged TABLE plain;
		INSERT INTO mixed SELECT id, amount, region,
			(ARRAY['AT', 'BE', 'DE', 'DK', 'ES', 'FR', 'IT', 'NL']::jurisdiction.label[])[1 + floor(random() * 8)]
			FROM plain;
		GRANT SELECT ON plain, hand, ceiling, tagged, mixed TO PUBLIC;
		GRANT INSERT ON hand TO by_setting;

		ALTER TABLE hand ENABLE ROW LEVEL SECURITY;
		CREATE POLICY setting ON hand TO by_setting
			USING (region = current_setting('bench.region'));
		CREATE POLICY initplan ON hand TO by_initplan
			USING (region = ANY ((SELECT string_to_array(current_setting('bench.region'), ','))::text[]));
		CREATE POLICY split ON hand TO by_split
			USING (region = ANY (string_to_array(current_setting('bench.region'), ',')));
		SECURITY LABEL FOR jurisdiction ON COLUMN ceiling.residency IS 'rows within DE';
		SECURITY LABEL FOR jurisdiction ON COLUMN tagged.residency IS 'rows';
		SECURITY LABEL FOR jurisdiction ON COLUMN mixed.residency IS 'rows';
		VACUUM FREEZE ANALYZE plain, hand, ceiling, tagged, mixed;
	SQL
}

measure_scans() {	# AGGREGATE
	round=0
	while [ $round -le "$ROUNDS" ]; do
		variants | shuf >"$scratch/tmp/order"
		while IFS='|' read -r name role table condition what; do
			ms=$(timed "$role" "SET bench.region = 'DE'; SELECT id FROM $table LIMIT 1;" \
				"SELECT $1 FROM $table $condition;")
			# the first round warms the cache
			[ $round = 0 ] || echo "$ms" >>"$scratch/tmp/$1.$name"
		done <"$scratch/tmp/order"
		round=$((round + 1))
	done
}

# ratios: the median, and what it is of the untagged table and the cheapest qual
ratios() {	# AGGREGATE VARIANT
	printf '%s %s %s\n' "$(median <"$scratch/tmp/$1.$2")" "$(median <"$scratch/tmp/$1.plain")" \
		"$(median <"$scratch/tmp/$1.cheapest")" |
		awk '{ printf "%8.1f %7.2f %10.2f", $1, $1 / $2, $1 / $3 }'
}

print_scans() {
	printf '\n%-42s %27s   %27s\n' "full scan, $ROWS rows, median of $ROUNDS" "count(*)" "sum(amount)"
	printf '%-42s %8s %7s %10s   %8s %7s %10s   %s\n' "" ms "x plain" "x cheapest" ms "x plain" "x cheapest" target
	variants | while IFS='|' read -r name role table condition what; do
		case $name in
		ceiling) target="<= 1.02 x plain" ;;
		rows) target="<= 1.4 x cheapest" ;;
		*) target= ;;
		esac
		printf '%-42s %s   %s   %s\n' "$what" "$(ratios "count(*)" "$name")" \
			"$(ratios "sum(amount)" "$name")" "$target"
	done
}

# COPY FROM has three variants: untagged, tagged, and with row security, where
# the server refuses it
measure_copies() {
	rows=$((ROWS / 5))
	psql_as owner -c "COPY (SELECT * FROM plain LIMIT $rows) TO STDOUT" >"$scratch/tmp/rows.copy"
	psql_as owner -f - <<-'SQL' || return 1
		CREATE TABLE into_plain (LIKE plain INCLUDING ALL);
		CREATE TABLE into_again (LIKE plain INCLUDING ALL);
		CREATE TABLE into_tagged (LIKE plain INCLUDING ALL);
		CREATE TABLE into_ceiling (LIKE plain INCLUDING ALL);
		SECURITY LABEL FOR jurisdiction ON COLUMN into_tagged.residency IS 'rows';
		SECURITY LABEL FOR jurisdiction ON COLUMN into_ceiling.residency IS 'rows within DE';
	SQL
	round=0
	while [ $round -le "$ROUNDS" ]; do
		for name in $(printf '%s\n' plain again tagged ceiling | shuf); do
			ms=$(timed owner "TRUNCATE into_$name;" "\\copy into_$name FROM '$scratch/tmp/rows.copy'")
			[ $round = 0 ] || echo "$ms" >>"$scratch/tmp/copy.$name"
		done
		round=$((round + 1))
	done
}

print_copies() {
	plain=$(median <"$scratch/tmp/copy.plain")
	printf '\n%-42s %8s %7s %10s   %s\n' "COPY FROM, $rows rows, median of $ROUNDS" ms "x plain" speed target
	for name in plain again tagged ceiling; do
		case $name in
		plain) what="untagged table" target= ;;
		again) what="the same again: noise" target= ;;
		tagged) what="tagged, label tested per row" target=">= 0.9 x plain's speed" ;;
		ceiling) what="tagged, with a ceiling's CHECK" target= ;;
		esac
		median <"$scratch/tmp/copy.$name" |
			awk -v what="$what" -v plain="$plain" -v target="$target" \
				'{ printf "%-42s %8.1f %7.2f %10.2f   %s\n", what, $1, $1 / plain, plain / $1, target }'
	done
	refusal=$(psql_as by_setting -c "\\copy hand FROM '$scratch/tmp/rows.copy'" 2>&1 | head -n 1)
	printf '%-42s %8s   (%s)\n' "by hand: row security" - "$refusal"
}

# the first decision about a label, without a server, by number of rules
measure_decisions() {
	sources="test/bench/decide_bench.c test/fuzz/server_shim.c"
	for name in policy/codes policy/places policy/policy_compile policy/policy_decide \
		policy/policy_words label/label label/label_io label/label_text; do
		sources="$sources src/$name.c"
	done
	# shellcheck disable=SC2086  # a list of words
	(cd "$scratch/tree" && as_tester gcc -O2 -Isrc -Itest/fuzz \
		-isystem "$("$PG_CONFIG" --includedir-server)" -o "$scratch/tmp/decide_bench" $sources) &&
		as_tester "$scratch/tmp/decide_bench"
}

need_packages $PACKAGES
make_scratch
copy_tree
build
set_up || die "could not set up"
for aggregate in "count(*)" "sum(amount)"; do
	measure_scans "$aggregate"
done
measure_copies || die "could not set up COPY"
print_scans
print_copies
say ""
say "first decision about a label, median; cold: after 64 MB of other memory"
measure_decisions
# masks and an OLTP mix, on a server of their own
sh test/bench/columns.sh "$ROWS" "$ROUNDS"
