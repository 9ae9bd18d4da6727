/*-------------------------------------------------------------------------
 *
 * places.c
 *	  Idea: which place covers which, by date (pure over a compiled policy).
 *
 * p covers q if they are the same, q is a subdivision of p, or q or something
 * that covers it is a member of p on the day (UTC) of the moment.  Days are
 * whole: what begins or ends, begins or ends at 00:00 UTC.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/policy_internal.h"

static int64
day_of(TimestampTz moment)
{
	int64		day = moment / USECS_PER_DAY;

	/* division rounds towards 2000-01-01, days begin at their beginning */
	return moment % USECS_PER_DAY < 0 ? day - 1 : day;
}

int
jur_country_number(const JurCodes *places, const char *code)
{
	char		country[3];

	if (strlen(code) < 4 || code[2] != '-')
		return -1;
	country[0] = code[0];
	country[1] = code[1];
	country[2] = '\0';
	return jur_code_find(places, country);
}

static void
add_to_closure(JurClosure *closure, int place)
{
	if (place < 0 || closure->stamps[place] == closure->stamp)
		return;
	closure->stamps[place] = closure->stamp;
	closure->places[closure->count++] = place;
}

/*
 * Each place enters once, so memberships that lead back to where they came
 * from end there.
 */
void
jur_close_place(const JurPolicy *policy, JurClosure *closure, int place,
				TimestampTz moment)
{
	int64		day = day_of(moment);
	int			next;

	if (closure->place == place && closure->day == day && closure->stamp != 0)
		return;
	closure->place = place;
	closure->day = day;
	closure->count = 0;
	closure->stamp++;
	add_to_closure(closure, place);
	for (next = 0; next < closure->count; next++)
	{
		int			member = closure->places[next];
		int			stay;

		add_to_closure(closure, policy->countries[member]);
		for (stay = policy->first_stays[member];
			 stay < policy->first_stays[member + 1]; stay++)
			if (policy->stays[stay].from <= moment &&
				moment < policy->stays[stay].until)
				add_to_closure(closure, policy->stays[stay].grp);
	}
}

bool
jur_in_closure(const JurClosure *closure, int place)
{
	return place >= 0 && closure->stamps[place] == closure->stamp;
}

/* a code in no registry covers itself, and lies in its country */
bool
jur_covers(const JurPolicy *policy, const char *place, const char *other,
		   TimestampTz moment)
{
	int			covered = jur_code_find(&policy->places, other);

	if (strcmp(place, other) == 0)
		return true;
	if (covered < 0)
		covered = jur_country_number(&policy->places, other);
	jur_close_place(policy, policy->arrivals, covered, moment);
	return jur_in_closure(policy->arrivals,
						  jur_code_find(&policy->places, place));
}

bool
jur_place_is_known(const JurPolicy *policy, const char *place)
{
	return jur_code_find(&policy->places, place) >= 0;
}

bool
jur_category_is_known(const JurPolicy *policy, const char *category)
{
	return jur_code_find(&policy->categories, category) >= 0;
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

int
jur_place_count(const JurPolicy *policy)
{
	return policy->places.ncodes;
}

const char *
jur_place_code(const JurPolicy *policy, int number)
{
	return policy->places.codes[number];
}
