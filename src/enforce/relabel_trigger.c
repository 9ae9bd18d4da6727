/*-------------------------------------------------------------------------
 *
 * relabel_trigger.c
 *	  Idea: what a generation expression makes of the row label is relabelling
 *	  like any other.
 *
 * relabelled() (enforce_plan.c) sees what a statement assigns, and a trigger
 * is watched where it is called (enforce_given_rows.c); a generated label
 * follows from other columns after both.  So a statement that updates such a
 * table gets a trigger of ours, in memory only, which fires after the table's
 * own BEFORE triggers and computes the label that the row is about to get.
 *
 * A partition that ON CONFLICT DO UPDATE is routed to is opened later, unseen
 * by us; enforce_plan.c refuses that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "fmgr.h"
#include "rewrite/rewriteHandler.h"
#include "utils/rel.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"

bool
jur_label_is_generated(Relation rel)
{
	AttrNumber	attnum = jur_tags_of(RelationGetRelid(rel))->row_attnum;

	return attnum != 0 &&
		TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated != '\0';
}

/* add check_relabelled() to the triggers of RESULT; by their order it fires last */
static void
add_trigger(EState *estate, ResultRelInfo *result)
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
	triggers[before].tgtype = TRIGGER_TYPE_ROW | TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_UPDATE;
	triggers[before].tgenabled = TRIGGER_FIRES_ALWAYS;
	desc->triggers = triggers;
	desc->numtriggers = before + 1;
	desc->trig_update_before_row = true;
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

		if (result->ri_RelationDesc->rd_rel->relkind == RELKIND_RELATION &&
			jur_label_is_generated(result->ri_RelationDesc))
			add_trigger(query->estate, result);
	}
}

/* the generation expression, made ready for all rows of a statement */
typedef struct Generation
{
	ExprState  *expression;
	ExprContext *context;
} Generation;

static Generation *
generation_of(FmgrInfo *flinfo, Relation rel, AttrNumber attnum)
{
	Generation *generation = flinfo->fn_extra;
	MemoryContext caller;
	EState	   *estate;

	if (generation)
		return generation;
	caller = MemoryContextSwitchTo(flinfo->fn_mcxt);
	generation = palloc(sizeof(Generation));
	estate = CreateExecutorState();
	MemoryContextSwitchTo(estate->es_query_cxt);
	generation->expression =
		ExecPrepareExpr((Expr *) build_column_default(rel, attnum), estate);
	generation->context = CreateExprContext(estate);
	MemoryContextSwitchTo(caller);
	flinfo->fn_extra = generation;
	return generation;
}

/* the label that ROW is about to get */
static Datum
generated_label(Generation *generation, TupleTableSlot *row, bool *isnull)
{
	ResetExprContext(generation->context);
	generation->context->ecxt_scantuple = row;
	return ExecEvalExprSwitchContext(generation->expression, generation->context, isnull);
}

/*
 * check_relabelled() returns trigger: the row as it is, or 42501 if its label
 * may not become what the expression makes of it.
 */
PG_FUNCTION_INFO_V1(jur_sql_check_relabelled);
Datum
jur_sql_check_relabelled(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation	rel;
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
	rel = trigger->tg_relation;
	attnum = jur_tags_of(RelationGetRelid(rel))->row_attnum;
	if (jur_label_is_generated(rel))
	{
		old = heap_getattr(trigger->tg_trigtuple, attnum, RelationGetDescr(rel), &old_isnull);
		new = generated_label(generation_of(fcinfo->flinfo, rel, attnum),
							  trigger->tg_newslot, &new_isnull);
		if (!old_isnull && !new_isnull)
			jur_check_relabelling(old, new, RelationGetRelid(rel));
	}
	return PointerGetDatum(trigger->tg_newtuple);
}
