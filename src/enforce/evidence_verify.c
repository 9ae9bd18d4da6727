/*-------------------------------------------------------------------------
 *
 * evidence_verify.c
 *	  Idea: the server checks its own log: signature, tree, entries, what
 *	  records say of older heads, and the index.
 *
 * It is the server that says so.  Who does not trust it takes the directory
 * and jurisdiction-verify, with a public key that he got another way.
 *
 * Every hash that the signed root rests on is compared with what it was made
 * of, from the root down to the entries: root, hashes of tiles by level,
 * leaves.  With FROM_SEQ the entries before it are left out, and their hashes
 * are compared all the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/evidence_reading.h"
#include "evidence/base64.h"
#include "evidence/evidence.h"

/* more are more of the same */
#define MAX_PROBLEMS	100
#define MAX_KEYS		256
/* how often it is said how far it is */
#define TELL_AFTER_MS	5000

typedef struct Check
{
	JurLogReader *reader;
	JurIndex   *index;
	uint64		from;
	uint64		size;
	uint64		dropped;		/* entries below were dropped, says a record */
	bool		knows_dropped;
	bool		is_whole;		/* GROUP has all bundles of its group so far */
	JurSummary	summary;
	JurSummary	group;
	ReturnSetInfo *result;
	int			problems;
	TimestampTz told;
} Check;

static void
put_row(Check *check, uint64 checked, const char *problem)
{
	Datum		values[3];
	bool		nulls[3] = {false, false, problem == NULL};

	values[0] = Int64GetDatum(checked);
	values[1] = Int64GetDatum(check->size);
	values[2] = problem ? CStringGetTextDatum(problem) : (Datum) 0;
	tuplestore_putvalues(check->result->setResult, check->result->setDesc, values, nulls);
}

static void report(Check *check, uint64 seq, const char *format,...) pg_attribute_printf(3, 4);

static void
report(Check *check, uint64 seq, const char *format,...)
{
	StringInfoData text;
	va_list		args;
	int			needed;

	if (check->problems++ >= MAX_PROBLEMS)
		return;
	initStringInfo(&text);
	do
	{
		va_start(args, format);
		needed = appendStringInfoVA(&text, format, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&text, needed);
	} while (needed > 0);
	put_row(check, seq, text.data);
	pfree(text.data);
}

static void
tell_progress(Check *check, uint64 seq)
{
	TimestampTz now = GetCurrentTimestamp();

	CHECK_FOR_INTERRUPTS();
	if (!TimestampDifferenceExceeds(check->told, now, TELL_AFTER_MS))
		return;
	check->told = now;
	ereport(NOTICE,
			(errmsg("checked " UINT64_FORMAT " of " UINT64_FORMAT " entries", seq, check->size),
			 errhint("To go on after a cancel: SELECT * FROM jurisdiction.verify_evidence(" UINT64_FORMAT ").", seq)));
}

/* --------------------------------------------------------------- signature */

/* is THEN, which a handover is of, an older head of this log? */
static bool
is_older_head(Check *check, const JurCheckpoint *then)
{
	JurHash		root;

	return then->size <= check->size &&
		strcmp(then->origin, jur_log_head(check->reader)->origin) == 0 &&
		jur_merkle_root(then->size, jur_log_hash, check->reader, &root) &&
		jur_merkle_equal(&root, &then->root);
}

/* the keys that may sign, oldest first */
typedef struct Signers
{
	Check	   *check;
	int			count;
	int			handovers;
	JurNoteKey	keys[MAX_KEYS];
} Signers;

static bool
follow_handover(void *arg, const char *note, size_t size)
{
	Signers    *signers = arg;
	JurCheckpoint then;
	JurNoteKey	next;
	int			n = signers->handovers++;

	if (!jur_handover_open(note, size, signers->keys, signers->count, &then, &next))
		report(signers->check, 0, "handover %d is signed by no key of this log", n);
	else if (!is_older_head(signers->check, &then))
		report(signers->check, 0, "handover %d is of another history", n);
	else
		signers->keys[signers->count++] = next;
	return signers->count < MAX_KEYS;
}

static void
check_signature(Check *check)
{
	Signers    *signers = palloc0(sizeof(Signers));
	JurLogError error;
	JurCheckpoint head;
	JurNoteStatus status = JUR_NOTE_UNSIGNED;
	size_t		size;
	const char *note = jur_log_note(check->reader, &size);
	int			count = jur_log_keys(check->reader, signers->keys, MAX_KEYS, &error);
	int			i;

	if (count <= 0)
	{
		report(check, 0, "%s", count < 0 ? error.text : "there is no key in \"keys\"");
		return;
	}
	/* the log's first one, which comes last in the file; others only by a handover */
	signers->keys[0] = signers->keys[count - 1];
	signers->count = 1;
	signers->check = check;
	if (!jur_log_handovers(check->reader, follow_handover, signers, &error))
		report(check, 0, "%s", error.text);
	for (i = signers->count - 1; i >= 0 && status == JUR_NOTE_UNSIGNED; i--)
		status = jur_checkpoint_open(note, size, &signers->keys[i], &head);
	if (status != JUR_NOTE_VERIFIED)
		report(check, 0, "the checkpoint is not signed by a key of this log");
}

/* ----------------------------------------------------------------- hashes */

static bool
get_hash(Check *check, int level, uint64 index, JurHash *hash)
{
	if (jur_log_hash(check->reader, level, index, hash))
		return true;
	report(check, index << level, "%s", jur_log_hash_error(check->reader)->text);
	return false;
}

/* what subtree INDEX of LEVEL has to be, by the hashes of the tile below */
static bool
get_hash_made(Check *check, int level, uint64 index, JurHash *hash)
{
	JurHash		left;
	JurHash		right;

	if (!get_hash(check, level - 1, 2 * index, &left) ||
		!get_hash(check, level - 1, 2 * index + 1, &right))
		return false;
	jur_merkle_node(&left, &right, hash);
	return true;
}

static void
check_root(Check *check)
{
	JurHash		root;

	if (!jur_merkle_root(check->size, jur_log_hash, check->reader, &root))
		report(check, 0, "%s", jur_log_hash_error(check->reader)->text);
	else if (!jur_merkle_equal(&root, &jur_log_head(check->reader)->root))
		report(check, 0, "the hashes of the tree do not give the root that the checkpoint signs");
}

/* the hashes of tiles that are made of the hashes of the level below */
static void
check_levels(Check *check)
{
	JurHash		hash;
	JurHash		made;
	int			level;
	uint64		index;

	for (level = 16; level < 64 && check->size >> level > 0; level += 8)
		for (index = 0; index < check->size >> level; index++)
		{
			tell_progress(check, check->from);
			if (!get_hash(check, level, index, &hash) ||
				!get_hash_made(check, level, index, &made))
				return;
			if (!jur_merkle_equal(&hash, &made))
				report(check, index << level,
					   "a hash of level %d of the tiles, over entries from " UINT64_FORMAT ", is not that of the level below",
					   level / 8, (uint64) (index << level));
		}
}

/* ---------------------------------------------------------------- records */

/* below which entries may be missing, says the newest record of a retention */
static uint64
dropped_below(Check *check)
{
	JurConditions conditions;
	JurEntry	entry;
	int64		below = 0;

	if (check->knows_dropped)
		return check->dropped;
	jur_no_conditions(&conditions);
	jur_add_condition(&conditions, JUR_TERM_ALL, JUR_TERM_EVENT,
					  CStringGetTextDatum("retention"), false, TEXTOID);
	if (jur_cursor_next(jur_cursor_open(&conditions, false), &entry))
		(void) jur_json_integer(entry.record.member[JUR_MEMBER_BELOW], &below);
	check->knows_dropped = true;
	check->dropped = Max(below, 0);
	return check->dropped;
}

/* a record that tells of an older head: the tree must have had it */
static void
check_head_told(Check *check, uint64 seq, const JurRecord *record)
{
	JurJson		text = record->member[JUR_MEMBER_ROOT];
	int64		size = -1;
	JurHash		told;
	JurHash		root;

	if (!jur_json_integer(record->member[JUR_MEMBER_SIZE], &size) || size < 0 || size > seq ||
		text.size < 2 ||
		jur_base64_get(text.text + 1, text.size - 2, told.bytes, JUR_HASH_SIZE) != JUR_HASH_SIZE)
		report(check, seq, "record " UINT64_FORMAT " tells of a head that cannot have been", seq);
	else if (!jur_merkle_root(size, jur_log_hash, check->reader, &root))
		report(check, seq, "%s", jur_log_hash_error(check->reader)->text);
	else if (!jur_merkle_equal(&root, &told))
		report(check, seq, "record " UINT64_FORMAT " tells of a head of " INT64_FORMAT " entries that this tree never had",
			   seq, size);
}

/* what it is found by becomes part of the summaries */
static void
check_entry(Check *check, uint64 seq, const uint8_t *data, size_t size)
{
	JurRecord	record;
	const char *error = jur_record_parse(data, size, &record);

	if (error)
	{
		report(check, seq, "entry " UINT64_FORMAT " is not a record: %s", seq, error);
		return;
	}
	jur_summary_add(&check->summary, &check->group, &record);
	if (jur_json_is(record.member[JUR_MEMBER_EVENT], "checkpoint") ||
		jur_json_is(record.member[JUR_MEMBER_EVENT], "retention"))
		check_head_told(check, seq, &record);
}

/* an index that hides entries from a search is worse than none */
static void
check_summary(Check *check, JurSummary *made)
{
	const JurSummary *known = jur_index_get(check->index, check->reader, made->kind, made->number);
	uint64		first = made->number << made->kind;
	JurLogError error;

	if (known && jur_summary_seal(made, check->reader, &error) &&
		!jur_summary_equal(known, made))
		report(check, first,
			   "the index of entries from " UINT64_FORMAT " is wrong: SELECT jurisdiction.rebuild_evidence_index()",
			   first);
}

/* each entry is read and parsed once, for everything that is checked of it */
static void
check_bundle(Check *check, uint64 bundle)
{
	uint64		first = bundle * JUR_BUNDLE;
	int			width = Min(JUR_BUNDLE, check->size - first);
	JurHash		stored[JUR_BUNDLE];
	JurHash		leaf;
	JurHash		subtree;
	JurLogError error;
	const uint8_t *data;
	size_t		size;
	int			i;

	for (i = 0; i < width; i++)
		if (!get_hash(check, 0, first + i, &stored[i]))
		{
			check->is_whole = false;
			return;
		}
	jur_summary_start(&check->summary, JUR_OF_BUNDLE, bundle);
	if (bundle % JUR_GROUP == 0)
	{
		jur_summary_start(&check->group, JUR_OF_GROUP, bundle / JUR_GROUP);
		check->is_whole = true;
	}
	for (i = 0; i < width; i++)
	{
		if (!jur_log_entry(check->reader, first + i, &data, &size, &error))
		{
			if (!error.is_missing || first + width > dropped_below(check))
				report(check, first + i, "%s", error.text);
			break;
		}
		jur_merkle_leaf(data, size, &leaf);
		if (!jur_merkle_equal(&leaf, &stored[i]))
			report(check, first + i, "entry " UINT64_FORMAT " is not the one that the tree was made of", first + i);
		check_entry(check, first + i, data, size);
	}
	check->is_whole &= i == width;
	if (width < JUR_BUNDLE)
		return;
	if (i == width)
		check_summary(check, &check->summary);
	if (check->is_whole && (bundle + 1) % JUR_GROUP == 0)
		check_summary(check, &check->group);
	if (!get_hash(check, 8, bundle, &subtree) ||
		!get_hash_made(check, 8, bundle, &leaf))
		return;
	if (!jur_merkle_equal(&subtree, &leaf))
		report(check, first, "the hash of entries from " UINT64_FORMAT " is not that of their hashes", first);
}

/* verify_evidence(from_seq) */
PG_FUNCTION_INFO_V1(jur_sql_verify_evidence);
Datum
jur_sql_verify_evidence(PG_FUNCTION_ARGS)
{
	int64		from = PG_GETARG_INT64(0);
	Check	   *check = palloc0(sizeof(Check));
	uint64		bundle;

	if (from < 0)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("from_seq must not be negative")));
	jur_begin_reading("jurisdiction.verify_evidence()",
					  psprintf("from " INT64_FORMAT, from));
	InitMaterializedSRF(fcinfo, 0);
	check->result = (ReturnSetInfo *) fcinfo->resultinfo;
	check->reader = jur_open_log_reader();
	check->index = jur_open_log_index();
	check->size = jur_log_head(check->reader)->size;
	check->from = from;
	check->told = GetCurrentTimestamp();
	check_signature(check);
	check_root(check);
	check_levels(check);
	for (bundle = from / JUR_BUNDLE; bundle * JUR_BUNDLE < check->size; bundle++)
	{
		tell_progress(check, bundle * JUR_BUNDLE);
		check_bundle(check, bundle);
		if (check->problems >= MAX_PROBLEMS)
			break;
	}
	if (check->problems == 0)
		put_row(check, check->size, NULL);
	return (Datum) 0;
}
