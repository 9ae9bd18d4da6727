# What tests of the evidence log share: a server whose sessions can put records
# as they like (evidence_probe.c), and the log as it lies there.
package Evidence;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(edit build_probe make_probe log_dir settle entries_of events verified wait_for_log sealer_pid);

my $source = $FindBin::Bin;

sub compile
{
	my ($out, $file, @options) = @_;
	my ($include) = `$ENV{PG_CONFIG} --includedir-server` =~ /(.*)/;

	system('cc', '-shared', '-fPIC', '-Wall', "-I$source/../../src", "-I$include", @options,
		'-o', $out, "$source/$file", '-ldl') == 0 or die "$file does not compile";
	return $out;
}

# build_probe(DIR): the library for SQL, and the one that breaks a disk
sub build_probe
{
	my ($dir) = @_;

	compile("$dir/evidence_probe.so", 'evidence_probe.c');
	compile("$dir/evidence_fault.so", 'evidence_fault.c', "-DFAULT_FILE=\"$dir/fault\"");
	return "$dir/evidence_probe";
}

my %functions = (
	put => 'text', wait => '', put_wait => 'text', put_size => 'int',
	ask => 'int, bigint DEFAULT 0', at_exit => 'text', on_log => 'text');

sub make_probe
{
	my ($node, $library) = @_;
	my $sql = '';

	$sql .= "CREATE FUNCTION evidence_$_($functions{$_}) RETURNS void AS '$library' LANGUAGE c PARALLEL SAFE;\n"
	  foreach sort keys %functions;
	$sql .= "CREATE FUNCTION evidence_$_ RETURNS text AS '$library' LANGUAGE c;\n"
	  foreach 'try(text)', 'trouble()', 'stat()';
	# where the extension is, no library from outside the server's own is let in
	$node->safe_psql('postgres', "$sql CREATE EXTENSION jurisdiction;");
	return;
}

sub log_dir { return $_[0]->data_dir . '/jurisdiction_evidence'; }

# the process that writes the log; it has no row in pg_stat_activity, being connected to no database
sub sealer_pid
{
	my ($node) = @_;
	my $postmaster = (split /\n/, slurp($node->data_dir . '/postmaster.pid'))[0];

	foreach my $line (split /\n/, `ps -o pid=,args= --ppid $postmaster`)
	{
		return $1 if $line =~ /^\s*(\d+).*jurisdiction sealer/;
	}
	return;
}

# all that was put so far is below a checkpoint
sub settle { $_[0]->safe_psql('postgres', 'SELECT evidence_ask(0)'); return; }

sub slurp
{
	my ($path) = @_;
	open(my $file, '<:raw', $path) or die "$path: $!";
	local $/;
	return scalar <$file>;
}

sub bundle_path
{
	my ($dir, $n, $width) = @_;
	my $path = sprintf '%03d', $n % 1000;

	for ($n = int($n / 1000); $n > 0; $n = int($n / 1000))
	{
		$path = sprintf('x%03d/', $n % 1000) . $path;
	}
	return "$dir/tile/entries/$path" . ($width < 256 ? ".p/$width" : '');
}

# the entries below the checkpoint in DIR, in order
sub entries_of
{
	my ($dir) = @_;
	my $size = (split /\n/, slurp("$dir/checkpoint"))[1];
	my @entries;

	for (my $n = 0; $n * 256 < $size; $n++)
	{
		my $width = $size - $n * 256 > 256 ? 256 : $size - $n * 256;
		my $bundle = slurp(bundle_path($dir, $n, $width));

		push @entries, unpack('(n/a)*', $bundle);
	}
	return @entries;
}

# BYTES are written over what the file has at OFFSET
sub edit
{
	my ($path, $offset, $bytes) = @_;

	open(my $file, '+<:raw', $path) or die "$path: $!";
	seek($file, $offset, 0);
	print $file $bytes;
	close($file);
	return;
}

# records of these EVENTS, decoded; of all without any
sub events
{
	my ($dir, @events) = @_;
	my %wanted = map { $_ => 1 } @events;
	my @records = map { /^\{/ ? decode_json($_) : () } entries_of($dir);

	return @events ? grep { $wanted{ $_->{event} } } @records : @records;
}

# the program that needs no server says so
sub verified
{
	my ($dir, $name, $options) = @_;
	my ($bin) = `$ENV{PG_CONFIG} --bindir` =~ /(.*)/;
	my $said = `$bin/jurisdiction-verify @{[$options // '']} $dir 2>&1`;

	is($? >> 8, 0, $name) or diag($said);
	return;
}

# until the server's log has PATTERN behind OFFSET
sub wait_for_log
{
	my ($node, $pattern, $offset) = @_;

	foreach (1 .. 200)
	{
		return 1 if substr(slurp($node->logfile), $offset) =~ $pattern;
		select(undef, undef, undef, 0.05);
	}
	return 0;
}

1;
