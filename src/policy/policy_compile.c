/*-------------------------------------------------------------------------
 *
 * policy_compile.c
 *	  Idea: rows of policy become a structure that is quick to ask (pure).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/memutils.h"

#include "policy/policy_internal.h"

typedef struct PairEntry
{
	uint64		pair;			/* key: origin, destination */
	JurRule    *rules;
	JurRule    *last;
} PairEntry;

static HTAB *
code_table(const char *name, long size)
{
	HASHCTL		control = {.keysize = JUR_CODE_MAX + 1,.entrysize = sizeof(JurCodeEntry)};

	control.hcxt = CurrentMemoryContext;
	return hash_create(name, size, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

/* an empty policy in the current memory context */
JurPolicy *
jur_policy_new(void)
{
	JurPolicy  *policy = palloc0(sizeof(JurPolicy));
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(PairEntry)};

	policy->context = CurrentMemoryContext;
	policy->place_ids = code_table("jurisdiction places", 8192);
	policy->category_ids = code_table("jurisdiction categories", 256);
	control.hcxt = CurrentMemoryContext;
	policy->rules = hash_create("jurisdiction rules", 256, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	policy->memo_from = policy->memo_until = 0;
	return policy;
}

/* room for one more element, doubling; the array may be NULL at first */
static void *
grow(void *array, int n, Size size)
{
	if (n == 0)
		return palloc0(size * 16);
	if (n >= 16 && (n & (n - 1)) == 0)
	{
		array = repalloc(array, size * n * 2);
		memset((char *) array + size * n, 0, size * n);
	}
	return array;
}

int
jur_intern_place(JurPolicy *policy, const char *code)
{
	bool		found;
	JurCodeEntry  *entry = hash_search(policy->place_ids, code, HASH_ENTER, &found);
	char	   *country;
	int			id;

	if (found)
		return entry->id;
	id = entry->id = policy->nplaces;
	policy->places = grow(policy->places, policy->nplaces, sizeof(JurPlace));
	policy->nplaces++;
	policy->places[id].code = pstrdup(code);
	policy->places[id].country = JUR_UNREGISTERED;
	country = jur_country_of(code);
	if (country)
	{
		int			parent = jur_intern_place(policy, country);

		policy->places[id].country = parent;
	}
	return id;
}

int
jur_intern_category(JurPolicy *policy, const char *code)
{
	bool		found;
	JurCodeEntry  *entry = hash_search(policy->category_ids, code, HASH_ENTER, &found);

	if (found)
		return entry->id;
	entry->id = policy->ncategories;
	policy->categories = grow(policy->categories, policy->ncategories,
							  sizeof(JurCategory));
	policy->categories[policy->ncategories].code = pstrdup(code);
	return policy->ncategories++;
}

static void
add_boundary(JurPolicy *policy, TimestampTz when)
{
	if (TIMESTAMP_NOT_FINITE(when))
		return;
	policy->boundaries = grow(policy->boundaries, policy->nboundaries,
							  sizeof(TimestampTz));
	policy->boundaries[policy->nboundaries++] = when;
}

void
jur_compile_membership(JurPolicy *policy, const char *grp, const char *member,
					   TimestampTz from, TimestampTz until)
{
	int			group_id = jur_intern_place(policy, grp);
	int			member_id = jur_intern_place(policy, member);
	JurPlace   *place = &policy->places[member_id];

	place->memberships = grow(place->memberships, place->nmemberships,
							  sizeof(JurMembership));
	place->memberships[place->nmemberships].grp = group_id;
	place->memberships[place->nmemberships].from = from;
	place->memberships[place->nmemberships].until = until;
	place->nmemberships++;
	add_boundary(policy, from);
	add_boundary(policy, until);
}

static uint64
pair_of(int origin, int destination)
{
	return ((uint64) (uint32) origin << 32) | (uint32) destination;
}

/* rules come in order of id and stay so: the lowest that matches decides */
void
jur_compile_rule(JurPolicy *policy, const char *origin, const char *destination,
				 const JurRule *rule)
{
	uint64		pair = pair_of(jur_intern_place(policy, origin),
							   jur_intern_place(policy, destination));
	bool		found;
	PairEntry  *entry = hash_search(policy->rules, &pair, HASH_ENTER, &found);
	JurRule    *mine = palloc(sizeof(JurRule));

	*mine = *rule;
	mine->next = NULL;
	if (!found)
		entry->rules = mine;
	else
		entry->last->next = mine;
	entry->last = mine;
	add_boundary(policy, rule->from);
	add_boundary(policy, rule->until);
}

static int
compare_moments(const void *a, const void *b)
{
	TimestampTz x = *(const TimestampTz *) a;
	TimestampTz y = *(const TimestampTz *) b;

	return x < y ? -1 : x > y;
}

/* itself and everything broader; a cycle ends where it meets itself */
static void
close_category(JurPolicy *policy, int id)
{
	JurIds	   *ids = &policy->categories[id].ancestors;
	ListCell   *lc;
	int			next;

	ids->ids = palloc(sizeof(int) * policy->ncategories);
	ids->ids[0] = id;
	ids->n = 1;
	for (next = 0; next < ids->n; next++)
		foreach(lc, policy->categories[ids->ids[next]].broader)
			if (!jur_ids_have(ids, lfirst_int(lc)))
				ids->ids[ids->n++] = lfirst_int(lc);
}

void
jur_policy_finish(JurPolicy *policy)
{
	HASH_SEQ_STATUS seq;
	PairEntry  *entry;
	int			i;

	for (i = 0; i < policy->ncategories; i++)
		close_category(policy, i);
	if (policy->nboundaries > 0)
		qsort(policy->boundaries, policy->nboundaries, sizeof(TimestampTz),
			  compare_moments);
	policy->is_origin = palloc0(policy->nplaces + 1);
	hash_seq_init(&seq, policy->rules);
	while ((entry = hash_seq_search(&seq)) != NULL)
		policy->is_origin[entry->pair >> 32] = true;
}

const JurRule *
jur_rules_between(const JurPolicy *policy, int origin, int destination)
{
	uint64		pair = pair_of(origin, destination);
	PairEntry  *entry = hash_search(policy->rules, &pair, HASH_FIND, NULL);

	return entry ? entry->rules : NULL;
}
