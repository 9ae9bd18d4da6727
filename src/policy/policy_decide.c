/*-------------------------------------------------------------------------
 *
 * policy_decide.c
 *	  Idea: the decision: a function of policy, label and question (pure).
 *
 * For one atom arriving at one place, the first of these that applies:
 *
 *	1  its place or a category is in no registry		deny	default
 *	2  no clearance fits it, where one is needed		deny	clearance
 *	3  a deny rule matches								deny	rule
 *	4  its place covers the arrival						allow	home
 *	5  released to everybody							allow	release
 *	   arriving at an unknown place						deny	network
 *	   arriving at a place in no registry				deny	default
 *	   a release list: a listed place covers the arrival	allow	release
 *	   or none does										deny	release
 *	6  an allow rule matches							allow	rule
 *	7  nothing does										deny	default
 *
 * A rule matches if its origin covers the atom's place, its destination the
 * arrival, its actions have the action and its "during" the moment; and, to
 * deny, if some category of the atom is one of the rule's or narrower; to
 * allow, if all are, the level is within max_level and the session's purpose
 * is listed.  Of several, the one with the lowest id is named.
 *
 * A clearance fits if the level is within its level and it names each
 * category.  Here a broader category does not stand for narrower ones, as it
 * does in rules: category.broader is a vocabulary's, and an addition to it
 * must not clear people for what nobody cleared them for.
 *
 * A bypass exemption turns every "no" but the first into a "yes": a label that
 * names what is in no registry is a mistake, to be mended.  It does not lift
 * "store", which asks what may lie at the site, whoever puts it there.
 *
 * Ruling 17 (if a flows to b, then b allowed implies a allowed): a has b's
 * place, and at most its level and categories, and at least its releases.  So
 * at each step a "no" to a is a "no" to b, and a "yes" to b at 3 to 6 is met
 * by a at the same step: nothing in a step grows with what a has less of.
 * An exemption keeps this because what it does not lift comes first, and is in
 * b if it is in a.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/policy_internal.h"

/* one atom at one destination, with what several steps need of it */
typedef struct Case
{
	const JurPolicy *policy;
	const JurAtom *atom;
	const JurQuestion *question;
	const char *destination;	/* NULL: unknown */
	int			place;			/* of the atom; -1: in no registry */
	int			arrival;		/* -1: unknown, or in no registry */
	int			purpose;		/* -1: none, or one that no rule names */
} Case;

static bool
listed(const char *code, const char **codes, int ncodes)
{
	int			i;

	for (i = 0; i < ncodes; i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

/* --- preparations ------------------------------------------------------- */

/*
 * Numbers for codes, and what covers the two places.  A destination in no
 * registry lies in its country for the deny rules' sake.
 */
static void
look_up_places(Case *c)
{
	const JurPolicy *policy = c->policy;
	const char *purpose = c->question->subject->purpose;
	int			arrival = -1;

	c->place = jur_code_find(&policy->places, c->atom->place);
	c->arrival = -1;
	if (c->destination)
	{
		c->arrival = arrival = jur_code_find(&policy->places, c->destination);
		if (arrival < 0)
			arrival = jur_country_number(&policy->places, c->destination);
	}
	c->purpose = purpose ? jur_code_find(&policy->purposes, purpose) : -1;
	jur_close_place(policy, policy->origins, c->place, c->question->moment);
	jur_close_place(policy, policy->arrivals, arrival, c->question->moment);
}

/*
 * The atom's categories as bits; returns the first code of the atom that is
 * in no registry, or NULL.
 */
static const char *
look_up_categories(const Case *c)
{
	uint64	   *wanted = c->policy->wanted;
	int			i;

	if (c->place < 0)
		return c->atom->place;
	memset(wanted, 0, sizeof(uint64) * c->policy->nwords);
	for (i = 0; i < c->atom->ncategories; i++)
	{
		int			category = jur_code_find(&c->policy->categories,
											 c->atom->categories[i]);

		if (category < 0)
			return c->atom->categories[i];
		wanted[category / 64] |= UINT64CONST(1) << (category % 64);
	}
	return NULL;
}

/* --- clearance ---------------------------------------------------------- */

static bool
fits(const JurAtom *atom, const JurClearance *clearance)
{
	int			i;

	if (atom->level > clearance->level)
		return false;
	if (clearance->all_categories)
		return true;
	for (i = 0; i < atom->ncategories; i++)
		if (!listed(atom->categories[i], clearance->categories,
					clearance->ncategories))
			return false;
	return true;
}

/* one grant must fit the whole atom: grants do not mix */
static bool
is_cleared(const JurAtom *atom, const JurSubject *subject)
{
	int			i;

	for (i = 0; i < subject->nclearances; i++)
		if (fits(atom, &subject->clearances[i]))
			return true;
	return false;
}

/* --- rules -------------------------------------------------------------- */

static bool
categories_match(const Case *c, const JurRule *rule)
{
	const uint64 *wanted = c->policy->wanted;
	uint64		inside = 0;
	uint64		outside = 0;
	int			i;

	if (rule->categories == NULL)
		return true;
	for (i = 0; i < c->policy->nwords; i++)
	{
		inside |= wanted[i] & rule->categories[i];
		outside |= wanted[i] & ~rule->categories[i];
	}
	return rule->effect == JUR_EFFECT_ALLOW ? outside == 0 : inside != 0;
}

static bool
purpose_matches(const Case *c, const JurRule *rule)
{
	int			i;

	if (rule->purposes == NULL)
		return true;
	for (i = 0; c->purpose >= 0 && i < rule->npurposes; i++)
		if (rule->purposes[i] == c->purpose)
			return true;
	return false;
}

/* the places are the route's; compiling saw to it that a deny has no limits */
static bool
rule_matches(const Case *c, const JurRule *rule)
{
	return (rule->actions & (1 << c->question->action)) != 0 &&
		rule->from <= c->question->moment &&
		c->question->moment < rule->until &&
		(int) c->atom->level <= rule->max_level &&
		categories_match(c, rule) && purpose_matches(c, rule);
}

/* the matching rule with the lowest id, or NULL */
static const JurRule *
find_rule(const Case *c, JurEffect effect)
{
	const JurPolicy *policy = c->policy;
	int			as_origin = JUR_USED_AS_ORIGIN(effect);
	int			as_destination = JUR_USED_AS_DESTINATION(effect);
	const JurRule *found = NULL;
	int			i;
	int			j;
	int			k;

	for (i = 0; i < policy->origins->count; i++)
	{
		int			origin = policy->origins->places[i];

		if ((policy->uses[origin] & as_origin) == 0)
			continue;
		for (j = 0; j < policy->arrivals->count; j++)
		{
			int			destination = policy->arrivals->places[j];
			const JurRoute *route;

			if ((policy->uses[destination] & as_destination) == 0)
				continue;
			route = jur_route(policy, effect, origin, destination);
			for (k = 0; route && k < route->count; k++)
			{
				const JurRule *rule = &policy->rules[route->first + k];

				if (found && found->id <= rule->id)
					break;
				if (rule_matches(c, rule))
					found = rule;
			}
		}
	}
	return found;
}

/* --- one decision ------------------------------------------------------- */

static bool
is_released_there(const Case *c)
{
	const JurPolicy *policy = c->policy;
	int			i;

	for (i = 0; i < c->atom->nreleases; i++)
	{
		int			place = jur_code_find(&policy->places, c->atom->releases[i]);

		if (jur_in_closure(policy->arrivals, place))
			return true;
	}
	return false;
}

static void
decide_by(JurDecision *decision, JurVerdict verdict, JurDecidedBy by)
{
	decision->verdict = verdict;
	decision->decided_by = by;
}

static void
decide_by_rule(JurDecision *decision, const JurRule *rule)
{
	bool		allows = rule->effect == JUR_EFFECT_ALLOW;

	decide_by(decision, allows ? JUR_ALLOW : JUR_DENY, JUR_BY_RULE);
	decision->rule_id = rule->id;
	decision->basis = rule->basis;
}

/* steps 2 to 7 of the head comment */
static void
decide_case(const Case *c, JurDecision *decision)
{
	const JurQuestion *question = c->question;
	const JurRule *rule;

	if (question->needs_clearance && !is_cleared(c->atom, question->subject))
		decide_by(decision, JUR_DENY, JUR_BY_CLEARANCE);
	else if ((rule = find_rule(c, JUR_EFFECT_DENY)) != NULL)
		decide_by_rule(decision, rule);
	else if (c->arrival >= 0 && jur_in_closure(c->policy->arrivals, c->place))
		decide_by(decision, JUR_ALLOW, JUR_BY_HOME);
	else if (c->atom->release == JUR_RELEASE_ANY)
		decide_by(decision, JUR_ALLOW, JUR_BY_RELEASE);
	else if (c->destination == NULL)
		decide_by(decision, JUR_DENY, JUR_BY_NETWORK);
	else if (c->arrival < 0)
	{
		decision->unknown_code = c->destination;
		decide_by(decision, JUR_DENY, JUR_BY_DEFAULT);
	}
	else if (c->atom->release == JUR_RELEASE_LIST)
		decide_by(decision, is_released_there(c) ? JUR_ALLOW : JUR_DENY,
				  JUR_BY_RELEASE);
	else if ((rule = find_rule(c, JUR_EFFECT_ALLOW)) != NULL)
		decide_by_rule(decision, rule);
	else
		decide_by(decision, JUR_DENY, JUR_BY_DEFAULT);
}

/* the basis on which the atom is exempt: for all data, or by a trusted function */
static const char *
exempt_basis(const Case *c)
{
	const JurSubject *subject = c->question->subject;
	int			i;
	int			j;

	if (subject->exemption)
		return subject->exemption;
	for (i = 0; i < subject->ntrusts; i++)
		for (j = 0; j < subject->trusts[i].scope->natoms; j++)
			if (jur_atom_flows(c->atom, &subject->trusts[i].scope->atoms[j]))
				return subject->trusts[i].basis;
	return NULL;
}

/* a bypass exemption lifts any "no" of decide_case(), but not to storing */
static void
lift(const Case *c, JurDecision *decision)
{
	const char *basis = exempt_basis(c);

	if (decision->verdict == JUR_ALLOW || basis == NULL ||
		c->question->action == JUR_STORE)
		return;
	decide_by(decision, JUR_ALLOW, JUR_BY_EXEMPTION);
	decision->rule_id = 0;
	decision->basis = basis;
	decision->unknown_code = NULL;
}

JurDecision
jur_decide_atom(const JurPolicy *policy, const JurAtom *atom,
				const char *destination, const JurQuestion *question)
{
	JurDecision decision = {0};
	Case		c = {0};

	c.policy = policy;
	c.atom = atom;
	c.question = question;
	c.destination = destination;
	look_up_places(&c);
	decision.atom = atom;
	decision.destination = destination;
	/* step 1: as it was born, the decision is a "no" by default */
	decision.unknown_code = look_up_categories(&c);
	if (decision.unknown_code)
		return decision;
	decide_case(&c, &decision);
	lift(&c, &decision);
	return decision;
}

/* --- a whole label ------------------------------------------------------ */

/*
 * What of several allowed atoms speaks for the label: an exemption must be
 * recorded, a rule has a basis to cite, being at home goes without saying.
 */
static int
weight(const JurDecision *decision)
{
	switch (decision->decided_by)
	{
		case JUR_BY_EXEMPTION:
			return 4;
		case JUR_BY_PERMIT:
			return 3;
		case JUR_BY_RULE:
			return 2;
		case JUR_BY_RELEASE:
			return 1;
		case JUR_BY_HOME:
		case JUR_BY_DEFAULT:
		case JUR_BY_CLEARANCE:
		case JUR_BY_NETWORK:
		case JUR_BY_UNRESTRICTED:
		case JUR_BY_PARTY:
		case JUR_BY_THRESHOLD:
		case JUR_BY_TOKEN:
			break;
	}
	return 0;
}

/*
 * Every atom must be allowed at every destination; the first that is not
 * decides.  Arriving nowhere is arriving who knows where.
 */
JurDecision
jur_decide(const JurPolicy *policy, const JurLabel *label,
		   const JurQuestion *question)
{
	const JurArrival *arrival = question->arrival;
	bool		somewhere_unknown = arrival->unknown || arrival->nplaces == 0;
	int			ndestinations = arrival->nplaces + (somewhere_unknown ? 1 : 0);
	JurDecision answer = {0};
	int			i;
	int			j;

	if (label->natoms == 0)
	{
		decide_by(&answer, JUR_ALLOW, JUR_BY_UNRESTRICTED);
		return answer;
	}
	for (i = 0; i < label->natoms; i++)
		for (j = 0; j < ndestinations; j++)
		{
			bool		is_known = j < arrival->nplaces;
			JurDecision one = jur_decide_atom(policy, &label->atoms[i],
											  is_known ? arrival->places[j] : NULL,
											  question);

			if (one.verdict != JUR_ALLOW)
				return one;
			if (answer.verdict != JUR_ALLOW || weight(&one) > weight(&answer))
				answer = one;
		}
	return answer;
}
