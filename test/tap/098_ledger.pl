# Transfers by legal basis: what left a place is there, with its rows, however
# it was sent; what stayed at home, or was refused, is not.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('ledger', conf => "wal_level = logical\nmax_parallel_workers_per_gather = 2\n");
make_clinic($node);
sub ask { return rows_as($node, @_); }
sub last_seq { return ask('officer', 'SELECT max(seq) FROM jurisdiction.evidence'); }

my $from = last_seq();

# what the ledger has of what was done since the last time, without its numbers
sub ledger
{
	my $rows = ask('officer', qq{SELECT origin, destination, label, action, basis, rows, times, outcome
		FROM jurisdiction.transfer_ledger WHERE seq > $from ORDER BY seq, label, action});
	$from = last_seq();
	return $rows;
}

sub summary
{
	my ($action) = @_;
	return ask('officer', qq{SELECT statements, rows FROM jurisdiction.transfer_summary
		WHERE origin = 'DE' AND destination = 'US' AND basis = 'treaty A' AND action = '$action'});
}

my $count = 20000;
is(ask('anna', qq{INSERT INTO patient SELECT i, 'DE:confidential/health', repeat('x', 100) FROM generate_series(101, 100 + $count) i}),
	'', 'many rows of one place');
is(ask('anna', 'SELECT count(*) FROM patient'), $count + 3, 'are read there');
is(ask('ben', 'SELECT count(*) FROM patient'), 2, 'and not elsewhere');
is(ledger(), '', 'what stays at home is no transfer, and what is refused neither');

is(ask('officer', q{INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, max_level, categories, basis)
	VALUES ('allow', 'DE', 'US', '{read,export,write}', 'confidential', '{health}', 'treaty A')}), '', 'a treaty');
ledger();
my $both = 'DE:confidential/health & US:confidential/health';

is(length(ask('ben', 'SELECT id FROM patient')) > $count, 1, 'what is sent in pieces');
is(ledger(), "DE|US|$both|read|treaty A|@{[$count + 5]}|1|completed", 'is one transfer of all its rows');
is(ask('ben', 'SELECT id FROM patient WHERE id < 3'), "1\n2", 'few rows');
is(ledger(), "DE|US|$both|read|treaty A|2|1|completed", 'are told of at once');
is(ask('ben', "SELECT 1 FROM patient WHERE residency = 'US'"), '1', 'a row that is at home there');
is(ledger(), "DE|US|$both|read|treaty A|1|1|completed", 'is told of with the table');
is(ask('ben', qq{SET $parallel_mode = on; SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0;
	SELECT count(*) FROM (SELECT id FROM patient OFFSET 0) s}), $count + 5, 'workers read');
is(ledger(), "DE|US|$both|read|treaty A|1|1|completed", 'for one statement');
is(ask('ben', 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM patient ORDER BY id; FETCH 2 FROM c; FETCH 3 FROM c; COMMIT'), "1\n2\n3\n4\n5",
	'a cursor');
is(ledger(), join("\n", map { "DE|US|$both|read|treaty A|$_|1|completed" } 2, 3), 'as it is fetched from');
is(summary('read'), '6|' . ($count + 5 + 2 + 1 + 1 + 2 + 3), 'and all of it together');

# rows that are asked about one by one, beside the table's ceiling
ask('ben', "UPDATE patient SET diagnosis = 'y' WHERE id = 1 RETURNING id");
like(ledger(), qr/^DE\|US\|DE:confidential\/health\|write\|treaty A\|1\|1\|completed$/m, 'a row written from elsewhere');
is(summary('read'), '7|' . ($count + 15), 'is read once, though both are asked');
is(summary('write'), '1|1', 'and written once');
is(ask('ben', 'COPY (SELECT id FROM patient WHERE id IN (1, 3, 4)) TO STDOUT'), "1\n3\n4", 'COPY');
is(join(' ', grep { /export/ } split /\n/, ledger()),
	'DE|US|DE|export|treaty A|1|1|completed DE|US|DE:confidential/health|export|treaty A|1|1|completed', 'is an export of the rows of each label');
is(summary('export'), '1|2', 'which are counted');

# what is sent to those who listen, row by row, later
$node->safe_psql('postgres', 'GRANT CREATE ON DATABASE postgres TO clinic');
is(ask('clinic', 'CREATE PUBLICATION outward'), '', 'a publication');
is(ask('officer', q{SECURITY LABEL FOR jurisdiction ON PUBLICATION outward IS 'to DE'}), '', 'that stays');
is(ask('clinic', 'ALTER PUBLICATION outward ADD TABLE patient'), "ERROR psql:<stdin>:1: ERROR:  tagged table public.patient may not be published by publication \"outward\"\nDETAIL:  No rule allows export of US:confidential/health in DE.\nHINT:  Every row and column that is published must be exportable to each place of the publication's tag; see jurisdiction.explain(label, 'export', at => ...).",
	'may not hold what has to stay elsewhere');
is(ledger(), '', 'and what is refused is no transfer');
is(ask('officer', q{SECURITY LABEL FOR jurisdiction ON PUBLICATION outward IS 'to US'}), '', 'one that goes abroad');
is(ask('clinic', 'ALTER PUBLICATION outward ADD TABLE patient'), '', 'may');
is(ledger(), "DE|US|$both|export|treaty A||1|", 'and is a transfer that nobody counts');
is(ask('officer', q{SELECT tables, decided_by FROM jurisdiction.transfer_ledger WHERE rows IS NULL}), '{public.patient}|rule', 'of a table, by a rule');

# statements that share a record
$node->append_conf('postgresql.conf', 'jurisdiction.evidence_commit = off');
$node->reload;
ask('officer', 'SELECT jurisdiction.checkpoint()');
sleep 1;
$from = last_seq();
is(ask('ben', "SELECT id FROM patient WHERE id < 4;\n" x 7), join("\n", (1, 2, 3) x 7), 'the same again and again');
sleep 1;
is(ask('officer', "SELECT sum(times), sum(rows) FROM jurisdiction.transfer_ledger WHERE seq > $from"), '7|21', 'is counted as often');
is(summary('read'), '15|' . ($count + 15 + 2 + 21), 'in the sum too');
$node->stop;
done_testing();
