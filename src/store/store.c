/*-------------------------------------------------------------------------
 *
 * store.c
 *	  Idea: is the extension in this database, and under which OIDs?
 *
 * Everything is a system-cache lookup, so nothing here can be stale; what is
 * looked up by name is also watched for changes (invalidate.c).  Only the
 * schema, the type, which every hook asks for first, and functions are
 * remembered, until schemas, types or functions change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/catcache.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "store/store.h"
#include "store/store_internal.h"

/*
 * The tables whose rows are policy: only officers write them.  The second
 * member says who must be told of a change.
 */
static const struct
{
	const char *name;
	JurChange	change;
}			policy_tables[] =
{
	{"place", JUR_CHANGED_POLICY},
	{"membership", JUR_CHANGED_POLICY},
	{"category", JUR_CHANGED_POLICY},
	{"purpose", JUR_CHANGED_POLICY},
	{"legal_basis", JUR_CHANGED_POLICY},
	{"preset", JUR_CHANGED_POLICY},
	{"preset_rule", JUR_CHANGED_POLICY},
	{"transfer_rule", JUR_CHANGED_POLICY},
	{"exemption", JUR_CHANGED_ROLES},
	{"mask_key", JUR_CHANGED_POLICY},
	{"network", JUR_CHANGED_NETWORK},
	{"custodian", JUR_CHANGED_KEYS},
	{"key", JUR_CHANGED_KEYS},
	{"key_material", JUR_CHANGED_KEYS},
};

static Oid	schema_found = InvalidOid;
static Oid	label_type = InvalidOid;
static bool schema_known = false;
static bool label_type_known = false;
static bool is_watching = false;
static uint64 name_changes = 0;

/* of a schema or a type; the type is found by the schema */
static void
forget_names(Datum arg, int cacheid, uint32 hashvalue)
{
	if (cacheid == NAMESPACEOID)
		schema_known = false;
	label_type_known = false;
	name_changes++;
}

Oid
jur_schema_oid(void)
{
	uint64		changes = name_changes;

	if (schema_known)
		return schema_found;
	schema_found = get_namespace_oid(JUR_SCHEMA, true);
	/* without the callbacks (not preloaded) it is looked up each time */
	schema_known = is_watching && changes == name_changes;
	return schema_found;
}

Oid
jur_extension_oid(void)
{
	return get_extension_oid("jurisdiction", true);
}

Oid
jur_label_type_oid(void)
{
	uint64		changes = name_changes;
	Oid			schema;

	if (!IsTransactionState() || !OidIsValid(MyDatabaseId))
		return InvalidOid;
	if (label_type_known)
		return label_type;
	schema = jur_schema_oid();
	label_type = !OidIsValid(schema) ? InvalidOid :
		GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						CStringGetDatum("label"), ObjectIdGetDatum(schema));
	label_type_known = is_watching && changes == name_changes;
	return label_type;
}

bool
jur_is_installed(void)
{
	return OidIsValid(jur_label_type_oid());
}

Oid
jur_table_oid(const char *name)
{
	Oid			schema = jur_schema_oid();
	Oid			relid;
	int			i;

	if (!OidIsValid(schema))
		return InvalidOid;
	relid = get_relname_relid(name, schema);
	if (OidIsValid(relid))
		for (i = 0; i < lengthof(policy_tables); i++)
			if (strcmp(name, policy_tables[i].name) == 0)
				jur_watch_relation(relid, policy_tables[i].change);
	return relid;
}

bool
jur_is_policy_table(Oid relid)
{
	Oid			schema;
	char	   *name;
	int			i;

	if (relid < FirstNormalObjectId)
		return false;
	schema = get_rel_namespace(relid);
	if (!OidIsValid(schema) || schema != jur_schema_oid())
		return false;
	name = get_rel_name(relid);
	for (i = 0; name && i < lengthof(policy_tables); i++)
		if (strcmp(name, policy_tables[i].name) == 0)
			return true;
	return false;
}

/* those found, until any function or schema changes */
#define MAX_FUNCTIONS	16

static struct
{
	const char *name;			/* a constant of the caller's */
	Oid			oid;
}			functions[MAX_FUNCTIONS];
static int	nfunctions = 0;
static uint64 function_changes = 0;

static void
forget_functions(Datum arg, int cacheid, uint32 hashvalue)
{
	nfunctions = 0;
	function_changes++;
}

static Oid
find_function(const char *name)
{
	Oid			schema = jur_schema_oid();
	Oid			found = InvalidOid;
	CatCList   *list;
	int			i;

	if (!OidIsValid(schema))
		return InvalidOid;
	list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	for (i = 0; i < list->n_members; i++)
	{
		Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (proc->pronamespace == schema)
			found = proc->oid;
	}
	ReleaseSysCacheList(list);
	return found;
}

/* NAME: a string constant, which is kept */
Oid
jur_function_oid(const char *name)
{
	uint64		changes = function_changes;
	Oid			found;
	int			i;

	for (i = 0; i < nfunctions; i++)
		if (strcmp(functions[i].name, name) == 0)
			return functions[i].oid;
	found = find_function(name);
	if (is_watching && OidIsValid(found) && changes == function_changes &&
		nfunctions < MAX_FUNCTIONS)
	{
		functions[nfunctions].name = name;
		functions[nfunctions++].oid = found;
	}
	return found;
}

void
jur_watch_names(void)
{
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_names, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, forget_names, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_functions, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, forget_functions, (Datum) 0);
	is_watching = true;
}
