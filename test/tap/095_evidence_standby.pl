# The evidence log of a hot standby: its own, of its own readers, read and
# verified by SQL and by the program; and after promotion the same log goes on.
# Nothing of one server's log shows in the other's.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Evidence;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my ($bin) = `$ENV{PG_CONFIG} --bindir` =~ /(.*)/;
my $count = 'SELECT count(*) FROM patient';

my $primary = new_server('primary', init => { allows_streaming => 1 });
make_clinic($primary);
$primary->safe_psql('postgres', 'CREATE ROLE auditor LOGIN');
is(state_as($primary, 'officer', q{SECURITY LABEL FOR jurisdiction ON ROLE auditor IS 'auditor'}), '', 'an auditor');
is(rows_as($primary, 'ben', $count), 2, 'a statement before there is a standby');
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

sub ask { my ($node, $sql) = @_; return rows_as($node, 'auditor', $sql); }
sub told { my ($node, $where) = @_; return ask($node, "SELECT count(*) FROM jurisdiction.evidence WHERE $where"); }
sub checkpoint { return ask($_[0], 'SELECT jurisdiction.checkpoint()') . "\n"; }
sub origin_of { return (split /\n/, $_[0])[0]; }
sub size_of { return (split /\n/, $_[0])[1]; }
sub key_of { my ($key) = split /\n/, slurp_file(log_dir($_[0]) . '/keys'); return $key; }

sub put_file
{
	my ($name, $text) = @_;
	open(my $file, '>:raw', "$dir/$name") or die $!;
	print $file $text;
	close($file);
	return "$dir/$name";
}

sub program
{
	my ($status, $name, @options) = @_;
	my $said = '';

	IPC::Run::run([ "$bin/jurisdiction-verify", @options ], '>', \$said, '2>&1');
	is($? >> 8, $status, $name) or diag($said);
	return;
}

# ------------------------------------------------------------ a log of its own

my $primary_head = checkpoint($primary);
my $head = checkpoint($standby);
isnt(origin_of($head), origin_of($primary_head), 'the standby has a log of its own');
is(ask($standby, q{SELECT record ->> 'verdict', record ->> 'previous' FROM jurisdiction.evidence WHERE event = 'log start'}),
	'copied|' . origin_of($primary_head), 'which begins with the one it was copied with');
is(told($standby, q{user_name = 'ben'}), 0, 'and holds nothing of that one');

is(rows_as($standby, 'anna', $count), 3, 'a reader');
is(rows_as($standby, 'anna', 'SELECT id FROM patient WHERE id < 3 ORDER BY id'), "1\n2", 'reads more');
is(state_as($standby, 'clinic', $count), '42501', 'another is refused');
is(state_as($standby, 'anna', q{INSERT INTO patient VALUES (6, 'DE')}), '25006', 'nobody writes');
is(ask($standby, q{SELECT event, user_name, command, rows, outcome, tables FROM jurisdiction.evidence
	WHERE event = 'statement' AND outcome = 'completed' AND user_name = 'anna' ORDER BY seq}),
	"statement|anna|SELECT|1|completed|{public.patient}\nstatement|anna|SELECT|2|completed|{public.patient}",
	'each statement has its record');
is(ask($standby, q{SELECT user_name, verdict FROM jurisdiction.evidence WHERE event = 'refusal' AND user_name = 'clinic'}),
	'clinic|deny', 'and so has a denial');
is(told($standby, q{'US' = ANY (labels) AND user_name = 'anna'}), 1, 'a label is found');
is(told($standby, q{'public.patient' = ANY (tables) AND time > now() - interval '1 hour'}),
	told($standby, q{event = 'statement'}), 'a table is');
is(ask($standby, 'SELECT DISTINCT node FROM jurisdiction.evidence'), 'standby', 'all of them are of this server');
is(state_as($standby, 'anna', 'SELECT count(*) FROM jurisdiction.evidence'), '42501', 'a reader reads no evidence');
is(told($standby, q{event = 'refusal' AND user_name = 'anna'}), 1, 'which is a record too');
cmp_ok(told($standby, q{event = 'evidence' AND user_name = 'auditor'}), '>', 5, 'and so is what an auditor reads');

# ------------------------------------------------------------- proved by SQL

is(ask($standby, 'SELECT checked = size, problem FROM jurisdiction.verify_evidence()'), 't|', 'verify_evidence()');
is(ask($standby, 'SELECT problem FROM jurisdiction.verify_evidence(2)'), '', 'and from an entry on');
my $seq = ask($standby, q{SELECT min(seq) FROM jurisdiction.evidence WHERE event = 'statement'});
$head = checkpoint($standby);
cmp_ok(size_of($head), '>', $seq, 'checkpoint() signs what is there');
my $proof = put_file('proof', ask($standby, "SELECT jurisdiction.evidence_proof($seq)") . "\n");
program(0, 'the program accepts a proof', '--key', key_of($standby), '--proof', $proof);
program(1, 'and not with the key of the primary', '--key', key_of($primary), '--proof', $proof);
program(0, 'it accepts the log', '--key', key_of($standby), log_dir($standby));
like(ask($standby, "SELECT event FROM jurisdiction.evidence_ocsf($seq, 1)"), qr/"class_uid":6005/, 'an event for a SIEM');
is(rows_as($standby, 'officer', 'SELECT jurisdiction.rebuild_evidence_index()'), 0, 'the index can be made anew');
is(state_as($standby, 'auditor', q{SELECT jurisdiction.drop_evidence('-infinity')}), '42501', 'retention is for officers');
is(rows_as($standby, 'officer', q{SELECT jurisdiction.drop_evidence('-infinity')}), 0, 'who have nothing to drop');
isnt(rows_as($standby, 'officer', 'SELECT jurisdiction.rotate_evidence_key()'), key_of($primary), 'its key is rotated alone');
is(told($primary, q{event = 'key rotation'}), 0, 'of which the primary knows nothing');

# ------------------------------------------------------------- nothing mixes

is(rows_as($primary, 'ben', "$count -- on the primary"), 2, 'the primary is read meanwhile');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

# what tells of one server's sessions, by number of the statement
sub ids { return ask($_[0], 'SELECT DISTINCT id FROM jurisdiction.evidence WHERE id IS NOT NULL'); }
my %of_primary = map { $_ => 1 } split /\n/, ids($primary);
my @of_standby = split /\n/, ids($standby);
cmp_ok(scalar(keys %of_primary), '>', 1, 'statements of the primary');
cmp_ok(scalar(@of_standby), '>', 1, 'statements of the standby');
is(scalar(grep { $of_primary{$_} } @of_standby), 0, 'none is in both logs');
is(ask($primary, 'SELECT DISTINCT node FROM jurisdiction.evidence'), 'primary', 'the log of the primary is of the primary');
is(told($primary, q{user_name = 'anna'}), 0, 'who read on the standby is not in it');
is(told($standby, q{user_name = 'ben'}), 0, 'nor the other way round');

# ----------------------------------------------------------------- promoted

# a session that is there when it happens, and a cursor of the log in it
my $session = $standby->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'auditor' ]);
is($session->query(q{SELECT count(*) > 3 FROM jurisdiction.evidence}), 't', 'an auditor reads');
my $before = checkpoint($standby);
$standby->promote;
is($session->query(q{SELECT count(*) > 3 FROM jurisdiction.evidence}), 't', 'and goes on reading');
$session->quit;
is(rows_as($standby, 'anna', q{INSERT INTO patient VALUES (6, 'DE'); SELECT count(*) FROM patient}), 4, 'promoted, it is written');
my $after = checkpoint($standby);
is(origin_of($after), origin_of($before), 'its log is the same');
cmp_ok(size_of($after), '>', size_of($before), 'and goes on');
is(told($standby, q{event = 'log start'}), 1, 'it was not begun again');
is(told($standby, q{user_name = 'anna' AND command = 'INSERT' AND outcome = 'completed'}), 1, 'what was written is in it');
is(told($standby, "seq = $seq AND event = 'statement'"), 1, 'and what was read before');
is(ask($standby, 'SELECT problem FROM jurisdiction.verify_evidence()'), '', 'verify_evidence()');
my ($size1, $size2) = (size_of($before), size_of($after));
like(ask($standby, "SELECT jurisdiction.evidence_consistency($size1, $size2)"), qr/^\{.+\}$/, 'evidence_consistency()');
is(ask($primary, 'SELECT problem FROM jurisdiction.verify_evidence()'), '', 'the primary verifies its own');
checkpoint($primary);
program(0, 'the program accepts the log of the promoted server, which extends what was seen of it',
	'--since', put_file('before', $before), log_dir($standby));
program(0, 'and that of the primary', '--since', put_file('primary', $primary_head), log_dir($primary));
program(1, 'neither extends the other', '--since', put_file('primary', $primary_head), log_dir($standby));
is(told($primary, q{user_name = 'anna'}), 0, 'still nothing of the one is in the other');
is(told($standby, q{user_name = 'ben'}), 0, 'nor the other way round');

done_testing();
