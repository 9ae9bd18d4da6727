/*-------------------------------------------------------------------------
 *
 * user_code.c
 *	  Idea: which code of users would run if an expression were evaluated?
 *
 * Index expressions, CHECKs and the like are evaluated over every row, as if
 * there were no row security.  Functions of the server are trusted with the
 * rows as long as they only compute, and so are C functions, whose libraries
 * the configuration lists; a user's are not: he reads what his function is
 * given.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_language.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_range.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "enforce/enforce_internal.h"

/* ------------------------------------------------------------- expressions */

/* does it only compute, and is it not a user's?  Ours may do as they like. */
static bool
is_trusted_function(Oid function)
{
	HeapTuple	tuple;
	Form_pg_proc proc;
	bool		trusted;

	if (jur_makes_named_type(function))
		return false;
	if (function >= FirstNormalObjectId &&
		getExtensionOfObject(ProcedureRelationId, function) == jur_extension_oid())
		return true;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return false;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	/* the server brings none in other languages: such a one was replaced */
	trusted = ((function < FirstNormalObjectId &&
				(proc->prolang == INTERNALlanguageId || proc->prolang == SQLlanguageId)) ||
			   proc->prolang == ClanguageId) &&
		proc->provolatile != PROVOLATILE_VOLATILE;
	ReleaseSysCache(tuple);
	return trusted;
}

static bool
note_function(Oid function, void *found)
{
	if (!OidIsValid(function) || is_trusted_function(function))
		return false;
	*(char **) found = psprintf("function %s", format_procedure(function));
	return true;
}

/*
 * Making a value of a type may run code: a domain's CHECK, also where the
 * domain is an element or a part of it.  Base types are C.
 */
static bool
note_type(Oid type, void *found)
{
	Oid			element = get_element_type(type);

	if (OidIsValid(element))
		type = element;
	if (type < FirstNormalObjectId)
		return false;
	if (get_typtype(type) == TYPTYPE_DOMAIN)
	{
		if (!DomainHasConstraints(type))
			return note_type(getBaseType(type), found);
		*(char **) found = psprintf("the constraints of domain %s", format_type_be(type));
		return true;
	}
	if (get_typtype(type) != TYPTYPE_COMPOSITE)
		return false;
	*(char **) found = psprintf("what makes a value of type %s", format_type_be(type));
	return true;
}

/*
 * to_json() and its like, given a value of a type that its owner made a cast
 * to json for, call that: on the value itself, or any part of a row.
 */
static bool
note_json_cast(Oid type, void *found)
{
	Oid			element = get_element_type(type);
	HeapTuple	cast;
	Oid			function = InvalidOid;
	TupleDesc	desc;
	bool		noted = false;
	int			i;

	check_stack_depth();
	if (OidIsValid(element))
		type = element;
	type = getBaseType(type);
	if (type < FirstNormalObjectId)
		return false;
	cast = SearchSysCache2(CASTSOURCETARGET, ObjectIdGetDatum(type), ObjectIdGetDatum(JSONOID));
	if (HeapTupleIsValid(cast))
	{
		function = ((Form_pg_cast) GETSTRUCT(cast))->castfunc;
		ReleaseSysCache(cast);
	}
	if (note_function(function, found))
		return true;
	if (get_typtype(type) != TYPTYPE_COMPOSITE)
		return false;
	desc = lookup_rowtype_tupdesc(type, -1);
	for (i = 0; i < desc->natts && !noted; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			noted = note_json_cast(TupleDescAttr(desc, i)->atttypid, found);
	ReleaseTupleDesc(desc);
	return noted;
}

static bool
find_code_of_arguments(List *arguments, void *found)
{
	ListCell   *lc;

	foreach(lc, arguments)
		if (note_json_cast(exprType(lfirst(lc)), found))
			return true;
	return false;
}

static bool
find_code(Node *node, void *found)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, note_function, found))
		return true;
	switch (nodeTag(node))
	{
		case T_CoerceToDomain:
		case T_CoerceViaIO:
		case T_FuncExpr:
			if (note_type(exprType(node), found) ||
				(IsA(node, FuncExpr) && find_code_of_arguments(((FuncExpr *) node)->args, found)))
				return true;
			break;
		case T_MinMaxExpr:
			if (note_function(lookup_type_cache(exprType(node), TYPECACHE_CMP_PROC)->cmp_proc, found))
				return true;
			break;
		default:
			if ((jur_queries_json(node) && note_type(exprType(node), found)) ||
				find_code_of_arguments(jur_json_made_of(node), found))
				return true;
			break;
	}
	return expression_tree_walker(node, find_code, found);
}

/*
 * The first code of a user that EXPR, analyzed by the parser, runs: a phrase
 * such as "function f(text)"; NULL: none.
 */
char *
jur_user_code_in(Node *expr)
{
	char	   *found = NULL;

	find_code(expr, &found);
	return found;
}

/* an operator class that a superuser made by hand; those of extensions are C */
char *
jur_user_code_of_opclass(Oid opclass)
{
	HeapTuple	tuple;
	char	   *found = NULL;

	if (opclass < FirstNormalObjectId ||
		OidIsValid(getExtensionOfObject(OperatorClassRelationId, opclass)))
		return NULL;
	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	found = psprintf("operator class %s",
					 NameStr(((Form_pg_opclass) GETSTRUCT(tuple))->opcname));
	ReleaseSysCache(tuple);
	return found;
}

/* --------------------------------------------------------- what a table has */

/* a range type brings functions that indexes and ANALYZE call on its values */
static char *
code_of_type(Oid type)
{
	Oid			base = getBaseType(type);
	HeapTuple	tuple;
	char	   *found = NULL;

	if (type_is_multirange(base))
		base = get_multirange_range(base);
	if (base < FirstNormalObjectId || !type_is_range(base))
		return NULL;
	tuple = SearchSysCache1(RANGETYPE, ObjectIdGetDatum(base));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	if (!note_function(((Form_pg_range) GETSTRUCT(tuple))->rngsubdiff, &found))
		note_function(((Form_pg_range) GETSTRUCT(tuple))->rngcanonical, &found);
	ReleaseSysCache(tuple);
	return found;
}

static char *
code_of_columns(TupleDesc desc)
{
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		char	   *code = attribute->attisdropped ? NULL :
			code_of_type(attribute->atttypid);

		if (code)
			return psprintf("column \"%s\" runs %s", NameStr(attribute->attname), code);
	}
	return NULL;
}

static char *
code_of_constraints(TupleDesc desc)
{
	TupleConstr *constr = desc->constr;
	int			i;

	for (i = 0; constr && i < constr->num_check; i++)
	{
		char	   *code = jur_user_code_in(stringToNode(constr->check[i].ccbin));

		if (code)
			return psprintf("constraint \"%s\" runs %s", constr->check[i].ccname, code);
	}
	for (i = 0; constr && i < constr->num_defval; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, constr->defval[i].adnum - 1);
		char	   *code;

		/* an ordinary default sees no row */
		if (attribute->attgenerated == '\0')
			continue;
		code = jur_user_code_in(stringToNode(constr->defval[i].adbin));
		if (code)
			return psprintf("generated column \"%s\" runs %s",
							NameStr(attribute->attname), code);
	}
	return NULL;
}

static char *
code_of_index(Oid indexid)
{
	Relation	index = relation_open(indexid, AccessShareLock);
	char	   *code = jur_user_code_in((Node *) RelationGetIndexExpressions(index));
	oidvector  *classes;
	bool		isnull;
	int			i;

	if (code == NULL)
		code = jur_user_code_in((Node *) RelationGetIndexPredicate(index));
	classes = (oidvector *)
		DatumGetPointer(SysCacheGetAttr(INDEXRELID, index->rd_indextuple,
										Anum_pg_index_indclass, &isnull));
	for (i = 0; code == NULL && i < classes->dim1; i++)
		code = jur_user_code_of_opclass(classes->values[i]);
	if (code)
		code = psprintf("index \"%s\" runs %s", RelationGetRelationName(index), code);
	relation_close(index, AccessShareLock);
	return code;
}

static char *
code_of_statistics(Oid statistics)
{
	HeapTuple	tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(statistics));
	char	   *code = NULL;
	Datum		exprs;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	exprs = SysCacheGetAttr(STATEXTOID, tuple, Anum_pg_statistic_ext_stxexprs, &isnull);
	if (!isnull)
		code = jur_user_code_in(stringToNode(TextDatumGetCString(exprs)));
	if (code)
		code = psprintf("statistics object \"%s\" runs %s",
						NameStr(((Form_pg_statistic_ext) GETSTRUCT(tuple))->stxname), code);
	ReleaseSysCache(tuple);
	return code;
}

static char *
code_of_partition_key(Relation rel)
{
	PartitionKey key = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ?
		RelationGetPartitionKey(rel) : NULL;
	char	   *code = key ? jur_user_code_in((Node *) key->partexprs) : NULL;

	return code ? psprintf("the partition key runs %s", code) : NULL;
}

/*
 * Which code of users do a table's own expressions run?  A phrase such as
 * "index "i" runs function f(text)"; NULL: none.  The caller holds a lock.
 */
char *
jur_user_code_of_table(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	char	   *code = code_of_constraints(desc);
	ListCell   *lc;

	if (code == NULL)
		code = code_of_columns(desc);
	if (code == NULL)
		code = code_of_partition_key(rel);
	if (code == NULL)
		foreach(lc, RelationGetIndexList(rel))
			if ((code = code_of_index(lfirst_oid(lc))) != NULL)
				break;
	if (code == NULL)
		foreach(lc, RelationGetStatExtList(rel))
			if ((code = code_of_statistics(lfirst_oid(lc))) != NULL)
				break;
	relation_close(rel, AccessShareLock);
	return code;
}

/* the same of the conditions of its triggers, which see only rows that are written */
char *
jur_user_code_of_conditions(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = rel->trigdesc;
	char	   *code = NULL;
	int			i;

	for (i = 0; triggers && code == NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		code = trigger->tgqual ? jur_user_code_in(stringToNode(trigger->tgqual)) : NULL;
		if (code)
			code = psprintf("the condition of trigger \"%s\" runs %s", trigger->tgname, code);
	}
	relation_close(rel, AccessShareLock);
	return code;
}

/* ------------------------------------------------------ who runs a function */

/* the number in column ATTNUM of the catalog's row with this OID */
static Oid
field_of_row(Oid catalogid, Oid indexid, AttrNumber key, Oid oid, AttrNumber attnum)
{
	Relation	catalog = table_open(catalogid, AccessShareLock);
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			field = InvalidOid;
	bool		isnull;

	ScanKeyInit(&scankey, key, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(catalog, indexid, true, NULL, 1, &scankey);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		field = DatumGetObjectId(heap_getattr(tuple, attnum, RelationGetDescr(catalog), &isnull));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return field;
}

/* the table that an object which depends on a function is a part of */
static Oid
table_of_object(Oid classid, Oid oid)
{
	switch (classid)
	{
		case RelationRelationId:
			if (get_rel_relkind(oid) == RELKIND_INDEX ||
				get_rel_relkind(oid) == RELKIND_PARTITIONED_INDEX)
				return IndexGetRelation(oid, true);
			return oid;
		case ConstraintRelationId:
			return field_of_row(ConstraintRelationId, ConstraintOidIndexId,
								Anum_pg_constraint_oid, oid, Anum_pg_constraint_conrelid);
		case AttrDefaultRelationId:
			return field_of_row(AttrDefaultRelationId, AttrDefaultOidIndexId,
								Anum_pg_attrdef_oid, oid, Anum_pg_attrdef_adrelid);
		case StatisticExtRelationId:
			return field_of_row(StatisticExtRelationId, StatisticExtOidIndexId,
								Anum_pg_statistic_ext_oid, oid, Anum_pg_statistic_ext_stxrelid);
		case TriggerRelationId:
			return field_of_row(TriggerRelationId, TriggerOidIndexId,
								Anum_pg_trigger_oid, oid, Anum_pg_trigger_tgrelid);
		default:
			return InvalidOid;
	}
}

/* a function that these call in turn is not known to be run by them */
List *
jur_tables_running(Oid function)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	List	   *tables = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ProcedureRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(function));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend depend = (Form_pg_depend) GETSTRUCT(tuple);
		Oid			relid = table_of_object(depend->classid, depend->objid);

		if (OidIsValid(relid))
			tables = list_append_unique_oid(tables, relid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return tables;
}

/* ------------------------------------------------------ what a command changes */

static bool
same_field(HeapTuple a, HeapTuple b, AttrNumber attnum, TupleDesc desc)
{
	Form_pg_attribute attribute = TupleDescAttr(desc, attnum - 1);
	bool		a_isnull;
	bool		b_isnull;
	Datum		x = heap_getattr(a, attnum, desc, &a_isnull);
	Datum		y = heap_getattr(b, attnum, desc, &b_isnull);

	if (a_isnull || b_isnull)
		return a_isnull == b_isnull;
	return datum_image_eq(x, y, attribute->attbyval, attribute->attlen);
}

/*
 * Replacing a function by itself, as repeatable migrations do, is no change.
 * The system cache still has the function as it was before the command; a
 * new one is not in it.
 */
bool
jur_function_differs(Oid function)
{
	static const AttrNumber fields[] = {
		Anum_pg_proc_proowner, Anum_pg_proc_prolang, Anum_pg_proc_prosecdef,
		Anum_pg_proc_prosrc, Anum_pg_proc_probin, Anum_pg_proc_prosqlbody,
		Anum_pg_proc_proconfig
	};
	HeapTuple	before = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	after;
	bool		differs = true;
	int			i;

	if (!HeapTupleIsValid(before))
		return false;
	catalog = table_open(ProcedureRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_proc_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(function));
	scan = systable_beginscan(catalog, ProcedureOidIndexId, true, SnapshotSelf, 1, &key);
	after = systable_getnext(scan);
	for (i = 0; HeapTupleIsValid(after) && i < lengthof(fields); i++)
	{
		differs = !same_field(before, after, fields[i], RelationGetDescr(catalog));
		if (differs)
			break;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	ReleaseSysCache(before);
	return differs;
}
