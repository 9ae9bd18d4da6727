# The evidence log: what was acknowledged is in it, whatever is killed, and
# nobody extends a log that is not his.  JUR_ROUNDS=100 kills more often.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Evidence;
use Wire;
use Jurisdiction;
use File::Path 'remove_tree';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $library = build_probe($dir);
my $rounds = $ENV{JUR_ROUNDS} // 2;
my $conf = "restart_after_crash = on\nlog_min_messages = log\nmax_wal_senders = 5\nwal_log_hints = on\nwal_keep_size = 64\n";
my $me = getpwuid($<);

sub fault
{
	my ($kind) = @_;

	open(my $file, '>', "$dir/fault") or die $!;
	print $file $kind;
	close($file);
	return;
}

sub put { return state_as($_[0], $me, "SELECT evidence_put_wait('$_[1]')"); }

sub is_in
{
	my ($log, $event, $name) = @_;
	is(scalar(events($log, $event)), 1, $name);
	return;
}

sub comes_back
{
	my ($node, $name) = @_;

	foreach (1 .. 100)
	{
		last if state_as($node, $me, 'SELECT evidence_wait()') eq '' &&
		  $node->safe_psql('postgres', 'SELECT evidence_trouble() IS NULL') eq 't';
		sleep 0.1;
	}
	is(put($node, 'back'), '', $name);
	return;
}

sub copy_of
{
	my ($from, $name) = @_;
	my $copy = PostgreSQL::Test::Cluster->new($name);

	system_or_bail('cp', '-a', $from->data_dir . '/.', $copy->basedir . '/copied');
	mkdir $copy->data_dir;
	remove_tree($copy->data_dir);
	rename($copy->basedir . '/copied', $copy->data_dir) or die $!;
	$copy->append_conf('postgresql.conf', 'port = ' . $copy->port);
	return $copy;
}

sub origin_of { return (split /\n/, PostgreSQL::Test::Utils::slurp_file("$_[0]/checkpoint"))[0]; }
sub size_of { return (split /\n/, PostgreSQL::Test::Utils::slurp_file("$_[0]/checkpoint"))[1]; }

# ------------------------------------------------------------------- a life

fault('');
my $node;
{
	local $ENV{LD_PRELOAD} = "$dir/evidence_fault.so";
	$node = new_server('one', conf => $conf, init => { allows_streaming => 1 });
}
make_probe($node, $library);
my $log = log_dir($node);

is(put($node, 'first'), '', 'a record is taken and durable');
is(state_as($node, $me, q{BEGIN; SELECT evidence_put('rolled back'); ROLLBACK}), '', 'one before a ROLLBACK');
is(state_as($node, $me, q{SELECT evidence_put('failed'); SELECT 1/0}), '22012', 'one before an error');
is($node->safe_psql('postgres', q{SELECT evidence_try('tried')}), 'taken durable', 'without raising');
is(state_as($node, $me, 'SELECT evidence_put_size(65535)'), '', 'the longest record there is');
is(state_as($node, $me, 'SELECT evidence_put_size(65536)'), '58030', 'a longer one is refused');
is($node->safe_psql('postgres', q{SELECT evidence_on_log('logged'); SET client_min_messages = log;
	DO $$BEGIN RAISE LOG 'a line'; END$$; SELECT 'still here'}), "\nstill here", 'from a log hook');
settle($node);
is_in($log, $_, "\"$_\" is in the log") foreach 'first', 'rolled back', 'failed', 'tried';
cmp_ok(scalar(events($log, 'logged')), '>', 0, '"logged" is in the log');
my @start = events($log, 'log start', 'server start');
is($start[0]{event}, 'log start', 'the first record begins the log');
ok(!exists $start[0]{previous}, 'which follows no other');
is($start[1]{event}, 'server start', 'the second the server');
like($start[1]{library}, qr/^[0-9a-f]{64}$/, 'with the hash of its library');
is($start[1]{settings}{'jurisdiction.site'}, 'DE', 'and its settings');
verified($log, 'the log verifies');
like($node->safe_psql('postgres', 'SELECT evidence_stat()'), qr/records=\d+ syncs=\d+ .* lost=0$/, 'there are numbers');
sleep 1.2;
my $quiet = size_of($log);
sleep 1.5;
is(size_of($log), $quiet, 'a log that nobody writes comes to rest');

# ----------------------------------------------------------- settings and key

$node->append_conf('postgresql.conf', "jurisdiction.enforcement = observe\nwork_mem = '5MB'");
$node->reload;
sleep 0.5;
settle($node);
is_deeply([ map { "$_->{object}=$_->{detail}" } events($log, 'setting') ], ['jurisdiction.enforcement=observe'],
	'a setting of ours that changed is a record, others are none');
$node->append_conf('postgresql.conf', 'jurisdiction.enforcement = enforce');
$node->reload;

my ($first_key) = PostgreSQL::Test::Utils::slurp_file("$log/keys") =~ /(.*)/;
is(state_as($node, $me, 'SELECT evidence_ask(1)'), '', 'the key is rotated');
is(put($node, 'after rotation'), '', 'and the log goes on');
settle($node);
my ($rotation) = events($log, 'key rotation');
is($rotation->{old}, $first_key, 'a record names the old key');
is($rotation->{new}, (split /\n/, PostgreSQL::Test::Utils::slurp_file("$log/keys"))[0], 'and the new one');
verified($log, 'the log verifies with both');
verified($log, 'and to who knows only the old one, which signed what it handed over', "--key '$first_key'");
my ($key_file) = glob($node->data_dir . '/evidence_signing_*.key');
is((stat $key_file)[2] & 0777, 0600, 'the key is closed to others');
is(scalar(my @all = glob($node->data_dir . '/evidence_signing_*')), 1, 'and the old one is gone');

# the server stops between the new key in the log and in its file
my $keep = PostgreSQL::Test::Utils::slurp_file($key_file);
is(state_as($node, $me, 'SELECT evidence_ask(1)'), '', 'the key is rotated again');
$node->stop;
rename($key_file, "$key_file.next") or die $!;
open(my $old_key, '>', $key_file) or die $!;
print $old_key $keep;
close($old_key);
chmod(0600, $key_file);
$node->start;
is(put($node, 'after an interrupted rotation'), '', 'an interrupted rotation is completed');
ok(!-e "$key_file.next", 'the next key is the present one');
isnt(PostgreSQL::Test::Utils::slurp_file($key_file), $keep, 'the old one is gone');
settle($node);
verified($log, 'the log verifies');
$node->stop;
# and before the log had it
open($old_key, '>', "$key_file.next") or die $!;
print $old_key $keep;
close($old_key);
chmod(0600, "$key_file.next");
$node->start;
is(put($node, 'after a rotation that did not come to pass'), '', 'a next key that the log does not know is left alone');
settle($node);
verified($log, 'the log verifies');
verified($log, 'to who knows only the first key', "--key '$first_key'");
unlink("$key_file.next");

# ---------------------------------------------------------- how sessions end

$node->safe_psql('postgres', q{SELECT evidence_at_exit('ended by itself')});
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query(q{SELECT evidence_at_exit('terminated'); SELECT pg_backend_pid()});
$pid =~ s/\D//g;
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 5000)");
eval { $session->quit };
my $last = $node->background_psql('postgres', on_error_stop => 0);
$last->query(q{SELECT evidence_at_exit('at shutdown')});
my $busy = $node->background_psql('postgres', on_error_stop => 0);
$busy->query(q{SELECT evidence_at_exit('busy at shutdown')});
$busy->query_until(qr/go/, "\\echo go\nSELECT pg_sleep(60);\n");
$node->stop('fast');
eval { $last->quit };
eval { $busy->quit };
is_in($log, $_, "\"$_\" is in the log") foreach 'ended by itself', 'terminated', 'at shutdown', 'busy at shutdown';
is((events($log))[-1]{event}, 'server stop', 'the last record ends the server');
verified($log, 'a log at rest verifies');
{
	local $ENV{LD_PRELOAD} = "$dir/evidence_fault.so";
	$node->start;
}
is(put($node, 'again'), '', 'the server starts again');
settle($node);
is(scalar(events($log, 'server start')), 4, 'with a record');
is(scalar(events($log, 'recovery')), 0, 'and nothing to recover');
is(scalar(events($log, 'log start')), 1, 'in the same log');

kill 'TERM', sealer_pid($node);
sleep 0.3;
is(put($node, 'after a signal'), '', 'a signal alone does not end the sealer');

# ------------------------------------------------------------------- killing

my $round = 0;
sub kill_under_load
{
	my ($whom, $kill) = @_;
	my $prefix = "$dir/acknowledged.$round";
	my $script = "$dir/script.$round";
	my %acknowledged;
	my %found;
	my $wrong = 0;

	open(my $file, '>', $script) or die $!;
	print $file "\\set n :n + 1\nSELECT evidence_put_wait('r$round-' || :client_id || '-' || :n);\n";
	close($file);
	my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', 4, '-j', 1, '-T', 10, '-D', 'n=0', '-f', $script,
		'--log', "--log-prefix=$prefix", '-h', $node->host, '-p', $node->port, 'postgres' ],
		'>', '/dev/null', '2>', '/dev/null');
	sleep(0.4 + rand 0.4);
	$kill->();
	$bench->finish;
	foreach (1 .. 100)
	{
		last if $node->psql('postgres', 'SELECT 1') == 0;
		sleep 0.1;
		next if $whom ne 'postmaster';
		# processes of the one before may still be leaving
		$node->{_pid} = undef;
		$node->start(fail_ok => 1);
	}
	comes_back($node, "round $round: the server comes back from kill -9 of the $whom");
	settle($node);
	foreach (map { split /\n/, PostgreSQL::Test::Utils::slurp_file($_) } glob("$prefix.*"))
	{
		my ($client, $n) = split / /;
		$acknowledged{$client} = $n if $n > ($acknowledged{$client} // 0);
	}
	foreach (events($log))
	{
		next unless $_->{event} =~ /^r$round-(\d+)-(\d+)$/;
		$found{$1}{$2}++;
		$wrong++ if $found{$1}{$2} > 1 || $2 > ($acknowledged{$1} // 0) + 1;
	}
	my $total = 0;
	foreach my $client (keys %acknowledged)
	{
		$total += $acknowledged{$client};
		foreach my $n (1 .. $acknowledged{$client})
		{
			$wrong++ unless $found{$client}{$n};
		}
	}
	cmp_ok($total, '>', 0, "round $round: records were acknowledged ($total)");
	is($wrong, 0, "round $round: each is in the log, once");
	verified($log, "round $round: the log verifies");
	$round++;
	return;
}

my $crashes = 0;
for (my $i = 0; $i < $rounds; $i++)
{
	kill_under_load('sealer', sub { kill 'KILL', sealer_pid($node); });
	kill_under_load('backend', sub {
		kill 'KILL', $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1}); });
	kill_under_load('postmaster', sub { $node->kill9; });
	$crashes += 3;
}
is(scalar(events($log, 'recovery')), $crashes, 'each crash is a record');
is(scalar(events($log, 'log start')), 1, 'all in one log');
if ($node->{_pid})
{
	local $ENV{LD_PRELOAD} = "$dir/evidence_fault.so";
	$node->restart;
}

# ------------------------------------------------------------------- trouble

sub fails
{
	my ($what, $name) = @_;
	my $begin = time;

	is(put($node, $what), '58030', "$name: statements that need it fail");
	cmp_ok(time - $begin, '<', 4, "$name: and soon");
	is($node->safe_psql('postgres', 'SELECT 1'), 1, "$name: others do not");
	return;
}

sub trouble_is_over
{
	my ($name) = @_;

	comes_back($node, "$name: the log comes back by itself");
	settle($node);
	verified($log, "$name: and verifies");
	return;
}

foreach my $kind ('full', 'sync')
{
	my $troubles = scalar(events($log, 'trouble'));

	fault($kind);
	fails("$kind 1", $kind);
	fails("$kind 2", $kind);
	is($node->safe_psql('postgres', qq{SELECT evidence_try('$kind kept')}), 'taken not durable',
		"$kind: what can be kept is kept");
	like($node->safe_psql('postgres', 'SELECT evidence_trouble()'), qr/"/, "$kind: there is a reason");
	fault('');
	trouble_is_over($kind);
	is_in($log, "$kind kept", "$kind: with what was kept");
	is(scalar(events($log, 'trouble')), $troubles + 1, "$kind: and a record of the trouble");
}

# nobody waits: what is put while the batch before it, after a pause, is written and signed
$node->append_conf('postgresql.conf', 'jurisdiction.evidence_commit = off');
$node->reload;
my $session = Wire->connect($node, $me);
foreach my $round (1 .. 2)
{
	settle($node);
	sleep 1.5;
	fault('slow');
	is($session->run("SELECT evidence_put('before $round')"), '', 'off: after a pause');
	sleep 0.2;
	is($session->run("SELECT evidence_put('meanwhile $round')"), '', 'off: while that is written');
	sleep 2;
	fault('');
	sleep 2;
	like(PostgreSQL::Test::Utils::slurp_file((glob "$log/journal/*")[-1]) . join('', entries_of($log)),
		qr/meanwhile $round/, 'off: it is durable soon, too');
}
$session->close;
$node->append_conf('postgresql.conf', 'jurisdiction.evidence_commit = on');
$node->reload;

# moved away and back
rename($log, "$log.away") or die $!;
sleep 0.1;
fails('away', 'directory away');
remove_tree($log);
rename("$log.away", $log) or die $!;
trouble_is_over('directory away');
is(scalar(events($log, 'log start')), 1, 'directory away: it is the same log');

# nobody may write
$node->stop;
chmod(0500, $log);
$node->start;
# what is open can still be written; what is new cannot be made
sleep 1.5;
fails('closed', 'directory closed');
chmod(0700, $log);
trouble_is_over('directory closed');
$node->stop;
chmod(0644, $key_file);
$node->start;
fails('open key', 'key open to others');
chmod(0600, $key_file);
trouble_is_over('key open to others');

# a sealer that does nothing
$node->append_conf('postgresql.conf', "jurisdiction.evidence_timeout = '1s'");
$node->reload;
my $sealer = sealer_pid($node);
kill 'STOP', $sealer;
fails('stopped', 'sealer stopped');
is(state_as($node, $me, q{SET statement_timeout = 200; SELECT evidence_put_wait('cancelled')}), '57014',
	'sealer stopped: who waits can be cancelled');
is(state_as($node, $me, 'SELECT evidence_put_size(65000) FROM generate_series(1, 200)'), '58030',
	'queue full: there is no room');
kill 'CONT', $sealer;
comes_back($node, 'sealer stopped: it goes on');
kill 'STOP', $sealer;
is(state_as($node, $me, 'SELECT evidence_wait()'), '', 'sealer stopped: who has put nothing waits for nothing');
is(state_as($node, $me, qq{SET $parallel_mode = on; SELECT evidence_put('from a worker')}), '',
	'parallel: a worker puts a record');
is(state_as($node, $me, qq{SET $parallel_mode = on; SELECT evidence_put('by its leader'); SELECT evidence_wait()}), '58030',
	'parallel: its leader waits for it');
kill 'CONT', $sealer;
trouble_is_over('queue full');
is_in($log, $_, "parallel: \"$_\" is in the log") foreach 'from a worker', 'by its leader';
is_in($log, 'cancelled', 'sealer stopped: what was taken is in the log');

# nobody waits, and what finds no room is counted
$node->append_conf('postgresql.conf', 'jurisdiction.evidence_commit = off');
$node->reload;
sleep 0.2;
is(put($node, 'not waited for'), '', 'off: a record is taken');
sleep 0.4;
like(PostgreSQL::Test::Utils::slurp_file((glob "$log/journal/*")[-1]) . join('', entries_of($log)),
	qr/not waited for/, 'off: and durable soon');
kill 'STOP', $sealer;
is(state_as($node, $me, 'SELECT evidence_put_size(65000) FROM generate_series(1, 200)'), '',
	'off: a full queue stops nobody');
kill 'CONT', $sealer;
sleep 0.4;
settle($node);
my ($gap) = events($log, 'gap');
like($node->safe_psql('postgres', 'SELECT evidence_stat()'), qr/ lost=$gap->{lost}$/, 'off: what was lost is counted');
my $kept = grep { /^x{65000}$/ } entries_of($log);
is($kept - 0 + $gap->{lost} >= 200 ? 1 : 0, 1, 'off: in a record');
kill 'KILL', sealer_pid($node);
comes_back($node, 'off: after a crash');
settle($node);
ok((events($log, 'recovery'))[-1]{unflushed}, 'off: the record of a crash says what may be missing');
$node->append_conf('postgresql.conf', "jurisdiction.evidence_commit = on\njurisdiction.evidence_timeout = '5s'");
$node->reload;

# -------------------------------------------------------------------- copies

$node->stop;
my $copy = copy_of($node, 'copy');
my $before = origin_of($log);
my $before_size = size_of($log);
$node->start;
$copy->start;
is(put($node, 'in the original'), '', 'cp: the original goes on');
is(put($copy, 'in the copy'), '', 'cp: so does the copy');
settle($_) foreach $node, $copy;
is(origin_of($log), $before, 'cp: the original in its log');
my ($begin) = events(log_dir($copy), 'log start');
isnt(origin_of(log_dir($copy)), $before, 'cp: the copy in one of its own');
is("$begin->{verdict} $begin->{previous} $begin->{size}", "copied $before $before_size", 'cp: which cites the other');
verified($_, 'cp: verifies') foreach $log, log_dir($copy), glob(log_dir($copy) . '/before/*');
is_in($log, 'in the original', 'cp: records are where they belong');
is_in(log_dir($copy), 'in the copy', 'cp: and there');
$copy->restart;
is(put($copy, 'more'), '', 'cp: the copy starts again');
settle($copy);
is(scalar(events(log_dir($copy), 'log start')), 1, 'cp: in the same log');
$copy->stop;

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is(put($standby, 'on the standby'), '', 'standby: it takes records');
settle($standby);
($begin) = events(log_dir($standby), 'log start');
is("$begin->{verdict} $begin->{previous}", "copied $before", 'standby: in a log of its own');
my $standby_origin = origin_of(log_dir($standby));
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
my $stops = scalar(events($log, 'server stop'));
$node->restart;
settle($node);
is(scalar(events($log, 'server stop')), $stops + 1, 'standby: the primary stops as ever while it streams');
$standby->promote;
is(put($standby, 'promoted'), '', 'standby: promoted, it takes records');
$standby->safe_psql('postgres', 'CHECKPOINT');
settle($standby);
is(origin_of(log_dir($standby)), $standby_origin, 'standby: promoted, in the same log');
verified(log_dir($standby), 'standby: which verifies');

# the former primary is made to follow it
$node->safe_psql('postgres', 'CREATE TABLE diverged()');
$node->stop;
my $rewound = origin_of($log);
command_ok([ 'pg_rewind', '--source-server', $standby->connstr('postgres'), '-D', $node->data_dir, '--no-sync' ], 'pg_rewind');
$node->append_conf('postgresql.conf', 'port = ' . $node->port);
$node->append_conf('postgresql.conf', "jurisdiction.site = 'DE'");
$node->start;
is(put($node, 'rewound'), '', 'rewind: it takes records');
settle($node);
($begin) = events($log, 'log start');
is("$begin->{verdict} $begin->{previous}", "copied $standby_origin", 'rewind: in a log of its own');
verified($log, 'rewind: which verifies');
$standby->stop;

# ------------------------------------------------ a directory outside, shared

my $outside = "$dir/jurisdiction_evidence";
$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = '$outside'");
$node->restart;
is(put($node, 'outside'), '', 'outside: it takes records');
settle($node);
($begin) = events($outside, 'log start');
is("$begin->{verdict} $begin->{previous}", 'missing ' . origin_of($log), 'outside: in a log that cites the one inside');
$copy->append_conf('postgresql.conf', "jurisdiction.evidence_directory = '$outside'");
$copy->start;
my $outside_origin = origin_of($outside);
is(put($copy, 'intruder'), '58030', 'shared: the second server is in trouble');
like($copy->safe_psql('postgres', 'SELECT evidence_trouble()'), qr/in use by another server/, 'shared: and says why');
$node->stop;
sleep 1.2;
is(put($copy, 'intruder'), '58030', 'shared: also when the first is stopped');
$node->start;
is(put($node, 'undisturbed'), '', 'shared: the first is not disturbed');
$copy->stop('immediate');
settle($node);
is(origin_of($outside), $outside_origin, 'shared: it is its log');
verified($outside, 'shared: which verifies');

# its directory may be moved; what is put back in place of it is told from it
$node->stop;
system_or_bail('cp', '-a', $outside, "$outside.2");
system_or_bail('cp', '-a', $outside, "$outside.old");
$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = '$outside.2'");
$node->start;
is(put($node, 'moved'), '', 'moved: it takes records');
settle($node);
is(origin_of("$outside.2"), $outside_origin, 'moved: in the same log');
verified("$outside.2", 'moved: which verifies');
my $newest = size_of("$outside.2");
$node->stop;
$newest = size_of("$outside.2");
$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = '$outside.old'");
$node->start;
is(put($node, 'rolled back'), '', 'rolled back: it takes records');
settle($node);
($begin) = events("$outside.old", 'log start');
is("$begin->{verdict} $begin->{previous} $begin->{size}", "rolled back $outside_origin $newest",
	'rolled back: in a new log, which says so');
verified($_, 'rolled back: verifies') foreach "$outside.old", glob("$outside.old/before/*");

# the log is deleted while it is written
my $deleted = origin_of("$outside.old");
remove_tree("$outside.old");
foreach (1 .. 50)
{
	last if put($node, 'after deletion') eq '' && -e "$outside.old/checkpoint";
	sleep 0.1;
}
settle($node);
($begin) = events("$outside.old", 'log start');
is("$begin->{verdict} $begin->{previous}", "missing $deleted", 'deleted: a new log says so');
verified("$outside.old", 'deleted: verifies');
$node->stop;

# ------------------------------------------------------------------ custodians

mkdir "$dir/keys", 0700;
open(my $vault, '>', "$dir/custodians") or die $!;
print $vault "[command:vault]\nwrap = test ! -e $dir/vault_away && od -An -v -tx1 | tr -d ' \\n'\n"
  . "unwrap = test ! -e $dir/vault_away && perl -ne 'print pack \"H*\", \$_'\n";
close($vault);
chmod 0600, "$dir/custodians";
$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = '$outside.3'\njurisdiction.key_directory = '$dir/keys'\n"
	. "jurisdiction.custodian_file = '$dir/custodians'\njurisdiction.evidence_custodian = 'command:vault'");
$node->start;
is(put($node, 'wrapped'), '', 'custodian: it takes records');
$node->stop;
my ($wrapped) = glob("$dir/keys/evidence_signing_*.key");
like(PostgreSQL::Test::Utils::slurp_file($wrapped), qr/^jurisdiction wrapped signing key 1 command:vault /,
	'custodian: the key is wrapped');
open(my $away, '>', "$dir/vault_away") or die $!;
close($away);
$node->start;
is(put($node, 'custodian away'), '58030', 'custodian away: statements fail');
unlink "$dir/vault_away";
comes_back($node, 'custodian away: the log comes back');
is(state_as($node, $me, 'SELECT evidence_ask(1)'), '', 'custodian: the key can be rotated');
is(put($node, 'wrapped anew'), '', 'custodian: it takes records');
settle($node);
verified("$outside.3", 'custodian: and verifies');
$node->stop;

# ---------------------------------------------------------------- one process

my ($out, $err) = ('', '');
IPC::Run::run([ 'postgres', '--single', '-D', $node->data_dir, 'postgres' ], '<',
	\"SELECT evidence_put_wait('single')\n", '>', \$out, '2>', \$err);
is_in("$outside.3", 'single', 'single-user mode writes the log itself');
is((events("$outside.3"))[-1]{event}, 'server stop', 'to the end');
verified("$outside.3", 'single-user mode: verifies');

# the key is not laid into what auditors are given
mkdir "$outside.4", 0700;
$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = '$outside.4'\njurisdiction.key_directory = '$outside.4/keys'");
$node->start;
is(put($node, 'key inside'), '58030', 'a key inside of the log is refused');
$node->stop;

$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = ''");
$node->start;
is(put($node, 'nowhere'), '', 'without a log nothing is recorded, and nothing fails');
is(sealer_pid($node), undef, 'and there is no sealer');
$node->stop;

done_testing();
