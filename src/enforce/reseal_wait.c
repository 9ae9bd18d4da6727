/*-------------------------------------------------------------------------
 *
 * reseal_wait.c
 *	  Idea: who is writing a table while reseal() goes through it may have used
 *	  the old key, and commit after all was looked at.
 *
 * The key would be destroyed, and the row lost with it.  So reseal() waits for
 * the transactions that are writing, and looks once more.  It waits as CREATE
 * INDEX CONCURRENTLY does: nobody has to wait for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"

#include "base/settings.h"

/* reseal_wait(relation): until all who are writing it now have ended */
PG_FUNCTION_INFO_V1(jur_sql_reseal_wait);
Datum
jur_sql_reseal_wait(PG_FUNCTION_ARGS)
{
	LOCKTAG		tag;

	jur_require_preloaded("jurisdiction.reseal()");
	SET_LOCKTAG_RELATION(tag, MyDatabaseId, PG_GETARG_OID(0));
	WaitForLockers(tag, ShareLock, false);
	PG_RETURN_VOID();
}
