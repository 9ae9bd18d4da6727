/*-------------------------------------------------------------------------
 *
 * enforce_oracle.c
 *	  Idea: a constraint is not asked of rows that its author may not read.
 *	  Called from ProcessUtility_hook (enforce_utility.c).
 *
 * Whoever adds a CHECK learns whether some row is against it: one question
 * for each command, and thirty find a number.  So a constraint that looks at
 * the rows there are is refused to an owner who may not read them all, unless
 * it is NOT VALID: then it holds for new rows, and somebody who may read all,
 * or an officer, validates it.
 *
 * What is not closed: errors of what is computed (CREATE INDEX, ALTER TYPE),
 * and UNIQUE, which every INSERT asks anyway.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_type.h"
#include "partitioning/partdesc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"

/* ------------------------------------------------------------ what is there */

static bool
is_readable(const JurLabel *label)
{
	return jur_decide_now(label, JUR_READ).verdict == JUR_ALLOW;
}

/* may the session read a row so labelled, and each of its columns? */
static bool
may_read_all_of(Oid relid, const JurLabel *rows)
{
	const JurTagged *tagged = jur_tags_of(relid);
	int			i;

	if (tagged->is_broken || !is_readable(rows) ||
		(tagged->relation && tagged->relation->label && !is_readable(tagged->relation->label)))
		return false;
	for (i = 0; i < tagged->ncolumns; i++)
		if (!is_readable(jur_column_label(tagged, &tagged->columns[i], rows)))
			return false;
	return true;
}

/* the same label as the last one, mostly */
static bool
is_same(struct varlena *a, struct varlena *b)
{
	return a && VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b)) == 0;
}

/* may the session read every row and value that the table has now? */
static bool
may_read_rows_of(Oid relid)
{
	JurLabel	unrestricted = {0, NULL};
	AttrNumber	attnum = jur_tags_of(relid)->row_attnum;
	Relation	rel = table_open(relid, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	struct varlena *last = NULL;
	bool		may = true;

	while (may && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		struct varlena *label = NULL;
		bool		isnull = true;

		CHECK_FOR_INTERRUPTS();
		if (attnum == 0)
		{
			/* rows have no labels of their own: one is as good as all */
			may = may_read_all_of(relid, &unrestricted);
			break;
		}
		label = (struct varlena *) DatumGetPointer(slot_getattr(slot, attnum, &isnull));
		if (!isnull)
			label = PG_DETOAST_DATUM_PACKED(PointerGetDatum(label));
		if (!isnull && is_same(last, label))
			continue;
		may = !isnull && may_read_all_of(relid, jur_label_of_datum(PointerGetDatum(label)));
		if (may)
			last = (struct varlena *) PG_DETOAST_DATUM_COPY(PointerGetDatum(label));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return may;
}

/*
 * Of RELID and its children, a tagged one whose rows the session may not all
 * read; InvalidOid: ask what you like.
 */
static Oid
hiding_table(Oid relid)
{
	ListCell   *lc;

	if (!OidIsValid(relid))
		return InvalidOid;
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		Oid			child = lfirst_oid(lc);

		if (RELKIND_HAS_TABLE_AM(get_rel_relkind(child)) &&
			!jur_may_install_code(child) && !may_read_rows_of(child))
			return child;
	}
	return InvalidOid;
}

static void
refuse_question(Oid relid, const char *what, bool has_not_valid)
{
	Oid			hiding = hiding_table(relid);

	if (!OidIsValid(hiding) || !jur_refused("constraint", hiding, what))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("%s may not be checked against the rows of tagged table %s",
					what, jur_relation_name(hiding)),
			 errdetail("This session may not read them all, and whether one is against it would tell of it."),
			 has_not_valid ?
			 errhint("Add it NOT VALID, so that it holds for new rows; an officer, or a role that may read all rows, validates it.") :
			 errhint("Ask an officer, or run the command as a role that may read all rows of the table.")));
}

/* ---------------------------------------------------------------- commands */

static Oid
relation_of(RangeVar *name)
{
	return name ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
}

/* who does not own the table is the server's to refuse */
static bool
is_own(Oid relid)
{
	return OidIsValid(relid) && jur_owns_relation(relid, GetUserId());
}

/* does a CHECK look at a column that is there already? */
static bool
looks_at_rows(Oid relid, const AlterTableStmt *stmt, Node *expr)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	/* a column that changes its type is there, whatever it looks like */
	foreach(lc, stmt->cmds)
		if (((AlterTableCmd *) lfirst(lc))->subtype == AT_AlterColumnType)
			return true;
	pull_varattnos(jur_analyze(relid, expr, jur_new_columns_of(stmt), EXPR_KIND_CHECK_CONSTRAINT),
				   1, &columns);
	return !bms_is_empty(columns);
}

static void
judge_constraint(Oid relid, const AlterTableStmt *stmt, const Constraint *constraint)
{
	switch (constraint->contype)
	{
		case CONSTR_CHECK:
			if (!constraint->skip_validation && OidIsValid(hiding_table(relid)) &&
				looks_at_rows(relid, stmt, constraint->raw_expr))
				refuse_question(relid, "a CHECK constraint", true);
			break;
		case CONSTR_FOREIGN:
			if (!constraint->skip_validation)
				refuse_question(relid, "a foreign key", true);
			break;
		case CONSTR_EXCLUSION:
			refuse_question(relid, "an exclusion constraint", false);
			break;
		case CONSTR_PRIMARY:
		case CONSTR_UNIQUE:
			if (jur_excludes_overlaps(constraint))
				refuse_question(relid, "an exclusion constraint", false);
			break;
		case CONSTR_NOTNULL:
			if (!constraint->skip_validation)
				refuse_question(relid, "NOT NULL", true);
			break;
		default:
			break;
	}
}

static bool
is_generated(const ColumnDef *def)
{
	ListCell   *lc;

	foreach(lc, def->constraints)
		if (((Constraint *) lfirst(lc))->contype == CONSTR_GENERATED)
			return true;
	return false;
}

/*
 * What a new column must hold is asked of nothing that is there, unless it is
 * computed from that.
 */
static void
judge_new_column(Oid relid, const AlterTableStmt *stmt, const ColumnDef *def)
{
	bool		generated = is_generated(def);
	ListCell   *lc;

	foreach(lc, def->constraints)
	{
		Constraint *constraint = lfirst(lc);

		if (!generated && constraint->contype == CONSTR_CHECK)
			judge_constraint(relid, stmt, constraint);
		if (generated && constraint->contype != CONSTR_GENERATED &&
			constraint->contype != CONSTR_UNIQUE && constraint->contype != CONSTR_NULL)
			refuse_question(relid, "a constraint of a generated column", false);
	}
}

static Oid
default_partition_of(Oid parent)
{
	return OidIsValid(parent) && get_rel_relkind(parent) == RELKIND_PARTITIONED_TABLE ?
		get_default_partition_oid(parent) : InvalidOid;
}

static void
judge_alter_table(AlterTableStmt *stmt)
{
	Oid			relid = relation_of(stmt->relation);
	Oid			child;
	ListCell   *lc;

	if (!is_own(relid))
		return;
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst(lc);

		if (jur_enforces_constraint(cmd))
			refuse_question(relid, "a constraint", false);
		/* whatever is there for the column is asked of what it becomes */
		if (jur_sets_expression(cmd))
			refuse_question(relid, "a new expression", false);
		switch (cmd->subtype)
		{
			case AT_AddColumn:
				judge_new_column(relid, stmt, (ColumnDef *) cmd->def);
				break;
			case AT_AddConstraint:
				judge_constraint(relid, stmt, (Constraint *) cmd->def);
				break;
			case AT_ValidateConstraint:
				/* tagging asks whether a row exceeds the ceiling, too */
				if (!jur_is_ceiling(relid, cmd->name))
					refuse_question(relid, "a constraint", false);
				break;
			case AT_SetNotNull:
				refuse_question(relid, "NOT NULL", false);
				break;
			case AT_AttachPartition:
				child = relation_of(((PartitionCmd *) cmd->def)->name);
				if (is_own(child))
					refuse_question(child, "a partition bound", false);
				refuse_question(default_partition_of(relid), "a partition bound", false);
				break;
			default:
				break;
		}
	}
}

/* a new partition takes its rows from the default one, which may have none of them */
static void
judge_new_partition(CreateStmt *stmt)
{
	Oid			parent = stmt->partbound && !stmt->partbound->is_default ?
		relation_of(linitial(stmt->inhRelations)) : InvalidOid;

	if (is_own(parent))
		refuse_question(default_partition_of(parent), "a partition bound", false);
}

static void
judge_domain(AlterDomainStmt *stmt)
{
	Type		tuple;
	Oid			domain;
	ListCell   *lc;

	/* C: ADD CONSTRAINT, V: VALIDATE, O: SET NOT NULL */
	if (strchr("CVO", stmt->subtype) == NULL ||
		(stmt->subtype == 'C' && IsA(stmt->def, Constraint) &&
		 ((Constraint *) stmt->def)->skip_validation))
		return;
	tuple = LookupTypeName(NULL, makeTypeNameFromNameList(stmt->typeName), NULL, true);
	if (tuple == NULL)
		return;
	domain = typeTypeId(tuple);
	ReleaseSysCache(tuple);
	if (get_typtype(domain) != TYPTYPE_DOMAIN)
		return;
	foreach(lc, jur_tagged_relations())
		if (jur_has_column_of(lfirst_oid(lc), domain))
			refuse_question(lfirst_oid(lc), "the constraint of a domain", stmt->subtype == 'C');
}

/* raise if STMT would tell its author of rows that he may not read */
void
jur_judge_questions(Node *stmt)
{
	if (!jur_any_tagged() || jur_internal_ddl)
		return;
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			judge_alter_table((AlterTableStmt *) stmt);
			break;
		case T_CreateStmt:
			judge_new_partition((CreateStmt *) stmt);
			break;
		case T_AlterDomainStmt:
			judge_domain((AlterDomainStmt *) stmt);
			break;
		default:
			break;
	}
}
