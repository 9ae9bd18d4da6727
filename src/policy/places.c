/*-------------------------------------------------------------------------
 *
 * places.c
 *	  Idea: which place covers which, on a day (pure over a loaded policy).
 *
 * p covers q if they are the same, q is a subdivision of p, or q is a member
 * of p, through any number of groups, on the day of the moment (UTC).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/memutils.h"

#include "policy/policy_internal.h"

static int
id_of(HTAB *ids, const char *code)
{
	JurCodeEntry  *entry;

	if (strlen(code) > JUR_CODE_MAX)
		return JUR_UNREGISTERED;
	entry = hash_search(ids, code, HASH_FIND, NULL);
	return entry ? entry->id : JUR_UNREGISTERED;
}

int
jur_place_id(const JurPolicy *policy, const char *code)
{
	return id_of(policy->place_ids, code);
}

int
jur_category_id(const JurPolicy *policy, const char *code)
{
	return id_of(policy->category_ids, code);
}

bool
jur_ids_have(const JurIds *ids, int id)
{
	int			i;

	for (i = 0; i < ids->n; i++)
		if (ids->ids[i] == id)
			return true;
	return false;
}

TimestampTz
jur_policy_boundary(const JurPolicy *policy, TimestampTz moment)
{
	int			low = 0;
	int			high = policy->nboundaries;

	/* the first boundary after MOMENT */
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (policy->boundaries[middle] <= moment)
			low = middle + 1;
		else
			high = middle;
	}
	return low < policy->nboundaries ? policy->boundaries[low] : DT_NOEND;
}

static TimestampTz
boundary_before(const JurPolicy *policy, TimestampTz moment)
{
	int			i = policy->nboundaries;

	while (i > 0 && policy->boundaries[i - 1] > moment)
		i--;
	return i > 0 ? policy->boundaries[i - 1] : DT_NOBEGIN;
}

/*
 * Between two boundaries nothing turns, so what covers a place is worked out
 * once for each stretch of time that is asked about.
 */
static void
choose_stretch(JurPolicy *policy, TimestampTz moment)
{
	int			i;

	if (policy->memo_from != policy->memo_until &&
		moment >= policy->memo_from && moment < policy->memo_until)
		return;
	for (i = 0; i < policy->nplaces; i++)
		policy->places[i].has_ancestors = false;
	policy->memo_from = boundary_before(policy, moment);
	policy->memo_until = jur_policy_boundary(policy, moment);
}

static void
add_ancestor(JurIds *ids, int *room, int id)
{
	if (id == JUR_UNREGISTERED || jur_ids_have(ids, id))
		return;
	if (ids->n == *room)
	{
		*room *= 2;
		ids->ids = repalloc(ids->ids, sizeof(int) * *room);
	}
	ids->ids[ids->n++] = id;
}

const JurIds *
jur_ancestors(const JurPolicy *constant, int id, TimestampTz moment)
{
	JurPolicy  *policy = (JurPolicy *) constant;	/* the memo is not policy */
	JurPlace   *place = &policy->places[id];
	JurIds	   *ids = &place->ancestors;
	MemoryContext caller;
	int			room = 8;
	int			next;
	int			i;

	choose_stretch(policy, moment);
	if (place->has_ancestors)
		return ids;
	caller = MemoryContextSwitchTo(policy->context);
	if (ids->ids)
		pfree(ids->ids);
	ids->ids = palloc(sizeof(int) * room);
	ids->n = 0;
	add_ancestor(ids, &room, id);
	for (next = 0; next < ids->n; next++)
	{
		const JurPlace *member = &policy->places[ids->ids[next]];

		add_ancestor(ids, &room, member->country);
		for (i = 0; i < member->nmemberships; i++)
			if (member->memberships[i].from <= moment &&
				moment < member->memberships[i].until)
				add_ancestor(ids, &room, member->memberships[i].grp);
	}
	MemoryContextSwitchTo(caller);
	place->has_ancestors = true;
	return ids;
}

bool
jur_covers(const JurPolicy *policy, const char *place, const char *other,
		   TimestampTz moment)
{
	int			covered = jur_place_id(policy, other);
	int			covering = jur_place_id(policy, place);

	if (strcmp(place, other) == 0)
		return true;
	return covered != JUR_UNREGISTERED && covering != JUR_UNREGISTERED &&
		jur_ids_have(jur_ancestors(policy, covered, moment), covering);
}

bool
jur_place_is_known(const JurPolicy *policy, const char *place)
{
	int			id = jur_place_id(policy, place);

	return id != JUR_UNREGISTERED && policy->places[id].is_registered;
}

bool
jur_category_is_known(const JurPolicy *policy, const char *category)
{
	int			id = jur_category_id(policy, category);

	return id != JUR_UNREGISTERED && policy->categories[id].is_registered;
}

const char *
jur_unknown_code(const JurPolicy *policy, const JurLabel *label)
{
	int			i;
	int			j;

	for (i = 0; i < label->natoms; i++)
	{
		const JurAtom *atom = &label->atoms[i];

		if (!jur_place_is_known(policy, atom->place))
			return atom->place;
		for (j = 0; j < atom->ncategories; j++)
			if (!jur_category_is_known(policy, atom->categories[j]))
				return atom->categories[j];
		for (j = 0; j < atom->nreleases; j++)
			if (!jur_place_is_known(policy, atom->releases[j]))
				return atom->releases[j];
	}
	return NULL;
}
