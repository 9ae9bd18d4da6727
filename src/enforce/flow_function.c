/*-------------------------------------------------------------------------
 *
 * flow_function.c
 *	  Idea: what a statement has read does not leave by a built-in function
 *	  that puts it where it has no label.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/watermark.h"

/* their arguments pass through flow_guard() */
static const struct
{
	const char *name;
	const char *what;
}			sinks[] =
{
	{"lo_create", "the number of a large object"},
	{"lo_from_bytea", "a large object"},
	{"lo_put", "a large object"},
	{"lo_truncate", "a large object"},
	{"lo_truncate64", "a large object"},
	{"lo_unlink", "the numbers of large objects"},
	{"lowrite", "a large object"},
	{"pg_create_restore_point", "the write-ahead log"},
	{"pg_logical_emit_message", "the write-ahead log"},
	{"pg_notify", "a notification"},
	{"pg_restore_attribute_stats", "statistics"},
	{"pg_restore_relation_stats", "statistics"},
	{"set_config", "a setting"},
	{"setval", "a sequence"},
};

static int
sink_of_function(Oid function)
{
	char	   *name;
	int			i;

	if (function >= FirstNormalObjectId)
		return -1;
	name = get_func_name(function);
	for (i = 0; name && i < lengthof(sinks); i++)
		if (strcmp(name, sinks[i].name) == 0)
			return i;
	return -1;
}

/* every argument that is not a constant of the query's own text */
void
jur_flow_guard_call(FuncExpr *call)
{
	int			sink = sink_of_function(call->funcid);
	ListCell   *lc;

	if (sink < 0 || jur_flow_is_off())
		return;
	foreach(lc, call->args)
	{
		Node	   *argument = lfirst(lc);

		if (IsA(argument, Const))
			continue;
		lfirst(lc) = makeFuncExpr(jur_function_oid("flow_guard"), exprType(argument),
								  list_make2(argument,
											 makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
													   Int32GetDatum(sink), false, true)),
								  InvalidOid, exprCollation(argument),
								  COERCE_EXPLICIT_CALL);
	}
}

/*
 * flow_guard(value, sink) returns the value, or an error if what this
 * statement has read may not go there.
 */
PG_FUNCTION_INFO_V1(jur_sql_flow_guard);
Datum
jur_sql_flow_guard(PG_FUNCTION_ARGS)
{
	int			sink = PG_ARGISNULL(1) ? -1 : PG_GETARG_INT32(1);

	jur_require_preloaded("jurisdiction.flow_guard()");
	if (sink < 0 || sink >= lengthof(sinks))
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT), errmsg("there is no such sink")));
	jur_flow_judge_text(sinks[sink].what);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
