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
 * A stack of running executors tells a referential check of the server from
 * a statement that a trigger runs inside one: the former is exempt, since it
 * must see every row to be right; the latter is not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"

typedef struct Frame
{
	struct Frame *up;
	bool		is_referential; /* it began under SECURITY_NOFORCE_RLS */
} Frame;

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

static Frame *top_frame = NULL;
static Stamp *stamps = NULL;

bool
jur_enclosed_in_referential_check(void)
{
	return top_frame != NULL && top_frame->is_referential;
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

static void
stamp_query(QueryDesc *query)
{
	Stamp	   *stamp = MemoryContextAllocZero(query->estate->es_query_cxt,
											   sizeof(Stamp));

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

static void
check_stamp(QueryDesc *query)
{
	Stamp	   *stamp;

	for (stamp = stamps; stamp; stamp = stamp->next)
		if (stamp->query == query)
			break;
	if (stamp == NULL || stamp->generation == jur_generation)
		return;
	stamp->generation = jur_generation;
	jur_check_unfiltered(query->plannedstmt->rtable);
	if (stamp->fingerprint == jur_subject_fingerprint())
		return;
	if (!jur_refused("read", InvalidOid, "cursor opened as another session"))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("cursor reads tagged tables and was opened in another context"),
			 errdetail("The role, the purpose or the place of the session has changed since."),
			 errhint("Close the cursor and open it again.")));
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

	if (jur_session_refresh())
		jur_plans_are_stale();
	if (!jur_is_installed())
		return;
	fingerprint = jur_subject_fingerprint();
	if (fingerprint != last_fingerprint && last_fingerprint != 0)
		close_held_cursors();
	last_fingerprint = fingerprint;
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
	if (is_ours && jur_touches_tagged(query->plannedstmt->rtable))
	{
		jur_check_unfiltered(query->plannedstmt->rtable);
		stamp_query(query);
	}
}

void
jur_standard_run(JUR_EXECUTOR_RUN_PARAMS)
{
	if (prev_run)
		prev_run(JUR_EXECUTOR_RUN_ARGS);
	else
		standard_ExecutorRun(JUR_EXECUTOR_RUN_ARGS);
}

static void
execute_run(JUR_EXECUTOR_RUN_PARAMS)
{
	Frame		frame = {top_frame, InNoForceRLSOperation()};

	if (!IsParallelWorker())
	{
		jur_statement_begins();
		if (stamps)
			check_stamp(query);
	}
	top_frame = &frame;
	PG_TRY();
	{
		if (jur_export_wants(query))
			jur_export_run(JUR_EXECUTOR_RUN_ARGS);
		else
			jur_standard_run(JUR_EXECUTOR_RUN_ARGS);
	}
	PG_FINALLY();
	{
		top_frame = frame.up;
	}
	PG_END_TRY();
}

static void
execute_finish(QueryDesc *query)
{
	Frame		frame = {top_frame, InNoForceRLSOperation()};

	top_frame = &frame;
	PG_TRY();
	{
		if (prev_finish)
			prev_finish(query);
		else
			standard_ExecutorFinish(query);
	}
	PG_FINALLY();
	{
		top_frame = frame.up;
	}
	PG_END_TRY();
}

static void
execute_end(QueryDesc *query)
{
	if (prev_end)
		prev_end(query);
	else
		standard_ExecutorEnd(query);
	jur_rows_flush_counts();
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
