# What the server's log holds: no value and no label of a row that is hidden
# from the session, in our lines or in the server's; and plans stay there.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = getpwuid($<);
my $node = new_server('log', preload => 'jurisdiction,auto_explain', conf => qq{
log_min_messages = debug1
log_error_verbosity = verbose
});
make_clinic($node);

# each is refused or shows less; none names measles, which is hidden from anna
my $before = -s $node->logfile;
foreach my $statement (
	q{SELECT * FROM patient},
	q{EXPLAIN ANALYZE SELECT * FROM patient},
	q{UPDATE patient SET diagnosis = 'x'},
	q{INSERT INTO patient VALUES (4, 'DE', 'x')},
	q{INSERT INTO patient VALUES (4, 'DE', 'x') ON CONFLICT (id) DO UPDATE SET diagnosis = 'y'},
	q{UPDATE patient SET id = 4 WHERE id = 1},
	q{UPDATE patient SET residency = 'unrestricted' WHERE id = 3},
	q{COPY patient TO STDOUT},
	q{COPY (SELECT * FROM patient) TO STDOUT},
	q{CREATE TABLE taken AS SELECT * FROM patient},
	q{SELECT 1 / 0 FROM patient WHERE diagnosis = 'gout'},
	q{DELETE FROM patient WHERE id = 4},
	q{SELECT * FROM pg_stats WHERE tablename = 'patient'})
{
	state_as($node, 'anna', $statement);
}
state_as($node, 'clinic', $_)
  foreach (q{SELECT * FROM patient}, q{ALTER TABLE patient ADD CHECK (diagnosis <> 'm' || 'easles')},
	q{CREATE INDEX ON patient ((1 / (diagnosis <> 'm' || 'easles')::int))},
	q{COPY patient TO STDOUT});
state_as($node, $root, $_)
  foreach (q{SELECT * FROM patient}, q{COPY patient TO STDOUT}, q{SELECT * FROM pg_statistic});
my $log = slurp_file($node->logfile, $before);
like($log, qr/jurisdiction: event="refusal"/, 'refusals are in the log');
unlike($log, qr/measles/, 'no hidden value is');
my @ours = grep { /jurisdiction: event=/ } split /\n/, $log;
is(scalar(grep { /US:confidential/ } @ours), 0, 'no line of ours has the label of a hidden row');

# auto_explain counts hidden rows; that stays in the log, whatever is asked for
$node->append_conf('postgresql.conf', "auto_explain.log_min_duration = 0\nauto_explain.log_analyze = on");
$node->reload;
$node->poll_query_until('postgres', q{SELECT setting = '0' FROM pg_settings WHERE name = 'auto_explain.log_min_duration'});
$before = -s $node->logfile;
my $told = message_as($node, 'anna', q{SET client_min_messages = log; SELECT count(*) FROM patient});
unlike($told, qr/Removed|plan:/, 'no plan reaches the client');
like(slurp_file($node->logfile, $before), qr/Rows Removed by Filter: 2/, 'it is in the log');
$node->safe_psql('postgres', 'CREATE DATABASE other');
my ($out, $err) = ('', '');
$node->psql('other', q{SET client_min_messages = log; SELECT 1}, stdout => \$out, stderr => \$err);
like($err, qr/plan:/, 'elsewhere it is as it was');
$told = message_as($node, 'anna', q{SET client_min_messages = log; SET debug_print_plan = on; SELECT count(*) FROM patient});
unlike($told, qr/PLANNEDSTMT|plan_rows/, 'nor does debug_print_plan tell');

done_testing();
