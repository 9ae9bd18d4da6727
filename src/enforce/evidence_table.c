/*-------------------------------------------------------------------------
 *
 * evidence_table.c
 *	  Idea: the evidence log as a table, so that a query's conditions, order
 *	  and LIMIT say how much of it is read.
 *
 * A function in FROM would read everything before the first condition is
 * looked at.  A foreign table is told the conditions: this one leaves out
 * bundles that cannot match (evidence_conditions.c), goes from the newest
 * entry to the oldest or the other way, and stops when nobody asks on.
 *
 * Asking who may read comes first, when the scan begins: EXPLAIN tells
 * nothing of the log, not even how long it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/evidence_reading.h"

/* what the planner is told of the log's length, which it may not know */
#define ASSUMED_ENTRIES	1000000.0

/* one while a scan runs */
typedef struct LogScan
{
	bool		is_ascending;
	List	   *planned;		/* (kind, term) of each expression */
	List	   *types;			/* Oid of each */
	List	   *expressions;	/* ExprState */
	JurColumnSource *sources;	/* by column; OTHER where it is not asked for */
	int			ncolumns;
	MemoryContext context;		/* of the cursor */
	JurCursor  *cursor;			/* NULL: begins with the next row */
} LogScan;

/* ----------------------------------------------------------------- planning */

static void
estimate_size(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	rel->tuples = ASSUMED_ENTRIES;
	rel->rows = clamp_row_est(ASSUMED_ENTRIES *
							  clauselist_selectivity(root, rel->baserestrictinfo, 0,
													 JOIN_INNER, NULL));
}

/*
 * Does the query's order begin with the entry's number?  As that is unique,
 * what follows it orders nothing more.
 */
static bool
is_ordered_by_number(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	PathKey    *key;
	ListCell   *lc;
	Relation	relation;
	bool		found = false;

	if (root->query_pathkeys == NIL)
		return false;
	key = linitial(root->query_pathkeys);
	relation = table_open(relid, NoLock);
	foreach(lc, key->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(lc);
		Var		   *var = (Var *) member->em_expr;

		if (IsA(var, Var) && var->varno == rel->relid && var->varlevelsup == 0 &&
			var->varattno > 0 &&
			jur_column_source(RelationGetDescr(relation), var->varattno).column == JUR_EVIDENCE_SEQ)
			found = true;
	}
	table_close(relation, NoLock);
	return found && !key->pk_eclass->ec_has_volatile;
}

static void
add_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	bool		is_ordered = is_ordered_by_number(root, rel, relid);
	PathKey    *key = is_ordered ? linitial(root->query_pathkeys) : NULL;
	bool		is_ascending = is_ordered && !jur_pathkey_is_descending(key);
	List	   *keys = NIL;

	if (is_ordered)
		keys = bms_membership(root->all_baserels) == BMS_SINGLETON ?
			root->query_pathkeys : list_make1(key);
	add_path(rel, (Path *)
			 jur_create_foreignscan_path(root, rel, rel->rows, 10,
										 10 + rel->rows * 0.1, keys,
										 rel->lateral_relids,
										 list_make1_int(is_ascending)));
}

/*
 * The columns that somebody looks at.  TARGETS would not say: where the
 * planner finds it cheaper, they are all there are.
 */
static List *
used_columns(RelOptInfo *rel, List *clauses)
{
	Bitmapset  *used = NULL;
	List	   *columns = NIL;
	int			column = -1;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &used);
	pull_varattnos((Node *) clauses, rel->relid, &used);
	while ((column = bms_next_member(used, column)) >= 0)
		columns = lappend_int(columns, column + FirstLowInvalidHeapAttributeNumber);
	return columns;
}

static ForeignScan *
make_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid, ForeignPath *path,
		  List *targets, List *clauses, Plan *outer)
{
	List	   *exprs;
	List	   *planned;

	clauses = extract_actual_clauses(clauses, false);
	jur_plan_conditions(rel, relid, clauses, &exprs, &planned);
	return make_foreignscan(targets, clauses, rel->relid, exprs,
							list_make3(path->fdw_private, planned, used_columns(rel, clauses)),
							NIL, NIL, outer);
}

/* ------------------------------------------------------------------ running */

static void
find_columns(LogScan *scan, List *used, TupleDesc desc)
{
	bool		is_whole = list_member_int(used, 0);
	int			i;

	scan->ncolumns = desc->natts;
	scan->sources = palloc0(desc->natts * sizeof(JurColumnSource));
	for (i = 1; i <= desc->natts; i++)
		if (is_whole || list_member_int(used, i))
			scan->sources[i - 1] = jur_column_source(desc, i);
}

static void
begin_scan(ForeignScanState *node, int flags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	LogScan	   *scan;
	ListCell   *lc;

	if (flags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	jur_begin_reading("jurisdiction.evidence", "");
	scan = palloc0(sizeof(LogScan));
	scan->is_ascending = linitial_int(linitial(plan->fdw_private)) != 0;
	scan->planned = lsecond(plan->fdw_private);
	foreach(lc, plan->fdw_exprs)
		scan->types = lappend_oid(scan->types, exprType(lfirst(lc)));
	scan->expressions = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
	find_columns(scan, lthird(plan->fdw_private), RelationGetDescr(node->ss.ss_currentRelation));
	scan->context = AllocSetContextCreate(CurrentMemoryContext, "jurisdiction evidence scan",
										  ALLOCSET_DEFAULT_SIZES);
	node->fdw_state = scan;
}

/* what the conditions come to now, when parameters have their values */
static void
open_cursor(LogScan *scan, ForeignScanState *node)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->context);
	JurConditions conditions;
	int			i;

	jur_no_conditions(&conditions);
	for (i = 0; i < list_length(scan->expressions); i++)
	{
		bool		isnull;
		Datum		value = ExecEvalExpr(list_nth(scan->expressions, i),
										 node->ss.ps.ps_ExprContext, &isnull);

		jur_add_condition(&conditions, list_nth_int(scan->planned, 2 * i),
						  list_nth_int(scan->planned, 2 * i + 1), value, isnull,
						  list_nth_oid(scan->types, i));
	}
	scan->cursor = jur_cursor_open(&conditions, scan->is_ascending);
	MemoryContextSwitchTo(caller);
}

static TupleTableSlot *
next_row(ForeignScanState *node)
{
	LogScan	   *scan = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	JurEntry	entry;
	int			i;

	if (scan->cursor == NULL)
		open_cursor(scan, node);
	ExecClearTuple(slot);
	if (!jur_cursor_next(scan->cursor, &entry))
		return slot;
	for (i = 0; i < scan->ncolumns; i++)
		slot->tts_values[i] = jur_entry_value(&entry, &scan->sources[i],
											  &slot->tts_isnull[i]);
	return ExecStoreVirtualTuple(slot);
}

static void
close_cursor(LogScan *scan)
{
	scan->cursor = NULL;
	MemoryContextReset(scan->context);
}

static void
rescan(ForeignScanState *node)
{
	close_cursor(node->fdw_state);
}

static void
end_scan(ForeignScanState *node)
{
	if (node->fdw_state)
		close_cursor(node->fdw_state);
}

static void
explain(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	ExplainPropertyText("Order", linitial_int(linitial(plan->fdw_private)) != 0 ?
						"oldest first" : "newest first", es);
	ExplainPropertyInteger("Conditions of the index", NULL,
						   list_length(plan->fdw_exprs), es);
}

/* nothing is changed here, and nothing locked */
static int
updatable(Relation rel)
{
	return 0;
}

PG_FUNCTION_INFO_V1(jur_sql_evidence_handler);
Datum
jur_sql_evidence_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = estimate_size;
	routine->GetForeignPaths = add_paths;
	routine->GetForeignPlan = make_plan;
	routine->BeginForeignScan = begin_scan;
	routine->IterateForeignScan = next_row;
	routine->ReScanForeignScan = rescan;
	routine->EndForeignScan = end_scan;
	routine->ExplainForeignScan = explain;
	routine->IsForeignRelUpdatable = updatable;
	PG_RETURN_POINTER(routine);
}
