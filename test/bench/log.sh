#!/bin/sh
# What an entry of the evidence log costs, from a thousand to a million of them,
# and how fast jurisdiction-verify reads them: no server, one core.
# Usage: sh test/bench/log.sh [MOST [BYTES [DIRECTORY]]]
#        MOST entries (default 1000000; 10000000 for the long run) of BYTES
#        bytes (400), in a scratch folder below DIRECTORY (/tmp)
# One sync for 100 entries, one checkpoint for 10,000: a busy server.
set -u
cd "$(dirname "$0")/../.." || exit 1
MOST=${1:-1000000}
BYTES=${2:-400}
BATCH=100
CHECKPOINT=10000

scratch=$(mktemp -d "${3:-/tmp}/log_bench.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' HUP INT TERM

pure="base64 log_dir_file log_dir_journal log_dir_read merkle note"
writer="log_dir_checkpoint log_dir_journal_write log_dir_open log_dir_write"
sources() { for name; do printf 'src/evidence/%s.c ' "$name"; done; }
compile() { gcc -std=gnu99 -D_GNU_SOURCE -DJUR_VERSION='"bench"' -O2 -Isrc -o "$@" -lcrypto; }
# shellcheck disable=SC2046,SC2086  # lists of words
compile "$scratch/bench" test/bench/log_bench.c $(sources $pure $writer) &&
	compile "$scratch/verify" src/verify/*.c $(sources $pure json_text ocsf record) || exit 1

# seconds that the verifier computes: its user time and system time
cpu_seconds() {
	bash -c 'TIMEFORMAT="%U %S"; time "$0" "$1" >/dev/null' "$@" 2>&1 |
		awk 'NF == 2 { s = $1 + $2 } END { print s }'
}

printf '%10s %8s %8s %10s %8s %7s %6s %12s\n' \
	entries append sync checkpoint sum bytes MB 'verified/s'
count=1000
while [ "$count" -le "$MOST" ]; do
	line=$("$scratch/bench" "$scratch/log" "$count" $BATCH $CHECKPOINT "$BYTES") || exit 1
	seconds=$(cpu_seconds "$scratch/verify" "$scratch/log")
	"$scratch/verify" "$scratch/log" >/dev/null || { echo "not verified" >&2; exit 1; }
	echo "$line" | awk -v n="$count" -v s="$seconds" '{
		printf "%10d %8.2f %8.2f %10.2f %8.2f %7d %6d %12s\n", n, $1, $2, $3, $1 + $2 + $3,
			$4, $5, (s > 0 ? sprintf("%.0f", n / s) : "-") }'
	rm -rf "$scratch/log"
	count=$((count * 10))
done
echo "append, sync, checkpoint, sum: microseconds an entry of $BYTES bytes, one sync for $BATCH,"
echo "one checkpoint for $CHECKPOINT (one for all where there are fewer);"
echo "bytes: written an entry, all files; MB: of memory"
