/*-------------------------------------------------------------------------
 *
 * evidence_conditions.c
 *	  Idea: which conditions of a query save reading: bounds of number and
 *	  time, and names that the index knows.
 *
 * A condition is taken only in forms whose meaning is certain; any other is
 * left to the executor, which tests every clause anyway.  So what is done
 * here may let through too much, and never too little.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "enforce/evidence_reading.h"

/* ----------------------------------------------------------------- planning */

typedef struct Planning
{
	RelOptInfo *rel;
	TupleDesc	desc;
	List	  **exprs;
	List	  **planned;
} Planning;

/* the column of our relation that NODE is; false: it is something else */
static bool
column_of(const Planning *planning, Node *node, JurColumnSource *source)
{
	Var		   *var;

	while (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	var = (Var *) node;
	if (!IsA(node, Var) || var->varno != planning->rel->relid || var->varlevelsup != 0 ||
		var->varattno <= 0)
		return false;
	*source = jur_column_source(planning->desc, var->varattno);
	return source->column != JUR_EVIDENCE_OTHER;
}

/* has it one value while the relation is scanned once? */
static bool
is_fixed(Node *node)
{
	return !contain_var_clause(node) && !contain_volatile_functions(node) &&
		!contain_subplans(node);
}

static void
plan_one(const Planning *planning, JurConditionKind kind, JurTerm term, Node *expr)
{
	*planning->exprs = lappend(*planning->exprs, expr);
	*planning->planned = lappend_int(lappend_int(*planning->planned, kind), term);
}

/* equal by bytes, whatever the collation is */
static bool
is_text_equality(Oid function, Oid collation)
{
	return function == F_TEXTEQ &&
		(!OidIsValid(collation) || get_collation_isdeterministic(collation));
}

static void
plan_bound(const Planning *planning, Oid operator, Oid type, JurConditionKind from,
		   JurConditionKind to, Node *expr)
{
	/* the operators that compare with another type are of the same family */
	int			strategy = get_op_opfamily_strategy(operator,
													lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf);

	if (strategy == BTEqualStrategyNumber || strategy == BTGreaterStrategyNumber ||
		strategy == BTGreaterEqualStrategyNumber)
		plan_one(planning, from, 0, expr);
	if (strategy == BTEqualStrategyNumber || strategy == BTLessStrategyNumber ||
		strategy == BTLessEqualStrategyNumber)
		plan_one(planning, to, 0, expr);
}

/* COLUMN OPERATOR EXPR */
static void
plan_comparison(const Planning *planning, const JurColumnSource *source, Oid operator,
				Oid collation, Node *expr)
{
	Oid			function = get_opcode(operator);
	Oid			type = exprType(expr);

	if (source->column == JUR_EVIDENCE_SEQ &&
		(type == INT2OID || type == INT4OID || type == INT8OID))
		plan_bound(planning, operator, INT8OID, JUR_SEQ_FROM, JUR_SEQ_TO, expr);
	else if (source->column == JUR_EVIDENCE_TIME &&
			 (type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID))
		plan_bound(planning, operator, TIMESTAMPTZOID, JUR_TIME_FROM, JUR_TIME_TO, expr);
	else if (source->term == 0)
		return;
	else if (source->column == JUR_EVIDENCE_MEMBER && is_text_equality(function, collation))
		plan_one(planning, JUR_TERM_ALL, source->term, expr);
	else if (source->column == JUR_EVIDENCE_MEMBER || type != TEXTARRAYOID ||
			 (OidIsValid(collation) && !get_collation_isdeterministic(collation)))
		return;
	else if (function == F_ARRAYCONTAINS)
		plan_one(planning, JUR_TERM_ALL, source->term, expr);
	else if (function == F_ARRAYOVERLAP)
		plan_one(planning, JUR_TERM_ANY, source->term, expr);
}

static void
plan_operator(const Planning *planning, OpExpr *clause)
{
	JurColumnSource source;
	Node	   *left;
	Node	   *right;
	Oid			operator = clause->opno;

	if (list_length(clause->args) != 2)
		return;
	left = linitial(clause->args);
	right = lsecond(clause->args);
	if (!column_of(planning, left, &source))
	{
		Node	   *swap = left;

		left = right;
		right = swap;
		operator = get_commutator(operator);
		if (!OidIsValid(operator) || !column_of(planning, left, &source))
			return;
	}
	if (is_fixed(right))
		plan_comparison(planning, &source, operator, clause->inputcollid, right);
}

/* 'x' = ANY (column), column = ANY ('{x,y}') */
static void
plan_any(const Planning *planning, ScalarArrayOpExpr *clause)
{
	JurColumnSource source;
	Node	   *left = linitial(clause->args);
	Node	   *right = lsecond(clause->args);

	if (!clause->useOr || !is_text_equality(get_opcode(clause->opno), clause->inputcollid))
		return;
	if (column_of(planning, right, &source) && source.term != 0 && is_fixed(left) &&
		source.column != JUR_EVIDENCE_MEMBER)
		plan_one(planning, JUR_TERM_ALL, source.term, left);
	else if (column_of(planning, left, &source) && source.term != 0 && is_fixed(right) &&
			 source.column == JUR_EVIDENCE_MEMBER && exprType(right) == TEXTARRAYOID)
		plan_one(planning, JUR_TERM_ANY, source.term, right);
}

void
jur_plan_conditions(RelOptInfo *rel, Oid relid, List *clauses, List **exprs, List **planned)
{
	Relation	relation = table_open(relid, NoLock);
	Planning	planning = {rel, RelationGetDescr(relation), exprs, planned};
	ListCell   *lc;

	*exprs = NIL;
	*planned = NIL;
	foreach(lc, clauses)
	{
		Node	   *clause = lfirst(lc);

		if (IsA(clause, OpExpr))
			plan_operator(&planning, (OpExpr *) clause);
		else if (IsA(clause, ScalarArrayOpExpr))
			plan_any(&planning, (ScalarArrayOpExpr *) clause);
	}
	table_close(relation, NoLock);
}

/* ------------------------------------------------------------------- values */

void
jur_no_conditions(JurConditions *conditions)
{
	memset(conditions, 0, sizeof(*conditions));
	conditions->seq_to = PG_UINT64_MAX;
	conditions->time_from = PG_INT64_MIN;
	conditions->time_to = PG_INT64_MAX;
}

static int64
integer_value(Datum value, Oid type)
{
	if (type == INT2OID)
		return DatumGetInt16(value);
	return type == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);
}

static int64
time_value(Datum value, Oid type)
{
	if (type == DATEOID)
		value = DirectFunctionCall1(date_timestamptz, value);
	else if (type == TIMESTAMPOID)
		value = DirectFunctionCall1(timestamp_timestamptz, value);
	return jur_time_for_record(DatumGetTimestampTz(value));
}

static uint64
hash_of_text(JurTerm term, Datum value)
{
	text	   *plain = DatumGetTextPP(value);
	char	   *bytes = VARDATA_ANY(plain);
	int			size = VARSIZE_ANY_EXHDR(plain);
	char	   *utf8 = pg_server_to_any(bytes, size, PG_UTF8);

	return jur_term_hash(term, utf8, utf8 == bytes ? size : strlen(utf8));
}

static void
add_terms(JurConditions *conditions, bool is_any, JurTerm term, Datum value, Oid type)
{
	JurTerms   *terms;
	Datum	   *elements = &value;
	bool	   *nulls = NULL;
	int			count = 1;
	int			i;

	if (type == TEXTARRAYOID)
		deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
						  &elements, &nulls, &count);
	conditions->terms = conditions->terms == NULL ? palloc(sizeof(JurTerms)) :
		repalloc(conditions->terms, (conditions->nterms + 1) * sizeof(JurTerms));
	terms = &conditions->terms[conditions->nterms++];
	terms->term = term;
	terms->is_any = is_any;
	terms->count = 0;
	terms->hashes = palloc(Max(count, 1) * sizeof(uint64));
	for (i = 0; i < count; i++)
	{
		/* NULL is equal to nothing: no array contains it */
		if (nulls && nulls[i])
			conditions->is_never |= !is_any;
		else
			terms->hashes[terms->count++] = hash_of_text(term, elements[i]);
	}
	if (is_any && terms->count == 0)
		conditions->is_never = true;
}

void
jur_add_condition(JurConditions *conditions, JurConditionKind kind, JurTerm term,
				  Datum value, bool isnull, Oid type)
{
	int64		number;

	/* all operators here are strict */
	if (isnull)
	{
		conditions->is_never = true;
		return;
	}
	switch (kind)
	{
		case JUR_SEQ_FROM:
			number = integer_value(value, type);
			conditions->seq_from = Max(conditions->seq_from, (uint64) Max(number, 0));
			break;
		case JUR_SEQ_TO:
			number = integer_value(value, type);
			if (number < 0)
				conditions->is_never = true;
			else
				conditions->seq_to = Min(conditions->seq_to, (uint64) number);
			break;
		case JUR_TIME_FROM:
			conditions->time_from = Max(conditions->time_from, time_value(value, type));
			break;
		case JUR_TIME_TO:
			conditions->time_to = Min(conditions->time_to, time_value(value, type));
			break;
		case JUR_TERM_ALL:
		case JUR_TERM_ANY:
			add_terms(conditions, kind == JUR_TERM_ANY, term, value, type);
			break;
	}
}

/* ----------------------------------------------------------------- matching */

bool
jur_summary_may_match(const JurConditions *conditions, const JurSummary *summary)
{
	int			i;
	int			j;

	if (summary->last < conditions->time_from || summary->first > conditions->time_to)
		return false;
	for (i = 0; i < conditions->nterms; i++)
	{
		const JurTerms *terms = &conditions->terms[i];
		int			found = 0;

		for (j = 0; j < terms->count; j++)
			if (jur_summary_may_hold(summary, terms->term, terms->hashes[j]))
				found++;
		if (terms->is_any ? found == 0 : found < terms->count)
			return false;
	}
	return true;
}

static uint64
hash_of_json(JurTerm term, JurJson value, char *room)
{
	return jur_term_hash(term, room, jur_json_unescape(value, room));
}

/* does RECORD name what HASH stands for? */
static bool
names(const JurRecord *record, JurTerm term, uint64 hash)
{
	static char room[JUR_ENTRY_MAX];
	JurJson		name;
	size_t		pos = 0;

	switch (term)
	{
		case JUR_TERM_EVENT:
			return hash_of_json(term, record->member[JUR_MEMBER_EVENT], room) == hash;
		case JUR_TERM_ID:
			return hash_of_json(term, record->member[JUR_MEMBER_ID], room) == hash;
		case JUR_TERM_USER:
			return hash_of_json(term, record->member[JUR_MEMBER_USER], room) == hash;
		case JUR_TERM_ROLE:
			return hash_of_json(term, record->member[JUR_MEMBER_ROLE], room) == hash;
		case JUR_TERM_OBJECT:
			return hash_of_json(term, record->member[JUR_MEMBER_OBJECT], room) == hash;
		case JUR_TERM_TABLE:
			while (jur_json_next_item(record->member[JUR_MEMBER_TABLES], &pos, &name))
				if (hash_of_json(term, name, room) == hash)
					return true;
			return false;
		case JUR_TERM_LABEL:
			while (jur_record_next_label(record, &pos, &name))
				if (hash_of_json(term, name, room) == hash)
					return true;
			return false;
	}
	return true;
}

bool
jur_entry_may_match(const JurConditions *conditions, const JurEntry *entry)
{
	int			i;
	int			j;

	if (entry->seq < conditions->seq_from || entry->seq > conditions->seq_to)
		return false;
	/* what is no record has no time and no names: NULL there */
	if (entry->error)
		return conditions->nterms == 0 && conditions->time_from == PG_INT64_MIN &&
			conditions->time_to == PG_INT64_MAX;
	if (entry->record.time < conditions->time_from || entry->record.time > conditions->time_to)
		return false;
	for (i = 0; i < conditions->nterms; i++)
	{
		const JurTerms *terms = &conditions->terms[i];
		int			found = 0;

		for (j = 0; j < terms->count; j++)
			if (names(&entry->record, terms->term, terms->hashes[j]))
				found++;
		if (terms->is_any ? found == 0 : found < terms->count)
			return false;
	}
	return true;
}
