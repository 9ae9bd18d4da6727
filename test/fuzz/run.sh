#!/bin/sh
# Builds and runs every fuzzer and property test of this folder under the
# address and undefined-behaviour sanitizers; no server is needed.
# Usage: sh test/fuzz/run.sh [SECONDS]	how long each fuzzer runs (default 20)
#
# A test names the sources it is linked with in its "Links:" lines.  A fuzzer
# fuzz_X.c starts from corpus/X; what breaks it is kept in build/X-*, and
# replayed by "build/fuzz_X build/X-...".  CLANG and PG_CONFIG choose the
# tools, COUNT how many cases a property test makes (default 20000).
set -u
cd "$(dirname "$0")/../.."
seconds=${1:-20}
clang=${CLANG:-clang}
server=$("${PG_CONFIG:-pg_config}" --includedir-server) || exit 1
build=test/fuzz/build
sanitize=address,undefined
passed=0
failed=0

mkdir -p $build
echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return 0; }' \
	>$build/probe.c
if ! "$clang" -fsanitize=fuzzer,$sanitize -o $build/probe $build/probe.c; then
	echo "fuzz: $clang cannot link the sanitizers and libFuzzer: install" \
		"clang with its compiler-rt (Debian: clang, libclang-rt-dev)" >&2
	exit 1
fi

# compile NAME SANITIZERS: the test and what it links with
compile() {
	"$clang" -g -O1 -Wall -Werror -fno-sanitize-recover=all \
		"-fsanitize=$2" -Isrc -Itest/fuzz -isystem "$server" \
		-o "$build/$1" "test/fuzz/$1.c" test/fuzz/server_shim.c \
		$(sed -n 's/^ \* Links: //p' "test/fuzz/$1.c")
}

# result NAME STATUS
result() {
	if [ "$2" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok	$1"
	else
		failed=$((failed + 1))
		echo "FAILED	$1"
	fi
}

for file in test/fuzz/*_properties.c; do
	name=$(basename "$file" .c)
	compile "$name" $sanitize && "$build/$name" "${COUNT:-20000}"
	result "$name" $?
done

for file in test/fuzz/fuzz_*.c; do
	name=$(basename "$file" .c)
	subject=${name#fuzz_}
	mkdir -p "$build/corpus/$subject"
	log=$build/$name.log
	compile "$name" fuzzer,$sanitize &&
		"$build/$name" -max_total_time="$seconds" -max_len=4096 \
			-rss_limit_mb=1024 -timeout=20 \
			-artifact_prefix="$build/$subject-" \
			"$build/corpus/$subject" "test/fuzz/corpus/$subject" >"$log" 2>&1
	status=$?
	if [ $status -eq 0 ]; then tail -n 1 "$log"; else tail -n 40 "$log"; fi
	result "$name" $status
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
