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
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/tag_table.h"

int			jur_altering_table = 0;

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
		!may_change_protection())
		refuse_ddl(psprintf("column \"%s\" of %s", cmd->name, name),
				   "It carries a jurisdiction tag.", "Ask an officer.");
	switch (cmd->subtype)
	{
		case AT_DropExpression:
			/* the values stay, and are under no raise of other columns any more */
			if (is_computed_column(tagged, cmd->name) && !may_change_protection())
				refuse_ddl(psprintf("column \"%s\" of %s", cmd->name, name),
						   "It is as restricted as what it is computed from, and would not be any more.",
						   "Ask an officer.");
			break;
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
			if (jur_is_ceiling(relid, cmd->name) && !may_change_protection())
				refuse_ddl(psprintf("constraint \"%s\" of %s", cmd->name, name),
						   "It enforces the ceiling of \"rows within\".", "Ask an officer.");
			if (tagged->row_attnum != 0 && !may_change_protection() &&
				jur_is_not_null_constraint(relid, tagged->row_attnum, cmd->name))
				refuse_ddl(psprintf("constraint \"%s\" of %s", cmd->name, name),
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
	if (jur_is_policy_table(relid) && !may_change_protection() && !jur_in_own_script())
		refuse_ddl(jur_relation_name(relid), "It holds policy.", "Ask an officer.");
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

/* ------------------------------------------------------------ object access */

/* of an object of each kind: where its schema is, or its relation */
typedef struct Whereabouts
{
	Oid			catalog;
	Oid			index;			/* by oid */
	AttrNumber	schema;
	AttrNumber	relation;
} Whereabouts;

static const Whereabouts whereabouts[] = {
	{RelationRelationId, ClassOidIndexId, Anum_pg_class_relnamespace, 0},
	{ProcedureRelationId, ProcedureOidIndexId, Anum_pg_proc_pronamespace, 0},
	{TypeRelationId, TypeOidIndexId, Anum_pg_type_typnamespace, 0},
	{TriggerRelationId, TriggerOidIndexId, 0, Anum_pg_trigger_tgrelid},
	{RewriteRelationId, RewriteOidIndexId, 0, Anum_pg_rewrite_ev_class},
	{PolicyRelationId, PolicyOidIndexId, 0, Anum_pg_policy_polrelid},
};

/* one column of an object's row as SNAPSHOT (NULL: the catalogs') sees it */
static Oid
column_of_object(const Whereabouts *kind, Oid objid, AttrNumber attnum,
				 Snapshot snapshot)
{
	Relation	catalog = table_open(kind->catalog, AccessShareLock);
	Oid			value = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		isnull;

	/* they all begin with their oid */
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(catalog, kind->index, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		value = DatumGetObjectId(heap_getattr(tuple, attnum,
											  RelationGetDescr(catalog), &isnull));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return value;
}

/* in the schema, coming to it, or about to leave it */
static bool
is_in_our_schema(Oid classid, Oid objid)
{
	Oid			ours = jur_schema_oid();
	int			i;

	for (i = 0; i < lengthof(whereabouts); i++)
	{
		const Whereabouts *kind = &whereabouts[i];

		if (kind->catalog != classid)
			continue;
		if (kind->relation != 0)
			return is_in_our_schema(RelationRelationId,
									column_of_object(kind, objid, kind->relation,
													 SnapshotSelf));
		return OidIsValid(ours) &&
			(column_of_object(kind, objid, kind->schema, SnapshotSelf) == ours ||
			 column_of_object(kind, objid, kind->schema, NULL) == ours);
	}
	return false;
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

	if (jur_internal_ddl || jur_in_own_script() || IsBinaryUpgrade)
		return;
	if (!is_extension && !is_in_our_schema(classid, objid))
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

/*
 * Expressions over all rows may call what the server brings: that stays what
 * it is.  Functions in SQL are looked up anew, and a superuser may replace them.
 */
static void
judge_changed_builtin(Oid function)
{
	if (function >= FirstNormalObjectId || creating_extension ||
		may_change_protection() || !jur_any_tagged())
		return;
	refuse_ddl(format_procedure(function),
			   "It is the server's, and is trusted with the rows of tagged tables.",
			   "Ask an officer.");
}

/*
 * Dropping the extension or its schema with CASCADE would take the row labels
 * along, and leave the rows: that is for nobody.  An officer may drop a row
 * label by ALTER TABLE.
 */
static void
judge_column_drop(Oid relid, AttrNumber attnum)
{
	if (relid < FirstNormalObjectId || jur_tags_of(relid)->row_attnum != attnum ||
		jur_internal_ddl || IsBinaryUpgrade)
		return;
	if (jur_altering_table > 0 && may_change_protection())
		return;
	refuse_ddl(psprintf("column \"%s\" of %s", get_attname(relid, attnum, false),
						jur_relation_name(relid)),
			   "It is the row label.", "An officer may remove its tag first.");
}

static void
object_access(ObjectAccessType access, Oid classid, Oid objid, int subid, void *arg)
{
	if (prev_object_access)
		prev_object_access(access, classid, objid, subid, arg);
	switch (access)
	{
		case OAT_TRUNCATE:
			if (!jur_is_installed())
				return;
			if (jur_is_policy_table(objid) && !jur_in_own_script() && !may_change_protection())
				refuse_ddl(jur_relation_name(objid), "Its rows are policy.", "Ask an officer.");
			if (jur_is_tagged(objid))
				jur_recorded("truncate", jur_relation_name(objid), "");
			return;
		case OAT_FUNCTION_EXECUTE:
			jur_judge_function(objid);
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
	if (access != OAT_DROP && classid == ProcedureRelationId)
	{
		judge_changed_builtin(objid);
		jur_judge_changed_function(objid);
	}
	if (access == OAT_DROP && classid == RelationRelationId && subid > 0)
		judge_column_drop(objid, subid);
	judge_own_object(access, classid, objid);
}

void
jur_enforce_ddl_init(void)
{
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
}
