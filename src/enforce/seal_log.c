/*-------------------------------------------------------------------------
 *
 * seal_log.c
 *	  Idea: what was sealed does not get into the server's log because an
 *	  error quotes it.
 *
 *	  Hooks: emit_log_hook.
 *
 * "invalid input syntax for type integer: ..." goes to the session, which may
 * read the value, and to a file on the server, where it was sealed so that it
 * is not.  So what is logged of errors, warnings and notices after a value was
 * opened, until the transaction ends, is their SQLSTATE and the statement, as
 * the client typed it.  Cancelled and terminated says no more than that; and
 * messages of level LOG are about the statement, or the session's own code has
 * asked for them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "enforce/enforce_internal.h"

static emit_log_hook_type prev_emit_log = NULL;
static bool has_opened = false;

static const char *
level_name(int level)
{
	return level >= PANIC ? "PANIC" : level >= FATAL ? "FATAL" : level >= ERROR ? "ERROR" :
		level >= WARNING ? "WARNING" : "NOTICE";
}

static void
leave_out_values(ErrorData *error)
{
	if (has_opened && error->output_to_server && error->elevel >= INFO &&
		ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_OPERATOR_INTERVENTION)
	{
		error->output_to_server = false;
		ereport(LOG_SERVER_ONLY,
				(errcode(error->sqlerrcode),
				 errhidecontext(true),
				 errmsg("%s %s", level_name(error->elevel), unpack_sql_state(error->sqlerrcode)),
				 errdetail_log("Its text is left out: the transaction has opened sealed values.")));
	}
	if (prev_emit_log)
		prev_emit_log(error);
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		has_opened = false;
}

void
jur_seal_log_note(void)
{
	has_opened = true;
}

void
jur_seal_log_init(void)
{
	prev_emit_log = emit_log_hook;
	emit_log_hook = leave_out_values;
	RegisterXactCallback(at_end_of_transaction, NULL);
}
