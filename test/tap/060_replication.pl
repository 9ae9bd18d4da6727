# Who may copy the cluster, and what a copy that stands elsewhere shows.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $count = 'SELECT count(*) FROM patient';
my $primary = new_server('primary', init => { allows_streaming => 'logical' });
my $dir = PostgreSQL::Test::Utils::tempdir();
my $taken = 0;

sub take_backup
{
	my ($role) = @_;
	my ($stdout, $stderr);

	$taken++;
	my $done = IPC::Run::run(
		[ 'pg_basebackup', '-h', $primary->host, '-p', $primary->port, '-U', $role,
			'-D', "$dir/$taken", '--no-sync', '-c', 'fast' ],
		'>', \$stdout, '2>', \$stderr);
	return $done ? '' : $stderr;
}

# a connection for logical replication, which runs SQL too
sub connect_logical
{
	my ($role) = @_;
	my ($stdout, $stderr);

	$primary->psql('postgres', 'SELECT 1', stdout => \$stdout, stderr => \$stderr,
		connstr => "host=" . $primary->host . " port=" . $primary->port .
		  " dbname=postgres user=$role replication=database");
	return $stderr;
}

$primary->safe_psql('postgres', 'CREATE ROLE stranger LOGIN REPLICATION; CREATE ROLE copier LOGIN REPLICATION');
is(take_backup('stranger'), '', 'while no role is tagged, base backups are the server\'s business');

make_clinic($primary);
my $refused = qr/FATAL:  role "\w+" may not open a replication connection/;
like(take_backup('stranger'), $refused, 'no base backup by a role without a tag');
like(take_backup('keeper'), $refused, 'nor by a superuser tagged "backup"');
like(take_backup('copier'), $refused, 'nor by one that is not yet tagged');
like(connect_logical('stranger'), $refused, 'no logical replication either');
is(rows_as($primary, 'stranger', 'SELECT 1'), '1', 'an ordinary connection is open to him');
is(state_as($primary, 'officer', q{SECURITY LABEL FOR jurisdiction ON ROLE copier IS 'replicate to FR'}), '',
	'an officer tags the role');
is(connect_logical('copier'), '', 'it may replicate logically');
is(take_backup('copier'), '', 'and take a base backup');
my $base = "$dir/$taken";
ok(-s "$base/pg_jurisdiction/site", 'which knows of which site it is one');
like(slurp_file($primary->logfile), qr/event="refusal" action="replicate" object="stranger"/,
	'refusals are recorded');
like(slurp_file($primary->logfile), qr/event="replicate" action="" object="copier" verdict="allow"/,
	'and so is what was let through');

# a standby in France
mkdir $primary->backup_dir;
rename $base, $primary->backup_dir . '/french' or die "rename: $!";
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'french', has_streaming => 1);
$standby->append_conf('postgresql.conf', "jurisdiction.site = 'FR'");
$standby->append_conf('postgresql.conf',
	"primary_conninfo = 'host=" . $primary->host . " port=" . $primary->port . " user=copier application_name=standby'");
$standby->start;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

sub rule
{
	my ($sql) = @_;
	is(state_as($primary, 'officer', $sql), '', 'an officer, on the primary');
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
}
is(rows_as($primary, 'anna', $count), 3, 'in Germany, German rows are read');
is(rows_as($standby, 'anna', $count), 0, 'in France, what may not be stored there is not read');
is(rows_as($standby, 'ben', $count), 0, 'by nobody');
like(rows_as($standby, 'anna', q{SELECT count(*) FROM patient WHERE id = 1}), qr/^0$/, 'by key neither');
rule(q{INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'DE', 'FR', '{store}', 'test: a processor')});
is(rows_as($standby, 'anna', $count), 3, 'with a rule to store it there, it is');
is(rows_as($standby, 'ben', $count), 0, 'which says nothing of American rows');
is(rows_as($primary, 'ben', $count), 2, 'which are read on the primary');
like(take_backup_of($standby, 'stranger'), $refused, 'a standby refuses by the same tags');

# a standby that does not know of what it is a copy counts as elsewhere
$standby->stop;
unlink $standby->data_dir . '/pg_jurisdiction/site' or die "unlink: $!";
$standby->append_conf('postgresql.conf', "jurisdiction.site = 'DE'");
$standby->start;
is(rows_as($standby, 'anna', $count), 3, 'what may be stored at the site is read');
is(rows_as($standby, 'ben', $count), 0, 'what may not is not');

sub take_backup_of
{
	my ($node, $role) = @_;
	my ($stdout, $stderr);

	$taken++;
	IPC::Run::run(
		[ 'pg_basebackup', '-h', $node->host, '-p', $node->port, '-U', $role,
			'-D', "$dir/$taken", '--no-sync', '-c', 'fast' ],
		'>', \$stdout, '2>', \$stderr);
	return $stderr;
}

done_testing();
