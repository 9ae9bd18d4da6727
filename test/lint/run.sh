#!/bin/sh
# What a compiler does not check: layers, headers, symbols, a test per rule.
# Usage: sh test/lint/run.sh            check the tree
#        sh test/lint/run.sh selftest   check that every check catches a
#                                       violation planted in a copy of the tree
# Each check is a function that prints a line for every violation in the
# directory it is called in.  PG_CONFIG names the server to compile against;
# JUR_TRACKED a file that lists the tracked files where there is no git.
set -u
cd "$(dirname "$0")/../.." || exit 1
PG_CONFIG=${PG_CONFIG:-pg_config}

# style.md, layers: a file may include headers of lower layers and of its own
LAYERS="base:0 label:1 crypto:1 store:2 token:2 policy:3 keys:3 session:4 evidence:4 enforce:5 verify:5"
rank() {
	for layer in $LAYERS; do
		[ "${layer%%:*}" != "$1" ] || { echo "${layer##*:}"; return; }
	done
	echo 9
}
check_layers() {
	for file in $(find src -name '*.[ch]' | sort); do
		own=$(echo "$file" | cut -d/ -f2)
		[ "$own" != "$(basename "$file")" ] || own=top
		for inc in $(sed -n 's/^#[ 	]*include[ 	]*"\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
			[ -d "src/$inc" ] && [ "$inc" != "$own" ] || continue
			[ "$(rank "$inc")" -lt "$(rank "$own")" ] ||
				echo "$file: must not include \"$inc/\""
		done
	done
	for dir in src/*/; do
		dir=$(basename "$dir")
		ls "src/$dir"/*.[ch] >/dev/null 2>&1 || continue
		[ "$(rank "$dir")" != 9 ] || echo "src/$dir: has no layer"
	done
}

check_headers() {
	for file in $(find src -name '*.h' | sort); do
		gcc -fsyntax-only -Wall -Werror -Isrc -I"$("$PG_CONFIG" --includedir-server)" \
			-include postgres.h -x c "$file" 2>&1 | grep -E 'error' |
			sed "s|^|$file does not compile alone: |"
	done
}

check_symbols() {
	[ -f jurisdiction.so ] || { echo "jurisdiction.so: not built"; return; }
	nm -D --defined-only jurisdiction.so | awk '{ print $3 }' |
		grep -Ev '^(jur_.*|pg_finfo_jur_.*|Pg_magic_func|_PG_init|_init|_fini)$' |
		sed 's/^/exported: /'
}

check_errcodes() {
	find src -name '*.[ch]' | sort | xargs perl -0777 -ne '
		s{/\*.*?\*/}{ $& =~ s/[^\n]//gr }gse;	# comments, lines kept
		while (/\bereport\s*(\((?:[^()"]++|"(?:[^"\\]|\\.)*+"|(?1))*+\))/g)
		{
			my ($call, $at) = ($1, $-[0]);
			next if $call =~ /^\(\s*(?:LOG|LOG_SERVER_ONLY|WARNING|NOTICE|INFO|DEBUG\d|COMMERROR)\b/;
			next if $call =~ /\berrcode\w*\s*\(/;
			my $line = 1 + (substr($_, 0, $at) =~ tr/\n//);
			print "$ARGV:$line: an error without errcode\n";
		}'
}

check_versions() {
	grep -rn 'PG_VERSION_NUM' src --include='*.[ch]' | grep -v '^src/base/compat\.h:'
}

check_tests_exist() {
	for file in src/enforce/enforce_*.c src/enforce/wall.c; do
		[ -f "$file" ] || continue
		name=$(basename "$file" .c)
		[ -f "sql/$name.sql" ] || echo "$file: no sql/$name.sql"
	done
}

check_expected() {
	for file in sql/*.sql; do
		[ ! -f "$file" ] || [ -f "expected/$(basename "$file" .sql).out" ] ||
			echo "$file: no expected output"
	done
	for file in test/isolation/specs/*.spec; do
		[ ! -f "$file" ] || [ -f "test/isolation/expected/$(basename "$file" .spec).out" ] ||
			echo "$file: no expected output"
	done
	ls expected/*_[0-9].out 2>/dev/null | sed 's/$/: one expected file per test/'
}

check_generated() {
	{ git ls-files 2>/dev/null || cat "${JUR_TRACKED:-/dev/null}" 2>/dev/null; } |
		grep -E '\.(o|so|bc|gcda|gcno|pyc)$|^jurisdiction--[^/]*\.sql$|^(results|tmp_[^/]*|output_iso|log)/|regression\.(diffs|out)$|/build/' |
		sed 's/$/: generated, but tracked/'
}

check_install_sql() {
	grep -rniE '(CREATE +OR +REPLACE|IF +NOT +EXISTS +[^( ])' src/sql/install |
		grep -viE '^[^:]*:[0-9]*: *--' | sed 's/$/   (adopts a planted object)/'
}

# the README's table of paths is made from the headers of test/leaks
check_leaks_table() {
	sed '1,/^<!-- paths:begin/d; /^<!-- paths:end/,$d' README.md >"${TMPDIR:-/tmp}/paths.$$"
	perl test/leaks/table.pl | diff "${TMPDIR:-/tmp}/paths.$$" - | sed -n 's/^[<>]/README.md, the table of paths:/p'
	rm -f "${TMPDIR:-/tmp}/paths.$$"
}

CHECKS="layers headers symbols errcodes versions tests_exist expected generated install_sql leaks_table"

# One violation for each check, planted in a copy of the tree.
plant_layers() { printf '#include "policy/policy.h"\n' >>src/label/label.h; }
plant_headers() { printf 'extern NoSuchType jur_planted(void);\n' >>src/label/label.h; }
plant_symbols() {
	echo 'int planted(void); int planted(void) { return 0; }' |
		gcc -shared -fPIC -o jurisdiction.so -x c -
}
plant_errcodes() {
	printf 'ereport(ERROR,\n\t(errmsg("no (code) here")));\n' >src/base/planted.c
}
plant_versions() { printf '#if PG_VERSION_NUM > 1\n#endif\n' >src/base/planted.c; }
plant_tests_exist() { mkdir -p src/enforce && touch src/enforce/enforce_planted.c; }
plant_expected() { mkdir -p sql && touch sql/planted.sql; }
plant_generated() { echo src/base/planted.o >tracked; }
plant_install_sql() { echo 'create  or replace function f() ...' >src/sql/install/99_planted.sql; }
plant_leaks_table() { printf -- '-- path: planted\n' >test/leaks/999_planted.sql; }

passed=0
failed=0
verdict() {	# NAME: ok if $problems is empty
	if [ -z "$problems" ]; then
		passed=$((passed + 1)); echo "ok - $1"
	else
		failed=$((failed + 1)); echo "not ok - $1"; echo "$problems" | sed 's/^/#   /'
	fi
}

if [ "${1:-}" = selftest ]; then
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	export JUR_TRACKED="tracked"
	for check in $CHECKS; do
		rm -rf "$tmp/tree"
		mkdir "$tmp/tree"
		cp -R src sql expected test README.md jurisdiction.so "$tmp/tree/" 2>/dev/null
		problems=$(cd "$tmp/tree" && touch tracked && "check_$check" >../before
			"plant_$check" && "check_$check" >../after
			grep -Fvxqf ../before ../after || echo "the planted violation was not seen")
		verdict "lint catches: $check"
	done
else
	for check in $CHECKS; do
		problems=$("check_$check")
		verdict "lint: $check"
	done
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
