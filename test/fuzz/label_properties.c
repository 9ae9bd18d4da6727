/*-------------------------------------------------------------------------
 *
 * label_properties.c
 *	  Idea: the laws of the label, over generated labels.
 *
 * Labels are made as models (bit masks), written as text in any order and
 * spacing, and parsed.  The models give a second opinion on the order, join
 * and meet, which shares no code with label.c.
 *
 * Usage: label_properties [COUNT]	the sequence of cases is always the same
 *
 * Links: src/label/label.c src/label/label_io.c src/label/label_text.c
 * Links: src/label/label_bytes.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "label/label_internal.h"

#include "server_shim.h"

#define MODEL_ATOMS_MAX	24
#define RELEASE_ANY		0x80	/* in a model's releases */
#define RELEASE_RULES	0x40

static const char *const places[] = {"DE", "EU", "US", "US-CA", "EAR_A5"};

/* shipped and not; the last two are not */
static const char *const categories[] = {
	"health", "personal", "genetic", "confidential_data", "aardvark", "zebra"
};

typedef struct Model
{
	int			natoms;
	struct
	{
		int			place;
		int			level;
		unsigned	categories;
		unsigned	releases;	/* with home; or RELEASE_ANY, RELEASE_RULES */
	}			atoms[MODEL_ATOMS_MAX];
} Model;

static uint64 random_state = UINT64CONST(0x9E3779B97F4A7C15);

static unsigned
pick(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 33) % n;
}

/* --- models ------------------------------------------------------------ */

/* few of everything, so that labels are often related */
static void
make_model(Model *model)
{
	int			i;

	model->natoms = pick(8) == 0 ? 0 : 1 + pick(4);
	for (i = 0; i < model->natoms; i++)
	{
		model->atoms[i].place = pick(2) ? pick(2) : pick(lengthof(places));
		model->atoms[i].level = pick(5);
		model->atoms[i].categories = pick(2) ? pick(4) :
			pick(1 << lengthof(categories));
		switch (pick(4))
		{
			case 0:
				model->atoms[i].releases = pick(1 << lengthof(places)) |
					1 << model->atoms[i].place;
				break;
			case 1:
				model->atoms[i].releases = RELEASE_ANY;
				break;
			default:
				model->atoms[i].releases = RELEASE_RULES;
				break;
		}
	}
}

static bool
model_releases_contain(unsigned a, unsigned b)
{
	if ((a | b) & RELEASE_RULES)
		return a == b;
	return a == RELEASE_ANY || (b != RELEASE_ANY && (b & ~a) == 0);
}

static bool
model_flows(const Model *a, const Model *b)
{
	int			i;
	int			j;

	for (i = 0; i < a->natoms; i++)
	{
		for (j = 0; j < b->natoms; j++)
		{
			if (a->atoms[i].place == b->atoms[j].place &&
				a->atoms[i].level <= b->atoms[j].level &&
				(a->atoms[i].categories & ~b->atoms[j].categories) == 0 &&
				model_releases_contain(a->atoms[i].releases,
									   b->atoms[j].releases))
				break;
		}
		if (j == b->natoms)
			return false;
	}
	return true;
}

/* all pairwise meets, unreduced */
static void
model_meet(const Model *a, const Model *b, Model *meet)
{
	int			i;
	int			j;

	meet->natoms = 0;
	for (i = 0; i < a->natoms; i++)
	{
		for (j = 0; j < b->natoms; j++)
		{
			unsigned	both = a->atoms[i].releases | b->atoms[j].releases;
			int			n = meet->natoms;

			if (a->atoms[i].place != b->atoms[j].place ||
				((both & RELEASE_RULES) != 0 && both != RELEASE_RULES))
				continue;
			meet->atoms[n].place = a->atoms[i].place;
			meet->atoms[n].level = Min(a->atoms[i].level, b->atoms[j].level);
			meet->atoms[n].categories = a->atoms[i].categories &
				b->atoms[j].categories;
			meet->atoms[n].releases = both & RELEASE_ANY ? RELEASE_ANY : both;
			meet->natoms++;
		}
	}
}

static void
put_blanks(StringInfo text)
{
	static const char *const blanks[] = {"", "", " ", "\t", "\n  "};

	appendStringInfoString(text, blanks[pick(lengthof(blanks))]);
}

/* the codes in MASK from a random one on, some of them twice */
static void
put_codes(StringInfo text, const char *const *codes, int ncodes,
		  unsigned mask, char before)
{
	int			start = pick(ncodes);
	int			i;

	for (i = 0; i < ncodes + 2; i++)
	{
		int			code = (start + i) % ncodes;

		if ((mask & (1u << code)) == 0 || (i >= ncodes && pick(2)))
			continue;
		put_blanks(text);
		appendStringInfoChar(text, before);
		put_blanks(text);
		appendStringInfoString(text, codes[code]);
		before = ',';
	}
}

static void
put_atom(StringInfo text, const Model *model, int i)
{
	unsigned	releases = model->atoms[i].releases;

	put_blanks(text);
	appendStringInfoString(text, places[model->atoms[i].place]);
	if (model->atoms[i].level != JUR_INTERNAL || pick(2))
	{
		put_blanks(text);
		appendStringInfoChar(text, ':');
		put_blanks(text);
		appendStringInfoString(text, jur_level_name(model->atoms[i].level));
	}
	put_codes(text, categories, lengthof(categories),
			  model->atoms[i].categories, '/');
	if (releases == RELEASE_ANY)
		appendStringInfoString(text, pick(2) ? " > *" : ">DE,*,*");
	else if (releases != RELEASE_RULES)
	{
		/* home is implied where another place is named */
		if (pick(2) && releases != 1u << model->atoms[i].place)
			releases &= ~(1u << model->atoms[i].place);
		put_codes(text, places, lengthof(places), releases, '>');
	}
	put_blanks(text);
}

static char *
model_text(const Model *model)
{
	StringInfoData text;
	int			start;
	int			i;

	if (model->natoms == 0)
		return pstrdup(pick(2) ? "unrestricted" : "\tunrestricted ");
	initStringInfo(&text);
	start = pick(model->natoms);
	for (i = 0; i < model->natoms + (int) pick(2); i++)
	{
		if (i > 0)
			appendStringInfoChar(&text, '&');
		put_atom(&text, model, (start + i) % model->natoms);
	}
	return text.data;
}

static JurLabel *
parse(const char *text)
{
	JurLabelError error;
	JurLabel   *label = jur_label_parse(text, &error);

	if (label == NULL)
		fprintf(stderr, "%s\nat %d: %s\n",
				text, error.position, error.message);
	shim_require(label != NULL, "a generated label is one");
	return label;
}

/* --- the laws ---------------------------------------------------------- */

static bool
same(const JurLabel *a, const JurLabel *b)
{
	return jur_label_equal(a, b);
}

static bool
flows(const JurLabel *a, const JurLabel *b)
{
	return jur_label_flows(a, b);
}

static JurLabel *
join(const JurLabel *a, const JurLabel *b)
{
	return jur_label_join(a, b);
}

static JurLabel *
meet(const JurLabel *a, const JurLabel *b)
{
	return jur_label_meet(a, b);
}

static int
sign(int order)
{
	return (order > 0) - (order < 0);
}

static void
try_order(const JurLabel *a, const JurLabel *b, const JurLabel *c)
{
	JurLabel   *above = join(a, b);
	JurLabel   *higher = join(above, c);

	shim_require(flows(a, a), "reflexive");
	shim_require(!(flows(a, b) && flows(b, a)) || same(a, b), "antisymmetric");
	shim_require(!(flows(a, b) && flows(b, c)) || flows(a, c), "transitive");
	shim_require(flows(a, above) && flows(above, higher) && flows(a, higher),
				 "transitive along joins");
}

static void
try_bounds(const JurLabel *a, const JurLabel *b, const JurLabel *c)
{
	JurLabel   *up = join(a, b);
	JurLabel   *down = meet(a, b);

	shim_require(flows(a, up) && flows(b, up), "the join is an upper bound");
	shim_require(!(flows(a, c) && flows(b, c)) || flows(up, c),
				 "the join is the least upper bound");
	shim_require(flows(up, join(join(c, b), a)),
				 "the join is below what lies above both");
	shim_require(flows(down, a) && flows(down, b),
				 "the meet is a lower bound");
	shim_require(!(flows(c, a) && flows(c, b)) || flows(c, down),
				 "the meet is the greatest lower bound");
	shim_require(flows(meet(meet(c, b), a), down),
				 "the meet is above what lies below both");
	shim_require(flows(a, b) == same(up, b), "order and join agree");
	shim_require(flows(a, b) == same(down, a), "order and meet agree");
}

static void
try_algebra(const JurLabel *a, const JurLabel *b, const JurLabel *c)
{
	JurLabel   *none = parse("unrestricted");

	shim_require(same(join(a, a), a) && same(meet(a, a), a), "idempotent");
	shim_require(same(join(a, b), join(b, a)) && same(meet(a, b), meet(b, a)),
				 "commutative");
	shim_require(same(join(a, join(b, c)), join(join(a, b), c)),
				 "the join is associative");
	shim_require(same(meet(a, meet(b, c)), meet(meet(a, b), c)),
				 "the meet is associative");
	shim_require(same(join(a, meet(a, b)), a) && same(meet(a, join(a, b)), a),
				 "absorption");
	shim_require(same(meet(a, join(b, c)), join(meet(a, b), meet(a, c))),
				 "distributive");
	shim_require(same(join(a, none), a) && same(meet(a, none), none),
				 "unrestricted is the bottom");
}

static void
try_models(const Model *a, const Model *b, const JurLabel *label_a,
		   const JurLabel *label_b)
{
	JurLabel   *label_meet = meet(label_a, label_b);
	JurLabel   *expected;
	Model		model;

	shim_require(flows(label_a, label_b) == model_flows(a, b),
				 "the order is that of the models");
	model_meet(a, b, &model);
	expected = parse(model_text(&model));
	shim_require(same(label_meet, expected), "the meet is that of the models");
	if (a->natoms > 0 && b->natoms > 0)
	{
		char	   *text = model_text(a);

		text = psprintf("%s & %s", text, model_text(b));
		shim_require(strcmp(jur_label_text(parse(text)),
							jur_label_text(join(label_a, label_b))) == 0,
					 "the join is & in the text");
	}
}

static void
try_text(const JurLabel *a, const JurLabel *b)
{
	char	   *text_a = jur_label_text(a);
	char	   *text_b = jur_label_text(b);
	JurLabel   *again = parse(text_a);
	char		space[8];

	shim_require(same(again, a), "text gives the label back");
	shim_require(strcmp(jur_label_text(again), text_a) == 0,
				 "canonical text is stable");
	shim_require(strcmp(jur_label_text_in(a, space, sizeof(space)),
						text_a) == 0,
				 "text is the same wherever it is built");
	shim_require(same(a, b) == (strcmp(text_a, text_b) == 0),
				 "equal labels have equal text");
	shim_require(sign(jur_label_compare(a, b)) == sign(strcmp(text_a, text_b)),
				 "labels compare as their texts");
	shim_require(same(jur_label_copy(a), a), "a copy is equal");
}

static void
try_packed(const JurLabel *a, const JurLabel *b)
{
	bytea	   *pa = jur_label_pack(a);
	bytea	   *pb = jur_label_pack(b);
	Size		size_a = VARSIZE(pa) - VARHDRSZ;
	Size		size_b = VARSIZE(pb) - VARHDRSZ;
	JurLabel   *again = jur_label_unpack(VARDATA(pa), size_a);
	bool		truth;
	int			order;
	int			i;

	shim_require(again && same(again, a), "bytes give the label back");
	shim_require(VARSIZE(jur_label_pack(again)) == VARSIZE(pa) &&
				 memcmp(jur_label_pack(again), pa, VARSIZE(pa)) == 0,
				 "bytes are stable");
	shim_require(jur_packed_equal(VARDATA(pa), size_a, VARDATA(pb), size_b,
								  &truth) && truth == same(a, b),
				 "packed labels are equal as labels are");
	shim_require(jur_packed_compare(VARDATA(pa), size_a, VARDATA(pb), size_b,
									&order) &&
				 sign(order) == sign(jur_label_compare(a, b)),
				 "packed labels compare as labels do");
	shim_require(jur_packed_flows(VARDATA(pa), size_a, VARDATA(pb), size_b,
								  &truth) && truth == flows(a, b),
				 "packed labels flow as labels do");
	for (i = 0; i < size_a; i++)
		shim_require(jur_label_unpack(VARDATA(pa), i) == NULL,
					 "a label cut short is none");
}

static void
try_raise(const JurLabel *a, const JurLabel *b)
{
	const char *codes[] = {"personal", "zebra"};
	JurLevel	level = pick(5);
	JurLabel   *raised_a = jur_label_raise(a, level, codes, 2);
	JurLabel   *raised_b = jur_label_raise(b, level, codes, 2);

	shim_require(flows(a, raised_a), "a raise is not lower");
	shim_require(same(jur_label_raise(raised_a, level, codes, 2), raised_a),
				 "raised twice is raised once");
	shim_require(!flows(a, b) || flows(raised_a, raised_b),
				 "a raise keeps the order");
}

/* three labels; the second and third are often related to the first */
static void
try_case(void *arg)
{
	Model		models[3];
	JurLabel   *labels[3];
	int			i;

	for (i = 0; i < 3; i++)
	{
		make_model(&models[i]);
		labels[i] = parse(model_text(&models[i]));
		shim_require(same(parse(model_text(&models[i])), labels[i]),
					 "the order and spacing of the text do not matter");
	}
	try_order(labels[0], labels[1], labels[2]);
	try_bounds(labels[0], labels[1], labels[2]);
	try_algebra(labels[0], labels[1], labels[2]);
	try_models(&models[0], &models[1], labels[0], labels[1]);
	try_text(labels[0], labels[1]);
	try_packed(labels[0], labels[1]);
	try_packed(join(labels[0], labels[1]), labels[1]);
	try_raise(labels[0], labels[1]);
}

/* --- single cases ------------------------------------------------------ */

/*
 * A category that was by name when it was stored, and has a number now: two
 * sets of bytes, one label.
 */
static void
try_renumbered(void)
{
	static const char named[] = "\x60\x21" "DE\0\x06" "health";
	JurLabel   *label = parse("DE/health");
	bytea	   *numbered = jur_label_pack(label);
	Size		size = VARSIZE(numbered) - VARHDRSZ;
	JurLabel   *old = jur_label_unpack(named, sizeof(named) - 1);
	bool		truth;
	int			order = -1;

	shim_require(old && same(old, label),
				 "a named category is the numbered one");
	shim_require(jur_packed_equal(named, sizeof(named) - 1,
								  VARDATA(numbered), size, &truth) && truth,
				 "named and numbered are equal");
	jur_packed_compare(named, sizeof(named) - 1,
					   VARDATA(numbered), size, &order);
	shim_require(order == 0, "named and numbered compare equal");
}

/* the numbers are on disks: these may never change */
static void
try_numbers(void)
{
	const char *code;
	int			number;

	shim_require(jur_category_number("personal") == 1 &&
				 jur_category_number("health") == 13 &&
				 jur_category_number("confidential_data") == 39 &&
				 jur_category_number("uncategorised") == 44 &&
				 jur_category_number("confidential") == 0 &&
				 jur_category_number("unheard_of") == 0,
				 "categories keep their numbers");
	shim_require(jur_category_by_number(0) == NULL, "numbers begin with 1");
	for (number = 1; (code = jur_category_by_number(number)); number++)
		shim_require(jur_is_category_code(code) &&
					 jur_category_number(code) == number,
					 "a number has one category");
	shim_require(number > 44, "no number is lost");
}

static void
try_sizes(void)
{
	JurLabel   *label = parse("DE:confidential/health,personal");
	bytea	   *packed = jur_label_pack(label);

	shim_require(VARSIZE(packed) - VARHDRSZ + VARHDRSZ_SHORT <= 8,
				 "a place and two categories take 8 bytes");
}

/* N atoms, FIRST and so on, of one place and none above another */
static char *
many_atoms(int first, int n)
{
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	for (i = first; i < first + n; i++)
		appendStringInfo(&text, "%sDE:secret/a%d,b%d>FR", i > first ? "&" : "",
						 i, i % 7);
	return text.data;
}

static void
join_too_many(void *arg)
{
	join(parse(many_atoms(0, 1000)), parse(many_atoms(1000, 1000)));
}

static void
try_limits(void)
{
	JurLabel   *many = parse(many_atoms(0, 1000));
	char	   *too_many = many_atoms(0, JUR_ATOMS_MAX + 1);
	JurLabelError error;

	shim_require(many->natoms == 1000, "a label may have 1,000 atoms");
	shim_require(same(meet(many, many), many), "the meet of many with itself");
	try_text(many, parse("DE"));
	try_packed(parse(many_atoms(0, 40)), many);
	shim_require(jur_label_parse(too_many, &error) == NULL,
				 "too many atoms are refused");
	shim_require(!shim_try(join_too_many, NULL) &&
				 shim_sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED,
				 "a join of too many raises");
}

int
main(int argc, char **argv)
{
	int			count = argc > 1 ? atoi(argv[1]) : 20000;
	int			i;

	try_renumbered();
	try_numbers();
	try_sizes();
	try_limits();
	shim_reset();
	for (i = 0; i < count; i++)
	{
		shim_require(shim_try(try_case, NULL), "nothing raises");
		shim_reset();
	}
	printf("label: %d cases\n", count);
	return 0;
}
