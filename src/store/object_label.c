/*-------------------------------------------------------------------------
 *
 * object_label.c
 *	  Idea: the tags of a relation and its columns, cached until they change.
 *
 * pg_seclabel has no system cache, so each relation's tags are read once by
 * index and kept.  An untagged relation costs one hash lookup afterwards.
 *
 * A generated column is under the raises of the columns it is computed from,
 * whether or not it carries a tag of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_seclabel.h"
#include "commands/seclabel.h"
#include "nodes/bitmapset.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "store/store.h"

typedef struct CacheEntry
{
	Oid			relid;			/* key */
	uint64		changes;		/* that we were told of */
	uint64		changes_known;	/* those that were read */
	MemoryContext context;		/* NULL: untagged */
	JurTagged  *tagged;
} CacheEntry;

static HTAB *cache = NULL;
static const JurTagged untagged = {0};

static bool any_tagged = false;
static bool any_tagged_is_known = false;

static void
mark_stale(JurChange change, Oid relid)
{
	HASH_SEQ_STATUS seq;
	CacheEntry *entry;

	if (change != JUR_CHANGED_TAGS)
		return;
	any_tagged_is_known = false;
	if (cache == NULL)
		return;
	if (OidIsValid(relid))
	{
		entry = hash_search(cache, &relid, HASH_FIND, NULL);
		if (entry)
			entry->changes++;
		return;
	}
	hash_seq_init(&seq, cache);
	while ((entry = hash_seq_search(&seq)) != NULL)
		entry->changes++;
}

static void
make_cache(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid),.entrysize = sizeof(CacheEntry)};

	cache = hash_create("jurisdiction tags", 128, &control, HASH_ELEM | HASH_BLOBS);
	jur_on_change(mark_stale);
}

static void
append_column(JurTagged *tagged, const JurColumnTag *column)
{
	if (tagged->columns == NULL)
		tagged->columns = palloc(sizeof(JurColumnTag));
	else
		tagged->columns = repalloc(tagged->columns,
								   (tagged->ncolumns + 1) * sizeof(JurColumnTag));
	tagged->columns[tagged->ncolumns++] = *column;
}

/* add one tag; false if it cannot be read */
static bool
add_tag(JurTagged *tagged, int32 attnum, const char *text)
{
	JurLabelError error;
	JurColumnTag *column;

	tagged->is_tagged = true;
	if (attnum == 0)
	{
		tagged->relation = jur_parse_relation_tag(text, &error);
		return tagged->relation != NULL;
	}
	column = jur_parse_column_tag(text, &error);
	if (column == NULL)
		return false;
	column->attnum = attnum;
	if (column->is_rows)
	{
		/* two row labels cannot both be meant; tagging refuses the second */
		if (tagged->row_attnum != 0)
			return false;
		tagged->row_attnum = attnum;
		tagged->ceiling = column->within;
		return true;
	}
	append_column(tagged, column);
	return true;
}

/* ------------------------------------------------------- generated columns */

static void
add_categories(JurColumnTag *column, const JurColumnTag *source)
{
	const char **merged = palloc((column->ncategories + source->ncategories + 1) *
								 sizeof(char *));
	int			n = 0;
	int			i = 0;
	int			j = 0;

	while (i < column->ncategories || j < source->ncategories)
	{
		int			order = i == column->ncategories ? 1 :
			j == source->ncategories ? -1 :
			strcmp(column->categories[i], source->categories[j]);

		merged[n++] = order <= 0 ? column->categories[i] : source->categories[j];
		i += order <= 0;
		j += order >= 0;
	}
	column->categories = merged;
	column->ncategories = n;
}

/* COLUMN is computed from SOURCE: it is raised as much, and shown no more */
static void
inherit_raise(JurColumnTag *column, const JurColumnTag *source, bool is_new)
{
	bool		has_part = !is_new && (column->raise == NULL || column->raises_too);
	bool		gets_part = source->raise == NULL || source->raises_too;

	if (source->raise)
		column->raise = column->raise ? jur_label_join(column->raise, source->raise)
			: jur_label_copy(source->raise);
	if (gets_part)
	{
		column->level = has_part ? Max(column->level, source->level) : source->level;
		add_categories(column, source);
	}
	column->raises_too = column->raise && (has_part || gets_part);
	if (source->mask == JUR_MASK_REFUSE)
		column->mask = JUR_MASK_REFUSE;
}

/* the numbers of the columns that generated column ATTNUM is computed from */
static Bitmapset *
generated_from(TupleDesc desc, AttrNumber attnum)
{
	Bitmapset  *columns = NULL;
	int			i;

	for (i = 0; desc->constr && i < desc->constr->num_defval; i++)
		if (desc->constr->defval[i].adnum == attnum)
			pull_varattnos(stringToNode(desc->constr->defval[i].adbin), 1, &columns);
	return columns;
}

static void
derive_tags(JurTagged *tagged, TupleDesc desc)
{
	int			ntags = tagged->ncolumns;
	AttrNumber	attnum;

	for (attnum = 1; attnum <= desc->natts && ntags > 0; attnum++)
	{
		Bitmapset  *sources;
		JurColumnTag column = {0};
		int			own = -1;
		bool		is_new;
		int			i;

		if (TupleDescAttr(desc, attnum - 1)->attgenerated == '\0' ||
			attnum == tagged->row_attnum)
			continue;
		sources = generated_from(desc, attnum);
		for (i = 0; i < ntags; i++)
			if (tagged->columns[i].attnum == attnum)
				own = i;
		if (own >= 0)
			column = tagged->columns[own];
		is_new = own < 0;
		for (i = 0; i < ntags; i++)
			if (i != own &&
				bms_is_member(tagged->columns[i].attnum - FirstLowInvalidHeapAttributeNumber,
							  sources))
			{
				inherit_raise(&column, &tagged->columns[i], is_new);
				is_new = false;
			}
		column.attnum = attnum;
		if (own >= 0)
			tagged->columns[own] = column;
		else if (!is_new)
		{
			column.is_derived = true;
			append_column(tagged, &column);
		}
	}
}

/* ---------------------------------------------------------------- ceilings */

/*
 * Is this CHECK exactly "row label <@ ceiling"?  By the function that does it:
 * an operator of that name can be anybody's.
 */
static bool
is_ceiling_check(const char *ccbin, const JurTagged *tagged)
{
	OpExpr	   *op = stringToNode(ccbin);
	Var		   *var;
	Const	   *limit;

	if (!IsA(op, OpExpr) || list_length(op->args) != 2 ||
		!IsA(linitial(op->args), Var) || !IsA(lsecond(op->args), Const))
		return false;
	var = linitial(op->args);
	limit = lsecond(op->args);
	return get_opcode(op->opno) == jur_function_oid("label_flows") &&
		var->varattno == tagged->row_attnum &&
		limit->consttype == jur_label_type_oid() && !limit->constisnull &&
		jur_label_equal(jur_label_of_datum(limit->constvalue), tagged->ceiling);
}

/*
 * A ceiling may only be relied on if the table itself enforces it on every
 * path: NOT NULL, and a validated CHECK that its children have too.
 */
static bool
ceiling_is_enforced(Relation rel, const JurTagged *tagged)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	if (tagged->ceiling == NULL || desc->constr == NULL ||
		!JUR_COLUMN_HAS_NO_NULLS(desc, tagged->row_attnum))
		return false;
	for (i = 0; i < desc->constr->num_check; i++)
		if (desc->constr->check[i].ccvalid && !desc->constr->check[i].ccnoinherit &&
			JUR_CHECK_IS_ENFORCED(&desc->constr->check[i]) &&
			is_ceiling_check(desc->constr->check[i].ccbin, tagged))
			return true;
	return false;
}

bool
jur_is_ceiling(Oid relid, const char *constraint)
{
	const JurTagged *tagged = jur_tags_of(relid);
	Relation	rel;
	TupleDesc	desc;
	bool		found = false;
	int			i;

	if (tagged->ceiling == NULL || constraint == NULL)
		return false;
	rel = relation_open(relid, AccessShareLock);
	tagged = jur_tags_of(relid);
	desc = RelationGetDescr(rel);
	for (i = 0; tagged->ceiling && desc->constr && i < desc->constr->num_check; i++)
		if (strcmp(desc->constr->check[i].ccname, constraint) == 0)
			found = is_ceiling_check(desc->constr->check[i].ccbin, tagged);
	relation_close(rel, AccessShareLock);
	return found;
}

/* read the tags of RELID into the current memory context; NULL: none */
static JurTagged *
read_tags(Relation rel)
{
	JurTagged  *tagged = NULL;
	Relation	catalog = table_open(SecLabelRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_seclabel_objoid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationGetRelid(rel)));
	ScanKeyInit(&keys[1], Anum_pg_seclabel_classoid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	scan = systable_beginscan(catalog, SecLabelObjectIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		provider = heap_getattr(tuple, Anum_pg_seclabel_provider,
											RelationGetDescr(catalog), &isnull);
		Datum		label;

		if (isnull || strcmp(TextDatumGetCString(provider), JUR_PROVIDER) != 0)
			continue;
		if (tagged == NULL)
		{
			tagged = palloc0(sizeof(JurTagged));
			tagged->relid = RelationGetRelid(rel);
		}
		label = heap_getattr(tuple, Anum_pg_seclabel_label,
							 RelationGetDescr(catalog), &isnull);
		if (isnull ||
			!add_tag(tagged, ((FormData_pg_seclabel *) GETSTRUCT(tuple))->objsubid,
					 TextDatumGetCString(label)))
			tagged->is_broken = true;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (tagged && !tagged->is_broken)
	{
		derive_tags(tagged, RelationGetDescr(rel));
		tagged->ceiling_holds = ceiling_is_enforced(rel, tagged);
	}
	return tagged;
}

static void
fill(CacheEntry *entry)
{
	MemoryContext fresh;
	MemoryContext caller;
	Relation	rel;
	JurTagged  *tagged = NULL;
	/* of what changes while we read, we may have read too early */
	uint64		seen = entry->changes;

	fresh = AllocSetContextCreate(CurrentMemoryContext, "jurisdiction tags",
								  ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(fresh);
	/* where the extension is not, there are no tags */
	rel = jur_is_installed() ?
		try_relation_open(entry->relid, AccessShareLock) : NULL;
	if (rel)
	{
		tagged = read_tags(rel);
		relation_close(rel, AccessShareLock);
	}
	MemoryContextSwitchTo(caller);

	if (entry->context)
		MemoryContextDelete(entry->context);
	entry->context = NULL;
	entry->tagged = NULL;
	if (tagged)
	{
		MemoryContextSetParent(fresh, CacheMemoryContext);
		entry->context = fresh;
		entry->tagged = tagged;
	}
	else
		MemoryContextDelete(fresh);
	entry->changes_known = seen;
}

const JurTagged *
jur_tags_of(Oid relid)
{
	/* most statements ask about one table again and again; entries stay where they are */
	static CacheEntry *last = NULL;
	CacheEntry *entry = last;
	bool		found = true;

	/* catalogs cannot be tagged, and are read while caches are being built */
	if (relid < FirstNormalObjectId || !IsTransactionState())
		return &untagged;
	if (cache == NULL)
		make_cache();
	if (entry == NULL || entry->relid != relid)
		entry = hash_search(cache, &relid, HASH_ENTER, &found);
	if (!found)
	{
		entry->changes = 1;
		entry->changes_known = 0;
		entry->context = NULL;
		entry->tagged = NULL;
	}
	/* an invalidation while reading is one to read again for */
	while (entry->changes_known != entry->changes)
		fill(entry);
	last = entry;
	/* tags that outlive the extension say nothing; most tables have none to ask for */
	return entry->tagged && jur_is_installed() ? entry->tagged : &untagged;
}

bool
jur_is_tagged(Oid relid)
{
	return jur_tags_of(relid)->is_tagged;
}

bool
jur_any_tagged(void)
{
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	if (!jur_is_installed())
		return false;
	if (cache == NULL)
		make_cache();
	if (any_tagged_is_known)
		return any_tagged;

	any_tagged_is_known = true;
	catalog = table_open(SecLabelRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		provider = heap_getattr(tuple, Anum_pg_seclabel_provider,
											RelationGetDescr(catalog), &isnull);

		found = ((FormData_pg_seclabel *) GETSTRUCT(tuple))->classoid == RelationRelationId &&
			!isnull && strcmp(TextDatumGetCString(provider), JUR_PROVIDER) == 0;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	any_tagged = found;
	return found;
}

List *
jur_tagged_relations(void)
{
	Relation	catalog = table_open(SecLabelRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	List	   *relations = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		FormData_pg_seclabel *row = (FormData_pg_seclabel *) GETSTRUCT(tuple);
		bool		isnull;
		Datum		provider = heap_getattr(tuple, Anum_pg_seclabel_provider,
											RelationGetDescr(catalog), &isnull);

		if (row->classoid == RelationRelationId && !isnull &&
			strcmp(TextDatumGetCString(provider), JUR_PROVIDER) == 0)
			relations = list_append_unique_oid(relations, row->objoid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	/* whichever way the catalog is read, messages name the same one first */
	list_sort(relations, list_oid_cmp);
	return relations;
}

char *
jur_tag_text(Oid classid, Oid objid, int32 subid)
{
	ObjectAddress object;

	ObjectAddressSubSet(object, classid, objid, subid);
	return GetSecurityLabel(&object, JUR_PROVIDER);
}
