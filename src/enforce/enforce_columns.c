/*-------------------------------------------------------------------------
 *
 * enforce_columns.c
 *	  Idea: a value that the session may not read is masked, row by row.
 *	  Called from planner_hook (enforce_plan.c).
 *
 * A reference to a table with raised columns becomes a subquery that selects
 * CASE WHEN column_visible(...) THEN column ELSE mask END in their stead, so
 * the value is masked before WHERE, JOIN, GROUP BY or a function can test it.
 * The planner pulls the subquery up again.  The relation inside is marked;
 * what the wall finds unmarked it refuses.
 *
 * Where rows are locked the references are masked in place instead.
 *
 * The target of INSERT, UPDATE, DELETE and MERGE cannot be replaced: reading
 * a column of it that is not open is the wall's to refuse.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/heap.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"

/* ------------------------------------------------------- what a value is under */

/*
 * The effective label of a value in COLUMN of a row labelled ROWS: the row's
 * label and the table's, raised by the column's tag.
 */
JurLabel *
jur_column_label(const JurTagged *tagged, const JurColumnTag *column,
				 const JurLabel *rows)
{
	JurLabel	unrestricted = {0, NULL};
	const JurLabel *label = rows ? rows : &unrestricted;

	if (tagged->relation && tagged->relation->label)
		label = jur_label_join(label, tagged->relation->label);
	if (column->raise && !column->raises_too)
		return jur_label_join(label, column->raise);
	if (column->raise)
		label = jur_label_join(label, column->raise);
	if (label->natoms == 0)
	{
		/* nothing says whose law it is: then it is the site's */
		JurAtom    *here = palloc0(sizeof(JurAtom));

		here->place = jur_site && *jur_site ? jur_site : "ZZ";
		here->level = JUR_PUBLIC;
		label = jur_label_canonical(here, 1);
	}
	return jur_label_raise(label, column->level, column->categories,
						   column->ncategories);
}

static const JurColumnTag *
column_tag(const JurTagged *tagged, AttrNumber attnum)
{
	int			i;

	for (i = 0; i < tagged->ncolumns; i++)
		if (tagged->columns[i].attnum == attnum)
			return &tagged->columns[i];
	return NULL;
}

/* *EFFECTIVE: what the value is under, if it may be read */
static bool
judge_value(Datum label, FunctionCallInfo fcinfo, JurLabel **effective_label)
{
	const JurTagged *tagged = jur_tags_of(PG_GETARG_OID(1));
	const JurColumnTag *column = column_tag(tagged, PG_GETARG_INT16(2));
	JurLabel   *effective;

	*effective_label = jur_label_of_datum(label);
	/* the tag is gone since the statement was planned: then so is the raise */
	if (column == NULL)
		return tagged->is_tagged && !tagged->is_broken;
	effective = jur_column_label(tagged, column, *effective_label);
	*effective_label = effective;
	jur_count_asked(jur_label_datum(effective), JUR_ASKED_VALUES);
	if (jur_decide_now(effective, JUR_READ).verdict != JUR_ALLOW)
	{
		/* a mask is not a copy either */
		if (jur_export_is_whole())
			jur_export_note(jur_label_datum(effective));
		return false;
	}
	if (jur_export && !jur_export_admits(effective))
		jur_export_note(jur_label_datum(effective));
	return true;
}

static bool
ask_column(Datum label, FunctionCallInfo fcinfo)
{
	JurLabel   *effective;

	if (!judge_value(label, fcinfo, &effective))
		return false;
	jur_flow_note(effective);
	return true;
}

static bool
ask_target_column(Datum label, FunctionCallInfo fcinfo)
{
	JurLabel   *effective;

	if (!judge_value(label, fcinfo, &effective))
		return false;
	jur_flow_note_target(PG_GETARG_OID(1), effective);
	return true;
}

static bool
is_visible(FunctionCallInfo fcinfo, JurAsk ask)
{
	jur_require_preloaded("reading a tagged table");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return false;
	return jur_memo_admits(fcinfo, PG_GETARG_DATUM(0), ask) || jur_observing();
}

/*
 * column_visible(row label, table, column number) returns boolean: may the
 * session read this value?  The condition of every masked column.
 */
PG_FUNCTION_INFO_V1(jur_sql_column_visible);
Datum
jur_sql_column_visible(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_visible(fcinfo, ask_column));
}

/* target_column_visible(...): the same for the target of a statement */
PG_FUNCTION_INFO_V1(jur_sql_target_column_visible);
Datum
jur_sql_target_column_visible(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_visible(fcinfo, ask_target_column));
}

/*
 * column_denied(row label, table, column number) returns boolean: never;
 * raises 42501 for a column tagged "deny".  The label is there so that the
 * planner, which computes what it can for its estimates, leaves it to the row.
 */
PG_FUNCTION_INFO_V1(jur_sql_column_denied);
Datum
jur_sql_column_denied(PG_FUNCTION_ARGS)
{
	/* no label, no row: RETURNING old.column of what was inserted */
	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		jur_refuse_column(PG_GETARG_OID(1), PG_GETARG_INT16(2), "read");
	PG_RETURN_NULL();
}

/* ------------------------------------------------------------ building masks */

static Const *
column_number(AttrNumber attnum)
{
	return makeConst(INT2OID, -1, InvalidOid, sizeof(int16), Int16GetDatum(attnum),
					 false, true);
}

static Const *
table_oid(Oid relid)
{
	return makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
					 ObjectIdGetDatum(relid), false, true);
}

static Const *
number(int value)
{
	return makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(value),
					 false, true);
}

static Expr *
call(const char *function, Oid result, List *args, Oid collation)
{
	return (Expr *) makeFuncExpr(jur_function_oid(function), result, args,
								 collation, collation, COERCE_EXPLICIT_CALL);
}

/* seen as another type of the same bytes, which every mask's types are */
static Expr *
seen_as(Expr *expr, Oid type, int32 typmod, Oid collation)
{
	if (exprType((Node *) expr) == type)
		return expr;
	return (Expr *) makeRelabelType(expr, type, typmod, collation,
									COERCE_IMPLICIT_CAST);
}

/* what is shown instead of VALUE in a row labelled LABEL */
static Expr *
stand_in(const JurColumnTag *tag, Var *value, Oid relid, Expr *label)
{
	Expr	   *text = seen_as((Expr *) copyObject(value), TEXTOID, -1, value->varcollid);
	Expr	   *mask = NULL;
	Oid			base = getBaseType(value->vartype);

	switch (tag->mask)
	{
		case JUR_MASK_NULL:
			break;
		case JUR_MASK_PARTIAL:
			mask = call("mask_partial", TEXTOID,
						list_make3(text, number(tag->prefix), number(tag->suffix)),
						value->varcollid);
			break;
		case JUR_MASK_HASH:
			mask = call("mask_hash", TEXTOID, list_make1(text), value->varcollid);
			/* the form by which mask.c knows its caller */
			((FuncExpr *) mask)->funcformat = COERCE_SQL_SYNTAX;
			break;
		case JUR_MASK_REDACT:
			mask = call("mask_redact", TEXTOID, list_make1(text), value->varcollid);
			break;
		case JUR_MASK_YEAR:
			mask = call(base == DATEOID ? "mask_year_date" :
						base == TIMESTAMPOID ? "mask_year_timestamp" :
						"mask_year_timestamptz", base,
						list_make1(seen_as((Expr *) copyObject(value), base, -1, InvalidOid)),
						InvalidOid);
			break;
		case JUR_MASK_REFUSE:
			{
				/* CASE WHEN column_denied() THEN NULL: the call never returns */
				CaseWhen   *when = makeNode(CaseWhen);
				CaseExpr   *denied = makeNode(CaseExpr);

				when->expr = call("column_denied", BOOLOID,
								  list_make3(copyObject(label), table_oid(relid),
											 column_number(tag->attnum)),
								  InvalidOid);
				when->result = (Expr *) makeNullConst(value->vartype, value->vartypmod,
													  value->varcollid);
				when->location = -1;
				denied->casetype = value->vartype;
				denied->casecollid = value->varcollid;
				denied->args = list_make1(when);
				denied->defresult = (Expr *) makeNullConst(value->vartype, value->vartypmod,
														   value->varcollid);
				denied->location = -1;
				return (Expr *) denied;
			}
	}
	if (mask == NULL)
		return (Expr *) makeNullConst(value->vartype, value->vartypmod, value->varcollid);
	return seen_as(mask, value->vartype, value->vartypmod, value->varcollid);
}

/*
 * The label of the row that VALUE is of; RETURNING may have two versions of it.
 * VALUE: NULL where there is one.
 */
static Expr *
row_label(const JurTagged *tagged, Index relation, Index levels_up, const Var *value)
{
	JurLabel	unrestricted = {0, NULL};

	if (tagged->row_attnum != 0)
	{
		Var		   *label = makeVar(relation, tagged->row_attnum, jur_label_type_oid(), -1,
									InvalidOid, levels_up);

		if (value)
			jur_same_returning(label, value);
		return (Expr *) label;
	}
	return (Expr *) makeConst(jur_label_type_oid(), -1, InvalidOid, -1,
							  jur_label_datum(&unrestricted), false, false);
}

/* CASE WHEN the value is visible THEN it ELSE what TAG says */
static Expr *
masked(const JurTagged *tagged, const JurColumnTag *tag, Var *value,
	   Index relation, Index levels_up, bool is_target)
{
	CaseExpr   *result = makeNode(CaseExpr);
	CaseWhen   *when = makeNode(CaseWhen);
	Expr	   *label = row_label(tagged, relation, levels_up, value);

	when->expr = call(is_target ? "target_column_visible" : "column_visible", BOOLOID,
					  list_make3(label, table_oid(tagged->relid),
								 column_number(tag->attnum)),
					  InvalidOid);
	when->result = (Expr *) value;
	when->location = -1;
	result->casetype = value->vartype;
	result->casecollid = value->varcollid;
	result->args = list_make1(when);
	result->defresult = stand_in(tag, value, tagged->relid, label);
	result->location = -1;
	return (Expr *) result;
}

/* --------------------------------------------------------- which columns need it */

static bool
is_read(const Bitmapset *columns, AttrNumber attnum)
{
	return bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns) ||
		bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, columns);
}

/* is some column read whose every value is not known to be readable? */
static bool
needs_masks(const JurTagged *tagged, const JurPerms *perms)
{
	bool		needed = false;
	int			i;

	if (perms == NULL || perms->requiredPerms == 0)
		return false;
	for (i = 0; i < tagged->ncolumns && !needed; i++)
		needed = is_read(perms->selectedCols, tagged->columns[i].attnum) &&
			(jur_export || !jur_column_is_open(tagged, &tagged->columns[i]));
	return needed;
}

/* ---------------------------------------------- system columns and whole rows */

typedef struct SystemColumns
{
	Index		relation;
	int			levels_up;
	int			next;			/* column number in the subquery */
	AttrNumber	numbers[-FirstLowInvalidHeapAttributeNumber];
	List	   *order;			/* attribute numbers, in order of appearance */
} SystemColumns;

/*
 * References to system columns become references to columns of the subquery,
 * and so do those to whole rows: the subquery's own row is a record, of what
 * it has beside the relation's columns too.
 */
static void
move_reference(Var *var, SystemColumns *system)
{
	AttrNumber *place = &system->numbers[-var->varattno];

	if (*place == 0)
	{
		*place = ++system->next;
		system->order = lappend_int(system->order, var->varattno);
	}
	var->varattno = *place;
	var->varattnosyn = *place;
}

static bool
move_system_columns(Node *node, SystemColumns *system)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno == system->relation && var->varlevelsup == system->levels_up &&
			var->varattno <= 0)
			move_reference(var, system);
		return false;
	}
	if (IsA(node, Query))
	{
		bool		result;

		system->levels_up++;
		result = query_tree_walker((Query *) node, move_system_columns, system, 0);
		system->levels_up--;
		return result;
	}
	return expression_tree_walker(node, move_system_columns, system);
}

/* ------------------------------------------------------------- the subquery */

/*
 * A column tagged "deny" that the statement does not name is not read: a
 * subquery that stays one would still compute it.
 */
static bool
is_idle(const JurColumnTag *tag, const JurPerms *perms)
{
	return tag->mask == JUR_MASK_REFUSE && !is_read(perms->selectedCols, tag->attnum);
}

/* column ATTNUM of the table that is RELATION of its query, masked if need be */
static Expr *
column_value(Relation rel, const JurPerms *perms, AttrNumber attnum, Index relation,
			 Index levels_up)
{
	const JurTagged *tagged = jur_tags_of(RelationGetRelid(rel));
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	const JurColumnTag *tag = column_tag(tagged, attnum);
	Var		   *var;

	if (attribute->attisdropped)
		return (Expr *) makeNullConst(INT4OID, -1, InvalidOid);
	var = makeVar(relation, attnum, attribute->atttypid, attribute->atttypmod,
				  attribute->attcollation, levels_up);
	if (tag && is_idle(tag, perms))
		return (Expr *) makeNullConst(var->vartype, var->vartypmod, var->varcollid);
	if (tag && (jur_export || !jur_column_is_open(tagged, tag)))
		return masked(tagged, tag, var, relation, levels_up, false);
	return (Expr *) var;
}

static Expr *
whole_row(Relation rel, const JurPerms *perms, Index relation, Index levels_up)
{
	RowExpr    *row = makeNode(RowExpr);
	AttrNumber	attnum;

	for (attnum = 1; attnum <= RelationGetNumberOfAttributes(rel); attnum++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), attnum - 1);

		row->args = lappend(row->args,
							column_value(rel, perms, attnum, relation, levels_up));
		row->colnames = lappend(row->colnames,
								makeString(pstrdup(NameStr(attribute->attname))));
	}
	row->row_typeid = rel->rd_rel->reltype;
	row->row_format = COERCE_IMPLICIT_CAST;
	row->location = -1;
	return (Expr *) row;
}

static Expr *
system_column(AttrNumber attnum)
{
	const FormData_pg_attribute *attribute = SystemAttributeDefinition(attnum);

	return (Expr *) makeVar(1, attnum, attribute->atttypid, attribute->atttypmod,
							attribute->attcollation, 0);
}

static void
add_system_columns(Query *subquery, RangeTblEntry *outer, const List *order,
				   Relation rel, const JurPerms *perms)
{
	ListCell   *lc;

	foreach(lc, order)
	{
		AttrNumber	attnum = lfirst_int(lc);
		Expr	   *expr = attnum == 0 ? whole_row(rel, perms, 1, 0) : system_column(attnum);
		const char *name = attnum == 0 ? RelationGetRelationName(rel) :
			NameStr(SystemAttributeDefinition(attnum)->attname);

		subquery->targetList =
			lappend(subquery->targetList,
					makeTargetEntry(expr, list_length(subquery->targetList) + 1,
									pstrdup(name), false));
		outer->eref->colnames = lappend(outer->eref->colnames, makeString(pstrdup(name)));
	}
}

static Query *
make_subquery(Query *query, RangeTblEntry *rte, Index index)
{
	Query	   *subquery = makeNode(Query);
	RangeTblEntry *inner = copyObject(rte);
	RangeTblRef *reference = makeNode(RangeTblRef);

	jur_mark(inner, JUR_MARK_MASKED);
	inner->inFromCl = true;
	inner->lateral = false;
	ChangeVarNodes((Node *) inner->securityQuals, index, 1, 0);
	if (inner->tablesample)
	{
		/* what it refers to beside the relation is now one level up */
		IncrementVarSublevelsUp((Node *) inner->tablesample->args, 1, 0);
		IncrementVarSublevelsUp((Node *) inner->tablesample->repeatable, 1, 0);
	}
	subquery->commandType = CMD_SELECT;
	subquery->querySource = query->querySource;
	subquery->canSetTag = true;
	subquery->rtable = list_make1(inner);
	jur_move_perms(query, rte, subquery, inner);
	reference->rtindex = 1;
	subquery->jointree = makeFromExpr(list_make1(reference), NULL);
	subquery->hasRowSecurity = query->hasRowSecurity;
	subquery->hasSubLinks = checkExprHasSubLink((Node *) inner->securityQuals);
	return subquery;
}

static void
replace_by_subquery(Query *query, RangeTblEntry *rte, Index index)
{
	Relation	rel = relation_open(rte->relid, AccessShareLock);
	SystemColumns system = {0};
	Query	   *subquery = make_subquery(query, rte, index);
	JurPerms   *perms = jur_query_perms(subquery, (RangeTblEntry *) linitial(subquery->rtable));
	AttrNumber	attnum;

	for (attnum = 1; attnum <= RelationGetNumberOfAttributes(rel); attnum++)
		subquery->targetList =
			lappend(subquery->targetList,
					makeTargetEntry(column_value(rel, perms, attnum, 1, 0), attnum,
									pstrdup(NameStr(TupleDescAttr(RelationGetDescr(rel),
																  attnum - 1)->attname)),
									false));
	system.relation = index;
	system.next = list_length(subquery->targetList);
	query_tree_walker(query, move_system_columns, &system, 0);
	add_system_columns(subquery, rte, system.order, rel, perms);
	relation_close(rel, NoLock);

	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = subquery;
	rte->security_barrier = false;
	rte->lateral = rte->tablesample &&
		(contain_vars_of_level((Node *) rte->tablesample->args, 0) ||
		 contain_vars_of_level((Node *) rte->tablesample->repeatable, 0));
	rte->relid = InvalidOid;
	rte->relkind = 0;
	rte->rellockmode = 0;
	rte->inh = false;
	rte->tablesample = NULL;
	rte->securityQuals = NIL;
	jur_clear_perms(rte);
}

/* ------------------------------------------------------------------- in place */

typedef struct InPlace
{
	Relation	rel;
	const JurPerms *perms;
	Index		relation;
	int			levels_up;
} InPlace;

static Node *
mask_references(Node *node, InPlace *place)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno != place->relation || var->varlevelsup != place->levels_up ||
			var->varattno < 0)
			return node;
		if (var->varattno == 0)
			return (Node *) whole_row(place->rel, place->perms, place->relation,
									  place->levels_up);
		return (Node *) column_value(place->rel, place->perms, var->varattno,
									 place->relation, place->levels_up);
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		place->levels_up++;
		query = query_tree_mutator((Query *) node, mask_references, place, 0);
		place->levels_up--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, mask_references, place);
}

static bool
is_locked(const Query *query, Index index)
{
	ListCell   *lc;

	foreach(lc, query->rowMarks)
		if (((RowMarkClause *) lfirst(lc))->rti == index)
			return true;
	return false;
}

/*
 * A relation whose rows are locked stays where it is, and each reference to it
 * is masked: in a subquery rows would be locked before they are sorted and
 * limited, and WHERE CURRENT OF would find the row locked last.  No outer join
 * can make its rows null; the server does not lock such.
 */
static void
mask_in_place(Query *query, RangeTblEntry *rte, Index index)
{
	InPlace		place = {relation_open(rte->relid, AccessShareLock),
	jur_query_perms(query, rte), index, 0};
	List	   *filters = rte->securityQuals;

	/* policies test what there is, as in a subquery */
	rte->securityQuals = NIL;
	query_tree_mutator(query, mask_references, &place, QTW_DONT_COPY_QUERY);
	relation_close(place.rel, NoLock);
	/* the mutator has made new entries */
	rte = rt_fetch(index, query->rtable);
	rte->securityQuals = filters;
	jur_mark(rte, JUR_MARK_MASKED);
}

/* ---------------------------------------------------------------- the target */

typedef struct Target
{
	const JurTagged *tagged;
	Index		relation;
	int			levels_up;
	AttrNumber	into;			/* the column that is assigned; 0: none */
} Target;

#define INTO_ANY_COLUMN (-1)

/* is a value from a column raised by FROM raised as much in the column INTO? */
static bool
stays_raised(const Target *target, const JurColumnTag *from)
{
	const JurColumnTag *into = column_tag(target->tagged, target->into);

	return into != NULL &&
		(into == from ||
		 jur_label_flows(jur_column_label(target->tagged, from, NULL),
						 jur_column_label(target->tagged, into, NULL)));
}

/* a whole row that is carried into a column: each of its raises is read */
static Node *
guard_carried_row(Var *row, const Target *target)
{
	Node	   *guarded = (Node *) row;
	int			i;

	for (i = 0; i < target->tagged->ncolumns; i++)
	{
		JurColumnTag refused = target->tagged->columns[i];
		CaseExpr   *test;

		refused.mask = JUR_MASK_REFUSE;
		test = (CaseExpr *) masked(target->tagged, &refused, row, target->relation,
								   target->levels_up, false);
		((CaseWhen *) linitial(test->args))->result = (Expr *) guarded;
		guarded = (Node *) test;
	}
	return guarded;
}

/*
 * A reference to a raised column of the target becomes the value or an error:
 * a mask there could be written back.  Carried into a column that is raised
 * less, the value counts as read by the statement, not as the row's own.
 */
static Node *
guard_references(Node *node, Target *target)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		const JurColumnTag *tag;
		JurColumnTag refused;
		bool		is_carried;

		if (var->varno != target->relation || var->varlevelsup != target->levels_up)
			return node;
		is_carried = target->into != 0 && jur_flow != JUR_FLOW_OFF;
		if (var->varattno == 0)
			return is_carried ? guard_carried_row(var, target) : node;
		tag = column_tag(target->tagged, var->varattno);
		if (tag == NULL)
			return node;
		is_carried = is_carried && !stays_raised(target, tag);
		if (!is_carried && jur_column_is_open(target->tagged, tag))
			return node;
		refused = *tag;
		refused.mask = JUR_MASK_REFUSE;
		return (Node *) masked(target->tagged, &refused, var, target->relation,
							   target->levels_up, !is_carried);
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		target->levels_up++;
		query = query_tree_mutator((Query *) node, guard_references, target, 0);
		target->levels_up--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, guard_references, target);
}

/* SET column = ..., where a list assigned from one subquery is any column */
static List *
guard_assignments(List *assignments, Target *target)
{
	List	   *guarded = NIL;
	ListCell   *lc;

	foreach(lc, assignments)
	{
		TargetEntry *entry = lfirst(lc);

		target->into = entry->resjunk ? INTO_ANY_COLUMN : entry->resno;
		guarded = lappend(guarded, guard_references((Node *) entry, target));
	}
	target->into = 0;
	return guarded;
}

static void
guard_conflict(OnConflictExpr *conflict, Target *target)
{
	if (conflict == NULL)
		return;
	conflict->onConflictSet = guard_assignments(conflict->onConflictSet, target);
	conflict->onConflictWhere = guard_references(conflict->onConflictWhere, target);
}

static void
guard_actions(List *actions, Target *target)
{
	ListCell   *lc;

	foreach(lc, actions)
	{
		MergeAction *action = lfirst(lc);

		action->targetList = guard_assignments(action->targetList, target);
		action->qual = guard_references(action->qual, target);
	}
}

/* ------------------------------------------------- policies of the application */

/*
 * What an application's own policies test is masked as well: they are the
 * owner's expressions, and run for everybody.
 */
static Node *
mask_in_policy(Node *node, Target *target)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		const JurColumnTag *tag;
		JurColumnTag shown;

		if (var->varno != target->relation || var->varlevelsup != target->levels_up)
			return node;
		tag = column_tag(target->tagged, var->varattno);
		if (tag == NULL || jur_column_is_open(target->tagged, tag))
			return node;
		shown = *tag;
		if (shown.mask == JUR_MASK_REFUSE)
			shown.mask = JUR_MASK_NULL;
		return (Node *) masked(target->tagged, &shown, var, target->relation,
							   target->levels_up, true);
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		target->levels_up++;
		query = query_tree_mutator((Query *) node, mask_in_policy, target, 0);
		target->levels_up--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, mask_in_policy, target);
}

static void
mask_policies(Query *query, RangeTblEntry *rte, Index index)
{
	Target		target = {jur_tags_of(rte->relid), index, 0, 0};

	if (target.tagged->ncolumns == 0 || target.tagged->is_broken)
		return;
	rte->securityQuals = (List *) mask_in_policy((Node *) rte->securityQuals, &target);
	if (index == query->resultRelation)
		query->withCheckOptions = (List *)
			mask_in_policy((Node *) query->withCheckOptions, &target);
}

/* ------------------------------------------------------------ what is written */

/* the check of a new row's value: its label must be one the session may read */
static WithCheckOption *
value_check(const JurTagged *tagged, const JurColumnTag *tag, Index relation, WCOKind kind)
{
	WithCheckOption *check = makeNode(WithCheckOption);

	check->kind = kind;
	check->relname = pstrdup(get_rel_name(tagged->relid));
	check->polname = pstrdup("jurisdiction");
	check->qual = (Node *) call("column_writable", BOOLOID,
								list_make3(row_label(tagged, relation, 0, NULL),
										   table_oid(tagged->relid),
										   column_number(tag->attnum)), InvalidOid);
	check->cascaded = false;
	return check;
}

static void
guard_target(Query *query, RangeTblEntry *rte)
{
	const JurTagged *tagged = jur_tags_of(rte->relid);
	JurPerms   *perms = jur_query_perms(query, rte);
	Target		target = {tagged, query->resultRelation, 0, 0};
	int			i;

	if (tagged->ncolumns == 0 || tagged->is_broken || perms == NULL)
		return;
	for (i = 0; i < tagged->ncolumns; i++)
	{
		const JurColumnTag *tag = &tagged->columns[i];

		if (jur_column_is_open(tagged, tag))
			continue;
		if (is_read(perms->insertedCols, tag->attnum))
			query->withCheckOptions = lappend(query->withCheckOptions,
											  value_check(tagged, tag, query->resultRelation,
														  WCO_RLS_INSERT_CHECK));
		if (is_read(perms->updatedCols, tag->attnum))
			query->withCheckOptions = lappend(query->withCheckOptions,
											  value_check(tagged, tag, query->resultRelation,
														  WCO_RLS_UPDATE_CHECK));
	}
	if (query->commandType == CMD_UPDATE)
		query->targetList = guard_assignments(query->targetList, &target);
	else
		query->targetList = (List *) guard_references((Node *) query->targetList, &target);
	query->jointree = (FromExpr *) guard_references((Node *) query->jointree, &target);
	jur_map_merge_condition(query, guard_references, &target);
	query->returningList = (List *) guard_references((Node *) query->returningList, &target);
	guard_conflict(query->onConflict, &target);
	guard_actions(query->mergeActionList, &target);
	/* a whole row holds what no reference names: the wall's to judge */
	if (!bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, perms->selectedCols))
		jur_mark(rte, JUR_MARK_MASKED);
}

/*
 * column_writable(row label, table, column number) returns boolean: true, or
 * an error if a value so labelled is one the session may not read back.
 */
PG_FUNCTION_INFO_V1(jur_sql_column_writable);
Datum
jur_sql_column_writable(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("writing to a tagged table");
	if (!PG_ARGISNULL(0) && jur_memo_admits(fcinfo, PG_GETARG_DATUM(0), ask_target_column))
		PG_RETURN_BOOL(true);
	jur_refuse_column(PG_GETARG_OID(1), PG_GETARG_INT16(2), "write");
	PG_RETURN_BOOL(true);
}

/* the checks of COPY FROM, for the columns it fills; see enforce_copy.c */
List *
jur_column_checks(const JurTagged *tagged, const JurPerms *perms)
{
	List	   *checks = NIL;
	int			i;

	for (i = 0; i < tagged->ncolumns; i++)
		if (is_read(perms->insertedCols, tagged->columns[i].attnum) &&
			!jur_column_is_open(tagged, &tagged->columns[i]))
			checks = lappend(checks,
							 value_check(tagged, &tagged->columns[i], 1,
										 WCO_RLS_INSERT_CHECK)->qual);
	return checks;
}

/*
 * Mask what of QUERY's own relations needs it; not in its subqueries, which
 * the caller walks.
 */
void
jur_mask_columns(Query *query)
{
	Index		index;
	int			nrelations = list_length(query->rtable);

	for (index = 1; index <= nrelations; index++)
	{
		RangeTblEntry *rte = rt_fetch(index, query->rtable);
		const JurTagged *tagged;

		if (rte->rtekind != RTE_RELATION || rte->relid < FirstNormalObjectId ||
			jur_has_mark(rte, JUR_MARK_MASKED) ||
			rte->relkind == RELKIND_COMPOSITE_TYPE || rte->relkind == RELKIND_VIEW)
			continue;
		mask_policies(query, rte, index);
		if (index == query->resultRelation)
		{
			guard_target(query, rte);
			continue;
		}
		tagged = jur_tags_of(rte->relid);
		if (tagged->ncolumns > 0 && !tagged->is_broken &&
			needs_masks(tagged, jur_query_perms(query, rte)))
		{
			if (is_locked(query, index))
				mask_in_place(query, rte, index);
			else
				replace_by_subquery(query, rte, index);
		}
	}
}

/* -------------------------------------------------------------- SQL functions */

static needs_fmgr_hook_type prev_needs_fmgr = NULL;

/*
 * The planner inlines set-returning SQL functions behind our back, and what
 * is inlined is not masked.  Where columns are tagged they are not inlined,
 * but planned by themselves, which comes by here.
 */
static bool
needs_fmgr(Oid function)
{
	HeapTuple	tuple;
	Form_pg_proc proc;
	bool		needed;

	if (prev_needs_fmgr && prev_needs_fmgr(function))
		return true;
	if (function < FirstNormalObjectId || !IsTransactionState())
		return false;
	/* a trusted function's body is not inlined either */
	if (jur_is_trusted(function))
		return true;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return false;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	needed = proc->prolang == SQLlanguageId && proc->proretset;
	ReleaseSysCache(tuple);
	return needed && jur_any_tagged();
}

void
jur_enforce_columns_init(void)
{
	prev_needs_fmgr = needs_fmgr_hook;
	needs_fmgr_hook = needs_fmgr;
}
