/*-------------------------------------------------------------------------
 *
 * relabel_trigger.c
 *	  Idea: what a trigger or a generation expression makes of the row label
 *	  is relabelling like any other.
 *
 * relabelled() (enforce_plan.c) sees what a statement assigns.  A BEFORE
 * trigger changes the row after that, and a generated label follows from other
 * columns.  So a running statement gets a trigger of ours, in memory only and
 * only where one of the two can happen: after the table's own BEFORE triggers,
 * or, for a generated label, after the row.
 *
 * Partitions that rows are routed to are opened later, unseen by us.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/instrument.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"

static bool
is_generated(Relation rel, AttrNumber attnum)
{
	return TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated != '\0';
}

/* add TYPE to the triggers of RESULT; by their order it fires last */
static void
add_trigger(EState *estate, ResultRelInfo *result, int16 type)
{
	MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);
	TriggerDesc *desc = result->ri_TrigDesc;
	int			before = desc ? desc->numtriggers : 0;
	Trigger    *triggers = palloc0((before + 1) * sizeof(Trigger));

	if (desc == NULL)
		desc = result->ri_TrigDesc = palloc0(sizeof(TriggerDesc));
	if (before > 0)
		memcpy(triggers, desc->triggers, before * sizeof(Trigger));
	triggers[before].tgname = pstrdup("jurisdiction");
	triggers[before].tgfoid = jur_function_oid("check_relabelled");
	triggers[before].tgtype = type;
	triggers[before].tgenabled = TRIGGER_FIRES_ALWAYS;
	desc->triggers = triggers;
	desc->numtriggers = before + 1;
	if (TRIGGER_FOR_AFTER(type))
		desc->trig_update_after_row = true;
	/* nothing has been called yet: what is kept per trigger is still empty */
	result->ri_TrigFunctions = palloc0((before + 1) * sizeof(FmgrInfo));
	result->ri_TrigWhenExprs = palloc0((before + 1) * sizeof(ExprState *));
	if (estate->es_instrument)
		result->ri_TrigInstrument = InstrAlloc(before + 1, estate->es_instrument, false);
	MemoryContextSwitchTo(caller);
}

/* QUERY has been started with FLAGS: watch the row labels that it updates */
void
jur_watch_relabelling(QueryDesc *query, int flags)
{
	ListCell   *lc;

	if (flags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	foreach(lc, query->estate->es_opened_result_relations)
	{
		ResultRelInfo *result = lfirst(lc);
		Relation	rel = result->ri_RelationDesc;
		AttrNumber	attnum = jur_tags_of(RelationGetRelid(rel))->row_attnum;

		if (attnum == 0 || rel->rd_rel->relkind != RELKIND_RELATION)
			continue;
		if (result->ri_TrigDesc && result->ri_TrigDesc->trig_update_before_row)
			add_trigger(query->estate, result,
						TRIGGER_TYPE_ROW | TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_UPDATE);
		/* who skips triggers leaves them to a statement that has not got ours */
		if (is_generated(rel, attnum) && !(flags & EXEC_FLAG_SKIP_TRIGGERS))
			add_trigger(query->estate, result,
						TRIGGER_TYPE_ROW | TRIGGER_TYPE_UPDATE);
	}
}

/*
 * check_relabelled() returns trigger: the row as it is, or 42501 if its label
 * may not become what the statement and the triggers before made of it.
 */
PG_FUNCTION_INFO_V1(jur_sql_check_relabelled);
Datum
jur_sql_check_relabelled(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	AttrNumber	attnum;
	Datum		old;
	Datum		new;
	bool		old_isnull;
	bool		new_isnull;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("check_relabelled() can be called as a trigger for each updated row only")));
	desc = RelationGetDescr(trigger->tg_relation);
	attnum = jur_tags_of(RelationGetRelid(trigger->tg_relation))->row_attnum;
	if (attnum != 0)
	{
		old = heap_getattr(trigger->tg_trigtuple, attnum, desc, &old_isnull);
		new = heap_getattr(trigger->tg_newtuple, attnum, desc, &new_isnull);
		if (!old_isnull && !new_isnull)
			jur_check_relabelling(old, new, RelationGetRelid(trigger->tg_relation));
	}
	return PointerGetDatum(trigger->tg_newtuple);
}
