/*-------------------------------------------------------------------------
 *
 * enforce_trusted.c
 *	  Idea: a function that an officer trusts reads up to a label, and no
 *	  further, while its body runs.
 *	  Hook: fmgr_hook (needs_fmgr_hook is in enforce_columns.c).
 *
 * The tag is "trusted LABEL until DATE".  It is bound to a digest of what the
 * function is: body, owner, language, types, settings.  Any change of those
 * voids it; so does the date.  Every call is recorded.  What the body calls
 * runs as part of it, so the function must fix its search_path.
 *
 * Workers of a parallel plan would not know of the trust, so inside such a
 * function plans run without any.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_seclabel.h"
#include "commands/seclabel.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"

#define GRAMMAR \
	"A function's tag is \"trusted LABEL until YYYY-MM-DD\"."

typedef struct TrustTag
{
	JurLabel   *label;
	TimestampTz until;			/* 00:00 UTC of the date */
	char	   *date;
	char	   *digest;			/* NULL in what an officer writes */
} TrustTag;

typedef struct TrustEntry
{
	Oid			function;		/* key */
	TrustTag   *tag;			/* NULL: cannot be read, so not trusted */
} TrustEntry;

static fmgr_hook_type prev_fmgr = NULL;
static MemoryContext context = NULL;
static HTAB *trusted = NULL;	/* every trusted function, and no other */
static uint64 changes = 1;		/* that we were told of */
static uint64 changes_known = 0;	/* those that were read */

/* ------------------------------------------------------------------- grammar */

static bool
take_word(const char *text, int *pos, const char *word)
{
	int			size = strlen(word);

	if (strncmp(text + *pos, word, size) != 0 ||
		(text[*pos + size] != ' ' && text[*pos + size] != '\0'))
		return false;
	*pos += size;
	while (text[*pos] == ' ')
		(*pos)++;
	return true;
}

/* NULL if TEXT is no such tag */
static TrustTag *
parse_tag(const char *text)
{
	TrustTag   *tag = palloc0(sizeof(TrustTag));
	JurLabelError error;
	int			pos = 0;
	int			used;
	int			year;
	int			month;
	int			day;
	int			size;

	while (text[pos] == ' ')
		pos++;
	if (!take_word(text, &pos, "trusted"))
		return NULL;
	tag->label = jur_label_parse_prefix(text + pos, &used, &error);
	if (tag->label == NULL)
		return NULL;
	pos += used;
	if (!take_word(text, &pos, "until") ||
		sscanf(text + pos, "%4d-%2d-%2d%n", &year, &month, &day, &size) != 3 ||
		size != 10 || !IS_VALID_JULIAN(year, month, day) || month > 12 || day > 31)
		return NULL;
	tag->date = pnstrdup(text + pos, size);
	tag->until = ((TimestampTz) date2j(year, month, day) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	pos += size;
	while (text[pos] == ' ')
		pos++;
	if (take_word(text, &pos, "sha256"))
	{
		tag->digest = pstrdup(text + pos);
		if (strlen(tag->digest) != PG_SHA256_DIGEST_LENGTH * 2)
			return NULL;
		return tag;
	}
	return text[pos] == '\0' ? tag : NULL;
}

/* -------------------------------------------------------------------- digest */

static void
add_part(StringInfo text, HeapTuple tuple, AttrNumber attnum, Oid type)
{
	bool		isnull;
	Datum		datum = SysCacheGetAttr(PROCOID, tuple, attnum, &isnull);
	Oid			output;
	bool		is_varlena;
	char	   *value;

	if (isnull)
	{
		appendStringInfoString(text, "-;");
		return;
	}
	getTypeOutputInfo(type, &output, &is_varlena);
	value = OidOutputFunctionCall(output, datum);
	appendStringInfo(text, "%zu:%s;", strlen(value), value);
}

/* names rather than OIDs where they differ between a dump and its restore */
static char *
digest_of(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc proc;
	StringInfoData text;
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char	   *hex = palloc0(PG_SHA256_DIGEST_LENGTH * 2 + 1);
	bool		done;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	initStringInfo(&text);
	appendStringInfo(&text, "%s;%s;%s;%c%c%c%c%c;",
					 format_procedure_qualified(function),
					 GetUserNameFromId(proc->proowner, false),
					 get_language_name(proc->prolang, false),
					 proc->prokind, proc->prosecdef ? 't' : 'f', proc->provolatile,
					 proc->proparallel, proc->proleakproof ? 't' : 'f');
	appendStringInfo(&text, "%s;", format_type_extended(proc->prorettype, -1,
														FORMAT_TYPE_FORCE_QUALIFY));
	add_part(&text, tuple, Anum_pg_proc_prosrc, TEXTOID);
	add_part(&text, tuple, Anum_pg_proc_probin, TEXTOID);
	add_part(&text, tuple, Anum_pg_proc_proconfig, TEXTARRAYOID);
	add_part(&text, tuple, Anum_pg_proc_prosqlbody, TEXTOID);
	ReleaseSysCache(tuple);

	done = hash != NULL && pg_cryptohash_init(hash) == 0 &&
		pg_cryptohash_update(hash, (uint8 *) text.data, text.len) == 0 &&
		pg_cryptohash_final(hash, digest, sizeof(digest)) == 0;
	pg_cryptohash_free(hash);
	if (!done)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a digest")));
	hex_encode((const char *) digest, sizeof(digest), hex);
	return hex;
}

/* ------------------------------------------------------------------- tagging */

static bool
fixes_search_path(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		isnull;
	Datum		config = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &isnull);
	bool		fixes = !isnull &&
		strstr(OidOutputFunctionCall(F_ARRAY_OUT, config), "search_path=") != NULL;

	ReleaseSysCache(tuple);
	return fixes;
}

/*
 * SECURITY LABEL ON FUNCTION: officers only.  The digest becomes part of the
 * tag; a dump carries it, and restoring it on a changed function trusts
 * nothing.
 */
void
jur_tag_function(const ObjectAddress *address, const char *text)
{
	char	   *name = format_procedure(address->objectId);
	char	   *stored = NULL;
	const char *unknown;

	if (!jur_is_restoring())
		jur_require_officer("trust a function");
	if (text)
	{
		TrustTag   *tag = parse_tag(text);

		if (tag == NULL)
			ereport(ERROR,
					(errcode(JUR_ERR_ARGUMENT),
					 errmsg("invalid jurisdiction tag: \"%s\"", text), errhint(GRAMMAR)));
		unknown = jur_unknown_code(jur_policy(), tag->label);
		if (unknown && !jur_is_restoring())
			ereport(ERROR,
					(errcode(JUR_ERR_ARGUMENT),
					 errmsg("jurisdiction tag names an unknown code: \"%s\"", unknown)));
		if (!fixes_search_path(address->objectId))
			ereport(ERROR,
					(errcode(JUR_ERR_ARGUMENT),
					 errmsg("function %s does not fix its search_path", name),
					 errdetail("What it calls could be replaced by whoever calls it."),
					 errhint("Use ALTER FUNCTION ... SET search_path = pg_catalog, pg_temp, and qualify names in its body.")));
		stored = psprintf("trusted %s until %s sha256 %s", jur_label_text(tag->label),
						  tag->date, tag->digest ? tag->digest :
						  digest_of(address->objectId));
	}
	SetSecurityLabel(address, JUR_PROVIDER, stored);
	/* nobody else caches what is there, so this tells every backend */
	jur_relation_changed(SecLabelRelationId);
	jur_recorded("tag", psprintf("function %s", name), stored ? stored : "(removed)");
}

/* --------------------------------------------------------------------- cache */

static void
note_change(JurChange change, Oid relid)
{
	if (change == JUR_CHANGED_TAGS && (relid == SecLabelRelationId || !OidIsValid(relid)))
		changes++;
}

static HTAB *
read_trusted(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid),.entrysize = sizeof(TrustEntry)};
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;
	HTAB	   *table;

	control.hcxt = CurrentMemoryContext;
	table = hash_create("jurisdiction trusted functions", 16, &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	catalog = table_open(SecLabelRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		FormData_pg_seclabel *row = (FormData_pg_seclabel *) GETSTRUCT(tuple);
		bool		isnull;
		Datum		provider = heap_getattr(tuple, Anum_pg_seclabel_provider,
											RelationGetDescr(catalog), &isnull);
		TrustEntry *entry;

		if (row->classoid != ProcedureRelationId || isnull ||
			strcmp(TextDatumGetCString(provider), JUR_PROVIDER) != 0)
			continue;
		entry = hash_search(table, &row->objoid, HASH_ENTER, NULL);
		entry->tag = parse_tag(TextDatumGetCString(heap_getattr(tuple, Anum_pg_seclabel_label,
																RelationGetDescr(catalog),
																&isnull)));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return table;
}

static void
load(void)
{
	MemoryContext fresh = AllocSetContextCreate(CurrentMemoryContext,
												"jurisdiction trusted functions",
												ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(fresh);
	/* of what changes while we read, we may have read too early */
	uint64		seen = changes;
	HTAB	   *loaded;

	loaded = read_trusted();
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(fresh, TopMemoryContext);
	if (context)
		MemoryContextDelete(context);
	context = fresh;
	trusted = loaded;
	changes_known = seen;
}

static const TrustTag *
tag_of(Oid function)
{
	TrustEntry *entry;

	if (function < FirstNormalObjectId || !IsTransactionState() || !jur_is_installed())
		return NULL;
	if (changes_known != changes)
		load();
	entry = hash_search(trusted, &function, HASH_FIND, NULL);
	return entry ? entry->tag : NULL;
}

bool
jur_is_trusted(Oid function)
{
	return tag_of(function) != NULL;
}

/* ------------------------------------------------------------------- calling */

/* does the tag still hold for what the function is now? */
static bool
holds(const TrustTag *tag, Oid function)
{
	char	   *digest;

	if (tag->digest == NULL || tag->until <= GetCurrentStatementStartTimestamp())
		return false;
	digest = digest_of(function);
	return digest && strcmp(digest, tag->digest) == 0;
}

static void
begin_call(FmgrInfo *flinfo, Datum *is_in)
{
	const TrustTag *tag = tag_of(flinfo->fn_oid);

	*is_in = BoolGetDatum(false);
	if (tag == NULL)
		return;
	if (!holds(tag, flinfo->fn_oid))
	{
		jur_recorded("untrusted", format_procedure(flinfo->fn_oid),
					 "its tag has ended, or it has changed since it was tagged");
		return;
	}
	jur_count(JUR_COUNT_EXEMPTIONS, 1);
	jur_recorded("trusted", format_procedure(flinfo->fn_oid), jur_label_text(tag->label));
	jur_trust_begin(psprintf("trusted function %s", format_procedure(flinfo->fn_oid)),
					tag->label);
	*is_in = BoolGetDatum(true);
}

static void
on_call(FmgrHookEventType event, FmgrInfo *flinfo, Datum *private)
{
	struct
	{
		Datum		is_in;
		Datum		next;
	}		   *mine = (void *) DatumGetPointer(*private);

	switch (event)
	{
		case FHET_START:
			if (mine == NULL)
			{
				mine = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(*mine));
				*private = PointerGetDatum(mine);
			}
			if (prev_fmgr)
				prev_fmgr(event, flinfo, &mine->next);
			begin_call(flinfo, &mine->is_in);
			break;
		case FHET_END:
		case FHET_ABORT:
			if (mine && DatumGetBool(mine->is_in))
			{
				jur_trust_end();
				mine->is_in = BoolGetDatum(false);
			}
			if (prev_fmgr)
				prev_fmgr(event, flinfo, &mine->next);
			break;
	}
}

void
jur_enforce_trusted_init(void)
{
	prev_fmgr = fmgr_hook;
	fmgr_hook = on_call;
	jur_on_change(note_change);
}
