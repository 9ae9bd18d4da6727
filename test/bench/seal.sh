#!/bin/sh
# What sealing and opening cost beside pgcrypto and bare OpenSSL: medians of
# alternating runs in one session of a private server, in microseconds a value.
# Usage: sh test/bench/seal.sh [ROUNDS]     default 9
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh

ROUNDS=${1:-9}
psql_do() { as_tester "$PGBIN/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$scratch" -U postgres -d postgres "$@"; }

set_up() {
	as_tester "$PGBIN/initdb" -D "$scratch/data" -A trust -U postgres -N >"$scratch/init.log" || return 1
	as_tester mkdir -p "$scratch/tokens"
	as_tester tee "$scratch/softhsm.conf" >/dev/null <<-CONF
		directories.tokendir = $scratch/tokens
		objectstore.backend = file
		log.level = ERROR
	CONF
	as_tester env SOFTHSM2_CONF="$scratch/softhsm.conf" softhsm2-util --init-token --free \
		--label bench --so-pin 5678 --pin 1234 >/dev/null || return 1
	as_tester sh -c "umask 077; cat >'$scratch/custodians'" <<-CONF
		[command:cat]
		wrap = base64
		unwrap = base64 -d
		[pkcs11:token=bench]
		module = /usr/lib/softhsm/libsofthsm2.so
		pin-command = echo 1234
	CONF
	as_tester tee -a "$scratch/data/postgresql.conf" >/dev/null <<-CONF
		shared_preload_libraries = 'jurisdiction'
		jurisdiction.site = 'DE'
		jurisdiction.key_directory = '$scratch/keys'
		jurisdiction.custodian_file = '$scratch/custodians'
		listen_addresses = ''
		unix_socket_directories = '$scratch'
		fsync = off
		autovacuum = off
		jit = off
		max_parallel_workers_per_gather = 0
	CONF
	as_tester env SOFTHSM2_CONF="$scratch/softhsm.conf" \
		"$PGBIN/pg_ctl" -s -w -D "$scratch/data" -l "$scratch/data/log" start || return 1
	psql_do -f - <<-'SQL'
		CREATE EXTENSION jurisdiction;
		CREATE EXTENSION pgcrypto;
		SECURITY LABEL FOR jurisdiction ON ROLE postgres IS 'at DE cleared secret/*';
		INSERT INTO jurisdiction.custodian VALUES ('FR', 'command:cat'), ('NL', 'pkcs11:token=bench');
		SELECT jurisdiction.create_key('DE'), jurisdiction.create_key('FR'), jurisdiction.create_key('NL');
		INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
			VALUES ('allow', 'FR', 'DE', '{unseal}', 'bench'), ('allow', 'NL', 'DE', '{unseal}', 'bench');
	SQL
}

# name|expression over v.p (plain), v.s (sealed), v.e, v.g, v.f (encrypted)
variants() {
	cat <<-'LIST'
		nothing|length(v.p)
		seal|pg_column_size(jurisdiction.seal(v.p, 'DE'))
		unseal|length(jurisdiction.unseal_bytes(v.s))
		encrypt|length(encrypt(v.p, 'an AES-256 key of 32 bytes, yes!', 'aes'))
		decrypt|length(decrypt(v.e, 'an AES-256 key of 32 bytes, yes!', 'aes'))
		pgp_encrypt_s2k0|length(pgp_sym_encrypt_bytea(v.p, 'a passphrase', 's2k-mode=0,compress-algo=0,cipher-algo=aes256'))
		pgp_decrypt_s2k0|length(pgp_sym_decrypt_bytea(v.g, 'a passphrase'))
	LIST
	[ "$1" -gt 100 ] || cat <<-'LIST'
		pgp_encrypt|length(pgp_sym_encrypt_bytea(v.p, 'a passphrase'))
		pgp_decrypt|length(pgp_sym_decrypt_bytea(v.f, 'a passphrase'))
	LIST
}

# The inputs are random bytes, not compressed and in memory.  The expression
# takes them from a variable, so that nothing is folded.
measure() {	# SIZE TIMES
	round=0
	while [ $round -le "$ROUNDS" ]; do
		{
			cat <<-SQL
				SET client_min_messages = error;
				CREATE TEMP TABLE v (p bytea, s jurisdiction.sealed, e bytea, g bytea, f bytea);
				ALTER TABLE v ALTER p SET STORAGE external, ALTER e SET STORAGE external;
				INSERT INTO v SELECT p, jurisdiction.seal(p, 'DE'), encrypt(p, 'an AES-256 key of 32 bytes, yes!', 'aes'),
					pgp_sym_encrypt_bytea(p, 'a passphrase', 's2k-mode=0,compress-algo=0,cipher-algo=aes256'),
					pgp_sym_encrypt_bytea(p, 'a passphrase')
				FROM (SELECT substr(string_agg(gen_random_bytes(1024), ''), 1, $1) AS p
					FROM generate_series(1, $1 / 1024 + 1)) r;
				SELECT jurisdiction.unseal_bytes(s) IS NOT NULL FROM v;
			SQL
			variants "$1" | shuf | while IFS='|' read -r name expression; do
				times=$2
				case $name in
				pgp_encrypt | pgp_decrypt) times=$((times / 50 + 1)) ;;
				esac
				# a function of PL/pgSQL holds the value detoasted while it loops
				cat <<-SQL
					DO \$\$ DECLARE v record; began timestamptz; n int := 0; BEGIN
						SELECT p || ''::bytea AS p, s, e || ''::bytea AS e, g || ''::bytea AS g, f || ''::bytea AS f INTO v FROM pg_temp.v;
						v.s := encode(jurisdiction.sealed_send(v.s), 'base64')::jurisdiction.sealed;
						began := clock_timestamp();
						FOR i IN 1..$times LOOP n := $expression; END LOOP;
						PERFORM set_config('bench.result', '$name ' || extract(epoch FROM clock_timestamp() - began) * 1e6 / $times, false);
					END \$\$;
					SELECT current_setting('bench.result');
				SQL
			done
		} >"$scratch/tmp/bench.sql"
		psql_do -f "$scratch/tmp/bench.sql" >"$scratch/tmp/round" || return 1
		# the first round warms up
		[ $round = 0 ] || grep ' ' "$scratch/tmp/round" | while read -r name us; do
			echo "$us" >>"$scratch/tmp/$1.$name"
		done
		[ $round = 0 ] || raw "$1" >>"$scratch/tmp/$1.raw"
		round=$((round + 1))
	done
}

# bare AES-256-GCM on the same machine, from openssl's own loop
raw() {	# SIZE: microseconds
	openssl speed -elapsed -seconds 1 -bytes "$1" -evp aes-256-gcm 2>/dev/null |
		awk -v size="$1" '/^AES-256-GCM/ { sub("k", "", $2); print size / ($2 * 1000) * 1e6 }'
}

print_size() {	# SIZE
	nothing=$(median <"$scratch/tmp/$1.nothing")
	bare=$(median <"$scratch/tmp/$1.raw")
	printf '\n%s bytes\n' "$1"
	printf '  %-20s %12s %14s %14s\n' "" "us a value" "x encrypt()" "x raw AES-GCM"
	encrypt=$(median <"$scratch/tmp/$1.encrypt" | awk -v n="$nothing" '{ print $1 - n }')
	variants "$1" | while IFS='|' read -r name expression; do
		[ "$name" != nothing ] || continue
		median <"$scratch/tmp/$1.$name" | awk -v name="$name" -v n="$nothing" -v e="$encrypt" -v b="$bare" \
			'{ t = $1 - n; printf "  %-20s %12.2f %14.2f %14.2f\n", name, t, t / e, t / b }'
	done
	printf '  %-20s %12.2f\n' "raw AES-256-GCM" "$bare"
}

# the first unseal of a session asks the custodian
print_first() {
	printf '\nfirst unseal of a session, ms (median of %s)\n' "$ROUNDS"
	for place in DE FR NL; do
		sealed=$(psql_do -c "SELECT jurisdiction.seal('x', '$place')")
		round=0
		while [ $round -lt "$ROUNDS" ]; do
			printf '%s\n' "SELECT jurisdiction.sealed_label('$sealed'), jurisdiction.admits('$place', 'unseal');" '\timing on' \
				"SELECT jurisdiction.unseal('$sealed');" >"$scratch/tmp/first.sql"
			psql_do -f "$scratch/tmp/first.sql" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
			round=$((round + 1))
		done | median | sed "s/^/  $(psql_do -c "SELECT uri FROM jurisdiction.custodian WHERE place = '$place'")  /"
	done
}

need_packages $PACKAGES softhsm2 openssl
make_scratch
copy_tree
build
set_up || die "could not set up"
for case in 16:20000 100:20000 1024:20000 65536:1000 16777216:4; do
	measure "${case%:*}" "${case#*:}" || die "could not measure"
done
for case in 16 100 1024 65536 16777216; do
	print_size "$case"
done
print_first
