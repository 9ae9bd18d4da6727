# Where nobody waits for records, a session that does the same again and again
# is told of by few of them, whose counts are exact; order stays.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Jurisdiction;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'sleep';

my $node = new_server('repeated', conf => "jurisdiction.evidence_commit = off\njurisdiction.evidence_queue_size = 512\n");
$node->safe_psql('postgres', q{
	CREATE EXTENSION jurisdiction;
	CREATE ROLE anna LOGIN;
	SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared internal/health';
	CREATE TABLE patient (id int, residency jurisdiction.label NOT NULL);
	INSERT INTO patient VALUES (1, 'DE'), (2, 'DE/health');
	GRANT SELECT, INSERT ON patient TO anna;
	ALTER TABLE patient OWNER TO anna;
	SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
});

# what the log tells of anna's statements under an application's name
sub told
{
	my ($application) = @_;

	$node->safe_psql('postgres', 'SELECT jurisdiction.checkpoint()');
	return $node->safe_psql('postgres', qq{
		SELECT command, count(*), sum(coalesce((record->>'times')::int, 1)),
			sum(rows * coalesce((record->>'times')::int, 1)),
			string_agg(DISTINCT outcome, ',')
		FROM jurisdiction.evidence
		WHERE application = '$application' AND event = 'statement' AND role_name = 'anna'
		GROUP BY command ORDER BY min(seq)});
}

sub as_anna
{
	my ($application, $sql) = @_;

	return $node->psql('postgres', $sql, on_error_stop => 0,
		connstr => $node->connstr('postgres') . " user=anna application_name=$application");
}

as_anna('same', join("\n", ('SELECT id FROM patient WHERE id < 3;') x 2000));
my ($command, $records, $times, $rows, $outcome) = split /\|/, told('same');
is($times, 2000, 'each of the same statements is counted');
is($rows, 4000, 'and each of its rows');
cmp_ok($records, '<', 200, 'by few records');
is($outcome, 'completed', 'all have ended well');

# the near miss: every second one is another
as_anna('other', join("\n", ('SELECT id FROM patient WHERE id < 3;', 'SELECT id FROM patient WHERE id = 2 LIMIT 1;') x 100));
($command, $records, $times) = split /\|/, told('other');
is($times, 200, 'different statements are counted, too');
is($records, 200, 'each by its own record');

# order: what fails is told of after what came before it
as_anna('order', join("\n", ('SELECT id FROM patient;') x 5, 'SELECT id / 0 FROM patient;', ('SELECT id FROM patient;') x 5));
($command, $records, $times) = split /\|/, told('order');
is($node->safe_psql('postgres', q{
	SELECT string_agg(outcome || coalesce(' ' || (record->>'times'), ''), ', ' ORDER BY seq) ~
			'^completed( \d)?(, completed( \d)?)*, failed, completed( \d)?(, completed( \d)?)*$'
		FROM jurisdiction.evidence WHERE application = 'order' AND event = 'statement'}),
	't', 'what was counted comes before what was done after it');
is($times, 11, 'and none is missing');

# who puts records faster than they are written loses neither his own nor others'
my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
my ($sealer) = map { /^\s*(\d+).*jurisdiction sealer/ ? $1 : () } split /\n/, `ps -o pid=,args= --ppid $postmaster`;
{
	my ($in, $out) = (q{DO $$BEGIN
		FOR i IN 1 .. 2000 LOOP
			BEGIN EXECUTE format('LOAD %L', repeat('x', 900)); EXCEPTION WHEN insufficient_privilege THEN NULL; END;
		END LOOP; END$$;}, '');

	kill 'STOP', $sealer;
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') . ' user=anna application_name=flood' ],
		'<', \$in, '>', \$out, '2>', \$out);
	foreach (1 .. 20)
	{
		$psql->pump_nb;
		sleep 0.1;
	}
	kill 'CONT', $sealer;
	$psql->finish;
	is($out, '', 'a flood of refusals ends');
}
is($node->safe_psql('postgres', q{SELECT jurisdiction.checkpoint() IS NOT NULL}), 't', 'after a flood');
is($node->safe_psql('postgres', q{SELECT count(*) FROM jurisdiction.evidence WHERE application = 'flood' AND event = 'refusal'}),
	2000, 'each of many refusals has its record');
is($node->safe_psql('postgres', q{SELECT count(*) FROM jurisdiction.evidence WHERE event = 'gap'}), 0, 'and nothing is lost');

# a session that is killed has left its count where it outlives it
my $pid;
{
	my ($in, $out) = ('', '');
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') . ' user=anna application_name=killed' ],
		'<', \$in, '>', \$out);

	$in .= "SELECT pg_backend_pid();\n" . "SELECT id FROM patient WHERE id = 1;\n" x 50 . "SELECT 'done';\n";
	$psql->pump until $out =~ /done/;
	($pid) = $out =~ /^(\d+)/;
	# a TERM: killing with -9 would take shared memory, and 200 ms, along
	kill 'TERM', $pid;
	$psql->finish;
}
($command, $records, $times) = split /\|/, told('killed');
is($times, 50, 'what a session counted is told of when it has gone');

# where sessions wait, each statement has its record
$node->append_conf('postgresql.conf', 'jurisdiction.evidence_commit = on');
$node->reload;
$node->poll_query_until('postgres', 'SHOW jurisdiction.evidence_commit', 'on');
as_anna('waiting', join("\n", ('SELECT id FROM patient WHERE id < 3;') x 20));
($command, $records, $times) = split /\|/, told('waiting');
is("$records $times", '20 20', 'with evidence_commit = on every statement has its own record');

$node->stop;
done_testing();
