/*-------------------------------------------------------------------------
 *
 * enforce_ddl.c
 *	  Idea: no command strips a protection unseen.
 *	  Hook: object_access_hook; and, for enforce_utility.c, what a command
 *	  on a tagged table or role must not do, and what must follow it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/tag_table.h"

static object_access_hook_type prev_object_access = NULL;

/* ------------------------------------------------------------------ refusing */

static void
refuse_ddl(const char *object, const char *reason, const char *hint)
{
	jur_refused_guarded("ddl", object, reason);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied to change %s", object),
			 errdetail("%s", reason),
			 errhint("%s", hint)));
}

static bool
may_change_protection(void)
{
	return jur_internal_ddl || jur_is_restoring() || jur_is_officer();
}

/* ----------------------------------------------------------- tagged tables */

static bool
is_guarded_column(const JurTagged *tagged, const char *name)
{
	AttrNumber	attnum = name ? get_attnum(tagged->relid, name) : 0;
	int			i;

	if (attnum == InvalidAttrNumber)
		return false;
	if (attnum == tagged->row_attnum)
		return true;
	for (i = 0; i < tagged->ncolumns; i++)
		if (tagged->columns[i].attnum == attnum)
			return true;
	return false;
}

/* is CONSTRAINT the CHECK that "rows within" made? */
static bool
is_ceiling(const JurTagged *tagged, const char *constraint)
{
	char	   *column;

	if (tagged->ceiling == NULL || constraint == NULL)
		return false;
	column = get_attname(tagged->relid, tagged->row_attnum, true);
	return column &&
		strcmp(constraint, makeObjectName(column, NULL, "within")) == 0;
}

static Oid
relation_of(RangeVar *name)
{
	return name ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
}

/*
 * A tagged table below an untagged parent could be read through the parent;
 * one taken away from a tagged parent is the parent's rows no more.
 */
static void
judge_parenthood(Oid parent, Oid child, bool leaves)
{
	bool		child_tagged = OidIsValid(child) && jur_is_tagged(child);
	bool		parent_tagged = OidIsValid(parent) && jur_is_tagged(parent);

	if (may_change_protection())
		return;
	if (leaves && parent_tagged)
		refuse_ddl(jur_relation_name(parent),
				   "Taking a child away from a tagged table takes its rows out from under its tags.",
				   "Ask an officer.");
	if (!leaves && child_tagged && !parent_tagged)
		refuse_ddl(jur_relation_name(child),
				   "Below an untagged parent its rows could be read through the parent.",
				   "Tag the parent first, or ask an officer.");
}

static void
judge_alter_command(Oid relid, const AlterTableCmd *cmd)
{
	const JurTagged *tagged = jur_tags_of(relid);
	char	   *name = jur_relation_name(relid);

	switch (cmd->subtype)
	{
		case AT_AddInherit:
			judge_parenthood(relation_of((RangeVar *) cmd->def), relid, false);
			return;
		case AT_DropInherit:
			judge_parenthood(relation_of((RangeVar *) cmd->def), relid, true);
			return;
		case AT_AttachPartition:
			judge_parenthood(relid, relation_of(((PartitionCmd *) cmd->def)->name), false);
			return;
		case AT_DetachPartition:
			judge_parenthood(relid, relation_of(((PartitionCmd *) cmd->def)->name), true);
			return;
		default:
			break;
	}
	if (!tagged->is_tagged || jur_internal_ddl)
		return;
	switch (cmd->subtype)
	{
		case AT_DisableRowSecurity:
		case AT_NoForceRowSecurity:
			/* an officer removes the tag instead, so that both go together */
			if (!jur_is_restoring())
				refuse_ddl(name, "Row level security carries out its tags.",
						   "An officer may remove the tags: SECURITY LABEL FOR jurisdiction ON ... IS NULL.");
			break;
		case AT_DropColumn:
		case AT_AlterColumnType:
			if (is_guarded_column(tagged, cmd->name) && !may_change_protection())
				refuse_ddl(psprintf("column \"%s\" of %s", cmd->name, name),
						   "It carries a jurisdiction tag.", "Ask an officer.");
			break;
		case AT_DropNotNull:
			if (cmd->name && get_attnum(relid, cmd->name) == tagged->row_attnum &&
				!may_change_protection())
				refuse_ddl(psprintf("column \"%s\" of %s", cmd->name, name),
						   "Every row of a tagged table has a label.", "Ask an officer.");
			break;
		case AT_DropConstraint:
			if (is_ceiling(tagged, cmd->name) && !may_change_protection())
				refuse_ddl(psprintf("constraint \"%s\" of %s", cmd->name, name),
						   "It enforces the ceiling of \"rows within\".", "Ask an officer.");
			break;
		default:
			break;
	}
}

static void
judge_alter_table(AlterTableStmt *stmt)
{
	Oid			relid = relation_of(stmt->relation);
	ListCell   *lc;

	if (!OidIsValid(relid))
		return;
	if (jur_is_policy_table(relid) && !may_change_protection() && !jur_in_own_script())
		refuse_ddl(jur_relation_name(relid), "It holds policy.", "Ask an officer.");
	foreach(lc, stmt->cmds)
		judge_alter_command(relid, lfirst(lc));
}

/* --------------------------------------------------------------------- roles */

static bool
is_tagged_role(Oid roleid)
{
	bool		broken;
	const JurRoleTag *tag = jur_role_tag(roleid, &broken);

	return tag != NULL || broken;
}

static void
require_officer_for_role(Oid roleid, const char *what)
{
	if (!OidIsValid(roleid) || !is_tagged_role(roleid) || may_change_protection())
		return;
	jur_refused_guarded("role", GetUserNameFromId(roleid, true), what);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("must be officer to %s role \"%s\"", what,
					GetUserNameFromId(roleid, true)),
			 errdetail("It carries a jurisdiction tag.")));
}

static void
judge_grant_role(GrantRoleStmt *stmt)
{
	ListCell   *lc;

	if (!stmt->is_grant)
		return;
	foreach(lc, stmt->granted_roles)
		require_officer_for_role(get_role_oid(((AccessPriv *) lfirst(lc))->priv_name, true),
								 "grant");
}

static void
judge_role_list(List *roles, const char *what)
{
	ListCell   *lc;

	foreach(lc, roles)
		require_officer_for_role(get_rolespec_oid(lfirst(lc), true), what);
}

static void
judge_create_role(CreateRoleStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, "addroleto") == 0)
			judge_role_list((List *) option->arg, "grant");
	}
}

static void
judge_alter_role(AlterRoleStmt *stmt)
{
	Oid			roleid = get_rolespec_oid(stmt->role, true);
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, "rolemembers") == 0 && stmt->action > 0)
			require_officer_for_role(roleid, "grant");
		/* whoever sets a password can log in as the role; its owner may */
		if (strcmp(option->defname, "password") == 0 &&
			roleid != GetSessionUserId())
			require_officer_for_role(roleid, "set the password of");
	}
}

static void
judge_drop_role(DropRoleStmt *stmt)
{
	ListCell   *lc;

	judge_role_list(stmt->roles, "drop");
	foreach(lc, stmt->roles)
	{
		Oid			roleid = get_rolespec_oid(lfirst(lc), true);

		if (OidIsValid(roleid))
			jur_require_other_officer(roleid);
	}
}

static void
judge_rename(RenameStmt *stmt)
{
	Oid			relid;

	if (stmt->renameType == OBJECT_ROLE)
	{
		require_officer_for_role(get_role_oid(stmt->subname, true), "rename");
		return;
	}
	relid = relation_of(stmt->relation);
	if (OidIsValid(relid) && jur_is_policy_table(relid) && !may_change_protection())
		refuse_ddl(jur_relation_name(relid), "It holds policy.", "Ask an officer.");
}

/* ------------------------------------------------------------- the extension */

static void
judge_extension_contents(AlterExtensionContentsStmt *stmt)
{
	if (strcmp(stmt->extname, "jurisdiction") != 0 || stmt->action > 0)
		return;
	if (jur_any_tagged() && !IsBinaryUpgrade)
		refuse_ddl("extension jurisdiction", "Tables are tagged.",
				   "An officer may remove the tags first.");
}

void
jur_judge_ddl(Node *stmt)
{
	if (IsBinaryUpgrade)
		return;
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			judge_alter_table((AlterTableStmt *) stmt);
			break;
		case T_GrantRoleStmt:
			judge_grant_role((GrantRoleStmt *) stmt);
			break;
		case T_CreateRoleStmt:
			judge_create_role((CreateRoleStmt *) stmt);
			break;
		case T_AlterRoleStmt:
			judge_alter_role((AlterRoleStmt *) stmt);
			break;
		case T_DropRoleStmt:
			judge_drop_role((DropRoleStmt *) stmt);
			break;
		case T_RenameStmt:
			judge_rename((RenameStmt *) stmt);
			break;
		case T_AlterExtensionContentsStmt:
			judge_extension_contents((AlterExtensionContentsStmt *) stmt);
			break;
		default:
			break;
	}
}

/* ------------------------------------------------------------ what follows */

static void
tag_below_parents(Oid child)
{
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	List	   *parents = NIL;
	ListCell   *lc;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(child));
	scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	foreach(lc, parents)
		jur_tag_child(lfirst_oid(lc), child);
}

static void
follow_alter_table(AlterTableStmt *stmt)
{
	Oid			relid = relation_of(stmt->relation);
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst(lc);

		if (!OidIsValid(relid))
			return;
		if (cmd->subtype == AT_AddInherit)
			tag_below_parents(relid);
		if (cmd->subtype == AT_AttachPartition)
			tag_below_parents(relation_of(((PartitionCmd *) cmd->def)->name));
	}
}

void
jur_follow_ddl(Node *stmt)
{
	if (IsBinaryUpgrade || !jur_is_installed())
		return;
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			if (((CreateStmt *) stmt)->inhRelations != NIL)
			{
				Oid			relid = relation_of(((CreateStmt *) stmt)->relation);

				if (OidIsValid(relid))
					tag_below_parents(relid);
			}
			break;
		case T_AlterTableStmt:
			follow_alter_table((AlterTableStmt *) stmt);
			break;
		default:
			break;
	}
}

/* ------------------------------------------------------------ object access */

static bool
is_in_our_schema(Oid classid, Oid objid)
{
	Oid			schema = InvalidOid;

	if (classid == RelationRelationId)
		schema = get_rel_namespace(objid);
	else if (classid == ProcedureRelationId)
		schema = get_func_namespace(objid);
	else if (classid == TypeRelationId)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(objid));

		if (HeapTupleIsValid(tuple))
		{
			schema = ((Form_pg_type) GETSTRUCT(tuple))->typnamespace;
			ReleaseSysCache(tuple);
		}
	}
	return OidIsValid(schema) && schema == jur_schema_oid();
}

/*
 * The functions that filter and the tables that hold policy are replaced,
 * altered or dropped by our scripts, or by an officer.
 */
static void
judge_own_object(ObjectAccessType access, Oid classid, Oid objid)
{
	bool		is_extension = (classid == ExtensionRelationId &&
								objid == jur_extension_oid()) ||
		(classid == NamespaceRelationId && objid == jur_schema_oid());

	if (!is_extension && !is_in_our_schema(classid, objid))
		return;
	if (jur_internal_ddl || jur_in_own_script() || IsBinaryUpgrade)
		return;
	if (access == OAT_DROP)
	{
		if (!jur_any_tagged() || jur_is_officer())
			return;
		refuse_ddl("the extension jurisdiction", "Tables are tagged.",
				   "An officer may remove the tags, or drop the extension.");
	}
	if (jur_is_officer())
		return;
	refuse_ddl("the extension jurisdiction",
			   "Its objects carry out the tags of this database.", "Ask an officer.");
}

static void
object_access(ObjectAccessType access, Oid classid, Oid objid, int subid, void *arg)
{
	if (prev_object_access)
		prev_object_access(access, classid, objid, subid, arg);
	switch (access)
	{
		case OAT_TRUNCATE:
			if (jur_is_installed() && jur_is_tagged(objid))
				jur_recorded("truncate", jur_relation_name(objid), "");
			return;
		case OAT_POST_CREATE:
		case OAT_DROP:
		case OAT_POST_ALTER:
			break;
		default:
			return;
	}
	if (!jur_is_installed())
		return;
	/* toast tables, index builds and the like follow from what was judged */
	if (access == OAT_POST_CREATE && arg &&
		((ObjectAccessPostCreate *) arg)->is_internal)
		return;
	if (access == OAT_POST_ALTER && arg &&
		((ObjectAccessPostAlter *) arg)->is_internal)
		return;
	if (access == OAT_DROP && classid == RelationRelationId && subid == 0 &&
		objid >= FirstNormalObjectId && jur_is_tagged(objid))
		jur_recorded("drop", jur_relation_name(objid), "");
	if (access != OAT_DROP && classid == NamespaceRelationId)
		return;
	judge_own_object(access, classid, objid);
}

void
jur_enforce_ddl_init(void)
{
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
}
