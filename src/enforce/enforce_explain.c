/*-------------------------------------------------------------------------
 *
 * enforce_explain.c
 *	  Idea: a plan does not tell what the session may not read.
 *	  Hooks: planner_hook (to know, not to change), emit_log_hook.
 *
 * Estimates are made from the statistics of all rows, and ANALYZE counts the
 * rows that a filter removed, so both tell of rows and values that are hidden.
 * Where a tagged table of the query is not wholly readable, EXPLAIN shows the
 * plan without estimates, and EXPLAIN ANALYZE is refused.
 *
 * The same plans are printed by auto_explain and debug_print_plan, as messages
 * that any session can ask to be sent: those stay in the server's log.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "commands/defrem.h"
#include "commands/explain.h"
#include "commands/prepare.h"
#include "nodes/makefuncs.h"
#include "optimizer/planner.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/tcopprot.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"

static planner_hook_type prev_planner = NULL;
static emit_log_hook_type prev_emit_log = NULL;

/* a table of this database is, or was, tagged; set when a query is planned */
static bool plans_can_tell = false;

/* --------------------------------------------------- what is not wholly readable */

/* is any row or value hidden from this session where RTE is scanned? */
static bool
hides_something(const RangeTblEntry *rte)
{
	const JurTagged *tagged;
	const JurLabel *label;

	if (rte->rtekind != RTE_RELATION || rte->relid < FirstNormalObjectId)
		return false;
	tagged = jur_tags_of(rte->relid);
	if (!tagged->is_tagged)
		return false;
	if (tagged->is_broken || jur_has_mark(rte, JUR_MARK_MASKED))
		return true;
	if (tagged->row_attnum != 0 && !tagged->ceiling_holds)
		return true;
	label = tagged->ceiling;
	if (label && jur_decide_now(label, JUR_READ).verdict != JUR_ALLOW)
		return true;
	/* deciding may have dropped the cache entry: look it up again */
	tagged = jur_tags_of(rte->relid);
	return tagged->relation && tagged->relation->label &&
		jur_decide_now(tagged->relation->label, JUR_READ).verdict != JUR_ALLOW;
}

/* the first such table in plans; views and children are among their entries */
static Oid
hidden_in_plans(List *plans)
{
	ListCell   *lc;
	ListCell   *entry;

	foreach(lc, plans)
	{
		PlannedStmt *plan = lfirst(lc);

		foreach(entry, plan->rtable)
			if (hides_something(lfirst(entry)))
				return ((RangeTblEntry *) lfirst(entry))->relid;
	}
	return InvalidOid;
}

typedef struct Explained
{
	const char *query_string;
	ParamListInfo params;
	QueryEnvironment *env;
} Explained;

static Oid	hidden_in_query(Query *query, const Explained *explained);

/* a generic plan scans what any plan of the statement can scan */
static Oid
hidden_in_prepared(const char *name, const Explained *explained)
{
	PreparedStatement *prepared = FetchPreparedStatement(name, false);
	CachedPlan *plan;
	Oid			hidden;

	if (prepared == NULL || !prepared->plansource->fixed_result)
		return InvalidOid;
	plan = GetCachedPlan(prepared->plansource, NULL, CurrentResourceOwner,
						 explained->env);
	hidden = hidden_in_plans(plan->stmt_list);
	ReleaseCachedPlan(plan, CurrentResourceOwner);
	return hidden;
}

static Oid
hidden_in_utility(Node *stmt, const Explained *explained)
{
	Node	   *query = NULL;

	if (IsA(stmt, ExecuteStmt))
		return hidden_in_prepared(((ExecuteStmt *) stmt)->name, explained);
	if (IsA(stmt, CreateTableAsStmt))
		query = ((CreateTableAsStmt *) stmt)->query;
	if (IsA(stmt, DeclareCursorStmt))
		query = ((DeclareCursorStmt *) stmt)->query;
	if (query && IsA(query, Query))
		return hidden_in_query((Query *) query, explained);
	return InvalidOid;
}

/* QUERY as parse analysis has left it; it stays as it is */
static Oid
hidden_in_query(Query *query, const Explained *explained)
{
	List	   *rewritten = QueryRewrite(copyObject(query));
	ListCell   *lc;

	foreach(lc, rewritten)
	{
		Query	   *one = lfirst(lc);
		Oid			hidden;

		if (one->commandType == CMD_UTILITY)
			hidden = hidden_in_utility(one->utilityStmt, explained);
		else
			hidden = hidden_in_plans(list_make1(pg_plan_query(one, explained->query_string,
															  CURSOR_OPT_PARALLEL_OK,
															  explained->params)));
		if (OidIsValid(hidden))
			return hidden;
	}
	return InvalidOid;
}

/* ------------------------------------------------------------------- EXPLAIN */

/* the value of a boolean option, of which the last is the one that counts */
static bool
option_is_on(List *options, const char *name, bool on)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, name) == 0)
			on = defGetBoolean(option);
	}
	return on;
}

static void
turn_off(ExplainStmt *stmt, const char *option)
{
	stmt->options = lappend(stmt->options,
							makeDefElem(pstrdup(option), (Node *) makeBoolean(false), -1));
}

/*
 * The EXPLAIN that may be run in place of PSTMT: itself, or a copy without
 * estimates.  Raises 42501 for EXPLAIN ANALYZE where rows would be counted
 * that the session may not read.
 */
PlannedStmt *
jur_guard_explain(PlannedStmt *pstmt, const char *query_string,
				  ParamListInfo params, QueryEnvironment *env)
{
	ExplainStmt *stmt = (ExplainStmt *) pstmt->utilityStmt;
	Explained	explained = {query_string, params, env};
	Oid			hidden;
	bool		counts;

	if (!jur_any_tagged() || jur_is_restoring() || jur_current_subject()->exemption)
		return pstmt;
	counts = option_is_on(stmt->options, "analyze", false);
	if (!counts && !option_is_on(stmt->options, "costs", true) &&
		!option_is_on(stmt->options, "buffers", false) &&
		!option_is_on(stmt->options, "memory", false))
		return pstmt;
	hidden = hidden_in_query(castNode(Query, stmt->query), &explained);
	if (!OidIsValid(hidden))
		return pstmt;
	if (counts)
	{
		if (!jur_refused("explain", hidden, "it would count rows that are hidden"))
			return pstmt;
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("permission denied to EXPLAIN ANALYZE a statement on tagged table %s",
						jur_relation_name(hidden)),
				 errdetail("It would tell of rows or values that this session may not read."),
				 errhint("EXPLAIN without ANALYZE shows the plan; a session that may read all of the table, up to the ceiling of its \"rows within\", can use ANALYZE.")));
	}
	if (jur_observing())
		return pstmt;
	ereport(NOTICE,
			(errmsg("the plan is shown without estimates"),
			 errdetail("They would tell of rows or values of tagged table %s that this session may not read.",
					   jur_relation_name(hidden))));
	pstmt = copyObject(pstmt);
	stmt = (ExplainStmt *) pstmt->utilityStmt;
	turn_off(stmt, "costs");
	/* what planning met in statistics and indexes; not every server has all */
	if (option_is_on(stmt->options, "buffers", false))
		turn_off(stmt, "buffers");
	if (option_is_on(stmt->options, "memory", false))
		turn_off(stmt, "memory");
	return pstmt;
}

/* ------------------------------------------------------------ printed plans */

static PlannedStmt *
notice_tags(Query *query, const char *query_string, int options, ParamListInfo params)
{
	if (!plans_can_tell)
		plans_can_tell = jur_any_tagged();
	if (prev_planner)
		return prev_planner(query, query_string, options, params);
	return standard_planner(query, query_string, options, params);
}

static bool
prints_a_plan(const ErrorData *message)
{
	return message->funcname && message->filename &&
		((strcmp(message->filename, "auto_explain.c") == 0 &&
		  strcmp(message->funcname, "explain_ExecutorEnd") == 0) ||
		 strcmp(message->funcname, "elog_node_display") == 0);
}

/*
 * client_min_messages = log is anybody's to set.  The server documents only
 * output_to_server as ours to turn off, but looks at both afterwards.
 */
static void
keep_plans_from_clients(ErrorData *message)
{
	if (prev_emit_log)
		prev_emit_log(message);
	if (plans_can_tell && message->output_to_client && message->elevel < ERROR &&
		prints_a_plan(message))
		message->output_to_client = false;
}

void
jur_enforce_explain_init(void)
{
	prev_planner = planner_hook;
	planner_hook = notice_tags;
	prev_emit_log = emit_log_hook;
	emit_log_hook = keep_plans_from_clients;
}
