#!/bin/sh
# PostgreSQL's own tests of what we hook into, with the library preloaded and
# nothing tagged: they must not notice.
# Usage: PG_CONFIG=... sh test/core/run.sh
# of a private server with the extension: the tests' own library is put beside
# ours for as long as it takes, since no other place is trusted.
#
# The tests come from Debian's source package, fetched with a private package
# list, so that the machine's own configuration stays as it is.  They run three
# times: without the library (which proves the harness), preloaded, and
# preloaded with the extension created.
#
# Where the mirror has no source of the very release that is installed, another
# minor one serves.  Since 15.19, psql skips the data lines after a COPY FROM stdin
# that failed, up to "\."; tests written before that get one.  A test that the
# bare server itself does not pass proves nothing about us, and is skipped.
#
# One difference is expected and checked for: security_label.sql holds that no
# label provider is loaded, and we are one.
set -u
TESTS="rowsecurity privileges security_label"
work=$(mktemp -d)
library=$("$PG_CONFIG" --pkglibdir)
major=$("$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
trap 'rm -rf "$work" "$library/regress.so"' EXIT
passed=0
failed=0
done_testing() {	# [SKIPPED]
	echo "$passed passed, $failed failed${1:+, $1 skipped}"
	[ $failed = 0 ]
	exit
}

# fetch_source: unpacks src/test/regress of some release of this PostgreSQL to $work/regress
fetch_source() {
	mkdir -p "$work/apt/sources" "$work/apt/lists/partial" "$work/apt/cache/archives/partial" || return 1
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$file" ] && sed 's/^deb /deb-src /' "$file" >"$work/apt/sources/$(basename "$file").list"
	done
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -f "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/apt/sources/$(basename "$file")"
	done
	set -- -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/apt/sources" \
		-o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" \
		-o APT::Sandbox::User=
	apt-get "$@" -q update || return 1
	# a mirror may list a release whose files it does not have: try them all
	for version in $(apt-cache "$@" showsrc "postgresql-$major" | sed -n 's/^Version: //p' | sort -Vru); do
		(cd "$work" && apt-get "$@" -q --download-only source "postgresql-$major=$version") || continue
		tar xf "$work/postgresql-${major}"_*.orig.tar.* -C "$work" --wildcards '*/src/test/regress/*' &&
			mv "$work/postgresql-$major"*/src/test/regress "$work/regress" && return 0
	done
	return 1
}

if ! fetch_source >"$work/fetch.log" 2>&1; then
	sed 's/^/# /' "$work/fetch.log"
	for test in $TESTS; do
		echo "ok - core: $test # SKIP no source package of PostgreSQL $major can be had"
	done
	done_testing 6
fi

gcc -shared -fPIC -I"$("$PG_CONFIG" --includedir-server)" \
	-o "$library/regress.so" "$work/regress/regress.c" || exit 1

# run NAME CONFIG [OPTION...]: one run of test_setup and the tests
run() {
	out=$work/$1
	echo "$2" >"$work/$1.conf"
	mkdir "$out"
	cp -R "$work/regress/sql" "$work/regress/expected" "$work/regress/data" "$out/"
	shift 2
	"$(dirname "$("$PG_CONFIG" --pgxs)")/../test/regress/pg_regress" \
		--bindir="$("$PG_CONFIG" --bindir)" --dlpath="$library" --inputdir="$out" \
		--outputdir="$out" --temp-instance="$out/instance" --temp-config="$out.conf" \
		"$@" test_setup $TESTS >"$out.log" 2>&1
	grep -q 'tests passed\|tests failed' "$out.log" || cat "$out.log" "$out/log/postmaster.log" | sed 's/^/# /'
}

# with a provider loaded, "no provider" becomes another error, and only that
provider_only() {	# DIFF
	! grep -E '^[-+]' "$1" | grep -Ev '^(---|\+\+\+) |^-ERROR:  no security label providers have been loaded$' |
		grep -Evq '^\+(ERROR|DETAIL|HINT|LINE [0-9]+): ' &&
		[ "$(grep -c '^-ERROR' "$1")" = "$(grep -c '^+ERROR' "$1")" ]
}

# compare NAME TEST: true if a run's results are the expected ones; else the
# difference is in NAME/TEST.diff (empty if there are no results)
compare() {
	got=$work/$1/results/$2.out
	: >"$work/$1/$2.diff"
	for expected in "$work/$1/expected/$2".out "$work/$1/expected/$2"_[0-9].out; do
		[ -f "$expected" ] && [ -f "$got" ] || continue
		diff -U3 "$expected" "$got" >"$work/diff" && return 0
		[ -s "$work/$1/$2.diff" ] || cp "$work/diff" "$work/$1/$2.diff"
	done
	return 1
}

# the tests that the server alone did not pass, though it ran them
misfits() {
	for test in $TESTS; do
		compare plain "$test" || [ ! -s "$work/plain/$test.diff" ] || echo "$test"
	done
}

end_failed_copies() {	# FILE: "\." after every COPY FROM stdin that is meant to fail
	awk '{ print }
		tolower($0) ~ /^copy .* from stdin;.*fail/ { print "\\." }' "$1" >"$work/sql" &&
		mv "$work/sql" "$1"
}

# judge NAME WHAT: each test of a run against what is expected
judge() {
	for test in test_setup $TESTS; do
		name="core: $test, $2"
		diff=$work/$1/$test.diff
		if compare "$1" "$test"; then
			passed=$((passed + 1)); echo "ok - $name"
		elif [ "$test" = security_label ] && [ "$1" != plain ] && [ -s "$diff" ] && provider_only "$diff"; then
			passed=$((passed + 1)); echo "ok - $name (differs only in that a provider is loaded)"
		else
			failed=$((failed + 1)); echo "not ok - $name"
			sed 's/^/#   /' "$diff"
		fi
	done
}

# query ids are computed for the log; the server's own tests do without seeing them
PRELOAD="shared_preload_libraries = 'jurisdiction'
compute_query_id = regress
jurisdiction.allowed_libraries = 'regress'"
run plain ""
if [ -n "$(misfits)" ]; then
	for test in $TESTS; do
		end_failed_copies "$work/regress/sql/$test.sql"
	done
	rm -rf "$work/plain"
	run plain ""
fi
for test in $(misfits); do
	TESTS=$(echo "$TESTS" | sed "s/\<$test\>//")
	for name in plain preloaded created; do
		skipped=$((${skipped:-0} + 1))
		echo "ok - core: $test, $name # SKIP this server does not pass it without the library"
		sed 's/^/# /' "$work/plain/$test.diff"
	done
done

judge plain "without the library"
run preloaded "$PRELOAD"
judge preloaded "preloaded"
run created "$PRELOAD" --load-extension=jurisdiction
judge created "preloaded and created"
done_testing ${skipped:-}
