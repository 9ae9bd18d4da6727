/*-------------------------------------------------------------------------
 *
 * init.c
 *	  Idea: what happens when the library is loaded; a table of contents.
 *
 * Loaded late (LOAD, or by calling a function) the library installs no hook
 * and raises no error: label input and output work, so that pg_upgrade and a
 * restore are clean; everything that enforces or decides says 55000.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce.h"
#include "evidence/evidence.h"
#include "keys/keys.h"
#include "policy/policy.h"
#include "session/session.h"
#include "store/store.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	jur_preloaded = process_shared_preload_libraries_in_progress;
	if (!jur_preloaded)
	{
		jur_enforce_late_init();
		return;
	}

	jur_settings_init();
	jur_shmem_init();
	jur_invalidate_init();
	jur_policy_init();
	jur_keys_init();
	jur_key_news_init();
	jur_session_init();
	jur_evidence_init();
	jur_policy_record_init();

	/* the hooks, one file each */
	jur_enforce_relabel_init();
	jur_enforce_rows_init();
	jur_enforce_columns_init();
	jur_enforce_plan_init();
	jur_enforce_flow_init();
	jur_enforce_trusted_init();
	jur_enforce_given_rows_init();
	jur_wall_init();
	jur_enforce_execute_init();
	jur_object_guard_init();
	jur_enforce_functions_init();
	jur_enforce_utility_init();
	jur_enforce_explain_init();
	jur_seal_log_init();
	jur_seal_kept_init();
	jur_enforce_counters_init();
	jur_enforce_replication_init();
	jur_enforce_evidence_init();
}
