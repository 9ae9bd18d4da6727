# Random statements over the tables of RandomTables.pm.
#
# Every statement has one right answer, as a multiset or as a sequence, and no
# error that depends on a plan: LIMIT only under an order of all columns, no
# division, no overflow, numbers of one scale.  What the limited session may
# be refused is known here and nowhere else: "may" in what statement() returns.
package RandomQuery;

use strict;
use warnings;
use Exporter 'import';
use Jurisdiction;
use RandomTables;

our @EXPORT = qw(statement);

my @KINDS = qw(int int text text text num date time bool array pair label);
my %TYPE = (
	int => 'int', text => 'text', num => 'numeric', date => 'date', time => 'timestamptz',
	bool => 'bool', array => 'text[]', pair => 'pair', label => 'jurisdiction.label');

# what the statement at hand has used up and seen; set by statement()
my ($session, $tables, $aliases, @ctes, $parameters, $reads_tagged, $is_read_only);

sub pick { return $_[ int rand @_ ] }
sub chance { return rand() < $_[0] }
sub alias { return 'a' . ++$aliases }

# ------------------------------------------------------------------ relations
#
# A relation: sql, columns [[reference, kind], ...], key [references that tell
# its rows apart], whole (its alias, if its whole row may be named), locks
# (its alias, if its rows can be locked).

sub from_table
{
	my ($name) = @_;
	my $table = $tables->{ $name // pick(sort keys %$tables) };
	my $alias = alias();
	my $only = $table->{children} && chance(0.1) ? 'ONLY ' : '';
	my $sample = !chance(0.06) ? '' : pick(' TABLESAMPLE SYSTEM (100)', ' TABLESAMPLE BERNOULLI (100) REPEATABLE (7)');

	my @columns = map { [ "$alias.$_->[0]", $_->[1] ] } @{ $table->{columns} };

	push @columns, [ "($alias.tableoid::regclass::text)", 'text' ] if chance(0.3);
	push @columns, [ "name_of($alias)", 'text' ] if $table->{whole} && $table->{name} =~ /^(person|event|doc)/ && chance(0.3);
	$reads_tagged = 1 if $table->{tagged};
	return {
		sql => "$only$table->{name} AS $alias$sample", columns => \@columns, key => ["$alias.id"],
		whole => $table->{whole} ? $alias : undef, locks => $alias, name => $table->{name},
		# what its primary key determines
		unique => $table->{key} ? "$alias.id" : undef,
	};
}

# what gives rows of COLUMNS by any other means
sub from_columns
{
	my ($sql, $alias, @columns) = @_;

	return {
		sql => $sql, columns => [ map { [ "$alias.$_->[0]", $_->[1] ] } @columns ],
		key => [ map { "$alias.$_->[0]" } @columns ], whole => $alias,
	};
}

sub from_named
{
	my ($known, $argument) = @_;
	my $name = pick(sort keys %$known);
	my $alias = alias();

	$reads_tagged = 1;
	return from_columns("$name$argument AS $alias", $alias, @{ $known->{$name} });
}

sub from_query
{
	my ($depth, $outer) = @_;
	my $query = query($depth - 1, undef, $outer);
	my $alias = alias();
	my @columns = numbered($query);

	return from_columns(($outer ? 'LATERAL ' : '') . "($query->{sql}) AS $alias (" . join(', ', map { $_->[0] } @columns) . ')',
		$alias, @columns);
}

sub numbered
{
	my ($query) = @_;
	my $number = 0;

	return map { [ 'c' . ++$number, $_ ] } @{ $query->{kinds} };
}

# whole rows of a table as a column, and fields of them
sub from_rows
{
	my $table = from_table(pick(qw(person event doc facts stock)));
	my $inner = $table->{locks};
	my $alias = alias();
	my @columns = map { [ $_->[0] =~ s/^\w+\.(\w+)$/($alias.r).$1/r, $_->[1] ] } grep { $_->[0] =~ /^\w+\.\w+$/ } @{ $table->{columns} };

	return {
		sql => "(SELECT $inner AS r, $inner.id AS n FROM $table->{sql}" . where(scope(undef, { %$table, whole => undef }), 0)
		  . pick('', '', ' OFFSET 0') . ") AS $alias",
		columns => \@columns, key => ["$alias.n"],
	};
}

sub from_array
{
	my ($outer) = @_;
	my $alias = alias();
	my $array = $outer ? expression('array', $outer, 1) : literal('array');

	return from_columns("unnest(($array)::text[]) WITH ORDINALITY AS $alias (c1, c2)", $alias, [ 'c1', 'text' ], [ 'c2::int', 'int' ]);
}

sub from_values
{
	my $alias = alias();
	my @rows = map { '(' . literal('int') . ', ' . literal('text') . ')' } 0 .. rand 3;

	return from_columns('(VALUES ' . join(', ', @rows) . ") AS $alias (c1, c2)", $alias, [ 'c1', 'int' ], [ 'c2', 'text' ]);
}

sub relation
{
	my ($depth, $outer) = @_;
	my $roll = rand;

	if (@ctes && chance(0.4))
	{
		my $cte = pick(@ctes);
		my $alias = alias();
		return from_columns("$cte->{name} AS $alias", $alias, @{ $cte->{columns} });
	}
	return from_query($depth, $outer) if $depth > 0 && $roll < 0.18;
	return from_named(views(), '') if $roll < 0.30;
	return from_named(functions(), '(' . ($outer ? expression('int', $outer, 0) : literal('int')) . ')') if $roll < 0.36;
	return from_values() if $roll < 0.39;
	return from_rows() if $roll < 0.43;
	return from_array($outer) if $roll < 0.46;
	return from_table();
}

sub columns_of
{
	my ($relation, $kind) = @_;
	return grep { $_->[1] eq $kind } @{ $relation->{columns} };
}

# a condition that keeps joins small: equality of numbers, or texts
sub equality
{
	my ($left, $right) = @_;

	for my $kind (chance(0.2) ? ('text', 'int') : ('int', 'text'))
	{
		my @left = columns_of($left, $kind);
		my @right = columns_of($right, $kind);
		return pick(@left)->[0] . ' = ' . pick(@right)->[0] if @left && @right;
	}
	return undef;
}

# a scope: the relations of one FROM, and of the queries around it
sub scope
{
	my ($outer, @relations) = @_;

	return {
		columns => [ map { @{ $_->{columns} } } @relations ], key => [ map { @{ $_->{key} } } @relations ],
		whole => [ grep { defined } map { $_->{whole} } @relations ],
		unique => [ grep { defined } map { $_->{unique} } @relations ],
		locks => [ grep { defined } map { $_->{locks} } @relations ], outer => $outer,
	};
}

# FROM and its scope; "inner" tells that no join is an outer one
sub from
{
	my ($depth, $outer) = @_;
	my @relations = relation($depth, $outer && chance(0.5) ? $outer : undef);
	my $sql = $relations[0]{sql};
	my $inner = 1;
	my @merged;

	for (2 .. pick(1, 1, 2, 2, 2, 3))
	{
		my $type = pick('JOIN', 'JOIN', 'LEFT JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'CROSS JOIN');
		my $left = scope($outer, @relations);
		my $lateral = $type =~ /^(JOIN|LEFT|CROSS)/ && chance(0.3) ? $left : undef;
		my $right = relation($depth, $lateral);
		my $on = equality($left, $right);

		$type = 'LEFT JOIN' if !defined $on && $type eq 'CROSS JOIN' && @relations > 1;
		$on //= $type eq 'FULL JOIN' ? 'true' : pick($right->{columns}[0][0] . ' IS NOT NULL', 'true');
		my $using = @relations == 1 && (grep { $_->[0] =~ /^\w+\.k$/ } @{ $relations[0]{columns} })
		  && (grep { $_->[0] =~ /^\w+\.k$/ } @{ $right->{columns} }) && chance(0.2);
		$on .= ' AND ' . condition(scope($outer, @relations, $right), 1) if $type !~ /FULL/ && chance(0.3);
		$inner = 0 if $type =~ /LEFT|RIGHT|FULL/;
		$sql .= " $type $right->{sql}" . ($type eq 'CROSS JOIN' ? '' : $using ? ' USING (k)' : " ON $on");
		push @relations, $right;
		# the merged column: of the one side, the other, or either
		push @merged, [ 'k', 'int' ] if $using && $type ne 'CROSS JOIN';
	}
	my $scope = scope($outer, @relations);
	push @{ $scope->{columns} }, @merged if !$outer && @relations == 2;
	$scope->{locks} = [] if !$inner || @{ $scope->{locks} } < @relations;
	return ($sql, $scope);
}

# ---------------------------------------------------------------- expressions

my @TEXTS = qw(Anna A***a Bo *** Eve1 E***1 ***i2 Max a L*** x@y);

sub literal
{
	my ($kind) = @_;

	return '$1' if $kind eq 'int' && $parameters && chance(0.4);
	return '$2' if $kind eq 'text' && $parameters && chance(0.4);
	return 'NULL::' . $TYPE{$kind} if chance(0.03);
	return int rand 9 if $kind eq 'int';
	return "'" . pick(@TEXTS) . "'::text" if $kind eq 'text';
	return sprintf '%.2f', rand 100 if $kind eq 'num';
	return sprintf "date '%d-%02d-01'", 1980 + int rand 3, pick(1, 1, 6) if $kind eq 'date';
	return sprintf "timestamptz '%d-%02d-01 00:00:00+00'", 2020 + int rand 3, pick(1, 1, 6) if $kind eq 'time';
	return pick('true', 'false') if $kind eq 'bool';
	return pick("'{}'", "'{a}'", "'{a,b}'") . '::text[]' if $kind eq 'array';
	return 'ROW(' . int(rand 5) . ", '" . pick(qw(x y z)) . "')::pair" if $kind eq 'pair';
	return "'" . pick('DE', 'FR', 'unrestricted', 'DE:confidential/health') . "'::jurisdiction.label";
}

sub column
{
	my ($kind, $scope) = @_;

	$scope = $scope->{outer} if $scope->{outer} && chance(0.2);
	my @columns = columns_of($scope, $kind);
	return @columns ? pick(@columns)->[0] : literal($kind);
}

# productions by kind; %s{kind} is an expression of that kind
my %FORMS = (
	int => [
		'(%{int} + %{int})', '(%{int} - %{int})', '(%{int} * 2)', 'length(%{text})', 'nullif(%{int}, %{int})',
		'cardinality(%{array})', '(%{pair}).a', 'extract(year FROM %{date})::int', 'how_many(%{int})',
		'extract(month FROM %{time})::int', 'position(\'*\' IN %{text})', 'greatest(%{int}, %{int})',
	],
	text => [
		'(%{text} || %{text})', 'upper(%{text})', 'left(%{text}, 2)', 'shown(%{text})', '(%{pair}).b',
		'%{label}::text', '(%{array})[1]', 'longest(%{int})', 'replace(%{text}, \'*\', \'-\')', '%{int}::text',
		'array_to_string(%{array}, \'+\', \'?\')', '%{num}::text', 'concat(%{text}, %{date})', '%{pair}::text',
		'md5(%{text})', 'format(\'%%s/%%s\', %{text}, %{int})', 'to_char(%{date}, \'YYYY-MM-DD\')',
	],
	num => [ '(%{num} + %{num})', '(%{num} - %{num})', 'abs(%{num})', '%{int}::numeric(12,2)', 'least(%{num}, %{num})' ],
	date => [ '(%{date} + 30)', '%{time}::date', 'greatest(%{date}, %{date})' ],
	time => [ 'date_trunc(\'month\', %{time})', '(%{time} + interval \'1 day\')', '%{date}::timestamptz' ],
	array => [ 'array_append(%{array}, %{text})', '(%{array} || %{array})', 'ARRAY[%{text}, %{text}]::text[]' ],
	pair => [ 'ROW(%{int}, %{text})::pair' ],
	label => [ '(%{label} & %{label})' ],
	bool => [
		'%{int} = %{int}', '%{int} < %{int}', '%{int} >= %{int}', '%{int} IN (%{int}, %{int}, %{int})',
		'%{text} = %{text}', '%{text} = %{text}', '%{text} < %{text}', '%{text} LIKE \'%%*%%\'',
		'%{text} LIKE \'A%%\'', '%{text} ~ \'[aei]\'', '%{num} > %{num}', '%{date} = %{date}', '%{date} < %{date}',
		'%{time} >= %{time}', '%{text} = ANY (%{array}::text[])', '%{array} @> %{array}', '%{pair} = %{pair}',
		'%{label} = %{label}', '(%{label} <@ %{label})', 'peek(%{text})', 'peek(%{text})', '(%{int}, %{text}) < (%{int}, %{text})',
		'%{text} IS NULL', '%{int} IS NOT NULL', '%{date} IS NULL', '%{array} IS NOT NULL', '%{pair} IS NULL',
		'%{text} IS DISTINCT FROM %{text}', '%{num} BETWEEN %{num} AND %{num}', 'NOT (%{bool})',
		'(%{bool} AND %{bool})', '(%{bool} OR %{bool})',
	],
);

sub expression
{
	my ($kind, $scope, $depth) = @_;
	my $roll = rand;

	return column($kind, $scope) if $roll < 0.1 || ($depth <= 0 && $kind ne 'bool' && $roll < 0.85);
	return literal($kind) if $depth <= 0 && $kind ne 'bool';
	return subquery_value($kind, $scope, $depth - 1) if $depth > 0 && $roll < 0.16;
	return whole_row($kind, $scope) if $roll < 0.22 && @{ $scope->{whole} } && ($kind eq 'text' || $kind eq 'bool');
	return 'CASE WHEN ' . condition($scope, $depth - 1) . ' THEN ' . expression($kind, $scope, $depth - 1)
	  . (chance(0.2) ? '' : ' ELSE ' . expression($kind, $scope, $depth - 1)) . ' END' if $depth > 0 && $roll < 0.30;
	return "coalesce(" . expression($kind, $scope, $depth - 1) . ', ' . literal($kind) . ')' if $roll < 0.36 && $depth > 0;
	return column($kind, $scope) if $kind ne 'bool' && $roll < 0.65;
	my $form = pick(@{ $FORMS{$kind} });
	$form = pick(grep { !/bool/ } @{ $FORMS{bool} }) if $kind eq 'bool' && $depth <= 0;
	# functions that read
	$reads_tagged = 1 if $form =~ /how_many|longest/;
	$form =~ s/%\{(\w+)\}/'(' . expression($1, $scope, $depth - 1) . ')'/ge;
	$form =~ s/%%/%/g;
	return $form;
}

sub condition { my ($scope, $depth) = @_; return expression('bool', $scope, $depth) }

sub whole_row
{
	my ($kind, $scope) = @_;
	my $whole = pick(@{ $scope->{whole} });

	return $kind eq 'bool' ? pick("$whole IS NULL", "NOT ($whole IS NULL)", "$whole = $whole")
	  : pick("$whole\::text", "row_to_json($whole)::text", "(to_jsonb($whole) ->> 'name')");
}

# a subquery that gives one value, or a test by subquery
sub subquery_value
{
	my ($kind, $scope, $depth) = @_;

	if ($kind eq 'bool' && chance(0.85))
	{
		my $other = pick(qw(int text date));
		my $query = query($depth, [$other], $scope);
		my $value = expression($other, $scope, 0);

		return 'EXISTS (' . query($depth, undef, $scope)->{sql} . ')' if chance(0.3);
		return 'NOT EXISTS (' . query($depth, undef, $scope)->{sql} . ')' if chance(0.15);
		return "$value " . pick('IN', 'NOT IN', '= ANY', '> ALL', '<= SOME') . " ($query->{sql})";
	}
	my $query = query($depth, [$kind], $scope);
	return "ARRAY($query->{sql} ORDER BY 1)" if $kind eq 'array_of_text';
	my $alias = alias();
	return "(SELECT c1 FROM ($query->{sql}) AS $alias (c1) ORDER BY c1 LIMIT 1)";
}

# ----------------------------------------------------------------- aggregates

my %AGGREGATES = (
	int => [
		'count(*)::int', 'count(%{any})::int', 'count(DISTINCT %{any})::int', 'min(%{int})', 'max(%{int})',
		'(sum(%{int}) %% 1000)::int',
	],
	text => [
		'min(%{text})', 'max(%{text})', 'string_agg(%{text}, \',\' ORDER BY %{same})',
		'string_agg(DISTINCT %{text}, \',\' ORDER BY %{same})', 'percentile_disc(0.5) WITHIN GROUP (ORDER BY %{text})',
		'mode() WITHIN GROUP (ORDER BY %{text})',
	],
	num => [ 'sum(%{num})', 'min(%{num})', 'max(%{num})', 'round(avg(%{num}), 2)' ],
	date => [ 'min(%{date})', 'max(%{date})' ],
	time => [ 'min(%{time})', 'max(%{time})' ],
	bool => [ 'bool_and(%{bool})', 'bool_or(%{bool})', 'count(*) > 3' ],
	array => [ 'array_agg(DISTINCT %{text} ORDER BY %{same})', 'array_agg(%{text} ORDER BY %{same})' ],
	pair => ['ROW(count(*), max(%{text}))::pair'],
	label => ['jurisdiction.label_join(%{label})'],
);

# an aggregate is of the query it stands in: nothing of the queries around it
sub aggregate
{
	my ($kind, $scope) = @_;
	my $here = { %$scope, outer => undef };
	my $form = pick(@{ $AGGREGATES{$kind} });
	my $last;

	$form =~ s/%\{(\w+)\}/$1 eq 'same' ? $last : ($last = argument($1, $here))/ge;
	$form =~ s/%%/%/g;
	$form =~ s/^((?:count|min|max|string_agg|bool_and|bool_or)\(.*\))(::int)?$/"$1 FILTER (WHERE " . condition($here, 0) . ')' . ($2 \/\/ '')/e
	  if $kind ne 'pair' && chance(0.15);
	return $form;
}

sub argument
{
	my ($kind, $scope) = @_;

	$kind = pick(qw(int text num date bool)) if $kind eq 'any';
	my $sql = chance(0.6) ? column($kind, $scope) : expression($kind, $scope, 1);
	# a constant would be a position in ORDER BY, or have no type
	return "($sql)::$TYPE{$kind}";
}

sub window
{
	my ($kind, $scope) = @_;
	my $order = 'ORDER BY ' . join ', ', @{ $scope->{key} };
	my $partition = chance(0.5) ? 'PARTITION BY ' . pick(@{ $scope->{columns} })->[0] . ' ' : '';
	my $over = "OVER ($partition$order)";

	return pick("row_number() $over\::int", "ntile(3) $over", "rank() $over\::int", "count(*) OVER ($partition)::int",
		"count(" . pick(@{ $scope->{columns} })->[0] . ") $over\::int") =~ s/(row_number\(\)|rank\(\)|count\([^)]*\)) (OVER \([^)]*\))::int/($1 $2)::int/r
	  if $kind eq 'int';
	my $value = argument($kind, $scope);
	return pick("lag($value) $over", "first_value($value) $over",
		"last_value($value) OVER ($partition$order ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)", "nth_value($value, 2) $over");
}

# -------------------------------------------------------------------- queries
#
# query(DEPTH, KINDS, OUTER) -> sql, kinds

sub kinds
{
	my ($wanted) = @_;
	return $wanted ? @$wanted : map { pick(@KINDS) } 0 .. rand 4;
}

sub where { my ($scope, $depth) = @_; return chance(0.7) ? ' WHERE ' . condition($scope, $depth) : '' }

sub all_positions { return 'ORDER BY ' . join ', ', map { $_ . pick('', '', ' DESC', ' NULLS FIRST') } 1 .. $_[0] }

sub limit
{
	return pick('LIMIT ' . (1 + int rand 8), 'OFFSET ' . int(rand 3) . ' LIMIT 5', 'FETCH FIRST 4 ROWS WITH TIES');
}

sub plain_select
{
	my ($depth, $wanted, $outer) = @_;
	my ($from, $scope) = from($depth, $outer);
	my @kinds = kinds($wanted);
	my $windows = chance(0.15);
	my @targets = map { $windows && chance(0.6) && !/pair/ ? window($_, $scope) : expression($_, $scope, $depth) } @kinds;
	my $distinct = pick(('') x 6, 'DISTINCT ', 'DISTINCT ON (1) ');
	my $sql = "SELECT $distinct" . join(', ', map { "($targets[$_])::$TYPE{$kinds[$_]}" } 0 .. $#kinds)
	  . " FROM $from" . where($scope, $depth);

	$sql .= ' ' . all_positions(scalar @kinds) if $distinct =~ /ON/;
	$sql =~ s/ORDER BY 1( DESC| NULLS FIRST)/ORDER BY 1/ if $distinct =~ /ON/;
	return {
		sql => $sql, kinds => \@kinds, is_ordered => !!($distinct =~ /ON/),
		locks => $windows || $distinct ? [] : $scope->{locks},
	};
}

sub group_select
{
	my ($depth, $wanted, $outer) = @_;
	my ($from, $scope) = from($depth, $outer);
	my @kinds = kinds($wanted);
	my @groups = map { pick(@{ $scope->{columns} }) } 1 .. pick(0, 1, 1, 2, 2);
	my @targets;
	my $by = '';
	my $unique = @{ $scope->{unique} } && chance(0.2) ? pick(@{ $scope->{unique} }) : undef;

	if ($unique)
	{
		# the key determines the row's other columns
		my $alias = $unique =~ s/\..*//r;
		@groups = grep { $_->[0] =~ /^$alias\.\w+$/ } @{ $scope->{columns} };
		$by = " GROUP BY $unique";
	}
	for my $kind (@kinds)
	{
		my @same = grep { $_->[1] eq $kind } @groups;
		my $target = @same && chance(0.7) ? pick(@same)->[0] : aggregate($kind, $scope);

		$target = 'GROUPING(' . pick(@groups)->[0] . ')' if $kind eq 'int' && @groups && !$unique && chance(0.15);
		push @targets, "($target)::$TYPE{$kind}";
	}
	if (@groups && !$unique)
	{
		my $list = join ', ', map { $_->[0] } @groups;
		$by = ' GROUP BY ' . pick($list, $list, "ROLLUP ($list)", "CUBE ($list)",
			'GROUPING SETS (' . join(', ', map { "($_->[0])" } @groups) . ", ($list), ())");
	}
	my $sql = 'SELECT ' . join(', ', @targets) . " FROM $from" . where($scope, $depth) . $by;
	$sql .= ' HAVING ' . aggregate('bool', $scope) if chance(0.2);
	return { sql => $sql, kinds => \@kinds, locks => [] };
}

sub set_operation
{
	my ($depth, $wanted, $outer) = @_;
	my @kinds = kinds($wanted);
	my $left = one_select($depth - 1, \@kinds, $outer);
	my $right = one_select($depth - 1, \@kinds, $outer);
	my $operator = pick('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT', 'EXCEPT ALL', 'INTERSECT ALL');

	return { sql => "($left->{sql}) $operator ($right->{sql})", kinds => \@kinds, locks => [] };
}

sub one_select { return chance(0.3) ? group_select(@_) : plain_select(@_) }

sub query
{
	my ($depth, $wanted, $outer) = @_;
	my $query = $depth > 0 && chance(0.12) ? set_operation($depth, $wanted, $outer) : one_select($depth, $wanted, $outer);

	if (chance(0.2))
	{
		my $order = $query->{is_ordered} ? '' : ' ' . all_positions(scalar @{ $query->{kinds} });
		$query->{sql} .= "$order " . limit();
		$query->{is_ordered} = 1;
		# which rows WITH TIES locks is the server's to refuse
		$query->{locks} = [];
	}
	return $query;
}

sub recursive_cte
{
	my ($name) = @_;
	my ($first, $next) = (from_table(), from_table());
	my ($a, $b) = ($first->{locks}, $next->{locks});
	my @text = columns_of($next, 'text');
	my $text = @text ? pick(@text)->[0] : "'-'";
	my @start = columns_of($first, 'text');
	my $start = @start ? pick(@start)->[0] : "'.'";

	return {
		name => $name, columns => [ [ 'c1', 'int' ], [ 'c2', 'int' ], [ 'c3', 'text' ] ],
		sql => "$name (c1, c2, c3) AS (SELECT $a.id, 0, $start\::text FROM $first->{sql}" . where(scope(undef, $first), 0)
		  . pick(' UNION', ' UNION ALL')
		  . " SELECT $b.k, c2 + 1, $text\::text FROM $name JOIN $next->{sql} ON $b.id = c1 WHERE c2 < 3)",
	};
}

# a whole query: CTEs, order, locks
sub whole_query
{
	my ($depth) = @_;
	my @with;
	my $recursive = '';

	@ctes = ();
	for (1 .. pick((0) x 5, 1, 1, 2))
	{
		my $name = "w$_";
		if (chance(0.2))
		{
			my $cte = recursive_cte($name);
			$recursive = ' RECURSIVE';
			push @with, $cte->{sql};
			push @ctes, $cte;
			next;
		}
		my $query = query($depth - 1);
		my @columns = numbered($query);
		push @with, "$name (" . join(', ', map { $_->[0] } @columns) . ') AS '
		  . pick('', 'MATERIALIZED ', 'NOT MATERIALIZED ') . "($query->{sql})";
		push @ctes, { name => $name, columns => \@columns };
	}
	my $query = query($depth);
	if (!$query->{is_ordered} && chance(0.3))
	{
		$query->{sql} .= ' ' . all_positions(scalar @{ $query->{kinds} });
		$query->{is_ordered} = 1;
	}
	if (@{ $query->{locks} } && !$is_read_only && chance(0.15))
	{
		$query->{sql} .= pick(' FOR UPDATE', ' FOR SHARE', ' FOR NO KEY UPDATE OF ' . pick(@{ $query->{locks} }), ' FOR KEY SHARE');
	}
	$query->{sql} = "WITH$recursive " . join(', ', @with) . " $query->{sql}" if @with;
	@ctes = ();
	return $query;
}

# ------------------------------------------------------------------- writing

# is every value of COLUMN that the session may come across readable for it?
sub is_clear
{
	my ($table, $column) = @_;
	my @labels = $table->{rows} ? @{ $session->{readable} } : ('unrestricted');
	my $floor = $table->{static};

	return 1 unless $column->[2];
	return !grep { !$session->{sees}->($floor ? ($_ eq 'unrestricted' ? $floor : "$floor & $_") : $_, $column->[2]) } @labels;
}

# the target: as a relation with those of its columns that may be named
sub target
{
	my @names = grep { $tables->{$_}{columns}[0] } qw(plain plain stock stock visit person facts mixed event doc ledger);
	my $table = $tables->{ pick(@names) };
	my $alias = alias();
	my $bold = chance(0.15);
	my @columns = grep { $bold || is_clear($table, $_) } @{ $table->{columns} };

	return {
		table => $table, alias => $alias, columns => \@columns, may => scalar(grep { !is_clear($table, $_) } @columns),
		scope => {
			columns => [ map { [ "$alias.$_->[0]", $_->[1] ] } @columns ], key => ["$alias.id"], whole => [], locks => [], outer => undef,
		},
		settable => [ grep { $_->[0] !~ /^(id|residency|email)$/ } @columns ],
	};
}

# a value that fits into COLUMN of TABLE
sub assigned
{
	my ($table, $column, $scope, $depth) = @_;
	my $sql = expression($column->[1], $scope, $depth);

	return "left($sql, 20)" if $table->{name} eq 'person' && $column->[0] eq 'name';
	return "($sql)::$TYPE{$column->[1]}";
}

sub new_label
{
	my ($target) = @_;
	my @labels = @{ $session->{writable} };

	return "'" . pick(@labels) . "'::jurisdiction.label";
}

sub assignments
{
	my ($target, $scope) = @_;
	my %set = map { $_->[0] => $_ } map { pick(@{ $target->{settable} }) } 1 .. pick(1, 1, 2);
	my @set = map { "$_ = " . assigned($target->{table}, $set{$_}, $scope, 1) } sort keys %set;
	my @raised = grep { $_->[2] } @{ $target->{columns} };

	# a raised value does not go into another column, raised less
	foreach my $column (map { $_->[0] } @raised)
	{
		$target->{carries} = 1 if grep { !/^$column = / && /\b$target->{alias}\.$column\b/ } @set;
	}
	# the label changes only where no mask depends on it
	if ($target->{table}{name} eq 'stock' && chance(0.15))
	{
		push @set, 'residency = ' . new_label($target);
		$target->{relabels} = 1;
	}
	# several columns from one subquery
	if (@set == 1 && keys %set == 1 && chance(0.15))
	{
		my ($column) = values %set;
		my $query = query(1, [ $column->[1] ], { %$scope, outer => undef });
		my $value = $column->[0] eq 'name' ? 'left(max(c1::text), 20)' : $column->[1] =~ /^(int|text|num|date|time)$/ ? 'max(c1)' : undef;
		@set = "($column->[0]) = (SELECT $value FROM ($query->{sql}) AS s (c1))" if $value;
	}
	return join ', ', @set;
}

sub returning
{
	my ($target, $scope) = @_;
	return '' if chance(0.4);
	return ' RETURNING ' . join ', ', map { my $kind = pick(@KINDS); '(' . expression($kind, $scope // $target->{scope}, 1) . ")::$TYPE{$kind}" } 0 .. rand 3;
}

# a source with at most one row per number: c1 is the number
sub unique_source
{
	my ($depth) = @_;
	my ($from, $scope);

	# where flow would refuse most of it, often nothing tagged
	if (!$session->{free} && chance(0.7))
	{
		my $plain = from_table('plain');
		($from, $scope) = ($plain->{sql}, scope(undef, $plain));
	}
	else
	{
		($from, $scope) = from($depth, undef);
	}
	my $number = column('int', $scope);
	my $alias = alias();
	my $sql = "(SELECT ($number)::int, " . aggregate('text', $scope) . ', ' . aggregate('int', $scope)
	  . " FROM $from GROUP BY ($number)::int) AS $alias (c1, c2, c3)";

	return from_columns($sql, $alias, [ 'c1', 'int' ], [ 'c2', 'text' ], [ 'c3', 'int' ]);
}

sub insert_columns
{
	my ($target) = @_;
	my %named = map { $_->[0] => $_ } map { pick(@{ $target->{settable} }) } 1 .. pick(1, 2, 3);

	return map { $named{$_} } sort keys %named;
}

sub insert_statement
{
	my ($target) = @_;
	my $table = $target->{table};
	my @columns = insert_columns($target);
	my $rows = $table->{rows};
	my $names = join ', ', 'id', ($rows ? 'residency' : ()), map { $_->[0] } @columns;
	my $source;
	my $conflict = '';

	if (chance(0.5))
	{
		my $relation = unique_source(1);
		my $scope = scope(undef, $relation);
		my $id = $table->{key} && chance(0.4) ? "c1" : "1000 + c1";
		$source = "SELECT $id, " . join(', ', ($rows ? new_label($target) : ()), map { assigned($table, $_, $scope, 1) } @columns)
		  . " FROM $relation->{sql} WHERE c1 IS NOT NULL";
		$source .= " AND (c1 IN (SELECT id FROM $table->{name}) OR c1 < 0)" if $id eq 'c1';
		$reads_tagged = 1 if $id eq 'c1' && $table->{tagged};
		$conflict = 'id' if $id eq 'c1';
	}
	elsif ($table->{name} eq 'stock' && chance(0.4))
	{
		# each row under the label it had
		my ($stock) = from_table('stock');
		$source = "SELECT 2000 + id, residency, " . join(', ', map { assigned($table, $_, scope(undef, $stock), 0) } @columns)
		  . " FROM $stock->{sql}" . where(scope(undef, $stock), 1);
		$target->{copies} = 1;
	}
	else
	{
		my $empty = { columns => [], key => [], whole => [], locks => [], outer => undef };
		$source = 'VALUES ' . join ', ', map { my $id = 1000 + $_;
			"($id, " . join(', ', ($rows ? new_label($target) : ()), map { assigned($table, $_, $empty, 0) } @columns) . ')' } 1 .. pick(1, 2, 3);
		$conflict = 'id' if $table->{key} && chance(0.2);
	}
	my $sql = "INSERT INTO $table->{name} AS $target->{alias} ($names) $source";
	if ($conflict)
	{
		$sql .= pick(' ON CONFLICT (id) DO NOTHING', ' ON CONFLICT (id) DO UPDATE SET '
			  . assignments($target, $target->{scope}) . (chance(0.4) ? ' WHERE ' . condition($target->{scope}, 1) : ''));
		$target->{updates} = 1;
	}
	return $sql . returning($target);
}

sub update_statement
{
	my ($target) = @_;
	my $sql = "UPDATE $target->{table}{name} AS $target->{alias} SET ";
	my $scope = $target->{scope};
	my $where;

	$target->{updates} = 1;
	if (chance(0.5))
	{
		my $source = unique_source(1);
		$scope = scope(undef, { %$scope, whole => undef, locks => undef }, $source);
		$sql .= assignments($target, $scope) . " FROM $source->{sql}";
		$where = pick("$target->{alias}.id", "$target->{alias}.id + 1") . " = $source->{columns}[0][0]";
		$where .= ' AND ' . condition($scope, 1) if chance(0.5);
	}
	else
	{
		$sql .= assignments($target, $scope);
		$where = condition($scope, 2);
	}
	return "$sql WHERE $where" . returning($target, $scope);
}

sub delete_statement
{
	my ($target) = @_;
	my $sql = "DELETE FROM $target->{table}{name} AS $target->{alias}";
	my $scope = $target->{scope};

	if (chance(0.5))
	{
		my $source = unique_source(1);
		$scope = scope(undef, { %$scope, whole => undef, locks => undef }, $source);
		return "$sql USING $source->{sql} WHERE $target->{alias}.id = $source->{columns}[0][0] AND "
		  . condition($scope, 1) . returning($target, $scope);
	}
	return "$sql WHERE " . condition($scope, 2) . returning($target);
}

# the row that a cursor stands on: an id that everybody may or may not see
sub current_statements
{
	my ($target) = @_;
	my $table = $target->{table};
	my $id = 1 + int rand 20;
	my $columns = join ', ', map { $_->[0] } pick(@{ $table->{columns} }), pick(@{ $table->{columns} });

	$target->{updates} = 1;
	my $write = chance(0.7) ? "UPDATE $table->{name} AS $target->{alias} SET " . assignments($target, $target->{scope})
	  : "DELETE FROM $table->{name} AS $target->{alias}";
	$write .= ' WHERE CURRENT OF c' . returning($target);
	# no row there is an error, to both: so rather one further on
	my $cursor = pick("WHERE id >= $id ORDER BY id FOR UPDATE", "WHERE id >= $id ORDER BY id FOR UPDATE", "WHERE id = $id");
	return ("DECLARE c CURSOR FOR SELECT $columns FROM $table->{name} $cursor", 'FETCH c', $write);
}

sub merge_statement
{
	my ($target) = @_;
	my $table = $target->{table};
	my $source = unique_source(1);
	my $scope = scope(undef, { %{ $target->{scope} }, whole => undef, locks => undef }, $source);
	my @columns = insert_columns($target);
	my $names = join ', ', 'id', ($table->{rows} ? 'residency' : ()), map { $_->[0] } @columns;
	my $number = $source->{columns}[0][0];
	my @when;

	$target->{updates} = 1;
	push @when, 'WHEN MATCHED AND ' . condition($scope, 1) . ' THEN ' . pick('DELETE', 'DO NOTHING') if chance(0.5);
	push @when, 'WHEN MATCHED THEN UPDATE SET ' . assignments($target, $scope) if chance(0.8);
	# what is inserted is new for everybody: a row that cannot be seen is no match
	push @when, "WHEN NOT MATCHED AND $number IS NOT NULL THEN INSERT ($names) VALUES (1000 + $number, "
	  . join(', ', ($table->{rows} ? new_label($target) : ()), map { assigned($table, $_, scope(undef, $source), 1) } @columns) . ')'
	  if chance(0.7) || !@when;
	return "MERGE INTO $table->{name} AS $target->{alias} USING $source->{sql} ON $target->{alias}.id = $number " . join ' ', @when;
}

# may the limited session be refused what TARGET was used for?
sub may_be_refused
{
	my ($target) = @_;
	my $table = $target->{table};

	return 1 if $target->{may};
	# what was read may not flow there, unless the session is exempt
	return 1 if $reads_tagged && !$session->{free};
	return 1 if ($target->{relabels} || $target->{carries}) && !$session->{free};
	return 0 unless $table->{tagged};
	return 1 if $table->{static} && !grep { $_ eq $table->{static} } @{ $session->{writable} };
	return 1 if ($target->{updates} || $target->{copies}) && !$session->{writes_all};
	return 0;
}

sub write_statements
{
	my $target;
	do { $target = target() } until @{ $target->{settable} };
	my $writer = pick(\&insert_statement, \&update_statement, \&delete_statement, \&merge_statement, \&insert_statement,
		\&update_statement, \&delete_statement, \&current_statements);
	# a cursor over partitions is on none of them
	$writer = \&delete_statement if $writer == \&current_statements && !$target->{table}{key};
	my @write = $writer->($target);
	my $table = $target->{table};
	my $columns = join ', ', map { $_->[0] } @{ $table->{columns} };
	my ($kind) = @write > 1 ? 'current' : map { lc } $write[0] =~ /(\w+)/;

	# as a part of a query
	if (@write == 1 && $write[0] =~ /RETURNING/ && chance(0.2))
	{
		my $other = from_table(chance(0.6) ? 'plain' : undef);
		@write = ("WITH w AS ($write[0]) SELECT (SELECT count(*) FROM w), count(*), max($other->{key}[0]) FROM $other->{sql}"
			  . where(scope(undef, $other), 1));
	}
	return {
		sql => [ 'BEGIN', @write, "SELECT $columns FROM $table->{name}", 'ROLLBACK' ],
		may => may_be_refused($target), kind => $kind,
	};
}

# ------------------------------------------------------------ ways to ask it

sub cursor_statements
{
	my ($query) = @_;
	my $all = all_positions(scalar @{ $query->{kinds} });
	my $sql = $query->{is_ordered} ? $query->{sql} : "$query->{sql} $all";
	my $hold = chance(0.3);

	return [
		'BEGIN', 'DECLARE c ' . pick('', 'SCROLL ') . 'CURSOR ' . ($hold ? 'WITH HOLD ' : '') . "FOR $sql", 'FETCH 3 FROM c',
		($hold ? 'COMMIT' : ()), 'MOVE 2 IN c', 'FETCH ALL FROM c', 'CLOSE c', ($hold ? () : 'ROLLBACK'),
	];
}

sub prepared_statements
{
	my ($query) = @_;
	my @execute = map { my ($n, $t) = (int rand 9, pick(@TEXTS)); "EXECUTE p ($n, '$t')" } 1 .. pick(2, 3, 7);

	# another session in between, and back
	if (chance(0.3))
	{
		my $other = pick(session_names());
		splice @execute, 1, 0, "\@$other", $execute[0], "\@$session->{name}";
	}
	return [ "PREPARE p (int, text) AS $query->{sql}", @execute, 'DEALLOCATE p' ];
}

sub function_statements
{
	my ($query) = @_;
	my $columns = join ', ', map { "$_->[0] $TYPE{$_->[1]}" } numbered($query);

	return [
		"CREATE FUNCTION pg_temp.f() RETURNS TABLE ($columns) STABLE LANGUAGE "
		  . (chance(0.5) ? "sql AS \$f\$$query->{sql}\$f\$" : "plpgsql AS \$f\$#variable_conflict use_column\nBEGIN RETURN QUERY $query->{sql}; END\$f\$"),
		'SELECT * FROM pg_temp.f()', 'DROP FUNCTION pg_temp.f()',
	];
}

sub view_statements
{
	my ($query) = @_;
	my @columns = numbered($query);
	my $names = join ', ', map { $_->[0] } @columns;
	my $scope = { columns => \@columns, key => [], whole => ['v'], locks => [], outer => undef };
	my $options = pick('', ' WITH (security_barrier)', ' WITH (security_invoker)');

	return [
		"CREATE TEMP VIEW v ($names)$options AS $query->{sql}", "SELECT * FROM v" . where($scope, 1),
		'SELECT count(*) FROM v', 'DROP VIEW v',
	];
}

# a table made from a query takes its label from what was read: its maker can
# read it again
sub table_statements
{
	my ($query) = @_;
	my $names = join ', ', map { $_->[0] } numbered($query);

	return [ 'BEGIN', "CREATE TEMP TABLE t ($names) AS $query->{sql}", 'SELECT * FROM t', 'ROLLBACK' ];
}

sub read_statements
{
	my $way = pick(('plain') x 12, 'prepared', 'prepared', 'cursor', 'function', 'view', 'copy', 'table');

	$parameters = $way eq 'prepared';
	$is_read_only = $way eq 'copy' || $way eq 'function' || $way eq 'view' || $way eq 'cursor' || $way eq 'table';
	my $query = whole_query(2);
	return { kind => $way, may => 0, sql => cursor_statements($query) } if $way eq 'cursor';
	return { kind => $way, may => 0, sql => prepared_statements($query) } if $way eq 'prepared';
	return { kind => $way, may => 0, sql => function_statements($query) } if $way eq 'function';
	return { kind => $way, may => 0, sql => view_statements($query) } if $way eq 'view';
	return { kind => $way, may => 1, sql => table_statements($query) } if $way eq 'table';
	# what may be read may not leave; psql has no SQLSTATE of COPY: what follows tells
	return { kind => $way, may => 1, sql => [ 'BEGIN', "COPY ($query->{sql}) TO STDOUT", 'SELECT 1', 'ROLLBACK' ] }
	  if $way eq 'copy';
	return { kind => 'select', may => 0, sql => [ $query->{sql} ], is_ordered => $query->{is_ordered} };
}

my @SWITCHES = qw(enable_hashjoin enable_mergejoin enable_nestloop enable_seqscan enable_indexscan enable_bitmapscan
  enable_indexonlyscan enable_sort enable_hashagg enable_material enable_memoize enable_partition_pruning
  enable_incremental_sort enable_async_append enable_gathermerge enable_partitionwise_join enable_partitionwise_aggregate);

sub settings
{
	my @set = map { "$_ = " . (/partitionwise/ ? 'on' : 'off') } map { pick(@SWITCHES) } 1 .. pick(0, 0, 1, 2, 3);

	push @set, 'plan_cache_mode = ' . pick('force_generic_plan', 'force_custom_plan') if chance(0.2);
	push @set, "$parallel_mode = " . pick('on', 'regress') if chance(0.02);
	push @set, 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0' if chance(0.02);
	push @set, 'jit = on', 'jit_above_cost = 0', 'jit_optimize_above_cost = -1', 'jit_inline_above_cost = -1' if chance(0.005);
	push @set, 'from_collapse_limit = 1' if chance(0.05);
	push @set, 'join_collapse_limit = 1' if chance(0.05);
	push @set, 'constraint_exclusion = on' if chance(0.05);
	push @set, 'cursor_tuple_fraction = 1' if chance(0.05);
	return @set;
}

# statement(SEED, NUMBER, SESSION): sql (one or more, in turn; "@NAME" changes
# to another session), settings, kind, may (be refused), is_ordered
sub statement
{
	my ($seed, $number, $name) = @_;

	srand($seed * 10_000_019 + $number);
	$tables //= tables();
	$session = session($name);
	($aliases, @ctes) = (0);
	($parameters, $reads_tagged, $is_read_only) = (0, 0, 0);
	my $statement = chance(0.25) ? write_statements() : read_statements();
	return { %$statement, settings => [ settings() ], number => $number };
}

1;
