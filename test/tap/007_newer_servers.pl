# What PostgreSQL 16, 17 and 18 have that 15 has not: no statement, function or
# setting of theirs gets around what older servers have.  Values that could
# leave a table by them are in test/leaks.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'PostgreSQL 15 has none of this' if $server_version < 16;

my $node = new_server('newer');
my $chief = getpwuid($<);
make_clinic($node);
sub officer { is(state_as($node, 'officer', $_[0]), '', $_[1] // $_[0]); return; }

# clinic owns the tables and may read some of the rows; dora reads all
$node->safe_psql('postgres', q{
	CREATE ROLE dora LOGIN; GRANT clinic TO dora WITH INHERIT TRUE;
	CREATE ROLE nora; CREATE ROLE eve LOGIN; GRANT nora TO eve WITH INHERIT FALSE});
officer(q{SECURITY LABEL FOR jurisdiction ON ROLE clinic IS 'at DE cleared internal'}, 'the owner reads little');
officer(q{SECURITY LABEL FOR jurisdiction ON ROLE nora IS 'at DE cleared confidential/health'}, 'nora reads all');
officer(q{SECURITY LABEL FOR jurisdiction ON ROLE dora IS 'at DE cleared confidential/health'});
is(state_as($node, 'clinic', q{
	CREATE TABLE ward (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, bed int, name text, stay int4range);
	INSERT INTO ward VALUES (1, 'DE', 1, 'Anna', '[1,2)'), (2, 'DE:confidential/health', 2, 'Bernd', '[1,2)');
	CREATE TABLE plain (id int, name text);
	CREATE TABLE bed (id int PRIMARY KEY);
	INSERT INTO bed VALUES (1), (2);
	GRANT ALL ON ward, plain TO PUBLIC;
	SECURITY LABEL FOR jurisdiction ON COLUMN ward.residency IS 'rows within DE:confidential/health';
	SECURITY LABEL FOR jurisdiction ON COLUMN ward.name IS '/health'}), '', 'a table with a ceiling and a raised column');
is(rows_as($node, 'clinic', 'SELECT count(*) FROM ward'), 1, 'of which its owner reads one row');
is(rows_as($node, 'dora', 'SELECT count(*) FROM ward'), 2, 'and dora both');

# ------------------------------------------------------------------ 16

is(state_as($node, 'anna', 'SELECT count(*) FROM pg_stat_io'), '42501', 'counters of reads are closed');
is(state_as($node, $chief, 'SELECT count(*) FROM pg_stat_io'), '', 'but to who may read all statistics');
my $plan = rows_as($node, 'clinic', 'EXPLAIN (GENERIC_PLAN) SELECT * FROM ward WHERE bed = $1');
like($plan, qr/Scan/, 'a generic plan is shown');
unlike($plan, qr/rows=/, 'without estimates');
like(rows_as($node, 'dora', 'EXPLAIN (GENERIC_PLAN) SELECT * FROM ward WHERE bed = $1'), qr/rows=/, 'with them to who reads all');
is(state_as($node, 'anna', q{COPY ward (id, residency, bed) FROM STDIN (DEFAULT '\D');}), '', 'COPY FROM with defaults, of no rows');

# membership without INHERIT gives no clearance; with it, it does
is(rows_as($node, 'eve', 'SELECT count(*) FROM ward'), 0, 'membership WITH INHERIT FALSE gives nothing');
is(state_as($node, $chief, 'GRANT nora TO eve WITH INHERIT TRUE'), '42501', 'to change that is a grant');
is(rows_as($node, 'eve', 'SET ROLE nora; SELECT count(*) FROM ward'), 2, 'until SET ROLE takes it');

# code that makes json: of a value, by a cast of its type
is(state_as($node, 'clinic', q{
	CREATE TYPE odd AS ENUM ('a', 'b');
	CREATE FUNCTION spell(odd) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN to_json($1::text); END$$;
	CREATE CAST (odd AS json) WITH FUNCTION spell(odd);
	CREATE TABLE odds (id int, residency jurisdiction.label NOT NULL, o odd, j jsonb);
	INSERT INTO odds VALUES (1, 'DE', 'a', '1'), (2, 'DE:confidential/health', 'b', '2');
	SECURITY LABEL FOR jurisdiction ON COLUMN odds.residency IS 'rows'}), '', 'a type with a cast of its own');
is(state_as($node, 'clinic', q{ALTER TABLE odds ADD CHECK (JSON_ARRAY(o) IS NOT NULL) NOT VALID}), '42501',
	'a constructor of json calls casts');
is(state_as($node, 'clinic', q{ALTER TABLE odds ADD CHECK (JSON_ARRAY(id) IS NOT NULL) NOT VALID}), '', 'unless there are none');

# ... or of a type that text names
is(state_as($node, 'clinic', q{
	CREATE FUNCTION small(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
	CREATE DOMAIN few AS int CHECK (small(VALUE))}), '', 'a domain');
is(state_as($node, 'clinic', q{ALTER TABLE odds ADD CHECK (pg_input_is_valid(id::text, 'few')) NOT VALID}), '42501',
	'pg_input_is_valid() runs the CHECKs of domains');
is(state_as($node, 'clinic', q{ALTER TABLE odds ADD CHECK ((pg_input_error_info(id::text, 'few')).message IS NULL) NOT VALID}), '42501',
	'pg_input_error_info() as well');
is(state_as($node, 'clinic', q{ALTER TABLE odds ADD CHECK (id::text::int > 0) NOT VALID}), '', 'a cast of built-in types does not');

# ------------------------------------------------------------------ 17

SKIP:
{
	skip 'since 17', 1 if $server_version < 17;

	# a domain's CHECK is code
	is(state_as($node, 'clinic', q{ALTER TABLE odds ADD CHECK (JSON_VALUE(j, '$' RETURNING few) > 0) NOT VALID}), '42501',
		'a query of json makes values of domains');
	is(state_as($node, 'clinic', q{ALTER TABLE odds ADD CHECK (JSON_VALUE(j, '$' RETURNING int) > 0) NOT VALID}), '',
		'unless of others');
	is(state_as($node, 'dora', q{ALTER TABLE ward ADD CONSTRAINT told CHECK (JSON_VALUE(to_jsonb(bed), '$' RETURNING few) > 0);
		ALTER TABLE ward DROP CONSTRAINT told}), '',
		'who reads all runs what he likes');

	# a generated column computed anew
	is(state_as($node, 'clinic', 'ALTER TABLE ward ADD COLUMN g int GENERATED ALWAYS AS (1) STORED CHECK (g < 2)'), '42501',
		'a generated column that must hold something asks every row');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ADD COLUMN g int GENERATED ALWAYS AS (1) STORED'), '', 'without it does not');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ALTER COLUMN g SET EXPRESSION AS (bed)'), '42501', 'SET EXPRESSION asks');
	is(state_as($node, 'dora', 'ALTER TABLE ward ALTER COLUMN g SET EXPRESSION AS (length(name))'), '', 'who may read all, may');
	like(rows_as($node, 'officer', q{SELECT tag FROM jurisdiction.tag WHERE column_name = 'name'}), qr/health/, 'the raise is there');
	is(rows_as($node, 'clinic', 'SELECT g IS NULL FROM ward'), 't', 'and with it the column is computed from raised values');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ALTER COLUMN g DROP EXPRESSION'), '42501', 'whose values do not stay without it');
	is(state_as($node, 'dora', 'ALTER TABLE ward ALTER COLUMN g DROP EXPRESSION'), '42501', 'whoever asks, it loosens');
	is(state_as($node, 'clinic', q{CREATE TABLE made (id int,
		residency jurisdiction.label NOT NULL GENERATED ALWAYS AS (CASE WHEN id > 1 THEN 'DE:confidential/health'::jurisdiction.label ELSE 'DE'::jurisdiction.label END) STORED);
		INSERT INTO made VALUES (1); SECURITY LABEL FOR jurisdiction ON COLUMN made.residency IS 'rows'}), '', 'a generated row label');
	is(state_as($node, 'clinic', q{ALTER TABLE made ALTER COLUMN residency SET EXPRESSION AS ('DE'::jurisdiction.label)}), '42501',
		'no row is relabelled by SET EXPRESSION');
	is(state_as($node, 'clinic', 'ALTER TABLE made ALTER COLUMN residency DROP EXPRESSION'), '42501', 'nor by DROP EXPRESSION');

	# rows of the target that nothing matches
	is(rows_as($node, 'anna', q{MERGE INTO ward w USING (VALUES (0)) AS s (id) ON w.id = s.id
		WHEN NOT MATCHED BY SOURCE THEN UPDATE SET bed = bed + 10 RETURNING w.id}), "1\n2", 'a reader of all merges all');
	is(rows_as($node, 'clinic', q{MERGE INTO ward w USING (VALUES (0)) AS s (id) ON w.id = s.id
		WHEN NOT MATCHED BY SOURCE THEN UPDATE SET bed = bed - 10 RETURNING w.id}), '1', 'rows that are hidden are not there');
	is(rows_as($node, 'dora', 'SELECT string_agg(bed::text, $$,$$ ORDER BY id) FROM ward'), '1,12', 'and stay as they are');
	is(state_as($node, 'clinic', q{MERGE INTO ward w USING (VALUES (1)) AS s (id) ON w.id = s.id AND w.name = 'Anna'
		WHEN MATCHED THEN DO NOTHING}), '42501', 'a raised column of the target is not tested');
	is(state_as($node, 'anna', q{MERGE INTO ward w USING (VALUES (1)) AS s (id) ON w.id = s.id AND w.name = 'Anna'
		WHEN MATCHED THEN DO NOTHING}), '', 'but by who may read it');
	is(state_as($node, 'anna', q{WITH m AS (MERGE INTO ward w USING (VALUES (1)) AS s (id) ON w.id = s.id
		WHEN MATCHED THEN UPDATE SET bed = 1 RETURNING w.name) INSERT INTO plain SELECT 1, name FROM m}), '42501',
		'what MERGE returns was read');
	is(state_as($node, 'ben', q{MERGE INTO ward w USING (VALUES (9)) AS s (id) ON w.id = s.id
		WHEN NOT MATCHED THEN INSERT (id, residency) VALUES (s.id, 'DE') RETURNING w.id}), '42501', 'a row that may not be written');
	like(message_as($node, 'anna', q{COPY (MERGE INTO ward w USING (VALUES (1)) AS s (id) ON w.id = s.id
		WHEN MATCHED THEN UPDATE SET bed = 1 RETURNING w.name) TO PROGRAM 'cat'}), qr/42501/, 'nor does it leave by COPY');

	# COPY FROM that goes on after an error
	my $load = "COPY ward (id, residency, bed) FROM STDIN (ON_ERROR ignore, LOG_VERBOSITY verbose);\n";
	like(message_as($node, 'anna', $load . "7\tDE\tx\n8\tDE\t8\n\\.\n"), qr/skipped/, 'what is no number is skipped');
	is(rows_as($node, 'anna', 'SELECT id FROM ward WHERE id > 6'), 8, 'and the rest loaded');
	is(state_as($node, 'anna', $load . "10\tDE\tx\n9\tUS\t8\n\\.\n"), '42501', 'a row that may not be written is not');

	# what others than the owner may evaluate
	is(state_as($node, 'dora', q{CREATE FUNCTION shown(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
		$$BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END$$; CREATE INDEX ward_shown ON ward (shown(bed));
		GRANT MAINTAIN ON ward TO visitor, anna}), '', 'an index that runs code of users, made by who reads all');
	is(state_as($node, 'clinic', 'REINDEX INDEX ward_shown'), '42501', 'the owner does not run it again');
	is(state_as($node, 'visitor', $_), '42501', "nor who has MAINTAIN: $_")
	  foreach 'REINDEX INDEX ward_shown', 'REINDEX TABLE ward', 'ANALYZE ward', 'VACUUM FULL ward', 'CLUSTER ward USING ward_pkey';
	is(state_as($node, 'anna', 'ANALYZE ward'), '', 'but if he may read all');
	$node->safe_psql('postgres', 'GRANT pg_maintain TO ben');
	is(state_as($node, 'ben', 'ANALYZE ward'), '42501', 'nor a member of pg_maintain');
	is(state_as($node, 'dora', 'DROP INDEX ward_shown'), '');
	is(state_as($node, 'visitor', 'ANALYZE ward'), '', 'without such code he does');

	# EXPLAIN
	is(state_as($node, 'clinic', 'EXPLAIN (ANALYZE, SERIALIZE) SELECT * FROM ward'), '42501', 'nothing is serialized to be counted');
	unlike(rows_as($node, 'clinic', 'EXPLAIN (MEMORY, COSTS off) SELECT * FROM ward'), qr/Memory/, 'nor is the memory of planning told');
	like(rows_as($node, 'dora', 'EXPLAIN (MEMORY, COSTS off) SELECT * FROM ward'), qr/Memory/, 'but to who reads all');

	# an incremental backup is a backup
	$node->append_conf('postgresql.conf', "summarize_wal = on\nmax_wal_senders = 5\nwal_level = replica");
	$node->restart;
	my $backup = PostgreSQL::Test::Utils::tempdir_short;
	my @backup = ('pg_basebackup', '--no-sync', '-cfast', '-h', $node->host, '-p', $node->port);
	command_ok([ @backup, '-D', "$backup/full", '-U', $chief ], 'a full backup by a role tagged "replicate"');
	command_ok([ @backup, '-D', "$backup/more", '-U', $chief, '--incremental', "$backup/full/backup_manifest" ],
		'and an incremental one');
	$node->safe_psql('postgres', 'CREATE ROLE copier LOGIN REPLICATION');
	command_fails_like([ @backup, '-D', "$backup/other", '-U', 'copier', '--incremental', "$backup/full/backup_manifest" ],
		qr/tagged|replicat/, 'of which there is none by another');
}

# ------------------------------------------------------------------ 18

SKIP:
{
	skip 'since 18', 1 if $server_version < 18;

	is(state_as($node, 'anna', 'SELECT pg_stat_get_backend_io(pg_backend_pid())'), '42501', 'nor the counters of a session');
	is(state_as($node, $chief, 'SELECT pg_stat_get_backend_io(pg_backend_pid())'), '', 'but to who may read all statistics');

	# constraints: what is asked when
	is(state_as($node, 'clinic', 'ALTER TABLE ward ADD CONSTRAINT bed_there NOT NULL bed'), '42501', 'NOT NULL asks every row');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ADD CONSTRAINT bed_there NOT NULL bed NOT VALID'), '', 'NOT VALID does not');
	is(state_as($node, 'clinic', 'ALTER TABLE ward VALIDATE CONSTRAINT bed_there'), '42501', 'until it is validated');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ADD CONSTRAINT beds FOREIGN KEY (bed) REFERENCES bed NOT ENFORCED'), '',
		'a foreign key that is not enforced asks nothing');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ALTER CONSTRAINT beds ENFORCED'), '42501', 'until it is');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ADD CONSTRAINT odd CHECK (bed > 5) NOT ENFORCED'), '', 'nor does such a CHECK');
	$node->safe_psql('postgres', 'CREATE EXTENSION IF NOT EXISTS btree_gist');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ADD UNIQUE (bed, stay WITHOUT OVERLAPS)'), '42501', 'a key without overlaps asks');
	is(state_as($node, 'clinic', 'ALTER TABLE bed ADD COLUMN stay int4range, ADD UNIQUE (id, stay WITHOUT OVERLAPS)'), '', 'but not of a table without tags');
	is(state_as($node, 'clinic', 'ALTER TABLE ward ADD COLUMN v int GENERATED ALWAYS AS (bed) VIRTUAL NOT NULL'), '42501',
		'nor does a virtual column ask');

	# a ceiling rests on NOT NULL that holds
	my $name = rows_as($node, 'clinic', q{SELECT conname FROM pg_constraint WHERE conrelid = 'ward'::regclass AND contype = 'n'
		AND conkey = (SELECT ARRAY[attnum] FROM pg_attribute WHERE attrelid = 'ward'::regclass AND attname = 'residency')});
	is(state_as($node, 'clinic', "ALTER TABLE ward DROP CONSTRAINT $name"), '42501', 'every row has a label');
	is(state_as($node, 'clinic', q{CREATE TABLE loose (id int, residency jurisdiction.label);
		INSERT INTO loose VALUES (1, 'DE'), (2, NULL);
		ALTER TABLE loose ADD CONSTRAINT there NOT NULL residency NOT VALID}), '', 'a label that may be missing');
	is(state_as($node, 'clinic', q{SECURITY LABEL FOR jurisdiction ON COLUMN loose.residency IS 'rows within DE'}), '23502',
		'is no row label');
	is(state_as($node, 'clinic', q{DELETE FROM loose WHERE residency IS NULL;
		SECURITY LABEL FOR jurisdiction ON COLUMN loose.residency IS 'rows within DE'}), '', 'until there is none that lacks it');
	is(rows_as($node, 'clinic', q{SELECT convalidated FROM pg_constraint WHERE conname = 'there'}), 't', 'which is then known');
	unlike(rows_as($node, 'clinic', 'EXPLAIN (COSTS off) SELECT * FROM loose'), qr/Filter/, 'and relied on');

	# the label of a column's old value is the old row's
	is(rows_as($node, 'dora', q{UPDATE ward SET bed = 3 WHERE id = 1 RETURNING old.name, new.name}), 'Anna|Anna', 'both versions are read');
	is(state_as($node, 'clinic', q{UPDATE ward SET bed = 3 WHERE id = 1 RETURNING old.name}), '42501', 'or neither');
	is(state_as($node, 'clinic', q{UPDATE ward SET bed = 3 WHERE id = 1 RETURNING new.name}), '42501', '');
	is(rows_as($node, 'clinic', q{INSERT INTO ward (id, residency, bed) VALUES (20, 'DE', 1) RETURNING old.name, new.bed}), '|1',
		'of what was inserted there is no old row');

	is(state_as($node, 'dora', q{WITH u AS (UPDATE ward SET bed = 3 WHERE id = 1 RETURNING old.name AS n)
		INSERT INTO plain SELECT 1, n FROM u}), '42501', 'what is returned was read');
	is(state_as($node, 'dora', q{WITH u AS (UPDATE plain SET id = 3 RETURNING old.name AS n)
		INSERT INTO plain SELECT 1, n FROM u}), '', 'but of a table without tags');

	# statistics are written to be read
	my $sink = q{SELECT pg_restore_attribute_stats('schemaname', 'public', 'relname', 'plain', 'attname', 'name', 'inherited', false,
		'version', 180000, 'null_frac', 0::real, 'avg_width', 4, 'n_distinct', -1::real, 'most_common_vals', %s, 'most_common_freqs', '{0.5}'::real[])};
	$node->safe_psql('postgres', 'GRANT MAINTAIN ON plain TO dora');
	is(state_as($node, 'dora', sprintf($sink, q{(SELECT '{' || max(name) || '}' FROM ward)})), '42501', 'not what was read');
	is(state_as($node, 'dora', sprintf($sink, q{(SELECT '{' || max('x') || '}' FROM plain)})), '', 'what was not may be');

	# an extension's script is the server's own
	is(state_as($node, $chief, q{SET extension_control_path = '/tmp:$system'; CREATE EXTENSION citext}), '42501',
		'no extension from elsewhere');
	is(state_as($node, $chief, q{ALTER SYSTEM SET extension_control_path = '/tmp:$system'}), '42501', 'nor later');
	is(state_as($node, $chief, q{SET extension_control_path = '$system'; CREATE EXTENSION citext}), '', 'as it is installed, it is');
}

done_testing();
