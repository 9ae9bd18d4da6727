/*-------------------------------------------------------------------------
 *
 * enforce_ddl.c
 *	  Idea: no command strips a protection unseen.
 *	  For enforce_utility.c: what a command on a tagged table or role must not
 *	  do, and what must follow it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_publication.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/tag_table.h"

int			jur_altering_table = 0;

/* ------------------------------------------------------------------ refusing */

void
jur_refuse_ddl(const char *object, const char *reason, const char *hint)
{
	jur_refused_guarded("ddl", object, reason);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied to change %s", object),
			 errdetail("%s", reason),
			 errhint("%s", hint)));
}

bool
jur_may_change_protection(void)
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
			return !tagged->columns[i].is_derived;
	return false;
}

/* is the column computed, and its values raised or themselves labels? */
static bool
is_computed_column(const JurTagged *tagged, const char *name)
{
	AttrNumber	attnum = name ? get_attnum(tagged->relid, name) : 0;
	int			i;

	if (attnum == InvalidAttrNumber || get_attgenerated(tagged->relid, attnum) == '\0')
		return false;
	if (attnum == tagged->row_attnum)
		return true;
	for (i = 0; i < tagged->ncolumns; i++)
		if (tagged->columns[i].attnum == attnum)
			return true;
	return false;
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

	if (jur_may_change_protection())
		return;
	if (leaves && parent_tagged)
		jur_refuse_ddl(jur_relation_name(parent),
					   "Taking a child away from a tagged table takes its rows out from under its tags.",
					   "Ask an officer.");
	if (!leaves && child_tagged && !parent_tagged)
		jur_refuse_ddl(jur_relation_name(child),
					   "Below an untagged parent its rows could be read through the parent.",
					   "Tag the parent first, or ask an officer.");
}

static void
judge_alter_family(Oid parent, Oid child, const AlterTableCmd *cmd)
{
	judge_parenthood(parent, child, cmd->subtype == AT_DropInherit ||
					 cmd->subtype == AT_DetachPartition);
}

static void
judge_alter_tagged(const JurTagged *tagged, const AlterTableCmd *cmd)
{
	Oid			relid = tagged->relid;
	char	   *name = jur_relation_name(relid);

	if (jur_sets_expression(cmd) && is_guarded_column(tagged, cmd->name) &&
		!jur_may_change_protection())
		jur_refuse_ddl(psprintf("column \"%s\" of %s", cmd->name, name),
					   "It carries a jurisdiction tag.", "Ask an officer.");
	switch (cmd->subtype)
	{
		case AT_DropExpression:
			/* the values stay, and are under no raise of other columns any more */
			if (is_computed_column(tagged, cmd->name) && !jur_may_change_protection())
				jur_refuse_ddl(psprintf("column \"%s\" of %s", cmd->name, name),
							   "It is as restricted as what it is computed from, and would not be any more.",
							   "Ask an officer.");
			break;
		case AT_DisableRowSecurity:
		case AT_NoForceRowSecurity:
			/* an officer removes the tag instead, so that both go together */
			if (!jur_is_restoring())
				jur_refuse_ddl(name, "Row level security carries out its tags.",
							   "An officer may remove the tags: SECURITY LABEL FOR jurisdiction ON ... IS NULL.");
			break;
		case AT_DropColumn:
		case AT_AlterColumnType:
			if (is_guarded_column(tagged, cmd->name) && !jur_may_change_protection())
				jur_refuse_ddl(psprintf("column \"%s\" of %s", cmd->name, name),
							   "It carries a jurisdiction tag.", "Ask an officer.");
			break;
		case AT_DropNotNull:
			if (cmd->name && get_attnum(relid, cmd->name) == tagged->row_attnum &&
				!jur_may_change_protection())
				jur_refuse_ddl(psprintf("column \"%s\" of %s", cmd->name, name),
							   "Every row of a tagged table has a label.", "Ask an officer.");
			break;
		case AT_DropConstraint:
			if (jur_is_ceiling(relid, cmd->name) && !jur_may_change_protection())
				jur_refuse_ddl(psprintf("constraint \"%s\" of %s", cmd->name, name),
							   "It enforces the ceiling of \"rows within\".", "Ask an officer.");
			if (tagged->row_attnum != 0 && !jur_may_change_protection() &&
				jur_is_not_null_constraint(relid, tagged->row_attnum, cmd->name))
				jur_refuse_ddl(psprintf("constraint \"%s\" of %s", cmd->name, name),
							   "Every row of a tagged table has a label.", "Ask an officer.");
			break;
		default:
			break;
	}
}

static void
judge_alter_command(Oid relid, const AlterTableCmd *cmd)
{
	const JurTagged *tagged;

	switch (cmd->subtype)
	{
		case AT_AddInherit:
		case AT_DropInherit:
			judge_alter_family(relation_of((RangeVar *) cmd->def), relid, cmd);
			return;
		case AT_AttachPartition:
		case AT_DetachPartition:
			judge_alter_family(relid, relation_of(((PartitionCmd *) cmd->def)->name), cmd);
			return;
		default:
			break;
	}
	tagged = jur_tags_of(relid);
	if (tagged->is_tagged && !jur_internal_ddl)
		judge_alter_tagged(tagged, cmd);
}

/* the tables declared OF a composite type: ALTER TYPE alters them too */
static List *
tables_of_type(Oid type)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	List	   *tables = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_class_reloftype, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(type));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		tables = lappend_oid(tables, ((Form_pg_class) GETSTRUCT(tuple))->oid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return tables;
}

/* what a command on RELID alters besides: its children, the tables of a type */
static List *
altered_below(Oid relid, bool with_children)
{
	List	   *roots = list_make1_oid(relid);
	List	   *reached = NIL;
	ListCell   *lc;

	if (get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE)
		roots = list_concat(roots, tables_of_type(get_rel_type_id(relid)));
	foreach(lc, roots)
		reached = list_concat_unique_oid(reached, with_children ?
										 find_all_inheritors(lfirst_oid(lc), NoLock, NULL) :
										 list_make1_oid(lfirst_oid(lc)));
	return list_delete_oid(reached, relid);
}

static bool
reaches_children(const AlterTableCmd *cmd)
{
	return jur_sets_expression(cmd) || cmd->subtype == AT_DropExpression ||
		cmd->subtype == AT_DropColumn || cmd->subtype == AT_AlterColumnType ||
		cmd->subtype == AT_DropNotNull || cmd->subtype == AT_DropConstraint;
}

static void
judge_alter_table(AlterTableStmt *stmt)
{
	Oid			relid = relation_of(stmt->relation);
	ListCell   *lc;
	ListCell   *child;

	if (!OidIsValid(relid))
		return;
	if (jur_is_policy_table(relid) && !jur_may_change_protection() && !jur_in_own_script())
		jur_refuse_ddl(jur_relation_name(relid), "It holds policy.", "Ask an officer.");
	foreach(lc, stmt->cmds)
	{
		judge_alter_command(relid, lfirst(lc));
		/* a tagged child below an untagged parent must not lose what it has */
		if (reaches_children(lfirst(lc)))
			foreach(child, altered_below(relid, stmt->relation->inh))
				judge_alter_command(lfirst_oid(child), lfirst(lc));
	}
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
	if (!OidIsValid(roleid) || !is_tagged_role(roleid) || jur_may_change_protection())
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

	/* revoking takes places away too, and who has fewer places sees more */
	foreach(lc, stmt->granted_roles)
		require_officer_for_role(get_role_oid(((AccessPriv *) lfirst(lc))->priv_name, true),
								 stmt->is_grant ? "grant" : "revoke");
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

		if (strcmp(option->defname, "rolemembers") == 0)
			require_officer_for_role(roleid, stmt->action > 0 ? "grant" : "revoke");
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
	if (OidIsValid(relid) && jur_is_policy_table(relid) && !jur_may_change_protection())
		jur_refuse_ddl(jur_relation_name(relid), "It holds policy.", "Ask an officer.");
}

/* ------------------------------------------------------------- the extension */

static void
judge_extension_contents(AlterExtensionContentsStmt *stmt)
{
	if (strcmp(stmt->extname, "jurisdiction") != 0 || stmt->action > 0)
		return;
	if (jur_any_tagged() && !IsBinaryUpgrade)
		jur_refuse_ddl("extension jurisdiction", "Tables are tagged.",
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

/* the ceiling's CHECK is named for its column */
static void
follow_rename(RenameStmt *stmt)
{
	Oid			relid = relation_of(stmt->relation);
	const JurTagged *tagged;

	if (stmt->renameType != OBJECT_COLUMN || !OidIsValid(relid))
		return;
	CommandCounterIncrement();
	tagged = jur_tags_of(relid);
	if (tagged->ceiling && get_attnum(relid, stmt->newname) == tagged->row_attnum)
		jur_rename_ceiling(relid, stmt->subname, stmt->newname);
}

/* a table moved to another schema may have moved into a publication */
static void
follow_move(AlterObjectSchemaStmt *stmt)
{
	Oid			schema = get_namespace_oid(stmt->newschema, true);

	if (stmt->relation && OidIsValid(schema))
		jur_judge_publications_of(get_relname_relid(stmt->relation->relname, schema));
}

void
jur_follow_ddl(Node *stmt)
{
	if (IsBinaryUpgrade || !jur_is_installed())
		return;
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
		case T_CreateForeignTableStmt:	/* begins with a CreateStmt */
			if (((CreateStmt *) stmt)->inhRelations != NIL)
			{
				Oid			relid = relation_of(((CreateStmt *) stmt)->relation);

				if (OidIsValid(relid))
					tag_below_parents(relid);
				jur_judge_cascades(relid);
			}
			break;
		case T_AlterTableStmt:
			follow_alter_table((AlterTableStmt *) stmt);
			jur_judge_cascades(relation_of(((AlterTableStmt *) stmt)->relation));
			jur_judge_publications_of(relation_of(((AlterTableStmt *) stmt)->relation));
			break;
		case T_CreateTrigStmt:
			jur_judge_cascades(relation_of(((CreateTrigStmt *) stmt)->relation));
			break;
		case T_RenameStmt:
			follow_rename((RenameStmt *) stmt);
			break;
		case T_CreatePublicationStmt:
			jur_judge_publication(get_publication_oid(((CreatePublicationStmt *) stmt)->pubname, true));
			break;
		case T_AlterPublicationStmt:
			jur_judge_publication(get_publication_oid(((AlterPublicationStmt *) stmt)->pubname, true));
			break;
		case T_AlterObjectSchemaStmt:
			follow_move((AlterObjectSchemaStmt *) stmt);
			break;
		default:
			break;
	}
}
