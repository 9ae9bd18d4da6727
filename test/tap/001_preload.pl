# Without the library: nothing breaks, nothing opens.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $count = 'SELECT count(*) FROM patient';

# a server that has never heard of us
my $plain = new_server('plain', preload => '');
my ($status, $stdout, $stderr) = $plain->psql('postgres',
	q{LOAD 'jurisdiction'; CREATE TABLE t (a int); INSERT INTO t VALUES (1); SELECT a FROM t});
is("$status|$stdout|$stderr", '0|1|', 'a plain LOAD says nothing and does nothing');

my $root = getpwuid($<);
is(state_as($plain, $root, 'CREATE EXTENSION jurisdiction'), '',
	'CREATE EXTENSION works without preloading');
is(rows_as($plain, $root, q{SELECT ('DE/personal,health'::jurisdiction.label)::text}),
	'DE/health,personal', 'labels can be read and written');
is(state_as($plain, $root, $_), '55000', "55000: $_") foreach (
	q{SELECT jurisdiction.admits('DE', 'read')},
	q{SELECT * FROM jurisdiction.explain('DE')},
	q{SELECT * FROM jurisdiction.session()},
	q{SELECT jurisdiction.default_label()},
	q{SELECT * FROM jurisdiction.stat},
	q{SELECT jurisdiction.load_geoip('/nonexistent')});
is(state_as($plain, $root, q{SECURITY LABEL FOR jurisdiction ON TABLE t IS 'DE'}), '22023',
	'nothing can be tagged');
is(state_as($plain, $root, q{LOAD 'jurisdiction'; SECURITY LABEL FOR jurisdiction ON TABLE t IS 'DE'}),
	'55000', 'nor after a LOAD');
$plain->stop;

# a server whose library went away
my $node = new_server('clinic');
make_clinic($node);
is(rows_as($node, 'anna', $count), 3, 'with the library, Germany reads its three rows');

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
foreach my $role (qw(anna ben visitor clinic))
{
	is(rows_as($node, $role, $count), 0, "not preloaded: $role reads no row");
	is(state_as($node, $role, q{INSERT INTO patient VALUES (9, 'DE', 'x')}), '42501',
		"not preloaded: $role writes no row");
}

my $library = $node->config_data('--pkglibdir') . '/jurisdiction.so';
SKIP:
{
	skip 'the library lies where this user may not move it', 5 if !-w $library || -l $library;
	rename $library, "$library.away" or die "could not move $library: $!";
	is(rows_as($node, $_, $count), 0, "library missing: $_ reads no row")
	  foreach (qw(anna ben clinic));
	like(message_as($node, 'anna', q{SELECT jurisdiction.admits('DE', 'read')}),
		qr/could not access file/, 'library missing: no function answers');
	is(rows_as($node, $root, 'SELECT 1'), 1, 'library missing: the server serves');
	rename "$library.away", $library or die "could not move $library back: $!";
}

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'jurisdiction'");
$node->restart;
is(rows_as($node, 'anna', $count), 3, 'with the library again, all is as before');

done_testing();
