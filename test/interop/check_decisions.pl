#!/usr/bin/perl
#
# Recomputes every expected answer of decisions.json from its rows: a second
# implementation of the decision, written from its definition (README.md), that
# shares nothing with the extension.  Needs only what comes with Perl.
#
# Usage: perl test/interop/check_decisions.pl [FILE]
# The last line is "N cases agree, N differ"; the exit status says whether all do.
#
use strict;
use warnings;

use File::Basename qw(dirname);
use JSON::PP;
use Time::Local qw(timegm);

my $file = $ARGV[0] // dirname(__FILE__) . '/decisions.json';
open(my $in, '<:raw', $file) or die "$file: $!\n";
my $data = decode_json(do { local $/; <$in> });
close $in;

my @levels = qw(public internal confidential restricted secret);
my %level = map { $levels[$_] => $_ } 0 .. $#levels;
my $json = JSON::PP->new->canonical;
my $world = $data->{world};

# --- moments: microseconds since 1970 in UTC ---------------------------------

# "2020-07-15", "2020-07-15 12:00:00.5+02": a bare date begins at 00:00 UTC
sub moment
{
	my ($text) = @_;
	my ($year, $month, $day, $hour, $minute, $second, $fraction, $sign, $zone) =
	  $text =~ /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?([+-])(\d\d))?$/
	  or die "not a moment: $text\n";

	my $seconds = timegm($second // 0, $minute // 0, $hour // 0, $day, $month - 1, $year);
	$seconds -= ($sign eq '-' ? -1 : 1) * $zone * 3600 if defined $zone;
	return $seconds * 1_000_000 + substr(($fraction // '') . '000000', 0, 6);
}

# "[from,until)" with either kind of bracket, either end open
sub in_range
{
	my ($range, $moment) = @_;

	return 1 unless defined $range;
	my ($open, $from, $until, $close) = $range =~ /^([\[(])([^,]*),([^,]*)([\])])$/
	  or die "not a range: $range\n";
	return 0 if $from ne '' and $moment < moment($from);
	return 0 if $from ne '' and $open eq '(' and $moment == moment($from);
	return 0 if $until ne '' and $moment > moment($until);
	return 0 if $until ne '' and $close eq ')' and $moment == moment($until);
	return 1;
}

# --- policies ----------------------------------------------------------------

# the rows that hold: those that ship, the policy's own, and its presets' rules
sub rows_of
{
	my ($policy) = @_;
	my %rows = (
		places => { map { $_->{code} => 1 } @{ $world->{places} }, @{ $policy->{places} } },
		memberships => [ @{ $world->{memberships} }, @{ $policy->{memberships} } ],
		broader => { map { $_->{code} => $_->{broader} }
			  @{ $world->{categories} }, @{ $policy->{categories} } });
	my $id = 1;

	# what a preset adds is numbered as it stands, below the policy's own
	foreach my $preset (@{ $policy->{presets} })
	{
		foreach my $rule (@{ $world->{presets}{ $preset->{name} } })
		{
			next if $rule->{partial} and !$preset->{include_partial};
			push @{ $rows{rules} }, { %$rule, id => $id++, is_preset => 1 };
		}
	}
	push @{ $rows{rules} }, @{ $policy->{rules} };
	$rows{rules} = [ sort { $a->{id} <=> $b->{id} } @{ $rows{rules} // [] } ];
	return \%rows;
}

# is P the same as Q, or does Q lie in P on that day?
sub covers
{
	my ($rows, $p, $q, $moment, $seen) = @_;

	$seen //= {};
	return 1 if $p eq $q;
	return 0 if $seen->{$q}++;
	return 1 if $q =~ /^([A-Z]{2})-/ and covers($rows, $p, $1, $moment, $seen);
	foreach my $m (@{ $rows->{memberships} })
	{
		next if $m->{member} ne $q;
		next if defined $m->{from} and $moment < moment($m->{from});
		next if defined $m->{until} and $moment >= moment($m->{until});
		return 1 if covers($rows, $p, $m->{grp}, $moment, $seen);
	}
	return 0;
}

# is CATEGORY the same as one of LIST, or narrower?
sub is_under
{
	my ($rows, $category, $list, $seen) = @_;

	$seen //= {};
	return 1 if grep { $_ eq $category } @$list;
	return 0 if $seen->{$category}++;
	return !!grep { is_under($rows, $_, $list, $seen) } @{ $rows->{broader}{$category} // [] };
}

# --- labels and clearances ---------------------------------------------------

sub parse_atom
{
	my ($text) = @_;
	my ($place, $level, $categories, $releases) =
	  $text =~ m{^([A-Z0-9_-]+)(?::([a-z]+))?(?:/([a-z0-9_,]+))?(?:>(.+))?$}
	  or die "not an atom: $text\n";

	return {
		text => $text,
		place => $place,
		level => $level{ $level // 'internal' },
		categories => [ split /,/, $categories // '' ],
		releases => defined $releases ? [ split /,/, $releases ] : undef };
}

sub atoms_of
{
	my ($label) = @_;

	return () if $label eq 'unrestricted';
	return map { parse_atom($_) } sort split / *& */, $label;
}

sub is_cleared
{
	my ($atom, $cleared) = @_;
	my ($level, $categories) = split m{/}, $cleared;
	my %has = map { $_ => 1 } split /,/, $categories // '';

	return 0 if $atom->{level} > $level{$level};
	return 1 if $has{'*'};
	return !grep { !$has{$_} } @{ $atom->{categories} };
}

# --- the decision ------------------------------------------------------------

sub rule_matches
{
	my ($rows, $rule, $atom, $destination, $case, $moment) = @_;
	my $categories = $rule->{categories};
	my $purpose = $case->{session}{purpose};

	return 0 unless covers($rows, $rule->{origin}, $atom->{place}, $moment);
	return 0 unless covers($rows, $rule->{destination}, $destination, $moment);
	return 0 unless grep { $_ eq $case->{action} } @{ $rule->{actions} };
	return 0 unless in_range($rule->{during}, $moment);

	my @inside = grep { is_under($rows, $_, $categories // []) } @{ $atom->{categories} };
	return !$categories || @inside > 0 if $rule->{effect} eq 'deny';
	return 0 if $categories and @inside < @{ $atom->{categories} };
	return 0 if $rule->{max_level} and $atom->{level} > $level{ $rule->{max_level} };
	return 0 if $rule->{purposes}
	  and !grep { defined $purpose and $_ eq $purpose } @{ $rule->{purposes} };
	return 1;
}

sub decide
{
	my ($rows, $atom, $destination, $case) = @_;
	my $moment = moment($case->{as_of});
	my $is_known = defined $destination && $rows->{places}{$destination};
	my $answer = sub {
		my ($verdict, $by, $rule) = @_;
		return {
			atom => $atom->{text}, destination => $destination,
			verdict => $verdict, decided_by => $by,
			rule => $rule && !$rule->{is_preset} ? $rule->{id} : undef,
			basis => $rule ? $rule->{basis} : undef };
	};
	my $first = sub {
		my ($effect) = @_;
		return undef unless defined $destination;
		foreach my $rule (grep { $_->{effect} eq $effect } @{ $rows->{rules} })
		{
			return $rule if rule_matches($rows, $rule, $atom, $destination, $case, $moment);
		}
		return undef;
	};
	my $rule;

	return $answer->('deny', 'default') unless $rows->{places}{ $atom->{place} };
	return $answer->('deny', 'default')
	  if grep { !$rows->{broader}{$_} } @{ $atom->{categories} };
	return $answer->('deny', 'clearance')
	  if $case->{action} ne 'store' and !is_cleared($atom, $case->{session}{cleared});
	return $answer->('deny', 'rule', $rule) if $rule = $first->('deny');
	return $answer->('allow', 'home')
	  if $is_known and covers($rows, $atom->{place}, $destination, $moment);
	my @releases = @{ $atom->{releases} // [] };
	return $answer->('allow', 'release') if grep { $_ eq '*' } @releases;
	return $answer->('deny', 'network') unless defined $destination;
	return $answer->('deny', 'default') unless $is_known;
	if (@releases)
	{
		my $is_listed = grep { $rows->{places}{$_} && covers($rows, $_, $destination, $moment) } @releases;
		return $answer->($is_listed ? 'allow' : 'deny', 'release');
	}
	return $answer->('allow', 'rule', $rule) if $rule = $first->('allow');
	return $answer->('deny', 'default');
}

# a row for each atom and destination; one for what restricts nothing
sub explain
{
	my ($case) = @_;
	my $rows = rows_of($data->{policies}{ $case->{policy} });
	my $session = $case->{session};
	my @at = $case->{action} eq 'store' ? ($session->{site}) : @{ $session->{at} };
	my @atoms = atoms_of($case->{label});
	my @answers;

	# neither the session nor the site has a place
	@at = (undef) unless @at;
	foreach my $atom (@atoms)
	{
		push @answers, map { decide($rows, $atom, $_, $case) } @at;
	}
	return \@answers if @atoms;
	return [ { atom => 'unrestricted', destination => undef, verdict => 'allow',
			decided_by => 'unrestricted', rule => undef, basis => undef } ];
}

my ($agree, $differ) = (0, 0);
foreach my $case (@{ $data->{cases} })
{
	my $expected = $json->encode($case->{expect});
	my $computed = $json->encode(explain($case));
	my $admits = !grep { $_->{verdict} ne 'allow' } @{ $case->{expect} };

	if ($expected eq $computed and !!$case->{admits} eq !!$admits)
	{
		$agree++;
		next;
	}
	$differ++;
	print "$case->{id}: $case->{about}\n  in the file $expected\n  computed    $computed\n";
}
print "$agree cases agree, $differ differ\n";
exit($differ == 0 && $agree > 0 ? 0 : 1);
