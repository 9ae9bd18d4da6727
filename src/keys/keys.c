/*-------------------------------------------------------------------------
 *
 * keys.c
 *	  Idea: which keys a label takes, each found out once.
 *
 * A value is sealed with a key that is derived from the data keys of all
 * places of its label (joint custody).  Data keys and derived keys are in the
 * vault; here are only their names: which places a packed label has and which
 * versions are the newest.  A change of jurisdiction.key in any session wipes
 * both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "keys/keys.h"
#include "label/label.h"
#include "store/store.h"

/* beyond this many labels the names start afresh */
#define MAX_NAMES 20000

/* what is known of a packed label, or of a value's label and versions */
typedef struct NameEntry
{
	JurBytes	bytes;			/* hash key */
	const char *slot;			/* the derived key's name in the vault */
	int			nkeys;
	const char **places;
	uint32	   *numbers;
	JurBytes	versions;
} NameEntry;

typedef struct Names
{
	HTAB	   *table;
	bool		is_newest;		/* keyed by label; else by label and versions */
} Names;

static MemoryContext context = NULL;
static Names newest = {NULL, true};
static Names named = {NULL, false};
static bool is_stale = true;

static void
mark_stale(JurChange change, Oid relid)
{
	if (change != JUR_CHANGED_KEYS)
		return;
	is_stale = true;
	jur_vault_wipe();
}

void
jur_keys_init(void)
{
	jur_on_change(mark_stale);
}

/* -------------------------------------------------------------------- names */

static uint32
hash_bytes_key(const void *key, Size keysize)
{
	const JurBytes *bytes = key;

	return hash_bytes(bytes->data, bytes->size);
}

static int
match_bytes_key(const void *a, const void *b, Size keysize)
{
	const JurBytes *x = a;
	const JurBytes *y = b;

	return x->size != y->size || memcmp(x->data, y->data, x->size) != 0;
}

static HTAB *
new_table(const char *name)
{
	HASHCTL		control = {.keysize = sizeof(JurBytes),.entrysize = sizeof(NameEntry)};

	control.hash = hash_bytes_key;
	control.match = match_bytes_key;
	control.hcxt = context;
	return hash_create(name, 64, &control,
					   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

static void
start_afresh(void)
{
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "jurisdiction keys by label",
										ALLOCSET_DEFAULT_SIZES);
	newest.table = named.table = NULL;
	MemoryContextReset(context);
	newest.table = new_table("jurisdiction newest keys");
	named.table = new_table("jurisdiction named keys");
	is_stale = false;
}

/* where the extension was dropped and created again, its OIDs are watched anew */
static void
refresh(void)
{
	if (!is_stale && newest.table &&
		hash_get_num_entries(newest.table) + hash_get_num_entries(named.table) < MAX_NAMES)
		return;
	(void) jur_table_oid("key");
	(void) jur_table_oid("key_material");
	start_afresh();
}

static int
compare_places(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

List *
jur_key_places(const JurLabel *label)
{
	List	   *places = NIL;
	List	   *distinct = NIL;
	ListCell   *lc;
	int			i;

	for (i = 0; i < label->natoms; i++)
		places = lappend(places, pstrdup(label->atoms[i].place));
	list_sort(places, compare_places);
	foreach(lc, places)
		if (distinct == NIL || strcmp(llast(distinct), lfirst(lc)) != 0)
			distinct = lappend(distinct, lfirst(lc));
	return distinct;
}

static List *
places_of(JurBytes packed)
{
	JurLabel   *label = jur_label_unpack(packed.data, packed.size);

	return label ? jur_key_places(label) : NIL;
}

static int
newest_version(const char *place)
{
	JurKeyRow  *row = jur_read_key(place, -1);

	if (row == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("there is no key for %s", place),
				 errhint("An officer may make one: SELECT jurisdiction.create_key(%s).",
						 quote_literal_cstr(place))));
	return row->version;
}

static void
slot_name(StringInfo name, const char *purpose, const NameEntry *entry)
{
	int			i;

	initStringInfo(name);
	appendStringInfoString(name, purpose);
	for (i = 0; i < entry->nkeys; i++)
		appendStringInfo(name, " %s %u", entry->places[i], entry->numbers[i]);
}

/* fills ENTRY but its hash key; everything it points to is in CONTEXT */
static void
name_keys(NameEntry *entry, List *places, const JurSealed *sealed)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	StringInfoData name;
	Size		pos = 0;
	uint8	   *versions;
	int			i;

	entry->nkeys = list_length(places);
	entry->places = palloc(entry->nkeys * sizeof(char *));
	entry->numbers = palloc(entry->nkeys * sizeof(uint32));
	for (i = 0; i < entry->nkeys; i++)
	{
		entry->places[i] = pstrdup(list_nth(places, i));
		entry->numbers[i] = sealed ? jur_sealed_next_version(sealed, &pos) :
			newest_version(entry->places[i]);
	}
	versions = palloc(jur_sealed_put_versions(entry->numbers, entry->nkeys, NULL));
	entry->versions.size = jur_sealed_put_versions(entry->numbers, entry->nkeys, versions);
	entry->versions.data = versions;
	slot_name(&name, "sealed", entry);
	entry->slot = name.data;
	MemoryContextSwitchTo(caller);
}

/* the entry of BYTES, made if there is none: of a label, or of SEALED's names */
static const NameEntry *
names_of(Names *names, JurBytes bytes, const JurSealed *sealed)
{
	NameEntry  *entry;
	NameEntry	fresh;
	List	   *places;
	void	   *copy;

	refresh();
	entry = hash_search(names->table, &bytes, HASH_FIND, NULL);
	if (entry)
		return entry;
	places = places_of(sealed ? sealed->label : bytes);
	if (places == NIL || (sealed && list_length(places) != sealed->nkeys))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the label of a sealed value does not fit its keys")));
	name_keys(&fresh, places, sealed);
	/* what was read is old if news of it came in while reading */
	while (is_stale)
	{
		refresh();
		name_keys(&fresh, places, sealed);
	}
	copy = MemoryContextAlloc(context, bytes.size);
	memcpy(copy, bytes.data, bytes.size);
	bytes.data = copy;
	fresh.bytes = bytes;
	entry = hash_search(names->table, &bytes, HASH_ENTER, NULL);
	*entry = fresh;
	return entry;
}

/* --------------------------------------------------------------------- keys */

static void
refuse_destroyed(const char *place, const JurKeyRow *row)
{
	ereport(ERROR,
			(errcode(JUR_ERR_NOT_CONFIGURED),
			 errmsg("key %d of %s was destroyed", row->version, place),
			 errdetail("Destroyed on %s by \"%s\". What was sealed with it cannot be opened by anybody.",
					   timestamptz_to_str(row->destroyed_at),
					   row->destroyed_by ? row->destroyed_by : "")));
}

/* copies the data key of PLACE and VERSION to SECRET */
static void
data_key(const char *place, int version, uint8 *secret)
{
	char	   *name = psprintf("data %s %d", place, version);
	uint8	   *slot = jur_vault_find(name);
	JurKeyRow  *row;
	JurMaterial *material;

	if (slot == NULL)
	{
		row = jur_read_key(place, version);
		if (row == NULL)
			ereport(ERROR,
					(errcode(JUR_ERR_NOT_CONFIGURED),
					 errmsg("there is no key %d for %s in this database", version, place)));
		if (strcmp(row->state, "destroyed") == 0)
			refuse_destroyed(place, row);
		material = jur_read_material(place, version);
		if (material == NULL || !material->kek || !material->wrapped || !material->check_value)
			ereport(ERROR,
					(errcode(JUR_ERR_NOT_CONFIGURED),
					 errmsg("key %d of %s has lost its row in jurisdiction.key_material",
							version, place)));
		jur_unwrap_key(place, version, row->custodian, material, secret);
		slot = jur_vault_add(name, JUR_KEY_SIZE);
		memcpy(slot, secret, JUR_KEY_SIZE);
	}
	else
		memcpy(secret, slot, JUR_KEY_SIZE);
	pfree(name);
}

/* the data keys of ENTRY, in the vault's scratch */
static JurDataKey *
data_keys(const NameEntry *entry)
{
	uint8	   *secrets = jur_vault_scratch(entry->nkeys * JUR_KEY_SIZE);
	JurDataKey *keys = palloc(entry->nkeys * sizeof(JurDataKey));
	int			i;

	for (i = 0; i < entry->nkeys; i++)
	{
		keys[i].place = entry->places[i];
		keys[i].version = entry->numbers[i];
		keys[i].secret = secrets + i * JUR_KEY_SIZE;
		data_key(keys[i].place, keys[i].version, secrets + i * JUR_KEY_SIZE);
	}
	return keys;
}

static void
forget(JurDataKey *keys, int nkeys)
{
	explicit_bzero(jur_vault_scratch(nkeys * JUR_KEY_SIZE), nkeys * JUR_KEY_SIZE);
	pfree(keys);
}

static const JurSealingKey *
sealing_key(const NameEntry *entry)
{
	JurSealingKey *key = jur_vault_find(entry->slot);
	JurDataKey *keys;

	if (key)
		return key;
	keys = data_keys(entry);
	key = jur_vault_add(entry->slot, sizeof(JurSealingKey));
	jur_sealing_key(key, keys, entry->nkeys);
	forget(keys, entry->nkeys);
	return key;
}

JurSealing
jur_key_to_seal(JurBytes label)
{
	const NameEntry *entry = names_of(&newest, label, NULL);

	return (JurSealing) {sealing_key(entry), entry->versions};
}

const JurSealingKey *
jur_key_to_open(const JurSealed *sealed)
{
	return sealing_key(names_of(&named, sealed->names, sealed));
}

bool
jur_is_current(const JurSealed *sealed)
{
	const NameEntry *now = names_of(&newest, sealed->label, NULL);
	Size		pos = 0;
	int			i;

	for (i = 0; i < sealed->nkeys && i < now->nkeys; i++)
		if (jur_sealed_next_version(sealed, &pos) != now->numbers[i])
			return false;
	return sealed->nkeys == now->nkeys;
}

const uint8 *
jur_lookup_key(const char *purpose, JurBytes label)
{
	NameEntry	entry = *names_of(&newest, label, NULL);
	StringInfoData name;
	uint8	   *key;
	JurDataKey *keys;

	entry.numbers = palloc0(entry.nkeys * sizeof(uint32));
	slot_name(&name, purpose, &entry);
	key = jur_vault_find(name.data);
	if (key == NULL)
	{
		keys = data_keys(&entry);
		key = jur_vault_add(name.data, JUR_KEY_SIZE);
		jur_derived_key(key, purpose, keys, entry.nkeys);
		forget(keys, entry.nkeys);
	}
	pfree(name.data);
	pfree(entry.numbers);
	return key;
}
