# Officers: superusers stand in until the first one is appointed, and never
# after that, whatever happens to the tag that did it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = getpwuid($<);
my $tag = 'SECURITY LABEL FOR jurisdiction ON ROLE';
my $act = "$tag visitor IS 'at DE'";
my $who = q{SELECT value FROM jurisdiction.session() WHERE item = 'officer'};

sub new_cluster
{
	my $node = new_server($_[0], conf => 'max_prepared_transactions = 2');

	$node->safe_psql('postgres', q{
		CREATE EXTENSION jurisdiction;
		CREATE ROLE dana LOGIN;
		CREATE ROLE eric LOGIN;
		CREATE ROLE visitor LOGIN;
		CREATE ROLE deputy LOGIN SUPERUSER});
	return $node;
}

sub latch { return $_[0]->data_dir . '/pg_jurisdiction/officers'; }

#
# Appointments that did not happen.
#
my $node = new_cluster('officers');
is(rows_as($node, $root, $who), 'yes', 'a superuser stands in');
is(rows_as($node, 'dana', $who), 'no', 'nobody else does');
is(state_as($node, $root, $act), '', 'who stands in may tag');
is(state_as($node, 'dana', $act), '42501', 'others may not');
is(state_as($node, $root, "SET ROLE dana; $act"), '42501',
	'nor may a superuser in the role of another');

is(state_as($node, $root, "BEGIN; $tag dana IS 'officer'; $act"), '42501',
	'an officer not yet committed ends the standing in');
is(rows_as($node, $root, $who), 'yes', 'for that transaction, which was rolled back');
is(state_as($node, $root,
		"BEGIN; SAVEPOINT s; $tag dana IS 'officer'; ROLLBACK TO s; $act; COMMIT"), '',
	'an appointment rolled back to a savepoint is none');
is(rows_as($node, $root, $who), 'yes', 'after the commit neither');
ok(!-e latch($node), 'and nothing remembers it');
is(state_as($node, $root,
		"BEGIN; $tag dana IS 'officer'; PREPARE TRANSACTION 'p'"), '',
	'an appointment is prepared');
is(rows_as($node, $root, $who), 'yes', 'which is not yet one');
is(state_as($node, $root, "ROLLBACK PREPARED 'p'; $act"), '', 'and may be rolled back');

#
# Appointments that did.
#
is(state_as($node, $root,
		"BEGIN; $tag dana IS 'officer'; PREPARE TRANSACTION 'p'"), '',
	'prepared again');
is(state_as($node, $root, "COMMIT PREPARED 'p'; $act"), '42501',
	'committed: a superuser does not stand in any more');
is(rows_as($node, 'dana', $who), 'yes', 'the officer is one');
is(state_as($node, 'dana', $act), '', 'and may tag');
is(state_as($node, 'deputy', "SET ROLE dana; $act"), '42501',
	'to set an officer\'s role does not make one');
ok(-e latch($node), 'the first who looked wrote it down');
is((stat latch($node))[2] & 0777, 0600, 'in a file of the server\'s mode');

is(state_as($node, 'dana', "$tag dana IS NULL"), '42501', 'the last officer stays');
is(state_as($node, 'dana', "$tag eric IS 'officer'; $tag dana IS NULL"), '',
	'who appoints another may go');
is(rows_as($node, 'dana', $who), 'no', 'and is no officer then');
is(rows_as($node, 'eric', $who), 'yes', 'the other is');

# memory of it comes back even if somebody deletes the file
unlink latch($node) or die "could not delete: $!";
$node->restart;
is(state_as($node, $root, $act), '42501', 'without the file, the tag says so');
ok(-e latch($node), 'and the file is there again');

# a tag that nobody can read grants nothing: as if a later version had set it
$node->stop;
my $single = [ 'postgres', '--single', '-F', '-D', $node->data_dir, 'postgres' ];
my $broken = "UPDATE pg_shseclabel SET label = 'officer and gentleman'\n"
  . "  WHERE provider = 'jurisdiction' AND objoid = 'eric'::regrole;\n";
run_log($single, '<', \$broken, '>', \my $unused, '2>', \my $errors);
$node->start;
is(rows_as($node, 'eric', $who), 'no', 'an unreadable tag makes nobody an officer');
is(rows_as($node, 'eric', q{SELECT value, source FROM jurisdiction.session() WHERE item = 'place'}),
	'unknown|a tag of the session\'s roles cannot be read', 'nor does it say where');
is(state_as($node, $root, $act), '55000', 'no officer is left: superusers do not stand in again');
like(message_as($node, $root, $act), qr/single-user mode/, 'and the way out is named');
like(rows_as($node, $root, "SELECT source FROM jurisdiction.session() WHERE item = 'officer'"),
	qr/single-user mode/, 'by session(), too');

#
# The way out.
#
$node->stop;
my $appoint = "$tag dana IS 'officer';\n";
run_log($single, '<', \$appoint, '>', \$unused, '2>', \$errors);
unlike($errors, qr/ERROR/, 'single-user mode appoints an officer') or diag $errors;
$node->start;
is(rows_as($node, 'dana', $who), 'yes', 'who is one');
is(state_as($node, 'dana', "$tag eric IS NULL"), '', 'and may mend the tag');
is(state_as($node, $root, $act), '42501', 'a superuser is none');
$node->stop;

#
# A crash right after the commit.
#
$node = new_cluster('crash');
is(state_as($node, $root, "$tag dana IS 'officer'"), '', 'the first officer');
ok(-e latch($node), 'is written down with the commit');
$node->stop('immediate');
$node->start;
is(state_as($node, $root, $act), '42501', 'which a crash does not undo');

done_testing();
