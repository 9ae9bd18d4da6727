# Reading the evidence log by SQL where it is longer than one bundle: with its
# index, without it, with a wrong one; after entries were dropped, and after
# somebody has been at the files.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Evidence;
use Jurisdiction;
use File::Copy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('reading', conf => "jurisdiction.evidence_commit = off\njurisdiction.evidence_queue_size = 32MB\n");
my $log = log_dir($node);
my ($bin) = `$ENV{PG_CONFIG} --bindir` =~ /(.*)/;

make_clinic($node);
is(state_as($node, 'officer', q{
	CREATE ROLE auditor LOGIN;
	SECURITY LABEL FOR jurisdiction ON ROLE auditor IS 'auditor'}), '42501', 'an officer makes no roles');
$node->safe_psql('postgres', 'CREATE ROLE auditor LOGIN');
is(state_as($node, 'officer', q{SECURITY LABEL FOR jurisdiction ON ROLE auditor IS 'auditor'}), '', 'and tags them');

sub ask_auditor { return rows_as($node, 'auditor', $_[0]); }
sub fill { return ask_auditor("SELECT count(jurisdiction.evidence_consistency(0, 0)) FROM generate_series(1, $_[0])"); }
# checkpoint() returns before the sealer has looked at the index
sub size { return (split /\n/, ask_auditor('SELECT jurisdiction.checkpoint()'))[1]; }

# a statement that is read about, then three bundles of others
is(rows_as($node, 'anna', 'SELECT count(*) FROM patient'), 3, 'a statement');
is(fill(800), 800, 'many others');
is(rows_as($node, 'ben', 'SELECT count(*) FROM patient'), 2, 'another statement');
is(fill(300), 300, 'and more');
my $size = size();
cmp_ok($size, '>', 4 * 256, 'the log has four full bundles');

#
# The index: there, gone, torn, of another log.
#
sub wait_for_index
{
	my ($bundles) = @_;

	foreach (1 .. 100)
	{
		return 1 if (-s "$log/index/0" // 0) >= $bundles * 2048;
		select(undef, undef, undef, 0.1);
	}
	return 0;
}
ok(wait_for_index(int($size / 256)), 'the index follows the log');

my @questions = (
	q{event = 'statement'}, q{user_name = 'ben'}, q{user_name = 'anna' AND event = 'statement'}, q{role_name = 'nobody'},
	q{'public.patient' = ANY (tables)}, q{labels @> '{US}'}, q{object = 'role anna'}, q{seq BETWEEN 250 AND 262},
	q{time < (SELECT time FROM jurisdiction.evidence WHERE seq = 300) AND seq > 290});

# what each question finds below entry SIZE, newest first
sub found
{
	return join "\n", map {
		ask_auditor("SELECT coalesce(string_agg(seq::text, ','), 'none') FROM (SELECT seq FROM jurisdiction.evidence WHERE seq < $size AND $_) s")
	} @questions;
}
my $found = found();
like($found, qr/^\d+,\d+(,|\n)/, 'something is found');
like($found, qr/^none$/m, 'and something is not');

my $index = "$log/index/0";
copy($index, "$index.kept") or die $!;
unlink $index;
is(found(), $found, 'without index the same is found');
copy("$index.kept", $index);
edit($index, 2048 + 100, "\0" x 500);
is(found(), $found, 'with a torn one too');
truncate($index, 3000);
is(found(), $found, 'and with half of one');
my $kept = slurp_file("$index.kept");
open(my $mixed, '>:raw', $index);
print $mixed substr($kept, 2048, 2048) x 4;
close($mixed);
is(found(), $found, 'or with the summary of another bundle');
is(ask_auditor('SELECT problem FROM jurisdiction.verify_evidence()'), '', 'none of it is a fault of the log');
is(rows_as($node, 'officer', 'SELECT jurisdiction.rebuild_evidence_index()'), int($size / 256) - 1,
	'rebuilding mends all but the one that was right');
is(rows_as($node, 'officer', 'SELECT jurisdiction.rebuild_evidence_index()'), 0, 'then nothing is left to mend');
is(found(), $found, 'the same is found');

# one that was made to hide something: with a check that is right
sub checked_slot
{
	my ($slot, $bundle) = @_;
	use integer;
	my $check = $bundle;
	my $mix = sub {
		my ($h) = @_;
		my $shift = sub { my ($v, $n) = @_; return ($v >> $n) & ((1 << (64 - $n)) - 1) };
		$h ^= $shift->($h, 33); $h *= -49064778989728563; $h ^= $shift->($h, 33);
		$h *= -4265267296055464877; $h ^= $shift->($h, 33);
		return $h;
	};
	foreach my $word (unpack 'q<*', substr($slot, 16))
	{
		$check = ($check ^ $word) * -7046029254386353131;
		$check ^= ($check >> 29) & ((1 << 35) - 1);
	}
	substr($slot, 8, 8) = pack 'q>', $mix->($check);
	return $slot;
}
is(unpack('H*', checked_slot(substr($kept, 0, 2048), 0)), unpack('H*', substr($kept, 0, 2048)),
	'the check of a slot is known here');
my $slot = substr($kept, 0, 2048);
substr($slot, 64) = "\0" x 1984;
edit($index, 0, checked_slot($slot, 0));
isnt(found(), $found, 'an index that lies hides entries');
like(ask_auditor('SELECT problem FROM jurisdiction.verify_evidence()'), qr/^the index of entries from 0 is wrong/,
	'and is found out');
is(rows_as($node, 'officer', 'SELECT jurisdiction.rebuild_evidence_index()'), 1, 'rebuilding mends it');

#
# A proof for the program, and events for a SIEM.
#
my $dir = PostgreSQL::Test::Utils::tempdir_short;
sub put_file { my ($name, $text) = @_; open(my $f, '>:raw', "$dir/$name"); print $f $text; close($f); return "$dir/$name"; }
my ($key) = split /\n/, slurp_file("$log/keys");
my $proof = ask_auditor('SELECT jurisdiction.evidence_proof(500)') . "\n";
my $said = `$bin/jurisdiction-verify --key '$key' --proof @{[put_file('proof', $proof)]} 2>&1`;
is($? >> 8, 0, 'jurisdiction-verify accepts a proof') or diag($said);
$proof =~ s/^index 500$/index 501/m;
$said = `$bin/jurisdiction-verify --key '$key' --proof @{[put_file('proof', $proof)]} 2>&1`;
is($? >> 8, 1, 'and not for another entry') or diag($said);

my $older = put_file('older', ask_auditor('SELECT jurisdiction.checkpoint()') . "\n");
is(fill(10), 10, 'the log grows');
my $newer = put_file('newer', ask_auditor('SELECT jurisdiction.checkpoint()') . "\n");
my ($size1, $size2) = map { (split /\n/, slurp_file($_))[1] } $older, $newer;
my $hashes = ask_auditor("SELECT unnest(jurisdiction.evidence_consistency($size1, $size2))");
my $heads = "$bin/jurisdiction-verify --key '$key' --since $older --head $newer --consistency";
$said = `$heads @{[put_file('hashes', "$hashes\n")]} 2>&1`;
is($? >> 8, 0, 'jurisdiction-verify accepts a proof that one head extends the other') or diag($said);
$hashes = ask_auditor("SELECT unnest(jurisdiction.evidence_consistency($size1 - 1, $size2))");
$said = `$heads @{[put_file('hashes', "$hashes\n")]} 2>&1`;
is($? >> 8, 1, 'and not that another does') or diag($said);

SKIP:
{
	skip 'no python3', 2 if system('python3 -c 1 2>/dev/null') != 0;
	my $events = ask_auditor("SELECT event FROM jurisdiction.evidence_ocsf(0, $size)");
	my $count = $size;

	is(`python3 $FindBin::Bin/../interop/ocsf.py @{[put_file('events', "$events\n")]}`, "$count events\n",
		'each entry is an event of OCSF');
	$events =~ s/"class_uid":6005/"class_uid":6004/;
	like(`python3 $FindBin::Bin/../interop/ocsf.py @{[put_file('events', "$events\n")]}`, qr/^line 1: /,
		'and what is none is noticed');
}

#
# Retention.
#
sub bundle { return sprintf "%s/tile/entries/%03d", $log, $_[0]; }
my $middle = ask_auditor('SELECT max(time) FROM jurisdiction.evidence WHERE seq < 600');
is(state_as($node, 'auditor', "SELECT jurisdiction.drop_evidence('$middle')"), '42501', 'an auditor drops nothing');
ok(-e bundle(0) && -e bundle(1), 'it is all there');
is(rows_as($node, 'officer', "SELECT jurisdiction.drop_evidence('$middle')"), 512, 'an officer drops whole bundles');
ok(!-e bundle(0) && !-e bundle(1) && -e bundle(2), 'those in which all is older');
is(rows_as($node, 'officer', "SELECT jurisdiction.drop_evidence('$middle')"), 0, 'once');
is(ask_auditor('SELECT min(seq) FROM jurisdiction.evidence'), 512, 'what is left is read');
is(ask_auditor(q{SELECT record ->> 'below' FROM jurisdiction.evidence WHERE event = 'retention'}), 512, 'and says what went');
is(ask_auditor('SELECT problem FROM jurisdiction.verify_evidence()'), '', 'the rest is whole');
is(state_as($node, 'auditor', 'SELECT jurisdiction.evidence_record(3)'), '58030', 'an entry that went cannot be had');
is(state_as($node, 'auditor', 'SELECT jurisdiction.evidence_record(512)'), '', 'the next one can');
$proof = ask_auditor('SELECT jurisdiction.evidence_proof(513)') . "\n";
$said = `$bin/jurisdiction-verify --key '$key' --proof @{[put_file('proof', $proof)]} 2>&1`;
is($? >> 8, 0, 'and proved') or diag($said);
size();
verified($log, 'the program finds the log whole');
rows_as($node, 'officer', 'SELECT jurisdiction.rebuild_evidence_index()');
$node->restart;
is(ask_auditor('SELECT problem FROM jurisdiction.verify_evidence()'), '', 'and so after a restart');
is(fill(300), 300, 'the log goes on');
$size = size();

#
# Somebody has been at the files.
#
sub problems { return ask_auditor('SELECT problem FROM jurisdiction.verify_evidence()'); }
my $path = bundle(3);
my $bytes = slurp_file($path);
copy($path, "$path.kept");
edit($path, 1000, chr(ord(substr($bytes, 1000, 1)) ^ 1));
like(problems(), qr/^entry \d+ is not the one that the tree was made of/m, 'a byte of an entry');
unlink $path;
like(problems(), qr/could not open .*003/, 'a bundle that nobody dropped');
like(message_as($node, 'auditor', 'SELECT count(*) FROM jurisdiction.evidence'),
	qr/WARNING: .*could not read entry \d+ of the evidence log and its neighbours/, 'of which a reader is told');
unlike(message_as($node, 'auditor', 'SELECT count(*) FROM jurisdiction.evidence WHERE seq >= 1024'),
	qr/WARNING/, 'who looks for it');
copy("$path.kept", $path);
is(problems(), '', 'put back, all is well');
my $tile = "$log/tile/0/003";
my $hashes = slurp_file($tile);
edit($tile, 40, chr(ord(substr($hashes, 40, 1)) ^ 1));
like(problems(), qr/^entry 769 is not the one/, 'a byte of a hash');
edit($tile, 40, substr($hashes, 40, 1));
my $note = slurp_file("$log/checkpoint");
(my $forged = $note) =~ s/\n\d+\n/\n700\n/;
open(my $f, '>:raw', "$log/checkpoint"); print $f $forged; close $f;
like(problems(), qr/not signed by a key of this log/, 'another size in the checkpoint');
open($f, '>:raw', "$log/checkpoint"); print $f $note; close $f;
is(problems(), '', 'put back, all is well');

# Somebody has a key of his own, lists it, and signs: nobody handed over to it.
my $keys = slurp_file("$log/keys");
is(system('/usr/bin/python3', '-c', q{
import os, sys
sys.path.insert(0, sys.argv[1])
import log
directory = sys.argv[2]
origin, size, root = log.open_head(log.read(directory, 'checkpoint'), log.read_keys(directory))[:3]
listed = log.read(directory, 'keys')
log.write(directory, 'keys', log.key_text(origin, log.public_of(b'x' * 32)).encode() + b'\n' + listed)
log.write(directory, 'checkpoint', log.sign_head(origin, b'x' * 32, size, root))
}, "$FindBin::Bin/../interop", $log), 0, 'another key signs');
like(problems(), qr/not signed by a key of this log/, 'a key that nobody handed over to');
open($f, '>:raw', "$log/keys"); print $f $keys; close $f;
like(rows_as($node, 'officer', 'SELECT jurisdiction.rotate_evidence_key()'), qr/^jurisdiction\//, 'the key is rotated');
is(problems(), '', 'one that the first handed over to');

#
# An entry that is no record: shown as what it is, and the rest as before.
#
my $library = build_probe($dir);
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->safe_psql('plain', "CREATE FUNCTION evidence_put(text) RETURNS void AS '$library' LANGUAGE c");
$node->safe_psql('plain', q{SELECT evidence_put('half')});
size();
my $strange = ask_auditor('SELECT max(seq) FROM jurisdiction.evidence WHERE time IS NULL');
is(ask_auditor("SELECT event IS NULL, time IS NULL, record IS NULL, detail FROM jurisdiction.evidence WHERE seq = $strange"),
	't|t|t|not a record: it has no event or no time', 'an entry that is no record');
is(ask_auditor("SELECT jurisdiction.evidence_record($strange)"), '{"v":1,"event":"half"}', 'byte for byte');
like(ask_auditor("SELECT event FROM jurisdiction.evidence_ocsf($strange, 1)"), qr/"severity":"High".*"message":"the entry/,
	'a SIEM is told');
is(problems(), "entry $strange is not a record: it has no event or no time", 'and so is who verifies');

#
# Names in other encodings: two that differ stay different.
#
foreach my $encoding ('LATIN1', 'LATIN2', 'SQL_ASCII')
{
	my $db = lc $encoding;

	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	$node->safe_psql($db, 'CREATE EXTENSION jurisdiction; GRANT CREATE ON SCHEMA public TO PUBLIC');
	# 252 and 246 are two letters in both LATINs, 241 is not the same one
	foreach my $code (252, 246, 241)
	{
		$node->safe_psql($db, "DO \$\$BEGIN EXECUTE format('CREATE ROLE %I', '$db' || chr($code)); END\$\$");
		is(state_as($node, 'officer', "DO \$\$BEGIN EXECUTE format('SECURITY LABEL FOR jurisdiction ON ROLE %I IS ''at DE''',
			'$db' || chr($code)); END\$\$", $db), '', "$encoding: a role");
		$node->safe_psql($db, "SET application_name = 'encodings';
			DO \$\$BEGIN EXECUTE format('SET SESSION AUTHORIZATION %I', '$db' || chr($code)); END\$\$;
			DO \$\$BEGIN EXECUTE format('CREATE TABLE %I (residency jurisdiction.label NOT NULL)', 't' || chr($code));
				EXECUTE format('SECURITY LABEL FOR jurisdiction ON COLUMN %I.residency IS ''rows''', 't' || chr($code));
				EXECUTE format('SELECT count(*) FROM %I', 't' || chr($code)); END\$\$");
	}
}
size();
is(ask_auditor(q{SELECT string_agg(replace(user_name, U&'\fffd', '?') || ' ' || replace(tables[1], U&'\fffd', '?'), ', ' ORDER BY seq)
	FROM jurisdiction.evidence WHERE event = 'statement' AND application = 'encodings'}),
	join(', ', map { my ($db, @names) = @$_; map { qq{$db$_ public."t$_"} } @names }
		[ 'latin1', "\303\274", "\303\266", "\303\261" ], [ 'latin2', "\303\274", "\303\266", "\305\204" ],
		[ 'sql_ascii', '?fc', '?f6', '?f1' ]), 'names in other encodings are told apart');
is(ask_auditor(qq{SELECT count(*) > 0 FROM jurisdiction.evidence WHERE user_name = 'latin2\305\204' AND event = 'statement'}), 't',
	'and found');

#
# No log, and one that cannot be read.
#
my $moved = "$log.moved";
$node->stop;
rename $log, $moved or die $!;
$node->append_conf('postgresql.conf', "jurisdiction.evidence_directory = ''");
$node->start;
is(state_as($node, 'auditor', 'SELECT count(*) FROM jurisdiction.evidence'), '55000', 'a server without a log');
is(state_as($node, 'auditor', 'SELECT jurisdiction.checkpoint()'), '55000', 'has nothing to sign');
is(state_as($node, 'ben', 'SELECT count(*) FROM jurisdiction.evidence'), '42501', 'and tells even that to nobody else');

done_testing();
