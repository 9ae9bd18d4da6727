# pg_upgrade finds nothing to complain of, and carries tags, rules and rows.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = getpwuid($<);
my $old = new_server('old');
make_clinic($old);
my $question = q{SELECT * FROM jurisdiction.tag ORDER BY 1, 2, 3};
my $tags = rows_as($old, 'officer', $question);
like($tags, qr/patient/, 'there is something to carry');

# pg_upgrade wants a cluster of its own making, that has nothing in it
my $new = new_server('new');
$_->stop foreach ($old, $new);
my $bin = $old->config_data('--bindir');
my @upgrade = ('pg_upgrade', '--no-sync', '-b', $bin, '-B', $bin,
	'-d', $old->data_dir, '-D', $new->data_dir,
	'-p', $old->port, '-P', $new->port, '-s', $new->host);
chdir PostgreSQL::Test::Utils::tempdir or die $!;
command_ok([ @upgrade, '--check' ], 'pg_upgrade --check is clean');

# the check loads every library with a plain LOAD, in a server without us too
my $plain = new_server('plain', preload => '');
is(state_as($plain, $root, q{LOAD '$libdir/jurisdiction'}), '', 'plain LOAD is clean');
$plain->stop;

command_ok([@upgrade], 'pg_upgrade succeeds');
$new->start;
is(rows_as($new, 'officer', $question), $tags, 'the tags are there');
is(rows_as($new, 'anna', 'SELECT count(*) FROM patient'), 3, 'Germany reads its rows');
is(rows_as($new, 'ben', 'SELECT count(*) FROM patient'), 2, 'the United States read theirs');
is(state_as($new, $_, 'SELECT count(*) FROM patient'), '42501', "$_ is refused") foreach ('clinic', $root);
$new->stop;

done_testing();
