# Login: settings that come with it are applied before the session is known.
# They must neither be judged by somebody else's tags nor make a client that
# is elsewhere look as if it were here.
#
# A client from elsewhere needs an address that is no loopback: the test gives
# itself one, in a network namespace of its own; where that is not permitted,
# what needs it is skipped.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;

my $address = '198.51.100.7';

BEGIN
{
	my @own = qw(unshare --user --map-current-user --net --keep-caps sh -c);
	my $setup = 'ip link set lo up && ip address add 198.51.100.7/32 dev lo';

	if (!defined $ENV{JUR_OWN_NETWORK})
	{
		$ENV{JUR_OWN_NETWORK} = system("@own '$setup' >/dev/null 2>&1") == 0 ? 1 : 0;
		exec @own, "$setup && exec \"\$@\"", 'sh', $^X, $0 if $ENV{JUR_OWN_NETWORK};
	}
}

use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('login', $ENV{JUR_OWN_NETWORK} ? (conf => "listen_addresses = '*'") : ());
make_clinic($node);
$node->append_conf('pg_hba.conf', "host all all $address/32 trust");
$node->reload;

# what PURPOSE is in force for ROLE, or why none is
my $purpose = q{SELECT coalesce(value, source) FROM jurisdiction.session() WHERE item = 'purpose'};
my $none = qq{"%s" is set, but no tag of the session's roles lists it};
is(state_as($node, 'officer', q{
	SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared confidential/health for research'}),
	'', 'anna may declare research');

#
# A purpose that comes with the login.
#
{
	local $ENV{PGOPTIONS} = '-c jurisdiction.purpose=research';
	is(rows_as($node, 'anna', $purpose), 'research', 'by the client, for a role that may');
	is(rows_as($node, 'ben', $purpose), sprintf($none, 'research'), 'for one that may not it is none');
	is(state_as($node, 'ben', q{SET jurisdiction.purpose = 'research'}), '42501',
		'and cannot be set by hand either');
}
my $root = getpwuid($<);
is(state_as($node, $root, q{ALTER ROLE anna SET jurisdiction.purpose = 'research'}), '',
	'who sets it for a role need not be one that may');
is(state_as($node, $root, q{ALTER ROLE ben SET jurisdiction.purpose = 'research'}), '', 'nor need the role');
is(rows_as($node, 'anna', $purpose), 'research', 'by the role, for one that may');
is(rows_as($node, 'ben', $purpose), sprintf($none, 'research'), 'for one that may not it is none');
is(state_as($node, 'officer', q{SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared confidential/health'}),
	'', 'anna may no more');
is(rows_as($node, 'anna', $purpose), sprintf($none, 'research'), 'and it counts no more');

#
# A client from elsewhere stays there.
#
sub rows_from
{
	my ($role, $sql) = @_;
	my ($stdout, $stderr);

	$node->psql('postgres', $sql, stdout => \$stdout, stderr => \$stderr,
		connstr => "host=$address port=" . $node->port . " dbname=postgres user=$role");
	return $stdout . $stderr;
}

SKIP:
{
	skip 'no network namespace of its own here', 6 if !$ENV{JUR_OWN_NETWORK};
	my $count = 'SELECT count(*) FROM patient';

	is(rows_from('anna', $count), 3, 'no network table: the tag says where');
	is(state_as($node, 'officer',
			q{INSERT INTO jurisdiction.network (cidr, place) VALUES ('203.0.113.0/24', 'DE')}),
		'', 'a network table that does not have the address');
	is(rows_as($node, 'anna', $count), 3, 'the local socket sees the rows');
	is(rows_from('anna', $count), 0, 'the client from elsewhere none, though a setting came with its role');
	local $ENV{PGOPTIONS} = '-c jurisdiction.purpose=other';
	is(rows_from('anna', $count), 0, 'nor if one comes with the client');
	is(rows_from('ben', $count), 0, 'whoever it is');
}

done_testing();
