#!/bin/sh
# Real patients of three countries answer people in different places, each
# with the reason.  Installs what is missing, leaves nothing; about a minute.
# Usage: sh test/demo.sh
#
# Every person connects from a real address of the country they are in: each
# has a network namespace of their own, cabled to the server's.  Where that is
# not permitted, the tags of their roles alone say where they are.
#
# The exit status is non-zero if anybody saw what they should not.
set -u
cd "$(dirname "$0")/.." || exit 1
. test/lib.sh

STUDIES=test/data/clinical.csv
GEOIP=/usr/share/tor/geoip
SERVER=192.0.2.1
bad=0

# ---------------------------------------------------------------- the network

in_net() {	# PLACE COMMAND...: runs it as the tester, at that place
	place=$1
	shift
	as_root ip netns exec "$net-$place" runuser -u "$(tester)" -- env HOME="$scratch" LC_ALL="$LC_ALL" "$@"
}

# the middle one of a country's larger address ranges, and in it a host
address_of() {
	awk -F, -v cc="$1" '$3 == cc && $2 - $1 >= 4095 { start[n++] = $1 }
		END {
			ip = start[int(n / 2)] + 17
			printf "%d.%d.%d.%d\n", ip / 16777216, ip / 65536 % 256, ip / 256 % 256, ip % 256
		}' "$GEOIP"
}

lay_cable() {	# PLACE ADDRESS
	as_root ip netns add "$net-$1" &&
		as_root ip -n "$net-server" link add "to-$1" type veth peer name eth0 netns "$net-$1" &&
		as_root ip -n "$net-server" address add $SERVER peer "$2" dev "to-$1" &&
		as_root ip -n "$net-server" link set "to-$1" up &&
		as_root ip -n "$net-$1" address add "$2" peer $SERVER dev eth0 &&
		as_root ip -n "$net-$1" link set eth0 up
}

make_network() {
	net=jurisdiction$$
	am_root || sudo -n true 2>/dev/null || return 1
	as_root ip netns add "$net-server" 2>/dev/null || return 1
	for place in DE NL US JP VN; do
		lay_cable $place "$(address_of $place)" 2>/dev/null || return 1
	done
}

at_end() {
	for place in server DE NL US JP VN; do
		[ ! -e "/run/netns/${net:-none}-$place" ] || as_root ip netns del "$net-$place"
	done
}

# ----------------------------------------------------------------- the server

start_server() {
	as_tester "$PGBIN/initdb" -D "$scratch/data" -A trust -U postgres -N >"$scratch/init.log" || return 1
	cat >"$scratch/demo.conf" <<-CONF
		shared_preload_libraries = 'jurisdiction'
		jurisdiction.site = 'DE'
		listen_addresses = '$1'
		unix_socket_directories = '$scratch'
		fsync = off
		log_min_messages = log
	CONF
	cat "$scratch/demo.conf" | as_tester tee -a "$scratch/data/postgresql.conf" >/dev/null
	echo "host all all all trust" | as_tester tee -a "$scratch/data/pg_hba.conf" >/dev/null
	if [ -n "$1" ]; then
		in_net server "$PGBIN/pg_ctl" -s -w -D "$scratch/data" -l "$scratch/data/log" start
	else
		as_tester "$PGBIN/pg_ctl" -s -w -D "$scratch/data" -l "$scratch/data/log" start
	fi
}

# at_server ROLE [PSQL-OPTION...]: psql on the server's own socket
at_server() {
	role=$1
	shift
	as_tester "$PGBIN/psql" -X -q -At -F ' ' -v ON_ERROR_STOP=1 -h "$scratch" -U "$role" -d postgres "$@"
}

# at PLACE ROLE SQL: what that person sees, errors included
at() {
	if [ "$1" = server ] || [ -z "$net" ]; then
		at_server "$2" -c "$3" 2>&1
	else
		in_net "$1" "$PGBIN/psql" -X -q -At -F ' ' -h $SERVER -U "$2" -d postgres -c "$3" 2>&1
	fi
}

officer() { at_server officer -c "$1" >/dev/null || die "the officer could not: $1"; }

# --------------------------------------------------------------- the sessions

BY_COUNTRY='SELECT country, count(*) FROM clinic.patient GROUP BY country ORDER BY country'

# seen PLACE ROLE: one line
seen() {
	rows=$(at "$1" "$2" "$BY_COUNTRY")
	case $rows in
	'') echo "nothing" ;;
	ERROR*) echo "$rows" | head -n 1 ;;
	*) echo "$rows" | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " } END { print "" }' ;;
	esac
}

copied() {	# PLACE ROLE STATEMENT: how many rows left, or the error
	lines=$(at "$1" "$2" "$3")
	case $lines in
	ERROR*) echo "$lines" | grep -v '^HINT' ;;
	*) echo "$(echo "$lines" | grep -c .) rows left the server" ;;
	esac
}

indent() { fold -s -w 88 | sed 's/^/      /'; }

# expect WHAT GOT WANTED: "refused" wants an error that names the table;
# "error" any error
expect() {
	case $3 in
	refused) case $2 in "ERROR:  permission denied for tagged table clinic.patient"*) return ;; esac ;;
	error) case $2 in ERROR:*) return ;; esac ;;
	"$2") return ;;
	esac
	bad=$((bad + 1))
	say "   !! $1: this should have been: $3"
}

# Who there is: where they are, role, name; what they should see under no rule,
# with the first preset, with everything; what each COPY should do; about which
# label they ask why.
cat_people() {
	cat <<-'PEOPLE'
		DE anna Anna, an analyst in Berlin|DE 686|DE 686, NL 2982|DE 686, NL 2982|error|3668 rows left the server|NL:confidential/health
		NL ruud Ruud, an analyst in Rotterdam|NL 2982|DE 686, NL 2982|DE 686, NL 2982|error|3668 rows left the server|US:confidential/health
		US beth Beth, an analyst in Boston|US 9335|US 9335|DE 686, NL 2982, US 9335|13003 rows left the server|13003 rows left the server|DE:confidential/health
		JP taro Taro, an analyst in Tokyo|nothing|nothing|DE 686, NL 2982, US 9335|error|error|US:confidential/health
		VN TRAVELLER Anna again, from a hotel in Hanoi: no rule names Vietnam|nothing|nothing|nothing|error|0 rows left the server|DE:confidential/health
		server clinic The owner of the table, at the server itself|refused|refused|refused|refused|refused|DE:confidential/health
		server postgres The superuser, at the server itself|refused|refused|refused|refused|refused|DE:confidential/health
	PEOPLE
}

# remember STAGE: asks everybody, and keeps the answers for their screens
remember() {
	while read -r place role rest; do
		seen "$place" "$role" >"$scratch/tmp/$1.$role.$place"
	done <"$scratch/people"
}

show() {	# STAGE WANTED LABEL: what was remembered
	got=$(cat "$scratch/tmp/$1.$role.$place")
	printf '      %-44s %s\n' "$3" "$got"
	expect "$3" "$got" "$2"
}

show_copy() {	# STATEMENT WANTED
	got=$(copied "$place" "$role" "$1")
	say "   $1"
	say "$got" | indent
	expect "COPY" "$got" "$2"
}

screen() {	# one person's
	number=$((number + 1))
	say ""
	say "=== Session $number: $name ==="
	say ""
	at "$place" "$role" "SELECT format('   %-10s %s, says the %s', item, value, source)
		FROM jurisdiction.session() WHERE item IN ('place', 'clearance') AND value IS NOT NULL"
	say ""
	say "   $BY_COUNTRY"
	show 0 "$want0" "while no transfer rule exists"
	show 1 "$want1" "with free movement in Europe (EEA)"
	show 2 "$want2" "with adequacy decisions and one contract"
	say ""
	show_copy "COPY clinic.patient TO STDOUT" "$want_table"
	show_copy "COPY (SELECT * FROM clinic.patient) TO STDOUT" "$want_query"
	say ""
	say "   Why?  SELECT * FROM jurisdiction.explain('$label')"
	at "$place" "$role" "SELECT format('at %s: %s. %s', coalesce(destination, 'an unknown place'), verdict, reason)
		FROM jurisdiction.explain('$label')" | indent
}

# ------------------------------------------------------------------- the play

need_packages $PACKAGES tor-geoipdb iproute2
make_scratch
copy_tree
build
chmod 755 "$scratch"
if make_network; then
	start_server $SERVER || die "the server did not start"
	how="Each of the first five connects from a real network address of the country they are in."
	traveller=anna
else
	at_end
	net=
	start_server '' || die "the server did not start"
	how="This machine permits no network namespaces: the tags of their roles alone say where they are."
	traveller=anna_abroad
fi
cat_people | sed "s/TRAVELLER/$traveller/" >"$scratch/people"

cat <<INTRO

13,003 real patients of six clinical studies lie in one table, on a server in Germany:
686 from Germany, 2,982 from the Netherlands, 9,335 from the United States.  Each row
carries a label that says whose law it is under, such as DE:confidential/health.
Seven people ask for all of it.
$how

Three times the officer changes what may go where: first there is no rule at all; then
"free movement" within the European Economic Area; then the European Commission's
adequacy decisions, and a contract that lets Tokyo look at American data, not take it away.

INTRO

at_server postgres -f - <<-'SQL' || die "could not set up"
	CREATE EXTENSION jurisdiction;
	CREATE ROLE officer LOGIN;
	GRANT pg_read_server_files TO officer;	-- for the file of address ranges
	CREATE ROLE clinic LOGIN;
	CREATE ROLE anna LOGIN;
	CREATE ROLE anna_abroad LOGIN;
	CREATE ROLE ruud LOGIN;
	CREATE ROLE beth LOGIN;
	CREATE ROLE taro LOGIN;
	CREATE SCHEMA clinic AUTHORIZATION clinic;
	-- the first officer; from here on superusers are none
	SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';
SQL
at_server officer -f - <<-'SQL' || die "could not tag roles"
	SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared confidential/health';
	SECURITY LABEL FOR jurisdiction ON ROLE anna_abroad IS 'at DE,VN cleared confidential/health';
	SECURITY LABEL FOR jurisdiction ON ROLE ruud IS 'at NL cleared confidential/health';
	SECURITY LABEL FOR jurisdiction ON ROLE beth IS 'at US cleared confidential/health';
	SECURITY LABEL FOR jurisdiction ON ROLE taro IS 'at JP cleared confidential/health';
SQL
at_server officer -f - >"$scratch/ranges" <<-SQL || die "could not load address ranges"
	SET client_min_messages = warning;
	SELECT ranges FROM jurisdiction.load_geoip('$GEOIP');
	SELECT ranges FROM jurisdiction.load_geoip('${GEOIP}6');
SQL
say "$(awk '{ n += $1 } END { print n }' "$scratch/ranges") address ranges of tor-geoipdb say which address is in which country."
at_server clinic -f - <<-SQL || die "could not load patients"
	CREATE TABLE clinic.patient (
		id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		residency jurisdiction.label NOT NULL,
		study text, country text, subject int, age int, sex text,
		diagnosis text, detail text, followup_days int, outcome text
	);
	CREATE TEMP TABLE csv (study text, country text, subject int, age int, sex text,
		diagnosis text, detail text, followup_days int, outcome text);
	\copy csv FROM '$scratch/tree/$STUDIES' (FORMAT csv, HEADER, NULL 'NA')
	INSERT INTO clinic.patient (residency, study, country, subject, age, sex, diagnosis, detail, followup_days, outcome)
		SELECT (country || ':confidential/health')::jurisdiction.label, * FROM csv;
	GRANT USAGE ON SCHEMA clinic TO PUBLIC;
	GRANT SELECT ON clinic.patient TO PUBLIC;
	-- from here on, the table keeps the law
	SECURITY LABEL FOR jurisdiction ON COLUMN clinic.patient.residency
		IS 'rows within DE:confidential/health & NL:confidential/health & US:confidential/health';
SQL

remember 0
officer "SELECT jurisdiction.enable_preset('eea-free-movement')"
remember 1
officer "SELECT jurisdiction.enable_preset('eu-adequacy', include_partial => true)"
officer "INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'US', 'JP', '{read}', 'demo: data use agreement, to look at but not to take away')"
remember 2

number=0
while IFS='|' read -r who want0 want1 want2 want_table want_query label <&3; do
	place=${who%% *}
	name=${who#* }
	role=${name%% *}
	name=${name#* }
	screen
done 3<"$scratch/people"

say ""
say "=== Replay: may German health data go to the United States, by the law of two days in 2020? ==="
say "   In between, on 16 July, the Court of Justice struck down the EU-US Privacy Shield."
for day in 2020-07-15 2020-07-17; do
	say ""
	say "   explain('DE:confidential/health', at => '{US}', as_of => '$day')"
	at_server officer -c "SELECT format('%s. %s', verdict, reason)
		FROM jurisdiction.explain('DE:confidential/health', at => '{US}',
			cleared => 'confidential/health', as_of => '$day')" >"$scratch/tmp/replay"
	indent <"$scratch/tmp/replay"
	case $day in *15) wanted=allow ;; *) wanted=deny ;; esac
	expect "$day" "$(cut -d. -f1 "$scratch/tmp/replay")" $wanted
done

# ------------------------------------------------------------------ the evidence

say ""
say "=== Evidence: what went where, and by which law ==="
say ""
at_server officer -F '|' -c "SELECT origin, destination, action, rows || ' rows', statements || ' statements', basis
	FROM jurisdiction.transfer_summary ORDER BY origin, destination, action, basis" >"$scratch/tmp/ledger"
awk -F '|' '{ printf "   %s to %s  %-6s %9s in %-13s  %s\n", $1, $2, $3, $4, $5, $6 }' "$scratch/tmp/ledger"
[ -s "$scratch/tmp/ledger" ] || expect "the transfer ledger" nothing "some transfers"
say ""
say "   An auditor takes a copy of the log away and verifies it, with no server:"
at_server officer -c "SELECT jurisdiction.checkpoint()" >"$scratch/tmp/checkpoint"
as_tester cp -R "$scratch/data/jurisdiction_evidence" "$scratch/tmp/copy"
say "   $ jurisdiction-verify --since CHECKPOINT COPY"
as_tester "$PGBIN/jurisdiction-verify" --since "$scratch/tmp/checkpoint" "$scratch/tmp/copy" >"$scratch/tmp/verified" 2>&1
expect "the copy" $? 0
indent <"$scratch/tmp/verified"
say ""
say "   Somebody changes one letter of one record, and it shows:"
entry=$(as_tester sh -c "grep -rl '\"role\":\"taro\"' '$scratch/tmp/copy/tile/entries' | head -n 1")
as_tester sed -i 's/"role":"taro"/"role":"tara"/' "$entry"
as_tester "$PGBIN/jurisdiction-verify" "$scratch/tmp/copy" >"$scratch/tmp/verified" 2>&1
expect "the altered copy" $? 1
indent <"$scratch/tmp/verified"

say ""
if [ $bad = 0 ]; then
	say "Everybody saw what they may see, and nothing else."
else
	say "$bad answers were wrong."
fi
[ $bad = 0 ]
