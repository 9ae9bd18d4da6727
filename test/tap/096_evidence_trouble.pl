# When the evidence log cannot be written, what touches tagged data fails, soon
# and with a reason; everything else works; and when the cause goes, all is as
# before, without anybody's doing.  What succeeded has its record, always.
# A clock that is set back is the matter of 089_clock.pl.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Evidence;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $place = "$dir/place";
my $log = "$place/jurisdiction_evidence";
my $fault = "$dir/fault";
my $timeout = 2;
my $node;

mkdir $place, 0700 or die $!;
build_probe($dir);
{
	local $ENV{LD_PRELOAD} = "$dir/evidence_fault.so";
	$node = new_server('trouble', conf => "restart_after_crash = on\n"
		. "jurisdiction.evidence_directory = '$log'\n"
		. "jurisdiction.evidence_timeout = '${timeout}s'\njurisdiction.evidence_queue_size = '512kB'\n");
}
make_clinic($node);
$node->safe_psql('postgres', 'CREATE TABLE plain (id int); GRANT ALL ON plain TO visitor; GRANT CREATE ON SCHEMA public TO visitor');

sub write_file
{
	my ($path, $text) = @_;
	open(my $file, '>', $path) or die "$path: $!";
	print $file $text;
	close($file);
	return;
}

# a read under a name of its own: did it succeed?
my $reads = 0;
my %acknowledged;
sub reads
{
	my $name = 'read' . $reads++;
	my $state = state_as($node, 'anna', "SET application_name = '$name'; SELECT count(*) FROM patient");

	$acknowledged{$name} = 1 if $state eq '';
	return $state;
}

my $next = 100;
sub in_trouble
{
	my ($name) = @_;
	my $begin = time;
	my $table = "t$next";

	is(reads(), '58030', "$name: who reads tagged rows is refused");
	is(state_as($node, 'anna', "INSERT INTO patient VALUES ($next, 'DE')"), '58030', "$name: who writes some is");
	is(state_as($node, 'ben', "UPDATE patient SET diagnosis = 'none' WHERE id = 5"), '58030', "$name: who changes some is");
	# as others wait for the log, and each of these three did
	cmp_ok(time - $begin, '<', 3 * $timeout + 4, "$name: nobody waits for long");
	$next++;
	like(message_as($node, 'anna', 'SELECT id FROM patient'),
		qr/ERROR: +58030: the evidence log cannot be written\nHINT: .*works again as soon as/, "$name: it is said why");
	$begin = time;
	is(state_as($node, 'visitor', "INSERT INTO plain SELECT $next; CREATE TABLE $table AS SELECT * FROM plain; DROP TABLE $table"),
		'', "$name: what is not tagged is written");
	is(rows_as($node, 'visitor', "SELECT count(*) FROM plain WHERE id = $next"), 1, "$name: and read");
	cmp_ok(time - $begin, '<', 4, "$name: without waiting");
	return;
}

sub is_over
{
	my ($name) = @_;
	my $end = time + 30;

	sleep 0.1 while reads() ne '' && time < $end;
	is(reads(), '', "$name: afterwards it works again, by itself");
	is(state_as($node, 'anna', "INSERT INTO patient VALUES ($next, 'DE'); DELETE FROM patient WHERE id = $next"), '',
		"$name: writing too");
	is(rows_as($node, 'anna', 'SELECT count(*) FROM patient'), 3, "$name: what failed has changed nothing");
	$next++;
	return;
}

# that all is well in the LOG as it lies there
sub whole
{
	my ($log_dir, $name) = @_;
	my %found;

	is(state_as($node, 'officer', 'SELECT jurisdiction.checkpoint()'), '', "$name: the log is signed");
	verified($log_dir, "$name: it verifies");
	foreach (events($log_dir, 'statement'))
	{
		$found{ $_->{application} }++ if $_->{outcome} eq 'completed';
	}
	is(join(' ', grep { !$found{$_} } sort keys %acknowledged), '', "$name: what succeeded is in it");
	return;
}

sub troubles { return scalar(events($log, 'trouble')); }

is(reads(), '', 'a read');
is(rows_as($node, 'ben', 'SELECT count(*) FROM patient'), 2, 'and another');

# ------------------------------------------------------------------- the disk

foreach my $kind ('full', 'sync')
{
	my $begin = -s $node->logfile;
	my $before = troubles();

	write_file($fault, $kind);
	in_trouble("disk, $kind");
	ok(wait_for_log($node, $kind eq 'full' ? qr/No space left on device/ : qr/Input\/output error/, $begin),
		"disk, $kind: the server's log says what");
	write_file($fault, '');
	is_over("disk, $kind");
	whole($log, "disk, $kind");
	is(troubles(), $before + 1, "disk, $kind: a record tells of the trouble");
}

# -------------------------------------------------------- directory, permissions

rename($place, "$place.away") or die $!;
sleep 0.2;
in_trouble('directory gone');
rename("$place.away", $place) or die $!;
is_over('directory gone');
whole($log, 'directory gone');
is(scalar(events($log, 'log start')), 1, 'directory gone: it is the same log');

chmod(0, $place) or die $!;
sleep 0.2;
in_trouble('closed while it is written');
chmod(0700, $place) or die $!;
is_over('closed while it is written');
whole($log, 'closed while it is written');

$node->stop;
chmod(0777, $log) or die $!;
{
	local $ENV{LD_PRELOAD} = "$dir/evidence_fault.so";
	$node->start;
}
in_trouble('open to all');
chmod(0700, $log) or die $!;
is_over('open to all');
whole($log, 'open to all');

# ------------------------------------------------------- the sealer, the queue

my $sealer = sealer_pid($node);
kill 'STOP', $sealer;
in_trouble('sealer stopped');
kill 'CONT', $sealer;
is_over('sealer stopped');

my $begin = time;
kill 'KILL', sealer_pid($node);
foreach (1 .. 100)
{
	last if $node->psql('postgres', 'SELECT 1') == 0;
	sleep 0.1;
}
is_over('sealer killed');
cmp_ok(time - $begin, '<', 20, 'sealer killed: soon');
isnt(sealer_pid($node), $sealer, 'sealer killed: by another one');
whole($log, 'sealer killed');

# a statement whose records need more room than there is
is(state_as($node, 'clinic', q{
	CREATE TABLE many (residency jurisdiction.label NOT NULL);
	SECURITY LABEL FOR jurisdiction ON COLUMN many.residency IS 'rows';
	GRANT SELECT, INSERT ON many TO anna}), '', 'a table for many labels');
my $labels = q{
	INSERT INTO many
		WITH c AS (SELECT code, row_number() OVER (ORDER BY code) AS n FROM jurisdiction.category WHERE builtin)
		SELECT format('DE/%s,%s,%s', a.code, b.code, c.code)::jurisdiction.label
		FROM c AS a, c AS b, c WHERE a.n < b.n AND b.n < c.n LIMIT 10000};
is(state_as($node, 'officer', q{SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared confidential/*'}), '', 'who may see all');
$begin = time;
is(state_as($node, 'anna', $labels), '', 'ten thousand labels are written through a small queue');
is(rows_as($node, 'anna', 'SELECT count(*) FROM many'), 10000, 'and read');
cmp_ok(time - $begin, '<', 60, 'without end');
kill 'STOP', $sealer = sealer_pid($node);
$begin = time;
is(state_as($node, 'anna', 'SELECT count(*) FROM many'), '58030', 'queue full: a statement that finds no room fails');
cmp_ok(time - $begin, '<', 3 * $timeout + 4, 'queue full: soon');
in_trouble('queue full');
kill 'CONT', $sealer;
is_over('queue full');
whole($log, 'queue full');
my %parts;
foreach my $record (grep { $_->{user} eq 'anna' && grep { $_ eq 'public.many' } @{ $_->{tables} // [] } } events($log, 'statement'))
{
	push @{ $parts{ $record->{id} } }, $record;
}
# the tables are told of in the first part alone
foreach my $record (events($log, 'statement'))
{
	push @{ $parts{ $record->{id} } }, $record if $parts{ $record->{id} } && !$record->{tables};
}
foreach my $id (sort keys %parts)
{
	my @own = sort { ($a->{part} // 0) <=> ($b->{part} // 0) } @{ $parts{$id} };
	my %labels = map { $_->{label} => 1 } map { @{ $_->{decisions} // [] } } @own;

	next if $own[-1]{outcome} ne 'completed';
	is(scalar(keys %labels), 10000, "ten thousand labels: all are in the records of a $own[0]{command}");
	cmp_ok(scalar(@own), '>', 1, 'ten thousand labels: which are several');
}
cmp_ok(scalar(keys %parts), '>=', 2, 'ten thousand labels: of both statements');

# --------------------------------------------------------- a megabyte of a text

my $size = 1024 * 1024;
foreach my $sql ("SELECT count(*) FROM patient WHERE diagnosis <> '" . 'needle' x ($size / 6) . "'",
	'SELECT count(*) FROM patient WHERE id IN (' . join(',', 1 .. $size / 7) . ') /* needle */')
{
	cmp_ok(length($sql), '>', 900000, 'a megabyte');
	is(rows_as($node, 'anna', $sql), 3, 'is answered');
}
is(state_as($node, 'anna', q{INSERT INTO patient VALUES (7, 'FR', '} . 'needle' x ($size / 6) . q{')}), '42501', 'or refused');
whole($log, 'a megabyte');
is(scalar(grep { /needle/ } entries_of($log)), 0, 'a megabyte: nothing of it is in a record');

# ---------------------------------------------------------- a disk that is full

my $mount = "$dir/small";
my $mounter;
my $said = '';

# a file system of our own, in the name space of a process, which needs no privilege
mkdir $mount, 0700 or die $!;
$mounter = IPC::Run::start([ 'unshare', '-Urm', 'sh', '-c',
	'mount -t tmpfs -o size=6m,mode=0700 tmpfs "$0" && echo $$ && exec sleep 600', $mount ], '>', \$said, '2>&1');
foreach (1 .. 50)
{
	$mounter->pump_nb;
	last if $said =~ /\n/ || !$mounter->pumpable;
	sleep 0.1;
}
SKIP:
{
	skip "no file system can be mounted here: $said", 10 if $said !~ /^(\d+)\n/;
	my $small = "/proc/$1/root$mount";
	my $small_log = "$small/log";

	$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = '$small_log'");
	$node->restart;
	%acknowledged = ();
	is_over('a small disk');
	write_file("$small/filler", '');
	open(my $filler, '>>', "$small/filler") or die $!;
	$filler->autoflush(1);
	1 while syswrite($filler, 'x' x 4096);
	close($filler);
	# what the log has room for already is used up first
	my $state = '';
	for (my $i = 0; $i < 200 && $state eq ''; $i++)
	{
		$state = state_as($node, 'anna', 'SELECT count(*) FROM many');
		reads() if $state eq '';
	}
	is($state, '58030', 'a full disk: there is an end');
	in_trouble('a full disk');
	unlink "$small/filler" or die $!;
	is_over('a full disk');
	whole($small_log, 'a full disk');
	cmp_ok(scalar(events($small_log, 'trouble')), '>=', 1, 'a full disk: a record tells of it');
	$node->stop;
}
eval { $mounter->kill_kill(grace => 1) };

done_testing();
