#!/bin/sh
# What reading a long evidence log costs: the questions of an auditor, whose
# answers are as long whatever the log's length is, with the index and by
# reading everything; making the index anew; and verifying all of it, by SQL and
# by the program.
# Usage: sh test/bench/reading.sh [MOST [ROUNDS]]
#        from ten thousand entries to MOST (default 1000000), each a log of its
#        own; the shortest of ROUNDS (5) times
# Verifying is given in entries a second of one core, of a server that was busy
# (one head told of in 5,000 entries) and of a quiet one (one in 4).
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh

MOST=${1:-1000000}
ROUNDS=${2:-5}
BUSY=5000
QUIET=4

need_packages $PACKAGES
make_scratch
copy_tree
build
pure="base64 log_dir_file log_dir_journal log_dir_read merkle note
	log_dir_checkpoint log_dir_journal_write log_dir_open log_dir_write"
sources() { for name; do printf 'src/evidence/%s.c ' "$name"; done; }
# shellcheck disable=SC2046,SC2086  # lists of words
as_tester sh -c 'cd "$0/tree" && gcc -std=gnu99 -D_GNU_SOURCE -DJUR_VERSION=\"bench\" -O2 -Isrc \
	-o "$0/log_fill" test/bench/log_fill.c "$@" -lcrypto' "$scratch" $(sources $pure) ||
	die "log_fill does not compile"
ticks=$(getconf CLK_TCK)

ask() {	# ROLE [OPTION...]
	role=$1
	shift
	as_tester "$PGBIN/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$scratch" -p 1 -U "$role" -d postgres "$@"
}
server() { as_tester "$PGBIN/pg_ctl" -s -w -D "$scratch/data" -l "$scratch/log" "$1"; }

set_up() {	# SIZE TOLD: a server, and a log of SIZE entries
	rm -rf "$scratch/data"
	as_tester "$PGBIN/initdb" -D "$scratch/data" -A trust -U postgres >"$scratch/init.log" || return 1
	as_tester tee -a "$scratch/data/postgresql.conf" >/dev/null <<-CONF
		shared_preload_libraries = 'jurisdiction'
		listen_addresses = ''
		unix_socket_directories = '$scratch'
		port = 1
		jit = off
		jurisdiction.site = 'DE'
		jurisdiction.evidence_commit = off
	CONF
	server start && ask postgres -c "CREATE EXTENSION jurisdiction" \
		-c "CREATE ROLE officer LOGIN; CREATE ROLE auditor LOGIN" \
		-c "SECURITY LABEL FOR jurisdiction ON ROLE auditor IS 'auditor'" \
		-c "SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer'" && server stop || return 1
	as_tester "$scratch/log_fill" "$scratch/data/jurisdiction_evidence" \
		"$(ls "$scratch"/data/evidence_signing_*.key)" "$1" "$2" && server start
}

# a number of the second line that psql prints under \timing, the smallest
shortest() { sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | sort -n | head -n 1; }

timed() {	# EXPECTED ROLE QUERY: milliseconds; the answer has to be EXPECTED
	{ printf '%s\n' '\timing on'; i=0; while [ $i -lt "$ROUNDS" ]; do say "$3;"; i=$((i + 1)); done; } |
		ask "$2" -f - >"$scratch/answer" 2>&1
	answer=$(grep -v '^Time' "$scratch/answer" | sort -u)
	[ "$answer" = "$1" ] || die "$3: $answer, not $1"
	shortest <"$scratch/answer"
}

indexed() { timed "$1" auditor "SELECT count(*) FROM jurisdiction.evidence WHERE event = 'statement' AND $2"; }
unindexed() { timed "$1" auditor "SELECT count(*) FROM (SELECT $3 FROM jurisdiction.evidence OFFSET 0) AS e WHERE $2"; }

rebuild() {	# milliseconds for all of it, from nothing
	# the sealer makes it too, and has nothing left to do afterwards
	ask officer -c "SELECT jurisdiction.rebuild_evidence_index()" >/dev/null
	sleep 2
	i=0
	while [ $i -lt 2 ]; do
		rm -rf "$scratch/data/jurisdiction_evidence/index"
		printf '%s\n' '\timing on' 'SELECT jurisdiction.rebuild_evidence_index();' | ask officer -f -
		i=$((i + 1))
	done | shortest
}

verified_sql() {	# entries a second that a session verifies while it computes
	ask auditor -f - >"$scratch/answer" 2>/dev/null <<-'SQL'
		SELECT pg_backend_pid() AS pid \gset
		\setenv PID :pid
		\! cat /proc/$PID/stat
		SELECT checked, coalesce(problem, 'none') FROM jurisdiction.verify_evidence();
		\! cat /proc/$PID/stat
	SQL
	awk -v ticks="$ticks" '
		/\|/ { split($0, part, "|"); n = part[1]; problem = part[2]; next }
		{ sub(/.*\) /, ""); cpu[++k] = $12 + $13 }
		END { t = cpu[2] - cpu[1]; printf "%s\n", (problem == "none" && t > 0 ? sprintf("%.0f", n * ticks / t) : "-") }
	' "$scratch/answer"
}

verified_program() {	# the same of the program
	bash -c 'TIMEFORMAT="%U %S"; time "$0" "$1" >/dev/null' "$PGBIN/jurisdiction-verify" \
		"$scratch/data/jurisdiction_evidence" 2>&1 |
		awk -v n="$1" 'NF == 2 { s = $1 + $2 } END { printf "%.0f\n", (s > 0 ? n / s : 0) }'
}

say "milliseconds, the shortest of $ROUNDS"
printf '%9s %9s %9s %9s %9s %9s %9s %9s\n' entries "an hour" "a table" "a role" "a label" \
	"one read" "all read" rebuild
size=10000
while [ "$size" -le "$MOST" ]; do
	set_up $size $BUSY || die "could not set up $size"
	again=$(rebuild)
	# how many are of the last 50 minutes depends on when it is asked
	since=$(ask auditor -c "SELECT quote_literal(time) FROM jurisdiction.evidence WHERE event = 'statement' ORDER BY seq DESC OFFSET 79 LIMIT 1")
	hour=$(indexed 80 "time >= $since") &&
		table=$(indexed 50 "'public.rare' = ANY (tables)") &&
		role=$(indexed 50 "role_name = 'rare'") &&
		label=$(indexed 50 "'FR:secret/rare' = ANY (labels)") &&
		one=$(timed 1 auditor "SELECT count(*) FROM jurisdiction.evidence WHERE seq = $((size / 2))") &&
		all=$(unindexed 50 "'public.rare' = ANY (tables)" tables) || exit 1
	printf '%9d %9s %9s %9s %9s %9s %9s %9s\n' $size "$hour" "$table" "$role" "$label" "$one" "$all" "$again"
	last=$size
	size=$((size * 10))
	[ "$size" -gt "$MOST" ] || server stop
done

busy_sql=$(verified_sql)
busy_program=$(verified_program "$last")
server stop
set_up "$last" $QUIET || die "could not set up $last"
say "" "entries verified a second of one core, of $last"
printf '%9s %17s %20s\n' "" verify_evidence jurisdiction-verify
printf '%9s %17s %20s\n' busy "$busy_sql" "$busy_program" quiet "$(verified_sql)" "$(verified_program "$last")"
say "targets: an hour, a table, a role, a label: the same for every size; verified: >= 200000"
