/*-------------------------------------------------------------------------
 *
 * wall_policy.c
 *	  Idea: what protects tagged tables, policy and catalogs, is changed by
 *	  officers.  Called by the wall (wall.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_seclabel.h"
#include "catalog/pg_shseclabel.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/wall.h"

/* catalogs in which a protection could be undone by hand */
static const Oid guarded_catalogs[] = {
	SecLabelRelationId, SharedSecLabelRelationId, PolicyRelationId,
	RelationRelationId, AttributeRelationId, ConstraintRelationId,
	AuthIdRelationId, AuthMemRelationId
};

/* those that extensions mend in their scripts */
static const Oid script_catalogs[] = {
	ProcedureRelationId, TypeRelationId, OperatorRelationId, NamespaceRelationId,
	ExtensionRelationId, InheritsRelationId, RewriteRelationId, TriggerRelationId
};

static bool
is_guarded_catalog(Oid relid)
{
	int			i;

	for (i = 0; i < lengthof(guarded_catalogs); i++)
		if (guarded_catalogs[i] == relid)
			return true;
	for (i = 0; i < lengthof(script_catalogs) && !creating_extension; i++)
		if (script_catalogs[i] == relid)
			return true;
	return false;
}

/* SELECT ... FOR UPDATE and its like ask for UPDATE, of no column */
static bool
only_locks(AclMode required, const JurPerms *perms)
{
	return (required & ACL_WRITE) == ACL_UPDATE && bms_is_empty(perms->updatedCols);
}

/*
 * Rows of policy are written by officers; a backup role may load them; our
 * own scripts fill them.  In observe mode too: the policy is what is observed.
 * IS_LOCK: rows are only locked, by a referential check for one.
 */
static void
judge_write(Oid relid, bool is_catalog, bool is_lock)
{
	char	   *name;

	name = jur_relation_name(relid);
	if (jur_in_own_script())
		return;
	if (jur_is_restoring() || jur_is_officer())
	{
		/* of tables of policy a trigger records each row (policy_record.c) */
		if (is_catalog && !is_lock)
			jur_recorded("policy", name, "written");
		return;
	}
	jur_refused_guarded("write", name, "not an officer");
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied to change %s: only officers may",
					name),
			 is_catalog ?
			 errdetail("It holds what protects tagged tables.") :
			 errdetail("Its rows are policy."),
			 errhint("An officer is a role tagged so: SECURITY LABEL FOR jurisdiction ON ROLE name IS 'officer'.")));
}

void
jur_wall_judge_shared_catalogs(JUR_CHECK_PERMS_PARAMS)
{
	ListCell   *lc;

	foreach(lc, rtes)
	{
		RangeTblEntry *rte = lfirst(lc);
		JurPerms   *perms = rte->rtekind == RTE_RELATION ? jur_rte_perms(rte) : NULL;

		if (perms && (perms->requiredPerms & ACL_WRITE) &&
			(rte->relid == SharedSecLabelRelationId || rte->relid == AuthIdRelationId ||
			 rte->relid == AuthMemRelationId))
			judge_write(rte->relid, true, only_locks(perms->requiredPerms, perms));
	}
}

static bool
is_officers_reading(Oid relid)
{
	char	   *name = get_rel_name(relid);

	return name && (strcmp(name, "exemption") == 0 || strcmp(name, "mask_key") == 0 ||
					strcmp(name, "key_material") == 0);
}

static void
judge_read(Oid relid)
{
	char	   *name;

	if (!is_officers_reading(relid) || jur_in_own_script() ||
		jur_is_restoring() || jur_is_officer())
		return;
	name = jur_relation_name(relid);
	jur_refused_guarded("read", name, "not an officer");
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied to read %s: only officers may", name)));
}

void
jur_wall_judge_catalog(Oid relid, AclMode required, const JurPerms *perms)
{
	if ((required & ACL_WRITE) && is_guarded_catalog(relid))
		judge_write(relid, true, only_locks(required, perms));
}

void
jur_wall_judge_policy(Oid relid, AclMode required, const JurPerms *perms)
{
	if (required & ACL_WRITE)
		judge_write(relid, false, only_locks(required, perms));
	if (required & ACL_SELECT)
		judge_read(relid);
}
