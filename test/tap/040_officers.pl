# Superusers once an officer is there: what guards the tags guards them from
# superusers, in every database of the cluster.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = getpwuid($<);
my $label = 'SECURITY LABEL FOR jurisdiction ON';
my $node = new_server('officers');
make_clinic($node);
$node->safe_psql('postgres', q{
	CREATE DATABASE elsewhere;
	CREATE ROLE dana LOGIN SUPERUSER;
	CREATE ROLE maker LOGIN CREATEROLE});

sub denied
{
	my ($role, $sql, $why, $db) = @_;
	my $name = $sql;
	$name =~ s/\s+/ /g;
	return is(state_as($node, $role, $sql, $db), '42501', "$role: $name" . ($why ? ": $why" : ''));
}

sub allowed
{
	my ($role, $sql, $why, $db) = @_;
	my $name = $sql;
	$name =~ s/\s+/ /g;
	return is(state_as($node, $role, $sql, $db), '', "$role: $name" . ($why ? ": $why" : ''));
}

# a membership that gives nothing (below)
allowed('officer', "$label ROLE dana IS 'officer'");
allowed('dana', 'GRANT officer TO visitor');
allowed('officer', "$label ROLE dana IS NULL");

#
# Catalogs in which a protection could be undone by hand
#
denied('dana', $_) foreach (
	'DELETE FROM pg_seclabel',
	"UPDATE pg_seclabel SET label = 'unrestricted'",
	'INSERT INTO pg_seclabel SELECT * FROM pg_seclabel',
	'DELETE FROM pg_shseclabel',
	"COPY pg_shseclabel FROM '/dev/null'",
	'DELETE FROM pg_policy',
	q{UPDATE pg_class SET relrowsecurity = false WHERE relname = 'patient'},
	q{UPDATE pg_attribute SET attnotnull = false WHERE attname = 'residency'},
	q{UPDATE pg_constraint SET conbin = NULL WHERE conname = 'residency_within'},
	q{UPDATE pg_authid SET rolsuper = true WHERE rolname = 'anna'},
	q{UPDATE pg_authid SET rolname = 'officer2' WHERE rolname = 'officer'},
	'INSERT INTO pg_auth_members SELECT * FROM pg_auth_members',
	q{UPDATE pg_proc SET prosrc = 'jur_sql_label_flows' WHERE proname = 'row_visible'},
	q{UPDATE pg_namespace SET nspname = 'x' WHERE nspname = 'jurisdiction'},
	q{UPDATE pg_type SET typname = 'x' WHERE typname = 'label'},
	q{UPDATE pg_operator SET oprcode = 'jurisdiction.label_eq(jurisdiction.label, jurisdiction.label)'::regprocedure WHERE oprname = '<@'},
	q{UPDATE pg_trigger SET tgenabled = 'D'},
	q{UPDATE pg_rewrite SET ev_enabled = 'D'},
	'DELETE FROM pg_extension', 'DELETE FROM pg_inherits',
	q{DO $$ BEGIN EXECUTE 'DELETE FROM pg_seclabel'; END $$},
	q{WITH x AS (DELETE FROM pg_shseclabel RETURNING *) SELECT * FROM x},
	q{CREATE VIEW labels AS SELECT * FROM pg_seclabel; DELETE FROM labels});
allowed('dana', q{BEGIN; UPDATE pg_database SET datconnlimit = datconnlimit; ROLLBACK},
	'other catalogs are his');
is(rows_as($node, 'anna', 'SELECT count(*) FROM patient'), 3, 'and nothing has changed');

#
# Policy
#
denied('dana', $_) foreach (
	q{INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
		VALUES ('allow', 'US', 'DE', '{read}', 'x')},
	q{INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('bypass', 'dana', 'x')},
	'SELECT * FROM jurisdiction.exemption',
	'DELETE FROM jurisdiction.place',
	'TRUNCATE jurisdiction.network',
	'TRUNCATE jurisdiction.transfer_rule CASCADE',
	q{SELECT jurisdiction.enable_preset('eu-adequacy')},
	'SELECT jurisdiction.stat_reset()',
	'ALTER TABLE jurisdiction.transfer_rule DISABLE TRIGGER ALL',
	'ALTER TABLE jurisdiction.transfer_rule ADD x int',
	'ALTER TABLE jurisdiction.transfer_rule RENAME TO x',
	'ALTER TABLE jurisdiction.transfer_rule RENAME COLUMN basis TO x',
	'ALTER TABLE jurisdiction.transfer_rule SET SCHEMA public',
	'ALTER TABLE jurisdiction.transfer_rule OWNER TO anna',
	'DROP TRIGGER policy_changed ON jurisdiction.transfer_rule',
	'CREATE TRIGGER x BEFORE INSERT ON jurisdiction.transfer_rule FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'CREATE RULE x AS ON INSERT TO jurisdiction.transfer_rule DO INSTEAD NOTHING',
	'CREATE POLICY x ON jurisdiction.transfer_rule USING (false)',
	'CREATE INDEX ON jurisdiction.transfer_rule (basis)',
	'SET session_replication_role = replica; DELETE FROM jurisdiction.transfer_rule');

#
# The extension
#
denied('dana', $_) foreach (
	'DROP EXTENSION jurisdiction CASCADE',
	'DROP SCHEMA jurisdiction CASCADE',
	'ALTER SCHEMA jurisdiction RENAME TO x',
	'ALTER SCHEMA jurisdiction OWNER TO anna',
	'CREATE TABLE jurisdiction.x (a int)',
	q{CREATE FUNCTION jurisdiction.x() RETURNS int LANGUAGE sql AS 'SELECT 1'},
	q{CREATE OR REPLACE FUNCTION jurisdiction.row_visible(label jurisdiction.label) RETURNS boolean LANGUAGE sql AS 'SELECT true'},
	'ALTER FUNCTION jurisdiction.row_visible(jurisdiction.label) RENAME TO x',
	'ALTER FUNCTION jurisdiction.row_visible(jurisdiction.label) VOLATILE',
	'ALTER FUNCTION jurisdiction.row_visible(jurisdiction.label) SET SCHEMA public',
	'ALTER TYPE jurisdiction.label RENAME TO x',
	'ALTER TYPE jurisdiction.label SET SCHEMA public',
	'CREATE OR REPLACE VIEW jurisdiction.stat AS SELECT * FROM jurisdiction.stat_counters() LIMIT 0',
	'CREATE FUNCTION jurisdiction.row_visible(x text) RETURNS boolean LANGUAGE sql AS \'SELECT true\'',
	'CREATE TYPE jurisdiction.x AS (a int)',
	'ALTER EXTENSION jurisdiction DROP TYPE jurisdiction.label',
	'ALTER EXTENSION jurisdiction DROP SCHEMA jurisdiction');
is(state_as($node, 'dana', 'DROP EXTENSION jurisdiction'), '2BP01', 'dana: DROP EXTENSION: tables have its type');
allowed('dana', 'CREATE FUNCTION public.x() RETURNS int LANGUAGE sql AS \'SELECT 1\'', 'elsewhere he creates what he likes');

#
# Tags, tagged tables, tagged roles
#
denied('dana', $_) foreach (
	'SELECT * FROM patient', 'TABLE pg_statistic',
	"$label COLUMN patient.residency IS NULL",
	"$label COLUMN patient.residency IS 'rows'",
	"$label TABLE patient IS 'to FR'",
	"$label ROLE dana IS 'officer'", "$label ROLE dana IS 'backup'",
	"$label ROLE anna IS NULL", "$label ROLE officer IS NULL",
	'ALTER TABLE patient DISABLE ROW LEVEL SECURITY',
	'ALTER TABLE patient DROP COLUMN residency',
	'ALTER TABLE patient DROP CONSTRAINT residency_within',
	'CREATE TABLE above (residency jurisdiction.label NOT NULL); ALTER TABLE patient INHERIT above',
	'GRANT anna TO dana', 'REVOKE officer FROM visitor', 'CREATE ROLE x IN ROLE anna',
	'ALTER GROUP anna ADD USER dana',
	q{ALTER ROLE anna PASSWORD 'x'}, q{ALTER ROLE officer PASSWORD 'x'},
	'ALTER ROLE anna RENAME TO x', 'DROP ROLE ben', 'DROP ROLE officer',
	'ALTER SYSTEM SET jurisdiction.enforcement = observe',
	'ALTER SYSTEM RESET ALL',
	q{ALTER SYSTEM SET shared_preload_libraries = ''},
	q{ALTER ROLE dana SET session_preload_libraries = 'x'},
	q{ALTER DATABASE postgres SET session_preload_libraries = 'x'},
	q{LOAD 'auto_explain'});
allowed('clinic', "$label TABLE patient IS 'DE:public'", 'an owner tightens as before');
denied('clinic', "$label TABLE patient IS NULL", 'and no more');

#
# What is the cluster's is guarded in databases that never heard of us
#
denied('dana', $_, 'elsewhere', 'elsewhere') foreach (
	'GRANT anna TO dana', 'CREATE ROLE x IN ROLE anna', q{ALTER ROLE officer PASSWORD 'x'},
	'DROP ROLE ben', 'ALTER ROLE anna RENAME TO x', "$label ROLE dana IS 'officer'",
	'DELETE FROM pg_shseclabel', 'UPDATE pg_authid SET rolsuper = false',
	'DELETE FROM pg_auth_members',
	'ALTER SYSTEM SET jurisdiction.enforcement = observe',
	q{ALTER ROLE dana SET session_preload_libraries = 'x'});
allowed('dana', $_, 'elsewhere', 'elsewhere') foreach (
	'CREATE ROLE plain', 'GRANT plain TO dana', 'ALTER ROLE plain PASSWORD NULL', 'DROP ROLE plain',
	'CREATE TABLE t (a int); DELETE FROM t', 'DELETE FROM pg_description WHERE false');
allowed('officer', "$label ROLE maker IS 'at DE'; $label ROLE maker IS NULL",
	'an officer tags roles from anywhere', 'elsewhere');

#
# The officer: policy, not data
#
allowed('officer', $_) foreach (
	"$label COLUMN patient.residency IS 'rows'",
	"$label TABLE patient IS NULL",
	"$label ROLE visitor IS 'at FR'", "$label ROLE visitor IS NULL",
	q{INSERT INTO jurisdiction.exemption (kind, role_name, basis, until) VALUES ('bypass', 'maker', 'x', 'infinity')},
	'SELECT * FROM jurisdiction.exemption');
is(state_as($node, 'officer', 'SELECT * FROM patient'), '42501', 'officer: reads no data');
is(state_as($node, 'officer', 'GRANT anna TO ben'), '42501', 'officer: grants as the server lets him');
denied('visitor', "SET ROLE officer; $label ROLE visitor IS 'at DE'", 'to become an officer is not to be one');
denied('maker', "$label ROLE visitor IS 'at DE'", 'CREATEROLE is not enough');
denied('officer', "$label ROLE officer IS 'at DE'", 'the last one stays');
denied('officer', 'DROP EXTENSION jurisdiction CASCADE', 'not the owner');
allowed('officer', "$label ROLE dana IS 'officer'", 'he appoints another');
allowed('dana', 'GRANT anna TO ben; REVOKE anna FROM ben', 'who may now do both');
denied('dana', 'DROP EXTENSION jurisdiction CASCADE', 'but not that: labels would go, and rows stay');
denied('dana', 'DROP SCHEMA jurisdiction CASCADE', 'nor that');
denied('dana', 'SELECT * FROM patient', 'nor read');
allowed('dana', q{INSERT INTO jurisdiction.exemption (kind, role_name, basis, until) VALUES ('bypass', 'dana', 'x', now() + '1 hour')},
	'without an exemption, which is on record');
is(rows_as($node, 'dana', 'SELECT count(*) FROM patient'), 5, 'with it, all');
like(slurp_file($node->logfile), qr/jurisdiction: event="exemption" .*detail="bypass for read: x"/, 'and each use');

done_testing();
