# Nothing that rests on rows of a tagged table leaves before the evidence log
# has the statement: the process that writes the log is stopped, and all that
# the server sends meanwhile is looked at.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Evidence;
use Jurisdiction;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use Wire;

my $me = getpwuid($<);
my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $node = new_server('release', conf => qq{
jurisdiction.key_directory = '$dir/keys'
max_prepared_transactions = 5
jurisdiction.evidence_timeout = '20s'
log_min_messages = warning
});
make_clinic($node);
my $log = log_dir($node);
my $canary = qr/gout|measles/;

sub sealer_pid
{
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];

	foreach my $line (split /\n/, `ps -o pid=,args= --ppid $postmaster`)
	{
		return $1 if $line =~ /^\s*(\d+).*jurisdiction sealer/;
	}
	die 'there is no sealer';
}

my $sealer = sealer_pid();

# records of APPLICATION in the log, in order
sub records
{
	my ($application) = @_;

	is(state_as($node, 'officer', 'SELECT jurisdiction.checkpoint()'), '', 'checkpoint') or return ();
	return grep { ($_->{application} // '') eq $application && $_->{event} ne 'evidence' } events($log);
}

# how often the label was asked about, over all parts
sub counted
{
	my ($label, $what, @records) = @_;
	my $sum = 0;

	foreach my $record (@records)
	{
		$sum += $_->{$what} // 0 foreach grep { $_->{label} eq $label } @{ $record->{decisions} // [] };
	}
	return $sum;
}

my $number = 0;

# what SESSION's requests bring: nothing while the log stands still, then WANTED,
# and at least one record
sub withheld
{
	my ($name, $session, $wanted, @ready) = @_;
	my $requests = $session->{out};
	my ($before, @messages);

	$session->{out} = '';
	$session->run("SET application_name = 'case " . ++$number . "'");
	$session->forget->{out} = $requests;
	kill 'STOP', $sealer;
	$session->send;
	$before = $session->listen(0.3);
	kill 'CONT', $sealer;
	@messages = $session->until('Z', 10);
	unlike($before, $canary, "$name: nothing leaves");
	like($session->{raw}, $wanted, "$name: it comes when the log has it");
	return @messages;
}

