/*-------------------------------------------------------------------------
 *
 * policy_rows.c
 *	  Idea: the policy tables of this database, read by plain scans.
 *
 * No SPI, no index, no user code: the rows are needed while planning, in
 * parallel workers, on a standby, and under whatever role happens to run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/errors.h"
#include "policy/policy_internal.h"

#define MAX_COLUMNS 11

typedef struct Column
{
	const char *name;
	Oid			type;
	bool		may_be_null;
} Column;

typedef struct Table Table;

/* one row: its values in the order of the table's columns */
typedef struct Row
{
	const Table *table;
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
} Row;

struct Table
{
	const char *name;
	void		(*take) (JurPolicyRows *rows, const Row *row);
	Column		columns[MAX_COLUMNS];	/* up to one without a name */
};

/* --- values ------------------------------------------------------------- */

static const char *
text_of(const Row *row, int column)
{
	if (row->nulls[column])
		return NULL;
	return TextDatumGetCString(row->values[column]);
}

/* the elements of a text[]; their number, or -1 if there is no array */
static int
texts_of(const Row *row, int column, const char ***texts)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	*texts = NULL;
	if (row->nulls[column])
		return -1;
	deconstruct_array(DatumGetArrayTypeP(row->values[column]), TEXTOID, -1,
					  false, TYPALIGN_INT, &elements, &nulls, &n);
	*texts = palloc(sizeof(char *) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(JUR_ERR_POLICY_ROW),
					 errmsg("could not load the policy"),
					 errdetail("A row of jurisdiction.%s has NULL in \"%s\".",
							   row->table->name,
							   row->table->columns[column].name)));
		(*texts)[i] = TextDatumGetCString(elements[i]);
	}
	return n;
}

/* 00:00 UTC; there are more days than moments */
static TimestampTz
moment_of_day(DateADT day)
{
	if (DATE_IS_NOBEGIN(day))
		return DT_NOBEGIN;
	if (DATE_IS_NOEND(day) ||
		day >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		return DT_NOEND;
	return (TimestampTz) day * USECS_PER_DAY;
}

static TimestampTz
moment_of_bound(const RangeBound *bound, Oid type)
{
	TimestampTz moment;

	if (bound->infinite)
		return bound->lower ? DT_NOBEGIN : DT_NOEND;
	if (type == TSTZRANGEOID)
		moment = DatumGetTimestampTz(bound->val);
	else
		moment = moment_of_day(DatumGetDateADT(bound->val));

	/*
	 * As [from, until).  The server writes ranges of days so; of moments, the
	 * next one is a microsecond later.
	 */
	if (TIMESTAMP_NOT_FINITE(moment) || bound->inclusive == bound->lower)
		return moment;
	return moment + (type == TSTZRANGEOID ? 1 : USECS_PER_DAY);
}

/* [*FROM, *UNTIL): always if there is no range, never if it is empty */
static void
range_of(const Row *row, int column, TimestampTz *from, TimestampTz *until)
{
	RangeType  *range;
	TypeCacheEntry *type;
	RangeBound	lower;
	RangeBound	upper;
	bool		is_empty;

	*from = DT_NOBEGIN;
	*until = DT_NOEND;
	if (row->nulls[column])
		return;
	range = DatumGetRangeTypeP(row->values[column]);
	type = lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO);
	range_deserialize(type, range, &lower, &upper, &is_empty);
	if (is_empty)
	{
		*until = *from;
		return;
	}
	*from = moment_of_bound(&lower, type->type_id);
	*until = moment_of_bound(&upper, type->type_id);
}

/* --- tables ------------------------------------------------------------- */

/* one element more, doubling; an array of none is NULL */
static void *
grow(void *array, int n, Size size)
{
	if (n == 0)
		return palloc(size * 16);
	if (n < 16 || (n & (n - 1)) != 0)
		return array;
	return repalloc_huge(array, size * n * 2);
}

static void
take_place(JurPolicyRows *rows, const Row *row)
{
	JurPlaceRow *place;

	rows->places = grow(rows->places, rows->nplaces, sizeof(JurPlaceRow));
	place = &rows->places[rows->nplaces++];
	place->code = text_of(row, 0);
	place->kind = text_of(row, 1);
}

static void
take_membership(JurPolicyRows *rows, const Row *row)
{
	JurMembershipRow *membership;

	rows->memberships = grow(rows->memberships, rows->nmemberships,
							 sizeof(JurMembershipRow));
	membership = &rows->memberships[rows->nmemberships++];
	membership->grp = text_of(row, 0);
	membership->member = text_of(row, 1);
	range_of(row, 2, &membership->from, &membership->until);
}

static void
take_category(JurPolicyRows *rows, const Row *row)
{
	JurCategoryRow *category;

	rows->categories = grow(rows->categories, rows->ncategories,
							sizeof(JurCategoryRow));
	category = &rows->categories[rows->ncategories++];
	category->code = text_of(row, 0);
	category->nbroader = Max(texts_of(row, 1, &category->broader), 0);
}

static void
take_rule(JurPolicyRows *rows, const Row *row)
{
	JurRuleRow *rule;

	rows->rules = grow(rows->rules, rows->nrules, sizeof(JurRuleRow));
	rule = &rows->rules[rows->nrules++];
	rule->id = DatumGetInt64(row->values[0]);
	rule->effect = text_of(row, 1);
	rule->origin = text_of(row, 2);
	rule->destination = text_of(row, 3);
	rule->nactions = texts_of(row, 4, &rule->actions);
	rule->max_level = text_of(row, 5);
	rule->ncategories = texts_of(row, 6, &rule->categories);
	rule->npurposes = texts_of(row, 7, &rule->purposes);
	rule->basis = text_of(row, 8);
	range_of(row, 9, &rule->from, &rule->until);
}

static const Table tables[] = {
	{"place", take_place,
		{
			{"code", TEXTOID},
			{"kind", TEXTOID},
		}
	},
	{"membership", take_membership,
		{
			{"grp", TEXTOID},
			{"member", TEXTOID},
			{"during", DATERANGEOID},
		}
	},
	{"category", take_category,
		{
			{"code", TEXTOID},
			{"broader", TEXTARRAYOID, true},
		}
	},
	{"transfer_rule", take_rule,
		{
			{"id", INT8OID},
			{"effect", TEXTOID},
			{"origin", TEXTOID},
			{"destination", TEXTOID},
			{"actions", TEXTARRAYOID},
			{"max_level", TEXTOID, true},
			{"categories", TEXTARRAYOID, true},
			{"purposes", TEXTARRAYOID, true},
			{"basis", TEXTOID},
			{"during", TSTZRANGEOID, true},
		}
	},
};

/* --- reading ------------------------------------------------------------ */

static Relation
open_table(const Table *table)
{
	Oid			relid = jur_table_oid(table->name);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("could not load the policy: there is no table jurisdiction.%s",
						table->name),
				 errhint("Use CREATE EXTENSION jurisdiction.")));
	return table_open(relid, AccessShareLock);
}

/* columns are found by name: an upgrade may have added some */
static void
find_columns(const Table *table, Relation rel, AttrNumber *attnums)
{
	TupleDesc	desc = RelationGetDescr(rel);
	const Column *column;

	for (column = table->columns; column->name; column++)
	{
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), column->name);

		if (attnum == InvalidAttrNumber ||
			TupleDescAttr(desc, attnum - 1)->atttypid != column->type)
			ereport(ERROR,
					(errcode(JUR_ERR_NOT_CONFIGURED),
					 errmsg("could not load the policy: column \"%s\" of jurisdiction.%s is not as it was installed",
							column->name, table->name)));
		*attnums++ = attnum;
	}
}

static void
take_row(const Table *table, const AttrNumber *attnums, TupleTableSlot *slot,
		 JurPolicyRows *rows)
{
	Row			row = {table};
	int			i;

	for (i = 0; table->columns[i].name; i++)
	{
		row.values[i] = slot_getattr(slot, attnums[i], &row.nulls[i]);
		if (row.nulls[i] && !table->columns[i].may_be_null)
			ereport(ERROR,
					(errcode(JUR_ERR_POLICY_ROW),
					 errmsg("could not load the policy"),
					 errdetail("A row of jurisdiction.%s has no \"%s\".",
							   table->name, table->columns[i].name)));
	}
	table->take(rows, &row);
}

static void
read_table(const Table *table, Relation rel, Snapshot snapshot,
		   JurPolicyRows *rows)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	AttrNumber	attnums[MAX_COLUMNS];
	TableScanDesc scan;

	find_columns(table, rel, attnums);
	scan = table_beginscan(rel, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		take_row(table, attnums, slot, rows);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * One snapshot for all tables, newer than the transaction's: a policy change
 * holds as soon as it is committed, in every isolation level.  A catalog
 * snapshot it is, because that can be taken during a parallel operation.
 */
JurPolicyRows *
jur_read_policy_rows(void)
{
	JurPolicyRows *rows = palloc0(sizeof(JurPolicyRows));
	Relation	rels[lengthof(tables)];
	Snapshot	snapshot;
	int			i;

	/* locks first: what is committed before we hold them is seen */
	for (i = 0; i < lengthof(tables); i++)
		rels[i] = open_table(&tables[i]);
	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationGetRelid(rels[0])));
	for (i = 0; i < lengthof(tables); i++)
		read_table(&tables[i], rels[i], snapshot, rows);
	UnregisterSnapshot(snapshot);
	for (i = 0; i < lengthof(tables); i++)
		table_close(rels[i], AccessShareLock);
	return rows;
}
