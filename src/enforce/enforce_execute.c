/*-------------------------------------------------------------------------
 *
 * enforce_execute.c
 *	  Idea: a statement runs in the session it began in.
 *	  Hooks: ExecutorStart, ExecutorRun, ExecutorFinish, ExecutorEnd.
 *
 * Every start looks who the session is now.  A cursor that reads tagged data
 * carries the fingerprint of the session that opened it, and is refused in
 * another (after SET ROLE, say); held cursors, whose rows are stored already
 * and pass no hook, are closed.
 *
 * A stack of what is planned and run tells a referential check of the server
 * from a statement that a trigger or a cast runs inside one: the former is
 * exempt, since it must see every row to be right; the latter is not.  And
 * what a function reads, the statement that calls it has read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"

/* what a query that reads tagged tables was started under */
typedef struct Stamp
{
	struct Stamp *next;
	QueryDesc  *query;
	uint64		fingerprint;
	uint64		generation;
	MemoryContextCallback forget;
} Stamp;

static ExecutorStart_hook_type prev_start = NULL;
static ExecutorRun_hook_type prev_run = NULL;
static ExecutorFinish_hook_type prev_finish = NULL;
static ExecutorEnd_hook_type prev_end = NULL;

/* names of cursors declared WITH HOLD; enforce_utility.c adds to it */
List	   *jur_held_cursors = NIL;

JurFrame   *jur_top_frame = NULL;
static Stamp *stamps = NULL;

void
jur_push_frame(JurFrame *frame, QueryDesc *query, Query *planned)
{
	memset(frame, 0, sizeof(JurFrame));
	frame->up = jur_top_frame;
	frame->query = query;
	frame->planned = planned;
	frame->is_referential = InNoForceRLSOperation();
	frame->context = CurrentMemoryContext;
	jur_top_frame = frame;
}

void
jur_pop_frame(JurFrame *frame)
{
	jur_top_frame = frame->up;
}

bool
jur_enclosed_in_referential_check(void)
{
	return jur_top_frame != NULL && jur_top_frame->is_referential;
}

static void
forget_stamp(void *arg)
{
	Stamp	  **link;

	for (link = &stamps; *link; link = &(*link)->next)
		if (*link == arg)
		{
			*link = (*link)->next;
			return;
		}
}

static Stamp *
stamp_of(QueryDesc *query)
{
	Stamp	   *stamp;

	for (stamp = stamps; stamp; stamp = stamp->next)
		if (stamp->query == query)
			return stamp;
	return NULL;
}

static void
stamp_query(QueryDesc *query)
{
	Stamp	   *stamp;

	if (stamp_of(query))
		return;
	stamp = MemoryContextAllocZero(query->estate->es_query_cxt, sizeof(Stamp));
	stamp->query = query;
	stamp->fingerprint = jur_subject_fingerprint();
	stamp->generation = jur_generation;
	stamp->forget.func = forget_stamp;
	stamp->forget.arg = stamp;
	MemoryContextRegisterResetCallback(query->estate->es_query_cxt,
									   &stamp->forget);
	stamp->next = stamps;
	stamps = stamp;
}

void
jur_refuse_cursor(void)
{
	if (!jur_refused("read", InvalidOid, "cursor opened as another session"))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("cursor reads tagged tables and was opened in another context"),
			 errdetail("The role, the purpose or the place of the session has changed since."),
			 errhint("Close the cursor and open it again.")));
}

static void
check_stamp(QueryDesc *query)
{
	Stamp	   *stamp = stamp_of(query);

	if (stamp == NULL || stamp->generation == jur_generation)
		return;
	stamp->generation = jur_generation;
	jur_check_unfiltered(query->plannedstmt->rtable);
	if (stamp->fingerprint != jur_subject_fingerprint())
		jur_refuse_cursor();
}

/*
 * Rows of a held cursor were read as somebody else.  They leave the server
 * without passing any hook, so the cursor goes.
 */
static void
close_held_cursors(void)
{
	List	   *names = jur_held_cursors;
	ListCell   *lc;

	jur_held_cursors = NIL;
	foreach(lc, names)
	{
		Portal		portal = GetPortalByName(lfirst(lc));

		if (PortalIsValid(portal) && portal->status != PORTAL_ACTIVE &&
			!portal->portalPinned)
			PortalDrop(portal, false);
	}
	list_free_deep(names);
}

void
jur_statement_begins(void)
{
	static uint64 last_fingerprint = 0;
	uint64		fingerprint;

	jur_evidence_session_begins();
	if (jur_top_frame == NULL && jur_utility_depth == 0)
		jur_flow_statement_begins();
	/* FETCH locks no table, and would hear of no change */
	AcceptInvalidationMessages();
	if (jur_session_refresh())
		jur_plans_are_stale();
	if (!jur_is_installed())
		return;
	fingerprint = jur_subject_fingerprint();
	if (fingerprint != last_fingerprint && last_fingerprint != 0)
		close_held_cursors();
	last_fingerprint = fingerprint;
}

/*
 * Does the plan read tagged tables, or hold what was read of them while it
 * was made?  The latter is noted among the relations it rests on.
 */
static bool
reads_tagged(const PlannedStmt *plan)
{
	ListCell   *lc;

	if (jur_touches_tagged(plan->rtable))
		return true;
	if (plan->dependsOnRole)
		foreach(lc, plan->relationOids)
			if (jur_is_tagged(lfirst_oid(lc)))
				return true;
	return jur_seal_is_in_plan(plan);
}

/*
 * A query that reads PLAN's tables was called by those below it on the stack:
 * a cursor among them holds its rows, a plan among them its values.
 */
static void
note_in_callers(const PlannedStmt *plan)
{
	JurFrame   *frame;
	ListCell   *lc;

	for (frame = jur_top_frame; frame; frame = frame->up)
	{
		MemoryContext caller;

		if (frame->query)
		{
			stamp_query(frame->query);
			continue;
		}
		caller = MemoryContextSwitchTo(frame->context);
		foreach(lc, plan->relationOids)
			if (jur_is_tagged(lfirst_oid(lc)))
				frame->read = list_append_unique_oid(frame->read, lfirst_oid(lc));
		MemoryContextSwitchTo(caller);
	}
}

void
jur_stamp_callers(void)
{
	JurFrame   *frame;

	for (frame = jur_top_frame; frame && !frame->is_stamped; frame = frame->up)
	{
		if (frame->query)
			stamp_query(frame->query);
		frame->is_stamped = true;
	}
}

static void
execute_start(QueryDesc *query, int flags)
{
	bool		is_ours = !IsParallelWorker();

	if (is_ours)
		jur_statement_begins();
	if (prev_start)
		prev_start(query, flags);
	else
		standard_ExecutorStart(query, flags);
	if (is_ours && reads_tagged(query->plannedstmt))
	{
		jur_watch_relabelling(query, flags);
		jur_check_unfiltered(query->plannedstmt->rtable);
		stamp_query(query);
		note_in_callers(query->plannedstmt);
	}
}

static void
touch_ceiling(const JurLabel *label)
{
	(*jur_statement_count(jur_label_datum(label), JUR_ASKED_CEILING))++;
}

/* do its rows go to another server as they come? */
static bool
feeds_foreign_table(const PlannedStmt *plan)
{
	ListCell   *lc;

	foreach(lc, plan->resultRelations)
		if (rt_fetch(lfirst_int(lc), plan->rtable)->relkind == RELKIND_FOREIGN_TABLE)
			return true;
	return false;
}

/* is a statement around the one that ends sending rows to a foreign table? */
static bool
is_fed_on(const JurFrame *frame)
{
	for (; frame; frame = frame->up)
		if (frame->query && feeds_foreign_table(frame->query->plannedstmt))
			return true;
	return false;
}

/* what the statement's record will tell of this plan */
static void
touch_tables(const PlannedStmt *plan)
{
	ListCell   *lc;

	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);
		const JurTagged *tagged;

		if (rte->rtekind != RTE_RELATION)
			continue;
		tagged = jur_tags_of(rte->relid);
		if (!tagged->is_tagged)
			continue;
		jur_statement_touches(rte->relid);
		if (!jur_has_mark(rte, JUR_MARK_UNFILTERED))
			continue;
		tagged = jur_tags_of(rte->relid);
		if (tagged->ceiling)
			touch_ceiling(tagged->ceiling);
		tagged = jur_tags_of(rte->relid);
		if (tagged->relation && tagged->relation->label)
			touch_ceiling(tagged->relation->label);
	}
}

bool
jur_is_held(const struct PortalData *portal)
{
	return PortalIsValid(portal) && portal->holdStore && portal->queryDesc == NULL &&
		portal->strategy == PORTAL_ONE_SELECT && portal->stmts != NIL;
}

void
jur_touch_held(const struct PortalData *portal)
{
	if (jur_is_held(portal) && jur_any_tagged())
		touch_tables(linitial_node(PlannedStmt, portal->stmts));
}

const char *
jur_command_name(CmdType operation)
{
	switch (operation)
	{
		case CMD_SELECT:
			return "SELECT";
		case CMD_INSERT:
			return "INSERT";
		case CMD_UPDATE:
			return "UPDATE";
		case CMD_DELETE:
			return "DELETE";
		case CMD_MERGE:
			return "MERGE";
		default:
			return "UTILITY";
	}
}

bool
jur_is_outermost(void)
{
	return jur_top_frame == NULL && jur_utility_depth == 0 && !IsParallelWorker();
}

void
jur_standard_run(JUR_EXECUTOR_RUN_PARAMS)
{
	if (prev_run)
		prev_run(JUR_EXECUTOR_RUN_ARGS);
	else
		standard_ExecutorRun(JUR_EXECUTOR_RUN_ARGS);
}

static bool
sends_rows(const QueryDesc *query)
{
	return query->operation == CMD_SELECT || query->plannedstmt->hasReturning;
}

static void
begin_run(QueryDesc *query, bool is_outermost)
{
	jur_statement_begins();
	if (stamps)
		check_stamp(query);
	if (is_outermost)
		jur_statement_is(jur_command_name(query->operation), query->plannedstmt->queryId);
	if (!jur_is_installed())
		return;
	if (jur_any_tagged())
		touch_tables(query->plannedstmt);
	if (query->plannedstmt->parallelModeNeeded)
		jur_statement_has_workers();
}

static void
end_run(QueryDesc *query, DestReceiver *dest, bool was_parallel, JurFrame *outer)
{
	query->plannedstmt->parallelModeNeeded = was_parallel;
	query->dest = dest;
	jur_top_frame = outer;
}

static void
execute_run(JUR_EXECUTOR_RUN_PARAMS)
{
	bool		was_parallel = query->plannedstmt->parallelModeNeeded;
	volatile bool is_outermost = jur_is_outermost();
	DestReceiver *dest = query->dest;
	DestReceiver *volatile release = NULL;
	volatile bool is_releasing = false;
	ErrorContextCallback *messages = error_context_stack;
	ErrorContextCallback watch;
	JurFrame   *outer = jur_top_frame;
	JurFrame	frame;

	/* workers do not know that a trusted function is running */
	if (jur_is_in_trusted())
		query->plannedstmt->parallelModeNeeded = false;
	PG_TRY();
	{
		if (!IsParallelWorker())
			begin_run(query, is_outermost);
		else if (outer == NULL)
			jur_evidence_session_begins();
		else
			touch_tables(query->plannedstmt);
		if (is_outermost || (IsParallelWorker() && outer == NULL))
			jur_evidence_watch(&watch);
		/* what COPY spools waits by itself */
		if (sends_rows(query) && !jur_export_wants(query))
		{
			if (jur_tuple_release_wants(dest))
				query->dest = release = jur_tuple_release(dest);
			else
				is_releasing = jur_release_begins(query);
		}
		jur_push_frame(&frame, query, NULL);
		if (!IsParallelWorker())
			jur_flow_before_run(query->plannedstmt);
		if (jur_export_wants(query))
			jur_export_run(JUR_EXECUTOR_RUN_ARGS);
		else
		{
			if (!IsParallelWorker() && feeds_foreign_table(query->plannedstmt))
				jur_evidence_before_release();
			jur_standard_run(JUR_EXECUTOR_RUN_ARGS);
		}
		if (is_releasing)
			jur_release_ends();
		/* now, or it would count as read by a later statement */
		if (was_parallel)
		{
			jur_flow_collect();
			jur_statement_joins_workers();
		}
		if (!IsParallelWorker())
			jur_flow_after_run(query);
	}
	PG_CATCH();
	{
		end_run(query, dest, was_parallel, outer);
		if (is_releasing)
			jur_release_fails();
		if (was_parallel)
			jur_statement_joins_workers();
		if (is_outermost)
			jur_evidence_statement_fails();
		if (IsParallelWorker() && outer == NULL)
			jur_evidence_worker_fails();
		PG_RE_THROW();
	}
	PG_END_TRY();
	end_run(query, dest, was_parallel, outer);
	error_context_stack = messages;
	if (release)
		release->rDestroy(release);
	if (IsParallelWorker())
	{
		if (outer == NULL)
			jur_evidence_worker_ends();
		return;
	}
	/* what it has read may go on from here row by row, and past every receiver */
	if (is_fed_on(outer))
		jur_evidence_before_release();
	/* what RETURNING returns, also in WITH, is stored first, and sent once all is done */
	if (!is_releasing && is_outermost && sends_rows(query) &&
		(query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE))
		jur_statement_sends(query->estate->es_processed);
	/* what writes has its triggers still to come */
	if (is_outermost && (is_releasing || query->operation == CMD_SELECT))
		jur_evidence_statement_ends();
}

static void
execute_finish(QueryDesc *query)
{
	volatile bool is_outermost = jur_is_outermost();
	ErrorContextCallback *messages = error_context_stack;
	ErrorContextCallback watch;
	JurFrame	frame;

	jur_push_frame(&frame, query, NULL);
	if (is_outermost)
		jur_evidence_watch(&watch);
	PG_TRY();
	{
		if (prev_finish)
			prev_finish(query);
		else
			standard_ExecutorFinish(query);
	}
	PG_CATCH();
	{
		jur_pop_frame(&frame);
		if (is_outermost)
			jur_evidence_statement_fails();
		PG_RE_THROW();
	}
	PG_END_TRY();
	jur_pop_frame(&frame);
	error_context_stack = messages;
	if (is_outermost)
		jur_evidence_statement_ends();
}

static void
execute_end(QueryDesc *query)
{
	if (prev_end)
		prev_end(query);
	else
		standard_ExecutorEnd(query);
	jur_rows_flush_counts();
	jur_seal_flush_counts();
	jur_seal_statement_ends();
}

void
jur_enforce_execute_init(void)
{
	prev_start = ExecutorStart_hook;
	ExecutorStart_hook = execute_start;
	prev_run = ExecutorRun_hook;
	ExecutorRun_hook = execute_run;
	prev_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = execute_finish;
	prev_end = ExecutorEnd_hook;
	ExecutorEnd_hook = execute_end;
}
