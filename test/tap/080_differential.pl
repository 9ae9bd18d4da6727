# Random statements give a limited session on tagged tables exactly what they
# give anybody on untagged tables that hold only what the session may see.
#
# JUR_DIFFERENTIAL_COUNT (2000), _SEED (1) and _FIRST (1), or the arguments
# COUNT SEED FIRST, say which statements: each depends on seed and number
# alone.  On a difference the test prints how to see it again.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RandomQuery;
use RandomTables;
use Test::More;

my $count = $ARGV[0] // $ENV{JUR_DIFFERENTIAL_COUNT} // 2000;
my $seed = $ARGV[1] // $ENV{JUR_DIFFERENTIAL_SEED} // 1;
my $first = $ARGV[2] // $ENV{JUR_DIFFERENTIAL_FIRST} // 1;

# statements of one connection: numbers that share NUMBER / BATCH
my $batch_size = 50;
# how many may fail on both sides, take too long, or be refused as they should
my %limit = (failed => 0.03, slow => 0.02, refused => 0.12);
my $differences_shown = 20;

my %count = map { $_ => 0 } qw(equal failed slow refused different);
my %kinds;

my $node = new_server('differential', conf => q{
	timezone = 'UTC'
	fsync = off
	autovacuum = off
	jit = off
	statement_timeout = '5s'
	log_min_messages = fatal
	log_min_error_statement = panic
});
$node->safe_psql('postgres', build_sql($seed));

# ------------------------------------------------------------------ both sides

# The script of one side.  After each statement a line says how it ended.
sub script
{
	my ($is_limited, $login, $session, @statements) = @_;
	my $enter = sub {
		my ($name) = @_;
		return "SET search_path = seen_by_$name, public;\n" unless $is_limited;
		return "SET search_path = tagged, public;\n" . ($login eq 'switcher' ? "SET ROLE $name;\n" : '');
	};
	my $text = "\\set VERBOSITY terse\n\\pset null '(null)'\n";

	for my $statement (@statements)
	{
		$text .= "\\echo \@\@statement $statement->{number}\nROLLBACK;\nRESET ALL;\n" . $enter->($session);
		$text .= "SET $_;\n" for @{ $statement->{settings} };
		for my $sql (@{ $statement->{sql} })
		{
			if ($sql =~ /^\@(\w+)/)
			{
				# only who may change roles can
				$text .= $enter->($1) if $login eq 'switcher';
				next;
			}
			$text .= "$sql;\n\\echo \@\@end :SQLSTATE\n\\if :ERROR\n\\echo \@\@message :LAST_ERROR_MESSAGE\n\\endif\n";
		}
		$text .= "ROLLBACK;\nDEALLOCATE ALL;\n" if @{ $statement->{sql} } > 1;
	}
	return $text;
}

# number => list of { state, rows, message }, one for each statement in turn; since
# 16, psql leaves the state of a COPY that fails half way empty
sub answers
{
	my ($role, $script) = @_;
	my ($output, $errors);
	my (%answers, $number, @rows);

	$node->psql('postgres', $script, stdout => \$output, stderr => \$errors, on_error_stop => 0,
		extra_params => [ '-U', $role ]);
	for my $line (split /\n/, $output)
	{
		if ($line =~ /^\@\@statement (\d+)/) { $number = $1; @rows = (); $answers{$number} = [] }
		elsif ($line =~ /^\@\@end (\w*)/) { push @{ $answers{$number} }, { state => $1, rows => [@rows] }; @rows = () }
		elsif ($line =~ /^\@\@message (.*)/) { $answers{$number}[-1]{message} = $1 }
		else { push @rows, $line }
	}
	return \%answers;
}

# ---------------------------------------------------------------- comparing

# what one of several statements gave, as text that is equal where it should be
sub as_text
{
	my ($answer, $is_ordered) = @_;
	return join "\n", $answer->{state}, $is_ordered ? @{ $answer->{rows} } : sort @{ $answer->{rows} };
}

# equal, failed (the same on both sides), slow, refused, or different
sub verdict
{
	my ($statement, $limited, $plain) = @_;
	my $number = 0;

	return 'different' if @$limited != @$plain;
	return 'refused'
	  if $statement->{kind} eq 'copy' && $limited->[2]{state} eq '25P02' && $plain->[2]{state} eq '00000';
	for my $answer (@$limited)
	{
		my $other = $plain->[ $number++ ];
		# a cursor's rows come in its order
		my $is_ordered = $statement->{is_ordered} || $statement->{kind} eq 'cursor';

		return 'slow' if $answer->{state} eq '57014' || $other->{state} eq '57014';
		if (as_text($answer, $is_ordered) ne as_text($other, $is_ordered))
		{
			return 'refused' if $answer->{state} eq '42501' && $statement->{may};
			return 'different';
		}
		return 'failed' if $answer->{state} ne '00000';
	}
	return 'equal';
}

sub describe
{
	my ($side, $answers) = @_;
	my $text = '';

	for my $answer (@$answers)
	{
		my @rows = @{ $answer->{rows} };
		@rows = (@rows[ 0 .. 19 ], '...') if @rows > 20;
		$text .= "  $side: $answer->{state} " . ($answer->{message} // scalar(@{ $answer->{rows} }) . ' rows') . "\n";
		$text .= join '', map { "      $_\n" } @rows;
	}
	return $text;
}

sub report
{
	my ($statement, $session, $login, $limited, $plain) = @_;

	diag("seed $seed, number $statement->{number}, session $session as $login, may be refused: $statement->{may}\n"
		  . join('', map { "SET $_;\n" } @{ $statement->{settings} })
		  . join('', map { "$_;\n" } @{ $statement->{sql} })
		  . describe('tagged', $limited) . describe('copy', $plain)
		  . "again: perl 080_differential.pl 1 $seed $statement->{number}, or its whole connection: $batch_size $seed "
		  . (int($statement->{number} / $batch_size) * $batch_size) . "\n")
	  if $count{different} < $differences_shown;
}

sub run_batch
{
	my (@numbers) = @_;
	my $batch = int($numbers[0] / $batch_size);
	my @names = session_names();
	my $session = $names[ $batch % @names ];
	# every other connection changes to the session's role
	my $login = int($batch / @names) % 2 ? 'switcher' : $session;
	my @statements = map { statement($seed, $_, $session) } @numbers;
	my $limited = answers($login, script(1, $login, $session, @statements));
	my $plain = answers('outsider', script(0, $login, $session, @statements));

	for my $statement (@statements)
	{
		my @answers = map { $_->{ $statement->{number} } // [] } $limited, $plain;
		my $verdict = @{ $answers[0] } ? verdict($statement, @answers) : 'different';

		report($statement, $session, $login, @answers) if $verdict eq 'different';
		diag('failed: ' . join('; ', grep { defined } map { $_->{message} } @{ $answers[0] }) . "\n" . join(";\n", @{ $statement->{sql} }))
		  if $verdict eq 'failed' && $ENV{JUR_DIFFERENTIAL_VERBOSE};
		$count{$verdict}++;
		$kinds{ $statement->{kind} }{$verdict}++;
	}
}

my @numbers;
for my $number ($first .. $first + $count - 1)
{
	if (@numbers && int($number / $batch_size) != int($numbers[0] / $batch_size))
	{
		run_batch(@numbers);
		@numbers = ();
	}
	push @numbers, $number;
}
run_batch(@numbers);

for my $kind (sort keys %kinds)
{
	note("$kind: " . join ', ', map { "$kinds{$kind}{$_} $_" } sort keys %{ $kinds{$kind} });
}
note("in all: " . join ', ', map { "$count{$_} $_" } sort keys %count);
is($count{different}, 0, "$count statements of seed $seed give the same on tagged tables and on copies");
for my $kind (sort keys %limit)
{
	# of a few statements no share can be told
	my $allowed = $count < 500 ? $count : $limit{$kind} * $count;
	cmp_ok($count{$kind}, '<=', $allowed, "not too many $kind");
}
$node->stop;
done_testing();
