# Beside another user of the same hooks, in either order, both do their work.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = getpwuid($<);
my $probe = PostgreSQL::Test::Cluster->new('probe');
plan skip_all => 'pgaudit is not installed'
  if !-e $probe->config_data('--pkglibdir') . '/pgaudit.so';

foreach my $order ('pgaudit,jurisdiction', 'jurisdiction,pgaudit')
{
	my $name = $order =~ s/,/_/r;
	my $node = new_server($name, preload => $order,
		conf => "pgaudit.log = 'read, write, ddl, role, misc_set'\npgaudit.log_relation = on\n");
	make_clinic($node);

	my $start = -s $node->logfile;
	is(rows_as($node, 'anna', 'SELECT count(*) FROM patient'), 3, "$order: Germany reads its rows");
	is(rows_as($node, 'ben', 'SELECT count(*) FROM patient'), 2, "$order: the United States read theirs");
	is(state_as($node, $_, 'SELECT count(*) FROM patient'), '42501', "$order: $_ is refused")
	  foreach ('clinic', $root);
	is(state_as($node, 'anna', 'COPY patient TO STDOUT'), '42501', "$order: COPY of all is refused");
	is(state_as($node, 'anna', q{UPDATE patient SET residency = 'US' WHERE id = 1}), '42501',
		"$order: no row is moved abroad");
	is(state_as($node, 'clinic', 'ALTER TABLE patient DISABLE ROW LEVEL SECURITY'), '42501',
		"$order: the owner cannot open the table");
	is(state_as($node, 'clinic', q{SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS NULL}),
		'42501', "$order: nor untag it");
	is(state_as($node, 'officer', q{SECURITY LABEL FOR jurisdiction ON ROLE visitor IS 'at DE'}), '',
		"$order: an officer tags a role");
	is(rows_as($node, 'visitor', 'SELECT count(*) FROM patient'), 1, "$order: and it counts");

	my $log = slurp_file($node->logfile, $start);
	like($log, qr/AUDIT: SESSION,\d+,\d+,READ,SELECT,TABLE,public\.patient/, "$order: reading is audited");
	like($log, qr/jurisdiction: event="tag"/, "$order: tagging is logged");
	# we carry out SECURITY LABEL ourselves: only who is loaded after us sees it
	like($log, qr/AUDIT: SESSION,\d+,\d+,\w+,SECURITY LABEL/, "$order: and audited")
	  if $order eq 'jurisdiction,pgaudit';
	$node->stop;
}

done_testing();
