# Every path by which a value can leave a table, tried: test/leaks/NNN_*.sql.
# Each is run as each role against tagged tables, and whatever comes back is
# searched for the canary; then against the same tables without tags, where
# the canary must come back, or the file would prove nothing.
#
# LEAKS=120 tries only the files whose name contains "120".
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use File::Path qw(make_path remove_tree);
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = "$FindBin::Bin/../leaks";
my $text = qr/quokka|71756f6b6b61|48151623/i;	# plain, in hex, as a number
my $count = qr/\b71[14]\b/;
my %role_of = (
	plain => 'anna', untagged => 'visitor', owner => 'clinic',
	superuser => 'chief', bypass => 'passer', cleared => 'doctor', replicator => 'copier', founder => 'founder');
my @everybody = qw(plain untagged owner superuser bypass);

my $scratch = PostgreSQL::Test::Utils::tempdir();
my $node = new_server('leaks',
	init => { allows_streaming => 'logical' },
	# a time or a process id may look like what is looked for
	conf => q{
log_line_prefix = '%q%a '
log_statement = none
log_error_verbosity = verbose
max_prepared_transactions = 5
max_parallel_workers_per_gather = 0
});

# ------------------------------------------------------------------- the files

sub read_path
{
	my ($file) = @_;
	my $body = slurp_file($file);
	my %path = (file => $file, name => $file =~ s{.*/}{}r);

	while ($body =~ /^-- ([a-z][a-z ]*): (.*(?:\n--   .*)*)/mg)
	{
		my ($field, $value) = ($1, $2);
		$path{$field} = $value =~ s/\n--   / /gr;
	}
	$path{listens} = $body =~ /notify/i;
	$path{roles} = [ $path{as} ? split(' ', $path{as}) : @everybody ];
	# what has to be found: in the open database, and if "revealed" in both
	my $canary = $path{canary} // '';
	$path{pattern} = $canary eq '' ? $text : $canary eq 'count' ? $count : qr/$canary/i;
	$path{is_closed} = ($path{state} // '') eq 'closed';
	$path{wrong} = 'holds the canary itself' if $body =~ $text;
	$path{wrong} = 'lacks a header' if grep { !defined $path{$_} } qw(path state by);
	$path{wrong} = 'has no such state'
	  if ($path{state} // '') !~ /^(closed|seals only|revealed: \w.*)$/;
	$path{wrong} = 'names no such role' if grep { !$role_of{$_} } @{ $path{roles} };
	$path{wrong} = "names $_, which is not there"
	  foreach grep { !-e "$dir/../../$_" } ($path{by} // '') =~ m{(src/\S+\.c)}g;
	return \%path;
}

# ------------------------------------------------------------------ one attempt

sub run_psql
{
	my ($role, $db, @arguments) = @_;
	my ($stdout, $stderr) = ('', '');
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port,
		PGUSER => $role, PGDATABASE => $db, LEAK_DIR => "$scratch/out",
		PGOPTIONS => '-c client_min_messages=log');

	IPC::Run::run(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=always',
			'-v', "dir=$scratch/out", '-v', "port=$ENV{PGPORT}", '-v', "host=$ENV{PGHOST}", @arguments ],
		'<', \'', '>', \$stdout, '2>', \$stderr,
		IPC::Run::timeout(120));
	return ($stdout, $stderr);
}

sub new_listener
{
	my ($db) = @_;
	my %listener = (in => '', out => '');

	$listener{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-f', '-', '-d', "host=" . $node->host . " port=" .
			$node->port . " dbname=$db user=visitor" ],
		'<', \$listener{in}, '>', \$listener{out}, '2>&1', IPC::Run::timeout(120));
	ask_listener(\%listener, 'LISTEN leak;');
	return \%listener;
}

sub ask_listener
{
	my ($listener, $sql) = @_;

	$listener->{out} = '';
	$listener->{in} .= "$sql\nSELECT 'heard';\n";
	$listener->{run}->pump until $listener->{out} =~ /^heard$/m;
	return $listener->{out};
}

# whatever came back: channel => text
sub try_path
{
	my ($path, $role, $db) = @_;
	my %seen;
	my $log_from = -s $node->logfile;
	my $listener = $path->{listens} ? new_listener($db) : undef;

	remove_tree("$scratch/out");
	make_path("$scratch/out", { mode => 0777 });
	chmod 0777, "$scratch/out";
	my ($stdout, $stderr) = run_psql($role_of{$role}, $db, '-f', $path->{file});
	if ($listener)
	{
		# a notification that arrives while it answers is printed after the answer
		$seen{'another session'} = ask_listener($listener, '') . ask_listener($listener, '');
		$listener->{in} .= "\\q\n";
		$listener->{run}->finish;
	}
	unless (($path->{'seen by'} // '') eq 'others')
	{
		$seen{output} = $stdout;
		$seen{messages} = $stderr;
	}
	diag("$path->{name} as $role\n$stdout$stderr") if $ENV{LEAKS_SHOW};
	$seen{"file $_"} = slurp_file($_) foreach grep { -f } glob("$scratch/out/*");
	($seen{elsewhere}) = run_psql('chief', $db, '-c', 'SELECT public.sweep()');
	$seen{'the log'} = substr(slurp_file($node->logfile), $log_from)
	  unless $path->{log};
	return \%seen;
}

# where PATTERN came back: "channel: line", the first of each channel
sub sightings
{
	my ($seen, $pattern) = @_;
	my @found;

	foreach my $channel (sort keys %$seen)
	{
		push @found, "$channel: " . substr($1, 0, 200)
		  if $seen->{$channel} =~ /^(.*(?:$pattern).*)$/m;
	}
	return @found;
}

# -------------------------------------------------------------- the two databases

sub make_template
{
	my ($name, @files) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	foreach my $file (@files)
	{
		my ($stdout, $stderr) = run_psql(scalar getpwuid($<), $name,
			'-v', 'ON_ERROR_STOP=1', '-f', "$dir/$file.sql");
		die "$file: $stderr" if $stderr =~ /ERROR/;
	}
	return;
}

sub fresh_database
{
	my ($template) = @_;

	$node->safe_psql('postgres', q{
		SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = 'leak' });
	foreach my $gid (split /\n/, $node->safe_psql('postgres', q{SELECT gid FROM pg_prepared_xacts}))
	{
		$node->safe_psql('leak', "ROLLBACK PREPARED '$gid'");
	}
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS leak WITH (FORCE)');
	$node->safe_psql('postgres', "CREATE DATABASE leak TEMPLATE $template");
	return 'leak';
}

# ---------------------------------------------------------------------- judging

sub try_tagged
{
	my ($path) = @_;
	my $db = fresh_database('leak_tagged');
	my @wrong;
	my $revealed = 0;

	foreach my $role (@{ $path->{roles} })
	{
		my $seen = try_path($path, $role, $db);
		my @expected = sightings($seen, $path->{pattern});

		$revealed ||= @expected;
		push @wrong, map { "as $role, $_" }
		  $path->{is_closed} ? @expected : ();
		# more than it says: the values, where something else is revealed
		push @wrong, map { "as $role, more than it says: $_" } sightings($seen, $text)
		  if !$path->{is_closed} && defined $path->{canary};
	}
	push @wrong, 'it reveals nothing' if !$path->{is_closed} && !$revealed;
	ok(!@wrong, "$path->{name}: $path->{state}")
	  or diag(join "\n", $path->{path}, @wrong);
	return;
}

sub try_open
{
	my ($path) = @_;
	my $db = fresh_database('leak_open');

	# the first role named has to see it
	my $leaks = sightings(try_path($path, $path->{roles}[0], $db), $path->{pattern});
	if ($path->{untagged})
	{
		ok(!$leaks, "$path->{name}: without tags it $path->{untagged}");
	}
	else
	{
		ok($leaks, "$path->{name}: without tags it leaks");
	}
	return;
}

$node->safe_psql('postgres', slurp_file("$dir/roles.sql"));
make_template('leak_open', 'fixture');
make_template('leak_tagged', 'fixture', 'tags');

my $only = $ENV{LEAKS} // '';
my @paths = grep { $server_version >= ($_->{since} // 0) } map { read_path($_) }
  grep { /$only/ } sort glob("$dir/[0-9]*.sql");
cmp_ok(scalar @paths, '>=', $only eq '' ? 60 : 1, 'there are paths to try');
foreach my $path (@paths)
{
	if ($path->{wrong})
	{
		fail("$path->{name} $path->{wrong}");
		next;
	}
	try_tagged($path);
	try_open($path);
}
my $log = slurp_file($node->logfile);
unlike($log, qr/terminated by signal|PANIC:|TRAP:/, 'no server process crashed');
done_testing();
