/*-------------------------------------------------------------------------
 *
 * policy_compile.c
 *	  Idea: rows become a policy that is quick to ask, or none at all (pure).
 *
 * The triggers of the tables refuse what makes no sense.  It is looked at
 * once more here, since a row that could not be understood and was left out
 * would be a prohibition that nobody sees missing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/policy_internal.h"

static bool
has_bit(const uint64 *words, int bit)
{
	return ((words[bit / 64] >> (bit % 64)) & 1) != 0;
}

static void
set_bit(uint64 *words, int bit)
{
	words[bit / 64] |= UINT64CONST(1) << (bit % 64);
}

/* --- places ------------------------------------------------------------- */

static bool
compile_places(JurPolicy *policy, const JurPolicyRows *rows, char **error)
{
	int			i;

	for (i = 0; i < rows->nplaces; i++)
		if (jur_code_add(&policy->places, rows->places[i].code) != i)
		{
			*error = psprintf("Place \"%s\" is there twice.", rows->places[i].code);
			return false;
		}
	policy->countries = palloc(sizeof(int) * (rows->nplaces + 1));
	policy->uses = palloc0(rows->nplaces + 1);
	for (i = 0; i < rows->nplaces; i++)
	{
		const JurPlaceRow *row = &rows->places[i];
		int			country = jur_country_number(&policy->places, row->code);

		if (strcmp(row->kind, "country") != 0 && strcmp(row->kind, "group") != 0 &&
			strcmp(row->kind, "subdivision") != 0)
		{
			*error = psprintf("Place \"%s\" is of an unknown kind, \"%s\".",
							  row->code, row->kind);
			return false;
		}
		if (country < 0 && strcmp(row->kind, "subdivision") == 0)
		{
			*error = psprintf("Subdivision \"%s\" lies in no country of jurisdiction.place.",
							  row->code);
			return false;
		}
		policy->countries[i] = country;
	}
	return true;
}

static bool
find_place(const JurPolicy *policy, const char *code, const char *where,
		   int *place, char **error)
{
	*place = jur_code_find(&policy->places, code);
	if (*place < 0)
		*error = psprintf("%s names \"%s\", which is not in jurisdiction.place.",
						  where, code);
	return *place >= 0;
}

/* the stays of each member side by side, members in the order of places */
static bool
compile_memberships(JurPolicy *policy, const JurPolicyRows *rows, char **error)
{
	int			nplaces = policy->places.ncodes;
	int		   *next = palloc0(sizeof(int) * (nplaces + 2));
	int			i;

	policy->stays = palloc(sizeof(JurStay) * (rows->nmemberships + 1));
	/* count each member's, two places further on ... */
	for (i = 0; i < rows->nmemberships; i++)
	{
		int			member;

		if (!find_place(policy, rows->memberships[i].member, "A membership",
						&member, error))
			return false;
		next[member + 2]++;
	}
	/* ... so that each begins after those before it, one further on ... */
	for (i = 2; i < nplaces + 2; i++)
		next[i] += next[i - 1];
	/* ... and putting them there moves the beginnings to where they belong */
	for (i = 0; i < rows->nmemberships; i++)
	{
		const JurMembershipRow *row = &rows->memberships[i];
		int			member = jur_code_find(&policy->places, row->member);
		JurStay    *stay = &policy->stays[next[member + 1]++];

		if (!find_place(policy, row->grp, "A membership", &stay->grp, error))
			return false;
		stay->from = row->from;
		stay->until = row->until;
	}
	policy->first_stays = next;
	return true;
}

/* --- categories --------------------------------------------------------- */

/* marks ABOVE and all that is broader as having NARROW under it */
static void
mark_broader(JurPolicy *policy, const JurPolicyRows *rows, int above,
			 int narrow)
{
	const JurCategoryRow *row = &rows->categories[above];
	uint64	   *words = &policy->narrower[above * policy->nwords];
	int			i;

	if (has_bit(words, narrow))
		return;					/* been here, perhaps in a circle */
	set_bit(words, narrow);
	for (i = 0; i < row->nbroader; i++)
		mark_broader(policy, rows,
					 jur_code_find(&policy->categories, row->broader[i]),
					 narrow);
}

static bool
compile_categories(JurPolicy *policy, const JurPolicyRows *rows, char **error)
{
	int			n = rows->ncategories;
	int			i;
	int			j;

	for (i = 0; i < n; i++)
		if (jur_code_add(&policy->categories, rows->categories[i].code) != i)
		{
			*error = psprintf("Category \"%s\" is there twice.",
							  rows->categories[i].code);
			return false;
		}
	for (i = 0; i < n; i++)
		for (j = 0; j < rows->categories[i].nbroader; j++)
			if (!jur_category_is_known(policy, rows->categories[i].broader[j]))
			{
				*error = psprintf("Category \"%s\" names \"%s\" as broader, which is not in jurisdiction.category.",
								  rows->categories[i].code,
								  rows->categories[i].broader[j]);
				return false;
			}
	policy->nwords = Max((n + 63) / 64, 1);
	policy->narrower = palloc0(sizeof(uint64) * policy->nwords * Max(n, 1));
	policy->wanted = palloc0(sizeof(uint64) * policy->nwords);
	for (i = 0; i < n; i++)
		mark_broader(policy, rows, i, i);
	return true;
}

/* --- rules -------------------------------------------------------------- */

static bool
compile_categories_of(JurPolicy *policy, const JurRuleRow *row, JurRule *rule,
					  char **error)
{
	uint64	   *words;
	int			i;
	int			j;

	if (row->ncategories < 0)
		return true;
	words = palloc0(sizeof(uint64) * policy->nwords);
	for (i = 0; i < row->ncategories; i++)
	{
		int			category = jur_code_find(&policy->categories,
											 row->categories[i]);

		if (category < 0)
		{
			*error = psprintf("Transfer rule " INT64_FORMAT " names \"%s\", which is not in jurisdiction.category.",
							  row->id, row->categories[i]);
			return false;
		}
		for (j = 0; j < policy->nwords; j++)
			words[j] |= policy->narrower[category * policy->nwords + j];
	}
	rule->categories = words;
	return true;
}

static void
compile_purposes_of(JurPolicy *policy, const JurRuleRow *row, JurRule *rule)
{
	int		   *numbers;
	int			i;

	if (row->npurposes < 0)
		return;
	numbers = palloc(sizeof(int) * Max(row->npurposes, 1));
	for (i = 0; i < row->npurposes; i++)
		numbers[i] = jur_code_add(&policy->purposes, row->purposes[i]);
	rule->purposes = numbers;
	rule->npurposes = row->npurposes;
}

/* effect, actions, level: words of which there are only so many */
static bool
compile_words_of(const JurRuleRow *row, JurRule *rule, char **error)
{
	bool		is_allow = strcmp(row->effect, "allow") == 0;
	JurAction	action;
	int			i;

	rule->effect = is_allow ? JUR_EFFECT_ALLOW : JUR_EFFECT_DENY;
	if (!is_allow && strcmp(row->effect, "deny") != 0)
	{
		*error = psprintf("Transfer rule " INT64_FORMAT " has effect \"%s\", neither allow nor deny.",
						  row->id, row->effect);
		return false;
	}
	for (i = 0; i < row->nactions; i++)
	{
		if (!jur_action_by_name(row->actions[i], &action))
		{
			*error = psprintf("Transfer rule " INT64_FORMAT " has an unknown action, \"%s\".",
							  row->id, row->actions[i]);
			return false;
		}
		rule->actions |= 1 << action;
	}
	rule->max_level = JUR_SECRET;
	if (row->max_level == NULL)
		return true;
	for (i = JUR_PUBLIC; i <= JUR_SECRET; i++)
		if (strcmp(row->max_level, jur_level_name((JurLevel) i)) == 0)
		{
			rule->max_level = i;
			return true;
		}
	*error = psprintf("Transfer rule " INT64_FORMAT " has an unknown max_level, \"%s\".",
					  row->id, row->max_level);
	return false;
}

static bool
compile_rule(JurPolicy *policy, const JurRuleRow *row, JurRule *rule,
			 char **error)
{
	const char *where = psprintf("Transfer rule " INT64_FORMAT, row->id);

	rule->id = row->id;
	rule->from = row->from;
	rule->until = row->until;
	rule->basis = pstrdup(row->basis);
	compile_purposes_of(policy, row, rule);
	if (!find_place(policy, row->origin, where,
					&rule->origin, error) ||
		!find_place(policy, row->destination, where,
					&rule->destination, error) ||
		!compile_words_of(row, rule, error) ||
		!compile_categories_of(policy, row, rule, error))
		return false;
	/* a limit that only narrows an allow would narrow a prohibition as well */
	if (rule->effect == JUR_EFFECT_DENY &&
		(row->max_level || row->npurposes >= 0))
	{
		*error = psprintf("%s denies, and must have neither max_level nor purposes.",
						  where);
		return false;
	}
	policy->uses[rule->origin] |= JUR_USED_AS_ORIGIN(rule->effect);
	policy->uses[rule->destination] |= JUR_USED_AS_DESTINATION(rule->effect);
	return true;
}

/* --- routes ------------------------------------------------------------- */

static bool
same_route(const JurRoute *route, int effect, int origin, int destination)
{
	return route->origin == origin && route->destination == destination &&
		route->effect == effect;
}

static uint32
hash_route(int effect, int origin, int destination)
{
	uint64		key = (uint64) origin << 32 | (uint32) destination;

	key = key * 2 + effect;
	return (uint32) ((key * UINT64CONST(0x9E3779B97F4A7C15)) >> 32);
}

/* the route's slot, or the free one where it would be */
static JurRoute *
route_slot(const JurPolicy *policy, int effect, int origin, int destination)
{
	uint32		at = hash_route(effect, origin, destination);

	at &= policy->route_mask;
	while (policy->routes[at].count > 0 &&
		   !same_route(&policy->routes[at], effect, origin, destination))
		at = (at + 1) & policy->route_mask;
	return &policy->routes[at];
}

const JurRoute *
jur_route(const JurPolicy *policy, JurEffect effect, int origin,
		  int destination)
{
	const JurRoute *route = route_slot(policy, effect, origin, destination);

	return route->count > 0 ? route : NULL;
}

static int
compare_rules(const void *a, const void *b)
{
	const JurRule *x = a;
	const JurRule *y = b;

	if (x->origin != y->origin)
		return x->origin < y->origin ? -1 : 1;
	if (x->destination != y->destination)
		return x->destination < y->destination ? -1 : 1;
	if (x->effect != y->effect)
		return x->effect < y->effect ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static bool
compile_rules(JurPolicy *policy, const JurPolicyRows *rows, char **error)
{
	uint32		nslots = 16;
	int			i;

	policy->nrules = rows->nrules;
	policy->rules = palloc0(sizeof(JurRule) * Max(rows->nrules, 1));
	for (i = 0; i < rows->nrules; i++)
		if (!compile_rule(policy, &rows->rules[i], &policy->rules[i], error))
			return false;
	qsort(policy->rules, policy->nrules, sizeof(JurRule), compare_rules);

	while (nslots < (uint32) policy->nrules * 2)
		nslots *= 2;
	policy->route_mask = nslots - 1;
	policy->routes = palloc0(sizeof(JurRoute) * nslots);
	for (i = 0; i < policy->nrules; i++)
	{
		const JurRule *rule = &policy->rules[i];
		JurRoute   *route = route_slot(policy, rule->effect, rule->origin,
									   rule->destination);

		if (route->count++ > 0)
			continue;
		route->origin = rule->origin;
		route->destination = rule->destination;
		route->effect = rule->effect;
		route->first = i;
	}
	return true;
}

/* --- boundaries --------------------------------------------------------- */

static int
compare_moments(const void *a, const void *b)
{
	TimestampTz x = *(const TimestampTz *) a;
	TimestampTz y = *(const TimestampTz *) b;

	return x < y ? -1 : x > y;
}

static void
add_boundaries(JurPolicy *policy, TimestampTz from, TimestampTz until)
{
	if (from >= until)
		return;
	if (!TIMESTAMP_NOT_FINITE(from))
		policy->boundaries[policy->nboundaries++] = from;
	if (!TIMESTAMP_NOT_FINITE(until))
		policy->boundaries[policy->nboundaries++] = until;
}

static void
compile_boundaries(JurPolicy *policy, const JurPolicyRows *rows)
{
	int			i;

	policy->boundaries = palloc(sizeof(TimestampTz) * 2 *
								Max(rows->nrules + rows->nmemberships, 1));
	for (i = 0; i < rows->nrules; i++)
		add_boundaries(policy, rows->rules[i].from, rows->rules[i].until);
	for (i = 0; i < rows->nmemberships; i++)
		add_boundaries(policy, rows->memberships[i].from,
					   rows->memberships[i].until);
	qsort(policy->boundaries, policy->nboundaries, sizeof(TimestampTz),
		  compare_moments);
}

TimestampTz
jur_policy_boundary(const JurPolicy *policy, TimestampTz moment)
{
	int			low = 0;
	int			high = policy->nboundaries;

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

/* --- all ---------------------------------------------------------------- */

static JurClosure *
make_closure(int nplaces)
{
	JurClosure *closure = palloc0(sizeof(JurClosure));

	closure->places = palloc(sizeof(int) * (nplaces + 1));
	closure->stamps = palloc0(sizeof(uint64) * (nplaces + 1));
	return closure;
}

JurPolicy *
jur_policy_compile(const JurPolicyRows *rows, char **error)
{
	JurPolicy  *policy = palloc0(sizeof(JurPolicy));

	if (!compile_places(policy, rows, error) ||
		!compile_memberships(policy, rows, error) ||
		!compile_categories(policy, rows, error) ||
		!compile_rules(policy, rows, error))
		return NULL;
	compile_boundaries(policy, rows);
	policy->origins = make_closure(rows->nplaces);
	policy->arrivals = make_closure(rows->nplaces);
	return policy;
}
