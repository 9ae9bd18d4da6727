/*-------------------------------------------------------------------------
 *
 * enforce_triggers.c
 *	  Idea: a trigger is given no rows and no values that its author, or the
 *	  session it runs in, may not read.
 *	  Called from ProcessUtility_hook (enforce_utility.c) and on tagging.
 *
 * A trigger's function sees the rows that the statement touches, and those
 * the statement's own filter has let through.  Two cases are not covered by
 * that, and are refused when they are set up, unless by an officer:
 *
 *	- A referential action (ON DELETE CASCADE, SET NULL and so on) changes
 *	  hidden rows, since it must; a user's trigger on that table, or its
 *	  transition table, would be shown them.
 *	- OLD and NEW are whole rows, with the values of raised columns: who adds
 *	  a trigger for each row, or with a transition table, to a table that has
 *	  raised columns must be cleared for them.
 *	- A function in WHEN is given them too, and unlike the trigger's own it is
 *	  not watched when it is called (enforce_given_rows.c).
 *
 * What a statement that runs inside a referential action may read is the
 * wall's to judge (enforce_execute.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_func.h"
#include "parser/parse_relation.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"

/* ---------------------------------------------------------------- cascades */

/* does a referential action change rows of RELID?  Its constraint's name */
static char *
acting_constraint(Oid relid)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *found = NULL;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true, NULL, 1, &key);
	while (found == NULL && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);

		if (constraint->contype == CONSTRAINT_FOREIGN &&
			(strchr("cnd", constraint->confdeltype) || strchr("cnd", constraint->confupdtype)))
			found = pstrdup(NameStr(constraint->conname));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

static bool
is_given_rows(const Trigger *trigger)
{
	return TRIGGER_FOR_ROW(trigger->tgtype) || trigger->tgoldtable || trigger->tgnewtable;
}

/* a trigger that is given rows and runs a user's function */
static char *
user_trigger(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = rel->trigdesc;
	char	   *found = NULL;
	int			i;

	for (i = 0; triggers && found == NULL && i < triggers->numtriggers; i++)
		if (!triggers->triggers[i].tgisinternal && is_given_rows(&triggers->triggers[i]) &&
			triggers->triggers[i].tgfoid >= FirstNormalObjectId)
			found = pstrdup(triggers->triggers[i].tgname);
	relation_close(rel, AccessShareLock);
	return found;
}

bool
jur_cascade_fires(Oid relid)
{
	return acting_constraint(relid) != NULL && user_trigger(relid) != NULL;
}

/* raise if RELID, tagged, has both a referential action and a user's trigger */
static void
judge_cascade(Oid relid)
{
	char	   *constraint;
	char	   *trigger;

	if (!jur_is_tagged(relid) || (constraint = acting_constraint(relid)) == NULL ||
		(trigger = user_trigger(relid)) == NULL)
		return;
	if (!jur_refused("trigger", relid, "a referential action would fire it for hidden rows"))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("tagged table %s may not have both trigger \"%s\" and foreign key \"%s\"",
					jur_relation_name(relid), trigger, constraint),
			 errdetail("The foreign key's action changes rows that the session may not read, and the trigger would be shown them."),
			 errhint("Use ON DELETE and ON UPDATE NO ACTION or RESTRICT, drop the trigger, or ask an officer.")));
}

/* the same for RELID and all below it, after a command that may have made it so */
void
jur_judge_cascades(Oid relid)
{
	ListCell   *lc;

	if (!OidIsValid(relid) || relid < FirstNormalObjectId ||
		jur_is_restoring() || jur_is_officer() || jur_in_own_script())
		return;
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		judge_cascade(lfirst_oid(lc));
}

/* ------------------------------------------------------------ whole rows */

/* the code of users that the condition of a new trigger runs, or NULL */
static char *
user_code_of_condition(const CreateTrigStmt *stmt, Oid relid)
{
	static const char *const rows[] = {"old", "new"};
	ParseState *pstate;
	Relation	rel;
	Node	   *condition;
	int			i;

	if (stmt->whenClause == NULL)
		return NULL;
	pstate = make_parsestate(NULL);
	rel = relation_open(relid, AccessShareLock);
	for (i = 0; i < lengthof(rows); i++)
		addNSItemToQuery(pstate,
						 addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
													   makeAlias(rows[i], NIL), false, false),
						 false, true, true);
	condition = transformWhereClause(pstate, copyObject(stmt->whenClause),
									 EXPR_KIND_TRIGGER_WHEN, "WHEN");
	assign_expr_collations(pstate, condition);
	relation_close(rel, AccessShareLock);
	free_parsestate(pstate);
	return jur_user_code_in(condition);
}

static void
judge_condition(const CreateTrigStmt *stmt, Oid relid)
{
	char	   *code;

	if (!jur_is_tagged(relid) || jur_may_install_code(relid) ||
		(code = user_code_of_condition(stmt, relid)) == NULL ||
		!jur_refused("trigger", relid, psprintf("its condition runs %s", code)))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("the condition of a trigger on tagged table %s may call built-in functions only",
					jur_relation_name(relid)),
			 errdetail("It runs %s, which would be given what others write.", code),
			 errhint("Test it in the trigger's function, or ask an officer.")));
}

/*
 * Before a trigger is made.  The server's own functions (for text search,
 * large objects) only compute.
 */
void
jur_judge_trigger(Node *node)
{
	CreateTrigStmt *stmt = (CreateTrigStmt *) node;
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	Oid			function = LookupFuncName(stmt->funcname, 0, NULL, true);

	if (OidIsValid(relid))
		judge_condition(stmt, relid);
	if (!OidIsValid(relid) || jur_tags_of(relid)->ncolumns == 0 ||
		(!stmt->row && stmt->transitionRels == NIL) ||
		(OidIsValid(function) && function < FirstNormalObjectId) ||
		jur_may_install_code(relid))
		return;
	if (!jur_refused("trigger", relid, "it would be given raised columns"))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied to create a trigger on tagged table %s",
					jur_relation_name(relid)),
			 errdetail("It would be given columns that this session may not read."),
			 errhint("Use a trigger for each statement, or ask an officer.")));
}
