/*-------------------------------------------------------------------------
 *
 * session_decide.c
 *	  Idea: this session's decisions, each made once.
 *
 * A table has few distinct labels, so a decision is made per distinct label
 * and action and kept until jur_generation says that it may be another.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "storage/ipc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/shmem.h"
#include "base/varlena.h"
#include "session/session.h"
#include "session/session_internal.h"

/* beyond this many labels the cache starts afresh */
#define MAX_LABELS 20000

typedef struct LabelKey
{
	Size		size;
	const char *bytes;
} LabelKey;

typedef enum Known
{
	NOT_KNOWN = 0,				/* zero, so that a new entry is asked for */
	KNOWN_ALLOW,
	KNOWN_DENY
} Known;

typedef struct LabelEntry
{
	LabelKey	key;
	Known		known[JUR_NACTIONS];
} LabelEntry;

static MemoryContext context = NULL;
static HTAB *labels = NULL;
static uint64 generation = 0;

/*
 * Answers from the cache that are not counted yet: to write a counter that
 * every session writes takes longer than to answer.
 */
static uint64 hits = 0;

void
jur_count_hits(void)
{
	jur_count(JUR_COUNT_CACHE_HITS, hits);
	hits = 0;
}

static void
count_hits_at_exit(int code, Datum arg)
{
	jur_count_hits();
}

static uint32
hash_key(const void *key, Size keysize)
{
	const LabelKey *label = key;

	return hash_bytes((const unsigned char *) label->bytes, label->size);
}

static int
match_key(const void *a, const void *b, Size keysize)
{
	const LabelKey *x = a;
	const LabelKey *y = b;

	return x->size != y->size || memcmp(x->bytes, y->bytes, x->size) != 0;
}

static void
start_afresh(void)
{
	HASHCTL		control = {0};

	if (context == NULL)
	{
		context = AllocSetContextCreate(TopMemoryContext,
										"jurisdiction decisions",
										ALLOCSET_DEFAULT_SIZES);
		before_shmem_exit(count_hits_at_exit, (Datum) 0);
	}
	labels = NULL;
	MemoryContextReset(context);
	control.keysize = sizeof(LabelKey);
	control.entrysize = sizeof(LabelEntry);
	control.hash = hash_key;
	control.match = match_key;
	control.hcxt = context;
	labels = hash_create("jurisdiction decisions", 64, &control,
						 HASH_ELEM | HASH_FUNCTION | HASH_COMPARE |
						 HASH_CONTEXT);
	generation = jur_generation;
}

JurDecision
jur_decide_now(const JurLabel *label, JurAction action)
{
	const JurPolicy *policy = jur_policy();
	JurQuestion question = jur_question(action);

	jur_count(JUR_COUNT_DECISIONS, 1);
	jur_decisions_end(jur_policy_boundary(policy, question.moment));
	/* on a copy in another place nobody has asked whether it may lie there */
	if (action != JUR_STORE && jur_is_copy_elsewhere())
	{
		JurQuestion store = jur_question(JUR_STORE);
		JurDecision decision = jur_decide(policy, label, &store);

		if (decision.verdict != JUR_ALLOW)
			return decision;
	}
	return jur_decide(policy, label, &question);
}

/* decide in a context of its own: what the decision allocates is not kept */
static JurVerdict
decide_datum(Datum label, JurAction action)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "jurisdiction decision",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	JurVerdict	verdict;

	verdict = jur_decide_now(jur_label_of_datum(label), action).verdict;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return verdict;
}

JurVerdict
jur_admits_datum(Datum label, JurAction action)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(label);
	LabelKey	key = {VARSIZE_ANY_EXHDR(value), VARDATA_ANY(value)};
	LabelEntry *entry;
	JurVerdict	verdict;
	bool		found;

	/* the subject first: building it may begin a new generation */
	(void) jur_current_subject();
	if (labels == NULL || generation != jur_generation ||
		hash_get_num_entries(labels) >= MAX_LABELS)
		start_afresh();
	entry = hash_search(labels, &key, HASH_FIND, NULL);
	if (entry && entry->known[action] != NOT_KNOWN)
	{
		hits++;
		return entry->known[action] == KNOWN_ALLOW ? JUR_ALLOW : JUR_DENY;
	}
	verdict = decide_datum(label, action);
	/* deciding may have loaded a policy and begun another generation */
	if (generation != jur_generation)
		return verdict;
	if (entry == NULL)
	{
		char	   *bytes = MemoryContextAlloc(context, Max(key.size, 1));

		memcpy(bytes, key.bytes, key.size);
		key.bytes = bytes;
		entry = hash_search(labels, &key, HASH_ENTER, &found);
		memset(entry->known, 0, sizeof(entry->known));
	}
	entry->known[action] = verdict == JUR_ALLOW ? KNOWN_ALLOW : KNOWN_DENY;
	return verdict;
}
