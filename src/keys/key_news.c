/*-------------------------------------------------------------------------
 *
 * key_news.c
 *	  Idea: a change of keys reaches sessions that do nothing.
 *
 * Cache invalidations tell a session of a change at its next command.  Until
 * then it would keep a key that was destroyed.  So each change is counted in
 * shared memory once it is committed, and sessions with keys in memory look at
 * the count (vault.c).  Not when the change is made: what a session read between
 * that and the commit would be old, and seem new.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"

#include "base/errors.h"
#include "base/shmem.h"
#include "keys/keys.h"

static bool is_changed = false; /* by this transaction */

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			if (is_changed)
				jur_share_key_news();
			is_changed = false;
			break;
		case XACT_EVENT_ABORT:
			is_changed = false;
			break;
		case XACT_EVENT_PRE_PREPARE:
			/* COMMIT PREPARED would tell nobody, and destroy nothing */
			if (is_changed)
				ereport(ERROR,
						(errcode(JUR_ERR_UNSUPPORTED),
						 errmsg("a transaction that changes keys cannot be prepared")));
			break;
		default:
			break;
	}
}

void
jur_key_news_init(void)
{
	RegisterXactCallback(at_end_of_transaction, NULL);
}

/* keys_changed() returns trigger: on the tables of keys, after every statement */
PG_FUNCTION_INFO_V1(jur_sql_keys_changed);
Datum
jur_sql_keys_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("keys_changed() can be called as a trigger only")));
	is_changed = true;
	return PointerGetDatum(NULL);
}
