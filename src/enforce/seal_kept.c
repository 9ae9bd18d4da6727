/*-------------------------------------------------------------------------
 *
 * seal_kept.c
 *	  Idea: an opened value is not kept where it is had again without asking.
 *
 *	  Hooks: planner_hook, ProcessUtility_hook.
 *
 * An index, statistics and a column that ALTER TABLE writes anew keep what
 * their expressions gave, on the server's disk: there, nothing is opened.
 *
 * A cursor may have computed rows that are not fetched yet, and a plan holds
 * what a function gave while it was made.  So a query that has opened values is
 * stamped like one that reads tagged tables; a plan that holds some is used
 * for one statement, which then rests on the table of keys.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "access/xact.h"
#include "optimizer/planner.h"
#include "postmaster/autovacuum.h"
#include "tcop/cmdtag.h"
#include "utils/plancache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "store/store.h"

static planner_hook_type prev_planner = NULL;
static ProcessUtility_hook_type prev_utility = NULL;

static const char *keeping = NULL;	/* the command that keeps what it computes */
static bool opened_in_plan = false;
static bool plan_is_cached = false; /* one that holds opened values */

/* ---------------------------------------------------------------- commands */

static bool
keeps_what_it_computes(Node *command)
{
	switch (nodeTag(command))
	{
		case T_IndexStmt:
		case T_ReindexStmt:
		case T_ClusterStmt:
		case T_VacuumStmt:		/* and ANALYZE */
		case T_AlterTableStmt:
			return true;
		default:
			return false;
	}
}

static void
utility(JUR_UTILITY_PARAMS)
{
	const char *outer = keeping;

	if (keeps_what_it_computes(pstmt->utilityStmt))
		keeping = GetCommandTagName(CreateCommandTag(pstmt->utilityStmt));
	PG_TRY();
	{
		if (prev_utility)
			prev_utility(JUR_UTILITY_ARGS);
		else
			standard_ProcessUtility(JUR_UTILITY_ARGS);
	}
	PG_FINALLY();
	{
		keeping = outer;
	}
	PG_END_TRY();
}

void
jur_seal_before_opening(void)
{
	const char *command = jur_is_autovacuum() ? "autovacuum" : keeping;

	if (likely(command == NULL))
		return;
	jur_refused_guarded("unseal", "", command);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("%s may not open sealed values", command),
			 errdetail("What is inside would be kept on the server without its seal."),
			 errhint("To search by equality, index jurisdiction.blind_index().")));
}

/* ------------------------------------------------------- plans and cursors */

static PlannedStmt *
plan(Query *query, const char *query_string, int options, ParamListInfo params)
{
	PlannedStmt *result;
	bool		outer = opened_in_plan;

	opened_in_plan = false;
	PG_TRY();
	{
		result = prev_planner ? prev_planner(query, query_string, options, params) :
			standard_planner(query, query_string, options, params);
	}
	PG_CATCH();
	{
		opened_in_plan = outer;
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (opened_in_plan)
	{
		result->dependsOnRole = true;
		result->relationOids = list_append_unique_oid(result->relationOids, jur_table_oid("key"));
		plan_is_cached = true;
	}
	/* what a function's own plan holds is in its caller's, too */
	opened_in_plan |= outer;
	return result;
}

bool
jur_seal_is_in_plan(const PlannedStmt *plan)
{
	return plan->dependsOnRole && list_member_oid(plan->relationOids, jur_table_oid("key"));
}

void
jur_seal_after_opening(void)
{
	opened_in_plan = true;
	jur_stamp_callers();
	jur_seal_log_note();
}

void
jur_seal_statement_ends(void)
{
	if (likely(!plan_is_cached))
		return;
	plan_is_cached = false;
	ResetPlanCache();
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		jur_seal_statement_ends();
}

static void
at_end_of_subtransaction(SubXactEvent event, SubTransactionId mine,
						 SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		jur_seal_statement_ends();
}

void
jur_seal_kept_init(void)
{
	prev_planner = planner_hook;
	planner_hook = plan;
	prev_utility = ProcessUtility_hook;
	ProcessUtility_hook = utility;
	RegisterXactCallback(at_end_of_transaction, NULL);
	RegisterSubXactCallback(at_end_of_subtransaction, NULL);
}
