/*-------------------------------------------------------------------------
 *
 * role_tags.c
 *	  Idea: the tags of roles, cached until any of them changes.
 *
 * Role tags are in a shared catalog: they hold in every database of the
 * cluster.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_shseclabel.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "store/store.h"

typedef struct RoleEntry
{
	Oid			roleid;			/* key */
	bool		is_broken;
	JurRoleTag *tag;			/* NULL: untagged, or broken */
} RoleEntry;

static MemoryContext context = NULL;
static HTAB *roles = NULL;		/* holds every tagged role, and no other */
static uint64 changes = 1;		/* that we were told of */
static uint64 changes_known = 0;	/* those that were read */
static bool any_officer = false;

static void
note_change(JurChange change, Oid relid)
{
	if (change == JUR_CHANGED_ROLES)
		changes++;
}

static void
add_role(HTAB *table, Oid roleid, const char *text)
{
	JurLabelError error;
	RoleEntry  *entry = hash_search(table, &roleid, HASH_ENTER, NULL);

	entry->tag = jur_parse_role_tag(text, &error);
	entry->is_broken = entry->tag == NULL;
}

static HTAB *
read_roles(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid),.entrysize = sizeof(RoleEntry)};
	HTAB	   *table;
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;

	control.hcxt = CurrentMemoryContext;
	table = hash_create("jurisdiction roles", 32, &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	catalog = table_open(SharedSecLabelRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		FormData_pg_shseclabel *row = (FormData_pg_shseclabel *) GETSTRUCT(tuple);
		TupleDesc	desc = RelationGetDescr(catalog);
		bool		isnull;
		Datum		provider = heap_getattr(tuple, Anum_pg_shseclabel_provider,
											desc, &isnull);
		Datum		label;

		if (isnull || row->classoid != AuthIdRelationId ||
			strcmp(TextDatumGetCString(provider), JUR_PROVIDER) != 0)
			continue;
		label = heap_getattr(tuple, Anum_pg_shseclabel_label, desc, &isnull);
		add_role(table, row->objoid, isnull ? "" : TextDatumGetCString(label));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return table;
}

static void
load(void)
{
	static bool subscribed = false;
	MemoryContext fresh = AllocSetContextCreate(CurrentMemoryContext,
												"jurisdiction roles",
												ALLOCSET_SMALL_SIZES);
	MemoryContext caller;
	HASH_SEQ_STATUS seq;
	RoleEntry  *entry;
	HTAB	   *loaded;
	uint64		seen;

	if (!subscribed)
		jur_on_change(note_change);
	subscribed = true;
	/* of what changes while we read, we may have read too early */
	seen = changes;
	caller = MemoryContextSwitchTo(fresh);
	loaded = read_roles();
	MemoryContextSwitchTo(caller);

	MemoryContextSetParent(fresh, TopMemoryContext);
	if (context)
		MemoryContextDelete(context);
	context = fresh;
	roles = loaded;
	changes_known = seen;
	any_officer = false;
	hash_seq_init(&seq, roles);
	while ((entry = hash_seq_search(&seq)) != NULL)
		if (entry->tag && entry->tag->is_officer)
			any_officer = true;
}

const JurRoleTag *
jur_role_tag(Oid roleid, bool *broken)
{
	RoleEntry  *entry;

	if (changes_known != changes)
		load();
	entry = hash_search(roles, &roleid, HASH_FIND, NULL);
	*broken = entry != NULL && entry->is_broken;
	return entry ? entry->tag : NULL;
}

bool
jur_any_role_tagged(void)
{
	if (changes_known != changes)
		load();
	return hash_get_num_entries(roles) > 0;
}

bool
jur_any_officer(void)
{
	if (changes_known != changes)
		load();
	return any_officer;
}
