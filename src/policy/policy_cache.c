/*-------------------------------------------------------------------------
 *
 * policy_cache.c
 *	  Idea: this database's policy in one memory context, swapped whole.
 *
 * An error while loading leaves the old one behind, and stale: it is tried
 * again at the next question, and nothing is decided meanwhile.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/errors.h"
#include "base/shmem.h"
#include "policy/policy_internal.h"

/* changes that we were told of; written by note_change() only */
static uint64 changes = 1;

/* the policy and what it knows of; written by load() only */
static JurPolicy *current = NULL;
static MemoryContext current_context = NULL;
static uint64 changes_known = 0;

/* the one before, kept for those who still hold a basis of it */
static MemoryContext previous_context = NULL;

static void
note_change(JurChange change, Oid relid)
{
	if (change == JUR_CHANGED_POLICY)
		changes++;
}

static JurPolicy *
read_and_compile(MemoryContext destination)
{
	MemoryContext rows_context = AllocSetContextCreate(CurrentMemoryContext,
													   "jurisdiction rows",
													   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(rows_context);
	JurPolicyRows *rows = jur_read_policy_rows();
	JurPolicy  *policy;
	char	   *error = NULL;

	MemoryContextSwitchTo(destination);
	policy = jur_policy_compile(rows, &error);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(rows_context);
	if (policy == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_POLICY_ROW),
				 errmsg("could not load the policy"),
				 errdetail("%s", error),
				 errhint("Until an officer mends the row, nothing is allowed.")));
	return policy;
}

static void
load(void)
{
	MemoryContext fresh = AllocSetContextCreate(CurrentMemoryContext,
												"jurisdiction policy",
												ALLOCSET_DEFAULT_SIZES);
	uint64		known = changes;
	JurPolicy  *loaded = read_and_compile(fresh);

	MemoryContextSetParent(fresh, TopMemoryContext);
	if (previous_context)
		MemoryContextDelete(previous_context);
	previous_context = current_context;
	current_context = fresh;
	current = loaded;
	/* what we were told of while reading, we may have read too early for */
	changes_known = known;
	jur_count(JUR_COUNT_POLICY_LOADS, 1);
}

const JurPolicy *
jur_policy(void)
{
	if (current == NULL || changes_known != changes)
		load();
	return current;
}

void
jur_policy_init(void)
{
	jur_on_change(note_change);
}
