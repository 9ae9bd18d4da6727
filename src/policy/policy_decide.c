/*-------------------------------------------------------------------------
 *
 * policy_decide.c
 *	  Idea: the decision: a function of label, question and policy (pure).
 *
 * For one atom at one destination, in this order:
 *
 *	1  a place or category that nobody registered		deny	default
 *	2  no clearance covers the atom						deny	clearance
 *	3  a deny rule matches								deny	rule
 *	4  the atom's place covers the destination			allow	home
 *	5  a release list: the destination is on it, or not	either	release
 *	6  an allow rule matches							allow	rule
 *	7  nothing does										deny	default
 *
 * At a destination that nobody knows, only ">*" allows.  A label is allowed
 * if each of its atoms is at each destination.
 *
 * Ruling 17: whatever a less restrictive label adds to an atom (a lower
 * level, fewer categories, more releases) can only turn a deny into an allow
 * at each step, never the reverse; ceilings and joins rest on that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/policy_internal.h"


/* what of an atom and a destination is worked out once for all steps */
typedef struct Case
{
	const JurPolicy *policy;
	const JurAtom *atom;
	const JurQuestion *question;
	int			place;
	int			destination;	/* JUR_UNREGISTERED: unknown, or no such code */
	const JurIds *origins;		/* what covers the atom's place */
	const JurIds *arrivals;		/* what covers the destination; NULL: nothing */
} Case;

/* does some category in OFFERED equal, or is it broader than, CATEGORY? */
static bool
covers_category(const JurPolicy *policy, const JurIds *offered, const char *category)
{
	int			id = jur_category_id(policy, category);
	const JurIds *ancestors;
	int			i;

	if (id == JUR_UNREGISTERED)
		return false;
	ancestors = &policy->categories[id].ancestors;
	for (i = 0; i < ancestors->n; i++)
		if (jur_ids_have(offered, ancestors->ids[i]))
			return true;
	return false;
}

static bool
all_categories_covered(const JurPolicy *policy, const JurIds *offered,
					   const JurAtom *atom)
{
	int			i;

	for (i = 0; i < atom->ncategories; i++)
		if (!covers_category(policy, offered, atom->categories[i]))
			return false;
	return true;
}

static bool
any_category_covered(const JurPolicy *policy, const JurIds *offered,
					 const JurAtom *atom)
{
	int			i;

	for (i = 0; i < atom->ncategories; i++)
		if (covers_category(policy, offered, atom->categories[i]))
			return true;
	return false;
}

/* ----------------------------------------------------------------- clearance */

static bool
clearance_names(const JurPolicy *policy, const JurClearance *clearance,
				const char *category)
{
	int			id = jur_category_id(policy, category);
	int			i;
	int			j;

	for (i = 0; i < clearance->ncategories; i++)
	{
		if (strcmp(clearance->categories[i], category) == 0)
			return true;
		for (j = 0; id != JUR_UNREGISTERED && j < policy->categories[id].ancestors.n; j++)
			if (strcmp(policy->categories[policy->categories[id].ancestors.ids[j]].code,
					   clearance->categories[i]) == 0)
				return true;
	}
	return false;
}

/* the atom must fit one grant whole: grants do not mix */
static bool
is_cleared(const Case *c)
{
	const JurSubject *subject = c->question->subject;
	int			i;
	int			j;

	for (i = 0; i < subject->nclearances; i++)
	{
		const JurClearance *clearance = &subject->clearances[i];

		if (c->atom->level > clearance->level)
			continue;
		for (j = 0; j < c->atom->ncategories; j++)
			if (!clearance->all_categories &&
				!clearance_names(c->policy, clearance, c->atom->categories[j]))
				break;
		if (j == c->atom->ncategories)
			return true;
	}
	return false;
}

/* --------------------------------------------------------------------- rules */

static bool
purpose_matches(const JurRule *rule, const char *purpose)
{
	int			i;

	if (rule->any_purpose)
		return true;
	for (i = 0; purpose && i < rule->npurposes; i++)
		if (strcmp(rule->purposes[i], purpose) == 0)
			return true;
	return false;
}

static bool
rule_matches(const Case *c, const JurRule *rule, bool is_deny)
{
	const JurQuestion *question = c->question;

	if (rule->is_deny != is_deny || !(rule->actions & (1u << question->action)) ||
		question->moment < rule->from || question->moment >= rule->until)
		return false;
	if (is_deny)
		return rule->any_category ||
			any_category_covered(c->policy, &rule->categories, c->atom);
	return (rule->max_level < 0 || (int) c->atom->level <= rule->max_level) &&
		(rule->any_category ||
		 all_categories_covered(c->policy, &rule->categories, c->atom)) &&
		purpose_matches(rule, question->subject->purpose);
}

/* the matching rule of the lowest id, or NULL */
static const JurRule *
find_rule(const Case *c, bool is_deny)
{
	const JurRule *found = NULL;
	const JurRule *rule;
	int			i;
	int			j;

	if (c->arrivals == NULL)
		return NULL;
	for (i = 0; i < c->origins->n; i++)
	{
		if (!c->policy->is_origin[c->origins->ids[i]])
			continue;
		for (j = 0; j < c->arrivals->n; j++)
			for (rule = jur_rules_between(c->policy, c->origins->ids[i],
										  c->arrivals->ids[j]);
				 rule; rule = rule->next)
				if ((found == NULL || rule->id < found->id) &&
					rule_matches(c, rule, is_deny))
				{
					found = rule;
					break;
				}
	}
	return found;
}

/* ------------------------------------------------------------------- one atom */

static const char *
unregistered(const Case *c)
{
	int			i;

	if (c->place == JUR_UNREGISTERED || !c->policy->places[c->place].is_registered)
		return c->atom->place;
	for (i = 0; i < c->atom->ncategories; i++)
		if (!jur_category_is_known(c->policy, c->atom->categories[i]))
			return c->atom->categories[i];
	return NULL;
}

static bool
is_released(const Case *c)
{
	int			i;

	if (c->atom->release == JUR_RELEASE_ANY)
		return true;
	for (i = 0; c->arrivals && i < c->atom->nreleases; i++)
	{
		int			id = jur_place_id(c->policy, c->atom->releases[i]);

		if (id != JUR_UNREGISTERED && jur_ids_have(c->arrivals, id))
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
	decide_by(decision, rule->is_deny ? JUR_DENY : JUR_ALLOW, JUR_BY_RULE);
	decision->rule_id = rule->id;
	decision->basis = rule->basis;
}

static void
decide_case(const Case *c, JurDecision *decision)
{
	const JurRule *rule;

	decision->unknown_code = unregistered(c);
	if (decision->unknown_code)
		decide_by(decision, JUR_DENY, JUR_BY_DEFAULT);
	else if (c->question->needs_clearance && !is_cleared(c))
		decide_by(decision, JUR_DENY, JUR_BY_CLEARANCE);
	else if ((rule = find_rule(c, true)) != NULL)
		decide_by_rule(decision, rule);
	else if (c->arrivals && jur_ids_have(c->arrivals, c->place))
		decide_by(decision, JUR_ALLOW, JUR_BY_HOME);
	else if (c->atom->release != JUR_RELEASE_BY_RULES)
		decide_by(decision, is_released(c) ? JUR_ALLOW : JUR_DENY, JUR_BY_RELEASE);
	else if ((rule = find_rule(c, false)) != NULL)
		decide_by_rule(decision, rule);
	else
		decide_by(decision, JUR_DENY,
				  decision->destination ? JUR_BY_DEFAULT : JUR_BY_NETWORK);
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
	c.place = jur_place_id(policy, atom->place);
	c.destination = destination ? jur_place_id(policy, destination) : JUR_UNREGISTERED;
	if (c.place != JUR_UNREGISTERED)
		c.origins = jur_ancestors(policy, c.place, question->moment);
	if (c.destination != JUR_UNREGISTERED)
		c.arrivals = jur_ancestors(policy, c.destination, question->moment);
	decision.atom = atom;
	decision.destination = destination;
	decide_case(&c, &decision);
	/* what lies at the site is judged by store alone: nobody is exempt */
	if (decision.verdict != JUR_ALLOW && question->subject->exemption &&
		question->action != JUR_STORE)
	{
		decide_by(&decision, JUR_ALLOW, JUR_BY_EXEMPTION);
		decision.rule_id = 0;
		decision.basis = question->subject->exemption;
	}
	return decision;
}

/* ------------------------------------------------------------------ the label */

JurDecision
jur_decide(const JurPolicy *policy, const JurLabel *label,
		   const JurQuestion *question)
{
	const JurArrival *arrival = question->arrival;
	JurDecision decision = {0};
	int			i;
	int			j;

	decide_by(&decision, JUR_ALLOW, JUR_BY_UNRESTRICTED);
	for (i = 0; i < label->natoms; i++)
	{
		for (j = 0; j < arrival->nplaces; j++)
		{
			decision = jur_decide_atom(policy, &label->atoms[i],
									   arrival->places[j], question);
			if (decision.verdict != JUR_ALLOW)
				return decision;
		}
		/* arriving nowhere is arriving who knows where */
		if (arrival->unknown || arrival->nplaces == 0)
			decision = jur_decide_atom(policy, &label->atoms[i], NULL, question);
		if (decision.verdict != JUR_ALLOW)
			return decision;
	}
	return decision;
}

/* --------------------------------------------------------------------- names */

static const char *const action_names[JUR_NACTIONS] = {
	"read", "export", "store", "unseal", "write"
};

bool
jur_action_by_name(const char *name, JurAction *action)
{
	int			i;

	for (i = 0; i < JUR_NACTIONS; i++)
		if (strcmp(name, action_names[i]) == 0)
		{
			*action = (JurAction) i;
			return true;
		}
	return false;
}

const char *
jur_action_name(JurAction action)
{
	return action_names[action];
}

const char *
jur_decided_by_name(JurDecidedBy by)
{
	switch (by)
	{
		case JUR_BY_DEFAULT:
			return "default";
		case JUR_BY_HOME:
			return "home";
		case JUR_BY_RELEASE:
			return "release";
		case JUR_BY_RULE:
			return "rule";
		case JUR_BY_PERMIT:
			return "permit";
		case JUR_BY_EXEMPTION:
			return "exemption";
		case JUR_BY_CLEARANCE:
			return "clearance";
		case JUR_BY_NETWORK:
			return "network";
		case JUR_BY_UNRESTRICTED:
			return "unrestricted";
		case JUR_BY_PARTY:
			return "party";
		case JUR_BY_THRESHOLD:
			return "threshold";
		case JUR_BY_TOKEN:
			return "token";
	}
	return "default";
}

static const char *
atom_text(const JurAtom *atom)
{
	JurLabel	one = {1, (JurAtom *) atom};

	return jur_label_text(&one);
}

char *
jur_decision_reason(const JurDecision *decision, JurAction action)
{
	const char *atom = decision->atom ? atom_text(decision->atom) : "unrestricted";
	const char *where = decision->destination ? decision->destination : "an unknown place";
	bool		allowed = decision->verdict == JUR_ALLOW;

	if (decision->unknown_code)
		return psprintf("%s names \"%s\", which is not registered.",
						atom, decision->unknown_code);
	switch (decision->decided_by)
	{
		case JUR_BY_UNRESTRICTED:
			return pstrdup("The label restricts nothing.");
		case JUR_BY_CLEARANCE:
			return psprintf("The session is not cleared for %s.", atom);
		case JUR_BY_HOME:
			return psprintf("%s is at home in %s.", decision->atom->place, where);
		case JUR_BY_RELEASE:
			return psprintf(allowed ? "The release list of %s admits %s."
							: "The release list of %s does not admit %s.", atom, where);
		case JUR_BY_RULE:
			return psprintf("Rule " INT64_FORMAT " %s %s of %s in %s: %s.",
							decision->rule_id, allowed ? "allows" : "forbids",
							jur_action_name(action), atom, where,
							decision->basis ? decision->basis : "");
		case JUR_BY_EXEMPTION:
			return psprintf("An exemption lifts the check: %s.",
							decision->basis ? decision->basis : "");
		case JUR_BY_NETWORK:
			return psprintf("%s may not arrive at an unknown place.", atom);
		default:
			return psprintf("No rule allows %s of %s in %s.",
							jur_action_name(action), atom, where);
	}
}
