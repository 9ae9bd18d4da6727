# Nothing that rests on rows of a tagged table leaves before the evidence log
# has the statement: the process that writes the log is stopped, and all that
# the server sends meanwhile is looked at.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Evidence;
use Jurisdiction;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use Wire;

my $me = getpwuid($<);
my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $node = new_server('release', conf => qq{
jurisdiction.key_directory = '$dir/keys'
restart_after_crash = on
jurisdiction.evidence_timeout = '20s'
jurisdiction.allowed_libraries = 'postgres_fdw'
log_min_messages = warning
});
make_clinic($node);
my $log = log_dir($node);
my $canary = qr/gout|measles/;

my $sealer = sealer_pid($node);

# records of APPLICATION in the log, in order
sub records
{
	my ($application) = @_;

	is(state_as($node, 'officer', 'SELECT jurisdiction.checkpoint()'), '', 'checkpoint') or return ();
	return grep { ($_->{application} // '') eq $application && $_->{event} ne 'evidence' } events($log);
}

# how often the label was asked about, over all parts
sub counted
{
	my ($label, $what, @records) = @_;
	my $sum = 0;

	foreach my $record (@records)
	{
		$sum += $_->{$what} // 0 foreach grep { $_->{label} eq $label } @{ $record->{decisions} // [] };
	}
	return $sum;
}

my $number = 0;

# what SESSION's requests bring: nothing while the log stands still, then WANTED,
# and at least one record
sub withheld
{
	my ($name, $session, $wanted, @ready) = @_;
	my $requests = $session->{out};
	my ($before, @messages);

	$session->{out} = '';
	$session->run("SET application_name = 'case " . ++$number . "'");
	$session->forget->{out} = $requests;
	kill 'STOP', $sealer;
	$session->send;
	$before = $session->listen(0.3);
	kill 'CONT', $sealer;
	@messages = $session->until('Z', 10);
	unlike($before, $canary, "$name: nothing leaves");
	like($session->{raw}, $wanted, "$name: it comes when the log has it");
	return @messages;
}

# -------------------------------------------------------------- what is there

my $anna = Wire->connect($node, 'anna');
my $officer = Wire->connect($node, 'officer');

$node->safe_psql('postgres', 'GRANT CREATE ON SCHEMA public TO anna');
is($officer->run(q{SELECT jurisdiction.create_key('DE')}), '', 'a key');
foreach my $sql (
	q{CREATE TABLE large (id int, residency jurisdiction.label NOT NULL, t text)},
	q{SECURITY LABEL FOR jurisdiction ON COLUMN large.residency IS 'rows'},
	q{INSERT INTO large SELECT i, 'DE', repeat('x', 500) FROM generate_series(1, 20000) i},
	q{CREATE TABLE second (id int, residency jurisdiction.label NOT NULL, t text)},
	q{SECURITY LABEL FOR jurisdiction ON COLUMN second.residency IS 'rows'},
	q{INSERT INTO second VALUES (1, 'DE/health', 'second')},
	q{CREATE TABLE plain AS SELECT i FROM generate_series(1, 20000) i},
	q{ANALYZE large, plain})
{
	is($anna->run($sql), '', substr($sql, 0, 40));
}

# gout() in kinds of functions: what it does with the value it has read
sub gout
{
	my ($name, $does, $kind, $arguments) = @_;

	is($anna->run("CREATE FUNCTION $name(" . ($arguments // '') . ") RETURNS text $kind LANGUAGE plpgsql AS \$\$
		DECLARE d text; BEGIN SELECT diagnosis INTO d FROM patient WHERE id = 2; $does RETURN d; END\$\$"), '', "function $name");
	return;
}

gout('says', q{RAISE NOTICE '%', d;}, 'VOLATILE');
gout('says_when_planned', q{RAISE NOTICE '%', d;}, 'IMMUTABLE');
gout('fails', q{RAISE EXCEPTION '%', d;}, 'VOLATILE');
gout('fails_when_planned', q{RAISE EXCEPTION '%', d;}, 'IMMUTABLE');
gout('fails_like_the_log', q{RAISE EXCEPTION USING ERRCODE = '58030', MESSAGE = d, DETAIL = d;}, 'VOLATILE');
gout('catches', q{BEGIN RAISE NOTICE '%', d; EXCEPTION WHEN OTHERS THEN NULL; END; RAISE EXCEPTION '%', d;}, 'VOLATILE');
gout('returns', '', 'VOLATILE');
gout('seldom', q{IF i % 400 <> 0 THEN RETURN NULL; END IF;}, 'STABLE PARALLEL SAFE', 'i int');
gout('says_in_worker', q{IF i = 7000 THEN RAISE NOTICE '%', d; END IF; RETURN 'none';}, 'STABLE PARALLEL SAFE', 'i int');
is($anna->run(q{CREATE FUNCTION late(i int) RETURNS text LANGUAGE plpgsql AS
	$$BEGIN IF i > 5000 THEN RETURN (SELECT t FROM second); END IF; RETURN 'no'; END$$}), '', 'function late');
is($anna->run(q{CREATE FUNCTION ends(i int) RETURNS int PARALLEL SAFE LANGUAGE plpgsql AS
	$$BEGIN IF i > 19990 THEN RAISE EXCEPTION 'ended'; END IF; RETURN i; END$$}), '', 'function ends');
is($anna->run(q{CREATE DOMAIN told AS text CHECK (says() = 'gout')}), '', 'a domain');
is($anna->run(q{CREATE PROCEDURE goes_on() LANGUAGE plpgsql AS $$DECLARE d text; BEGIN
	SELECT diagnosis INTO d FROM patient WHERE id = 2; COMMIT; RAISE NOTICE '%', d; ROLLBACK; RAISE INFO '%', d; END$$}), '', 'a procedure');
is($anna->run(q{PREPARE prepared AS SELECT * FROM patient}), '', 'a prepared statement');

# ------------------------------------------------- each way out, log stopped

withheld('a query', $anna->query('SELECT * FROM patient'), $canary);
withheld('more than the buffer holds', $anna->query('SELECT p.* FROM patient p, generate_series(1, 30000)'), $canary);
withheld('a row larger than what is held back', $anna->query(q{SELECT repeat(diagnosis, 50000) FROM patient}), $canary);
# what comes slowly is not kept from the client until there is a lot of it
my $slow = q{SELECT repeat(diagnosis, 200), pg_sleep(0.1) FROM patient, generate_series(1, 15)};
withheld('a slow query', $anna->query($slow), $canary);
my $first = $anna->forget->query($slow)->send->listen(2.5);
like($first, $canary, 'a slow query: its first rows do not wait for its last');
unlike($first, qr/SELECT 45/, 'a slow query: which has not come yet');
$anna->until('Z', 10);

withheld('row limits and Flush', $anna->parse('SELECT * FROM patient, generate_series(1, 100)')->bind('', 'p')
	->execute(1, 'p')->execute(200, 'p')->flush->execute(0, 'p')->sync, $canary);
$anna->parse('SELECT 1')->bind('', '')->execute foreach 1 .. 1000;
withheld('a pipeline', $anna->parse('SELECT * FROM patient')->bind('', '')->execute->sync, $canary);
withheld('EXECUTE', $anna->query('EXECUTE prepared'), $canary);
withheld('RETURNING', $anna->query('UPDATE patient SET residency = residency WHERE id = 2 RETURNING *'), $canary);
withheld('a held cursor', $anna->query('DECLARE h CURSOR WITH HOLD FOR SELECT * FROM patient; FETCH ALL FROM h; CLOSE h'), $canary);
is($anna->run('DECLARE stored CURSOR WITH HOLD FOR SELECT * FROM patient'), '', 'a cursor WITH HOLD');
withheld('a held cursor by its name', $anna->execute(0, 'stored')->sync, $canary);
is($anna->run(q{CREATE FUNCTION opens() RETURNS text LANGUAGE plpgsql AS $$BEGIN
	EXECUTE 'DECLARE stored CURSOR WITH HOLD FOR SELECT * FROM patient'; RETURN 'opened'; END$$}), '', 'function opens');
my $late = Wire->connect($node, 'anna');
is($late->run('SELECT opens()'), '', 'a cursor WITH HOLD, opened while rows are sent');
withheld('such a cursor by its name', $late->execute(0, 'stored')->sync, $canary);
withheld('COPY', $anna->query('COPY (SELECT * FROM patient) TO STDOUT'), $canary);
withheld('COPY of a backup', Wire->connect($node, 'keeper')->query('COPY patient TO STDOUT'), $canary);
withheld('NOTICE', $anna->query('SELECT says()'), $canary);
withheld('NOTICE from DO', $anna->query('DO $$BEGIN PERFORM says(); END$$'), $canary);
withheld('NOTICE while planning', $anna->query('SELECT says_when_planned()'), $canary);
withheld('NOTICE at Bind', $anna->parse('SELECT says_when_planned()')->bind('', '')->sync, $canary);
my @bound = records("case $number");
is($bound[-1]{outcome}, 'completed', 'NOTICE at Bind: what never runs has an end');
is($bound[0]{command}, 'SELECT', 'NOTICE at Bind: and a name');
withheld('NOTICE of EXPLAIN', $anna->query('EXPLAIN SELECT says_when_planned()'), $canary);
withheld('NOTICE of a parameter', $anna->parse('SELECT $1::told')->bind('', '', 'gout')->execute->sync, $canary);
withheld('ERROR', $anna->query('SELECT fails()'), $canary);
withheld('ERROR while planning', $anna->query('SELECT fails_when_planned()'), $canary);
withheld('ERROR of a cast', $anna->query('SELECT diagnosis::int FROM patient WHERE id = 2'), $canary);
withheld('a procedure', $anna->query('CALL goes_on()'), $canary);
my $oid = $node->safe_psql('postgres', q{SELECT 'returns()'::regprocedure::oid});
withheld('fastpath', $anna->call($oid), $canary);
is($anna->run(q{SELECT 'sealed:' || jurisdiction.seal(repeat('gout ', 4000), 'DE')::text}), '', 'a value is sealed');
my ($sealed) = $anna->{raw} =~ /sealed:([^\0]+?)C\0/;
$oid = $node->safe_psql('postgres', q{SELECT 'jurisdiction.unseal(jurisdiction.sealed)'::regprocedure::oid});
withheld('fastpath unseals', $anna->call($oid, $sealed), $canary);
is(counted('DE', 'rows', records("case $number")), 1, 'fastpath unseals: there is a record');

# a foreign table: a sequence there tells at once that a row has come
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
$node->safe_psql('elsewhere', q{CREATE TABLE told (d text); CREATE SEQUENCE arrived; GRANT ALL ON told, arrived TO visitor;
	CREATE FUNCTION arrive() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('public.arrived'); RETURN NEW; END$$;
	CREATE TRIGGER arrive BEFORE INSERT ON told FOR EACH ROW EXECUTE FUNCTION arrive()});
my $far = 'host \'' . $node->host . '\', port \'' . $node->port . '\', dbname \'elsewhere\'';
$node->safe_psql('postgres', qq{CREATE EXTENSION postgres_fdw;
	CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS ($far);
	CREATE USER MAPPING FOR anna SERVER elsewhere OPTIONS (user 'visitor', password_required 'false');
	CREATE FOREIGN TABLE told_there (d text) SERVER elsewhere OPTIONS (table_name 'told');
	GRANT ALL ON told_there TO anna});
is($officer->run(q{SECURITY LABEL FOR jurisdiction ON FOREIGN TABLE told_there IS 'to DE'}), '', 'it is in Germany');
sub arrived { return $node->safe_psql('elsewhere', 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM arrived'); }
# the table is tagged, so there is a record before anything is sent; then the log stands still
sub send_abroad
{
	my ($what) = @_;

	$anna->forget->query("INSERT INTO told_there SELECT CASE WHEN pg_sleep(1) IS NOT NULL THEN $what END")->send->listen(0.5);
	kill 'STOP', $sealer;
	$anna->listen(1.5);
	my $arrived = arrived();
	kill 'CONT', $sealer;
	$anna->until('Z', 10);
	return $arrived;
}
is(send_abroad(q{'nothing read'}), 1, 'a foreign table: what rests on no row goes');
is(send_abroad('returns()'), 1, 'a foreign table: what a function has read does not');
is(arrived(), 2, 'before the log has it');

is($anna->run(q{CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM says(); RETURN NULL; END$$;
	CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON plain DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION at_commit()}), '', 'a trigger at COMMIT');
withheld('NOTICE at COMMIT', $anna->query('BEGIN; INSERT INTO plain VALUES (0); COMMIT'), $canary);
withheld('many statements in one', $anna->query('SELECT * FROM patient;' . 'SELECT 1;' x 3000 . 'SELECT * FROM patient'), $canary);
withheld('rows of COPY FROM', $anna->query('COPY patient FROM STDIN')->add('d', "2\tDE\tnone\n")->add('c', ''), qr/C23505/);
is((grep { $_->{event} eq 'statement' } records("case $number"))[-1]{outcome}, 'failed', 'rows of COPY FROM: the log has the failure');
is($anna->run('DELETE FROM plain WHERE i = 0'), '', 'the row goes');

# where nothing is tagged
$node->safe_psql('postgres', 'CREATE DATABASE bare');
$node->safe_psql('bare', 'CREATE EXTENSION jurisdiction; CREATE TABLE sealed (v jurisdiction.sealed); GRANT ALL ON sealed TO anna');
my $bare_officer = Wire->connect($node, 'officer', database => 'bare');
my $bare = Wire->connect($node, 'anna', database => 'bare');
is($bare_officer->run(q{SELECT jurisdiction.create_key('DE')}), '', 'bare: a key');
is($bare->run(q{INSERT INTO sealed SELECT jurisdiction.seal('gout', 'DE') FROM generate_series(1, 5000)}), '', 'bare: sealed values');
withheld('COPY of sealed values', $bare->query('COPY (SELECT jurisdiction.unseal(v) FROM sealed) TO STDOUT'), $canary);
withheld('sealed values', $bare->query('SELECT jurisdiction.unseal(v) FROM sealed'), $canary);

# what goes to a file or a program is no message to the client
$node->safe_psql('postgres', 'GRANT pg_write_server_files, pg_execute_server_program TO anna');
my $keeper = Wire->connect($node, 'keeper');
my $files = 0;
foreach my $way ([ 'sealed values', $bare, 'SELECT jurisdiction.unseal(v) FROM sealed' ],
	[ 'a backup', $keeper, 'SELECT p.* FROM patient p, generate_series(1, 2000)' ],
	[ 'a query', $anna, 'SELECT p.* FROM patient p, generate_series(1, 2000)' ])
{
	my ($what, $session, $sql) = @$way;

	foreach my $to ('file', 'program')
	{
		my $path = "$dir/out" . ++$files;

		next if $what ne 'a backup' && $to eq 'program';
		kill 'STOP', $sealer;
		$session->forget->query("COPY ($sql) TO " . ($to eq 'file' ? "'$path'" : "PROGRAM 'cat > $path'"))->send->listen(0.5);
		is(-s $path // 0, 0, "$what to a $to: nothing leaves");
		kill 'CONT', $sealer;
		$session->until('Z', 10);
		cmp_ok(-s $path // 0, '>', 5000, "$what to a $to: it comes when the log has it");
	}
}
# a program may send it anywhere: that is decided where nothing is tagged, too
is($bare->run(q{INSERT INTO sealed SELECT jurisdiction.seal('gout', 'DE>*') FROM generate_series(1, 5000)}), '', 'bare: more sealed values');
foreach my $case ([ 'DE', 0 ], [ 'DE>*', 1 ])
{
	my ($label, $leaves) = @$case;
	my $path = "$dir/out" . ++$files;
	my $error = $bare->run("COPY (SELECT jurisdiction.unseal(v) FROM sealed WHERE jurisdiction.sealed_label(v) = '$label') TO PROGRAM 'cat > $path'");

	like($error, $leaves ? qr/^$/ : qr/42501/, "sealed values under $label to a program: " . ($leaves ? 'they leave' : 'denied'));
	is(-s $path // 0, $leaves ? 25000 : 0, "sealed values under $label to a program: and do so");
}
is($anna->run(qq{CREATE FUNCTION copies() RETURNS text LANGUAGE plpgsql AS \$\$BEGIN COPY (SELECT 1) TO '$dir/copied'; RETURN 'copied'; END\$\$}), '', 'function copies');
withheld('COPY inside COPY', $anna->query('COPY (SELECT copies(), diagnosis FROM patient) TO STDOUT'), qr/copied\tgout.*COPY 3/s);

# ------------------------------------------------------------------- workers

foreach my $sql ('SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0',
	'SET min_parallel_table_scan_size = 0', 'SET max_parallel_workers_per_gather = 2',
	'SET parallel_leader_participation = off')
{
	is($anna->run($sql), '', $sql);
}
withheld('a function in a worker', $anna->query('SELECT seldom(i) FROM plain'), $canary);
my @told = records("case $number");
is(scalar(grep { !$_->{id} } @told), 0, 'a function in a worker: records know their statement');
is((grep { exists $_->{outcome} } @told)[-1]{outcome}, 'completed', 'a function in a worker: which has an end');
is((grep { $_->{tables} } @told)[0]{tables}[0], 'public.patient', 'a function in a worker: and a table');
is(counted('DE:confidential/health', 'rows', @told), 20000, 'a function in a worker: rows are counted');
withheld('an aggregate of workers', $anna->query('SELECT max(seldom(i)) FROM plain'), $canary);
withheld('NOTICE of a worker', $anna->query('SELECT max(says_in_worker(i)) FROM plain'), $canary);

sub record_of
{
	my ($sql, $state) = @_;

	is($anna->run("SET application_name = 'case " . ++$number . "'"), '', $sql);
	is($anna->run($sql), $state // '', "$sql: as it should end");
	return records("case $number");
}

@told = record_of('SELECT max(i) FROM plain');
is(scalar @told, 0, 'untagged: no record');
@told = record_of('SELECT max(ends(id)) FROM large', 'P0001');
cmp_ok(counted('DE', 'rows', @told), '>', 10, 'a worker fails: what it has read is counted');
@told = record_of('SELECT count(*) FROM large');
is(counted('DE', 'rows', @told), 20000, 'workers: counts are exact');
is($anna->run('SET max_parallel_workers_per_gather = 0'), '', 'no workers');

# ------------------------------------------------------------------- records

@told = record_of('SELECT late(id) FROM large');
is($told[0]{tables}[0], 'public.large', 'a second table: the first is told of');
is($told[1]{tables}[0], 'public.second', 'a second table: the second before its rows leave');
is($told[1]{outcome}, 'running', 'a second table: and not at the end');
is($told[-1]{rows} + ($told[1]{rows} // 0), 20000, 'a second table: rows sent');
is((record_of('UPDATE patient SET residency = residency WHERE id <= 2 RETURNING id'))[0]{rows}, 2, 'RETURNING: rows sent');
is((record_of('EXECUTE prepared'))[0]{rows}, 3, 'EXECUTE: rows sent');
is((record_of('WITH u AS (UPDATE patient SET residency = residency WHERE id <= 2 RETURNING *) SELECT * FROM u'))[0]{rows}, 2,
	'RETURNING in WITH: rows sent');
@told = record_of('BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT * FROM patient; FETCH 1 FROM held; COMMIT; FETCH 2 FROM held; MOVE ABSOLUTE 0 IN held; CLOSE held');
is(join(' ', map { "$_->{command}:" . ($_->{rows} // '') . ":@{ $_->{tables} }" } @told),
	'FETCH:1:public.patient SELECT::public.patient FETCH:2:public.patient', 'a held cursor: rows are sent when they are fetched');

# likewise by Execute of the protocol, which is no statement to the server
is($anna->run('CLOSE stored; DECLARE stored CURSOR WITH HOLD FOR SELECT * FROM patient; DECLARE other CURSOR WITH HOLD FOR SELECT 1'), '', 'stored rows');
is($anna->run("SET application_name = 'case " . ++$number . "'"), '', 'Execute of a held cursor');
$anna->forget->execute(1, 'stored')->execute(0, 'stored')->execute(0, 'other')->sync->send->until('Z', 10);
like($anna->{raw}, $canary, 'Execute of a held cursor: it sends rows');
@told = records("case $number");
is(join(' ', map { "$_->{command}:$_->{outcome}:" . ($_->{rows} // '') } @told),
	'FETCH:running: FETCH:completed:1 FETCH:running: FETCH:completed:2', 'Execute of a held cursor: each is recorded');
is(join(' ', map { @{ $_->{tables} // [] } } @told), 'public.patient public.patient', 'Execute of a held cursor: with its table');
foreach my $case ([ 'the same clearance', 'confidential/health', 1 ], [ 'less clearance', 'internal', 0 ])
{
	my ($what, $clearance, $leaves) = @$case;

	is($anna->run('CLOSE ALL; DECLARE stored CURSOR WITH HOLD FOR SELECT * FROM patient'), '', 'stored rows');
	is($officer->run("SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared $clearance'"), '', "anna gets $what");
	$anna->forget->execute(0, 'stored')->sync->send->until('Z', 10);
	$leaves ? like($anna->{raw}, $canary, "Execute with $what: rows come") :
	  unlike($anna->{raw}, $canary, "Execute with $what: no row comes");
	like($anna->{raw}, qr/C42501/, "Execute with $what: it is refused") unless $leaves;
}
is($officer->run(q{SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared confidential/health'}), '', 'anna is cleared again');

# who it is, in the middle of a statement
$node->safe_psql('postgres', 'ALTER ROLE officer SUPERUSER; ALTER ROLE visitor NOINHERIT');
is($officer->run('GRANT anna, ben TO visitor'), '', 'visitor may be anna or ben');
$node->safe_psql('postgres', 'ALTER ROLE officer NOSUPERUSER');
my $visitor = Wire->connect($node, 'visitor', application_name => 'switches');
is($visitor->run('DO $$BEGIN SET LOCAL ROLE anna; PERFORM * FROM patient; SET LOCAL ROLE ben; PERFORM * FROM patient;
	PERFORM * FROM patient; END$$'), '', 'SET ROLE in a function');
@told = records('switches');
is(join(' ', map { "$_->{role}:@{ $_->{places} // ['?'] }:@{ $_->{tables} }:$_->{outcome}" } @told),
	'anna:DE:public.patient:running ben:US:public.patient:completed', 'SET ROLE in a function: to each what is his');
is(counted('US', 'rows', $told[1]), 2, 'SET ROLE in a function: with its counts');
is(counted('US', 'rows', $told[0]), 1, 'SET ROLE in a function: and those before');
is($anna->run("SET application_name = 'renames'"), '', 'another name');
is($anna->run(q{DO $$BEGIN INSERT INTO patient VALUES (60, 'DE', 'x'); PERFORM set_config('application_name', 'renamed', false);
	INSERT INTO patient VALUES (61, 'DE', 'x'); PERFORM set_config('application_name', 'renames', false);
	INSERT INTO patient VALUES (62, 'DE', 'x'); END$$}), '', 'a name that changes between writes');
@told = sort { ($a->{part} // 0) <=> ($b->{part} // 0) } records('renames'), records('renamed');
is(join(' ', map { "$_->{application}:" . counted('DE', 'rows', $_) } @told), 'renames:2 renamed:2 renames:2',
	'a name that changes: each write is told of once, as stored and as written');
is($anna->run('DELETE FROM patient WHERE id IN (60, 61, 62)'), '', 'the rows go');
my $super = Wire->connect($node, $me, application_name => 'as anna');
is($super->run('SET SESSION AUTHORIZATION anna'), '', 'SET SESSION AUTHORIZATION');
is($super->run('SELECT * FROM patient'), '', 'SET SESSION AUTHORIZATION: a query');
@told = records('as anna');
is("$told[0]{user} $told[0]{login}", "anna $me", 'SET SESSION AUTHORIZATION: who logged in is told');
ok(!exists((record_of('SELECT * FROM patient'))[0]{login}), 'who logged in as the user is not told of twice');

@told = record_of(q{BEGIN; SAVEPOINT s; INSERT INTO patient VALUES (50, 'DE', 'x'); ROLLBACK TO s; COMMIT});
is(join(' ', map { $_->{event} } @told), 'statement rollback', 'ROLLBACK TO after a write: a record');
is($told[1]{detail}, 'to a savepoint', 'which says how far');
@told = record_of(q{BEGIN; SAVEPOINT s; INSERT INTO patient VALUES (50, 'DE', 'x'); RELEASE s; COMMIT; DELETE FROM patient WHERE id = 50});
is(join(' ', map { $_->{event} } @told), 'statement statement', 'RELEASE after a write: none');
@told = record_of(q{BEGIN; SAVEPOINT s; SELECT count(*) FROM patient; ROLLBACK TO s; COMMIT});
is(join(' ', map { $_->{event} } @told), 'statement', 'ROLLBACK TO without a write: none');
@told = record_of(q{BEGIN; SAVEPOINT s; INSERT INTO patient VALUES (51, 'DE', 'x'); RELEASE s; ROLLBACK});
is(join(' ', map { $_->{event} } @told), 'statement rollback', 'ROLLBACK after RELEASE: a record');
@told = record_of('DO $$BEGIN BEGIN PERFORM * FROM large LIMIT 10; PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN NULL; END; END$$');
is(counted('DE', 'rows', @told), 10, 'what was read in a block that failed is counted');

# ------------------------------------------------------ the log does not come back

$node->append_conf('postgresql.conf', q{jurisdiction.evidence_timeout = '700ms'});
$node->reload;
ok($node->poll_query_until('postgres', q{SELECT setting = '700' FROM pg_settings WHERE name = 'jurisdiction.evidence_timeout'}), 'a short timeout');

# nothing but the log's own error, within TIMES timeouts; and how it ended
sub lost
{
	my ($name, $times, $sql, $outcome) = @_;
	my ($begin, $took, @told);

	is($anna->run("SET application_name = 'case " . ++$number . "'"), '', $name);
	kill 'STOP', $sealer;
	$begin = time;
	is($anna->run($sql), '58030', "$name: fails");
	$took = time - $begin;
	kill 'CONT', $sealer;
	unlike($anna->{raw}, $canary, "$name: nothing leaves");
	cmp_ok($took, '<', 0.7 * $times + 0.6, "$name: who waited in vain waits no more");
	@told = records("case $number");
	is((grep { $_->{event} eq 'statement' } @told)[-1]{outcome}, 'failed', "$name: the log hears that it failed");
	return @told;
}

lost('rows', 1, 'SELECT * FROM patient');
lost('an error', 1, 'SELECT fails()');
lost('an error that looks like the log\'s', 1, 'SELECT fails_like_the_log()');
lost('an error after one that was caught', 1, 'SELECT catches()');
@told = lost('a write', 1, q{INSERT INTO patient VALUES (52, 'DE', 'x')});
is($told[-1]{event}, 'rollback', 'a write: which was undone');
is($anna->run('SELECT * FROM patient'), '', 'and then it goes on');

# what was read, kept where no error takes it back
my $keep = 'DO $$BEGIN EXECUTE format(\'PREPARE %I AS SELECT 1\', returns()); END$$';
my $kept = 'SELECT name FROM pg_prepared_statements';
lost('kept in a name', 1, $keep);
is($anna->run($kept), '', 'kept in a name: it leaves when the log has it');
like($anna->{raw}, $canary, 'kept in a name: and is there');
is($anna->run('DEALLOCATE ALL'), '', 'kept in a name: it goes');
kill 'STOP', $sealer;
is($anna->run($keep), '58030', 'kept in a name: again');
is($anna->run($kept), '58030', 'kept in a name: not while the log stands still');
unlike($anna->{raw}, $canary, 'kept in a name: nothing leaves');
is($officer->run('SELECT 1'), '', 'kept in a name: others go on');
is($anna->run('DO $$BEGIN EXECUTE format(\'PREPARE described AS SELECT 1 AS %I\', returns()); END$$'), '58030', 'kept in a column name');
# as a statement, and as a portal of it
foreach my $of ([ 'statement', "Sdescribed\0" ], [ 'portal', "Pp\0" ])
{
	$anna->bind('described', 'p') if $of->[0] eq 'portal';
	$anna->forget->add('D', $of->[1])->sync->send;
	$anna->until('Z', 10);
	like($anna->{raw}, qr/C58030/, "kept in a column name: no $of->[0] is described");
	unlike($anna->{raw}, $canary, "kept in a column name: nothing leaves of the $of->[0]");
}
kill 'CONT', $sealer;
$anna->forget->add('D', "Sdescribed\0")->sync->send;
$anna->until('Z', 10);
like($anna->{raw}, $canary, 'kept in a column name: it leaves when the log has it');
$anna->forget->query('SELECT late(id), CASE WHEN id IN (3, 700) THEN says() END FROM large')->send;
is($anna->rows($anna->until('Z', 20)), 20000, 'kept in a column name: rows go as ever');
is($anna->run('DEALLOCATE ALL'), '', 'kept in a name: it goes on');

# what did not come in time, and then came: an error of later is told as it is
is($anna->run(q{CREATE FUNCTION waits(i int) RETURNS int LANGUAGE plpgsql AS $$BEGIN
	IF i = 1 THEN BEGIN PERFORM says(); EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM pg_sleep(1); END IF;
	RETURN 1 / (400 - i); END$$}), '', 'function waits');
kill 'STOP', $sealer;
$anna->forget->query('SELECT waits(i) FROM generate_series(1, 500) i')->send->listen(1.2);
kill 'CONT', $sealer;
my @late = $anna->until('Z', 10);
is($anna->rows(@late), 399, 'in vain, and then not: rows go');
like($anna->{raw}, qr/C22012/, 'in vain, and then not: why it fails is told');

# FATAL, with the text of a statement in its CONTEXT
my $dies = Wire->connect($node, 'anna', application_name => 'dies');
kill 'STOP', $sealer;
$dies->query('DO $$BEGIN EXECUTE format(\'SELECT pg_terminate_backend(pg_backend_pid()), %L, pg_sleep(9)\', returns()); END$$')->send;
$dies->until('Z', 15);
kill 'CONT', $sealer;
like($dies->{raw}, qr/SFATAL.*C58030/s, 'FATAL: the session ends');
unlike($dies->{raw}, $canary, 'FATAL: nothing leaves');
@told = records('dies');
is($told[-1]{outcome}, 'unknown', 'FATAL: the log has it');

# a log that is known not to be written: nothing is read at all
rename($log, "$log.away") or die "rename: $!";
my $tries = 0;
sleep 0.2 until $officer->run('SELECT jurisdiction.checkpoint()') || $tries++ > 100;
is($anna->run("SET application_name = 'trouble'"), '', 'trouble: what reads nothing goes on');
foreach my $sql ('SELECT * FROM patient', $keep,
	'DO $$BEGIN BEGIN PERFORM says(); EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM says(); END$$',
	'DO $$BEGIN BEGIN PERFORM says(); EXCEPTION WHEN OTHERS THEN NULL; END; BEGIN PERFORM says(); EXCEPTION WHEN OTHERS THEN NULL; END; END$$')
{
	is($anna->run($sql), '58030', "trouble: $sql");
	unlike($anna->{raw}, $canary, 'trouble: nothing leaves');
	is($anna->run($kept), '', 'trouble: and the session goes on');
	unlike($anna->{raw}, $canary, 'trouble: nothing was kept');
}
rename("$log.away", $log) or die "rename: $!";
$tries = 0;
sleep 0.2 while $anna->run('SELECT * FROM patient') && $tries++ < 100;
@told = records('trouble');
is(scalar(grep { $_->{outcome} eq 'failed' && ($_->{tables} // [''])->[0] ne 'public.patient' } @told), 0,
	'trouble: what was tried is told of when it is over');
cmp_ok(scalar(grep { $_->{outcome} eq 'failed' } @told), '>=', 4, 'trouble: all of it');

# cancelled and ended while the log stands still
foreach my $way ('cancel', 'terminate')
{
	my $session = Wire->connect($node, 'anna', application_name => $way);

	$node->append_conf('postgresql.conf', q{jurisdiction.evidence_timeout = '20s'});
	$node->reload;
	ok($node->poll_query_until('postgres', q{SELECT setting = '20000' FROM pg_settings WHERE name = 'jurisdiction.evidence_timeout'}), 'a long timeout');
	kill 'STOP', $sealer;
	$session->query('SELECT * FROM patient')->send->listen(0.3);
	$node->safe_psql('postgres', "SELECT pg_${way}_backend($session->{pid})");
	my $begin = time;
	$session->until('Z', 15);
	cmp_ok(time - $begin, '<', 5, "$way: at once");
	unlike($session->{raw}, $canary, "$way: nothing leaves");
	kill 'CONT', $sealer;
	@told = records($way);
	is($told[-1]{outcome}, $way eq 'cancel' ? 'failed' : 'unknown', "$way: the log has it");
}

# the client goes, or the process is killed, after the first rows
foreach my $way ('close', 'kill')
{
	my $session = Wire->connect($node, 'anna', application_name => $way);
	my @messages;

	$session->query('SELECT * FROM large')->send;
	until ($session->rows(@messages))
	{
		$session->take(1) or last;
		push @messages, $session->messages;
	}
	kill('KILL', $session->{pid}) if $way eq 'kill';
	$session->close if $way eq 'close';
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = '$way'"), "$way: gone");
	@told = records($way);
	is($told[0]{tables}[0], 'public.large', "$way: the log has what was sent");
	cmp_ok(counted('DE', 'rows', @told), '>=', $session->rows(@messages), "$way: and how much") if $way eq 'close';
	cmp_ok($told[-1]{rows}, '>=', $session->rows(@messages), "$way: rows that were sent before the end") if $way eq 'close';
}

# ended: while nothing has come yet, between rows (once the first ones are not
# held back any more), and with part of one huge row on its way
sub ended
{
	my ($name, $sql, $bytes) = @_;
	my $session = Wire->connect($node, 'anna', application_name => $name);

	$session->query($sql)->send;
	if ($bytes)
	{
		1 while length($session->{raw}) < $bytes && $session->take(10);
	}
	else
	{
		ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = '$name' AND wait_event = 'PgSleep' AND query_start < now() - '0.5 s'::interval"), "$name: under way");
	}
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($session->{pid})");
	$session->until('Z', 10);
	@told = records($name);
	is($told[-1]{outcome}, 'unknown', "$name: the log has it");
	return $told[-1]{rows};
}
is(ended('before the first row', 'SELECT pg_sleep(100) FROM patient'), 0, 'before the first row: none was sent');
is(ended('between rows', q{SELECT CASE id WHEN 100 THEN pg_sleep(0.3) WHEN 300 THEN pg_sleep(100) END FROM large}), 300, 'between rows: all that were sent, and one that may have been');
is(ended('a huge row', q{SELECT repeat(diagnosis, 20000000) FROM patient WHERE id = 2}, 100000), 1, 'a huge row: part of it is one');

# an error counts what was sent, to the row
$anna = Wire->connect($node, 'anna');
$anna->run(q{SET application_name = 'fails late'});
is($anna->run('SELECT CASE id WHEN 100 THEN pg_sleep(0.3) END, 1 / (500 - id) FROM large'), '22012', 'an error late');
@told = records('fails late');
is($told[-1]{rows}, 499, 'an error late: the rows before it');
$anna->run(q{SET application_name = 'fails early'});
is($anna->run('SELECT 1 / (5 - id) FROM large'), '22012', 'an error early');
@told = records('fails early');
is($told[-1]{rows}, 0, 'an error early: what was held back did not go');

# what a NOTICE waited for does not overtake nor keep back the rows around it
$anna->forget->query(q{SET client_min_messages = notice; SELECT id, CASE WHEN id IN (3, 70, 5000) THEN says() END FROM large ORDER BY id})->send;
my @both = grep { $_->[0] =~ /[DN]/ } $anna->until('Z', 20);
my @rows = grep { $_->[0] eq 'D' } @both;
is(scalar @rows, 20000, 'rows around a NOTICE: all of them');
is(join(',', map { unpack('x2 N/a', $_->[1]) } @rows), join(',', 1 .. 20000), 'rows around a NOTICE: in order');
is(() = $anna->{raw} =~ /NOTICE/g, 6, 'rows around a NOTICE: each NOTICE');
is(join(',', map { $both[$_][0] eq 'N' ? $_ : () } 0 .. $#both), '2,70,5001', 'rows around a NOTICE: each where it was raised');

verified($log, 'the tree is whole');

done_testing();
