/*-------------------------------------------------------------------------
 *
 * policy_cache.c
 *	  Idea: this database's rules in one memory context, swapped whole.
 *
 * The rows are read by plain scans with a snapshot of their own: no SPI, no
 * user code; so it works while planning, in a parallel worker, on a standby.
 * A row that cannot be read is an error, never left out: an unreadable rule
 * means no, not "one rule fewer".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/errors.h"
#include "base/shmem.h"
#include "policy/policy_internal.h"

static JurPolicy *current = NULL;
static uint64 generation = 0;
static bool is_stale = true;

/* a row being read */
typedef struct Row
{
	HeapTuple	tuple;
	Relation	rel;
} Row;

typedef void (*TakeRow) (JurPolicy *policy, const Row *row);

static void
mark_stale(JurChange change, Oid relid)
{
	if (change == JUR_CHANGED_POLICY)
		is_stale = true;
}

/* ------------------------------------------------------------------- reading */

static Datum
field(const Row *row, const char *name, bool *isnull)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(row->rel), name);

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("column \"%s\" of jurisdiction.%s is missing", name,
						RelationGetRelationName(row->rel)),
				 errhint("The extension's tables have been altered; install it again.")));
	return heap_getattr(row->tuple, attnum, RelationGetDescr(row->rel), isnull);
}

/* NULL if the field is */
static char *
text_field(const Row *row, const char *name)
{
	bool		isnull;
	Datum		datum = field(row, name, &isnull);

	return isnull ? NULL : TextDatumGetCString(datum);
}

static char *
required_text(const Row *row, const char *name)
{
	char	   *text = text_field(row, name);

	if (text == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_POLICY_ROW),
				 errmsg("a row of jurisdiction.%s has no %s",
						RelationGetRelationName(row->rel), name)));
	return text;
}

/* the elements of a text[]; NULL with *N = -1 if the field is NULL */
static const char **
array_field(const Row *row, const char *name, int *n)
{
	bool		isnull;
	Datum		datum = field(row, name, &isnull);
	Datum	   *elements;
	bool	   *nulls;
	const char **texts;
	int			i;

	*n = -1;
	if (isnull)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(datum), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, n);
	texts = palloc(sizeof(char *) * Max(*n, 1));
	for (i = 0; i < *n; i++)
		texts[i] = nulls[i] ? "" : TextDatumGetCString(elements[i]);
	return texts;
}

static TimestampTz
moment_of_bound(const RangeBound *bound, Oid type)
{
	TimestampTz moment;

	if (bound->infinite)
		return bound->lower ? DT_NOBEGIN : DT_NOEND;
	if (type == DATERANGEOID)
	{
		DateADT		day = DatumGetDateADT(bound->val);

		if (DATE_NOT_FINITE(day))
			return DATE_IS_NOBEGIN(day) ? DT_NOBEGIN : DT_NOEND;
		/* days begin at 00:00 UTC, whatever the session's time zone */
		moment = (TimestampTz) day * USECS_PER_DAY;
	}
	else
		moment = DatumGetTimestampTz(bound->val);
	/* [from, until): one microsecond is the step between two moments */
	if (!TIMESTAMP_NOT_FINITE(moment) && bound->inclusive != bound->lower)
		moment++;
	return moment;
}

/* [*FROM, *UNTIL); all of time if the field is NULL */
static void
range_field(const Row *row, const char *name, TimestampTz *from, TimestampTz *until)
{
	bool		isnull;
	Datum		datum = field(row, name, &isnull);
	RangeType  *range;
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	*from = DT_NOBEGIN;
	*until = DT_NOEND;
	if (isnull)
		return;
	range = DatumGetRangeTypeP(datum);
	range_deserialize(lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO),
					  range, &lower, &upper, &empty);
	if (empty)
	{
		*until = DT_NOBEGIN;
		return;
	}
	*from = moment_of_bound(&lower, RangeTypeGetOid(range));
	*until = moment_of_bound(&upper, RangeTypeGetOid(range));
}

static void
read_table(JurPolicy *policy, const char *name, Snapshot snapshot, TakeRow take)
{
	Oid			relid = jur_table_oid(name);
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("table jurisdiction.%s is missing", name),
				 errhint("Use CREATE EXTENSION jurisdiction.")));
	rel = table_open(relid, AccessShareLock);
	scan = table_beginscan(rel, snapshot, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Row			row = {tuple, rel};

		take(policy, &row);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* ---------------------------------------------------------------- the tables */

static void
take_place(JurPolicy *policy, const Row *row)
{
	int			id = jur_intern_place(policy, required_text(row, "code"));

	policy->places[id].is_registered = true;
}

static void
take_membership(JurPolicy *policy, const Row *row)
{
	TimestampTz from;
	TimestampTz until;

	range_field(row, "during", &from, &until);
	jur_compile_membership(policy, required_text(row, "grp"),
						   required_text(row, "member"), from, until);
}

static void
take_category(JurPolicy *policy, const Row *row)
{
	int			id = jur_intern_category(policy, required_text(row, "code"));
	int			n;
	const char **broader = array_field(row, "broader", &n);
	int			i;

	policy->categories[id].is_registered = true;
	for (i = 0; i < n; i++)
	{
		int			other = jur_intern_category(policy, broader[i]);

		policy->categories[id].broader =
			lappend_int(policy->categories[id].broader, other);
	}
}

static int
level_by_name(const Row *row, const char *name)
{
	int			level;

	for (level = JUR_PUBLIC; level <= JUR_SECRET; level++)
		if (strcmp(jur_level_name(level), name) == 0)
			return level;
	ereport(ERROR,
			(errcode(JUR_ERR_POLICY_ROW),
			 errmsg("a row of jurisdiction.%s has max_level \"%s\", which is no level",
					RelationGetRelationName(row->rel), name)));
	return JUR_PUBLIC;
}

static uint32
action_bits(const Row *row)
{
	int			n;
	const char **names = array_field(row, "actions", &n);
	uint32		bits = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		JurAction	action;

		if (!jur_action_by_name(names[i], &action))
			ereport(ERROR,
					(errcode(JUR_ERR_POLICY_ROW),
					 errmsg("a transfer rule has action \"%s\", which is no action", names[i])));
		bits |= 1u << action;
	}
	return bits;
}

static void
take_rule(JurPolicy *policy, const Row *row)
{
	JurRule		rule = {0};
	bool		isnull;
	char	   *level = text_field(row, "max_level");
	const char *effect = required_text(row, "effect");
	const char **categories;
	int			n;
	int			i;

	rule.id = DatumGetInt64(field(row, "id", &isnull));
	rule.is_deny = strcmp(effect, "allow") != 0;
	rule.actions = action_bits(row);
	rule.max_level = level ? level_by_name(row, level) : -1;
	categories = array_field(row, "categories", &n);
	rule.any_category = n < 0;
	rule.categories.n = Max(n, 0);
	rule.categories.ids = palloc(sizeof(int) * Max(n, 1));
	for (i = 0; i < n; i++)
		rule.categories.ids[i] = jur_intern_category(policy, categories[i]);
	rule.purposes = array_field(row, "purposes", &n);
	rule.any_purpose = n < 0;
	rule.npurposes = Max(n, 0);
	range_field(row, "during", &rule.from, &rule.until);
	rule.basis = required_text(row, "basis");
	jur_compile_rule(policy, required_text(row, "origin"),
					 required_text(row, "destination"), &rule);
}

/* ------------------------------------------------------------------- loading */

static JurPolicy *
load(void)
{
	JurPolicy  *policy = jur_policy_new();
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());

	read_table(policy, "place", snapshot, take_place);
	read_table(policy, "membership", snapshot, take_membership);
	read_table(policy, "category", snapshot, take_category);
	read_table(policy, "transfer_rule", snapshot, take_rule);
	UnregisterSnapshot(snapshot);
	jur_policy_finish(policy);
	jur_count(JUR_COUNT_POLICY_LOADS, 1);
	return policy;
}

static void
reload(void)
{
	MemoryContext fresh = AllocSetContextCreate(CurrentMemoryContext,
												"jurisdiction rules",
												ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(fresh);
	JurPolicy  *loaded;

	/* what changes while we read makes it stale again */
	is_stale = false;
	PG_TRY();
	{
		loaded = load();
	}
	PG_CATCH();
	{
		is_stale = true;
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);

	MemoryContextSetParent(fresh, TopMemoryContext);
	if (current)
		MemoryContextDelete(current->context);
	current = loaded;
	generation++;
}

const JurPolicy *
jur_policy(void)
{
	if (is_stale || current == NULL)
		reload();
	return current;
}

uint64
jur_policy_generation(void)
{
	return generation;
}

void
jur_policy_init(void)
{
	jur_on_change(mark_stale);
}
