# What README shows works as it says.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = getpwuid($<);
my $readme = slurp_file("$FindBin::Bin/../../README.md");

# the SQL under a heading
sub sql_of
{
	my ($heading) = @_;
	$readme =~ /^#+ \Q$heading\E$(.*?)(?=^#{1,2} |\z)/ms or die "README has no \"$heading\"";
	return join "\n", $1 =~ /^```sql\n(.*?)^```/msg;
}

my $node = new_server('readme');
$node->safe_psql('postgres', q{
	CREATE EXTENSION jurisdiction;
	CREATE ROLE owner LOGIN; CREATE ROLE anna LOGIN; CREATE ROLE beth LOGIN;
	GRANT CREATE ON SCHEMA public TO owner});

# the first screen: table and rows
my ($table) = sql_of('jurisdiction') =~ /(CREATE TABLE.*?;\n(?:INSERT.*?;)?)/s;
is(state_as($node, 'owner', "$table GRANT SELECT ON patient TO anna, beth"), '', 'the first table');

# the first protected table, each part by whom it names
my %who = ('As superuser' => $root, 'As dana' => 'dana', 'As the owner' => 'owner', 'As anybody' => 'anna');
foreach my $part (split /(?=^-- As )/m, sql_of('Your first protected table'))
{
	my ($named) = $part =~ /^-- (As (?:the )?\w+)/ or next;
	is(state_as($node, $who{$named} // die("who is \"$named\"?"), $part), '', "first protected table: $named");
}
is(rows_as($node, 'anna', 'SELECT id FROM patient ORDER BY id'), 1, 'anna reads row 1');
is(rows_as($node, 'beth', 'SELECT id FROM patient ORDER BY id'), "1\n2", 'beth reads both, by the rule');
like(message_as($node, $root, 'SELECT * FROM patient'),
	qr/ERROR:  42501: permission denied for tagged table (?:public\.)?patient/, 'the superuser gets the error shown');
is(rows_as($node, 'dana', q{
	SELECT jurisdiction.enable_preset('eu-adequacy', include_partial => true) > 0;
	SELECT verdict FROM jurisdiction.explain('DE/health', at => '{US}', cleared => 'secret/*',
		as_of => '2020-07-15');
	SELECT verdict FROM jurisdiction.explain('DE/health', at => '{US}', as_of => '2020-07-17')}),
	"t\nallow\ndeny", 'the Privacy Shield holds until it is struck down');

# policy, as an officer writes it
foreach my $statement (split /(?<=;)\n/, sql_of('Policy'))
{
	my ($title) = $statement =~ /^(?:--.*\n)?(.*)/;
	is(state_as($node, 'dana', $statement), '', "policy: $title");
}

# evidence: what an auditor and an officer ask
$who{'As ida'} = 'ida';
foreach my $part (split /(?=^-- As )/m, sql_of('Evidence'))
{
	my ($named) = $part =~ /^-- (As (?:the )?\w+)/ or next;
	is(state_as($node, $who{$named} // die("who is \"$named\"?"), $part), '', "evidence: $named");
}
like(rows_as($node, 'ida', q{SELECT DISTINCT user_name FROM jurisdiction.evidence
	WHERE 'public.patient' = ANY (tables) AND time > now() - interval '1 hour' ORDER BY 1}), qr/^anna\nbeth$/m, 'it finds who read');
is(rows_as($node, 'ida', q{SELECT problem FROM jurisdiction.verify_evidence()}), '', 'in a log that is whole');
is(state_as($node, 'ida', 'SELECT id FROM patient'), '42501', 'an auditor reads no patient');
is(state_as($node, 'beth', 'SELECT * FROM jurisdiction.evidence LIMIT 1'), '42501', 'and others no log');

done_testing();
