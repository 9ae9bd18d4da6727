#!/usr/bin/perl
# The README's table of paths, from the headers of test/leaks/NNN_*.sql.
# Usage: perl test/leaks/table.pl            prints the table
#        perl test/leaks/table.pl README.md  puts it between the file's markers
use strict;
use warnings;
use FindBin;

my $table = "| path | state | how |\n| --- | --- | --- |\n";

sub slurp
{
	my ($name) = @_;
	open my $file, '<', $name or die "$name: $!\n";
	local $/;
	return <$file>;
}

foreach my $name (sort glob "$FindBin::Bin/[0-9]*.sql")
{
	my $body = slurp($name);
	my %field;

	while ($body =~ /^-- (path|state|by): (.*(?:\n--   .*)*)/mg)
	{
		my ($key, $value) = ($1, $2);
		$field{$key} = $value =~ s/\n--   / /gr =~ s/\|/\\|/gr;
	}
	# a file of ours is named by its name
	my $how = ($field{by} // '') =~ s{src/\w+/(\w+\.c)}{`$1`}gr;
	$table .= '| ' . join(' | ', $field{path} // '', $field{state} // '', $how) . " |\n";
}

if (@ARGV)
{
	my $text = slurp($ARGV[0]);

	$text =~ s/(<!-- paths:begin.*?-->\n).*(<!-- paths:end -->)/$1$table$2/s
	  or die "$ARGV[0]: no markers\n";
	open my $file, '>', $ARGV[0] or die "$ARGV[0]: $!\n";
	print $file $text;
}
else
{
	print $table;
}
