# What an officer has said outlives the server process, crash included.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = getpwuid($<);
my $count = 'SELECT count(*) FROM patient';
my $node = new_server('clinic');
make_clinic($node);
is(state_as($node, 'officer', q{
	INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'DE', 'US', '{read}', 'test: a contract')}), '', 'an officer writes a rule');

sub state_of_things
{
	return join "\n",
	  map({ "$_: " . rows_as($node, $_, $count) } qw(anna ben visitor)),
	  map({ "$_: " . state_as($node, $_, $count) } ('clinic', $root)),
	  rows_as($node, 'officer', q{SELECT * FROM jurisdiction.tag ORDER BY 1, 2, 3}),
	  rows_as($node, 'officer', q{SELECT * FROM jurisdiction.transfer_rule ORDER BY id});
}

my $before = state_of_things();
like($before, qr/^anna: 3\nben: 5\nvisitor: 0\nclinic: 42501\n\Q$root\E: 42501\n/,
	'three, five, none, refused, refused');
like($before, qr/patient.*rows within/, 'the tag is listed');
like($before, qr/test: a contract/, 'the rule is listed');

$node->restart;
is(state_of_things(), $before, 'all the same after a restart');
$node->stop('immediate');
$node->start;
is(state_of_things(), $before, 'all the same after a crash');

# the officers' latch is not in a process either
is(state_as($node, $root, q{SECURITY LABEL FOR jurisdiction ON ROLE visitor IS 'at DE'}),
	'42501', 'a superuser does not stand in for officers again');

# a server that does not know where it stands stores nothing
my $insert = q{INSERT INTO patient VALUES (6, 'DE', 'none')};
is(state_as($node, 'anna', "BEGIN; $insert; ROLLBACK"), '', 'site set: a row can be written');
$node->append_conf('postgresql.conf', "jurisdiction.site = ''");
$node->reload;
is(state_as($node, 'anna', $insert), '55000', 'site missing: INSERT is refused');
is(state_as($node, 'anna', q{UPDATE patient SET diagnosis = 'x' WHERE id = 1}), '55000',
	'site missing: UPDATE is refused');
is(state_as($node, 'anna', "COPY patient FROM STDIN;\n6\tDE\tnone\n\\.\n"), '55000',
	'site missing: COPY FROM is refused');
is(rows_as($node, 'anna', $count), 3, 'site missing: reading goes on');

done_testing();
