#!/bin/sh
# What the evidence log costs, as ratios: the same tagged accounts on servers
# that differ in one setting; beside them pgaudit in place of our log, and
# commits with the same fsync.
# Usage: sh test/bench/evidence.sh [ROUNDS [SECONDS]]   default 6 rounds of 4 seconds
#
#   none     no log at all
#   again    no log at all, another server: what the measurement itself is worth
#   off      evidence_commit = off: nobody waits
#   on       evidence_commit = on: durable before the first row leaves
#   pgaudit  no log of ours, pgaudit.log = read into the server's log
#   commit   no library; pgbench -N: one commit each
#
# All servers with tagged accounts begin as copies of one data directory, since
# where rows lie makes more of a difference than the log.  They are measured in
# turn, in another order in each round, and medians are compared.  pgbench itself
# stays on one processor: where the scheduler puts it beside its sessions makes
# rates differ by half.  What a server takes of processors for each statement
# varies less than its rate.  Then SELECTs of a million rows on three of them, in turn.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh

ROUNDS=${1:-6}
SECONDS_EACH=${2:-4}
ROWS=1000000
VARIANTS="none again off on pgaudit commit"
COPIES="again off on pgaudit"
# those that have our library; accounts are tagged there
is_ours() { case $1 in commit) false ;; *) true ;; esac }

port() { case $1 in none) echo 1 ;; off) echo 2 ;; on) echo 3 ;; pgaudit) echo 4 ;; commit) echo 5 ;; again) echo 6 ;; esac }
ask() {	# VARIANT ROLE [OPTION...]
	variant=$1
	role=$2
	shift 2
	as_tester "$PGBIN/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$scratch" -p "$(port "$variant")" \
		-U "$role" -d postgres "$@"
}

start() {	# VARIANT
	data=$scratch/$1
	case $1 in
	none | again) settings="jurisdiction.evidence_directory = ''" ;;
	off) settings="jurisdiction.evidence_commit = off" ;;
	pgaudit) settings="jurisdiction.evidence_directory = ''
pgaudit.log = 'read'" ;;
	*) settings="" ;;
	esac
	case $1 in
	commit) library= ;;
	pgaudit) library=jurisdiction,pgaudit ;;
	*) library=jurisdiction ;;
	esac
	! is_ours "$1" || settings="jurisdiction.site = 'DE'
$settings"
	as_tester tee "$data/postgresql.auto.conf" >/dev/null <<-CONF
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
	as_tester "$PGBIN/pg_ctl" -s -w -D "$data" -l "$data/log" start
}

fill() {	# VARIANT
	as_tester "$PGBIN/initdb" -D "$scratch/$1" -A trust -U postgres >"$scratch/init.log" || return 1
	start "$1" || return 1
	ask "$1" postgres -c "CREATE ROLE app LOGIN; GRANT CREATE ON SCHEMA public TO app" || return 1
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

copies() {
	as_tester "$PGBIN/pg_ctl" -s -w -D "$scratch/none" stop || return 1
	for copy in $COPIES; do
		as_tester cp -R "$scratch/none" "$scratch/$copy" || return 1
	done
	for copy in none $COPIES; do
		start "$copy" || return 1
	done
	ask pgaudit postgres -c "CREATE EXTENSION pgaudit"
}

written() {	# VARIANT: bytes of its log so far
	case $1 in
	none | again | commit) echo 0 ;;
	pgaudit) wc -c <"$scratch/pgaudit/log" ;;
	*) sleep 1.5; ask "$1" postgres -c "SELECT evidence_bytes FROM jurisdiction.stat" ;;
	esac
}

# VARIANT: clock ticks of processor time that its server has taken, with the
# sessions that have ended; see proc(5)
ticks() {
	postmaster=$(head -n 1 "$scratch/$1/postmaster.pid")
	sleep 0.2
	for pid in $postmaster $(ps -o pid= --ppid "$postmaster"); do
		sed 's/.*) //' "/proc/$pid/stat"
	done | awk '{ n += $12 + $13 + (NR == 1 ? $14 + $15 : 0) } END { print n }'
}

cpu=$(first_cpu)

bench() {	# VARIANT CLIENTS [OPTION...]: transactions done, and per second
	variant=$1
	clients=$2
	shift 2
	as_tester taskset -c "$cpu" "$PGBIN/pgbench" -h "$scratch" -p "$(port "$variant")" -U app -n \
		-c "$clients" -j 1 -T "$SECONDS_EACH" "$@" postgres 2>&1 |
		awk '/actually processed/ { n = $NF } /^tps/ { print n, $3 }'
}

select_all() {	# VARIANT: milliseconds of five
	{ printf '%s\n' "SELECT count(*) FROM big;" '\timing on' '\o /dev/null'; yes "SELECT id, amount FROM big;" | head -n 5; } |
		ask "$1" app -f - 2>&1 | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
}

need_packages $PACKAGES $TEST_PACKAGES
make_scratch
copy_tree
build
say "preparing"
fill none && copies && fill commit || die "could not set up the servers"
# what each server and the disk do first is not measured
for variant in $VARIANTS; do
	bench "$variant" 4 -S >"$scratch/tmp/first"
	[ "$variant" = commit ] || select_all "$variant" >"$scratch/tmp/first"
done

round=1
while [ $round -le "$ROUNDS" ]; do
	for clients in 1 4 16; do
		for variant in $(printf '%s\n' $VARIANTS | shuf); do
			before=$(written "$variant")
			test=-S
			[ "$variant" != commit ] || test=-N
			ticks_before=$(ticks "$variant")
			bench "$variant" $clients $test >"$scratch/tmp/result"
			read -r done_count tps <"$scratch/tmp/result"
			taken=$(($(ticks "$variant") - ticks_before))
			echo "$taken $done_count" | awk -v hz="$(getconf CLK_TCK)" '{ print 1e6 * $1 / hz / $2 }' >>"$scratch/$variant.$clients.cpu"
			after=$(written "$variant")
			echo "$tps" >>"$scratch/$variant.$clients.tps"
			echo "$before $after $done_count" | awk '{ print ($2 - $1) / $3 }' >>"$scratch/$variant.$clients.bytes"
		done
	done
	for again in 1 2 3 4; do
		for variant in $(printf '%s\n' none again on | shuf); do
			select_all "$variant" >>"$scratch/select.$variant"
		done
	done
	say "round $round of $ROUNDS"
	round=$((round + 1))
done

say "" "pgbench -S on tagged accounts, medians of $ROUNDS rounds of $SECONDS_EACH s"
printf '%8s %-8s %10s %9s %11s %9s %9s %16s\n' clients variant tps "of none" "of commits" "cpu us" "of none" "bytes/statement"
for clients in 1 4 16; do
	none=$(median <"$scratch/none.$clients.tps")
	commit=$(median <"$scratch/commit.$clients.tps")
	none_us=$(median <"$scratch/none.$clients.cpu")
	for variant in $VARIANTS; do
		bytes=-
		case $variant in off | on | pgaudit) bytes=$(median <"$scratch/$variant.$clients.bytes") ;; esac
		median <"$scratch/$variant.$clients.tps" |
			awk -v c=$clients -v v="$variant" -v b="$bytes" -v none="$none" -v commit="$commit" \
				-v us="$(median <"$scratch/$variant.$clients.cpu")" -v none_us="$none_us" \
				'{ printf "%8d %-8s %10.0f %9.3f %11.2f %9.1f %9.3f %16s\n", c, v, $1, $1 / none, $1 / commit, us, us / none_us, b }'
	done
done
none=$(median <"$scratch/select.none")
printf '\nSELECT of %d rows, medians: %.1f ms without a log' $ROWS "$none"
for variant in again on; do
	median <"$scratch/select.$variant" |
		awk -v v=$variant -v none="$none" '{ printf "; %s: %+.1f ms, %.3f of that", v, $1 - none, $1 / none }'
done
say ""
say "targets, of rates: off >= 0.95 of none and ahead of pgaudit; on, 16 clients: >= 0.8 of commits; SELECT <= 1.01"
