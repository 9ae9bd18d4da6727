# A clock that is set back, and forward again: nothing hangs, every statement
# has its record in the order in which things happened, the log verifies, and
# looking for a time finds what bears it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Utils;
use Test::More;

# the wall clock of whoever loads this is as many seconds off as a file says
my $dir = PostgreSQL::Test::Utils::tempdir();
PostgreSQL::Test::Utils::append_to_file("$dir/clock.c", <<"C");
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/time.h>
int
gettimeofday(struct timeval *tv, void *tz)
{
	static int	(*real) (struct timeval *, void *);
	long		off = 0;
	FILE	   *file;
	int			result;

	if (!real)
		real = (int (*) (struct timeval *, void *)) dlsym(RTLD_NEXT, "gettimeofday");
	result = real(tv, tz);
	file = fopen("$dir/off", "r");
	if (file)
	{
		if (fscanf(file, "%ld", &off) != 1)
			off = 0;
		fclose(file);
	}
	tv->tv_sec += off;
	return result;
}
C
system('gcc', '-shared', '-fPIC', '-o', "$dir/clock.so", "$dir/clock.c", '-ldl') == 0
  or BAIL_OUT('could not compile the clock');

my $node;
{
	local $ENV{LD_PRELOAD} = "$dir/clock.so";
	$node = new_server('clock', conf => "jurisdiction.evidence_commit = on\n");
}
make_clinic($node);

sub set_clock
{
	my ($off) = @_;

	unlink "$dir/off";
	PostgreSQL::Test::Utils::append_to_file("$dir/off", "$off\n");
}

# what anna reads, under a name to find it by
sub reads
{
	my ($name) = @_;
	my $out = '';

	$node->psql('postgres', 'SELECT count(*) FROM patient',
		connstr => $node->connstr('postgres') . " user=anna application_name=$name",
		timeout => 30, stdout => \$out);
	return $out;
}

my $is_now = $node->safe_psql('postgres', q{SELECT date_part('year', now())});
isnt(reads('before'), '', 'a session reads');
set_clock(-400 * 86400);
is($node->safe_psql('postgres', q{SELECT date_part('year', now())}) < $is_now ? 1 : 0, 1, 'the clock is set back');
isnt(reads('back'), '', 'it still reads, and waits for no time that was');
isnt($node->safe_psql('postgres', 'SELECT jurisdiction.checkpoint()', extra_params => [ '-U', 'officer' ]), '',
	'what is new is signed');
set_clock(0);
isnt(reads('after'), '', 'and after the clock is right again');

my @names = split /\n/, $node->safe_psql('postgres', q{
	SELECT application FROM jurisdiction.evidence
	WHERE event = 'statement' AND role_name = 'anna' ORDER BY seq}, extra_params => [ '-U', 'officer' ]);
is("@names", 'before back after', 'records are in the order in which things happened');
is($node->safe_psql('postgres', q{
	SELECT string_agg(application, ' ' ORDER BY seq) FROM jurisdiction.evidence
	WHERE event = 'statement' AND role_name = 'anna' AND time > now() - interval '1 hour'},
	extra_params => [ '-U', 'officer' ]), 'before after', 'the last hour has what says so, and not the other');
is($node->safe_psql('postgres', q{
	SELECT string_agg(application, ' ' ORDER BY seq) FROM jurisdiction.evidence
	WHERE event = 'statement' AND role_name = 'anna' AND time < now() - interval '1 year'},
	extra_params => [ '-U', 'officer' ]), 'back', 'last year the other');
is($node->safe_psql('postgres', q{SELECT count(problem) FROM jurisdiction.verify_evidence()},
	extra_params => [ '-U', 'officer' ]), '0', 'the log is whole');
$node->stop;
my ($verifier) = `"$ENV{PG_CONFIG}" --bindir` =~ /(.*)/;
my $said = `$verifier/jurisdiction-verify @{[$node->data_dir]}/jurisdiction_evidence 2>&1`;
is($? >> 8, 0, 'and verifies without the server') or diag($said);
done_testing();
