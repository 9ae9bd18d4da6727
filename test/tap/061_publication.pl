# Two servers: what a publication sends, and what goes to foreign tables.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $conf = q{
jurisdiction.allowed_libraries = 'postgres_fdw, dblink, pageinspect, pg_walinspect, pg_surgery, adminpack, test_decoding'
};
my $german = new_server('german', conf => $conf, init => { allows_streaming => 'logical' });
my $french = new_server('french', conf => $conf, site => 'FR', init => { allows_streaming => 'logical' });
my $address = 'host=' . $german->host . ' port=' . $german->port . ' dbname=postgres';

make_clinic($german);
$french->safe_psql('postgres', q{
	CREATE EXTENSION jurisdiction;
	CREATE TABLE visit (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, note text);
	CREATE TABLE patient (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, diagnosis text);
	CREATE TABLE seen (id int);
});

sub officer { my ($sql, $name) = @_; is(state_as($german, 'officer', $sql), '', $name); return; }

# visits are German, and released to France; "replicator" reads them and may
$german->safe_psql('postgres', q{
	CREATE ROLE replicator LOGIN REPLICATION;
	GRANT CREATE ON DATABASE postgres TO clinic;
});
officer(q{SECURITY LABEL FOR jurisdiction ON ROLE replicator
	IS 'at FR cleared confidential/health replicate to FR release FR'}, 'a role that replicates to France');
officer(q{SECURITY LABEL FOR jurisdiction ON ROLE clinic IS 'at DE cleared confidential/health release FR'},
	'the owner may release to France');
is(state_as($german, 'clinic', q{
	CREATE TABLE visit (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, note text);
	SECURITY LABEL FOR jurisdiction ON COLUMN visit.residency IS 'rows within DE:confidential/health>FR';
	GRANT SELECT ON visit, patient TO replicator;
	INSERT INTO visit VALUES (1, 'DE>FR', 'first'), (2, 'DE/health>FR', 'second');
	CREATE PUBLICATION to_france}), '', 'a table, and a publication of nothing');
is(state_as($german, 'clinic', 'ALTER PUBLICATION to_france ADD TABLE visit'), '42501',
	'nothing tagged is published before it is known where to');
officer(q{SECURITY LABEL FOR jurisdiction ON PUBLICATION to_france IS 'to FR'}, 'to France');
is(state_as($german, 'clinic', 'ALTER PUBLICATION to_france ADD TABLE visit'), '', 'visits may go');
is(state_as($german, 'clinic', 'ALTER PUBLICATION to_france ADD TABLE patient'), '42501', 'patients may not');

# a subscription: first copy, then changes
$french->safe_psql('postgres',
	"CREATE SUBSCRIPTION from_germany CONNECTION '$address user=replicator' PUBLICATION to_france");
$french->wait_for_subscription_sync($german, 'from_germany');
is($french->safe_psql('postgres', 'SELECT count(*) FROM visit'), '2', 'the first copy is whole');
is(state_as($german, 'clinic', q{INSERT INTO visit VALUES (3, 'DE>FR', 'third')}), '', 'a change');
$german->wait_for_catchup('from_germany');
is($french->safe_psql('postgres', 'SELECT count(*) FROM visit'), '3', 'which follows');

# a first copy that would lack rows is an error, on both sides
officer(q{SECURITY LABEL FOR jurisdiction ON ROLE replicator IS 'at FR replicate to FR'},
	'the role is cleared for less');
$french->safe_psql('postgres', q{DROP SUBSCRIPTION from_germany; TRUNCATE visit});
my $from = -s $german->logfile;
$french->safe_psql('postgres',
	"CREATE SUBSCRIPTION again CONNECTION '$address user=replicator' PUBLICATION to_france");
$german->wait_for_log(qr/rows of tagged table public.visit may not be exported/, $from);
is($french->safe_psql('postgres', 'SELECT count(*) FROM visit'), '0', 'not two of three rows, but none');
$french->safe_psql('postgres', 'DROP SUBSCRIPTION again');
officer(q{SECURITY LABEL FOR jurisdiction ON ROLE replicator IS 'at FR cleared confidential/health'},
	'and may not replicate any more');
my ($out, $err);
$french->psql('postgres', "CREATE SUBSCRIPTION third CONNECTION '$address user=replicator' PUBLICATION to_france",
	stdout => \$out, stderr => \$err);
like($err, qr/may not open a replication connection/, 'then it cannot connect');

# foreign tables: what is read goes there only if all of it may
$french->safe_psql('postgres', 'CREATE ROLE guest LOGIN; GRANT ALL ON seen, visit TO guest');
$german->safe_psql('postgres', q{CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO clinic});
my $far = 'host \'' . $french->host . '\', port \'' . $french->port . '\', dbname \'postgres\'';
$german->safe_psql('postgres', qq{
	CREATE SERVER france FOREIGN DATA WRAPPER postgres_fdw OPTIONS ($far);
	CREATE USER MAPPING FOR clinic SERVER france OPTIONS (user 'guest', password_required 'false');
	CREATE FOREIGN TABLE seen (id int) SERVER france;
	GRANT ALL ON seen TO clinic});
my $send = 'INSERT INTO seen SELECT id FROM';
is(state_as($german, 'clinic', 'INSERT INTO seen VALUES (0)'), '', 'what was not read goes anywhere');
is(state_as($german, 'clinic', "$send visit"), '42501', 'what was read, not where nobody knows');
is(state_as($german, 'clinic', 'SELECT * FROM seen JOIN visit USING (id)'), '42501', 'nor as a condition');
officer(q{SECURITY LABEL FOR jurisdiction ON FOREIGN TABLE seen IS 'to FR'}, 'it is in France');
is(state_as($german, 'clinic', "$send visit"), '', 'visits may go');
is(state_as($german, 'clinic', 'SELECT * FROM seen JOIN visit USING (id)'), '', 'also as a condition');
is(state_as($german, 'clinic', "$send patient"), '42501', 'patients may not');
$german->safe_psql('postgres', q{
	CREATE FUNCTION first_patient() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT min(id) FROM patient); END'});
is(state_as($german, 'clinic', 'INSERT INTO seen SELECT first_patient()'), '42501', 'nor from within a function');
is($french->safe_psql('postgres', 'SELECT string_agg(id::text, \' \' ORDER BY id) FROM seen'), '0 1 2 3',
	'that is what arrived');

# functions of extensions that read past everything
$german->safe_psql('postgres', q{
	CREATE ROLE root LOGIN SUPERUSER;
	CREATE EXTENSION dblink; CREATE EXTENSION pageinspect; CREATE EXTENSION pg_walinspect;
	CREATE EXTENSION pg_surgery;
	CREATE FUNCTION innocent(text, int) RETURNS bytea LANGUAGE c AS '$libdir/pageinspect', 'get_raw_page'});
# 17 has it no more
my $has_adminpack = $server_version < 17;
$german->safe_psql('postgres', 'CREATE EXTENSION adminpack') if $has_adminpack;
foreach my $call (
	"dblink('dbname=postgres', 'SELECT 1') AS t (x int)",
	"get_raw_page('patient', 0)", "innocent('patient', 0)", "bt_metap('patient_pkey')",
	"pg_get_wal_records_info('0/1000000', '0/1000100')",
	"heap_force_kill('patient', '{\"(0,1)\"}')",
	$has_adminpack ? "pg_file_unlink('pg_jurisdiction/officers')" : (),
	"pg_read_binary_file('PG_VERSION')", "lo_import('PG_VERSION')")
{
	is(state_as($german, 'root', "SELECT * FROM $call"), '42501', "$call is closed to a superuser");
}
is(state_as($german, 'root', q{SELECT pg_create_logical_replication_slot('s', 'test_decoding')}), '42501',
	'and so is logical decoding');
my $tester = getpwuid($<);
is(rows_as($german, $tester, q{SELECT length(pg_read_binary_file('PG_VERSION')) > 0}), 't',
	'a role tagged "replicate" may copy files');
is(state_as($german, 'keeper', q{SELECT length(get_raw_page('patient', 0))}), '', 'a backup role may read pages');

done_testing();
