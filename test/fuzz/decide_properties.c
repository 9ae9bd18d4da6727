/*-------------------------------------------------------------------------
 *
 * decide_properties.c
 *	  Idea: the laws of the decision, over generated policies and labels.
 *
 * Everything is small, so that places, rules and labels often meet, and in
 * circles: groups that are members of each other, categories broader than
 * themselves.  A second opinion works on the rows as they are, by words and
 * by looking at every rule; it shares no code with policy/.
 *
 * Usage: decide_properties [COUNT]	the sequence of cases is always the same
 *
 * Links: src/policy/codes.c src/policy/places.c src/policy/policy_compile.c
 * Links: src/policy/policy_decide.c src/policy/policy_words.c
 * Links: src/label/label.c src/label/label_io.c src/label/label_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/policy_internal.h"

#include "server_shim.h"

#define MEMBERSHIPS_MAX	24
#define RULES_MAX		40
#define LABELS_A_POLICY	50
#define DAY				USECS_PER_DAY

static const JurPlaceRow places[] = {
	{"DE", "country"}, {"FR", "country"}, {"US", "country"}, {"GB", "country"},
	{"US-CA", "subdivision"}, {"US-NY", "subdivision"}, {"DE-BE", "subdivision"},
	{"EU", "group"}, {"EEA", "group"}, {"FVEY", "group"}, {"G7", "group"}
};

/* the last two are in no registry */
static const char *const destinations[] = {
	"DE", "FR", "US", "GB", "US-CA", "US-NY", "DE-BE", "EU", "EEA", "FVEY", "G7",
	"US-ZZ", "ZZ"
};

/* the last is in no registry */
static const char *const categories[] = {
	"personal", "sensitive", "health", "genetic", "financial", "secret_sauce",
	"typo"
};
#define NCATEGORIES		(lengthof(categories) - 1)

static const char *const purposes[] = {"research", "marketing", "audit"};
static const char *const levels[] = {
	"public", "internal", "confidential", "restricted", "secret"
};
static const char *const actions[] = {
	"read", "export", "store", "unseal", "write"
};

static JurPolicyRows rows;
static JurPolicy *policy;
static long outcomes[JUR_BY_TOKEN + 1][2];

static uint64 random_state = UINT64CONST(0x9E3779B97F4A7C15);

static unsigned
pick(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 33) % n;
}

/* half of them among three, so that several rules share both places */
static const char *
pick_place(void)
{
	return places[pick(2) ? pick(3) * 4 : pick(lengthof(places))].code;
}

/* some of N words; -1 and NULL one time in three */
static int
pick_words(const char *const *words, int n, const char ***picked)
{
	int			count = 0;
	int			i;

	*picked = NULL;
	if (pick(3) == 0)
		return -1;
	*picked = palloc(sizeof(char *) * n);
	for (i = 0; i < n; i++)
		if (pick(3) == 0)
			(*picked)[count++] = words[i];
	if (count == 0)
		(*picked)[count++] = words[pick(n)];
	return count;
}

/* --- policies ---------------------------------------------------------- */

/* moments are whole days, the microsecond before and the one after */
static TimestampTz
pick_moment(void)
{
	return ((TimestampTz) pick(9) - 4) * DAY + (TimestampTz) pick(3) - 1;
}

static void
pick_range(TimestampTz *from, TimestampTz *until, bool by_day)
{
	*from = pick(2) ? DT_NOBEGIN : by_day ? ((TimestampTz) pick(9) - 4) * DAY : pick_moment();
	*until = pick(2) ? DT_NOEND : by_day ? ((TimestampTz) pick(9) - 4) * DAY : pick_moment();
	/* what ends before it begins cannot be in a table; what never holds can */
	if (*until < *from)
		*until = *from;
}

static void
make_rule(JurRuleRow *rule, int64 id)
{
	bool		is_deny = pick(4) == 0;

	rule->id = id;
	rule->effect = is_deny ? "deny" : "allow";
	rule->origin = pick_place();
	rule->destination = pick_place();
	while ((rule->nactions = pick_words(actions, lengthof(actions), &rule->actions)) < 0)
		;
	rule->max_level = is_deny || pick(2) ? NULL : levels[pick(lengthof(levels))];
	rule->ncategories = pick_words(categories, NCATEGORIES, &rule->categories);
	rule->npurposes = is_deny ? -1 :
		pick_words(purposes, lengthof(purposes) - 1, &rule->purposes);
	rule->basis = psprintf("basis of " INT64_FORMAT, id);
	pick_range(&rule->from, &rule->until, false);
}

static void
make_policy(void)
{
	static JurMembershipRow memberships[MEMBERSHIPS_MAX];
	static JurCategoryRow category_rows[NCATEGORIES];
	static JurRuleRow rules[RULES_MAX];
	char	   *error = NULL;
	int			i;

	rows.nplaces = lengthof(places);
	rows.places = (JurPlaceRow *) places;
	rows.nmemberships = pick(MEMBERSHIPS_MAX);
	rows.memberships = memberships;
	for (i = 0; i < rows.nmemberships; i++)
	{
		memberships[i].grp = places[7 + pick(4)].code;
		memberships[i].member = pick_place();
		pick_range(&memberships[i].from, &memberships[i].until, true);
	}
	rows.ncategories = NCATEGORIES;
	rows.categories = category_rows;
	for (i = 0; i < NCATEGORIES; i++)
	{
		category_rows[i].code = categories[i];
		category_rows[i].nbroader = pick(3);
		category_rows[i].broader = palloc(sizeof(char *) * 2);
		category_rows[i].broader[0] = categories[pick(NCATEGORIES)];
		category_rows[i].broader[1] = categories[pick(NCATEGORIES)];
	}
	rows.nrules = pick(RULES_MAX);
	rows.rules = rules;
	for (i = 0; i < rows.nrules; i++)
		make_rule(&rules[i], (i * 7) % RULES_MAX + 1);	/* not in order of id */
	policy = jur_policy_compile(&rows, &error);
	shim_require(policy != NULL && error == NULL, "a sensible policy compiles");
}

/* --- labels and questions ---------------------------------------------- */

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
pick_categories(JurAtom *atom)
{
	int			i;

	atom->categories = palloc(sizeof(char *) * lengthof(categories));
	atom->ncategories = 0;
	for (i = 0; i < NCATEGORIES; i++)
		if (pick(4) == 0)
			atom->categories[atom->ncategories++] = categories[i];
	if (pick(30) == 0)
		atom->categories[atom->ncategories++] = categories[NCATEGORIES];
	qsort(atom->categories, atom->ncategories, sizeof(char *), compare_words);
}

/* home stands in a list of releases only by itself */
static void
pick_releases(JurAtom *atom)
{
	int			i;

	atom->release = pick(2) ? JUR_RELEASE_BY_RULES : pick(3) ? JUR_RELEASE_LIST : JUR_RELEASE_ANY;
	atom->nreleases = 0;
	if (atom->release != JUR_RELEASE_LIST)
		return;
	atom->releases = palloc(sizeof(char *) * lengthof(destinations));
	for (i = 0; i < lengthof(destinations); i++)
		if (pick(6) == 0 && strcmp(destinations[i], atom->place) != 0)
			atom->releases[atom->nreleases++] = destinations[i];
	if (atom->nreleases == 0)
		atom->releases[atom->nreleases++] = atom->place;
	qsort(atom->releases, atom->nreleases, sizeof(char *), compare_words);
}

static JurLabel *
make_label(void)
{
	JurAtom		atoms[4];
	int			natoms = pick(10) == 0 ? 0 : 1 + pick(3);
	int			i;

	for (i = 0; i < natoms; i++)
	{
		atoms[i].place = pick(30) == 0 ? "ZZ" : pick_place();
		atoms[i].level = pick(lengthof(levels));
		pick_categories(&atoms[i]);
		pick_releases(&atoms[i]);
	}
	return jur_label_canonical(atoms, natoms);
}

/* a label that flows to LABEL: less of everything but releases */
static JurLabel *
make_weaker(const JurLabel *label)
{
	JurAtom		atoms[4];
	int			natoms = 0;
	int			i;
	int			j;

	for (i = 0; i < label->natoms; i++)
	{
		JurAtom    *atom = &atoms[natoms];

		if (pick(4) == 0)
			continue;
		*atom = label->atoms[i];
		atom->level = pick(atom->level + 1);
		atom->categories = palloc(sizeof(char *) * (atom->ncategories + 1));
		atom->ncategories = 0;
		for (j = 0; j < label->atoms[i].ncategories; j++)
			if (pick(2))
				atom->categories[atom->ncategories++] = label->atoms[i].categories[j];
		if (atom->release == JUR_RELEASE_LIST && pick(3) == 0)
		{
			atom->release = JUR_RELEASE_ANY;
			atom->nreleases = 0;
		}
		natoms++;
	}
	return jur_label_canonical(atoms, natoms);
}

static void
make_clearance(JurClearance *clearance)
{
	int			n = pick_words(categories, NCATEGORIES, &clearance->categories);

	clearance->level = pick(3) ? JUR_SECRET : pick(lengthof(levels));
	clearance->all_categories = n < 0;
	clearance->ncategories = Max(n, 0);
}

static JurQuestion
make_question(void)
{
	JurQuestion question = {0};
	JurSubject *subject = palloc0(sizeof(JurSubject));
	JurArrival *arrival = &subject->arrival;
	int			i;

	arrival->nplaces = pick(4);
	arrival->places = palloc(sizeof(char *) * 4);
	for (i = 0; i < arrival->nplaces; i++)
		arrival->places[i] = destinations[pick(12) ? pick(lengthof(places)) :
										  pick(lengthof(destinations))];
	arrival->unknown = pick(8) == 0;
	subject->nclearances = pick(8) == 0 ? 0 : 1 + pick(3);
	subject->clearances = palloc0(sizeof(JurClearance) * 4);
	for (i = 0; i < subject->nclearances; i++)
		make_clearance(&subject->clearances[i]);
	subject->purpose = pick(2) ? NULL : purposes[pick(lengthof(purposes))];
	if (pick(10) == 0)
		subject->exemption = "exempt";
	question.action = pick(JUR_NACTIONS);
	question.subject = subject;
	question.arrival = arrival;
	question.needs_clearance = pick(2);
	question.moment = pick_moment();
	return question;
}

/* --- the second opinion ------------------------------------------------ */

static bool
is_place(const char *code)
{
	int			i;

	for (i = 0; i < lengthof(places); i++)
		if (strcmp(places[i].code, code) == 0)
			return true;
	return false;
}

static bool
is_category(const char *code)
{
	int			i;

	for (i = 0; i < NCATEGORIES; i++)
		if (strcmp(categories[i], code) == 0)
			return true;
	return false;
}

/* a way from Q up to P in at most STEPS steps */
static bool
covers_in(const char *p, const char *q, TimestampTz moment, int steps)
{
	int			i;

	if (strcmp(p, q) == 0)
		return true;
	if (steps == 0)
		return false;
	if (strlen(q) > 3 && q[2] == '-')
	{
		char		country[3] = {q[0], q[1], 0};

		if (covers_in(p, country, moment, steps - 1))
			return true;
	}
	for (i = 0; i < rows.nmemberships; i++)
	{
		JurMembershipRow *m = &rows.memberships[i];

		if (strcmp(m->member, q) == 0 && m->from <= moment && moment < m->until &&
			covers_in(p, m->grp, moment, steps - 1))
			return true;
	}
	return false;
}

/* no way without circles is longer: a subdivision, its country, four groups */
static bool
covers(const char *p, const char *q, TimestampTz moment)
{
	return covers_in(p, q, moment, 5);
}

static bool
is_narrower_in(const char *narrow, const char *broad, int steps)
{
	int			i;
	int			j;

	if (strcmp(narrow, broad) == 0)
		return true;
	for (i = 0; steps > 0 && i < NCATEGORIES; i++)
		if (strcmp(rows.categories[i].code, narrow) == 0)
			for (j = 0; j < rows.categories[i].nbroader; j++)
				if (is_narrower_in(rows.categories[i].broader[j], broad, steps - 1))
					return true;
	return false;
}

static bool
category_in(const char *category, const JurRuleRow *rule)
{
	int			i;

	for (i = 0; i < rule->ncategories; i++)
		if (is_narrower_in(category, rule->categories[i], NCATEGORIES))
			return true;
	return false;
}

static bool
word_in(const char *word, const char **words, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool
second_matches(const JurRuleRow *rule, const JurAtom *atom,
			   const char *destination, const JurQuestion *question)
{
	const char *purpose = question->subject->purpose;
	int			inside = 0;
	int			i;

	if (!covers(rule->origin, atom->place, question->moment) ||
		!covers(rule->destination, destination, question->moment) ||
		!word_in(actions[question->action], rule->actions, rule->nactions) ||
		question->moment < rule->from || question->moment >= rule->until)
		return false;
	for (i = 0; i < atom->ncategories; i++)
		inside += category_in(atom->categories[i], rule);
	if (strcmp(rule->effect, "deny") == 0)
		return rule->ncategories < 0 || inside > 0;
	if (rule->ncategories >= 0 && inside < atom->ncategories)
		return false;
	if (rule->npurposes >= 0 &&
		!(purpose && word_in(purpose, rule->purposes, rule->npurposes)))
		return false;
	for (i = 0; rule->max_level && strcmp(levels[i], rule->max_level) != 0; i++)
		;
	return rule->max_level == NULL || (int) atom->level <= i;
}

static const JurRuleRow *
second_rule(const char *effect, const JurAtom *atom, const char *destination,
			const JurQuestion *question)
{
	const JurRuleRow *found = NULL;
	int			i;

	for (i = 0; destination && i < rows.nrules; i++)
		if (strcmp(rows.rules[i].effect, effect) == 0 &&
			(found == NULL || rows.rules[i].id < found->id) &&
			second_matches(&rows.rules[i], atom, destination, question))
			found = &rows.rules[i];
	return found;
}

static bool
second_cleared(const JurAtom *atom, const JurSubject *subject)
{
	int			i;
	int			j;

	for (i = 0; i < subject->nclearances; i++)
	{
		const JurClearance *clearance = &subject->clearances[i];
		bool		fits = atom->level <= clearance->level;

		for (j = 0; j < atom->ncategories && !clearance->all_categories; j++)
			fits = fits && word_in(atom->categories[j], clearance->categories,
								   clearance->ncategories);
		if (fits)
			return true;
	}
	return false;
}

static bool
second_released(const JurAtom *atom, const char *destination, TimestampTz moment)
{
	int			i;

	for (i = 0; i < atom->nreleases; i++)
		if (is_place(atom->releases[i]) &&
			covers(atom->releases[i], destination, moment))
			return true;
	return false;
}

static JurDecision
second_answer(JurVerdict verdict, JurDecidedBy by, int64 rule_id)
{
	JurDecision decision = {verdict, by, rule_id};

	return decision;
}

static JurDecision
second_opinion(const JurAtom *atom, const char *destination,
			   const JurQuestion *question)
{
	const JurRuleRow *rule;
	int			i;

	if (!is_place(atom->place))
		return second_answer(JUR_DENY, JUR_BY_DEFAULT, -1);
	for (i = 0; i < atom->ncategories; i++)
		if (!is_category(atom->categories[i]))
			return second_answer(JUR_DENY, JUR_BY_DEFAULT, -1);
	if (question->needs_clearance && !second_cleared(atom, question->subject))
		return second_answer(JUR_DENY, JUR_BY_CLEARANCE, 0);
	if ((rule = second_rule("deny", atom, destination, question)) != NULL)
		return second_answer(JUR_DENY, JUR_BY_RULE, rule->id);
	if (destination && is_place(destination) &&
		covers(atom->place, destination, question->moment))
		return second_answer(JUR_ALLOW, JUR_BY_HOME, 0);
	if (atom->release == JUR_RELEASE_ANY)
		return second_answer(JUR_ALLOW, JUR_BY_RELEASE, 0);
	if (destination == NULL)
		return second_answer(JUR_DENY, JUR_BY_NETWORK, 0);
	if (!is_place(destination))
		return second_answer(JUR_DENY, JUR_BY_DEFAULT, -2);
	if (atom->release == JUR_RELEASE_LIST)
		return second_answer(second_released(atom, destination, question->moment) ?
							 JUR_ALLOW : JUR_DENY, JUR_BY_RELEASE, 0);
	if ((rule = second_rule("allow", atom, destination, question)) != NULL)
		return second_answer(JUR_ALLOW, JUR_BY_RULE, rule->id);
	return second_answer(JUR_DENY, JUR_BY_DEFAULT, 0);
}

/*
 * A rule_id of -1 stands for a label's code in no registry, which no exemption
 * lifts; -2 for a destination in none.
 */
static JurDecision
second_with_exemption(const JurAtom *atom, const char *destination,
					  const JurQuestion *question)
{
	JurDecision decision = second_opinion(atom, destination, question);

	if (question->subject->exemption && decision.verdict == JUR_DENY &&
		decision.rule_id != -1 && question->action != JUR_STORE)
		return second_answer(JUR_ALLOW, JUR_BY_EXEMPTION, 0);
	return decision;
}

/* --- laws -------------------------------------------------------------- */

static bool
admits(const JurLabel *label, const JurQuestion *question)
{
	return jur_decide(policy, label, question).verdict == JUR_ALLOW;
}

static void
check_atom(const JurAtom *atom, const char *destination,
		   const JurQuestion *question)
{
	JurDecision mine = jur_decide_atom(policy, atom, destination, question);
	JurDecision second = second_with_exemption(atom, destination, question);

	shim_require(mine.verdict == second.verdict, "both opinions: verdict");
	shim_require(mine.decided_by == second.decided_by, "both opinions: step");
	shim_require((mine.unknown_code != NULL) == (second.rule_id < 0),
				 "both opinions: unknown code");
	shim_require(second.rule_id < 0 || mine.rule_id == second.rule_id,
				 "both opinions: rule");
	shim_require((mine.basis != NULL) == (mine.decided_by == JUR_BY_RULE ||
										  mine.decided_by == JUR_BY_EXEMPTION),
				 "rules and exemptions have a basis");
	shim_require(mine.atom == atom && mine.destination == destination,
				 "a decision says what it is about");
	shim_require(jur_decision_reason(&mine, question->action)[0] != '\0',
				 "a decision has a reason");
	outcomes[mine.decided_by][mine.verdict]++;
}

/* every atom at every destination, and only then the label */
static void
check_label(const JurLabel *label, const JurQuestion *question)
{
	const JurArrival *arrival = question->arrival;
	JurDecision decision = jur_decide(policy, label, question);
	bool		all = true;
	bool		exempt = false;
	int			i;
	int			j;

	for (i = 0; i < label->natoms; i++)
		for (j = 0; j <= arrival->nplaces; j++)
		{
			const char *destination = j < arrival->nplaces ? arrival->places[j] : NULL;
			JurDecision one;

			if (j == arrival->nplaces && j > 0 && !arrival->unknown)
				continue;
			check_atom(&label->atoms[i], destination, question);
			one = jur_decide_atom(policy, &label->atoms[i], destination, question);
			all = all && one.verdict == JUR_ALLOW;
			exempt = exempt || one.decided_by == JUR_BY_EXEMPTION;
		}
	shim_require((decision.verdict == JUR_ALLOW) == all,
				 "a label is admitted if each atom is at each destination");
	shim_require(!all || !exempt || decision.decided_by == JUR_BY_EXEMPTION,
				 "a label admitted by exemption says so");
	shim_require(label->natoms > 0 || decision.decided_by == JUR_BY_UNRESTRICTED,
				 "unrestricted is always admitted");
}

/* nothing changes by itself before the boundary */
static void
check_boundary(const JurLabel *label, const JurQuestion *question)
{
	JurQuestion later = *question;
	TimestampTz boundary = jur_policy_boundary(policy, question->moment);

	shim_require(boundary > question->moment, "a boundary is in the future");
	later.moment = boundary == DT_NOEND ? 1000 * DAY : boundary - 1;
	shim_require(admits(label, question) == admits(label, &later),
				 "a decision holds until the boundary");
}

/* on two days, often one after the other: what is remembered is of one day */
static void
check_places(TimestampTz moment)
{
	const char *p = destinations[pick(lengthof(destinations))];
	const char *q = destinations[pick(lengthof(destinations))];
	bool		known = is_place(p) || strcmp(p, q) == 0;
	int			i;

	for (i = 0; i < 2; i++, moment = pick(2) ? moment - 2 : pick_moment())
		shim_require(jur_covers(policy, p, q, moment) ==
					 (known && covers(p, q, moment)), "both opinions: covers");
	shim_require(jur_place_is_known(policy, p) == is_place(p), "known places");
}

static void
check_case(void)
{
	JurQuestion question = make_question();
	JurLabel   *a = make_label();
	JurLabel   *b = pick(2) ? make_label() : make_weaker(a);

	check_label(a, &question);
	check_boundary(a, &question);
	check_places(question.moment);
	shim_require(!jur_label_flows(b, a) || !admits(a, &question) || admits(b, &question),
				 "b flows to a, a is admitted: b is (ruling 17)");
	shim_require(admits(jur_label_join(a, b), &question) ==
				 (admits(a, &question) && admits(b, &question)),
				 "a & b is admitted where a and b are");
}

/* one field of one rule made senseless: no policy at all */
static void
check_broken_policy(void)
{
	static const char *nowhere = "typo";
	JurRuleRow *rule;
	char	   *error = NULL;

	make_policy();
	if (rows.nrules == 0)
		return;
	rule = &rows.rules[pick(rows.nrules)];
	switch (pick(7))
	{
		case 0:
			rule->origin = "ZZ";
			break;
		case 1:
			rule->destination = "US-ZZ";
			break;
		case 2:
			rule->effect = "Allow";
			break;
		case 3:
			rule->nactions = 1;
			rule->actions[0] = "reed";
			break;
		case 4:
			rule->effect = "allow";
			rule->max_level = "top";
			break;
		case 5:
			rule->ncategories = 1;
			rule->categories = &nowhere;
			break;
		case 6:
			rule->effect = "deny";
			rule->max_level = "public";
			break;
	}
	shim_require(jur_policy_compile(&rows, &error) == NULL && error != NULL,
				 "a senseless rule is no rule less, but no policy");
}

int
main(int argc, char **argv)
{
	static const int expected[][2] = {
		{JUR_BY_DEFAULT, JUR_DENY}, {JUR_BY_CLEARANCE, JUR_DENY},
		{JUR_BY_RULE, JUR_DENY}, {JUR_BY_HOME, JUR_ALLOW},
		{JUR_BY_RELEASE, JUR_ALLOW}, {JUR_BY_RELEASE, JUR_DENY},
		{JUR_BY_RULE, JUR_ALLOW}, {JUR_BY_NETWORK, JUR_DENY},
		{JUR_BY_EXEMPTION, JUR_ALLOW}
	};
	long		count = argc > 1 ? atol(argv[1]) : 20000;
	long		i;

	for (i = 0; i < count; i++)
	{
		if (i % LABELS_A_POLICY == 0)
		{
			shim_reset();
			check_broken_policy();
			make_policy();
		}
		check_case();
	}
	shim_reset();
	for (i = 0; i < lengthof(expected) && count >= 1000; i++)
		shim_require(outcomes[expected[i][0]][expected[i][1]] > 0,
					 "every step decides some case");
	printf("decide_properties: %ld cases hold\n", count);
	return 0;
}
