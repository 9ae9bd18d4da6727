# Keys in the memory of a session: only where core dumps do not reach, and gone
# within a second of what ends their time, whatever the session is doing.
# The test reads the memory of processes it has started, as a debugger would.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $interop = "$FindBin::Bin/../interop";
my $node = new_server('primary', conf => "jurisdiction.key_directory = '$dir/keys'\nmax_connections = 40", init => { allows_streaming => 1 });

# mappings of a process: start, end, flags
sub mappings
{
	my ($pid) = @_;
	my @found;

	foreach my $line (split /\n/, slurp_file("/proc/$pid/smaps"))
	{
		push @found, { start => hex $1, end => hex $2, read => $3 eq 'r', flags => '' } if $line =~ /^([0-9a-f]+)-([0-9a-f]+) (.)/;
		$found[-1]{flags} = $1 if $line =~ /^VmFlags: (.*)/;
	}
	return grep { $_->{read} } @found;
}

# the flags of the mappings that hold one of SECRETS, once for each find
sub finds
{
	my ($pid, @secrets) = @_;
	my $any = join '|', map { quotemeta } @secrets;
	my @flags;

	open(my $memory, '<:raw', "/proc/$pid/mem") or die "memory of $pid: $!";
	foreach my $mapping (mappings($pid))
	{
		my ($size, $bytes) = ($mapping->{end} - $mapping->{start}, '');
		# what the kernel keeps to itself cannot be read
		next unless sysseek($memory, $mapping->{start}, 0) && sysread($memory, $bytes, $size);
		push @flags, $mapping->{flags} while $bytes =~ /$any/g;
	}
	close($memory);
	return @flags;
}

sub is_wiped
{
	my ($pid, $secrets, $what) = @_;
	my $started = time;
	my @found;

	do { sleep 0.1; @found = finds($pid, @$secrets) } while (@found && time - $started < 5);
	my $took = time - $started;
	ok(!@found && $took < 1.5, "$what: no key is left (" . @found . sprintf(' found after %.1f s)', $took));
	return;
}

$node->safe_psql('postgres', q{
	CREATE EXTENSION jurisdiction;
	CREATE ROLE officer LOGIN; CREATE ROLE reader LOGIN;
	CREATE TABLE kept (id int PRIMARY KEY, secret jurisdiction.sealed); GRANT ALL ON kept TO PUBLIC;
	SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';});

sub officer { is(state_as($node, 'officer', $_[0]), '', $_[1] // $_[0]); return; }
sub value { return "SELECT jurisdiction.unseal(secret) FROM kept WHERE id = $_[0];"; }

my $tester = getpwuid($<);
officer(qq{SECURITY LABEL FOR jurisdiction ON ROLE reader IS 'at DE cleared secret/*';
	SECURITY LABEL FOR jurisdiction ON ROLE "$tester" IS 'replicate to DE';
	SELECT jurisdiction.create_key('DE');}, 'a key');

# all that opens value ID, which is sealed with VERSION, and the key-encryption key
sub secrets_of
{
	my ($id, $version) = @_;
	my ($kek, $wrapped) = split /\|/, rows_as($node, 'officer',
		"SELECT kek, encode(wrapped, 'hex') FROM jurisdiction.key_material WHERE place = 'DE' AND version = $version");
	my $kek_bytes = slurp_file("$dir/keys/$kek");
	my ($key) = run_command([ "$interop/sealed.py", 'unwrap', unpack('H*', $kek_bytes), 'DE', $version, $wrapped ]);
	my $sealed = rows_as($node, 'reader', "SELECT encode(jurisdiction.sealed_send(secret), 'hex') FROM kept WHERE id = $id");
	my ($all) = run_command([ "$interop/sealed.py", 'secrets', "DE:$version:$key", $sealed ]);
	my @secrets = map { pack 'H*', $_ } split / /, $all;

	die "no secrets: $all" unless @secrets == 4 && length($secrets[3]) == 32;
	return ($kek_bytes, @secrets);
}

# what a session may be doing when its keys have to go
my %state = (
	'idle' => [ value(1) ],
	'idle, with a used prepared statement' => [ 'PREPARE p AS ' . value(1) . 'EXECUTE p;' ],
	'idle, after errors' => [ value(1), 'SELECT 1 / 0;', 'SELEKT;' ],
	'idle in a transaction' => [ 'BEGIN;', value(1) ],
	'idle in a transaction, after a rollback to a savepoint' => [ 'BEGIN; SAVEPOINT s;', value(1), 'SELECT 1 / 0;', 'ROLLBACK TO s;' ],
	'idle in a failed transaction' => [ 'BEGIN;', value(1), 'SELECT 1 / 0;', 'SELECT 1;', 'SELECT 1;' ],
	'with an open cursor' => [ 'BEGIN; DECLARE c CURSOR FOR SELECT jurisdiction.unseal(secret) FROM kept ORDER BY id;', 'FETCH c;' ],
	'at work' => [ value(1), undef ]);

# begins a session in STATE; the session and its process
sub begin
{
	my ($server, $state) = @_;
	my $session = $server->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'reader' ]);
	my ($pid) = $session->query('SELECT pg_backend_pid();') =~ /(\d+)/;

	foreach my $sql (@{ $state{$state} })
	{
		if (defined $sql) { $session->query($sql); }
		else { $session->query_until(qr/works/, "\\echo works\nSELECT pg_sleep(120);\n"); }
	}
	return ($session, $pid);
}

sub end
{
	my ($session, $pid) = @_;

	kill('TERM', $pid);
	eval { $session->quit };
	return;
}

# where keys are while they are in use
officer("INSERT INTO kept VALUES (1, jurisdiction.seal('the value', 'DE')), (2, jurisdiction.seal('another', 'DE'))", 'values');
my ($kek, @secrets) = secrets_of(1, 1);
my ($session, $pid) = begin($node, 'idle');
my @found = finds($pid, @secrets);
cmp_ok(scalar(@found), '>=', 3, 'a session that has opened a value has the data key and the derived ones in memory');
is(scalar(grep { !/\bdd\b/ } @found), 0, 'only where core dumps do not reach');
is(scalar(grep { !/\bwf\b/ } @found), 0, 'and child processes see zeros');
my ($limit) = slurp_file("/proc/$pid/limits") =~ /^Max locked memory +(\S+)/m;
SKIP:
{
	skip "the system allows to lock $limit bytes", 1 if $limit ne 'unlimited' && $limit < 131072;
	is(scalar(grep { !/\blo\b/ } @found), 0, 'in memory that is not swapped out');
}
is(scalar(finds($pid, $kek)), 0, 'the key-encryption key is not there any more');
is(scalar(finds($pid, $secrets[3])), 0, 'nor that of the last message');
my $cached = sub { return rows_as($node, 'officer', 'SELECT keys_cached FROM jurisdiction.stat'); };
is($cached->(), 2, 'jurisdiction.stat counts them');
end($session, $pid);
ok($node->poll_query_until('postgres', 'SELECT keys_cached = 0 FROM jurisdiction.stat'), 'and not once the session is gone');

# each state, when a key is rotated
my %session = map { $_ => [ begin($node, $_) ] } keys %state;
foreach (sort keys %session)
{
	@found = finds($session{$_}[1], @secrets);
	cmp_ok(scalar(@found), '>=', 3, "$_: the keys are there");
	is(scalar(grep { !/\bdd\b/ } @found), 0, "$_: and nowhere else");
}
officer("SELECT jurisdiction.rotate_key('DE')");
is_wiped($session{$_}[1], \@secrets, "rotated, $_") foreach sort keys %session;
is($cached->(), 0, 'jurisdiction.stat counts none');
end(@$_) foreach values %session;

# rolled back or in another table: they stay
($session, $pid) = begin($node, 'idle');
officer("BEGIN; SELECT jurisdiction.rotate_key('DE'); ROLLBACK");
officer("BEGIN; INSERT INTO jurisdiction.category (code, name) VALUES ('memory_test', 'x'); COMMIT");
sleep 1.2;
cmp_ok(scalar(finds($pid, @secrets)), '>=', 3, 'a rotation that is rolled back wipes nothing');
end($session, $pid);

# each state, when a key is destroyed
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
%session = map { $_ => [ begin($node, $_) ] } keys %state;
my %far = map { $_ => [ begin($standby, $_) ] } grep { $_ ne 'at work' } keys %state;
cmp_ok(scalar(finds($far{$_}[1], @secrets)), '>=', 3, "replica, $_: the keys are there") foreach sort keys %far;
officer("SELECT jurisdiction.destroy_key('DE', 1, 'DE')");
is_wiped($session{$_}[1], \@secrets, "destroyed, $_") foreach sort keys %session;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is_wiped($far{$_}[1], \@secrets, "destroyed, replica, $_") foreach sort keys %far;
end(@$_) foreach values %session, values %far;
$standby->stop;

# each state, when their time is over
officer("UPDATE kept SET secret = jurisdiction.seal('the value', 'DE')", 'values under another key');
($kek, @secrets) = secrets_of(1, 2);
$node->append_conf('postgresql.conf', 'jurisdiction.key_cache_seconds = 3');
$node->reload;
%session = ();
foreach (sort keys %state)
{
	# looked at before the next one begins, which may take its time
	$session{$_} = [ begin($node, $_) ];
	cmp_ok(scalar(finds($session{$_}[1], @secrets)), '>=', 3, "$_: the keys are there");
}
sleep 3;
is_wiped($session{$_}[1], \@secrets, "time is over, $_") foreach sort keys %session;
end(@$_) foreach values %session;

# zero: until the transaction ends
$node->append_conf('postgresql.conf', 'jurisdiction.key_cache_seconds = 0');
$node->reload;
($session, $pid) = begin($node, 'idle');
is(scalar(finds($pid, @secrets)), 0, 'key_cache_seconds = 0: none is left after the statement');
end($session, $pid);

# who seals without opening, and who failed to open, leaves no more behind
($session, $pid) = begin($node, 'idle');
$session->query("UPDATE kept SET secret = jurisdiction.seal_anew(secret); SELECT jurisdiction.blind_index('x', 'DE');");
is(scalar(finds($pid, $kek, @secrets)), 0, 'nor after resealing');
end($session, $pid);

done_testing();
