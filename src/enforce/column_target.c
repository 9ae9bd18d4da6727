/*-------------------------------------------------------------------------
 *
 * column_target.c
 *	  Idea: in the target of a statement no mask may be written back, and in a
 *	  policy of the application no value may be tested that is masked.
 *
 * The target of INSERT, UPDATE, DELETE and MERGE cannot be replaced: a
 * reference to a column of it that is not open is an error, row by row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/settings.h"
#include "enforce/columns.h"
#include "enforce/enforce_internal.h"

typedef struct Target
{
	const JurTagged *tagged;
	Index		relation;
	int			levels_up;
	AttrNumber	into;			/* the column that is assigned; 0: none */
} Target;

#define INTO_ANY_COLUMN (-1)

/* is a value from a column raised by FROM raised as much in the column INTO? */
static bool
stays_raised(const Target *target, const JurColumnTag *from)
{
	const JurColumnTag *into = jur_column_tag(target->tagged, target->into);

	return into != NULL &&
		(into == from ||
		 jur_label_flows(jur_column_label(target->tagged, from, NULL),
						 jur_column_label(target->tagged, into, NULL)));
}

/* a whole row that is carried into a column: each of its raises is read */
static Node *
guard_carried_row(Var *row, const Target *target)
{
	Node	   *guarded = (Node *) row;
	int			i;

	for (i = 0; i < target->tagged->ncolumns; i++)
	{
		JurColumnTag refused = target->tagged->columns[i];
		CaseExpr   *test;

		refused.mask = JUR_MASK_REFUSE;
		test = (CaseExpr *) jur_masked(target->tagged, &refused, row, target->relation,
								   target->levels_up, false);
		((CaseWhen *) linitial(test->args))->result = (Expr *) guarded;
		guarded = (Node *) test;
	}
	return guarded;
}

/*
 * A reference to a raised column of the target becomes the value or an error:
 * a mask there could be written back.  Carried into a column that is raised
 * less, the value counts as read by the statement, not as the row's own.
 */
static Node *
guard_references(Node *node, Target *target)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		const JurColumnTag *tag;
		JurColumnTag refused;
		bool		is_carried;

		if (var->varno != target->relation || var->varlevelsup != target->levels_up)
			return node;
		is_carried = target->into != 0 && jur_flow != JUR_FLOW_OFF;
		if (var->varattno == 0)
			return is_carried ? guard_carried_row(var, target) : node;
		tag = jur_column_tag(target->tagged, var->varattno);
		if (tag == NULL)
			return node;
		is_carried = is_carried && !stays_raised(target, tag);
		if (!is_carried && jur_column_is_open(target->tagged, tag))
			return node;
		refused = *tag;
		refused.mask = JUR_MASK_REFUSE;
		return (Node *) jur_masked(target->tagged, &refused, var, target->relation,
							   target->levels_up, !is_carried);
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		target->levels_up++;
		query = query_tree_mutator((Query *) node, guard_references, target, 0);
		target->levels_up--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, guard_references, target);
}

/* SET column = ..., where a list assigned from one subquery is any column */
static List *
guard_assignments(List *assignments, Target *target)
{
	List	   *guarded = NIL;
	ListCell   *lc;

	foreach(lc, assignments)
	{
		TargetEntry *entry = lfirst(lc);

		target->into = entry->resjunk ? INTO_ANY_COLUMN : entry->resno;
		guarded = lappend(guarded, guard_references((Node *) entry, target));
	}
	target->into = 0;
	return guarded;
}

static void
guard_conflict(OnConflictExpr *conflict, Target *target)
{
	if (conflict == NULL)
		return;
	conflict->onConflictSet = guard_assignments(conflict->onConflictSet, target);
	conflict->onConflictWhere = guard_references(conflict->onConflictWhere, target);
}

static void
guard_actions(List *actions, Target *target)
{
	ListCell   *lc;

	foreach(lc, actions)
	{
		MergeAction *action = lfirst(lc);

		action->targetList = guard_assignments(action->targetList, target);
		action->qual = guard_references(action->qual, target);
	}
}

/* ------------------------------------------------- policies of the application */

/*
 * What an application's own policies test is masked as well: they are the
 * owner's expressions, and run for everybody.
 */
static Node *
mask_in_policy(Node *node, Target *target)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		const JurColumnTag *tag;
		JurColumnTag shown;

		if (var->varno != target->relation || var->varlevelsup != target->levels_up)
			return node;
		tag = jur_column_tag(target->tagged, var->varattno);
		if (tag == NULL || jur_column_is_open(target->tagged, tag))
			return node;
		shown = *tag;
		if (shown.mask == JUR_MASK_REFUSE)
			shown.mask = JUR_MASK_NULL;
		return (Node *) jur_masked(target->tagged, &shown, var, target->relation,
							   target->levels_up, true);
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		target->levels_up++;
		query = query_tree_mutator((Query *) node, mask_in_policy, target, 0);
		target->levels_up--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, mask_in_policy, target);
}

void
jur_mask_policies(Query *query, RangeTblEntry *rte, Index index)
{
	Target		target = {jur_tags_of(rte->relid), index, 0, 0};

	if (target.tagged->ncolumns == 0 || target.tagged->is_broken)
		return;
	rte->securityQuals = (List *) mask_in_policy((Node *) rte->securityQuals, &target);
	if (index == query->resultRelation)
		query->withCheckOptions = (List *)
			mask_in_policy((Node *) query->withCheckOptions, &target);
}

/* ----------------------------------------------------------- the whole target */

void
jur_guard_target(Query *query, RangeTblEntry *rte)
{
	const JurTagged *tagged = jur_tags_of(rte->relid);
	JurPerms   *perms = jur_query_perms(query, rte);
	Target		target = {tagged, query->resultRelation, 0, 0};
	int			i;

	if (tagged->ncolumns == 0 || tagged->is_broken || perms == NULL)
		return;
	for (i = 0; i < tagged->ncolumns; i++)
	{
		const JurColumnTag *tag = &tagged->columns[i];

		if (jur_column_is_open(tagged, tag))
			continue;
		if (jur_column_is_read(perms->insertedCols, tag->attnum))
			query->withCheckOptions = lappend(query->withCheckOptions,
											  jur_value_check(tagged, tag, query->resultRelation,
														  WCO_RLS_INSERT_CHECK));
		if (jur_column_is_read(perms->updatedCols, tag->attnum))
			query->withCheckOptions = lappend(query->withCheckOptions,
											  jur_value_check(tagged, tag, query->resultRelation,
														  WCO_RLS_UPDATE_CHECK));
	}
	if (query->commandType == CMD_UPDATE)
		query->targetList = guard_assignments(query->targetList, &target);
	else
		query->targetList = (List *) guard_references((Node *) query->targetList, &target);
	query->jointree = (FromExpr *) guard_references((Node *) query->jointree, &target);
	jur_map_merge_condition(query, guard_references, &target);
	query->returningList = (List *) guard_references((Node *) query->returningList, &target);
	guard_conflict(query->onConflict, &target);
	guard_actions(query->mergeActionList, &target);
	/* a whole row holds what no reference names: the wall's to judge */
	if (!bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, perms->selectedCols))
		jur_mark(rte, JUR_MARK_MASKED);
}
