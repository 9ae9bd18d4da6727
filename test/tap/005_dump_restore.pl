# Tags, rules and rows travel with pg_dump; a dump is whole or it fails.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# pg_dump calls itself pg_dump, unless the environment says otherwise
delete $ENV{PGAPPNAME};

my $root = getpwuid($<);
my $count = 'SELECT count(*) FROM patient';
my $node = new_server('clinic');
my $dir = PostgreSQL::Test::Utils::tempdir;
make_clinic($node);
$node->safe_psql('postgres', 'CREATE ROLE another_officer LOGIN; CREATE ROLE zoe LOGIN');
is(state_as($node, 'clinic', 'GRANT SELECT ON patient TO zoe'), '', 'the owner grants');
is(state_as($node, 'officer', q{
	SECURITY LABEL FOR jurisdiction ON ROLE another_officer IS 'officer';
	SECURITY LABEL FOR jurisdiction ON ROLE zoe IS 'at US cleared internal';
	INSERT INTO jurisdiction.place VALUES ('CLINICS', 'our clinics', 'group');
	INSERT INTO jurisdiction.membership VALUES ('CLINICS', 'US', '[2020-01-01,)', 'test: statutes');
	INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'DE', 'CLINICS', '{read}', 'test: a contract');
	INSERT INTO jurisdiction.exemption (kind, role_name, basis)
	VALUES ('declassify', 'anna', 'test: a study')}), '', 'an officer writes policy');

# who may dump: a role tagged "backup" all, anybody else nothing
my @dump = ('pg_dump', '-d', $node->connstr('postgres'));
$node->command_ok([ @dump, '-U', 'keeper', '-Fc', '-f', "$dir/all.dump" ], 'the backup role dumps');
foreach my $case (
	[ 'the owner', 'clinic' ],
	[ 'a superuser', $root ],
	[ 'a tagged reader', 'anna' ],
	[ 'the owner with --enable-row-security', 'clinic', '--enable-row-security' ],
	[ 'a reader with --enable-row-security', 'anna', '--enable-row-security' ],
	[ 'a reader with --inserts', 'anna', '--enable-row-security', '--inserts' ])
{
	my ($who, $role, @option) = @$case;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ @dump, '-U', $role, '-t', 'public.patient', @option ],
		'>', \$out, '2>', \$err);
	ok(!$ok, "$who: pg_dump fails");
	like($err, qr/permission denied for tagged table|row-level security/, "$who: and says why");
	unlike($out, qr/asthma|measles/, "$who: no row leaves");
}

# role tags are cluster-wide: pg_dumpall has them
$node->command_ok([ 'pg_dumpall', '-d', $node->connstr('postgres'), '-U', 'keeper', '--globals-only',
	'-f', "$dir/globals.sql" ], 'the backup role dumps globals');
my $globals = slurp_file("$dir/globals.sql");
like($globals, qr/SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared confidential\/health'/,
	'role tags are in it');

# The round trip, by the recipe of README: globals, then the database.  The first
# officer ends the superuser's standing in, so the other tags are set in its name.
sub restore_globals
{
	my ($server) = @_;
	my $label = qr/^SECURITY LABEL FOR jurisdiction/;
	my @lines = split /\n/, $globals;

	append_to_file("$dir/recipe.sql", join("\n", grep({ !/$label/ } @lines),
		"SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';",
		'SET SESSION AUTHORIZATION officer;', grep({ /$label/ } @lines), ''));
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-q', '-d', $server->connstr('postgres'), '-U', $root,
		'-f', "$dir/recipe.sql" ], '>', \$out, '2>', \$err);
	unlink "$dir/recipe.sql";
	return grep { /ERROR/ && !/role "\Q$root\E" already exists/ } split /\n/, $err;
}

sub answers
{
	my ($server, $db) = @_;
	return join "\n",
	  map({ "$_: " . rows_as($server, $_, $count, $db) } qw(anna ben zoe visitor)),
	  map({ "$_: " . state_as($server, $_, $count, $db) } ('clinic', $root)),
	  rows_as($server, 'keeper', 'SELECT * FROM patient ORDER BY id', $db),
	  rows_as($server, 'officer', q{SELECT * FROM jurisdiction.tag ORDER BY 1, 2, 3}, $db),
	  rows_as($server, 'officer', q{SELECT * FROM jurisdiction.transfer_rule ORDER BY id}, $db),
	  rows_as($server, 'officer', q{SELECT * FROM jurisdiction.exemption ORDER BY id}, $db),
	  rows_as($server, 'officer', q{SELECT * FROM jurisdiction.place WHERE code = 'CLINICS'}, $db),
	  rows_as($server, 'officer', q{SELECT conname, convalidated FROM pg_constraint
		WHERE conrelid = 'patient'::regclass ORDER BY 1}, $db),
	  rows_as($server, 'officer', q{SELECT relrowsecurity, relforcerowsecurity FROM pg_class
		WHERE oid = 'patient'::regclass}, $db);
}
my $before = answers($node, 'postgres');
like($before, qr/^anna: 3\nben: 5\nzoe: 2\nvisitor: 0\nclinic: 42501\n\Q$root\E: 42501\n/, 'before: as tagged');
unlike($before, qr/ERROR/, 'before: every question is answered');

$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '-U', 'keeper', '-d', $node->connstr('copy'), '--exit-on-error',
	"$dir/all.dump" ], 'restored into another database of the cluster');
is(answers($node, 'copy'), $before, 'another database: the same tags, rules and rows');

my $other = new_server('other');
is_deeply([ restore_globals($other) ], [], 'globals restored on another server');
$other->command_ok([ 'pg_restore', '-U', 'keeper', '-d', $other->connstr('postgres'), '--exit-on-error',
	"$dir/all.dump" ], 'restored on another server');
is(answers($other, 'postgres'), $before, 'another server: the same tags, rules and rows');
is(state_as($other, $root, q{SECURITY LABEL FOR jurisdiction ON ROLE visitor IS 'at DE'}), '42501',
	'another server: its superuser is no officer');
$other->stop;

# where nobody enforces, nobody reads
my $bare = new_server('bare', preload => '');
restore_globals($bare);
$bare->command_checks_all([ 'pg_restore', '-U', $root, '-d', $bare->connstr('postgres'), "$dir/all.dump" ],
	1, [], [ qr/security label provider "jurisdiction" is not loaded|errors ignored/ ],
	'restored where the library is not loaded: the labels are complained about');
is(rows_as($bare, $root, $count), 5, 'bare: the rows are there (its superuser may)');
is(rows_as($bare, $_, $count), 0, "bare: closed to $_") foreach (qw(anna ben visitor clinic));

done_testing();
