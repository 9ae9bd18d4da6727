# A hot standby answers as its primary does, and learns of new rules while it runs.
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
my $primary = new_server('primary', init => { allows_streaming => 1 });
make_clinic($primary);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

is(rows_as($standby, 'anna', $count), 3, 'Germany reads its rows');
is(rows_as($standby, 'ben', $count), 2, 'the United States read theirs');
is(rows_as($standby, 'visitor', $count), 0, 'a role without a tag reads none');
is(state_as($standby, $_, $count), '42501', "$_ is refused") foreach ('clinic', $root);
is(state_as($standby, 'anna', 'COPY patient TO STDOUT'), '42501', 'COPY of all is refused');
is(rows_as($standby, 'anna', q{SELECT verdict FROM jurisdiction.explain('DE/health')}), 'allow',
	'explain() answers');

# one session that stays: rules of the primary reach it between two statements
my $session = $standby->background_psql('postgres', on_error_stop => 0,
	extra_params => [ '-U', 'ben' ]);
is($session->query($count), 2, 'a running session reads two rows');
sub rule
{
	my ($sql) = @_;
	is(state_as($primary, 'officer', $sql), '', 'an officer, on the primary');
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
}
rule(q{INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'DE', 'US', '{read}', 'test: a contract')});
is($session->query($count), 5, 'after a new rule it reads five');
rule(q{UPDATE jurisdiction.transfer_rule SET during = tstzrange(NULL, now())});
is($session->query($count), 2, 'after its end, two again');
rule(q{SECURITY LABEL FOR jurisdiction ON ROLE ben IS 'at US'});
is($session->query($count), 1, 'with a smaller clearance, one');
$session->quit;

done_testing();
