# What was written under a label and undone later, by another session or after
# a restart: the log tells of the transaction that is no more.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Evidence;
use Jurisdiction;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('undone', conf => "max_prepared_transactions = 5\n");
make_clinic($node);
my $log = log_dir($node);

# a transaction of anna's that is prepared: its id
sub prepare
{
	my ($gid) = @_;

	is(state_as($node, 'anna', qq{BEGIN;
		UPDATE patient SET diagnosis = 'none' WHERE id = 1;
		PREPARE TRANSACTION '$gid'}), '', "$gid: prepared");
	return $node->safe_psql('postgres', "SELECT transaction FROM pg_prepared_xacts WHERE gid = '$gid'");
}

sub rollbacks
{
	is(state_as($node, 'officer', 'SELECT jurisdiction.checkpoint()'), '', 'checkpoint');
	return events($log, 'rollback');
}

my $transaction = prepare('kept');
is(state_as($node, 'anna', q{COMMIT PREPARED 'kept'}), '', 'kept: committed');
is(scalar rollbacks(), 0, 'a prepared transaction that is committed is not undone');

$transaction = prepare('undone');
is(state_as($node, 'anna', q{BEGIN; ROLLBACK PREPARED 'undone'}), '25001', 'not in a transaction');
is(state_as($node, 'anna', q{ROLLBACK PREPARED 'another'}), '42704', 'nor one that there is not');
is(scalar rollbacks(), 0, 'an error undoes nothing');
is(state_as($node, 'anna', q{ROLLBACK PREPARED 'undone'}), '', 'undone: by another session');
my @told = rollbacks();
is(scalar @told, 1, 'the log tells');
is($told[0]{transaction}, $transaction, 'of which transaction');
is("$told[0]{user} $told[0]{detail}", 'anna prepared', 'and who undid it');
my ($written) = grep { ($_->{transaction} // '') eq $transaction && $_->{event} eq 'statement' } events($log);
is($written->{command}, 'UPDATE', 'a statement of it is found by its id');

$transaction = prepare('later');
$node->stop('immediate');
$node->start;
is(state_as($node, 'anna', q{ROLLBACK PREPARED 'later'}), '', 'later: after a crash');
@told = rollbacks();
is($told[-1]{transaction}, $transaction, 'the log tells, too');

# it can be undone whatever becomes of the log
$transaction = prepare('in trouble');
rename($log, "$log.away") or die $!;
is(state_as($node, 'anna', 'SELECT * FROM patient'), '58030', 'the log is gone: rows are not shown');
is(state_as($node, 'anna', q{ROLLBACK PREPARED 'in trouble'}), '', 'the log is gone: what is prepared can be undone');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'), '0', 'and is');

$node->stop;
done_testing();
