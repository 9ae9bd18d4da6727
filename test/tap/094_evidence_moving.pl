# Events for a SIEM from a log that is written, whose keys are rotated, whose
# old entries are dropped, and whose server is killed: each once, in order,
# though the reader is killed too.  And a log of another history, which is
# longer than the one that the data directory remembers.
# JUR_ROUNDS=100 kills more often.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Evidence;
use Jurisdiction;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $library = build_probe($dir);
my $rounds = $ENV{JUR_ROUNDS} // 3;
my $me = getpwuid($<);
my ($bin) = `$ENV{PG_CONFIG} --bindir` =~ /(.*)/;
my $node = new_server('moving', conf => "restart_after_crash = on\n");
make_probe($node, $library);
my $log = log_dir($node);
my ($key) = PostgreSQL::Test::Utils::slurp_file("$log/keys") =~ /(.*)/;

# ------------------------------------------------------------------- follow

my $sink = "$dir/events";
open(my $nothing, '>', $sink) or die $!;
close($nothing);

# the number behind the last whole line that has come; half of one goes
sub next_number
{
	my $text = PostgreSQL::Test::Utils::slurp_file($sink);
	my $whole = $text =~ /^(.*\n)/s ? length($1) : 0;

	truncate($sink, $whole) or die $!;
	return $text =~ /.*"sequence":(\d+),[^\n]*\n/s ? $1 + 1 : 0;
}

my $reader;
sub follow
{
	my $from = next_number();

	$reader = fork();
	return $reader if $reader;
	open(STDOUT, '>>', $sink) or die $!;
	open(STDERR, '>>', "$dir/complaints") or die $!;
	exec("$bin/jurisdiction-verify", '--ocsf', '--follow', '--key', $key, '--from', $from, $log) or die $!;
}

sub stop_reading
{
	kill 'KILL', $reader;
	waitpid($reader, 0);
	return $? & 127;
}

is(state_as($node, $me, q{SELECT evidence_put('before') FROM generate_series(1, 1200); SELECT evidence_wait()}), '', 'a log of some bundles');
follow();
my $script = "$dir/script";
open(my $file, '>', $script) or die $!;
print $file "SELECT evidence_put_wait('event ' || :client_id) FROM generate_series(1, 20);\n";
close($file);
my ($rotations, $drops, $died) = (0, 0, 0);
for (my $round = 0; $round < $rounds; $round++)
{
	my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', 4, '-j', 1, '-T', 3, '-f', $script,
		'-h', $node->host, '-p', $node->port, 'postgres' ], '>', '/dev/null', '2>', '/dev/null');
	my $end = time + 1.5;

	while (time < $end)
	{
		sleep(rand 0.2);
		$died++ if stop_reading() != 9;
		follow();
		$rotations++ if state_as($node, $me, 'SELECT evidence_ask(1)') eq '';
		# what has been told may go
		my $told = next_number_kept();
		$drops++ if $told > 512 && state_as($node, $me, "SELECT evidence_ask(2, $told - 300)") eq '';
	}
	$node->kill9;
	$bench->finish;
	# processes of the one before may still be leaving
	foreach (1 .. 100)
	{
		$node->{_pid} = undef;
		$node->start(fail_ok => 1);
		last if system('pg_isready -q -h ' . $node->host . ' -p ' . $node->port) == 0;
		sleep 0.1;
	}
	is(state_as($node, $me, q{SELECT evidence_put_wait('back')}), '', "round $round: the server is killed and comes back");
}

# without touching a file that is being written
sub next_number_kept
{
	my $text = PostgreSQL::Test::Utils::slurp_file($sink);
	return $text =~ /.*"sequence":(\d+),[^\n]*\n/s ? $1 + 1 : 0;
}

settle($node);
my $size = (split /\n/, PostgreSQL::Test::Utils::slurp_file("$log/checkpoint"))[1];
foreach (1 .. 100)
{
	last if next_number_kept() >= $size;
	sleep 0.1;
}
is(stop_reading(), 9, 'it follows to the end');
is($died, 0, 'and never gave up') or diag(PostgreSQL::Test::Utils::slurp_file("$dir/complaints"));
cmp_ok($rotations, '>', 0, 'keys were rotated');
cmp_ok($drops, '>', 0, 'entries were dropped');
my ($expected, $wrong) = (0, 0);
foreach my $line (split /\n/, PostgreSQL::Test::Utils::slurp_file($sink))
{
	my $event = eval { decode_json($line) };

	$wrong++ unless $event && $event->{metadata}{sequence} == $expected;
	$expected++;
}
is($wrong, 0, 'each event was told once, in order');
cmp_ok($expected, '>=', $size, 'and all of them');
my $said = `$bin/jurisdiction-verify $log 2>&1`;
is($? >> 8, 0, 'the log verifies') or diag($said);
like($said, qr/^dropped by retention: \d+ entries/m, 'without what was dropped');
like(`$bin/jurisdiction-verify --ocsf --from 0 $log 2>&1`, qr/^could not check: entry 0 is not there any more/,
	'which cannot be told any more');

# ------------------------------------------------- a longer log, of another history

# as it is, in the same files where those tell whose it is: a snapshot of the
# whole machine
sub snapshot
{
	my ($name) = @_;

	system_or_bail('rm', '-rf', "$dir/$name");
	mkdir "$dir/$name";
	system_or_bail('cp', '-a', $log, "$dir/$name/log");
	link($node->data_dir . '/jurisdiction_evidence_head', $node->basedir . "/head.$name") or die $!;
	return;
}

sub put_back_head
{
	my ($name) = @_;

	system_or_bail('ln', '-f', $node->basedir . "/head.$name", $node->data_dir . '/jurisdiction_evidence_head');
	return;
}

sub put_back
{
	my ($name) = @_;

	put_back_head($name);
	foreach my $part ('tile', 'journal', 'index')
	{
		system_or_bail('rm', '-rf', "$log/$part");
		system_or_bail('cp', '-a', "$dir/$name/log/$part", $log) if -e "$dir/$name/log/$part";
	}
	system_or_bail('cp', "$dir/$name/log/checkpoint", "$log/checkpoint");
	return;
}

$node->stop;
snapshot('before');
$node->start;
is(state_as($node, $me, q{SELECT evidence_put_wait('one history')}), '', 'a log goes on');
$node->stop;
snapshot('one');
put_back('before');
$node->start;
is(state_as($node, $me, q{SELECT evidence_put_wait('another') FROM generate_series(1, 50)}), '', 'and again from an older snapshot');
$node->stop;
my ($origin) = PostgreSQL::Test::Utils::slurp_file("$log/checkpoint") =~ /(.*)/;
$said = `$bin/jurisdiction-verify --since $dir/one/log/checkpoint $log 2>&1`;
is($? >> 8, 1, 'who kept a checkpoint knows');
like($said, qr/^tampered: forked/, 'that it was forked') or diag($said);
snapshot('another');
put_back_head('one');
$node->start;
is(state_as($node, $me, q{SELECT evidence_put_wait('not that one')}), '', 'a server finds a longer log of its own, which is not what it remembers');
settle($node);
my ($begin) = events($log, 'log start');
is("$begin->{verdict} $begin->{previous}", "rolled back $origin", 'and does not sign more of it');
verified($log, 'but begins another, which verifies');
verified((glob("$log/before/*"))[0], 'beside the one that it found');
$node->stop;
# where it does remember that one, it goes on
put_back_head('another');
my $moved = (glob("$log/before/*"))[0];
system_or_bail('rm', '-rf', "$dir/mine");
rename($log, "$dir/mine") or die $!;
system_or_bail('cp', '-a', "$dir/another/log", $log);
$node->start;
is(state_as($node, $me, q{SELECT evidence_put_wait('that one')}), '', 'one that it remembers');
settle($node);
is((PostgreSQL::Test::Utils::slurp_file("$log/checkpoint") =~ /(.*)/)[0], $origin, 'is gone on with');
verified($log, 'and verifies');
$node->stop;
done_testing();
