# What ends by itself ends in sessions that go on: an exemption, a rule.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('ends');
make_clinic($node);

# A transaction that begins before the end and asks again after it, with one
# snapshot and one plan; nothing but the clock tells it.
my $question = q{SELECT 'exempt ' || jurisdiction.admits('FR'), 'ruled ' || jurisdiction.admits('US'),
	'rows ' || (SELECT count(*) FROM patient)};
my $session = qq{
	PREPARE question AS $question;
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	EXECUTE question;
	SELECT pg_sleep(extract(epoch FROM ends - clock_timestamp()) + 0.1) FROM ends;
	EXECUTE question;
	COMMIT;
	SELECT count(*) FROM jurisdiction.session() WHERE item = 'exemption'};

sub lasting
{
	my ($statement) = @_;

	is(state_as($node, 'officer', q{
		CREATE TEMP TABLE soon AS SELECT clock_timestamp() + interval '3 s' AS ends;
		BEGIN;
		} . $statement . q{;
		COMMIT;
		DROP TABLE IF EXISTS public.ends;
		CREATE TABLE public.ends AS TABLE soon;
		GRANT SELECT ON public.ends TO PUBLIC}), '', 'an officer sets an end');
	my @lines = split /\n/, rows_as($node, 'anna', $session);
	return @lines[0, 2, 3];
}

$node->safe_psql('postgres', 'GRANT CREATE ON SCHEMA public TO officer');
my $beneath = 'exempt false|ruled false|rows 3';
is(rows_as($node, 'anna', $question), $beneath, 'neither exempt nor ruled');

is(join("\n", lasting(q{INSERT INTO jurisdiction.exemption (kind, role_name, until, basis)
		SELECT 'bypass', 'anna', ends, 'test: an order' FROM soon})),
	"exempt true|ruled true|rows 5\n$beneath\n0", 'an exemption ends in the middle of a transaction');
is(join("\n", lasting(q{INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis, during)
		SELECT 'allow', 'US', 'DE', '{read}', 'test: a contract', tstzrange(now(), ends) FROM soon})),
	"exempt false|ruled true|rows 5\n$beneath\n0", 'and so does a rule');

done_testing();
