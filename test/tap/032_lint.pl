# What lint() finds in settings, and of what a running suite cannot plant:
# each is planted, found, mended by the remedy, and gone.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = getpwuid($<);
my $node = new_server('lint', conf => qq{
wal_level = logical
jurisdiction.allowed_libraries = 'plpgsql, pageinspect'
});
$node->safe_psql('postgres', 'CREATE EXTENSION jurisdiction');

sub findings
{
	my ($object, $what) = @_;
	return rows_as($node, $root,
		"SELECT $what FROM jurisdiction.lint() WHERE object = '$object'");
}

# mends(OBJECT, SEVERITY, PATTERN): found so, and gone after its remedy
sub mends
{
	my ($object, $severity, $pattern) = @_;
	like(findings($object, q{severity || ': ' || problem}),
		qr/^$severity: $pattern/, "$object is found");
	my $remedy = findings($object, 'remedy');
	is(state_as($node, $root, $remedy), '', "its remedy runs: $remedy");
	$node->reload;
	$node->poll_query_until('postgres',
		"SELECT count(*) = 0 FROM jurisdiction.lint() WHERE object = '$object'")
	  or diag(findings($object, 'problem'));
	is(findings($object, 'count(*)'), '0', "and mends $object");
	return;
}

# setting(NAME, VALUE): in the configuration, as somebody with a shell would
sub setting
{
	my ($name, $value) = @_;
	$node->append_conf('postgresql.conf', "$name = '$value'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT setting = '$value' FROM pg_settings WHERE name = '$name'")
	  or die "$name did not change";
	return;
}

is(findings('setting jurisdiction.site', 'count(*)'), '0', 'nothing about a site that is set');
setting('jurisdiction.site', 'ZZ');
like(findings('setting jurisdiction.site', 'problem'), qr/names "ZZ", which is not registered/, 'an unknown site is found');
setting('jurisdiction.site', '');
mends('setting jurisdiction.site', 'error', 'it is not set');

setting('jurisdiction.enforcement', 'observe');
mends('setting jurisdiction.enforcement', 'error', 'observe: refusals are recorded');

setting('log_min_messages', 'panic');
mends('setting log_min_messages', 'error', 'panic: lines at level LOG are not written');

setting('allow_system_table_mods', 'on');
mends('setting allow_system_table_mods', 'warning', 'on: tags and policies');

SKIP:
{
	skip 'no evidence log', 5
	  unless $node->safe_psql('postgres', q{SELECT count(*) FROM pg_settings WHERE name = 'jurisdiction.evidence_commit'});
	setting('jurisdiction.evidence_commit', 'off');
	mends('setting jurisdiction.evidence_commit', 'warning', 'off: what is released');
	like(findings('setting jurisdiction.evidence_directory', 'problem'), qr/is inside the data directory/,
		'an evidence log among the data is found');
	my $elsewhere = PostgreSQL::Test::Utils::tempdir();
	$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = '$elsewhere/log'");
	$node->restart;
	is(findings('setting jurisdiction.evidence_directory', 'count(*)'), '0', 'one elsewhere is fine');
}

$node->safe_psql('postgres', q{ALTER SYSTEM SET session_preload_libraries = 'pgcrypto'});
$node->reload;
$node->poll_query_until('postgres', q{SELECT setting <> '' FROM pg_settings WHERE name = 'session_preload_libraries'});
mends('setting session_preload_libraries', 'warning', 'every session loads "pgcrypto"');

# an extension that was allowed in, and the setting that allowed it
$node->safe_psql('postgres', 'CREATE EXTENSION pageinspect');
$node->safe_psql('postgres', q{CREATE FUNCTION raw(text, int4) RETURNS bytea
	LANGUAGE c AS '$libdir/pageinspect', 'get_raw_page'});
is(findings('function public.raw(text,integer)', 'count(*)'), '0', 'nothing about a library that is allowed');
mends('extension pageinspect', 'error', 'reads raw pages');
mends('setting jurisdiction.allowed_libraries', 'error', 'it allows pageinspect');
is($node->safe_psql('postgres', 'SHOW jurisdiction.allowed_libraries'), 'plpgsql', 'what else was allowed stays so');

$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('lint_slot', 'pgoutput')});
mends('replication slot lint_slot', 'error', 'whoever reads it gets every change of database postgres');

mends('function public.raw(text,integer)', 'error', 'its library "\$libdir/pageinspect" is not in');

# a cluster without officers gets its first; superusers then no longer stand in
$node->safe_psql('postgres', 'CREATE ROLE data_protection_officer LOGIN');
mends('officers', 'warning', 'nobody is tagged officer');
is(findings('jurisdiction.exemption', 'count(*)'), '1', 'a superuser is told that exemptions are left out');
is(rows_as($node, 'data_protection_officer', q{SELECT count(*) FROM jurisdiction.lint() WHERE object = 'jurisdiction.exemption'}),
	'0', 'an officer sees them');

# read-only: on a standby too, which is where an auditor may look
is(state_as($node, $root, 'BEGIN READ ONLY; SELECT count(*) FROM jurisdiction.lint(); COMMIT'), '', 'it writes nothing');

done_testing();
