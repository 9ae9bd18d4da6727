/*-------------------------------------------------------------------------
 *
 * exempt.c
 *	  Idea: who is never judged, and why, in one list.
 *
 *	  pg_upgrade		restores the catalogs of a cluster as they were
 *	  backup roles		dump and restore whole tables (ruling 9); recorded
 *	  bypass exemption	an officer lifted the wall for a role; recorded
 *	  our own scripts	CREATE and ALTER EXTENSION fill the policy tables
 *	  referential checks	see enforce_execute.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/extension.h"
#include "miscadmin.h"

#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "evidence/evidence.h"

bool
jur_is_restoring(void)
{
	return IsBinaryUpgrade || jur_is_backup();
}

bool
jur_in_own_script(void)
{
	return creating_extension && CurrentExtensionObject == jur_extension_oid();
}

/*
 * May the session pass the wall around RELID?  Every use is recorded, with
 * its basis.
 */
bool
jur_may_bypass(Oid relid, const char *action)
{
	const JurSubject *subject;

	if (IsBinaryUpgrade)
		return true;
	if (jur_is_backup())
	{
		jur_count(JUR_COUNT_EXEMPTIONS, 1);
		jur_recorded("backup", jur_relation_name(relid), action);
		/* COPY sends rows without passing anything that waits */
		jur_evidence_wait();
		return true;
	}
	subject = jur_current_subject();
	if (subject->exemption == NULL)
		return false;
	jur_count(JUR_COUNT_EXEMPTIONS, 1);
	jur_recorded("exemption", jur_relation_name(relid),
				 psprintf("bypass for %s: %s", action, subject->exemption));
	jur_evidence_wait();
	return true;
}
