/*-------------------------------------------------------------------------
 *
 * enforce_counters.c
 *	  Idea: the server's counters do not tell how many hidden rows a query met.
 *	  Hook: object_access_hook.  Queries come by enforce_plan.c.
 *
 * An index scan counts the rows it fetched before the filter, and a session
 * reads its own counters: WHERE name = 'x' then tells whether a hidden row
 * has that name.  In views such as pg_stat_user_tables those counters become
 * NULL for tagged tables, unless the session may read all statistics; calls
 * that do not come by the planner are refused, and so are functions that
 * return a table of such counters.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"

static object_access_hook_type prev_object_access = NULL;

/* -------------------------------------------------------------- who sees what */

typedef enum Counts
{
	COUNTS_NOTHING = 0,			/* that a reader could learn from */
	COUNTS_RELATION,
	COUNTS_DATABASE
} Counts;

static Counts
what_is_counted(Oid function)
{
	switch (function)
	{
		case F_PG_STAT_GET_TUPLES_RETURNED:
		case F_PG_STAT_GET_TUPLES_FETCHED:
		case F_PG_STAT_GET_BLOCKS_FETCHED:
		case F_PG_STAT_GET_BLOCKS_HIT:
		case F_PG_STAT_GET_XACT_TUPLES_RETURNED:
		case F_PG_STAT_GET_XACT_TUPLES_FETCHED:
		case F_PG_STAT_GET_XACT_BLOCKS_FETCHED:
		case F_PG_STAT_GET_XACT_BLOCKS_HIT:
			return COUNTS_RELATION;
		case F_PG_STAT_GET_DB_TUPLES_RETURNED:
		case F_PG_STAT_GET_DB_TUPLES_FETCHED:
		case F_PG_STAT_GET_DB_BLOCKS_FETCHED:
		case F_PG_STAT_GET_DB_BLOCKS_HIT:
			return COUNTS_DATABASE;
		default:
			return COUNTS_NOTHING;
	}
}

/* is there something in what it returns, many rows maybe, that counts? */
static bool
counts_something(Oid function)
{
	return what_is_counted(function) != COUNTS_NOTHING || jur_counts_io(function);
}

/* as for the server's own statistics: the outer role's right, not a definer's */
bool
jur_sees_counters(void)
{
	return superuser_arg(GetOuterUserId()) ||
		has_privs_of_role(GetOuterUserId(), ROLE_PG_READ_ALL_STATS) ||
		jur_is_officer() || jur_is_restoring() || jur_observing() ||
		jur_current_subject()->exemption != NULL;
}

/* the table that an index, or a TOAST table or its index, belongs to */
static Oid
table_of(Oid relid)
{
	char		kind = get_rel_relkind(relid);

	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
	{
		relid = IndexGetRelation(relid, true);
		kind = get_rel_relkind(relid);
	}
	return kind == RELKIND_TOASTVALUE ? jur_toast_owner(relid) : relid;
}

static bool
may_see_counter(Counts counts, Oid object)
{
	if (counts == COUNTS_RELATION)
	{
		Oid			table = table_of(object);

		if (!OidIsValid(table) || !jur_is_tagged(table))
			return true;
	}
	else if (object != MyDatabaseId || !jur_any_tagged())
		return true;
	return jur_sees_counters();
}

/*
 * counter(function, object) returns bigint: what one of the server's counting
 * functions says of a relation or database; NULL where the session may not
 * know.  It stands for the function in every query.
 */
PG_FUNCTION_INFO_V1(jur_sql_counter);
Datum
jur_sql_counter(PG_FUNCTION_ARGS)
{
	Oid			function = PG_GETARG_OID(0);
	Oid			object = PG_GETARG_OID(1);
	Counts		counts = what_is_counted(function);
	FmgrInfo	flinfo;
	LOCAL_FCINFO(call, 1);
	Datum		result;

	jur_require_preloaded("a counter");
	if (counts == COUNTS_NOTHING)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("function with OID %u is not one of the counters", function)));
	if (!may_see_counter(counts, object))
		PG_RETURN_NULL();
	fmgr_info(function, &flinfo);
	InitFunctionCallInfoData(*call, &flinfo, 1, InvalidOid, NULL, NULL);
	call->args[0].value = ObjectIdGetDatum(object);
	call->args[0].isnull = false;
	result = FunctionCallInvoke(call);
	if (call->isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

void
jur_stand_in_for_counter(FuncExpr *call)
{
	if (what_is_counted(call->funcid) == COUNTS_NOTHING)
		return;
	call->args = lcons(makeConst(OIDOID, -1, InvalidOid, sizeof(Oid),
								 ObjectIdGetDatum(call->funcid), false, true),
					   call->args);
	call->funcid = jur_function_oid("counter");
	call->funcformat = COERCE_EXPLICIT_CALL;
}

/* -------------------------------------------------------------------- the hook */

/* what is inlined later, or called without a query, has no stand-in */
static void
object_access(ObjectAccessType access, Oid classid, Oid object, int subid, void *arg)
{
	if (prev_object_access)
		prev_object_access(access, classid, object, subid, arg);
	if (access != OAT_FUNCTION_EXECUTE || classid != ProcedureRelationId ||
		!counts_something(object) || !jur_any_tagged() ||
		jur_sees_counters())
		return;
	if (!jur_refused("execute", InvalidOid, get_func_name(object)))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied for function %s", get_func_name(object)),
			 errdetail("It would count rows of tagged tables that this session may not read."),
			 jur_counts_io(object) ?
			 errhint("Call it as a role that may read all statistics.") :
			 errhint("Call it in a query of its own, where it is NULL for tagged tables, or as a role that may read all statistics.")));
}

void
jur_enforce_counters_init(void)
{
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
}
