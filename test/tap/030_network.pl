# Network: what the address of a client does to its session.
#
# Clients are of this machine, and come from an address of its own that is no
# loopback.  Where it has none, only what holds for loopback is tested.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# an address of this machine that is no loopback and not link-local; undef: none
sub own_address
{
	my ($family) = @_;
	my $listed = `ip -o -$family address show scope global 2>/dev/null` || '';

	return $1 if $listed =~ m{inet6? ([0-9a-f.:]+)/};
	foreach my $address (split ' ', `hostname -I 2>/dev/null` || '')
	{
		next if $address =~ /^(?:127\.|::1$|fe80:)/;
		return $address if ($address =~ /:/) == ($family == 6);
	}
	return undef;
}

my $ipv4 = own_address(4);
my $ipv6 = own_address(6);
my @addresses = grep { defined } $ipv4, $ipv6;
my $node = new_server('network',
	conf => "listen_addresses = '" . join(',', '127.0.0.1', @addresses) . "'");

$node->append_conf('pg_hba.conf', "host all all $_" . (/:/ ? '/128' : '/32') . ' trust')
  foreach @addresses;
$node->reload;

# what a query gives ROLE that comes from ADDRESS; an error is its SQLSTATE
sub rows_from
{
	my ($address, $role, $sql) = @_;
	my ($stdout, $stderr);
	my $status = $node->psql('postgres', $sql,
		stdout => \$stdout, stderr => \$stderr,
		connstr => "host=$address port=" . $node->port . " dbname=postgres user=$role",
		extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);

	return $status == 0 ? $stdout : $stderr =~ /ERROR: +(\w{5})/ ? $1 : $stderr;
}

my $places = q{SELECT string_agg(value || ' by ' || source, '; ' ORDER BY value COLLATE "C", source COLLATE "C")
	FROM jurisdiction.session() WHERE item = 'place'};
my $readable = q{SELECT string_agg(label, ' ' ORDER BY label COLLATE "C")
	FROM unnest('{DE,US,DE>US,US>*}'::text[]) AS label
	WHERE jurisdiction.admits(label::jurisdiction.label)};
my $no_range = q{unknown by the client's address is in no range of jurisdiction.network};

sub network
{
	my (@rows) = @_;

	$node->safe_psql('postgres', join(';', 'DELETE FROM jurisdiction.network',
			map { "INSERT INTO jurisdiction.network (cidr, place, trusted) VALUES ($_)" } @rows));
	return;
}

$node->safe_psql('postgres', q{
	CREATE EXTENSION jurisdiction;
	CREATE ROLE anna LOGIN;
	CREATE ROLE visitor LOGIN;
	SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared internal';
	CREATE TABLE visit AS
		SELECT (ARRAY['DE', 'US', 'DE>US', 'US>*'])[i % 4 + 1]::jurisdiction.label AS residency
			FROM generate_series(1, 20000) AS i;
	GRANT SELECT ON visit TO anna;
	SECURITY LABEL FOR jurisdiction ON COLUMN visit.residency IS 'rows';
});

#
# Loopback and local sockets are in no place of the table's.
#
is(rows_from('127.0.0.1', 'anna', $places), 'DE by tag of role anna',
	'no network table: the tag says where');
network(q{'0.0.0.0/0', 'US', true}, q{'127.0.0.0/8', 'US', true});
is(rows_from('127.0.0.1', 'anna', $places), 'DE by tag of role anna',
	'loopback adds no place, whatever the table says');
is(rows_as($node, 'anna', $places), 'DE by tag of role anna', 'nor does a local socket');
is(rows_as($node, 'anna', $readable), 'DE DE>US US>*', 'so the tag alone decides');

$node->append_conf('postgresql.conf', "jurisdiction.local_place = 'US'");
$node->reload;
is(rows_as($node, 'anna', $places), 'DE by tag of role anna; US by jurisdiction.local_place',
	'unless local_place says where they are: a local socket');
is(rows_from('127.0.0.1', 'anna', $places),
	'DE by tag of role anna; US by jurisdiction.local_place', 'and loopback');
is(rows_as($node, 'anna', $readable), 'DE>US US>*', 'and both places must be allowed');
is(rows_as($node, 'visitor', $places), 'US by jurisdiction.local_place',
	'which is in place of the site');
$node->append_conf('postgresql.conf', "jurisdiction.local_place = ''");
$node->reload;
is(rows_as($node, 'anna', $places), 'DE by tag of role anna', 'and is gone when it is unset');

#
# Real addresses.
#
foreach my $address (@addresses)
{
	my $other = $address =~ /:/ ? '100::/64' : '203.0.113.0/24';
	my $all = $address =~ /:/ ? '::/0' : '0.0.0.0/0';
	my $exact = $address . ($address =~ /:/ ? '/128' : '/32');

	network();
	is(rows_from($address, 'anna', $places), 'DE by tag of role anna',
		"$address: an empty table is not consulted");
	network("'$other', 'US', true");
	is(rows_from($address, 'anna', $places), "DE by tag of role anna; $no_range",
		'in no range: an unknown place');
	is(rows_from($address, 'anna', $readable), 'US>*', 'which only >* admits');
	is(rows_from($address, 'visitor', $places), $no_range, 'and the site does not make up for it');
	network("'$all', 'US', true");
	is(rows_from($address, 'anna', $places),
		"DE by tag of role anna; US by network $all", 'in a range: its place, beside the tag\'s');
	is(rows_from($address, 'anna', $readable), 'DE>US US>*', 'and both must be allowed');
	is(rows_from($address, 'visitor', $places), "US by network $all", 'no tag: the range\'s alone');
	is(rows_from($address, 'visitor', 'SELECT jurisdiction.default_label()'), 'US',
		'whose law new rows are under');
	network("'$all', 'US', true", "'$exact', 'DE', true", "'$other', 'FR', true");
	is(rows_from($address, 'anna', $places),
		"DE by network $exact; DE by tag of role anna", 'a more specific range wins');
	is(rows_from($address, 'anna', $readable), 'DE DE>US US>*', 'with all that follows');

	network("'$all', 'US', false");
	is(rows_from($address, 'anna', $places),
		"DE by tag of role anna; US by network $all (untrusted)", 'an untrusted range narrows');
	is(rows_from($address, 'anna', $readable), 'DE>US US>*', 'as any other does');
	is(rows_from($address, 'visitor', $places),
		"DE by jurisdiction.site, beside an untrusted network; US by network $all (untrusted)",
		'but is never all that is known');

	# a running session, beside which an officer changes the table
	my $change = $node->config_data('--bindir') . '/psql -X -q -p ' . $node->port .
	  ' -h ' . $node->host . ' -d postgres -c';
	network("'$all', 'DE', true");
	is(rows_from($address, 'anna',
			qq{PREPARE q AS SELECT count(*) FROM visit;
			EXECUTE q;
			\\! $change "UPDATE jurisdiction.network SET place = 'US'"
			EXECUTE q;
			\\! $change "DELETE FROM jurisdiction.network WHERE family(cidr) > 0"
			\\! $change "INSERT INTO jurisdiction.network VALUES ('$other', 'DE')"
			EXECUTE q;
			BEGIN ISOLATION LEVEL REPEATABLE READ;
			EXECUTE q;
			\\! $change "TRUNCATE jurisdiction.network"
			EXECUTE q;
			COMMIT}),
		"15000\n10000\n5000\n5000\n15000", 'a change of the table counts at the next statement');

	# workers have no client of their own
	network("'$all', 'US', true");
	is(rows_from($address, 'anna',
			q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
			SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
			SET parallel_leader_participation = off;
			SELECT count(*) FROM visit}),
		10000, 'parallel workers are where their leader\'s client is');

	$node->safe_psql('postgres', 'ALTER TABLE jurisdiction.network DROP CONSTRAINT network_pkey');
	is(rows_from($address, 'anna', 'SELECT count(*) FROM visit'), '55000',
		'a table that cannot be searched lets nobody in');
	$node->safe_psql('postgres', 'ALTER TABLE jurisdiction.network ADD PRIMARY KEY (cidr)');
}
SKIP:
{
	skip 'this machine has no address besides loopback', 1 if !@addresses;
	ok(@addresses > 0, 'real addresses were tried');
}

#
# Dumps hold what was entered by hand, and nothing that a file can bring again.
#
network(q{'203.0.113.0/24', 'FR', true}, q{'192.0.2.0/24', 'NL', true});
$node->safe_psql('postgres', q{UPDATE jurisdiction.network SET source = 'geoip' WHERE place = 'NL'});
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres'), '-T', 'visit' ], 'pg_dump');
like(slurp_file($dump), qr{203\.0\.113\.0/24\tFR\tt\tmanual}, 'a dump holds ranges entered by hand');
unlike(slurp_file($dump), qr{192\.0\.2\.0/24}, 'and none of a file');

#
# Loading asks for an officer, and for the right to read files of the server.
#
my $file = $node->basedir . '/ranges';
append_to_file($file, "16777216,16777471,AU\n");
my $load = "SELECT networks FROM jurisdiction.load_geoip('$file')";
$node->safe_psql('postgres', q{
	CREATE ROLE officer LOGIN;
	CREATE ROLE reader LOGIN;
	GRANT pg_read_server_files TO reader;
	SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';
});
is(state_as($node, 'reader', $load), '42501', 'a reader of files that is no officer may not load');
is(state_as($node, 'officer', $load), '42501', 'nor an officer that is no reader of files');
is(state_as($node, scalar getpwuid($<), $load), '42501', 'nor a superuser, now that there is an officer');
$node->safe_psql('postgres', 'GRANT pg_read_server_files TO officer');
my $before = -s $node->logfile;
is(state_as($node, 'reader', $load), '42501', 'others leave no record of a load');
unlike(slurp_file($node->logfile, $before), qr/event="policy"/, 'since there was none');
is(rows_as($node, 'officer', $load), 1, 'an officer that is one may');
like(slurp_file($node->logfile, $before),
	qr/event="policy" action="" object="jurisdiction\.network" verdict="allow" session_user="officer" .* detail="load_geoip: 1 ranges of \Q$file\E"/,
	'and it is recorded');

done_testing();
