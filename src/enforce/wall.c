/*-------------------------------------------------------------------------
 *
 * wall.c
 *	  Idea: nothing that should be filtered runs unfiltered.
 *	  Hook: ExecutorCheckPerms_hook.
 *
 * Row security does not bind superusers, BYPASSRLS roles, or views and
 * SECURITY DEFINER functions of theirs; and a table whose row security was
 * switched off binds nobody.  Whatever row security would let through here
 * unfiltered is refused by name, unless an officer exempted the role.
 *
 * Returning false is not a refusal: the executor ignores our result.  Only
 * ereport() stops the statement.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_statistic_ext_data.h"
#include "access/genam.h"
#include "access/table.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/wall.h"

/* this session has behaved as pg_dump does; enforce_utility.c sets it */
bool		jur_dumping = false;

static ExecutorCheckPerms_hook_type prev_check_perms = NULL;

Oid
jur_toast_owner(Oid relid)
{
	Relation	catalog;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			owner = InvalidOid;

	if (get_rel_relkind(relid) != RELKIND_TOASTVALUE)
		return InvalidOid;
	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, DependDependerIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend depend = (Form_pg_depend) GETSTRUCT(tuple);

		if (depend->refclassid == RelationRelationId &&
			depend->deptype == DEPENDENCY_INTERNAL)
			owner = depend->refobjid;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return owner;
}

/* ------------------------------------------------------------- tagged tables */

static const char *
action_of(AclMode required)
{
	return (required & ACL_WRITE) ? "write" : "read";
}

static void
refuse_table(Oid relid, AclMode required, const char *reason, const char *hint)
{
	if (!jur_refused(action_of(required), relid, reason))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied for %s %s", relid < FirstNormalObjectId ? "catalog" : "tagged table", jur_relation_name(relid)),
			 errdetail("%s", reason),
			 errhint("%s", hint)));
}

/*
 * pg_dump by a role that is not "backup" would carry away part of a table, or
 * fail half way.  Names can be forged: this prevents accidents, not theft.
 */
static bool
is_plain_dump(void)
{
	return (jur_dumping ||
			(application_name &&
			 (strcmp(application_name, "pg_dump") == 0 ||
			  strcmp(application_name, "pg_dumpall") == 0))) &&
		!jur_is_restoring();
}

/* the referential check itself, not what a trigger runs inside one */
static bool
is_referential_check(void)
{
	return InNoForceRLSOperation() && !jur_enclosed_in_referential_check();
}

/* has the outer role the owner's rights without any tag of its own? */
static bool
is_untagged_owner(Oid relid)
{
	HeapTuple	tuple;
	Oid			owner;

	if (jur_session_is_tagged())
		return false;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return true;
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return has_privs_of_role(GetOuterUserId(), owner);
}

/*
 * A relation that row security cannot filter (materialized view, foreign
 * table) is readable whole or not at all.
 */
static void
judge_whole(const JurTagged *tagged, AclMode required)
{
	JurDecision decision;

	/* its rows have labels, and nothing here would look at them */
	if (tagged->row_attnum != 0 && !jur_may_bypass(tagged->relid, action_of(required)))
		refuse_table(tagged->relid, required,
					 "Its rows carry labels that cannot be tested one by one.",
					 "Read it through a partitioned parent, or give the table a label of its own.");
	if (tagged->relation == NULL || tagged->relation->label == NULL)
		return;
	decision = jur_decide_now(tagged->relation->label, JUR_READ);
	if (decision.verdict == JUR_ALLOW && jur_export)
		jur_export_note(jur_label_datum(tagged->relation->label));
	if (decision.verdict != JUR_ALLOW && !jur_may_bypass(tagged->relid, action_of(required)))
		refuse_table(tagged->relid, required,
					 jur_decision_reason(&decision, JUR_READ),
					 "It can be read as a whole or not at all.");
}

static const char *
why_unfiltered(Oid check_as, int status)
{
	Oid			user = OidIsValid(check_as) ? check_as : GetUserId();
	char	   *name = GetUserNameFromId(user, true);

	if (status == RLS_NONE)
		return "Row level security has been switched off on it.";
	if (superuser_arg(user))
		return psprintf("Superuser \"%s\" would read it unfiltered.", name);
	if (has_bypassrls_privilege(user))
		return psprintf("Role \"%s\" has BYPASSRLS and would read it unfiltered.", name);
	return psprintf("Role \"%s\" would read it unfiltered.", name);
}

static void
judge_tagged(const JurTagged *tagged, AclMode required, Oid check_as)
{
	Oid			relid = tagged->relid;
	char		kind = get_rel_relkind(relid);
	int			status;

	if (is_referential_check())
		return;
	if (tagged->is_broken)
		refuse_table(relid, required, "One of its tags cannot be read.",
					 "An officer may set it again with SECURITY LABEL.");
	if (is_plain_dump())
		refuse_table(relid, required,
					 "A dump by this role would not hold all of its rows.",
					 "Dump as a role tagged \"backup\".");
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
	{
		judge_whole(tagged, required);
		return;
	}
	status = check_enable_rls(relid, check_as, true);
	if (status != RLS_ENABLED)
	{
		if (!jur_may_bypass(relid, action_of(required)))
			refuse_table(relid, required, why_unfiltered(check_as, status),
						 "An officer may grant the session's role a \"bypass\" exemption, or tag it \"backup\".");
		return;
	}
	if (is_untagged_owner(relid) && !jur_may_bypass(relid, action_of(required)))
		refuse_table(relid, required,
					 psprintf("Role \"%s\" has the rights of its owner and no jurisdiction tag.",
							  GetUserNameFromId(GetOuterUserId(), true)),
					 "An officer may tag the role: SECURITY LABEL FOR jurisdiction ON ROLE name IS 'at PLACE cleared LEVEL'.");
}

/* ------------------------------------------------------------------ children */

static bool
column_tag_equal(const JurColumnTag *a, const JurColumnTag *b)
{
	int			i;

	if (a->level != b->level || a->mask != b->mask || a->prefix != b->prefix ||
		a->suffix != b->suffix || a->ncategories != b->ncategories ||
		a->raises_too != b->raises_too ||
		(a->raise == NULL) != (b->raise == NULL))
		return false;
	if (a->raise && !jur_label_equal(a->raise, b->raise))
		return false;
	for (i = 0; i < a->ncategories; i++)
		if (strcmp(a->categories[i], b->categories[i]) != 0)
			return false;
	return true;
}

/* does reading through ANCESTOR protect everything that CHILD's tags do? */
static bool
is_covered_by(const JurTagged *child, const JurTagged *ancestor)
{
	int			i;
	int			j;

	if (!ancestor->is_tagged || ancestor->is_broken || child->is_broken)
		return false;
	if (child->row_attnum != 0 &&
		(ancestor->row_attnum == 0 ||
		 strcmp(get_attname(child->relid, child->row_attnum, false),
				get_attname(ancestor->relid, ancestor->row_attnum, false)) != 0))
		return false;
	if (child->relation && child->relation->label &&
		(ancestor->relation == NULL || ancestor->relation->label == NULL ||
		 !jur_label_flows(child->relation->label, ancestor->relation->label)))
		return false;
	for (i = 0; i < child->ncolumns; i++)
	{
		const char *name = get_attname(child->relid, child->columns[i].attnum, true);

		for (j = 0; j < ancestor->ncolumns; j++)
			if (name &&
				strcmp(name, get_attname(ancestor->relid,
										 ancestor->columns[j].attnum, false)) == 0 &&
				column_tag_equal(&child->columns[i], &ancestor->columns[j]))
				break;
		/* a column that the ancestor lacks cannot be read through it */
		if (j == ancestor->ncolumns &&
			(name == NULL || get_attnum(ancestor->relid, name) != InvalidAttrNumber))
			return false;
	}
	return true;
}

static bool
is_descendant(Oid relid, Oid ancestor)
{
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	check_stack_depth();
	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Oid			parent = ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent;

		found = parent == ancestor || is_descendant(parent, ancestor);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/*
 * A tagged relation for which nobody's permission is asked is a child that
 * the planner added below its parent.  Its own row security does not apply
 * there, so the parent's must do all that its own would.
 */
static void
judge_child(const JurTagged *child, JUR_CHECK_PERMS_PARAMS)
{
	JurTagged	mine = *child;
	ListCell   *lc;

	if (is_referential_check())
		return;
	foreach(lc, rtes)
	{
		RangeTblEntry *rte = lfirst(lc);
		JurPerms   *perms;

		if (rte->rtekind != RTE_RELATION)
			continue;
		perms = jur_rte_perms(rte);
		if (perms == NULL || perms->requiredPerms == 0)
			continue;
		if (rte->relid == mine.relid ||
			(is_descendant(mine.relid, rte->relid) &&
			 is_covered_by(jur_tags_of(mine.relid), jur_tags_of(rte->relid))))
			return;
	}
	if (!jur_may_bypass(mine.relid, "read"))
		refuse_table(mine.relid, ACL_SELECT,
					 "It is read through a parent whose tags do not cover its own.",
					 "Tag the parent, or read the table itself.");
}

/* ------------------------------------------------------------------- columns */

/* may a value so labelled be read, and leave if this is a COPY TO? */
static bool
admits_value(const JurLabel *label)
{
	return jur_decide_now(label, JUR_READ).verdict == JUR_ALLOW &&
		(jur_export == NULL || jur_export_admits(label));
}

/* would every row's value of this column be readable for this session? */
bool
jur_column_is_open(const JurTagged *tagged, const JurColumnTag *column)
{
	if (jur_current_subject()->exemption || jur_is_restoring())
		return true;
	if (tagged->row_attnum != 0 && !tagged->ceiling_holds)
		return false;
	return admits_value(jur_column_label(tagged, column, tagged->ceiling));
}

/* record, and unless observing raise, that a column may not be touched */
void
jur_refuse_column(Oid relid, AttrNumber attnum, const char *action)
{
	char	   *name = get_attname(relid, attnum, false);

	if (!jur_refused(action, relid, psprintf("column %s", quote_identifier(name))))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied for column \"%s\" of tagged table %s",
					name, jur_relation_name(relid)),
			 errdetail("This session may not read what it holds."),
			 errhint("See the column's tag in jurisdiction.tag, and jurisdiction.explain().")));
}

static bool
is_referenced(const Bitmapset *columns, AttrNumber attnum)
{
	return bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns) ||
		bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, columns);
}

static void
judge_columns(const JurTagged *tagged, const JurPerms *perms, bool is_masked)
{
	int			i;

	/* what enforce_columns.c marked, it has masked or guarded row by row */
	if (is_referential_check() || is_masked || jur_export_has_judged(tagged->relid))
		return;
	for (i = 0; i < tagged->ncolumns; i++)
	{
		const JurColumnTag *column = &tagged->columns[i];
		bool		reads = (perms->requiredPerms & ACL_SELECT) &&
			is_referenced(perms->selectedCols, column->attnum);
		bool		writes = is_referenced(perms->insertedCols, column->attnum) ||
			is_referenced(perms->updatedCols, column->attnum);

		if ((reads || writes) && !jur_column_is_open(tagged, column))
			jur_refuse_column(tagged->relid, column->attnum,
							  reads ? "read" : "write");
	}
}

/*
 * Statistics hold values.  Read directly they are refused; the views over
 * them are filtered (enforce_plan.c), and refused where they were not.
 */
static void
judge_statistics(const RangeTblEntry *rte, Oid check_as)
{
	if (!jur_any_tagged() ||
		(OidIsValid(check_as) && jur_has_mark(rte, JUR_MARK_STATISTICS)) ||
		(OidIsValid(check_as) && !superuser_arg(GetUserId()) &&
		 !has_bypassrls_privilege(GetUserId())))
		return;
	if (!jur_may_bypass(rte->relid, "read"))
		refuse_table(rte->relid, ACL_SELECT, "It holds values of tagged tables.",
					 "The views pg_stats and pg_stats_ext show what may be shown.");
}

/* ---------------------------------------------------------------- the hook */

static void
judge_entry(const RangeTblEntry *rte, const JurPerms *perms, JUR_CHECK_PERMS_PARAMS)
{
	AclMode		required = perms ? perms->requiredPerms : 0;
	Oid			check_as = perms ? perms->checkAsUser : InvalidOid;
	Oid			relid = rte->relid;
	const JurTagged *tagged;
	Oid			owner;

	if (relid < FirstNormalObjectId)
	{
		jur_wall_judge_catalog(relid, required, perms);
		if (required != 0 &&
			(relid == StatisticRelationId || relid == StatisticExtDataRelationId))
			judge_statistics(rte, check_as);
		return;
	}
	owner = rte->relkind == RELKIND_TOASTVALUE ? jur_toast_owner(relid) : InvalidOid;
	if (OidIsValid(owner))
	{
		if (jur_is_tagged(owner) && !jur_may_bypass(owner, "read"))
			refuse_table(owner, required, "Its TOAST table holds its values.",
						 "An officer may grant the session's role a \"bypass\" exemption.");
		return;
	}
	if (jur_is_policy_table(relid))
	{
		jur_wall_judge_policy(relid, required, perms);
		return;
	}
	tagged = jur_tags_of(relid);
	if (!tagged->is_tagged)
		return;
	if (required == 0)
	{
		/* a materialized view's own query names it, and reads nothing there */
		if (rte->relkind == RELKIND_MATVIEW)
			return;
		judge_child(tagged, JUR_CHECK_PERMS_ARGS);
		return;
	}
	judge_tagged(tagged, required, check_as);
	/* judging may have dropped the cache entry: look it up again */
	judge_columns(jur_tags_of(relid), perms, jur_has_mark(rte, JUR_MARK_MASKED));
}

bool
jur_touches_tagged(List *rtable)
{
	ListCell   *lc;

	foreach(lc, rtable)
	{
		RangeTblEntry *rte = lfirst(lc);

		if (rte->rtekind == RTE_RELATION && rte->relid >= FirstNormalObjectId &&
			jur_is_tagged(rte->relid))
			return true;
	}
	return false;
}

void
jur_wall_for_command(Oid relid, AclMode required)
{
	const JurTagged *tagged = jur_tags_of(relid);

	if (tagged->is_tagged)
		judge_tagged(tagged, required, InvalidOid);
}

static bool
check_perms(JUR_CHECK_PERMS_PARAMS)
{
	ListCell   *lc;

	if (prev_check_perms && !prev_check_perms(JUR_CHECK_PERMS_ARGS))
		return false;
	/* the leader has been asked already */
	if (IsParallelWorker())
		return true;
	if (!jur_is_installed())
	{
		jur_wall_judge_shared_catalogs(JUR_CHECK_PERMS_ARGS);
		return true;
	}
	jur_statement_begins();

	/*
	 * Who asks without wanting an error has a way that needs no answer: a new
	 * foreign key is then checked row by row, as every later row is.
	 */
	if (!raise)
		return !jur_touches_tagged(rtes);
	foreach(lc, rtes)
	{
		RangeTblEntry *rte = lfirst(lc);

		if (rte->rtekind != RTE_RELATION)
			continue;
		judge_entry(rte, jur_rte_perms(rte), JUR_CHECK_PERMS_ARGS);
	}
	if (jur_touches_tagged(rtes))
		jur_judge_foreign(JUR_CHECK_PERMS_ARGS);
	return true;
}

void
jur_wall_init(void)
{
	prev_check_perms = ExecutorCheckPerms_hook;
	ExecutorCheckPerms_hook = check_perms;
}
