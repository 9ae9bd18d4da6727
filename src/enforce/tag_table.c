/*-------------------------------------------------------------------------
 *
 * tag_table.c
 *	  Idea: a tag takes effect at once, on the table and all below it.
 *
 * The row label becomes NOT NULL, a ceiling becomes a CHECK, row security is
 * enabled and forced; partitions and inheritance children get the same tags.
 * The ALTER TABLEs run as the table's owner: an officer owns no data.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "commands/policy.h"
#include "commands/seclabel.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/tag_table.h"

bool		jur_internal_ddl = false;

/* ------------------------------------------------------------- running DDL */

static void
run_as_owner(Oid relid, const char *command)
{
	Relation	rel = relation_open(relid, NoLock);
	Oid			owner = rel->rd_rel->relowner;
	bool		was_internal = jur_internal_ddl;
	Oid			user;
	int			context;

	relation_close(rel, NoLock);
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
	jur_internal_ddl = true;
	PG_TRY();
	{
		if (SPI_connect() != SPI_OK_CONNECT ||
			SPI_execute(command, false, 0) < 0)
			elog(ERROR, "could not execute \"%s\"", command);
		SPI_finish();
	}
	PG_FINALLY();
	{
		jur_internal_ddl = was_internal;
		SetUserIdAndSecContext(user, context);
	}
	PG_END_TRY();
}

static const char *
alter_word(char kind)
{
	return kind == RELKIND_FOREIGN_TABLE ? "ALTER FOREIGN TABLE" : "ALTER TABLE";
}

static bool
takes_row_security(Oid relid)
{
	char		kind = get_rel_relkind(relid);

	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;
}

/* ----------------------------------------------------------- existing rows */

/* the unregistered code in LABEL, in the caller's context, or NULL */
static const char *
unknown_code_of(Datum label, MemoryContext per_row)
{
	MemoryContext caller = MemoryContextSwitchTo(per_row);
	const char *unknown = NULL;

	/* what may be stored names known codes only, and that is cached */
	if (jur_admits_datum(label, JUR_STORE) != JUR_ALLOW)
		unknown = jur_unknown_code(jur_policy(), jur_label_of_datum(label));
	MemoryContextSwitchTo(caller);
	if (unknown)
		unknown = pstrdup(unknown);
	MemoryContextReset(per_row);
	return unknown;
}

/*
 * Rows that are there already: a missing label is an error with a count; one
 * that names what nobody knows is a typo that would never match anything.
 */
static void
check_existing_labels(Oid relid, AttrNumber attnum)
{
	Relation	rel = table_open(relid, NoLock);
	TupleTableSlot *slot;
	TableScanDesc scan;
	Snapshot	snapshot;
	MemoryContext per_row;
	uint64		nulls = 0;
	const char *unknown = NULL;

	if (!RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind))
	{
		table_close(rel, NoLock);
		return;
	}
	per_row = AllocSetContextCreate(CurrentMemoryContext, "jurisdiction row",
									ALLOCSET_SMALL_SIZES);
	slot = table_slot_create(rel, NULL);
	snapshot = RegisterSnapshot(GetCatalogSnapshot(relid));
	scan = table_beginscan(rel, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		Datum		label = slot_getattr(slot, attnum, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (isnull)
			nulls++;
		else if (unknown == NULL)
			unknown = unknown_code_of(label, per_row);
	}
	MemoryContextDelete(per_row);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);

	if (nulls > 0)
		ereport(ERROR,
				(errcode(JUR_ERR_NULL_LABEL),
				 errmsg("column \"%s\" of table %s cannot be the row label: " UINT64_FORMAT " rows have none",
						get_attname(relid, attnum, false),
						jur_relation_name(relid), nulls),
				 errhint("Give every row a label first.")));
	if (unknown && !jur_is_restoring())
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("column \"%s\" of table %s cannot be the row label: a row's label names \"%s\", which is not registered",
						get_attname(relid, attnum, false),
						jur_relation_name(relid), unknown),
				 errhint("Correct the label, or have an officer register the code.")));
}

/* ------------------------------------------------------------- constraints */

static char *
ceiling_name(Oid relid, AttrNumber attnum)
{
	return makeObjectName(get_attname(relid, attnum, false), NULL, "within");
}

static void
drop_ceiling(Oid relid, AttrNumber attnum)
{
	char	   *name = ceiling_name(relid, attnum);

	if (OidIsValid(get_relation_constraint_oid(relid, name, true)))
		run_as_owner(relid, psprintf("%s %s DROP CONSTRAINT %s",
									 alter_word(get_rel_relkind(relid)),
									 jur_relation_name(relid), quote_identifier(name)));
}

/* the row label was called FROM until now */
void
jur_rename_ceiling(Oid relid, const char *from, const char *to)
{
	char	   *before = makeObjectName(from, NULL, "within");
	char	   *after = makeObjectName(to, NULL, "within");

	if (jur_is_ceiling(relid, before) &&
		!OidIsValid(get_relation_constraint_oid(relid, after, true)))
		run_as_owner(relid, psprintf("%s %s RENAME CONSTRAINT %s TO %s",
									 alter_word(get_rel_relkind(relid)),
									 jur_relation_name(relid),
									 quote_identifier(before), quote_identifier(after)));
}

/* the CHECK of "rows within"; one that does the same already is kept */
static void
add_ceiling(Oid relid, const JurColumnTag *column)
{
	if (jur_tags_of(relid)->ceiling_holds)
		return;
	drop_ceiling(relid, column->attnum);
	run_as_owner(relid, psprintf("%s %s ADD CONSTRAINT %s CHECK (%s OPERATOR(pg_catalog.<@) %s::%s.label)%s",
								 alter_word(get_rel_relkind(relid)),
								 jur_relation_name(relid),
								 quote_identifier(ceiling_name(relid, column->attnum)),
								 quote_identifier(get_attname(relid, column->attnum, false)),
								 quote_literal_cstr(jur_label_text(column->within)),
								 JUR_SCHEMA,
								 column->concurrently ? " NOT VALID" : ""));
}

static void
require_label(Oid relid, AttrNumber attnum)
{
	Relation	rel = relation_open(relid, NoLock);
	bool		required = JUR_COLUMN_HAS_NO_NULLS(RelationGetDescr(rel), attnum);

	relation_close(rel, NoLock);
	if (!required)
		run_as_owner(relid, psprintf("%s %s ALTER COLUMN %s SET NOT NULL",
									 alter_word(get_rel_relkind(relid)),
									 jur_relation_name(relid),
									 quote_identifier(get_attname(relid, attnum, false))));
}

static void
close_table(Oid relid)
{
	Relation	rel;
	bool		is_closed;

	if (!takes_row_security(relid))
		return;
	rel = relation_open(relid, NoLock);
	is_closed = rel->rd_rel->relrowsecurity && rel->rd_rel->relforcerowsecurity;
	relation_close(rel, NoLock);
	if (!is_closed)
		run_as_owner(relid, psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
									 jur_relation_name(relid)));
}

/*
 * The last tag is gone: row security goes too, unless the application has
 * policies of its own there.
 */
static void
open_table(Oid relid)
{
	Relation	rel;
	bool		has_policies;

	if (!takes_row_security(relid) || jur_is_tagged(relid))
		return;
	rel = relation_open(relid, NoLock);
	has_policies = relation_has_policies(rel);
	relation_close(rel, NoLock);
	if (has_policies)
		return;
	run_as_owner(relid, psprintf("ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
								 jur_relation_name(relid)));
}

/* --------------------------------------------------------------------- tags */

static void
set_tag(Oid relid, AttrNumber attnum, const char *text)
{
	ObjectAddress address;

	ObjectAddressSubSet(address, RelationRelationId, relid, attnum);
	SetSecurityLabel(&address, JUR_PROVIDER, text);
	jur_relation_changed(relid);
}

static void
tag_one(Oid relid, AttrNumber attnum, const char *text, const JurColumnTag *column)
{
	if (column && column->is_rows && text)
		check_existing_labels(relid, attnum);
	set_tag(relid, attnum, text);
}

static void
take_effect(Oid relid, AttrNumber attnum, const char *text, const JurColumnTag *column)
{
	bool		is_rows = column && column->is_rows;

	if (text == NULL)
	{
		if (attnum != 0)
			drop_ceiling(relid, attnum);
		return;
	}
	if (is_rows)
	{
		require_label(relid, attnum);
		if (column->within)
			add_ceiling(relid, column);
		else
			drop_ceiling(relid, attnum);
	}
}

void
jur_tag_table(Oid relid, AttrNumber attnum, const char *text,
			  const JurColumnTag *column)
{
	char	   *name = attnum ? get_attname(relid, attnum, false) : NULL;
	List	   *family = find_all_inheritors(relid, AccessExclusiveLock, NULL);
	ListCell   *lc;

	foreach(lc, family)
		tag_one(lfirst_oid(lc), name ? get_attnum(lfirst_oid(lc), name) : 0,
				text, column);
	CommandCounterIncrement();
	/* constraints reach the children by themselves, row security does not */
	take_effect(relid, attnum, text, column);
	foreach(lc, family)
	{
		if (text)
			close_table(lfirst_oid(lc));
		else
			open_table(lfirst_oid(lc));
	}
	CommandCounterIncrement();
}

/* ------------------------------------------------------------------ children */

static void
tag_child_part(Oid parent, Oid child, AttrNumber parent_attnum)
{
	char	   *name = parent_attnum ? get_attname(parent, parent_attnum, false) : NULL;
	AttrNumber	attnum = name ? get_attnum(child, name) : 0;
	char	   *text = jur_tag_text(RelationRelationId, parent, parent_attnum);
	char	   *before = jur_tag_text(RelationRelationId, child, attnum);
	JurColumnTag *column;

	if (text == NULL || (before && strcmp(before, text) == 0))
		return;
	if (before && !jur_is_officer() && !jur_is_restoring())
	{
		jur_refused_guarded("tag", jur_relation_name(child), "tags differ from its parent's");
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("the tags of %s differ from those of its parent %s",
						jur_relation_name(child), jur_relation_name(parent)),
				 errhint("Give both the same tags, or ask an officer.")));
	}
	column = attnum ? jur_column_tag_of_text(text) : NULL;
	if (column)
		column->attnum = attnum;
	LockRelationOid(child, AccessExclusiveLock);
	jur_tag_table(child, attnum, text, column);
	jur_recorded("tag", jur_relation_name(child), psprintf("as its parent: %s", text));
}

/* a new child takes its parent's tags, row label first */
void
jur_tag_child(Oid parent, Oid child)
{
	const JurTagged *tagged = jur_tags_of(parent);
	AttrNumber	row_attnum = tagged->row_attnum;
	Relation	rel;
	int			natts;
	int			attnum;

	if (!tagged->is_tagged)
		return;
	/* code that the parent runs as well has been looked at there */
	if (jur_user_code_of_table(parent) == NULL)
		jur_judge_tagging(child);
	rel = relation_open(parent, NoLock);
	natts = RelationGetNumberOfAttributes(rel);
	relation_close(rel, NoLock);
	tag_child_part(parent, child, 0);
	if (row_attnum)
		tag_child_part(parent, child, row_attnum);
	for (attnum = 1; attnum <= natts; attnum++)
		if (attnum != row_attnum && get_attname(parent, attnum, true))
			tag_child_part(parent, child, attnum);
}
