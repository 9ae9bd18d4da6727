# Sealed values outside of one session: another implementation, other sessions,
# replicas, dumps, crashes; and what is never written anywhere.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $interop = "$FindBin::Bin/../interop";
my $conf = "jurisdiction.key_directory = '$dir/keys'\nlog_statement = none\nlog_min_messages = debug1";
my $node = new_server('primary', conf => $conf, init => { allows_streaming => 1 });
$node->safe_psql('postgres', q{
	CREATE EXTENSION jurisdiction;
	CREATE ROLE officer LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE keeper LOGIN SUPERUSER;
	CREATE TABLE kept (id int PRIMARY KEY, secret jurisdiction.sealed); GRANT ALL ON kept TO PUBLIC;
	SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';});

sub officer { return state_as($node, 'officer', shift); }
sub opened { my ($server, $id, $db) = @_; return rows_as($server, 'reader', "SELECT jurisdiction.unseal(secret) FROM kept WHERE id = $id", $db); }

is(officer(q{SECURITY LABEL FOR jurisdiction ON ROLE reader IS 'at DE cleared secret/*';
	SECURITY LABEL FOR jurisdiction ON ROLE keeper IS 'backup';
	SECURITY LABEL FOR jurisdiction ON ROLE "} . getpwuid($<) . q{" IS 'replicate to DE';
	SELECT jurisdiction.create_key('DE'), jurisdiction.create_key('FR');
	INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis) VALUES ('allow', 'FR', 'DE', '{unseal}', 'test: sealed');
	INSERT INTO kept VALUES (1, jurisdiction.seal('written in confidence', 'DE:secret/health')),
		(2, jurisdiction.seal('of both', 'DE & FR')), (3, jurisdiction.seal(repeat('large ', 300000), 'DE'))}), '', 'keys and values');
is(opened($node, 1), 'written in confidence', 'a value opens');

# another implementation unwraps the keys and opens the values
my ($out, $err) = run_command([ "$interop/sealed.py", 'check', "$interop/sealed.csv" ]);
like($out, qr/^\d+ vectors, 0 wrong/, 'the other implementation agrees with its vectors');
my %key;
foreach my $row (split /\n/, rows_as($node, 'officer', q{SELECT place, kek, encode(wrapped, 'hex') FROM jurisdiction.key_material WHERE version = 1}))
{
	my ($place, $kek, $wrapped) = split /\|/, $row;
	my $bytes = slurp_file("$dir/keys/$kek");
	($out, $err) = run_command([ "$interop/sealed.py", 'unwrap', unpack('H*', $bytes), $place, 1, $wrapped ]);
	$key{$place} = "$place:1:$out";
}
my $bytes = rows_as($node, 'reader', q{SELECT encode(jurisdiction.sealed_send(secret), 'hex') FROM kept WHERE id = 2});
($out, $err) = run_command([ "$interop/sealed.py", 'open', "$key{DE};$key{FR}", $bytes ]);
is($out, 't ' . unpack('H*', 'of both'), 'it opens what this one has sealed');
($out, $err) = run_command([ "$interop/sealed.py", 'open', "$key{FR};$key{DE}", $bytes ]);
like($out, qr/does not open/, 'and not with the keys in another order');

# other sessions take part in a rotation; one that stays
my $session = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'reader', '-v', 'VERBOSITY=terse' ]);
my $versions = q{SELECT version FROM jurisdiction.sealed_keys(jurisdiction.seal('x', 'DE'));};
is($session->query($versions), 1, 'a session seals with the first key');
is(officer(q{SELECT jurisdiction.rotate_key('DE')}), '', 'the key is rotated');
is($session->query($versions), 2, 'the session seals with the second');
is($session->query('SELECT jurisdiction.unseal(secret) FROM kept WHERE id = 1;'), 'written in confidence', 'and opens what the first has sealed');

# two at once: one waits, and both get a version
my $first = $node->background_psql('postgres', extra_params => [ '-U', 'officer' ]);
$first->query(q{BEGIN; SELECT jurisdiction.rotate_key('DE');});
my $second = $node->background_psql('postgres', extra_params => [ '-U', 'officer' ]);
$second->query_until(qr/waits/, qq{\\echo waits\nSELECT 'version ' || jurisdiction.rotate_key('DE');\n});
is($session->query($versions), 2, 'a rotation that is not committed seals nothing');
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted});
$first->query('COMMIT;');
$first->quit;
like($second->query('SELECT 1;'), qr/version 4/, 'the second waits for the first');
$second->quit;
is($session->query($versions), 4, 'the newest of them seals');

# a crash between the file and the commit leaves a file, and no row
my $open = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'officer' ]);
$open->query(q{BEGIN; SELECT jurisdiction.rotate_key('DE');});
my $files = () = glob("$dir/keys/DE.DE.5.*");
is($files, 1, 'a key is made');
$node->stop('immediate');
$node->start;
eval { $open->quit };
eval { $session->quit };
is(rows_as($node, 'officer', q{SELECT max(version) FROM jurisdiction.key WHERE place = 'DE'}), 4, 'crash before the commit: there is no such version');
is(officer(q{SELECT jurisdiction.rotate_key('DE')}), '', 'and it can be rotated again');
is(opened($node, 1), 'written in confidence', 'the values open');

# a replica opens, and knows what is destroyed while it runs
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is(opened($standby, 1), 'written in confidence', 'a replica opens');
is(length(opened($standby, 3)), 1800000, 'also what is large');
my $reading = $standby->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'reader', '-v', 'VERBOSITY=terse' ]);
is($reading->query('SELECT jurisdiction.unseal(secret) FROM kept WHERE id = 2;'), 'of both', 'replica: a session has the keys');

# a base backup holds no key
my ($found) = run_command([ 'find', $node->backup_dir, '-name', 'DE.DE.*' ]);
is($found, '', 'a base backup has no key in it');

# dump and restore
my $file = "$dir/all.dump";
$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-U', 'keeper', '-Fc', '-f', $file ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '-U', 'keeper', '-d', $node->connstr('copy'), '--exit-on-error', $file ], 'restored beside it');
is(opened($node, 1, 'copy'), 'written in confidence', 'where the custodian is, the values open');
is(rows_as($node, 'officer', q{SELECT string_agg(place || version || state, ' ' ORDER BY place, version) FROM jurisdiction.key}, 'copy'),
	'DE0active DE1retired DE2retired DE3retired DE4retired DE5active FR0active FR1active', 'with their history');
my $elsewhere = new_server('elsewhere', conf => "jurisdiction.key_directory = '$dir/elsewhere'");
$elsewhere->safe_psql('postgres', q{CREATE ROLE officer LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE keeper LOGIN SUPERUSER;
	SECURITY LABEL FOR jurisdiction ON ROLE keeper IS 'backup'; SECURITY LABEL FOR jurisdiction ON ROLE reader IS 'at DE cleared secret/*';
	SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';});
$elsewhere->command_ok([ 'pg_restore', '-U', 'keeper', '-d', $elsewhere->connstr('postgres'), '--exit-on-error', $file ], 'restored elsewhere');
like(opened($elsewhere, 1), qr/custodian "file:DE" of DE could not unwrap key 1/, 'where it is not, they stay closed, and say whose key it takes');
is(rows_as($elsewhere, 'reader', 'SELECT count(*) FROM kept'), 3, 'and everything else is there');
$elsewhere->stop;

# destroyed on the primary: nowhere does it open, not even where the key was in memory
is(officer(q{SELECT jurisdiction.destroy_key('FR', 1, 'FR')}), '', 'a key is destroyed');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
like(opened($node, 2), qr/key 1 of FR was destroyed.*by "officer"/s, 'primary: destroyed, when and by whom');
$reading->query('SELECT jurisdiction.unseal(secret) FROM kept WHERE id = 2;');
like($reading->{stderr}, qr/key 1 of FR was destroyed/, 'replica: the session that had it does not either');
$reading->quit;
is(opened($standby, 1), 'written in confidence', 'what is under other keys opens');
like(opened($node, 2, 'copy'), qr/could not unwrap key 1/, 'a copy made before does not open: the key-encryption key is gone');

# one session can hold a million values: its memory does not grow
my $memory = q{SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name NOT LIKE 'Cat%';};
my $work = q{SELECT count(jurisdiction.unseal(jurisdiction.seal('value ' || g, 'DE'))) FROM generate_series(1, %d) g;};
my $growing = rows_as($node, 'reader', sprintf($work, 1000) . $memory . sprintf($work, 100000) . $memory);
my @lines = split /\n/, $growing;
cmp_ok($lines[3], '<', $lines[1] + 262144, "memory is flat: $lines[1] bytes, then $lines[3]");

# the limit of the server is that of a value with its seal
SKIP:
{
	my ($available) = slurp_file('/proc/meminfo') =~ /^MemAvailable: +(\d+)/m;
	skip 'less than 3 GB of memory are free', 2 if ($available // 0) < 3_000_000;
	like(rows_as($node, 'reader', q{SELECT jurisdiction.seal(repeat('x', 1073741800), 'DE') IS NULL}),
		qr/a value of 1073741800 bytes is too large to be sealed.*The limit is 10737417\d\d bytes/s, 'too large: a clear error');
	like(rows_as($node, 'reader', q{SELECT jurisdiction.seal(repeat('x', 810000000), 'DE')}),
		qr/a sealed value of 8100000\d\d bytes is too large to be shown as text.*binary/s, 'and so where it cannot be shown');
}

# what README shows works as it says
my $readme = slurp_file("$FindBin::Bin/../../README.md");
my ($sql) = $readme =~ /^## Sealed values\n.*?^```sql\n(.*?)^```/ms;
my ($as_officer, $as_anybody) = split /^-- anybody.*\n/m, $sql;
$node->safe_psql('postgres', 'CREATE DATABASE readme');
$node->safe_psql('readme', 'CREATE EXTENSION jurisdiction; CREATE TABLE letter (id bigint, body jurisdiction.sealed, body_index bytea); GRANT ALL ON letter TO PUBLIC');
is(rows_as($node, 'officer', $as_officer, 'readme'), 1, 'README: the officer');
is(rows_as($node, 'reader', $as_anybody, 'readme'), 'the letter', 'README: anybody');

# progress, while a row is locked by another session
$node->safe_psql('postgres', q{CREATE TABLE many (id int, secret jurisdiction.sealed); GRANT ALL ON many TO PUBLIC;
	INSERT INTO many SELECT g, jurisdiction.seal('value ' || g, 'DE') FROM generate_series(1, 2000) g;});
is(officer(q{SELECT jurisdiction.rotate_key('DE')}), '', 'the key is rotated before a reseal');
my $locker = $node->background_psql('postgres', extra_params => [ '-U', 'reader' ]);
$locker->query('BEGIN; UPDATE many SET id = id WHERE id = 1500;');
my $resealer = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'reader' ]);
$resealer->query_until(qr/starts/, "\\echo starts
CALL jurisdiction.reseal('many', 'secret', 100);
");
ok($node->poll_query_until('postgres', q{SELECT rows_done > 500 AND blocks_done < blocks AND relation = 'many'::regclass
	AND column_name = 'secret' FROM jurisdiction.reseal_progress}), 'progress is seen from another session');
is(rows_as($node, 'keeper', 'SELECT count(*) > 500 FROM many WHERE jurisdiction.is_sealed_anew(secret)'), 't', 'batches are committed');
$locker->query("UPDATE many SET secret = jurisdiction.seal('written meanwhile', 'DE') WHERE id = 1600; COMMIT;");
$resealer->query('SELECT 1;');
is(rows_as($node, 'keeper', 'SELECT count(*) FROM jurisdiction.reseal_progress'), 0, 'and is gone at the end');
is(rows_as($node, 'reader', 'SELECT count(*) FROM many WHERE jurisdiction.is_sealed_anew(secret)'), 2000, 'every value is sealed anew');
is(rows_as($node, 'reader', q{SELECT count(*), max(jurisdiction.unseal(secret)) FROM many
	WHERE jurisdiction.unseal(secret) IN ('value ' || id, 'written meanwhile')}), '2000|written meanwhile', 'and none is lost');
$_->quit foreach ($locker, $resealer);

# interrupted, and called again: what is done is done, and the rest follows
is(officer(q{SELECT jurisdiction.rotate_key('DE')}), '', 'the key is rotated before an interrupted reseal');
foreach my $end ('terminated', 'the server crashes')
{
	$locker = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'reader' ]);
	$locker->query('BEGIN; UPDATE many SET id = id WHERE id = 1500;');
	$resealer = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'reader' ]);
	$resealer->query_until(qr/starts/, "\\echo starts\nCALL jurisdiction.reseal('many', 'secret', 100);\n");
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE NOT granted}), "$end: it waits in the middle");
	if ($end eq 'terminated') { $node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM jurisdiction.reseal_progress}); }
	else { $node->stop('immediate'); $node->start; }
	eval { $_->quit } foreach ($resealer, $locker);
	is(rows_as($node, 'reader', q{SELECT count(*) > 0 AND count(*) < 2000, count(*) FILTER (WHERE jurisdiction.unseal(secret) IN ('value ' || id, 'written meanwhile')) = count(*)
		FROM many WHERE jurisdiction.is_sealed_anew(secret)}), 't|t', "$end: some are sealed anew, and open");
	is(rows_as($node, 'reader', q{SELECT count(*) FROM many WHERE jurisdiction.unseal(secret) IN ('value ' || id, 'written meanwhile')}), 2000, "$end: none is lost");
	is(rows_as($node, 'reader', 'SELECT count(*) FROM jurisdiction.reseal_progress'), 0, "$end: no progress is left behind");
}
is(state_as($node, 'reader', "CALL jurisdiction.reseal('many', 'secret')"), '', 'called again');
is(rows_as($node, 'reader', q{SELECT count(*) FROM many WHERE jurisdiction.is_sealed_anew(secret) AND jurisdiction.unseal(secret) IN ('value ' || id, 'written meanwhile')}), 2000, 'it does the rest');

# a session forgets its keys by itself, also when it was idle or had an error
$node->append_conf('postgresql.conf', 'jurisdiction.key_cache_seconds = 1');
$node->reload;
my $idle = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'reader' ]);
$idle->query('SELECT jurisdiction.unseal(secret) FROM kept WHERE id = 1;');
$idle->query('SELECT 1 / 0;');
rename "$dir/keys", "$dir/hidden";
sleep 2;
$idle->{stderr} = '';
is($idle->query('SELECT jurisdiction.unseal(secret) FROM kept WHERE id = 1;'), '', 'after a second a session has no key left');
like($idle->{stderr}, qr/custodian "file:DE" of DE could not unwrap key 1/, 'and asks for it again');
rename "$dir/hidden", "$dir/keys";
is($idle->query('SELECT jurisdiction.unseal(secret) FROM kept WHERE id = 1;'), 'written in confidence', 'which it then has');
$idle->quit;

# errors that quote what was opened reach the session, and not the log
sub quoting { return rows_as($node, 'reader', $_[0]); }
like(quoting('SELECT jurisdiction.unseal(secret)::int FROM kept WHERE id = 1'), qr/invalid input.*written in confidence/, 'an error quotes the value to the session');
like(quoting(q{BEGIN; DO $$ DECLARE v text; BEGIN SELECT jurisdiction.unseal(secret) INTO v FROM kept WHERE id = 1;
	EXECUTE 'SELECT 1 AS ' || quote_ident(v) || ', nothing'; END $$}), qr/written in confidence/, 'also from within');
like(quoting(q{BEGIN; SELECT jurisdiction.unseal(secret) FROM kept WHERE id = 1; DO $$ DECLARE v text := (SELECT jurisdiction.unseal(secret) FROM kept WHERE id = 1);
	BEGIN EXECUTE format('DO %L', format('BEGIN RAISE WARNING %L; END', v)); END $$}),
	qr/./, 'and later in the transaction');
like(quoting('SELECT 1 AS "not confidential" WHERE nothing'), qr/column "nothing" does not exist/, 'one that opens nothing');
like(quoting(q{SELECT 'neither'::int}), qr/neither/, 'nor does this');
my $text = slurp_file($node->logfile);
like($text, qr/LOG:  ERROR 22P02\n.*DETAIL:  Its text is left out/, 'the log has its SQLSTATE');
like($text, qr/STATEMENT:  SELECT jurisdiction.unseal\(secret\)::int/, 'and the statement');
like($text, qr/LOG:  WARNING 01000/, 'of warnings too');
unlike($text, qr/written in confidence/, 'and nothing of the value');
like($text, qr/ERROR:  column "nothing" does not exist/, 'errors of other transactions are logged as ever');
like($text, qr/ERROR:  invalid input syntax for type integer: "neither"/, 'whatever they quote');

# neither plaintext nor key was written anywhere by the server
my $log = slurp_file($node->logfile);
unlike($log, qr/written in confidence/, 'no plaintext in the log');
foreach my $place (keys %key)
{
	my $hex = substr($key{$place}, 5);
	unlike($log, qr/\Q$hex/i, "no key of $place in the log");
}
my $data = $node->data_dir;
$node->stop;
my ($grep) = run_command([ 'grep', '-rl', 'written in confidence', "$data/base", "$data/pg_wal" ]);
is($grep, '', 'no plaintext in the tables or in the write-ahead log');

done_testing();
