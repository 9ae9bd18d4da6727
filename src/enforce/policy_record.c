/*-------------------------------------------------------------------------
 *
 * policy_record.c
 *	  Idea: what a row of policy said, and says now, is in the evidence log.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "enforce/enforce_internal.h"

static char *
json_of(HeapTuple tuple, TupleDesc shape)
{
	Datum		row = heap_copy_tuple_as_datum(tuple, shape);

	return TextDatumGetCString(DirectFunctionCall1(row_to_json, row));
}

/*
 * record_policy([any word]) returns trigger: AFTER each row of a table of
 * policy; with a word, what the row says is not recorded.  Our own scripts fill
 * tables with what ships, which is not an officer's doing.
 */
PG_FUNCTION_INFO_V1(jur_sql_record_policy);
Datum
jur_sql_record_policy(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	shape;
	const char *what;
	char	   *before;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("record_policy() can be called as a row trigger only")));
	if (jur_in_own_script())
		return PointerGetDatum(NULL);
	if (trigger->tg_trigger->tgnargs > 0)
	{
		jur_recorded("policy", jur_relation_name(RelationGetRelid(trigger->tg_relation)),
					 "written");
		return PointerGetDatum(NULL);
	}
	shape = RelationGetDescr(trigger->tg_relation);
	before = json_of(trigger->tg_trigtuple, shape);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		what = psprintf("update %s to %s", before, json_of(trigger->tg_newtuple, shape));
	else
		what = psprintf("%s %s", TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ?
						"insert" : "delete", before);
	jur_recorded("policy", jur_relation_name(RelationGetRelid(trigger->tg_relation)), what);
	return PointerGetDatum(NULL);
}

static void
record_load(Oid relid, const char *what)
{
	jur_recorded("policy", jur_relation_name(relid), what);
}

void
jur_policy_record_init(void)
{
	jur_on_load(record_load);
}
