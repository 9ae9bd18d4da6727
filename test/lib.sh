# lib.sh: what all.sh, demo.sh and the benches share: packages, a scratch
# copy of the tree, an unprivileged user, a private server.  Sourced, never run,
# from the root of the project.

# The server's headers warn under plain -Wextra in three ways that say nothing
# about our code; everything else is an error.
COPT=${COPT:-"-Werror -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers"}

# One locale everywhere, so that sort order and messages are the same; pg_regress
# forgets LC_ALL, and keeps LANG.
export LC_ALL=C.UTF-8 LANG=C.UTF-8

say() { printf '%s\n' "$*"; }
die() { say "$0: $*" >&2; exit 1; }
am_root() { [ "$(id -u)" = 0 ]; }

as_root() {
	if am_root; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root or sudo for: $*"
	fi
}

installed_version() { dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null | sed -n 's/^installed //p'; }

# The server's version: JUR_PG if that is set; else 15, which Debian 12 has;
# and where there is no 15, what the distribution brings.
debian=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release 2>/dev/null)
distribution_pg() { apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1; }
chosen_pg() {
	if [ "$debian" = 12 ] || ! command -v apt-cache >/dev/null ||
		[ -n "$(installed_version postgresql-15)" ] ||
		apt-cache show postgresql-15 >/dev/null 2>&1; then
		echo 15
		return
	fi
	[ -n "$(distribution_pg)" ] || as_root apt-get -q update >/dev/null
	distribution_pg
}
PG=${JUR_PG:-$(chosen_pg)}
[ -n "$PG" ] || die "which PostgreSQL?  JUR_PG=17 names one"

# What a build and every suite needs of Debian; 12's clang brings its runtime
# by its version only.
PACKAGES="gcc make libc6-dev libssl-dev postgresql-$PG postgresql-server-dev-$PG"
case $debian in
12) clang_runtime=libclang-rt-14-dev ;;
*) clang_runtime=libclang-rt-dev ;;
esac
TEST_PACKAGES="clang $clang_runtime libipc-run-perl perl postgresql-$PG-pgaudit tor-geoipdb iproute2 procps bzip2 python3-cryptography softhsm2 opensc age"

# need_packages NAME...: installs what is missing.  Server and headers must be
# of the same minor release, or the build would see structures that the server
# does not have; both are upgraded together.
need_packages() {
	missing=
	for package; do
		[ -n "$(installed_version "$package")" ] || missing="$missing $package"
	done
	if [ "$(installed_version "postgresql-$PG")" != "$(installed_version "postgresql-server-dev-$PG")" ]; then
		missing="$missing postgresql-$PG postgresql-client-$PG postgresql-server-dev-$PG"
	fi
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null || die "please install:$missing"
	say "installing:$missing"
	no_cluster=
	if [ -z "$(installed_version "postgresql-$PG")" ]; then
		# the package would create and start a cluster that nobody asked for
		no_cluster=/etc/postgresql-common/createcluster.d/jurisdiction-test.conf
		as_root mkdir -p "${no_cluster%/*}"
		echo "create_main_cluster = false" | as_root tee "$no_cluster" >/dev/null
	fi
	as_root apt-get -q update >/dev/null &&
		# shellcheck disable=SC2086  # a list of words
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install \
			--no-install-recommends $missing >/dev/null </dev/null
	status=$?
	[ -z "$no_cluster" ] || as_root rm -f "$no_cluster"
	[ $status = 0 ] || die "could not install:$missing"
}

# The user that servers and tests run as: the server refuses to run as root.
tester() { if am_root; then echo postgres; else id -un; fi; }

# as_tester COMMAND...: as that user, without the caller's PG* variables, and
# below $scratch: the caller's directory may be root's own.
as_tester() {
	case "$PWD/" in
		"$scratch"/*) here=$PWD ;;
		*) here=$scratch ;;
	esac
	set -- env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE -u PGDATA -u PGOPTIONS \
		-u PGSERVICE HOME="$scratch" TMPDIR="$scratch/tmp" "$@"
	if am_root; then
		(cd "$here" && exec runuser -u postgres -- "$@")
	else
		(cd "$here" && exec "$@")
	fi
}

# make_scratch: $scratch, owned by the tester, gone at exit; every server
# below it is stopped first, by the id in its own pid file.
make_scratch() {
	scratch=$(mktemp -d /tmp/jurisdiction.XXXXXX)
	trap end_scratch EXIT
	trap 'exit 130' HUP INT PIPE TERM
	mkdir "$scratch/tmp" "$scratch/tree"
	am_root && chown "$(tester)" "$scratch" "$scratch/tmp" "$scratch/tree"
	return 0
}

# what else a script has to take down once its servers are stopped
at_end() { :; }

end_scratch() {
	status=$?
	trap - EXIT
	for file in $(find "$scratch" -name postmaster.pid 2>/dev/null); do
		pid=$(head -n 1 "$file")
		kill -INT "$pid" 2>/dev/null || continue
		while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
	done
	at_end
	if [ -n "${JUR_KEEP:-}" ]; then
		say "kept: $scratch"
	else
		rm -rf "$scratch"
	fi
	exit $status
}

# copy_tree: the project's files, and nothing generated, into $scratch/tree.
# $scratch/tracked lists them where git can tell.
copy_tree() {
	if git -c safe.directory='*' ls-files >"$scratch/tracked" 2>/dev/null && [ -s "$scratch/tracked" ]; then
		git -c safe.directory='*' ls-files --cached --others --exclude-standard |
			while read -r file; do [ ! -f "$file" ] || say "$file"; done |
			tar cf - -T - | tar xf - --no-same-owner -C "$scratch/tree"
	else
		rm -f "$scratch/tracked"
		tar cf - --exclude=.git --exclude='*.o' --exclude='*.so' --exclude='*.bc' . |
			tar xf - --no-same-owner -C "$scratch/tree"
	fi
	am_root && chown -R "$(tester)" "$scratch/tree"
	return 0
}

# build: compiles $scratch/tree and installs it into a private copy of the
# server; sets PG_CONFIG and PGBIN.  No JIT bitcode: it needs clang of the
# server's version, and inlining our functions into JIT code gains nothing.
build() {
	PG_CONFIG=$(as_tester sh "$scratch/tree/test/private_pg.sh" "$scratch/pg" \
		"$(installed_pg_config)") || die "could not copy the server"
	PGBIN=$("$PG_CONFIG" --bindir)
	export PG_CONFIG PGBIN
	as_tester make -s -C "$scratch/tree" with_llvm=no PG_CONFIG="$PG_CONFIG" \
		COPT="$COPT" all install >"$scratch/build.log" 2>&1 ||
		{ cat "$scratch/build.log"; die "build failed"; }
}

# Debian's pg_config of the newest client may lie on the PATH; we want the server's.
installed_pg_config() {
	if [ -x "/usr/lib/postgresql/$PG/bin/pg_config" ]; then
		echo "/usr/lib/postgresql/$PG/bin/pg_config"
	else
		command -v pg_config
	fi
}

# for benches: of numbers, one a line; the first processor that we may use
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2; else print "-" }'; }
first_cpu() { taskset -pc $$ | sed 's/.*: *\([0-9]*\).*/\1/'; }
