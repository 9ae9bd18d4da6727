/*-------------------------------------------------------------------------
 *
 * enforce_flow.c
 *	  Idea: what a statement has read, it may not write anywhere less
 *	  restrictive.
 *
 * What it has read is watermark.c's; here it is compared with where something
 * is about to be written.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/watermark.h"

/* ---------------------------------------------------------------------- asking */

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

	if (jur_flow_is_off())
		return;
	read = jur_flow_read_besides(relid, &unknown);
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
	jur_flow_note_written(relid, label);
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
	JurLabel   *read = jur_flow_read_besides(relid, &unknown);

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

	if (jur_flow_is_off())
		return;
	read = jur_flow_read_besides(InvalidOid, &unknown);
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

	if (jur_flow_is_off())
		return NULL;
	read = jur_flow_read_besides(InvalidOid, &unknown);
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
	if (jur_flow_is_off() || plan->resultRelations == NIL || !jur_flow_has_read() ||
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
		jur_flow_note_unknown();
}

/* the plan starts, within its frame: what of it will pass no filter? */
void
jur_flow_before_run(const PlannedStmt *plan)
{
	Index		index = 0;
	ListCell   *lc;

	if (jur_flow_is_off())
		return;
	jur_flow_forget_written();
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
				jur_flow_forget();
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
