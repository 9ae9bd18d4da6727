# What the differential test runs on: tagged tables full of random rows,
# sessions that may read some of them, and for each session a schema of
# untagged tables that hold exactly what it may see.
#
# Who may see what is worked out here, from the labels' parts, and not by the
# extension: two implementations that agree are worth more than one.
package RandomTables;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(session_names session tables views functions build_sql);

my @LEVELS = qw(public internal confidential restricted secret);
my %LEVEL = map { $LEVELS[$_] => $_ } 0 .. $#LEVELS;

# ------------------------------------------------------------------ sessions

# places; level; categories (* for all); whether it is exempt from flow control
my %SESSION = (
	nurse => { at => ['DE'], level => 'confidential', categories => ['health'], free => 1 },
	doctor => { at => ['DE'], level => 'confidential', categories => [ 'health', 'personal' ] },
	clerk => { at => ['DE'], level => 'internal', categories => [] },
	paris => { at => ['FR'], level => 'internal', categories => ['personal'] },
	chief => { at => [ 'DE', 'FR' ], level => 'secret', categories => ['*'], free => 1 },
	keeper => { at => ['DE'], level => 'secret', categories => ['*'] },
	boston => { at => ['US'], level => 'internal', categories => [] },
);

# origin, destination, actions, highest level, categories: what is personal
# does not leave France, so that masks differ from row to row
my @RULES = (
	[ 'FR', 'DE', [qw(read write store)], 'confidential', ['health'] ],
	[ 'DE', 'FR', ['read'], 'internal', [ 'health', 'personal' ] ],
);

# the labels of rows, with more of those that many sessions see
my @LABELS = (
	('unrestricted') x 2, 'DE:public', ('DE') x 4, 'DE/personal', ('DE:confidential/health') x 3,
	'DE:confidential/health,personal', 'DE:secret/health', 'FR:public', ('FR') x 2, 'FR/personal',
	'FR:confidential/health', 'US', 'DE & FR', 'DE:confidential & FR/health');

sub session_names { return sort keys %SESSION }

# what the generator asks: labels that session NAME may write, and more
sub session
{
	my ($name) = @_;
	my $session = $SESSION{$name};
	my %seen;
	my @labels = grep { !$seen{$_}++ } @LABELS;
	my @readable = grep { admits($name, $_, 'read') } @labels;
	my @writable = grep { may_write($name, $_) } @labels;

	return {
		name => $name,
		readable => \@readable,
		writable => \@writable,
		# is there nothing that it may read and not write?
		writes_all => @readable == @writable,
		free => $session->{free},
		sees => sub { sees($name, @_) },
	};
}

# a label: [place, level, {category => 1}], ...
sub atoms
{
	my ($text) = @_;

	return () if $text eq 'unrestricted';
	return map {
		/^(\w+)(?::(\w+))?(?:\/([\w,]+))?$/ or die "label $_";
		[ $1, $2 // 'internal', { map { $_ => 1 } split /,/, $3 // '' } ]
	} split / & /, $text;
}

sub allowed_at
{
	my ($atom, $place, $action) = @_;

	return 1 if $atom->[0] eq $place;
	for my $rule (@RULES)
	{
		my ($origin, $destination, $actions, $level, $categories) = @$rule;
		my %covered = map { $_ => 1 } @$categories;

		return 1
		  if $origin eq $atom->[0] && $destination eq $place &&
		  (grep { $_ eq $action } @$actions) && $LEVEL{ $atom->[1] } <= $LEVEL{$level} &&
		  !grep { !$covered{$_} } keys %{ $atom->[2] };
	}
	return 0;
}

sub admits_atoms
{
	my ($name, $action, @atoms) = @_;
	my $session = $SESSION{$name};
	my %cleared = map { $_ => 1 } @{ $session->{categories} };

	for my $atom (@atoms)
	{
		my @places = $action eq 'store' ? ('DE') : @{ $session->{at} };
		return 0 if grep { !allowed_at($atom, $_, $action) } @places;
		next if $action eq 'store';
		return 0 if $LEVEL{ $atom->[1] } > $LEVEL{ $session->{level} };
		return 0 if grep { !$cleared{$_} && !$cleared{'*'} } keys %{ $atom->[2] };
	}
	return 1;
}

sub admits { my ($name, $text, $action) = @_; return admits_atoms($name, $action, atoms($text)) }

sub may_write
{
	my ($name, $text) = @_;

	return !grep { !admits($name, $text, $_) } qw(read write store);
}

# may session NAME read a value under RAISE in a row of LABEL?
sub sees
{
	my ($name, $label, $raise) = @_;
	my @atoms = atoms($label);

	return admits_atoms($name, 'read', @atoms, atoms($raise)) unless $raise =~ /^[:\/]/;
	my ($level, $categories) = $raise =~ /^(?::(\w+))?(?:\/([\w,]+))?$/;
	@atoms = ([ 'DE', 'public', {} ]) unless @atoms;
	for my $atom (@atoms)
	{
		$atom->[1] = $level if $level && $LEVEL{$level} > $LEVEL{ $atom->[1] };
		$atom->[2]{$_} = 1 for split /,/, $categories // '';
	}
	return admits_atoms($name, 'read', @atoms);
}

# -------------------------------------------------------------------- tables

# columns: [name, kind of value, type, tag: [raise, mask, the mask in SQL]]
sub partial
{
	my ($prefix, $suffix) = @_;

	return [ '/personal', "mask partial($prefix, $suffix)",
		"CASE WHEN length(%s) <= $prefix + $suffix THEN '***'"
		  . " ELSE left(%s, $prefix) || '***' || right(%s, $suffix) END" ];
}
my $REDACT = [ '/personal', 'mask redact', "CASE WHEN %s IS NOT NULL THEN '***' END" ];
my $YEAR = [ '/personal', 'mask year', "date_trunc('year', %s)" ];
my $NOTHING = [ '/personal', 'mask null', 'NULL' ];
my $MEDICAL = [ ':confidential/health', '', 'NULL' ];

my %TABLE = (
	person => {
		rows => 30, label => 'rows',
		columns => [
			[ 'id', 'int', 'int PRIMARY KEY' ], [ 'gone', 'gone', 'int' ], [ 'k', 'int', 'int' ],
			[ 'residency', 'label', 'jurisdiction.label NOT NULL' ],
			[ 'name', 'text', 'varchar(20)', partial(1, 1) ],
			[ 'email', 'text', 'mail', $REDACT ], [ 'gone2', 'gone', 'text' ],
			[ 'born', 'date', 'date', $YEAR ], [ 'seen', 'time', 'timestamptz', $YEAR ],
			[ 'tags', 'array', 'text[]', $NOTHING ], [ 'duo', 'pair', 'pair', $MEDICAL ],
			[ 'score', 'num', 'numeric(8,2)', $MEDICAL ], [ 'note', 'text', 'text' ],
		],
		indexes => [ '(k)', '(name)', 'USING hash (email)', 'USING gin (tags)', '(born, k)', '(residency)' ],
	},
	visit => {
		rows => 50, label => 'rows within DE:secret/health,personal & FR:secret/health,personal & US',
		columns => [
			[ 'id', 'int', 'int PRIMARY KEY' ], [ 'k', 'int', 'int' ],
			[ 'residency', 'label', 'jurisdiction.label NOT NULL' ],
			[ 'cost', 'num', 'numeric(8,2)', $NOTHING ], [ 'kind', 'text', 'text' ],
			[ 'day', 'date', 'date' ], [ 'code', 'denied', 'text', [ '/personal', 'deny', 'NULL' ] ],
		],
		indexes => [ '(k, kind)', 'USING brin (day)', '(cost)', '(id) WHERE k > 3' ],
	},
	stock => {
		rows => 40, label => 'rows',
		columns => [
			[ 'id', 'int', 'int PRIMARY KEY' ], [ 'k', 'int', 'int' ], [ 'txt', 'text', 'text' ],
			[ 'residency', 'label', 'jurisdiction.label NOT NULL' ], [ 'amount', 'num', 'numeric(8,2)' ],
		],
		indexes => [ '(k)', '(residency, k)' ],
	},
	ledger => {
		rows => 20, table => 'DE',
		columns => [
			[ 'id', 'int', 'int PRIMARY KEY' ], [ 'k', 'int', 'int' ],
			[ 'detail', 'text', 'text', [ ':confidential', 'mask redact', $REDACT->[2] ] ],
			[ 'amount', 'num', 'numeric(8,2)' ],
		],
		indexes => ['(k)'],
	},
	mixed => {
		rows => 30, table => 'DE:public', label => 'rows',
		columns => [
			[ 'residency', 'label', 'jurisdiction.label NOT NULL' ], [ 'id', 'int', 'int PRIMARY KEY' ],
			[ 'k', 'int', 'int' ], [ 'name', 'text', 'text', partial(0, 2) ],
		],
		indexes => [ '(name, k)' ],
	},
	facts => {
		rows => 25,
		columns => [
			[ 'id', 'int', 'int PRIMARY KEY' ], [ 'k', 'int', 'int' ], [ 'txt', 'text', 'text' ],
			[ 'hidden', 'text', 'text', [ 'DE:confidential/personal', 'mask partial(2, 0)', partial(2, 0)->[2] ] ],
		],
		indexes => ['(hidden)'],
	},
	event => {
		rows => 60, label => 'rows within DE:secret/health,personal & FR:secret/health,personal & US',
		partitioned => 1,
		columns => [
			[ 'id', 'int', 'int' ], [ 'k', 'int', 'int' ],
			[ 'residency', 'label', 'jurisdiction.label NOT NULL' ],
			[ 'name', 'text', 'text', partial(1, 0) ], [ 'amount', 'num', 'numeric(8,2)', $MEDICAL ],
		],
		indexes => [ '(id)', '(name)', '(k)' ],
	},
	doc => {
		rows => 20, label => 'rows', inherited => 1,
		columns => [
			[ 'id', 'int', 'int' ], [ 'k', 'int', 'int' ],
			[ 'residency', 'label', 'jurisdiction.label NOT NULL' ],
			[ 'title', 'text', 'text', partial(1, 2) ],
		],
		indexes => [ '(id)', '(title)' ],
	},
	plain => {
		rows => 30,
		columns => [ [ 'id', 'int', 'int PRIMARY KEY' ], [ 'k', 'int', 'int' ], [ 'txt', 'text', 'text' ] ],
		indexes => ['(k)'],
	},
);

# the tables for the generator: name => { columns => [[name, kind, is masked]], ... }
sub tables
{
	my %tables;

	for my $name (keys %TABLE)
	{
		my $table = $TABLE{$name};
		my @columns = map { [ $_->[0], $_->[1], $_->[3] ? $_->[3][0] : undef ] }
		  grep { $_->[1] ne 'gone' && $_->[1] ne 'denied' } @{ $table->{columns} };
		my $masked = grep { $_->[3] } @{ $table->{columns} };

		$tables{$name} = {
			name => $name, columns => \@columns, static => $table->{table},
			rows => !!$table->{label}, masked => $masked,
			tagged => $masked || $table->{label} || $table->{table},
			# a row as a whole holds what is denied
			whole => !grep({ $_->[1] eq 'denied' } @{ $table->{columns} }),
			children => $table->{partitioned} || $table->{inherited},
			key => $table->{partitioned} || $table->{inherited} ? undef : 'id',
		};
	}
	# children by themselves
	$tables{$_} = { %{ $tables{event} }, name => $_, children => 0 } for qw(event_1 event_2 event_rest);
	$tables{doc_child} = { %{ $tables{doc} }, name => 'doc_child', children => 0,
		columns => [ @{ $tables{doc}{columns} }, [ 'pages', 'int' ] ] };
	return \%tables;
}

sub views
{
	return {
		v_person => [ [ 'id', 'int' ], [ 'k', 'int' ], [ 'name', 'text' ], [ 'born', 'date' ] ],
		v_barrier => [ [ 'id', 'int' ], [ 'name', 'text' ], [ 'score', 'num' ] ],
		v_invoker => [ [ 'id', 'int' ], [ 'email', 'text' ], [ 'seen', 'time' ] ],
		v_joined => [ [ 'id', 'int' ], [ 'name', 'text' ], [ 'kind', 'text' ], [ 'cost', 'num' ] ],
		v_events => [ [ 'name', 'text' ], [ 'n', 'int' ], [ 'total', 'num' ] ],
		v_stock => [ [ 'id', 'int' ], [ 'k', 'int' ], [ 'txt', 'text' ], [ 'residency', 'label' ] ],
	};
}

# functions that return rows: one int argument
sub functions
{
	return {
		names_sql => [ [ 'id', 'int' ], [ 'name', 'text' ] ],
		names_atomic => [ [ 'id', 'int' ], [ 'name', 'text' ] ],
		names_plpgsql => [ [ 'id', 'int' ], [ 'name', 'text' ] ],
		names_definer => [ [ 'id', 'int' ], [ 'name', 'text' ] ],
		people => [ [ 'id', 'int' ], [ 'name', 'text' ], [ 'born', 'date' ], [ 'duo', 'pair' ], [ 'tags', 'array' ] ],
		events => [ [ 'id', 'int' ], [ 'name', 'text' ], [ 'amount', 'num' ], [ 'residency', 'label' ] ],
	};
}

my $VIEWS = q{
CREATE VIEW v_person AS SELECT id, k, name, born FROM person WHERE k IS NOT NULL;
CREATE VIEW v_barrier WITH (security_barrier) AS SELECT id, name, score FROM person WHERE id % 3 <> 0;
CREATE VIEW v_invoker WITH (security_invoker) AS SELECT id, email, seen FROM person;
CREATE VIEW v_joined AS SELECT v.id, p.name, v.kind, v.cost FROM visit v LEFT JOIN person p ON p.k = v.k AND p.id < 12;
CREATE VIEW v_events AS SELECT name, count(*)::int AS n, sum(amount) AS total FROM event GROUP BY name;
CREATE VIEW v_stock AS SELECT id, k, txt, residency FROM stock WHERE k < 6 WITH CHECK OPTION;
CREATE FUNCTION names_sql(int) RETURNS TABLE (id int, name text) LANGUAGE sql STABLE PARALLEL SAFE
	AS 'SELECT id, name FROM person WHERE k = $1';
CREATE FUNCTION names_atomic(int) RETURNS TABLE (id int, name text) LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC SELECT id, name FROM person WHERE k = $1; END;
CREATE FUNCTION names_plpgsql(int) RETURNS TABLE (id int, name text) LANGUAGE plpgsql STABLE PARALLEL SAFE
	AS 'BEGIN RETURN QUERY SELECT p.id, p.name::text FROM person p WHERE p.k = $1; END';
CREATE FUNCTION names_definer(int) RETURNS TABLE (id int, name text) LANGUAGE sql STABLE PARALLEL SAFE
	SECURITY DEFINER SET search_path FROM CURRENT AS 'SELECT id, name FROM person WHERE k = $1';
CREATE FUNCTION how_many(int) RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
	AS 'SELECT count(*)::int FROM event WHERE k = $1';
CREATE FUNCTION longest(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE
	AS 'BEGIN RETURN (SELECT max(name) FROM person WHERE k <= $1); END';
CREATE FUNCTION name_of(person) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT ($1).name::text';
CREATE FUNCTION name_of(event) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT ($1).name';
CREATE FUNCTION name_of(doc) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS 'BEGIN RETURN ($1).title; END';
CREATE FUNCTION people(int) RETURNS SETOF person LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT * FROM person WHERE k = $1';
CREATE FUNCTION events(int) RETURNS SETOF event LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT e FROM event e WHERE k >= $1';
CREATE FUNCTION peek(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 0.0001
	AS 'BEGIN RETURN $1 IS NOT NULL AND length($1) > 3; END';
CREATE FUNCTION shown(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
	AS 'SELECT ''<'' || coalesce($1, ''-'') || ''>''';
};

# ---------------------------------------------------------------------- rows

my @NAMES = qw(Anna Bo Cléa Dimitri Eve Frau Özge Li Max Nils);

sub pick { return $_[ int rand @_ ] }

sub value
{
	my ($kind, $id) = @_;

	return $id if $kind eq 'id';
	return "'" . pick(@LABELS) . "'" if $kind eq 'label';
	return 'NULL' if rand() < 0.15;
	return int rand 9 if $kind eq 'int';
	return "'" . pick(@NAMES) . (rand() < 0.5 ? '' : int rand 4) . "'" if $kind eq 'text' || $kind eq 'denied';
	return "'" . lc(pick(qw(a b c))) . int(rand 5) . "\@example.org'" if $kind eq 'mail';
	return sprintf "%.2f", rand(200) - 50 if $kind eq 'num';
	return sprintf "date '%d-%02d-%02d'", 1980 + int rand 3, 1 + int rand 12, 1 + int rand 28 if $kind eq 'date';
	return sprintf "timestamptz '%d-%02d-01 12:%02d:00+00'", 2020 + int rand 3, 1 + int rand 12, int rand 60
	  if $kind eq 'time';
	return pick("'{}'", "'{a}'", "'{a,b}'", "'{b,NULL,c}'") if $kind eq 'array';
	return sprintf "ROW(%d, '%s')::pair", int rand 5, pick(qw(x y z)) if $kind eq 'pair';
	return 'NULL';
}

sub kind_of_value
{
	my ($column) = @_;

	return 'id' if $column->[0] eq 'id';
	return 'mail' if $column->[2] eq 'mail';
	return $column->[1];
}

sub names_of { return map { $_->[0] } grep { $_->[1] ne 'gone' } @{ $_[0]{columns} } }

sub fill
{
	my ($name) = @_;
	my $table = $TABLE{$name};
	my @columns = grep { $_->[1] ne 'gone' } @{ $table->{columns} };
	my $into = join ', ', names_of($table);
	my $sql = '';

	for my $id (1 .. $table->{rows})
	{
		my @values = map { value(kind_of_value($_), $id) } @columns;
		my ($to, $more, $extra) = ($name, '', '');

		# of inherited tables some rows are the child's
		($to, $more, $extra) = ('doc_child', ', pages', ', ' . int rand 9)
		  if $table->{inherited} && $id % 2;
		$sql .= "INSERT INTO $to ($into$more) VALUES (" . join(', ', @values) . "$extra);\n";
	}
	return $sql;
}

# DDL of one table; TYPES says whether the domain may be used
sub create
{
	my ($name, $typed) = @_;
	my $table = $TABLE{$name};
	my @columns = map { "$_->[0] " . ($_->[2] eq 'mail' && !$typed ? 'varchar(40)' : $_->[2]) } @{ $table->{columns} };
	my $sql = "CREATE TABLE $name (" . join(', ', @columns) . ')';

	$sql .= ' PARTITION BY LIST (k)' if $table->{partitioned};
	$sql .= ";\n";
	$sql .= "ALTER TABLE $name DROP COLUMN $_->[0];\n" for grep { $_->[1] eq 'gone' } @{ $table->{columns} };
	# other column numbers below than above
	$sql .= q{
		CREATE TABLE event_1 (name text, old int, amount numeric(8,2), residency jurisdiction.label NOT NULL, k int, id int);
		ALTER TABLE event_1 DROP COLUMN old;
		ALTER TABLE event ATTACH PARTITION event_1 FOR VALUES IN (0, 1, 2);
		CREATE TABLE event_2 (id int, name text, residency jurisdiction.label NOT NULL, amount numeric(8,2), k int)
			PARTITION BY RANGE (id);
		CREATE TABLE event_2_low PARTITION OF event_2 FOR VALUES FROM (MINVALUE) TO (30);
		CREATE TABLE event_2_high PARTITION OF event_2 FOR VALUES FROM (30) TO (MAXVALUE);
		ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES IN (3, 4);
		CREATE TABLE event_rest PARTITION OF event DEFAULT;
	} if $table->{partitioned};
	$sql .= q{
		CREATE TABLE doc_child (pages int, old int, title text, k int, id int, residency jurisdiction.label NOT NULL);
		ALTER TABLE doc_child DROP COLUMN old;
		ALTER TABLE doc_child INHERIT doc;
	} if $table->{inherited};
	$sql .= "CREATE INDEX ON $name $_;\n" for @{ $table->{indexes} };
	return $sql;
}

sub tag
{
	my ($name) = @_;
	my $table = $TABLE{$name};
	my $sql = '';

	$sql .= "SECURITY LABEL FOR jurisdiction ON TABLE $name IS '$table->{table}';\n" if $table->{table};
	$sql .= "SECURITY LABEL FOR jurisdiction ON COLUMN $name.residency IS '$table->{label}';\n" if $table->{label};
	for my $column (grep { $_->[3] } @{ $table->{columns} })
	{
		$sql .= "SECURITY LABEL FOR jurisdiction ON COLUMN $name.$column->[0] IS '$column->[3][0] $column->[3][1]';\n";
	}
	return $sql;
}

# is this a row label among those that PREDICATE holds for?
sub labelled
{
	my ($predicate) = @_;
	my %seen;
	my @labels = grep { !$seen{$_}++ && $predicate->($_) } @LABELS;

	return 'false' unless @labels;
	return 'residency::text = ANY (ARRAY[' . join(', ', map { "'$_'" } @labels) . '])';
}

# everything in NAME that SESSION sees, as it sees it
sub copy
{
	my ($session, $name) = @_;
	my $table = $TABLE{$name};
	my $floor = $table->{table} // 'unrestricted';
	my $joined = sub { join ' & ', grep { $_ ne 'unrestricted' } @_ };
	my $has_rows = !!$table->{label};
	my $under = sub { $joined->($floor, @_) || 'unrestricted' };
	my $where = $has_rows ? labelled(sub { admits($session, $under->($_[0]), 'read') })
	  : admits($session, $floor, 'read') ? 'true' : 'false';
	my @values;

	for my $column (grep { $_->[1] ne 'gone' } @{ $table->{columns} })
	{
		my ($name, $kind, $type, $tag) = @$column;
		my $clear;

		if (!$tag || $kind eq 'denied') { push @values, $tag ? 'NULL' : $name; next }
		$clear = $has_rows ? labelled(sub { sees($session, $under->($_[0]), $tag->[0]) })
		  : sees($session, $floor, $tag->[0]) ? 'true' : 'false';
		(my $mask = $tag->[2]) =~ s/%s/$name/g;
		push @values, "CASE WHEN $clear THEN $name ELSE $mask END";
	}
	my $sql = '';
	my @parts = $table->{inherited} ? ([ $name, '', "ONLY truth.$name" ], [ 'doc_child', ', pages', 'truth.doc_child' ])
	  : ([ $name, '', "truth.$name" ]);
	for my $part (@parts)
	{
		my ($to, $more, $from) = @$part;
		$sql .= "INSERT INTO $to (" . join(', ', names_of($table)) . "$more) SELECT "
		  . join(', ', @values) . "$more FROM $from WHERE $where;\n";
	}
	return $sql;
}

# ------------------------------------------------------------------ all of it

sub in_schema
{
	my ($schema, @sql) = @_;

	return "CREATE SCHEMA $schema;\nSET search_path = $schema, public;\n" . join('', @sql)
	  . "GRANT ALL ON ALL TABLES IN SCHEMA $schema TO PUBLIC;\nGRANT USAGE ON SCHEMA $schema TO PUBLIC;\n";
}

sub role_tag
{
	my ($session) = @_;
	my $categories = join ',', @{ $session->{categories} };

	return 'at ' . join(', ', @{ $session->{at} }) . " cleared $session->{level}"
	  . ($categories eq '' ? '' : "/$categories");
}

# build_sql(SEED): the script that makes everything, for a superuser
sub build_sql
{
	my ($seed) = @_;
	my @names = sort keys %TABLE;
	my $sql = q{
		CREATE EXTENSION jurisdiction;
		CREATE DOMAIN mail AS varchar(40) CHECK (value LIKE '%@%');
		CREATE TYPE pair AS (a int, b text);
		CREATE ROLE owner LOGIN;
		CREATE ROLE outsider LOGIN;
		CREATE ROLE switcher LOGIN NOINHERIT;
		GRANT CREATE ON DATABASE postgres TO owner;
		SECURITY LABEL FOR jurisdiction ON ROLE owner IS 'at DE cleared secret/*';
	};

	srand $seed;
	for my $rule (@RULES)
	{
		my ($origin, $destination, $actions, $level, $categories) = @$rule;
		$sql .= "INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, max_level, categories, basis)"
		  . " VALUES ('allow', '$origin', '$destination', '{" . join(',', @$actions)
		  . "}', '$level', '{" . join(',', @$categories) . "}', 'test');\n";
	}
	$sql .= in_schema('truth', map { create($_), fill($_) } @names);
	$sql .= "GRANT ALL ON SCHEMA truth TO owner;\nSET ROLE owner;\n";
	$sql .= in_schema('tagged', map { create($_, 1) } @names);
	for my $name (@names)
	{
		my $columns = join ', ', names_of($TABLE{$name});
		my $only = $TABLE{$name}{inherited} ? 'ONLY ' : '';
		$sql .= "INSERT INTO $name ($columns) SELECT $columns FROM ${only}truth.$name;\n";
	}
	$sql .= "INSERT INTO doc_child (id, k, residency, title, pages)"
	  . " SELECT id, k, residency, title, pages FROM truth.doc_child;\nANALYZE person, event, stock;\n";
	$sql .= join '', map { tag($_) } @names;
	$sql .= $VIEWS . "GRANT ALL ON ALL TABLES IN SCHEMA tagged TO PUBLIC;\nRESET ROLE;\n";
	for my $session (session_names())
	{
		$sql .= "CREATE ROLE $session LOGIN;\nGRANT $session TO switcher;\n";
		$sql .= "SECURITY LABEL FOR jurisdiction ON ROLE $session IS '" . role_tag($SESSION{$session}) . "';\n";
		$sql .= in_schema("seen_by_$session", map { create($_), copy($session, $_) } @names);
		$sql .= $VIEWS . "GRANT ALL ON ALL TABLES IN SCHEMA seen_by_$session TO PUBLIC;\n";
		next unless $SESSION{$session}{free};
		$sql .= "INSERT INTO jurisdiction.exemption (kind, role_name, basis) VALUES ('$_', '$session', 'test');\n"
		  for qw(declassify relabel write_down);
	}
	return $sql;
}

1;
