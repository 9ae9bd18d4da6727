/*-------------------------------------------------------------------------
 *
 * decide_bench.c
 *	  Idea: what the first decision about a label costs, by number of rules.
 *
 * Every decision is about another label or destination, so that none is
 * helped by the one before; "cold" reads 64 MB between two of them, as other
 * work of a server would.  No server is needed.  From the root of the project:
 *
 *	gcc -O2 -Isrc -Itest/fuzz -isystem $(pg_config --includedir-server) \
 *		-o decide_bench test/bench/decide_bench.c test/fuzz/server_shim.c \
 *		src/policy/codes.c src/policy/places.c src/policy/policy_compile.c \
 *		src/policy/policy_decide.c src/policy/policy_words.c \
 *		src/label/label.c src/label/label_io.c src/label/label_text.c &&
 *	./decide_bench
 *
 * Rules are spread over pairs of countries and groups; or all begin at one
 * group; or, what nobody writes, all are about the same two places and match
 * nothing.  The world is as large as the one that ships: 250 countries, 5,000
 * subdivisions, 40 groups.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "policy/policy_internal.h"

#include "server_shim.h"

#define COUNTRIES		250
#define SUBDIVISIONS	5000
#define GROUPS			40
#define GROUPS_A_COUNTRY 12
#define CATEGORIES		45
#define LABELS			2000
#define COLD_LABELS		100
#define FLUSH_BYTES		(64 * 1024 * 1024)

typedef enum Shape
{
	SPREAD,
	ONE_ORIGIN,
	ONE_PAIR,
	NSHAPES
} Shape;

static const char *const shape_names[NSHAPES] = {"spread", "one origin", "one pair"};
static const char *const all_actions[] = {"read", "export"};

static JurPolicyRows rows;
static unsigned char *flushed;

static uint64 random_state = UINT64CONST(0x9E3779B97F4A7C15);

static unsigned
pick(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 33) % n;
}

static const char *
country(int i)
{
	return psprintf("%c%c", 'A' + i / 26, 'A' + i % 26);
}

static void
add_place(const char *code, const char *kind)
{
	rows.places[rows.nplaces].code = code;
	rows.places[rows.nplaces++].kind = kind;
}

static void
make_world(void)
{
	int			i;
	int			j;

	rows.places = palloc(sizeof(JurPlaceRow) * (COUNTRIES + SUBDIVISIONS + GROUPS));
	for (i = 0; i < COUNTRIES; i++)
		add_place(country(i), "country");
	for (i = 0; i < SUBDIVISIONS; i++)
		add_place(psprintf("%s-%d", country(i % COUNTRIES), i / COUNTRIES),
				  "subdivision");
	for (i = 0; i < GROUPS; i++)
		add_place(psprintf("GROUP%d", i), "group");

	rows.memberships = palloc0(sizeof(JurMembershipRow) * COUNTRIES * GROUPS_A_COUNTRY);
	for (i = 0; i < COUNTRIES; i++)
		for (j = 0; j < GROUPS_A_COUNTRY; j++)
		{
			JurMembershipRow *row = &rows.memberships[rows.nmemberships++];

			row->grp = psprintf("GROUP%d", (i + j * 3) % GROUPS);
			row->member = country(i);
			row->from = DT_NOBEGIN;
			row->until = DT_NOEND;
		}

	rows.categories = palloc0(sizeof(JurCategoryRow) * CATEGORIES);
	for (i = 0; i < CATEGORIES; i++)
	{
		JurCategoryRow *row = &rows.categories[rows.ncategories++];

		row->code = psprintf("category_%d", i);
		row->nbroader = i > 0 ? 1 : 0;
		row->broader = palloc(sizeof(char *));
		row->broader[0] = psprintf("category_%d", i / 2);
	}
}

static const char *
place_of_rule(void)
{
	return pick(4) == 0 ? psprintf("GROUP%d", pick(GROUPS)) : country(pick(COUNTRIES));
}

static JurPolicy *
make_policy(Shape shape, int nrules)
{
	JurPolicy  *policy;
	char	   *error;
	int			i;

	rows.nrules = nrules;
	rows.rules = palloc0(sizeof(JurRuleRow) * nrules);
	for (i = 0; i < nrules; i++)
	{
		JurRuleRow *rule = &rows.rules[i];

		rule->id = i + 1;
		rule->effect = pick(10) == 0 ? "deny" : "allow";
		rule->origin = shape == SPREAD ? place_of_rule() : "GROUP0";
		rule->destination = shape == ONE_PAIR ? "GROUP1" : place_of_rule();
		rule->nactions = 2;
		rule->actions = (const char **) all_actions;
		rule->ncategories = 1;
		rule->categories = palloc(sizeof(char *));
		rule->categories[0] = psprintf("category_%d", shape == ONE_PAIR ? CATEGORIES - 1 :
									   pick(CATEGORIES));
		rule->npurposes = -1;
		rule->basis = "basis";
		rule->from = pick(2) ? DT_NOBEGIN : (TimestampTz) pick(9000) * USECS_PER_DAY;
		rule->until = pick(2) ? DT_NOEND : rule->from + 3000 * USECS_PER_DAY;
	}
	policy = jur_policy_compile(&rows, &error);
	shim_require(policy != NULL, error);
	return policy;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void
flush_caches(void)
{
	size_t		i;

	for (i = 0; i < FLUSH_BYTES; i += 64)
		flushed[i]++;
}

/* half of the places are in GROUP0, where the rules of one origin begin */
static JurLabel *
make_label(void)
{
	const char *member = rows.memberships[pick(20) * GROUPS_A_COUNTRY].member;
	const char *place = pick(2) ? member : country(pick(COUNTRIES));
	JurLabelError error;
	JurLabel   *label;

	label = jur_label_parse(psprintf("%s/category_%d,category_%d", place,
									 pick(CATEGORIES - 2), pick(CATEGORIES - 2)),
							&error);
	shim_require(label != NULL, "a label");
	return label;
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* nanoseconds of one decision: the median, since other work interrupts some */
static double
measure(const JurPolicy *policy, int count, bool is_cold, long *allowed)
{
	JurLabel  **labels = palloc(sizeof(JurLabel *) * count);
	const char *place;
	JurClearance clearance = {JUR_SECRET, true};
	JurSubject	subject = {{1, &place}, 1, &clearance};
	JurQuestion question = {JUR_READ, &subject, &subject.arrival, true, 8000 * USECS_PER_DAY};
	double	   *times = palloc(sizeof(double) * count);
	int			i;

	for (i = 0; i < count; i++)
		labels[i] = make_label();
	for (i = 0; i < count; i++)
	{
		double		begin;

		place = rows.places[pick(COUNTRIES + SUBDIVISIONS)].code;
		if (is_cold)
			flush_caches();
		begin = now();
		*allowed += jur_decide(policy, labels[i], &question).verdict == JUR_ALLOW;
		times[i] = now() - begin;
	}
	qsort(times, count, sizeof(double), compare_doubles);
	return times[count / 2];
}

int
main(void)
{
	static const int sizes[] = {10, 1000, 10000, 100000};
	int			shape;
	int			i;

	flushed = calloc(1, FLUSH_BYTES);
	make_world();
	printf("%-12s %8s %12s %12s %9s\n", "rules", "number", "ns", "ns, cold", "allowed");
	for (shape = 0; shape < NSHAPES; shape++)
		for (i = 0; i < lengthof(sizes); i++)
		{
			JurPolicy  *policy = make_policy(shape, sizes[i]);
			long		allowed = 0;
			double		warm = measure(policy, LABELS, false, &allowed);
			double		cold = measure(policy, COLD_LABELS, true, &allowed);

			printf("%-12s %8d %12.0f %12.0f %8.0f%%\n", shape_names[shape], sizes[i],
				   warm, cold, 100.0 * allowed / (LABELS + COLD_LABELS));
		}
	free(flushed);
	return 0;
}
