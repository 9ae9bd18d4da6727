# explain() answers every case of test/interop/decisions.json as written there,
# and a second implementation computes the same from the rows.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $interop = "$FindBin::Bin/../interop";
my $data = decode_json(slurp_file("$interop/decisions.json"));
my $json = JSON::PP->new->canonical;
my $node = new_server('decisions');
$node->safe_psql('postgres', 'CREATE EXTENSION jurisdiction');

sub literal
{
	my ($value) = @_;

	return 'NULL' unless defined $value;
	return 'ARRAY[' . join(', ', map { literal($_) } @$value) . ']::text[]' if ref $value;
	$value =~ s/'/''/g;
	return "'$value'";
}

sub insert
{
	my ($table, $columns, @rows) = @_;

	return join "\n", map {
		my $row = $_;
		"INSERT INTO jurisdiction.$table (" . join(', ', @$columns) . ') VALUES ('
		  . join(', ', map { literal($_) } @$row{@$columns}) . ');'
	} @rows;
}

sub range
{
	my ($row) = @_;

	return '[' . ($row->{from} // '') . ',' . ($row->{until} // '') . ')';
}

# what puts a policy in force, to be rolled back
sub set_up
{
	my ($policy) = @_;
	my @rules = map { { note => 'test', %$_ } } @{ $policy->{rules} };

	return join "\n",
	  insert('place', [qw(code name kind)], map { { name => $_->{code}, %$_ } } @{ $policy->{places} }),
	  insert('membership', [qw(grp member during basis)],
		map { { during => range($_), basis => 'test', %$_ } } @{ $policy->{memberships} }),
	  insert('category', [qw(code name broader)],
		map { { name => $_->{code}, %$_ } } @{ $policy->{categories} }),
	  insert('transfer_rule',
		[qw(id effect origin destination actions max_level categories purposes basis during note)], @rules),
	  map({
			'SELECT FROM jurisdiction.enable_preset(' . literal($_->{name}) . ', '
			  . ($_->{include_partial} ? 'true' : 'false') . ');'
	  } @{ $policy->{presets} });
}

# one line: the case's id and its answer as JSON
sub question
{
	my ($case) = @_;
	my $session = $case->{session};
	my $at = @{ $session->{at} } ? $session->{at} : undef;

	return 'SELECT ' . literal($case->{id}) . q{, json_agg(json_build_object(
			'atom', atom::text, 'destination', destination, 'verdict', verdict,
			'decided_by', decided_by, 'rule', CASE WHEN rule_id >= 1000 THEN rule_id END,
			'basis', basis) ORDER BY n)
		FROM ROWS FROM (jurisdiction.explain(}
	  . join(', ', literal($case->{label}), literal($case->{action}),
		'at => ' . literal($at), 'cleared => ' . literal($session->{cleared}),
		'purpose => ' . literal($session->{purpose}), 'as_of => ' . literal($case->{as_of}))
	  . ')) WITH ORDINALITY AS e (atom, destination, verdict, decided_by, rule_id, basis, reason, n);';
}

# the site is the configuration's, and new connections have it at once
sub move_to
{
	my ($site) = @_;

	$node->safe_psql('postgres', 'ALTER SYSTEM SET jurisdiction.site = ' . literal($site));
	$node->reload;
	$node->poll_query_until('postgres', 'SHOW jurisdiction.site', $site)
	  or die "site is not \"$site\"";
	return;
}

# what ships is what the cases were written for
foreach my $row (@{ $data->{world}{memberships} })
{
	$row->{during} = range($row);
}
my $groups = join ', ',
  map { literal($_) } sort keys %{ { map { $_->{grp} => 1 } @{ $data->{world}{memberships} } } };
is( $node->safe_psql('postgres', qq{
		SELECT json_agg(json_build_array(grp, member, during) ORDER BY grp, member, during)
		FROM jurisdiction.membership WHERE grp IN ($groups)}),
	$node->safe_psql('postgres', 'SELECT json_agg(json_build_array(grp, member, during) ORDER BY grp, member, during)
		FROM json_to_recordset(' . literal($json->encode($data->{world}{memberships}))
		  . ') AS (grp text, member text, during daterange)'),
	'the memberships that ship');
is( $node->safe_psql('postgres', q{
		SELECT json_agg(json_build_array(code, coalesce(broader, '{}')) ORDER BY code)
		FROM jurisdiction.category}),
	$node->safe_psql('postgres', 'SELECT json_agg(json_build_array(code, broader) ORDER BY code)
		FROM json_to_recordset(' . literal($json->encode($data->{world}{categories}))
		  . ') AS (code text, broader text[])'),
	'the categories that ship');

my %answers;
my %sites = map { $_->{session}{site} // '' => 1 } @{ $data->{cases} };
foreach my $site (sort keys %sites)
{
	move_to($site);
	foreach my $name (sort keys %{ $data->{policies} })
	{
		my @cases = grep { ($_->{session}{site} // '') eq $site && $_->{policy} eq $name }
		  @{ $data->{cases} };
		next unless @cases;
		my $output = $node->safe_psql('postgres', join "\n", 'BEGIN;',
			set_up($data->{policies}{$name}), map({ question($_) } @cases), 'ROLLBACK;');
		foreach my $line (grep { /\|/ } split /\n/, $output)
		{
			my ($id, $answer) = split /\|/, $line, 2;
			$answers{$id} = $answer;
		}
	}
}
foreach my $case (@{ $data->{cases} })
{
	my $answer = $answers{ $case->{id} };

	is($answer && $json->encode(decode_json($answer)), $json->encode($case->{expect}),
		"$case->{id}: $case->{label} $case->{action}: $case->{about}");
}

my ($computed, $stderr) = run_command([ $^X, "$interop/check_decisions.pl" ]);
like($computed, qr/^\Q${\ scalar @{ $data->{cases} } }\E cases agree, 0 differ$/m,
	'a second implementation agrees with the file');
is($stderr, '', 'and has nothing to say');

$node->stop;
done_testing();
