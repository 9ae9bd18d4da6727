/*-------------------------------------------------------------------------
 *
 * enforce_plan.c
 *	  Idea: what only a whole query can tell: relabelling, filters that can
 *	  exclude nothing, statistics.
 *	  Hook: planner_hook.
 *
 * A filter is taken out of the plan when the session is admitted to the
 * table's ceiling, so that it gets the plan of an untagged table.  The plan
 * then rests on what holds now: its range table entry is marked, a change
 * discards cached plans, and starting a marked plan asks again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_statistic_ext_data.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"

static planner_hook_type prev_planner = NULL;

/* has this session ever planned without a filter? */
static bool has_unfiltered_plans = false;

/* --------------------------------------------------------------------- marks */

#define MARKS "jurisdiction:"

/*
 * Marks of a range table entry, which the planner copies into the plan: in a
 * field that relations do not use and that cannot be set from SQL.
 */
void
jur_mark(RangeTblEntry *rte, JurMark mark)
{
	if (!jur_has_mark(rte, mark))
		rte->enrname = psprintf("%s%c", rte->enrname ? rte->enrname : MARKS, mark);
}

bool
jur_has_mark(const RangeTblEntry *rte, JurMark mark)
{
	return rte->enrname && strncmp(rte->enrname, MARKS, strlen(MARKS)) == 0 &&
		strchr(rte->enrname + strlen(MARKS), mark) != NULL;
}

/* ---------------------------------------------------------------- relabelling */

/*
 * An UPDATE that assigns the row label: the new value passes through
 * relabelled(new, old, table), which compares the two row by row.
 */
static void
check_assignments(List *targetlist, Index result, const JurTagged *tagged)
{
	Oid			function = jur_function_oid("relabelled");
	ListCell   *lc;

	foreach(lc, targetlist)
	{
		TargetEntry *entry = lfirst(lc);
		Var		   *old;

		if (entry->resjunk || entry->resno != tagged->row_attnum)
			continue;
		old = makeVar(result, tagged->row_attnum, jur_label_type_oid(), -1,
					  InvalidOid, 0);
		if (equal(entry->expr, old))
			continue;
		entry->expr = (Expr *)
			makeFuncExpr(function, jur_label_type_oid(),
						 list_make3(entry->expr, old,
									makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
											  ObjectIdGetDatum(tagged->relid), false, true)),
						 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	}
}

/*
 * A generated label is compared with the old one by a trigger in memory
 * (relabel_trigger.c), which partitions opened in the course of an INSERT
 * cannot be given.
 */
static void
refuse_routed_conflict(const RangeTblEntry *target)
{
	Relation	rel = table_open(target->relid, NoLock);

	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE && jur_label_is_generated(rel) &&
		!jur_is_restoring() &&
		jur_refused("relabel", target->relid, "ON CONFLICT DO UPDATE with a generated label"))
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("ON CONFLICT DO UPDATE is not possible on partitioned table %s",
						jur_relation_name(target->relid)),
				 errdetail("Its row label is generated, and could not be compared with the old one."),
				 errhint("Name the partition, or use MERGE.")));
	table_close(rel, NoLock);
}

static void
check_relabelling(Query *query)
{
	RangeTblEntry *target;
	const JurTagged *tagged;
	ListCell   *lc;

	if (query->resultRelation == 0)
		return;
	target = rt_fetch(query->resultRelation, query->rtable);
	if (target->relid < FirstNormalObjectId)
		return;
	tagged = jur_tags_of(target->relid);
	if (tagged->row_attnum == 0)
		return;
	if (query->commandType == CMD_UPDATE)
		check_assignments(query->targetList, query->resultRelation, tagged);
	if (query->onConflict)
		check_assignments(query->onConflict->onConflictSet, query->resultRelation,
						  tagged);
	if (query->onConflict && query->onConflict->action == ONCONFLICT_UPDATE)
		refuse_routed_conflict(target);
	foreach(lc, query->mergeActionList)
	{
		MergeAction *action = lfirst(lc);

		if (action->commandType == CMD_UPDATE)
			check_assignments(action->targetList, query->resultRelation, tagged);
	}
}

static void
refuse_relabelling(const JurLabel *old, const JurLabel *new, Oid relid,
				   const char *kind)
{
	if (!jur_refused("relabel", relid, kind))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("a row of table %s may not be relabelled from \"%s\" to \"%s\"",
					jur_relation_name(relid), jur_label_text(old), jur_label_text(new)),
			 errdetail("The new label is not at least as restrictive as the old."),
			 errhint("An officer may grant the session's role a \"%s\" exemption.", kind)));
}

/*
 * Raises unless the session may give label NEW to a row labelled OLD.  Up is
 * a matter of writing the new label; down and sideways need an exemption.
 */
void
jur_check_relabelling(Datum old_label, Datum new_label, Oid relid)
{
	JurLabel   *old = jur_label_of_datum(old_label);
	JurLabel   *new = jur_label_of_datum(new_label);
	const char *kind;
	const char *basis;

	if (jur_label_flows(old, new) || jur_is_restoring())
		return;
	kind = jur_label_flows(new, old) ? "write_down" : "relabel";
	basis = jur_exemption_for(kind, old);
	if (basis == NULL)
	{
		refuse_relabelling(old, new, relid, kind);
		return;
	}
	jur_count(JUR_COUNT_EXEMPTIONS, 1);
	jur_recorded("exemption", jur_relation_name(relid), psprintf("%s: %s", kind, basis));
}

/*
 * relabelled(new, old, table) returns label: NEW, or an error if the session
 * may not give it to a row labelled OLD.
 */
PG_FUNCTION_INFO_V1(jur_sql_relabelled);
Datum
jur_sql_relabelled(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("writing to a tagged table");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		jur_check_relabelling(PG_GETARG_DATUM(1), PG_GETARG_DATUM(0), PG_GETARG_OID(2));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* -------------------------------------------------------------------- targets */

/* filters on rows that are read to be written into SINK under their own label */
static bool
count_apart(Node *node, Oid *sink)
{
	FuncExpr   *call = (FuncExpr *) node;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && call->funcid == jur_function_oid("row_visible"))
	{
		call->funcid = jur_function_oid("target_row_visible");
		call->args = lappend(call->args,
							 makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
									   ObjectIdGetDatum(*sink), false, true));
		return false;
	}
	return expression_tree_walker(node, count_apart, sink);
}

/*
 * INSERT ... SELECT whose label is plainly that of its one tagged source: the
 * source's entry, else NULL.  Each new row is then of one old row only.
 */
static RangeTblEntry *
plain_source(const Query *query, const JurTagged *tagged)
{
	RangeTblEntry *source = NULL;
	TargetEntry *entry = NULL;
	Query	   *select;
	ListCell   *lc;
	Var		   *var;

	foreach(lc, query->targetList)
		if (((TargetEntry *) lfirst(lc))->resno == tagged->row_attnum)
			entry = lfirst(lc);
	if (entry == NULL || !IsA(entry->expr, Var))
		return NULL;
	var = (Var *) entry->expr;
	source = rt_fetch(var->varno, query->rtable);
	if (source->rtekind != RTE_SUBQUERY || var->varlevelsup != 0 || var->varattno <= 0)
		return NULL;
	select = source->subquery;
	if (select->commandType != CMD_SELECT || select->setOperations || select->groupClause ||
		select->groupingSets || select->hasAggs || select->hasWindowFuncs ||
		select->distinctClause || select->hasTargetSRFs)
		return NULL;
	var = (Var *) ((TargetEntry *) list_nth(select->targetList, var->varattno - 1))->expr;
	if (!IsA(var, Var) || var->varlevelsup != 0)
		return NULL;
	source = rt_fetch(var->varno, select->rtable);
	if (source->rtekind != RTE_RELATION || source->relid < FirstNormalObjectId ||
		jur_tags_of(source->relid)->row_attnum != var->varattno ||
		jur_tags_of(source->relid)->ncolumns > 0)
		return NULL;
	return source;
}

static void
tell_target_apart(Query *query)
{
	RangeTblEntry *target;
	RangeTblEntry *source;
	ListCell   *lc;

	if (query->resultRelation == 0)
		return;
	target = rt_fetch(query->resultRelation, query->rtable);
	if (target->relid < FirstNormalObjectId || !jur_is_tagged(target->relid))
		return;
	count_apart((Node *) target->securityQuals, &target->relid);
	/* RETURNING tests the new rows by the filter for reading */
	foreach(lc, query->withCheckOptions)
		count_apart(((WithCheckOption *) lfirst(lc))->qual, &target->relid);
	if (query->commandType != CMD_INSERT)
		return;
	source = plain_source(query, jur_tags_of(target->relid));
	if (source && list_length(source->securityQuals) > 0)
	{
		count_apart((Node *) source->securityQuals, &target->relid);
		jur_mark(source, JUR_MARK_COPIED);
	}
}

/* ------------------------------------------------------------------ ceilings */

static bool
is_row_filter(Node *qual)
{
	return IsA(qual, FuncExpr) &&
		(((FuncExpr *) qual)->funcid == jur_function_oid("row_visible") ||
		 ((FuncExpr *) qual)->funcid == jur_function_oid("target_row_visible")) &&
		IsA(linitial(((FuncExpr *) qual)->args), Var);
}

static bool
is_true(Node *qual)
{
	return IsA(qual, Const) && !((Const *) qual)->constisnull &&
		((Const *) qual)->consttype == BOOLOID &&
		DatumGetBool(((Const *) qual)->constvalue);
}

/* is every row that the table can hold readable for this session now? */
static bool
is_within_clearance(Oid relid)
{
	const JurTagged *tagged = jur_tags_of(relid);

	return tagged->is_tagged && !tagged->is_broken && tagged->ceiling_holds &&
		!jur_observing() && jur_export == NULL &&
		jur_decide_now(tagged->ceiling, JUR_READ).verdict == JUR_ALLOW;
}

/*
 * The server puts an application's restrictive policies before ours, and
 * evaluates them in that order: a function there would see every row.
 */
static void
put_filter_first(RangeTblEntry *rte)
{
	Oid			row_visible = jur_function_oid("row_visible");
	Oid			target_row_visible = jur_function_oid("target_row_visible");
	List	   *ours = NIL;
	List	   *theirs = NIL;
	ListCell   *lc;

	foreach(lc, rte->securityQuals)
	{
		Node	   *qual = lfirst(lc);

		if (IsA(qual, FuncExpr) &&
			(((FuncExpr *) qual)->funcid == row_visible ||
			 ((FuncExpr *) qual)->funcid == target_row_visible))
			ours = lappend(ours, qual);
		else
			theirs = lappend(theirs, qual);
	}
	rte->securityQuals = list_concat(ours, theirs);
}

/*
 * Likewise for rows that are there already, which ON CONFLICT and MERGE check
 * one by one.
 */
static void
put_checks_first(Query *query)
{
	Oid			schema = jur_schema_oid();
	List	   *ours = NIL;
	List	   *theirs = NIL;
	ListCell   *lc;

	foreach(lc, query->withCheckOptions)
	{
		WithCheckOption *check = lfirst(lc);

		if (check->kind != WCO_VIEW_CHECK && check->kind != WCO_RLS_INSERT_CHECK &&
			check->kind != WCO_RLS_UPDATE_CHECK && IsA(check->qual, FuncExpr) &&
			get_func_namespace(((FuncExpr *) check->qual)->funcid) == schema)
			ours = lappend(ours, check);
		else
			theirs = lappend(theirs, check);
	}
	query->withCheckOptions = list_concat(ours, theirs);
}

static void
take_out_filter(RangeTblEntry *rte)
{
	List	   *kept = NIL;
	bool		found = false;
	ListCell   *lc;

	foreach(lc, rte->securityQuals)
	{
		if (is_row_filter(lfirst(lc)))
			found = true;
		else if (!is_true(lfirst(lc)))
			kept = lappend(kept, lfirst(lc));
	}
	if (!found || !is_within_clearance(rte->relid))
		return;
	rte->securityQuals = kept;
	jur_mark(rte, JUR_MARK_UNFILTERED);
	has_unfiltered_plans = true;
}

static void
discard_plans(JurChange change, Oid relid)
{
	if (has_unfiltered_plans && change != JUR_CHANGED_TAGS)
		ResetPlanCache();
}

void
jur_plans_are_stale(void)
{
	if (has_unfiltered_plans)
		ResetPlanCache();
}

/*
 * The plan was made when the session was admitted to the ceiling.  Changes
 * discard such plans; this is for what no change announces: a rule that ended
 * since, a cursor still open.
 */
void
jur_check_unfiltered(List *rtable)
{
	ListCell   *lc;

	foreach(lc, rtable)
	{
		RangeTblEntry *rte = lfirst(lc);

		if (rte->rtekind != RTE_RELATION ||
			!jur_has_mark(rte, JUR_MARK_UNFILTERED) ||
			is_within_clearance(rte->relid) || jur_observing())
			continue;
		ResetPlanCache();
		if (jur_refused("read", rte->relid, "the plan rests on what holds no more"))
			ereport(ERROR,
					(errcode(JUR_ERR_REFUSED),
					 errmsg("what this session may read of table %s has changed since the statement was planned",
							jur_relation_name(rte->relid)),
					 errhint("Run the statement again.")));
	}
}

/* ---------------------------------------------------------------- statistics */

/*
 * pg_stats and its kin show a superuser everything.  Rows about tagged tables
 * are left out for whom row security does not bind; for all others the views
 * themselves leave them out.
 */
static void
filter_statistics(RangeTblEntry *rte, Index index)
{
	AttrNumber	attnum;
	bool		extended = rte->relid == StatisticExtDataRelationId;

	if (!extended && rte->relid != StatisticRelationId)
		return;
	if (!jur_any_tagged())
		return;
	attnum = extended ? Anum_pg_statistic_ext_data_stxoid : Anum_pg_statistic_starelid;
	rte->securityQuals =
		lappend(rte->securityQuals,
				makeFuncExpr(jur_function_oid("statistics_visible"), BOOLOID,
							 list_make2(makeVar(index, attnum, OIDOID, -1, InvalidOid, 0),
										makeBoolConst(extended, false)),
							 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
	jur_mark(rte, JUR_MARK_STATISTICS);
}

/* statistics_visible(relation or statistics object, extended) returns boolean */
PG_FUNCTION_INFO_V1(jur_sql_statistics_visible);
Datum
jur_sql_statistics_visible(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);

	jur_require_preloaded("reading statistics");
	if (PG_GETARG_BOOL(1))
	{
		HeapTuple	tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(relid));

		if (!HeapTupleIsValid(tuple))
			PG_RETURN_BOOL(false);
		relid = ((Form_pg_statistic_ext) GETSTRUCT(tuple))->stxrelid;
		ReleaseSysCache(tuple);
	}
	if (!jur_is_tagged(relid) || jur_observing())
		PG_RETURN_BOOL(true);
	PG_RETURN_BOOL(jur_is_restoring() || jur_current_subject()->exemption != NULL);
}

/* ------------------------------------------------------------------ the hook */

static bool
prepare_query(Node *node, void *context)
{
	Query	   *query = (Query *) node;
	Index		index = 0;
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr))
	{
		jur_stand_in_for_counter((FuncExpr *) node);
		jur_flow_guard_call((FuncExpr *) node);
	}
	if (!IsA(node, Query))
		return expression_tree_walker(node, prepare_query, context);
	tell_target_apart(query);
	check_relabelling(query);
	jur_mask_columns(query);
	put_checks_first(query);
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);

		index++;
		if (rte->rtekind != RTE_RELATION)
			continue;
		filter_statistics(rte, index);
		if (rte->securityQuals != NIL)
		{
			put_filter_first(rte);
			take_out_filter(rte);
		}
	}
	return query_tree_walker(query, prepare_query, context, 0);
}

static PlannedStmt *
standard_plan(Query *query, const char *query_string, int options, ParamListInfo params)
{
	if (prev_planner)
		return prev_planner(query, query_string, options, params);
	return standard_planner(query, query_string, options, params);
}

/*
 * A function may have read tagged tables for a constant of the plan: then the
 * plan is this role's, and rests on those tables.
 */
static void
note_reads(PlannedStmt *plan, List *read)
{
	if (read == NIL)
		return;
	plan->dependsOnRole = true;
	plan->relationOids = list_concat_unique_oid(plan->relationOids, read);
	has_unfiltered_plans = true;
}

static PlannedStmt *
plan(Query *query, const char *query_string, int options, ParamListInfo params)
{
	PlannedStmt *result;
	bool		is_outermost = jur_is_outermost();
	ErrorContextCallback *messages = error_context_stack;
	ErrorContextCallback watch;
	JurFrame	frame;

	if (!jur_is_installed() || !jur_any_tagged())
		return standard_plan(query, query_string, options, params);
	/* what is decided here must be decided for the statement that starts */
	jur_statement_begins();
	if (is_outermost)
		jur_statement_is(jur_command_name(query->commandType), query->queryId);
	jur_push_frame(&frame, NULL, query);
	/* what is read from here on is noted for this plan, though it be for others */
	jur_flow_version++;
	PG_TRY();
	{
		/* functions run while planning, too, and tell what they found */
		if (is_outermost)
			jur_evidence_watch(&watch);
		prepare_query((Node *) query, NULL);
		result = standard_plan(query, query_string, options, params);
	}
	PG_CATCH();
	{
		jur_pop_frame(&frame);
		if (is_outermost)
			jur_evidence_statement_fails();
		PG_RE_THROW();
	}
	PG_END_TRY();
	error_context_stack = messages;
	jur_pop_frame(&frame);
	note_reads(result, frame.read);
	jur_flow_keep_in_plan(result, &frame);
	return result;
}

void
jur_enforce_plan_init(void)
{
	prev_planner = planner_hook;
	planner_hook = plan;
	jur_on_change(discard_plans);
}
