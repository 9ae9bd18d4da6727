/*-------------------------------------------------------------------------
 *
 * watermark.c
 *	  Idea: the join of the labels under which a top-level statement, with all
 *	  it calls, has read so far.
 *
 * Filters and masks note each label they admit; where a filter was taken out
 * of the plan, the ceiling is noted when the plan starts.  What was read is
 * forgotten when the next statement begins, or with jurisdiction.flow =
 * session not before DISCARD ALL.
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
#include "access/xact.h"
#include "utils/memutils.h"

#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/watermark.h"

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

bool
jur_flow_is_off(void)
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
	if (jur_flow_is_off() || label->natoms == 0)
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
		jur_flow_note_unknown();
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

	if (jur_flow_is_off() || (label && label->natoms == 0))
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

	if (jur_flow_is_off() || !tagged->is_tagged)
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

	if (jur_flow_is_off() || tagged->ncolumns == 0)
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

void
jur_flow_note_written(Oid relid, const JurLabel *label)
{
	note_mark(relid, label, frame_depth(), true);
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

void
jur_flow_note_unknown(void)
{
	note_in_plans(NULL);
	read_unknown = true;
	read_at = GetCurrentStatementStartTimestamp();
	jur_flow_version++;
}

void
jur_flow_forget_written(void)
{
	forget_written(frame_depth());
}

/* a table was read whole, or by a plan without a filter: its ceiling */
void
jur_flow_note_table(Oid relid)
{
	const JurTagged *tagged = jur_tags_of(relid);
	int			i;

	if (jur_flow_is_off() || !tagged->is_tagged)
		return;
	if (tagged->relation && tagged->relation->label)
		jur_flow_note(tagged->relation->label);
	if (tagged->row_attnum != 0 && tagged->ceiling == NULL)
		jur_flow_note_unknown();
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
		jur_flow_note_unknown();
	for (text = labels; text && text < labels + size; text += strlen(text) + 1)
	{
		JurLabelError error;
		JurLabel   *label = jur_label_parse(text, &error);

		if (label)
			jur_flow_note(label);
		else
			jur_flow_note_unknown();
	}
}

void
jur_flow_forget(void)
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
		jur_flow_forget();
}

void
jur_flow_session_ends(void)
{
	jur_flow_forget();
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

JurLabel *
jur_flow_read_besides(Oid relid, bool *unknown)
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
	return !jur_flow_is_off() && (watermark || targets != NIL || read_unknown);
}
