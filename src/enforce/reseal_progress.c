/*-------------------------------------------------------------------------
 *
 * reseal_progress.c
 *	  Idea: how far each reseal() is, where the server keeps such numbers: in
 *	  a backend's status, which an error clears.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "commands/progress.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"

/* none of the server's own commands has this number */
#define RESEALING	((ProgressCommandType) 0x4a7)

enum
{
	COLUMN,						/* attribute number */
	PASS,
	BLOCKS_DONE,
	BLOCKS,
	ROWS_DONE,
	NNUMBERS
};

/*
 * reseal_note(relation, column, pass, blocks_done, blocks, rows_done): of this
 * session; a NULL relation ends it
 */
PG_FUNCTION_INFO_V1(jur_sql_reseal_note);
Datum
jur_sql_reseal_note(PG_FUNCTION_ARGS)
{
	int			i;

	jur_require_preloaded("jurisdiction.reseal()");
	if (PG_ARGISNULL(0))
	{
		pgstat_progress_end_command();
		PG_RETURN_VOID();
	}
	pgstat_progress_start_command(RESEALING, PG_GETARG_OID(0));
	for (i = 0; i < NNUMBERS; i++)
		pgstat_progress_update_param(i, PG_ARGISNULL(i + 1) ? 0 : PG_GETARG_INT64(i + 1));
	PG_RETURN_VOID();
}

static bool
may_see(const PgBackendStatus *status)
{
	return has_privs_of_role(GetUserId(), status->st_userid) ||
		has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) || jur_is_officer();
}

/* reseals() returns (pid, relation, column, pass, blocks_done, blocks, rows_done) */
PG_FUNCTION_INFO_V1(jur_sql_reseals);
Datum
jur_sql_reseals(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			nbackends = pgstat_fetch_stat_numbackends();
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 1; i <= nbackends; i++)
	{
		LocalPgBackendStatus *local = jur_local_beentry(i);
		PgBackendStatus *status = local ? &local->backendStatus : NULL;
		Datum		values[2 + NNUMBERS];
		bool		nulls[2 + NNUMBERS] = {false};
		int			j;

		if (status == NULL || status->st_progress_command != RESEALING ||
			status->st_databaseid != MyDatabaseId || !may_see(status))
			continue;
		values[0] = Int32GetDatum(status->st_procpid);
		values[1] = ObjectIdGetDatum(status->st_progress_command_target);
		for (j = 0; j < NNUMBERS; j++)
			values[2 + j] = Int64GetDatum(status->st_progress_param[j]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
