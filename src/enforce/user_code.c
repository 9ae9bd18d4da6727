/*-------------------------------------------------------------------------
 *
 * user_code.c
 *	  Idea: which code of users would run if an expression were evaluated?
 *
 * Index expressions, CHECKs and the like are evaluated over every row, as if
 * there were no row security.  Functions of the server are trusted with the
 * rows, as long as they only compute; a user's are not: he reads what his
 * function is given.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_range.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "enforce/enforce_internal.h"

/* ------------------------------------------------------------- expressions */

/* ours, or the server's; one that does more than compute could carry it away */
static bool
is_trusted_function(Oid function)
{
	if (function >= FirstNormalObjectId)
		return getExtensionOfObject(ProcedureRelationId, function) == jur_extension_oid();
	return func_volatile(function) != PROVOLATILE_VOLATILE;
}

static bool
note_function(Oid function, void *found)
{
	if (!OidIsValid(function) || is_trusted_function(function))
		return false;
	*(char **) found = psprintf("function %s", format_procedure(function));
	return true;
}

/* a domain's CHECK is code, whoever wrote it */
static bool
note_domain(Oid type, void *found)
{
	if (type < FirstNormalObjectId || !DomainHasConstraints(type))
		return false;
	*(char **) found = psprintf("the constraints of domain %s", format_type_be(type));
	return true;
}

static bool
find_code(Node *node, void *found)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, note_function, found))
		return true;
	if (IsA(node, CoerceToDomain))
	{
		if (note_domain(((CoerceToDomain *) node)->resulttype, found))
			return true;
	}
	else if (IsA(node, MinMaxExpr))
	{
		Oid			type = ((MinMaxExpr *) node)->minmaxtype;

		if (note_function(lookup_type_cache(type, TYPECACHE_CMP_PROC)->cmp_proc, found))
			return true;
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

/* the function that an operator class calls to compare, if it is a user's */
char *
jur_user_code_of_opclass(Oid opclass)
{
	HeapTuple	tuple;
	char	   *found = NULL;

	if (opclass < FirstNormalObjectId ||
		getExtensionOfObject(OperatorClassRelationId, opclass) == jur_extension_oid())
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
