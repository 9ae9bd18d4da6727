/*-------------------------------------------------------------------------
 *
 * enforce_flow.c
 *	  Idea: what a statement has read, it may not write anywhere less
 *	  restrictive.
 *
 * The watermark is the join of the labels under which a top-level statement,
 * with all it calls, has read so far.  Filters and masks note each label they
 * admit; where a filter was taken out of the plan, the ceiling is noted when
 * the plan starts.  It falls when the next statement begins, or with
 * jurisdiction.flow = session not before DISCARD ALL.
 *
 * Rows of a statement's own target count apart: their new versions stay in
 * the same table under a label of their own.  What a trigger or a function
 * inside the statement writes, be it into the same table, is not their new
 * version: there they count like anything else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"

/*
 * Labels of rows that a statement has read of its target (or copies into it
 * label and all), and of those it writes there.
 */
typedef struct TargetMark
{
	Oid			relid;
	JurLabel   *label;			/* NULL: not known */
	int			depth;			/* of the statement */
	bool		is_written;
} TargetMark;

/* grows when what has been read does: verdicts on writes are old then */
uint64		jur_flow_version = 1;

static MemoryContext context = NULL;
static JurLabel *watermark = NULL;	/* NULL: nothing restricted was read */
static List *targets = NIL;		/* of TargetMark */
static bool read_unknown = false;	/* something whose labels are not known */
static TimestampTz read_at = 0; /* start of the statement that read it */

/* ---------------------------------------------------------------------- noting */

static void note_unknown(void);

static bool
is_off(void)
{
	return jur_flow == JUR_FLOW_OFF;
}

static MemoryContext
enter_context(void)
{
	read_at = GetCurrentStatementStartTimestamp();
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "jurisdiction flow",
										ALLOCSET_SMALL_SIZES);
	return MemoryContextSwitchTo(context);
}

/* A, which is given up, joined with B; in the current context */
static JurLabel *
joined(JurLabel *a, const JurLabel *b)
{
	JurLabel   *join;

	if (a == NULL)
		return jur_label_copy(b);
	join = jur_label_join(a, b);
	pfree(a);
	return join;
}

/*
 * Reading many labels is no error: what they join to, if that is no label any
 * more, is not known, and goes nowhere.
 */
static bool
can_join(const JurLabel *a, const JurLabel *b)
{
	return a == NULL || a->natoms + b->natoms <= JUR_ATOMS_MAX;
}

/*
 * Plans that are being made rest on what was read for them, and are run later.
 * LABEL: NULL if it is not known.
 */
static void
note_in_plans(const JurLabel *label)
{
	JurFrame   *frame;
	MemoryContext caller;

	for (frame = jur_top_frame; frame; frame = frame->up)
	{
		if (frame->planned == NULL || frame->read_unknown)
			continue;
		if (label == NULL || !can_join(frame->labels, label))
			frame->read_unknown = true;
		else if (frame->labels == NULL || !jur_label_flows(label, frame->labels))
		{
			caller = MemoryContextSwitchTo(frame->context);
			frame->labels = joined(frame->labels, label);
			MemoryContextSwitchTo(caller);
		}
	}
}

void
jur_flow_note(const JurLabel *label)
{
	MemoryContext caller;

	if (label->natoms > 0)
		note_in_plans(label);
	if (is_off() || label->natoms == 0)
		return;
	/* what has been read goes nowhere already (a worker's leader does not know yet) */
	if (read_unknown && !IsParallelWorker() && !can_join(watermark, label))
		return;
	if (watermark && jur_label_flows(label, watermark))
		return;
	if (IsParallelWorker())
	{
		/* the leader writes, so the leader must know */
		jur_share_label(jur_label_text(label));
	}
	if (!can_join(watermark, label))
	{
		note_unknown();
		return;
	}
	caller = enter_context();
	watermark = joined(watermark, label);
	MemoryContextSwitchTo(caller);
	jur_flow_version++;
}

/* how many statements are running, one inside the other */
static int
frame_depth(void)
{
	JurFrame   *frame;
	int			depth = 0;

	for (frame = jur_top_frame; frame; frame = frame->up)
		depth++;
	return depth;
}

static TargetMark *
find_mark(Oid relid, int depth, bool is_written)
{
	ListCell   *lc;

	foreach(lc, targets)
	{
		TargetMark *mark = lfirst(lc);

		if (mark->relid == relid && mark->depth == depth && mark->is_written == is_written)
			return mark;
	}
	return NULL;
}

/* LABEL: NULL if it is not known */
static void
note_mark(Oid relid, const JurLabel *label, int depth, bool is_written)
{
	MemoryContext caller;
	TargetMark *mark;

	if (is_off() || (label && label->natoms == 0))
		return;
	mark = find_mark(relid, depth, is_written);
	if (mark && (mark->label == NULL || (label && jur_label_flows(label, mark->label))))
		return;
	caller = enter_context();
	if (mark == NULL)
	{
		JurLabel	unrestricted = {0, NULL};

		mark = palloc0(sizeof(TargetMark));
		mark->relid = relid;
		mark->depth = depth;
		mark->is_written = is_written;
		mark->label = jur_label_copy(&unrestricted);
		targets = lappend(targets, mark);
	}
	mark->label = label && can_join(mark->label, label) ? joined(mark->label, label) : NULL;
	MemoryContextSwitchTo(caller);
	jur_flow_version++;
}

void
jur_flow_note_target(Oid relid, const JurLabel *label)
{
	if (label->natoms > 0)
		note_in_plans(label);
	note_mark(relid, label, frame_depth(), false);
}

/* a trigger gets the whole row, its raised columns among it */
void
jur_flow_note_given(Oid relid, const JurLabel *label)
{
	const JurTagged *tagged = jur_tags_of(relid);
	int			depth = frame_depth();
	int			i;

	if (is_off() || !tagged->is_tagged)
		return;
	if (tagged->row_attnum != 0 && label == NULL)
		label = tagged->ceiling;
	if (tagged->row_attnum != 0)
		note_mark(relid, label, depth, true);
	if (tagged->relation && tagged->relation->label)
		note_mark(relid, tagged->relation->label, depth, true);
	for (i = 0; i < tagged->ncolumns; i++)
		note_mark(relid, jur_column_label(tagged, &tagged->columns[i], label), depth, true);
}

/*
 * A trigger is given the rows of RELID as tables: each is under a label that the
 * statement has noted, but for what its columns are raised by.
 */
void
jur_flow_note_given_tables(Oid relid)
{
	const JurTagged *tagged = jur_tags_of(relid);
	int			depth = frame_depth();
	JurLabel	unrestricted = {0, NULL};
	const JurLabel *rows = &unrestricted;
	ListCell   *lc;
	int			i;

	if (is_off() || tagged->ncolumns == 0)
		return;
	foreach(lc, targets)
	{
		TargetMark *mark = lfirst(lc);

		if (mark->relid == relid && mark->depth == depth && mark->label)
			rows = jur_label_join(rows, mark->label);
	}
	for (i = 0; i < tagged->ncolumns; i++)
		note_mark(relid, jur_column_label(tagged, &tagged->columns[i], rows), depth, true);
}

/* a statement begins at this depth: what others wrote here is out of its hands */
static void
forget_written(int depth)
{
	ListCell   *lc;

	foreach(lc, targets)
	{
		TargetMark *mark = lfirst(lc);

		if (mark->is_written && mark->depth >= depth)
			targets = foreach_delete_current(targets, lc);
	}
}

static void
note_unknown(void)
{
	note_in_plans(NULL);
	read_unknown = true;
	read_at = GetCurrentStatementStartTimestamp();
	jur_flow_version++;
}

/* a table was read whole, or by a plan without a filter: its ceiling */
void
jur_flow_note_table(Oid relid)
{
	const JurTagged *tagged = jur_tags_of(relid);
	int			i;

	if (is_off() || !tagged->is_tagged)
		return;
	if (tagged->relation && tagged->relation->label)
		jur_flow_note(tagged->relation->label);
	if (tagged->row_attnum != 0 && tagged->ceiling == NULL)
		note_unknown();
	if (tagged->ceiling)
		jur_flow_note(tagged->ceiling);
	for (i = 0; i < tagged->ncolumns; i++)
		if (tagged->row_attnum == 0 || tagged->ceiling)
			jur_flow_note(jur_column_label(tagged, &tagged->columns[i], tagged->ceiling));
}

/* what parallel workers have read meanwhile */
void
jur_flow_collect(void)
{
	char	   *labels;
	char	   *text;
	int			size;
	bool		overflowed;

	if (IsParallelWorker())
		return;
	labels = jur_take_shared_labels(&size, &overflowed);
	if (overflowed)
		note_unknown();
	for (text = labels; text && text < labels + size; text += strlen(text) + 1)
	{
		JurLabelError error;
		JurLabel   *label = jur_label_parse(text, &error);

		if (label)
			jur_flow_note(label);
		else
			note_unknown();
	}
}

static void
forget_all(void)
{
	int			size;
	bool		overflowed;

	/* of workers that failed with their query */
	(void) jur_take_shared_labels(&size, &overflowed);
	watermark = NULL;
	targets = NIL;
	if (context)
		MemoryContextReset(context);
	read_unknown = false;
	jur_flow_version++;
}

/*
 * A top-level statement begins: what the one before it read is forgotten.
 * Statements sent in one string are one, and so is whatever triggers run at
 * COMMIT or a function called by the fast path.
 */
void
jur_flow_statement_begins(void)
{
	if (watermark == NULL && targets == NIL && !read_unknown)
		return;
	forget_written(0);
	if (jur_flow != JUR_FLOW_SESSION && read_at != GetCurrentStatementStartTimestamp())
		forget_all();
}

void
jur_flow_session_ends(void)
{
	forget_all();
}

/* ---------------------------------------------------------------------- asking */

/* does MARK count for what a statement at DEPTH writes into RELID? */
static bool
counts(const TargetMark *mark, Oid relid, int depth)
{
	if (mark->is_written)
		return mark->depth < depth;
	return mark->depth < depth || mark->relid != relid;
}

/*
 * Everything read, but for the rows of target RELID themselves; NULL: nothing
 * that is restricted.  *UNKNOWN: and more, whose label is not known.
 */
static JurLabel *
read_besides(Oid relid, bool *unknown)
{
	JurLabel   *label = NULL;
	int			depth = frame_depth();
	ListCell   *lc;

	jur_flow_collect();
	*unknown = read_unknown;
	if (watermark)
		label = joined(NULL, watermark);
	foreach(lc, targets)
	{
		TargetMark *mark = lfirst(lc);

		if (!counts(mark, relid, depth))
			continue;
		if (mark->label && can_join(label, mark->label))
			label = joined(label, mark->label);
		else
			*unknown = true;
	}
	return label;
}

bool
jur_flow_has_read(void)
{
	jur_flow_collect();
	return !is_off() && (watermark || targets != NIL || read_unknown);
}

static void
refuse_flow(const JurLabel *read, const JurLabel *sink, const char *what, Oid relid)
{
	bool		tell = jur_is_officer() && read;

	if (!jur_refused("write", relid, psprintf("flow into %s", what)))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("what this statement has read may not be written into %s", what),
			 tell ?
			 errdetail("It was read under \"%s\"; %s is under \"%s\".",
					   jur_label_text(read), what, jur_label_text(sink)) :
			 errdetail("It would be less restricted there."),
			 OidIsValid(relid) ?
			 errhint("Write it under a label that covers what was read.  An officer may tag the table \"accepts LABEL\", or grant a \"declassify\" exemption.") :
			 errhint("An officer may grant a \"declassify\" exemption.")));
}

static bool
is_exempt(const JurLabel *read, Oid relid)
{
	const char *basis;

	if (jur_is_restoring() || jur_current_subject()->exemption)
		return true;
	basis = jur_exemption_for("declassify", read);
	if (basis == NULL)
		return false;
	jur_count(JUR_COUNT_EXEMPTIONS, 1);
	jur_recorded("exemption", OidIsValid(relid) ? jur_relation_name(relid) : "",
				 psprintf("declassify: %s", basis));
	return true;
}

static void
judge_sink(const JurLabel *sink, Oid relid, const char *what)
{
	JurLabel   *read;
	bool		unknown;

	if (is_off())
		return;
	read = read_besides(relid, &unknown);
	if (read == NULL && !unknown)
		return;
	if (!unknown && jur_label_flows(read, sink))
		return;
	if (!is_exempt(read, relid))
		refuse_flow(read, sink, what, relid);
}

/*
 * A new row labelled LABEL is about to go into RELID (whose static label
 * counts too): does that cover what was read?
 */
void
jur_flow_judge_row(const JurLabel *label, Oid relid)
{
	const JurTagged *tagged = jur_tags_of(relid);
	const JurLabel *sink = label;

	if (tagged->relation && tagged->relation->label)
		sink = jur_label_join(sink, tagged->relation->label);
	if (tagged->relation && tagged->relation->accepts)
		sink = jur_label_join(sink, tagged->relation->accepts);
	judge_sink(sink, relid, jur_relation_name(relid));
	note_mark(relid, label, frame_depth(), true);
}

/* the statement has written rows into RELID, which has no row label */
void
jur_flow_judge_table(Oid relid)
{
	JurLabel	unrestricted = {0, NULL};
	const JurTagged *tagged = jur_tags_of(relid);

	judge_sink(tagged->relation && tagged->relation->accepts ?
			   tagged->relation->accepts : &unrestricted,
			   relid, jur_relation_name(relid));
}

/* rows have gone to foreign table RELID: may what was read be where it is? */
static void
judge_foreign_table(Oid relid)
{
	JurLabel	unrestricted = {0, NULL};
	bool		unknown;
	JurLabel   *read = read_besides(relid, &unknown);

	if ((read == NULL && !unknown) ||
		(!unknown && jur_may_go_to(read, relid)) || is_exempt(read, relid))
		return;
	refuse_flow(read, &unrestricted, jur_relation_name(relid), relid);
}

/* text is about to go where it carries no label: a setting, a comment, ... */
void
jur_flow_judge_text(const char *what)
{
	JurLabel	unrestricted = {0, NULL};

	judge_sink(&unrestricted, InvalidOid, what);
}

/* what was read is about to be exported to where QUESTION says */
void
jur_flow_judge_export(const JurQuestion *question, const char *what)
{
	JurLabel	unrestricted = {0, NULL};
	JurLabel   *read;
	bool		unknown;

	if (is_off())
		return;
	read = read_besides(InvalidOid, &unknown);
	if ((read == NULL && !unknown) ||
		(!unknown && jur_decide(jur_policy(), read, question).verdict == JUR_ALLOW) ||
		is_exempt(read, InvalidOid))
		return;
	refuse_flow(read, &unrestricted, what, InvalidOid);
}

/*
 * The label of a table made from what was read; NULL: nothing restricted.
 * 42501 if it is not known.
 */
JurLabel *
jur_flow_label_of_new_table(Oid relid)
{
	JurLabel   *read;
	bool		unknown;

	if (is_off())
		return NULL;
	read = read_besides(InvalidOid, &unknown);
	if (unknown && !is_exempt(read, relid))
		refuse_flow(read, read, "a new table", relid);
	if (read == NULL || read->natoms == 0)
		return NULL;
	if (jur_exemption_for("declassify", read))
	{
		(void) is_exempt(read, relid);
		return NULL;
	}
	return read;
}

/* ------------------------------------------------------------------ functions */

/*
 * Built-in functions that leave what they are given where it has no label.
 * Their arguments pass through flow_guard().
 */
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

	if (sink < 0 || is_off())
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

/* ------------------------------------------------------------------ statements */

/*
 * Does the plan put values into this relation?  To delete is to tell, too, but
 * who types it could as well read first; a trigger is somebody else's.
 */
static bool
is_written(const PlannedStmt *plan, RangeTblEntry *rte)
{
	JurPerms   *perms = rte->rtekind == RTE_RELATION ? jur_plan_perms(plan, rte) : NULL;

	/* a row lock asks for UPDATE too, but of no column */
	return perms && ((perms->requiredPerms & ACL_INSERT) ||
					 !bms_is_empty(perms->updatedCols) ||
					 ((perms->requiredPerms & ACL_DELETE) && jur_in_row_trigger()));
}

/* the plan has run, within its frame: what of its targets has no row label to be judged by? */
void
jur_flow_after_run(QueryDesc *query)
{
	const PlannedStmt *plan = query->plannedstmt;
	const JurFrame *caller = jur_top_frame->up;
	ListCell   *lc;

	/* a cascade carries keys, which the foreign key says are the same */
	if (is_off() || plan->resultRelations == NIL || !jur_flow_has_read() ||
		(InNoForceRLSOperation() && !(caller && caller->is_referential)))
		return;
	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);
		const JurTagged *tagged;

		if (!is_written(plan, rte) || rte->relid < FirstNormalObjectId ||
			get_rel_relkind(rte->relid) == RELKIND_VIEW)
			continue;
		if (get_rel_relkind(rte->relid) == RELKIND_FOREIGN_TABLE)
		{
			judge_foreign_table(rte->relid);
			continue;
		}
		tagged = jur_tags_of(rte->relid);
		if (tagged->row_attnum == 0 && !(tagged->relation && tagged->relation->label))
			jur_flow_judge_table(rte->relid);
	}
}

#define KEPT "jurisdiction has read:"

/*
 * A function that is run while planning, for a constant or an estimate, leaves
 * what it has read in the plan.  The plan says so in an entry of its own at the
 * end of the range table, which nothing refers to: that is copied with it.
 */
void
jur_flow_keep_in_plan(PlannedStmt *plan, const JurFrame *planning)
{
	RangeTblEntry *kept;

	if (planning->labels == NULL && !planning->read_unknown)
		return;
	kept = makeNode(RangeTblEntry);
	kept->rtekind = RTE_RESULT;
	kept->eref = makeAlias("*RESULT*", NIL);
	kept->enrname = psprintf(KEPT "%s", planning->read_unknown ? "" :
							 jur_label_text(planning->labels));
	plan->rtable = lappend(plan->rtable, kept);
}

static bool
is_kept(const RangeTblEntry *rte)
{
	return rte->rtekind == RTE_RESULT && rte->enrname &&
		strncmp(rte->enrname, KEPT, strlen(KEPT)) == 0;
}

static void
note_kept(const RangeTblEntry *rte)
{
	JurLabelError error;
	JurLabel   *label = jur_label_parse(rte->enrname + strlen(KEPT), &error);

	if (label)
		jur_flow_note(label);
	else
		note_unknown();
}

/* the plan starts, within its frame: what of it will pass no filter? */
void
jur_flow_before_run(const PlannedStmt *plan)
{
	Index		index = 0;
	ListCell   *lc;

	if (is_off())
		return;
	forget_written(frame_depth());
	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);

		index++;
		if (is_kept(rte))
			note_kept(rte);
		if (rte->rtekind != RTE_RELATION)
			continue;
		/* nothing filters these: they are read whole or not at all */
		if ((rte->relkind == RELKIND_MATVIEW || rte->relkind == RELKIND_FOREIGN_TABLE) &&
			!list_member_int(plan->resultRelations, index))
			jur_flow_note_table(rte->relid);
		if (!jur_has_mark(rte, JUR_MARK_UNFILTERED))
			continue;
		if (list_member_int(plan->resultRelations, index))
			jur_flow_note_target(rte->relid, jur_tags_of(rte->relid)->ceiling);
		else if (jur_has_mark(rte, JUR_MARK_COPIED) && plan->resultRelations)
			jur_flow_note_target(rt_fetch(linitial_int(plan->resultRelations),
										  plan->rtable)->relid,
								 jur_tags_of(rte->relid)->ceiling);
		else
			jur_flow_note_table(rte->relid);
	}
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			if (jur_flow == JUR_FLOW_SESSION && jur_flow_has_read())
				jur_flow_judge_text("a prepared transaction");
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			if (jur_flow != JUR_FLOW_SESSION)
				forget_all();
			break;
		default:
			break;
	}
}

void
jur_enforce_flow_init(void)
{
	RegisterXactCallback(at_end_of_transaction, NULL);
}
