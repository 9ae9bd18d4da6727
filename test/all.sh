#!/bin/sh
# Every suite, on private servers; installs what is missing, leaves nothing.
# Usage: sh test/all.sh [SUITE...]   (lint fuzz interop regress isolation tap core)
# The last line is "N passed, N failed"; the exit status says whether all passed.
#
# JUR_PG=17 runs them on another PostgreSQL than 15, which Debian 12 has;
# JUR_FUZZ_SECONDS (default 20) bounds the fuzz suite; JUR_TAP names the TAP
# files to run; JUR_KEEP=1 keeps the scratch directory for a look at logs.
set -u
cd "$(dirname "$0")/.." || exit 1
. test/lib.sh

# whatever goes wrong before the first suite is a failure, and counted as one
die() { say "$0: $*" "0 passed, 1 failed" | sed 's/ \(0 passed\)/\n\1/'; exit 1; }

suites=${*:-lint fuzz interop regress isolation tap core}
total_passed=0
total_failed=0
total_skipped=0

# Each of these runs one suite inside the scratch tree.
suite_lint() {
	as_tester env JUR_TRACKED="$scratch/tracked" PG_CONFIG="$PG_CONFIG" sh -c \
		'sh test/lint/run.sh; sh test/lint/run.sh selftest'
}
suite_fuzz() { as_tester sh test/fuzz/run.sh "${JUR_FUZZ_SECONDS:-20}"; }
suite_interop() {
	as_tester perl test/interop/check_decisions.pl
	decisions=$?
	as_tester /usr/bin/python3 test/interop/check_log.py && return $decisions
}
suite_regress() {
	as_tester make -s PG_CONFIG="$PG_CONFIG" TEMP=1 with_llvm=no installcheck \
		ISOLATION= TAP_TESTS=
}
suite_isolation() {
	as_tester make -s PG_CONFIG="$PG_CONFIG" TEMP=1 with_llvm=no installcheck \
		REGRESS= TAP_TESTS=
}
suite_tap() {
	pgxs=$(dirname "$("$PG_CONFIG" --pgxs)")/..
	as_tester env TESTDIR="$PWD" TESTDATADIR="$PWD/tmp_check" \
		TESTLOGDIR="$PWD/tmp_check/log" PATH="$PGBIN:$PATH" PGPORT=65432 \
		PG_CONFIG="$PG_CONFIG" PG_REGRESS="$pgxs/test/regress/pg_regress" \
		PERL5LIB="$pgxs/test/perl" prove -v ${JUR_TAP:-test/tap/*.pl}
}
suite_core() { as_tester env PG_CONFIG="$PG_CONFIG" sh test/core/run.sh; }

count() { grep -Ec "$1" "$log"; }
sum() { sed -n "s/^\(.*, \)\{0,1\}\([0-9][0-9]*\) $1\(,.*\)\{0,1\}\$/\2/p" "$log" | awk '{ n += $1 } END { print n + 0 }'; }

# tally SUITE STATUS: counts what $log says, and never less than its status.
tally() {
	case $1 in
	regress | isolation)
		# pg_regress speaks TAP since 16
		passed=$(count '^(test|    ) .* \.\.\. ok|^ok [0-9]+ +[-+] ')
		failed=$(count '^(test|    ) .* \.\.\. (FAILED|failed)|^not ok [0-9]+ +[-+] ')
		skipped=0
		;;
	tap)
		skipped=$(count '^ok .*# (SKIP|skip)|^1\.\.0 # SKIP')
		passed=$(($(count '^ok ') - $(count '^ok .*# (SKIP|skip)')))
		failed=$(($(count '^not ok ') + $(count 'Parse errors:')))
		;;
	interop)
		passed=$(($(sum "cases agree") + $(sum passed)))
		failed=$(($(sum differ) + $(sum failed)))
		skipped=0
		;;
	*)
		passed=$(sum passed)
		failed=$(sum failed)
		skipped=$(sum skipped)
		;;
	esac
	# a suite that died, or did nothing at all, has failed
	if [ "$failed" = 0 ] && { [ "$2" != 0 ] || [ $((passed + skipped)) = 0 ]; }; then
		failed=1
	fi
}

need_packages $PACKAGES $TEST_PACKAGES
make_scratch
copy_tree
build
cd "$scratch/tree" || exit 1

for suite in $suites; do
	case $suite in
	lint | fuzz | interop | regress | isolation | tap | core) ;;
	*) die "there is no suite \"$suite\"" ;;
	esac
	log=$scratch/$suite.log
	say "== $suite"
	"suite_$suite" >"$log" 2>&1
	tally "$suite" $?
	grep -E '^(ok|not ok|test |    ).*|# SKIP' "$log" | grep -v '^ *#'
	if [ "$failed" != 0 ]; then
		say "-- $suite: the whole output, and the differences"
		cat "$log"
		! grep -q 'postmaster failed' "$log" || tail -n 20 log/postmaster.log
		for file in tmp_check/log/regress_log_*; do
			[ ! -f "$file" ] || tail -v -n 20 "$file"
		done
		find . -name regression.diffs -exec cat {} +
		find . -name regression.diffs -exec rm -f {} +
		[ -n "${JUR_KEEP:-}" ] || rm -rf tmp_check
	fi
	say "-- $suite: $passed passed, $failed failed, $skipped skipped"
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
	total_skipped=$((total_skipped + skipped))
done

line="$total_passed passed, $total_failed failed"
[ $total_skipped = 0 ] || line="$line, $total_skipped skipped"
say "$line"
[ $total_failed = 0 ] && [ $total_passed -gt 0 ]
