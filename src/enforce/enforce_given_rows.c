/*-------------------------------------------------------------------------
 *
 * enforce_given_rows.c
 *	  Idea: the rows that a trigger is given are read by what it calls, and
 *	  it lowers the label of none.
 *	  Hooks: needs_fmgr_hook, fmgr_hook.
 *
 * A trigger for each row gets OLD and NEW whole, with every raised column,
 * and no filter has told under which label: NEW was typed by whoever runs the
 * statement.  So the call itself notes it, however it came about: INSERT,
 * COPY, a row routed to another partition, a deferred trigger at COMMIT.  It
 * counts for what the trigger writes elsewhere, not for the row itself
 * (enforce_flow.c).  Whoever runs the statement need not know what its
 * triggers do: in them deleting and DDL count as writing, too.
 *
 * What a BEFORE trigger makes of the row's label is relabelling like any
 * other; a row that came without a label may be given any.
 *
 * fmgr_hook is not shown the arguments of a call.  It puts a function of ours
 * in the place of the called one, for the moment between the two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"

static needs_fmgr_hook_type prev_needs_fmgr = NULL;
static fmgr_hook_type prev_fmgr = NULL;

/* the function that is about to be called, in whose place ours stands */
static PGFunction called = NULL;

static bool
is_users_trigger(Oid function)
{
	return function >= FirstNormalObjectId && IsTransactionState() &&
		get_func_rettype(function) == TRIGGEROID &&
		function != jur_function_oid("check_relabelled");
}

/* the label that the table's row label column has in TUPLE; NULL: none */
static struct varlena *
label_in(HeapTuple tuple, Relation rel, AttrNumber attnum)
{
	bool		isnull;
	Datum		label = heap_getattr(tuple, attnum, RelationGetDescr(rel), &isnull);

	return isnull ? NULL : PG_DETOAST_DATUM_PACKED(label);
}

/* everything that TUPLE, or NULL, holds has been read; IS_MADE: it is complete */
static void
note_row(HeapTuple tuple, Relation rel, bool is_made)
{
	Oid			relid = RelationGetRelid(rel);
	AttrNumber	attnum = jur_tags_of(relid)->row_attnum;
	struct varlena *datum = NULL;

	if (tuple == NULL)
		return;
	/* before a row is made its generated label is an old one, or none */
	if (attnum != 0 && (is_made || !jur_label_is_generated(rel)))
		datum = label_in(tuple, rel, attnum);
	jur_flow_note_given(relid, datum ? jur_label_of_datum(PointerGetDatum(datum)) : NULL);
}

/* the row that a BEFORE trigger may change */
static HeapTuple
changeable_row(const TriggerData *trigger)
{
	if (!TRIGGER_FIRED_BEFORE(trigger->tg_event))
		return NULL;
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		return trigger->tg_trigtuple;
	return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : NULL;
}

/* raises if the trigger that was given a row labelled BEFORE may not make it AFTER */
static void
check_label(struct varlena *before, HeapTuple after, Relation rel)
{
	AttrNumber	attnum = jur_tags_of(RelationGetRelid(rel))->row_attnum;
	struct varlena *label;

	if (before == NULL || after == NULL || attnum == 0)
		return;
	label = label_in(after, rel, attnum);
	if (label)
		jur_check_relabelling(PointerGetDatum(before), PointerGetDatum(label),
							  RelationGetRelid(rel));
}

/* what the function runs, runs inside of something that has read the rows */
static Datum
call_in_frame(FunctionCallInfo fcinfo)
{
	volatile Datum result = (Datum) 0;
	JurFrame	frame;

	jur_push_frame(&frame, NULL, NULL);
	PG_TRY();
	{
		result = FunctionCallInvoke(fcinfo);
	}
	PG_FINALLY();
	{
		jur_pop_frame(&frame);
	}
	PG_END_TRY();
	return result;
}

/* a frame of call_in_frame() neither plans nor runs */
bool
jur_in_row_trigger(void)
{
	JurFrame   *frame;

	for (frame = jur_top_frame; frame; frame = frame->up)
		if (frame->query == NULL && frame->planned == NULL)
			return true;
	return false;
}

static Datum
call_with_tables(FunctionCallInfo fcinfo, TriggerData *trigger)
{
	jur_flow_note_given_tables(RelationGetRelid(trigger->tg_relation));
	return call_in_frame(fcinfo);
}

static Datum
call_with_rows(FunctionCallInfo fcinfo, TriggerData *trigger)
{
	Relation	rel = trigger->tg_relation;
	AttrNumber	attnum = jur_tags_of(RelationGetRelid(rel))->row_attnum;
	HeapTuple	changeable = changeable_row(trigger);
	struct varlena *before = NULL;
	Datum		result;

	/* a trigger may scribble on the row it is given */
	if (changeable && attnum != 0)
		before = label_in(changeable, rel, attnum);
	if (before)
		before = (struct varlena *) PG_DETOAST_DATUM_COPY(PointerGetDatum(before));
	note_row(trigger->tg_trigtuple, rel, trigger->tg_trigtuple != changeable);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		note_row(trigger->tg_newtuple, rel, trigger->tg_newtuple != changeable);
	result = call_in_frame(fcinfo);
	if (changeable && !fcinfo->isnull)
		check_label(before, (HeapTuple) DatumGetPointer(result), rel);
	return result;
}

/* a deferred trigger runs at COMMIT, outside of any statement: it is one itself */
static Datum
call_at_commit(FunctionCallInfo fcinfo, TriggerData *trigger)
{
	volatile Datum result = (Datum) 0;
	ErrorContextCallback *messages = error_context_stack;
	ErrorContextCallback watch;

	jur_statement_begins();
	jur_statement_is("COMMIT", 0);
	jur_evidence_watch(&watch);
	PG_TRY();
	{
		result = call_with_rows(fcinfo, trigger);
	}
	PG_CATCH();
	{
		jur_evidence_statement_fails();
		PG_RE_THROW();
	}
	PG_END_TRY();
	error_context_stack = messages;
	jur_evidence_statement_ends();
	return result;
}

static Datum
stand_in(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	fcinfo->flinfo->fn_addr = called;
	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!jur_is_tagged(RelationGetRelid(trigger->tg_relation)))
		return FunctionCallInvoke(fcinfo);
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		return trigger->tg_oldtable || trigger->tg_newtable ?
			call_with_tables(fcinfo, trigger) : FunctionCallInvoke(fcinfo);
	if (jur_is_outermost())
		return call_at_commit(fcinfo, trigger);
	return call_with_rows(fcinfo, trigger);
}

static bool
needs_fmgr(Oid function)
{
	if (prev_needs_fmgr && prev_needs_fmgr(function))
		return true;
	return is_users_trigger(function) && jur_any_tagged();
}

static void
on_call(FmgrHookEventType event, FmgrInfo *flinfo, Datum *private)
{
	if (prev_fmgr)
		prev_fmgr(event, flinfo, private);
	if (event != FHET_START || !is_users_trigger(flinfo->fn_oid))
		return;
	/* an error between the hook and the call has ended the statement, too */
	if (flinfo->fn_addr == stand_in)
		elog(ERROR, "trigger function %u is called after it failed", flinfo->fn_oid);
	called = flinfo->fn_addr;
	flinfo->fn_addr = stand_in;
}

void
jur_enforce_given_rows_init(void)
{
	prev_needs_fmgr = needs_fmgr_hook;
	needs_fmgr_hook = needs_fmgr;
	prev_fmgr = fmgr_hook;
	fmgr_hook = on_call;
}
