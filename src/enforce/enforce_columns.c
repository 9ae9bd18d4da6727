/*-------------------------------------------------------------------------
 *
 * enforce_columns.c
 *	  Idea: a value that the session may not read is masked, row by row.
 *	  Called from planner_hook (enforce_plan.c).
 *
 * A reference to a table with raised columns becomes a subquery that selects
 * CASE WHEN column_visible(...) THEN column ELSE mask END in their stead, so
 * the value is masked before WHERE, JOIN, GROUP BY or a function can test it
 * (column_subquery.c, column_mask.c).  Where rows are locked the references are
 * masked in place instead; the target of a statement is another matter
 * (column_target.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "parser/parsetree.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/columns.h"
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

const JurColumnTag *
jur_column_tag(const JurTagged *tagged, AttrNumber attnum)
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
	const JurColumnTag *column = jur_column_tag(tagged, PG_GETARG_INT16(2));
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

/* --------------------------------------------------------- which columns need it */

bool
jur_column_is_read(const Bitmapset *columns, AttrNumber attnum)
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
		needed = jur_column_is_read(perms->selectedCols, tagged->columns[i].attnum) &&
			(jur_export || !jur_column_is_open(tagged, &tagged->columns[i]));
	return needed;
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

/* the checks of COPY FROM, for the columns it fills; see enforce_copy.c */
List *
jur_column_checks(const JurTagged *tagged, const JurPerms *perms)
{
	List	   *checks = NIL;
	int			i;

	for (i = 0; i < tagged->ncolumns; i++)
		if (jur_column_is_read(perms->insertedCols, tagged->columns[i].attnum) &&
			!jur_column_is_open(tagged, &tagged->columns[i]))
			checks = lappend(checks,
							 jur_value_check(tagged, &tagged->columns[i], 1,
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
		jur_mask_policies(query, rte, index);
		if (index == query->resultRelation)
		{
			jur_guard_target(query, rte);
			continue;
		}
		tagged = jur_tags_of(rte->relid);
		if (tagged->ncolumns > 0 && !tagged->is_broken &&
			needs_masks(tagged, jur_query_perms(query, rte)))
		{
			if (is_locked(query, index))
				jur_mask_in_place(query, rte, index);
			else
				jur_replace_by_subquery(query, rte, index);
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
