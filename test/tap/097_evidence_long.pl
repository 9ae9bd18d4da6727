# A log of more than 65,536 entries, of which the index has groups: with it, and
# without or with a wrong one, the same is found; verifying it can be cancelled
# and resumed, and finds what is wrong with it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Evidence;
use Jurisdiction;
use File::Path 'remove_tree';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $root = "$FindBin::Bin/../..";
my $size = 140000;
my $node = new_server('long', conf => "jurisdiction.evidence_commit = off\n");
my $log = log_dir($node);

$node->safe_psql('postgres', q{
	CREATE EXTENSION jurisdiction;
	CREATE ROLE officer LOGIN;
	CREATE ROLE auditor LOGIN;
	SECURITY LABEL FOR jurisdiction ON ROLE auditor IS 'auditor';
	SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';
});
$node->stop;

# what a year would leave, from the program of the bench
system('cc', '-std=gnu99', '-D_GNU_SOURCE', '-O2', "-DJUR_VERSION=\"test\"", "-I$root/src", '-o', "$dir/log_fill",
	"$root/test/bench/log_fill.c", (map { "$root/src/evidence/$_.c" } qw(base64 log_dir_file log_dir_journal log_dir_read
	merkle note log_dir_checkpoint log_dir_journal_write log_dir_open log_dir_write)), '-lcrypto') == 0
  or die 'log_fill does not compile';
system_or_bail("$dir/log_fill", $log, glob($node->data_dir . '/evidence_signing_*.key'), $size, 100);
$node->start;
verified($log, 'a long log');

sub ask { return rows_as($node, 'auditor', $_[0]); }
sub mend { return rows_as($node, 'officer', 'SELECT jurisdiction.rebuild_evidence_index()'); }
sub problems { return ask('SELECT problem FROM jurisdiction.verify_evidence()'); }

# ----------------------------------------------------------------- the index

my $groups = int($size / 65536);
my $slot = 16384;
my $at = 256 * 2048;

foreach (1 .. 300)
{
	last if (-s "$log/index/" . ($groups - 1) // 0) == $at + $slot && (-s "$log/index/$groups" // 0) > 0;
	select(undef, undef, undef, 0.1);
}
mend();
is((-s "$log/index/$_") // 0, $at + $slot, "group $_ has its summary behind those of its bundles") foreach 0 .. $groups - 1;
cmp_ok(-s "$log/index/$groups", '<', $at, 'the last, which is not full, has none');
is(mend(), 0, 'the sealer made all of it right');

my $last = ask('SELECT max(seq) FROM jurisdiction.evidence');
my $newest = ask(q{SELECT max(time) FROM jurisdiction.evidence WHERE event = 'statement'});
my @questions = (
	q{role_name = 'rare'}, q{'public.rare' = ANY (tables)}, q{labels @> '{FR:secret/rare}'}, q{user_name = 'nobody'},
	q{user_name = 'rare' AND 'public.table1' = ANY (tables)}, qq{time > timestamptz '$newest' - interval '55 minutes' AND event = 'statement'},
	qq{time < timestamptz '$newest' - interval '29 days' AND role_name = 'rare'}, q{seq BETWEEN 65530 AND 65540}, q{seq < 65536 AND role_name = 'rare'},
	q{seq > 65536 AND role_name = 'rare'}, q{event = 'server start'}, q{event IN ('log start', 'no such')});
# the first of them after each other, the others as a number of entries and their sum
sub found
{
	return join "\n", map {
		ask("SELECT count(*), sum(seq) FROM jurisdiction.evidence WHERE seq <= $last AND $_"),
		ask("SELECT seq FROM jurisdiction.evidence WHERE seq <= $last AND $_ ORDER BY seq LIMIT 3")
	} @questions;
}
is(ask("SELECT count(*) FROM jurisdiction.evidence WHERE $questions[$_]"), 50, "$questions[$_]: 50") foreach 0 .. 2;
my $found = found();
like($found, qr/^0\|$/m, 'something is not found');
remove_tree("$log/index");
is(found(), $found, 'without index the same is found');
# the sealer may have made that of a bundle which is new
cmp_ok(mend(), '>=', int($size / 256) + $groups - 2, 'it is made anew');
is(mend(), 0, 'as a whole');
is(found(), $found, 'with it, the same is found');

my $index = "$log/index/0";
my $kept = slurp_file($index);
edit($index, $at + 1000, "\0" x 300);
is(found(), $found, 'with a torn summary of a group');
is(problems(), '', 'which is no fault of the log');
is(mend(), 1, 'it is mended');
truncate($index, $at + 100);
is(found(), $found, 'with half of one');
edit($index, $at, substr(slurp_file("$log/index/1"), $at, $slot));
is(found(), $found, 'with that of another group');
is(mend(), 1, 'mended');
is(slurp_file($index), $kept, 'it is as before');

# one that hides: what 091_evidence_reading.pl does with that of a bundle
sub checked
{
	my ($bytes, $number) = @_;
	use integer;
	my $check = $number;
	my $shift = sub { my ($v, $n) = @_; return ($v >> $n) & ((1 << (64 - $n)) - 1) };

	foreach my $word (unpack 'q<*', substr($bytes, 16))
	{
		$check = ($check ^ $word) * -7046029254386353131;
		$check ^= $shift->($check, 29);
	}
	$check ^= $shift->($check, 33); $check *= -49064778989728563; $check ^= $shift->($check, 33);
	$check *= -4265267296055464877; $check ^= $shift->($check, 33);
	substr($bytes, 8, 8) = pack 'q>', $check;
	return $bytes;
}
my $group = substr($kept, $at, $slot);
is(checked($group, 0), $group, 'the check of a summary is known here');
substr($group, 64) = "\0" x ($slot - 64);
edit($index, $at, checked($group, 0));
isnt(found(), $found, 'a summary that lies hides entries');
is(problems(), 'the index of entries from 0 is wrong: SELECT jurisdiction.rebuild_evidence_index()', 'and is found out');
is(mend(), 1, 'and mended');
is(found(), $found, 'the same is found');

# a group is not told of as long as some of it cannot be read
my $bundle = "$log/tile/entries/003";
edit($index, $at, "\0" x $slot);
rename($bundle, "$dir/bundle") or die $!;
is(mend(), 0, 'a bundle is missing: its group gets no summary');
rename("$dir/bundle", $bundle) or die $!;
is(found(), $found, 'so that it is found when it comes back');
is(mend(), 1, 'then it gets one');

# ----------------------------------------------------------------- verifying

is(problems(), '', 'verify_evidence()');
is(state_as($node, 'auditor', q{SET statement_timeout = '20ms'; SELECT problem FROM jurisdiction.verify_evidence()}), '57014',
	'it can be cancelled');
is(ask('SELECT checked - size, problem FROM jurisdiction.verify_evidence(100000)'), '0|', 'and resumed');
my $entry = slurp_file("$log/tile/entries/400");
edit("$log/tile/entries/400", 1000, chr(ord(substr($entry, 1000, 1)) ^ 1));
like(problems(), qr/^entry 10240\d is not the one that the tree was made of/m, 'a byte of an entry');
is(ask('SELECT problem FROM jurisdiction.verify_evidence(110000)'), '', 'which is not looked at behind it');
edit("$log/tile/entries/400", 1000, substr($entry, 1000, 1));
my $tile = "$log/tile/1/001";
my $hashes = slurp_file($tile);
edit($tile, 40, chr(ord(substr($hashes, 40, 1)) ^ 1));
like(problems(), qr/^a hash of level 2 of the tiles, over entries from 65536, is not that of the level below$/m, 'a byte of a tile');
like(problems(), qr/^the hash of entries from 65792 is not that of their hashes$/m, 'is told of where it is, too');
edit($tile, 40, substr($hashes, 40, 1));
is(problems(), '', 'put back, all is well');

done_testing();
