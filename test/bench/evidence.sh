#!/bin/sh
# What the evidence log costs, as ratios: the same tagged accounts on servers
# that differ in one setting, measured in turn, medians; beside them pgaudit in
# place of our log, and commits with the same fsync.
# Usage: sh test/bench/evidence.sh [ROUNDS [SECONDS]]   default 5 rounds of 5 seconds
#
#   none     no log at all
#   off      evidence_commit = off: nobody waits
#   on       evidence_commit = on: durable before the first row leaves
#   pgaudit  no log of ours, pgaudit.log = read into the server's log
#   commit   no library; pgbench -N: one commit each
#
# Then one SELECT of a million rows with the log on and without it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh

ROUNDS=${1:-5}
SECONDS_EACH=${2:-5}
ROWS=1000000
VARIANTS="none off on pgaudit commit"
# those that have our library; accounts are tagged there
is_ours() { case $1 in commit) false ;; *) true ;; esac }

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2; else print "-" }'; }
port() { case $1 in none) echo 1 ;; off) echo 2 ;; on) echo 3 ;; pgaudit) echo 4 ;; commit) echo 5 ;; esac }
ask() {	# VARIANT ROLE [OPTION...]
	variant=$1
	role=$2
	shift 2
	as_tester "$PGBIN/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$scratch" -p "$(port "$variant")" \
		-U "$role" -d postgres "$@"
}

set_up() {	# VARIANT
	data=$scratch/$1
	as_tester "$PGBIN/initdb" -D "$data" -A trust -U postgres >"$scratch/init.log" || return 1
	case $1 in
	none) settings="jurisdiction.evidence_directory = ''" ;;
	off) settings="jurisdiction.evidence_commit = off" ;;
	on) settings="" ;;
	pgaudit) settings="jurisdiction.evidence_directory = ''
pgaudit.log = 'read'" ;;
	commit) settings="" ;;
	esac
	case $1 in
	commit) library= ;;
	pgaudit) library=jurisdiction,pgaudit ;;
	*) library=jurisdiction ;;
	esac
	as_tester tee -a "$data/postgresql.conf" >/dev/null <<-CONF
		shared_preload_libraries = '$library'
		listen_addresses = ''
		unix_socket_directories = '$scratch'
		port = $(port "$1")
		max_connections = 50
		shared_buffers = 512MB
		max_wal_size = 4GB
		autovacuum = off
		jit = off
		max_parallel_workers_per_gather = 0
		$settings
	CONF
	! is_ours "$1" || echo "jurisdiction.site = 'DE'" | as_tester tee -a "$data/postgresql.conf" >/dev/null
	as_tester "$PGBIN/pg_ctl" -s -w -D "$data" -l "$data/log" start || return 1
	ask "$1" postgres -c "CREATE ROLE app LOGIN; GRANT CREATE ON SCHEMA public TO app" || return 1
	[ "$1" != pgaudit ] || ask "$1" postgres -c "CREATE EXTENSION pgaudit"
	if is_ours "$1"; then
		ask "$1" postgres -c "CREATE EXTENSION jurisdiction" \
			-c "SECURITY LABEL FOR jurisdiction ON ROLE app IS 'at DE cleared confidential/health'" || return 1
	fi
	as_tester "$PGBIN/pgbench" -h "$scratch" -p "$(port "$1")" -U app -i -s 10 -q postgres >"$scratch/init.log" 2>&1 || return 1
	! is_ours "$1" || ask "$1" app -f - <<-SQL || return 1
		CREATE TABLE big AS SELECT i AS id, i % 97 AS amount FROM generate_series(1, $ROWS) AS i;
		ALTER TABLE big ADD residency jurisdiction.label NOT NULL DEFAULT 'DE/health';
		SECURITY LABEL FOR jurisdiction ON COLUMN big.residency IS 'rows';
		ALTER TABLE pgbench_accounts ADD residency jurisdiction.label NOT NULL DEFAULT 'DE/health';
		SECURITY LABEL FOR jurisdiction ON COLUMN pgbench_accounts.residency IS 'rows';
	SQL
	ask "$1" postgres -c "VACUUM ANALYZE" -c "CHECKPOINT"
}

written() {	# VARIANT: bytes of its log so far
	case $1 in
	none | commit) echo 0 ;;
	pgaudit) wc -c <"$scratch/pgaudit/log" ;;
	*) sleep 1.5; ask "$1" postgres -c "SELECT evidence_bytes FROM jurisdiction.stat" ;;
	esac
}

bench() {	# VARIANT CLIENTS [OPTION...]: transactions done, and per second
	variant=$1
	clients=$2
	shift 2
	as_tester "$PGBIN/pgbench" -h "$scratch" -p "$(port "$variant")" -U app -n -c "$clients" -j 2 \
		-T "$SECONDS_EACH" "$@" postgres 2>&1 |
		awk '/actually processed/ { n = $NF } /^tps/ { print n, $3 }'
}

select_all() {	# VARIANT: milliseconds
	printf '%s\n' "SELECT count(*) FROM big;" '\timing on' '\o /dev/null' "SELECT id, amount FROM big;" |
		ask "$1" app -f - 2>&1 | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1
}

need_packages $PACKAGES $TEST_PACKAGES
make_scratch
copy_tree
build
say "preparing"
for variant in $VARIANTS; do
	set_up "$variant" || die "could not set up $variant"
done

round=1
while [ $round -le "$ROUNDS" ]; do
	for clients in 1 4 16; do
		for variant in $VARIANTS; do
			before=$(written "$variant")
			test=-S
			[ "$variant" != commit ] || test=-N
			bench "$variant" $clients $test >"$scratch/tmp/result"
			read -r done_count tps <"$scratch/tmp/result"
			after=$(written "$variant")
			echo "$tps" >>"$scratch/$variant.$clients.tps"
			echo "$before $after $done_count" | awk '{ print ($2 - $1) / $3 }' >>"$scratch/$variant.$clients.bytes"
		done
	done
	for again in 1 2 3 4 5 6 7; do
		for variant in none on; do
			select_all "$variant" >>"$scratch/$variant.select"
		done
	done
	say "round $round of $ROUNDS"
	round=$((round + 1))
done

say "" "pgbench -S on tagged accounts, medians of $ROUNDS rounds of $SECONDS_EACH s"
printf '%8s %-8s %10s %9s %11s %14s\n' clients variant tps "of none" "of commits" "bytes/record"
for clients in 1 4 16; do
	none=$(median <"$scratch/none.$clients.tps")
	commit=$(median <"$scratch/commit.$clients.tps")
	for variant in $VARIANTS; do
		tps=$(median <"$scratch/$variant.$clients.tps")
		bytes=-
		[ "$variant" = commit ] || [ "$variant" = none ] || bytes=$(median <"$scratch/$variant.$clients.bytes")
		echo "$tps $none $commit" | awk -v c=$clients -v v=$variant -v b="$bytes" \
			'{ printf "%8d %-8s %10.0f %9.2f %11.2f %14s\n", c, v, $1, $1 / $2, $1 / $3, b }'
	done
done
none=$(median <"$scratch/none.select")
on=$(median <"$scratch/on.select")
echo "$on $none" | awk -v rows=$ROWS '{ printf "\nSELECT of %d rows: %.0f ms on, %.0f ms without: %.3f\n", rows, $1, $2, $1 / $2 }'
say "targets: off >= 0.95 of none and ahead of pgaudit; on, 16 clients: >= 0.8 of commits; SELECT <= 1.01"
