/*-------------------------------------------------------------------------
 *
 * enforce_evidence.c
 *	  Idea: what a statement did is in the log before anybody learns of it.
 *	  Hooks: the error context (NOTICEs), transaction ends, process exit.
 *
 * A statement's record is put, and waited for, before its first row leaves
 * (release.c), before a NOTICE does, before its error does, and before the
 * client hears that it is done.  What could not be recorded is not released.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/elog.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"
#include "evidence/evidence.h"

/* something was put and not waited for */
static bool owed = false;
/* it was waited for in vain; who waits once more would wait as long again */
static bool in_vain = false;
/*
 * So ended a statement that had read.  It may have kept what it read where no
 * error takes it back: nothing more leaves this session before the log has it.
 */
static bool keeps = false;

void
jur_evidence_owed(void)
{
	owed = true;
	jur_release_falls_due();
}

static void
is_settled(void)
{
	/* what was waited for has come: the next time it is not in vain either */
	if (owed)
		in_vain = false;
	owed = keeps = false;
	jur_evidence_is_due = jur_statement_is_unsaid();
}

static void
settle(void)
{
	if (owed)
	{
		in_vain = true;
		jur_evidence_wait();
	}
	is_settled();
}

static bool
try_settle(void)
{
	bool		settled = !owed || (!in_vain && jur_evidence_try_wait());

	in_vain |= !settled;
	keeps &= !settled;
	owed = keeps;
	jur_evidence_is_due = owed || jur_statement_is_unsaid();
	return settled;
}

bool
jur_evidence_keeps(void)
{
	return keeps;
}

void
jur_evidence_settle_kept(void)
{
	if (keeps)
		settle();
}

/* what could not be waited for, when a statement has failed */
static bool
try_settle_failed(void)
{
	bool		settled = try_settle();

	if (keeps)
		jur_release_shuts();
	return settled;
}

static void
tell_unsaid(void)
{
	if (!jur_statement_is_unsaid())
		return;
	jur_statement_tell(IsParallelWorker() ? NULL : "running");
	owed = true;
}

void
jur_evidence_before_release(void)
{
	tell_unsaid();
	settle();
}

bool
jur_evidence_may_release(void)
{
	tell_unsaid();
	if (owed && !jur_evidence_hurry())
		return false;
	is_settled();
	return true;
}

void
jur_evidence_rows_end(void)
{
	if (jur_statement_has_news())
	{
		/* inside another statement there may be more to come */
		jur_statement_tell(IsParallelWorker() ? NULL : jur_top_frame && jur_top_frame->up == NULL && jur_utility_depth == 0 ?
						   "completed" : "running");
		owed = true;
	}
	settle();
}

void
jur_evidence_statement_ends(void)
{
	PG_TRY();
	{
		if (jur_statement_has_news())
		{
			jur_statement_tell("completed");
			owed = true;
		}
		settle();
	}
	PG_CATCH();
	{
		/* the client hears that it failed, and so does the log */
		jur_evidence_statement_fails();
		PG_RE_THROW();
	}
	PG_END_TRY();
	jur_statement_close();
}

void
jur_evidence_worker_ends(void)
{
	if (jur_statement_has_news())
		jur_statement_tell(NULL);
	jur_statement_close();
}

/* rows that it has met may have left already, by its leader */
void
jur_evidence_worker_fails(void)
{
	if (jur_statement_has_news())
		(void) jur_statement_try_tell(NULL, NULL);
	jur_statement_close();
}

/*
 * The error at hand goes to the client: not before the log has it, and if the
 * log does not take it, what it says does not go either.
 */
void
jur_evidence_statement_fails(void)
{
	bool		recorded = true;
	bool		is_ours;

	if (jur_statement_is_open())
	{
		char		sqlstate[6];

		strlcpy(sqlstate, unpack_sql_state(geterrcode()), sizeof(sqlstate));
		keeps |= jur_statement_has_asked();
		recorded = jur_statement_try_tell("failed", sqlstate);
		owed = true;
	}
	jur_statement_close();
	recorded &= try_settle_failed();
	if (recorded)
		return;
	/* whatever it says: a function can raise an error that looks like ours */
	is_ours = geterrcode() == JUR_ERR_EVIDENCE;
	FlushErrorState();
	ereport(ERROR,
			(errcode(JUR_ERR_EVIDENCE),
			 is_ours ? errmsg("the evidence log cannot be written") :
			 errmsg("the statement failed, and the evidence log could not record it"),
			 is_ours ? errhint("The server's log says why. What touches tagged data works again as soon as the evidence log can be written.") :
			 errhint("Why it failed is not shown while the log cannot be written.")));
}

/* ---------------------------------------------------------------- messages */

/* the process ends, and is heard no more; false: the log does not have all that it did */
static bool
tell_last(void)
{
	jur_release_is_cut_off();
	jur_statement_joins_workers();
	if (jur_statement_is_open())
	{
		(void) jur_statement_try_tell("unknown", NULL);
		owed = true;
	}
	jur_statement_close();
	return try_settle();
}

/*
 * FATAL: nobody catches it, and its CONTEXT has the text of statements that a
 * function may have made of what it read.
 */
static void
before_the_end(void)
{
	if (InterruptHoldoffCount > 0 || CritSectionCount > 0 || IsParallelWorker() || tell_last())
		return;
	error_context_stack = NULL;
	ereport(FATAL,
			(errcode(JUR_ERR_EVIDENCE),
			 errmsg("the session ends, and the evidence log could not record what it did"),
			 errhint("Why it ends is in the server's log.")));
}

/*
 * Called for every message while a statement runs.  What the message says may
 * rest on rows read, so that it is one more way out.
 */
static void
before_message(void *arg)
{
	MemoryContext scratch;
	MemoryContext caller;
	int			level;
	static bool inside = false;

	/* what is said while the log is written is not of the statement */
	if (inside || !jur_evidence_is_due)
		return;
	scratch = AllocSetContextCreate(CurrentMemoryContext, "jurisdiction message",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(scratch);
	level = CopyErrorData()->elevel;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	if (level == FATAL)
	{
		inside = true;
		before_the_end();
		inside = false;
		return;
	}
	/* errors are waited for where they are caught; the server's log is not the client */
	if (level < DEBUG5 || level >= ERROR || level == LOG_SERVER_ONLY ||
		(level != INFO && level < client_min_messages))
		return;
	inside = true;
	PG_TRY();
	{
		jur_evidence_before_release();
	}
	PG_FINALLY();
	{
		inside = false;
	}
	PG_END_TRY();
}

void
jur_evidence_watch(ErrorContextCallback *watch)
{
	watch->callback = before_message;
	watch->arg = NULL;
	watch->previous = error_context_stack;
	error_context_stack = watch;
}

/* ---------------------------------------------------------- what cuts it off */

/* TRANSACTION: another one than the session's own, or invalid */
static void
tell_rollback(TransactionId transaction, const char *detail)
{
	StringInfoData record;

	initStringInfo(&record);
	jur_record_begin(&record, "rollback", GetCurrentTimestamp());
	if (TransactionIdIsValid(transaction))
	{
		jur_record_session(&record);
		jur_record_number(&record, "transaction", transaction);
	}
	else
	{
		jur_record_text(&record, "id", jur_statement_last_id());
		jur_record_session_as_known(&record);
	}
	jur_record_text(&record, "detail", detail);
	jur_record_end(&record);
	(void) jur_evidence_try_put(record.data, record.len);
	pfree(record.data);
	owed = true;
}

/*
 * ROLLBACK PREPARED has undone it; whether it wrote under a label, nobody
 * knows any more.  That is done, so that a log that cannot be written does not
 * make an error of it.
 */
void
jur_evidence_prepared_is_undone(TransactionId transaction)
{
	if (!jur_evidence_is_on())
		return;
	tell_rollback(transaction, "prepared");
	(void) try_settle();
	in_vain = false;
}

/*
 * ROLLBACK TO undoes what statements of the transaction have written; what a
 * statement undoes of its own, in a block that catches errors, its record tells.
 */
static void
level_changes(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (IsParallelWorker())
		return;
	switch (event)
	{
		case SUBXACT_EVENT_START_SUB:
			jur_statement_level_begins(level);
			break;
		case SUBXACT_EVENT_COMMIT_SUB:
			jur_statement_level_ends(level, false);
			break;
		case SUBXACT_EVENT_ABORT_SUB:
			if (jur_is_outermost() && jur_statement_wrote(level))
			{
				tell_rollback(InvalidTransactionId, "to a savepoint");
				jur_release_falls_due();
			}
			jur_statement_level_ends(level, true);
			break;
		default:
			break;
	}
}

static void
transaction_ends(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
	{
		/* what a function read that no statement called, or while planning one */
		if (jur_statement_is_open() && jur_is_outermost())
			jur_evidence_statement_ends();
		else if (jur_statement_is_open())
			jur_evidence_before_release();
		return;
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
		jur_statement_transaction_ends();
	if (event != XACT_EVENT_ABORT)
		return;
	/* a procedure that rolls back goes on */
	if (jur_statement_is_open() && jur_is_outermost())
	{
		keeps |= jur_statement_has_asked();
		(void) jur_statement_try_tell("unknown", NULL);
		owed = true;
	}
	if (jur_statement_wrote(1))
		tell_rollback(InvalidTransactionId, NULL);
	if (jur_is_outermost())
		jur_statement_close();
	jur_statement_transaction_ends();
	(void) try_settle_failed();
	in_vain = false;
}

static void
process_exits(int code, Datum arg)
{
	if (IsParallelWorker())
	{
		jur_evidence_worker_fails();
		return;
	}
	(void) tell_last();
}

/*
 * Once for each backend, when its first statement begins: what the postmaster
 * registered would be forgotten when a backend starts.
 */
void
jur_evidence_session_begins(void)
{
	static bool begun = false;

	if (begun)
		return;
	begun = true;
	before_shmem_exit(process_exits, (Datum) 0);
}

void
jur_enforce_evidence_init(void)
{
	jur_statement_init();
	RegisterXactCallback(transaction_ends, NULL);
	RegisterSubXactCallback(level_changes, NULL);
	/* records tell statements apart by the server's query id, never by text */
	EnableQueryId();
}
