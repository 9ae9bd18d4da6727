/*-------------------------------------------------------------------------
 *
 * label.c
 *	  Idea: labels form a lattice; this is its order, join and meet.
 *
 * Atoms are ordered by place (equal), level (<=), categories (subset) and
 * releases (superset).  A label is the set of its maximal atoms, and stands
 * for everything below them: the join is the union of two such sets, the meet
 * their intersection.  Both are kept reduced to the maximal atoms.
 *
 * A release list stands for {home} and the places listed; home is written
 * only where it stands alone.  A missing list is not a set at all (the rules
 * decide), so it compares with a missing one only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "label/label_internal.h"

/* atoms that grow */
typedef struct AtomList
{
	int			natoms;
	int			capacity;
	JurAtom    *atoms;
} AtomList;

static bool
same_code(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* lists are sorted by strcmp and have no duplicates */
static bool
is_subset(const char **a, int na, const char **b, int nb)
{
	int			i;
	int			j = 0;

	if (na > nb)
		return false;
	for (i = 0; i < na; i++)
	{
		while (j < nb && strcmp(b[j], a[i]) < 0)
			j++;
		if (j == nb || !same_code(b[j], a[i]))
			return false;
	}
	return true;
}

static bool
is_member(const char *code, const char **list, int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (same_code(list[i], code))
			return true;
	}
	return false;
}

static const char **
union_of(const char **a, int na, const char **b, int nb, int *n)
{
	const char **result = palloc((na + nb + 1) * sizeof(char *));
	int			i = 0;
	int			j = 0;

	*n = 0;
	while (i < na || j < nb)
	{
		int			order = i == na ? 1 : j == nb ? -1 : strcmp(a[i], b[j]);

		result[(*n)++] = order <= 0 ? a[i] : b[j];
		i += order <= 0;
		j += order >= 0;
	}
	return result;
}

static const char **
intersection_of(const char **a, int na, const char **b, int nb, int *n)
{
	const char **result = palloc((Min(na, nb) + 1) * sizeof(char *));
	int			i = 0;
	int			j = 0;

	*n = 0;
	while (i < na && j < nb)
	{
		int			order = strcmp(a[i], b[j]);

		if (order == 0)
			result[(*n)++] = a[i];
		i += order <= 0;
		j += order >= 0;
	}
	if (*n == 0)
	{
		pfree(result);
		return NULL;
	}
	return result;
}

static bool
by_rules(const JurAtom *atom)
{
	return atom->release == JUR_RELEASE_BY_RULES;
}

/* may A's data go wherever B's may?  The places are the same. */
static bool
releases_contain(const JurAtom *a, const JurAtom *b)
{
	int			i;

	if (by_rules(a) || by_rules(b))
		return a->release == b->release;
	if (a->release == JUR_RELEASE_ANY)
		return true;
	if (b->release == JUR_RELEASE_ANY)
		return false;
	for (i = 0; i < b->nreleases; i++)
	{
		if (!same_code(b->releases[i], b->place) &&
			!is_member(b->releases[i], a->releases, a->nreleases))
			return false;
	}
	return true;
}

bool
jur_atom_flows(const JurAtom *a, const JurAtom *b)
{
	return a->level <= b->level &&
		same_code(a->place, b->place) &&
		is_subset(a->categories, a->ncategories,
				  b->categories, b->ncategories) &&
		releases_contain(a, b);
}

bool
jur_label_flows(const JurLabel *a, const JurLabel *b)
{
	int			i;
	int			j;

	for (i = 0; i < a->natoms; i++)
	{
		for (j = 0; j < b->natoms; j++)
		{
			if (jur_atom_flows(&a->atoms[i], &b->atoms[j]))
				break;
		}
		if (j == b->natoms)
			return false;
	}
	return true;
}

static int
compare_lists(const char **a, int na, const char **b, int nb)
{
	int			i;

	for (i = 0; i < na && i < nb; i++)
	{
		int			order = strcmp(a[i], b[i]);

		if (order != 0)
			return order;
	}
	return na - nb;
}

int
jur_atom_compare(const JurAtom *a, const JurAtom *b)
{
	int			order = strcmp(a->place, b->place);

	if (order == 0)
		order = (int) a->level - (int) b->level;
	if (order == 0)
		order = compare_lists(a->categories, a->ncategories,
							  b->categories, b->ncategories);
	if (order == 0)
		order = (int) a->release - (int) b->release;
	if (order == 0)
		order = compare_lists(a->releases, a->nreleases,
							  b->releases, b->nreleases);
	return order;
}

static int
compare_atoms(const void *a, const void *b)
{
	return jur_atom_compare(a, b);
}

bool
jur_label_equal(const JurLabel *a, const JurLabel *b)
{
	int			i;

	if (a->natoms != b->natoms)
		return false;
	for (i = 0; i < a->natoms; i++)
	{
		if (jur_atom_compare(&a->atoms[i], &b->atoms[i]) != 0)
			return false;
	}
	return true;
}

static void
refuse_size(const char *what, int limit)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("label would have more than %d %s", limit, what),
			 errhint("Use fewer distinct labels, or groups of places instead of single ones.")));
}

/* copies a code to *STRINGS, which moves on */
static const char *
put_code(char **strings, const char *code)
{
	Size		size = strlen(code) + 1;
	char	   *copy = *strings;

	memcpy(copy, code, size);
	*strings += size;
	return copy;
}

static const char **
put_list(const char ***pointers, char **strings, const char **list, int n)
{
	const char **copy = *pointers;
	int			i;

	for (i = 0; i < n; i++)
		copy[i] = put_code(strings, list[i]);
	*pointers += n;
	return copy;
}

/* a label of these atoms as they are, in one chunk */
static JurLabel *
assemble(const JurAtom *atoms, int natoms)
{
	Size		npointers = 0;
	Size		nbytes = 0;
	JurLabel   *label;
	const char **pointers;
	char	   *strings;
	int			i;
	int			j;

	for (i = 0; i < natoms; i++)
	{
		const JurAtom *atom = &atoms[i];

		if (atom->ncategories > JUR_LIST_MAX)
			refuse_size("categories in an atom", JUR_LIST_MAX);
		if (atom->nreleases > JUR_LIST_MAX)
			refuse_size("releases in an atom", JUR_LIST_MAX);
		npointers += atom->ncategories + atom->nreleases;
		nbytes += strlen(atom->place) + 1;
		for (j = 0; j < atom->ncategories; j++)
			nbytes += strlen(atom->categories[j]) + 1;
		for (j = 0; j < atom->nreleases; j++)
			nbytes += strlen(atom->releases[j]) + 1;
	}

	label = palloc(MAXALIGN(sizeof(JurLabel)) + natoms * sizeof(JurAtom) +
				   npointers * sizeof(char *) + nbytes);
	label->natoms = natoms;
	label->atoms = (JurAtom *) ((char *) label + MAXALIGN(sizeof(JurLabel)));
	pointers = (const char **) (label->atoms + natoms);
	strings = (char *) (pointers + npointers);
	for (i = 0; i < natoms; i++)
	{
		JurAtom    *copy = &label->atoms[i];

		*copy = atoms[i];
		copy->place = put_code(&strings, copy->place);
		copy->categories = put_list(&pointers, &strings,
									copy->categories, copy->ncategories);
		copy->releases = put_list(&pointers, &strings,
								  copy->releases, copy->nreleases);
	}
	return label;
}

/* is sorted[i] below another?  No two are equal; places must be the same. */
static bool
is_dominated(const JurAtom *sorted, int natoms, int i)
{
	const char *place = sorted[i].place;
	int			j;

	for (j = i + 1; j < natoms && same_code(sorted[j].place, place); j++)
	{
		if (jur_atom_flows(&sorted[i], &sorted[j]))
			return true;
	}
	for (j = i - 1; j >= 0 && same_code(sorted[j].place, place); j--)
	{
		if (jur_atom_flows(&sorted[i], &sorted[j]))
			return true;
	}
	return false;
}

/* forgets an atom; with its lists, where they are nobody else's */
static void
drop(JurAtom *atom, bool owns_lists)
{
	if (!owns_lists)
		return;
	if (atom->categories)
		pfree(atom->categories);
	if (atom->releases)
		pfree(atom->releases);
}

/*
 * Sorts the atoms and moves the maximal ones to the front; returns how many
 * they are.
 */
static int
reduce(JurAtom *atoms, int natoms, bool owns_lists)
{
	bool	   *dominated;
	int			distinct = 0;
	int			kept = 0;
	int			i;

	if (natoms < 2)
		return natoms;
	qsort(atoms, natoms, sizeof(JurAtom), compare_atoms);
	for (i = 0; i < natoms; i++)
	{
		if (i == 0 || jur_atom_compare(&atoms[i], &atoms[distinct - 1]) != 0)
			atoms[distinct++] = atoms[i];
		else
			drop(&atoms[i], owns_lists);
	}

	dominated = palloc(distinct * sizeof(bool));
	for (i = 0; i < distinct; i++)
	{
		CHECK_FOR_INTERRUPTS();
		dominated[i] = is_dominated(atoms, distinct, i);
	}
	for (i = 0; i < distinct; i++)
	{
		if (dominated[i])
			drop(&atoms[i], owns_lists);
		else
			atoms[kept++] = atoms[i];
	}
	pfree(dominated);
	return kept;
}

JurLabel *
jur_label_canonical(JurAtom *atoms, int natoms)
{
	int			kept = reduce(atoms, natoms, false);

	if (kept > JUR_ATOMS_MAX)
		refuse_size("atoms", JUR_ATOMS_MAX);
	return assemble(atoms, kept);
}

JurLabel *
jur_label_copy(const JurLabel *label)
{
	return assemble(label->atoms, label->natoms);
}

static bool
is_below_some(const JurAtom *atom, const JurLabel *label)
{
	int			i;

	CHECK_FOR_INTERRUPTS();
	for (i = 0; i < label->natoms; i++)
		if (jur_atom_flows(atom, &label->atoms[i]))
			return true;
	return false;
}

/*
 * Both are sorted, and within each no atom dominates another: only atoms of
 * the one and of the other have to be compared.  A statement that reads
 * thousands of labels joins them one after the other.
 */
JurLabel *
jur_label_join(const JurLabel *a, const JurLabel *b)
{
	JurAtom    *atoms = palloc((a->natoms + b->natoms + 1) * sizeof(JurAtom));
	JurLabel   *join;
	int			natoms = 0;
	int			i = 0;
	int			j = 0;

	while (i < a->natoms || j < b->natoms)
	{
		int			order = i == a->natoms ? 1 : j == b->natoms ? -1 :
			jur_atom_compare(&a->atoms[i], &b->atoms[j]);

		if (order == 0)
		{
			atoms[natoms++] = a->atoms[i++];
			j++;
		}
		else if (order < 0)
		{
			if (!is_below_some(&a->atoms[i], b))
				atoms[natoms++] = a->atoms[i];
			i++;
		}
		else
		{
			if (!is_below_some(&b->atoms[j], a))
				atoms[natoms++] = b->atoms[j];
			j++;
		}
	}
	if (natoms > JUR_ATOMS_MAX)
		refuse_size("atoms", JUR_ATOMS_MAX);
	join = assemble(atoms, natoms);
	pfree(atoms);
	return join;
}

/* the releases of the meet of A and B, which are of one place: the union */
static void
meet_releases(const JurAtom *a, const JurAtom *b, JurAtom *meet)
{
	int			kept = 0;
	int			i;

	meet->release = Max(a->release, b->release);
	meet->nreleases = 0;
	meet->releases = NULL;
	if (meet->release != JUR_RELEASE_LIST)
		return;

	meet->releases = union_of(a->releases, a->nreleases,
							  b->releases, b->nreleases, &meet->nreleases);
	if (meet->nreleases == 1)
		return;
	for (i = 0; i < meet->nreleases; i++)
	{
		if (!same_code(meet->releases[i], meet->place))
			meet->releases[kept++] = meet->releases[i];
	}
	meet->nreleases = kept;
}

/*
 * The greatest atom below both, appended to LIST; none where the places
 * differ or only one has a release list.
 */
static void
append_meet(AtomList *list, const JurAtom *a, const JurAtom *b)
{
	JurAtom    *meet;

	if (!same_code(a->place, b->place) || by_rules(a) != by_rules(b))
		return;

	/*
	 * A meet has at worst as many atoms as there are pairs.  Drop what is
	 * dominated before there are too many, so that memory stays bounded.
	 */
	if (list->natoms == list->capacity)
	{
		list->natoms = reduce(list->atoms, list->natoms, true);
		if (list->natoms > JUR_ATOMS_MAX)
			refuse_size("atoms", JUR_ATOMS_MAX);
	}
	meet = &list->atoms[list->natoms++];
	meet->place = a->place;
	meet->level = Min(a->level, b->level);
	meet->categories = intersection_of(a->categories, a->ncategories,
									   b->categories, b->ncategories,
									   &meet->ncategories);
	meet_releases(a, b, meet);
}

JurLabel *
jur_label_meet(const JurLabel *a, const JurLabel *b)
{
	AtomList	list;
	JurLabel   *meet;
	int			i;
	int			j;

	list.natoms = 0;
	list.capacity = Min(a->natoms * b->natoms, 4 * JUR_ATOMS_MAX);
	list.atoms = palloc((list.capacity + 1) * sizeof(JurAtom));
	for (i = 0; i < a->natoms; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (j = 0; j < b->natoms; j++)
			append_meet(&list, &a->atoms[i], &b->atoms[j]);
	}
	list.natoms = reduce(list.atoms, list.natoms, true);
	meet = jur_label_canonical(list.atoms, list.natoms);
	pfree(list.atoms);
	return meet;
}

JurLabel *
jur_label_raise(const JurLabel *label, JurLevel level,
				const char **categories, int ncategories)
{
	JurAtom    *atoms = palloc((label->natoms + 1) * sizeof(JurAtom));
	JurLabel   *raised;
	int			i;

	for (i = 0; i < label->natoms; i++)
	{
		JurAtom    *atom = &atoms[i];

		*atom = label->atoms[i];
		atom->level = Max(atom->level, level);
		atom->categories = union_of(atom->categories, atom->ncategories,
									categories, ncategories,
									&atom->ncategories);
	}
	raised = jur_label_canonical(atoms, label->natoms);
	pfree(atoms);
	return raised;
}
