/*-------------------------------------------------------------------------
 *
 * object_guard.c
 *	  Idea: whatever command it is by, our own objects, the server's functions
 *	  and row labels are not changed or dropped by who may not.
 *	  Hook: object_access_hook.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"

static object_access_hook_type prev_object_access = NULL;

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
		jur_refuse_ddl("the extension jurisdiction", "Tables are tagged.",
					   "An officer may remove the tags, or drop the extension.");
	}
	if (jur_is_officer())
		return;
	jur_refuse_ddl("the extension jurisdiction",
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
		jur_may_change_protection() || !jur_any_tagged())
		return;
	jur_refuse_ddl(format_procedure(function),
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
	if (jur_altering_table > 0 && jur_may_change_protection())
		return;
	jur_refuse_ddl(psprintf("column \"%s\" of %s", get_attname(relid, attnum, false),
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
			if (jur_is_policy_table(objid) && !jur_in_own_script() && !jur_may_change_protection())
				jur_refuse_ddl(jur_relation_name(objid), "Its rows are policy.", "Ask an officer.");
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
jur_object_guard_init(void)
{
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
}
