/*-------------------------------------------------------------------------
 *
 * label_io.c
 *	  Idea: text to label, by the grammar.
 *
 *	label    = "unrestricted" / atom *( "&" atom )
 *	atom     = place [ ":" level ] [ "/" category *( "," category ) ]
 *			   [ ">" release *( "," release ) ]
 *	place    = country / country "-" 1*3( upper / digit ) / group
 *	country  = 2upper
 *	group    = upper 1*30( upper / digit / "_" )	; two letters are a country
 *	level    = "public" / "internal" / "confidential" / "restricted" / "secret"
 *	category = lower 0*30( lower / digit / "_" )
 *	release  = place / "*"
 *
 * Blanks may stand between any two parts.  The same scanners serve the tags
 * of the layers above.  Nothing here depends on locale or encoding: whatever
 * is not ASCII is not part of a label.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "label/label_internal.h"

#define UNRESTRICTED "unrestricted"

/* a comma list that grows */
typedef struct CodeList
{
	int			n;
	const char **codes;
} CodeList;

static const char *const level_names[] = {
	[JUR_PUBLIC] = "public",
	[JUR_INTERNAL] = "internal",
	[JUR_CONFIDENTIAL] = "confidential",
	[JUR_RESTRICTED] = "restricted",
	[JUR_SECRET] = "secret",
};

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* what a word may hold, whether or not the word is good for anything */
static bool
is_word(char c)
{
	return is_upper(c) || is_lower(c) || is_digit(c) || c == '_' || c == '-';
}

static void
skip_blanks(const char *text, int *pos)
{
	while (is_blank(text[*pos]))
		(*pos)++;
}

static bool
fail(JurLabelError *error, int position, char *message)
{
	error->message = message;
	error->position = position;
	return false;
}

/* the length of the word at TEXT */
static int
word_length(const char *text)
{
	int			length = 0;

	while (is_word(text[length]))
		length++;
	return length;
}

/* only words of ASCII are repeated, and no more of them than of a code */
bool
jur_scan_expected(const char *text, int pos, const char *what,
				  JurLabelError *error)
{
	int			length = word_length(text + pos);

	if (length > 0)
		return fail(error, pos,
					psprintf("\"%.*s%s\" is not %s",
							 Min(length, JUR_CODE_MAX), text + pos,
							 length > JUR_CODE_MAX ? "..." : "", what));
	if (text[pos] == '\0')
		return fail(error, pos,
					psprintf("expected %s, but the text ends", what));
	return fail(error, pos, psprintf("expected %s", what));
}

static bool
is_word_at(const char *text, int pos, const char *word)
{
	int			length = strlen(word);

	return word_length(text + pos) == length &&
		memcmp(text + pos, word, length) == 0;
}

bool
jur_scan_word(const char *text, int *pos, const char *word)
{
	if (!is_word_at(text, *pos, word))
		return false;
	*pos += strlen(word);
	skip_blanks(text, pos);
	return true;
}

bool
jur_scan_char(const char *text, int *pos, char c)
{
	if (text[*pos] != c)
		return false;
	(*pos)++;
	skip_blanks(text, pos);
	return true;
}

/* by form only: country, subdivision or group */
static bool
is_place(const char *code, int length)
{
	int			i;

	if (length < 2 || length > JUR_CODE_MAX || !is_upper(code[0]))
		return false;
	if (length > 2 && code[2] == '-')
	{
		if (!is_upper(code[1]) || length < 4 || length > 6)
			return false;
		for (i = 3; i < length; i++)
		{
			if (!is_upper(code[i]) && !is_digit(code[i]))
				return false;
		}
		return true;
	}
	for (i = 1; i < length; i++)
	{
		if (!is_upper(code[i]) && !is_digit(code[i]) && code[i] != '_')
			return false;
	}
	return true;
}

static bool
is_category(const char *code, int length)
{
	int			i;

	if (length < 1 || length > JUR_CODE_MAX || !is_lower(code[0]))
		return false;
	for (i = 1; i < length; i++)
	{
		if (!is_lower(code[i]) && !is_digit(code[i]) && code[i] != '_')
			return false;
	}
	return true;
}

bool
jur_is_place_code(const char *code)
{
	return is_place(code, strlen(code));
}

bool
jur_is_category_code(const char *code)
{
	return is_category(code, strlen(code));
}

const char *
jur_level_name(JurLevel level)
{
	return level_names[level];
}

bool
jur_scan_place(const char *text, int *pos, char **place, JurLabelError *error)
{
	int			length = word_length(text + *pos);

	if (!is_place(text + *pos, length))
		return jur_scan_expected(text, *pos, "a place code", error);
	*place = pnstrdup(text + *pos, length);
	*pos += length;
	skip_blanks(text, pos);
	return true;
}

bool
jur_scan_level(const char *text, int *pos, JurLevel *level,
			   JurLabelError *error)
{
	int			i;

	for (i = 0; i < lengthof(level_names); i++)
	{
		if (jur_scan_word(text, pos, level_names[i]))
		{
			*level = (JurLevel) i;
			return true;
		}
	}
	return jur_scan_expected(text, *pos, "a level", error);
}

static bool
scan_category(const char *text, int *pos, char **category,
			  JurLabelError *error)
{
	int			length = word_length(text + *pos);

	if (!is_category(text + *pos, length))
		return jur_scan_expected(text, *pos, "a category", error);
	*category = pnstrdup(text + *pos, length);
	*pos += length;
	skip_blanks(text, pos);
	return true;
}

static bool
scan_release(const char *text, int *pos, char **release, JurLabelError *error)
{
	if (jur_scan_char(text, pos, '*'))
	{
		*release = pstrdup("*");
		return true;
	}
	if (!is_place(text + *pos, word_length(text + *pos)))
		return jur_scan_expected(text, *pos, "a place code or \"*\"", error);
	return jur_scan_place(text, pos, release, error);
}

static int
compare_codes(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* sorts, and drops duplicates */
static void
sort_codes(CodeList *list)
{
	int			kept = 1;
	int			i;

	qsort(list->codes, list->n, sizeof(char *), compare_codes);
	for (i = 1; i < list->n; i++)
	{
		if (strcmp(list->codes[i], list->codes[kept - 1]) != 0)
			list->codes[kept++] = list->codes[i];
	}
	list->n = kept;
}

typedef bool (*ScanCode) (const char *text, int *pos, char **code,
						  JurLabelError *error);

/* a comma list of at least one, sorted and without duplicates */
static bool
scan_list(const char *text, int *pos, ScanCode scan, CodeList *list,
		  JurLabelError *error)
{
	int			start = *pos;
	int			capacity = 4;

	list->n = 0;
	list->codes = palloc(capacity * sizeof(char *));
	for (;;)
	{
		char	   *code;

		if (!scan(text, pos, &code, error))
			return false;
		if (list->n == JUR_LIST_MAX)
			return fail(error, start,
						psprintf("a list has at most %d entries",
								 JUR_LIST_MAX));
		if (list->n == capacity)
		{
			capacity *= 2;
			list->codes = repalloc(list->codes, capacity * sizeof(char *));
		}
		list->codes[list->n++] = code;
		if (!jur_scan_char(text, pos, ','))
			break;
	}
	sort_codes(list);
	return true;
}

bool
jur_scan_categories(const char *text, int *pos,
					const char ***categories, int *ncategories,
					JurLabelError *error)
{
	CodeList	list;

	if (!scan_list(text, pos, scan_category, &list, error))
		return false;
	*categories = list.codes;
	*ncategories = list.n;
	return true;
}

bool
jur_scan_places(const char *text, int *pos,
				const char ***places, int *nplaces, JurLabelError *error)
{
	CodeList	list;

	if (!scan_list(text, pos, jur_scan_place, &list, error))
		return false;
	*places = list.codes;
	*nplaces = list.n;
	return true;
}

/* "*" absorbs the rest; home is implied, so it is kept only if it is alone */
static bool
scan_releases(const char *text, int *pos, JurAtom *atom, JurLabelError *error)
{
	CodeList	list;
	int			kept = 0;
	int			i;

	if (!scan_list(text, pos, scan_release, &list, error))
		return false;
	if (strcmp(list.codes[0], "*") == 0)	/* sorts before any place */
	{
		atom->release = JUR_RELEASE_ANY;
		return true;
	}
	atom->release = JUR_RELEASE_LIST;
	atom->releases = list.codes;
	for (i = 0; i < list.n; i++)
	{
		if (list.n == 1 || strcmp(list.codes[i], atom->place) != 0)
			atom->releases[kept++] = list.codes[i];
	}
	atom->nreleases = kept;
	return true;
}

static bool
scan_atom(const char *text, int *pos, JurAtom *atom, JurLabelError *error)
{
	char	   *place;

	memset(atom, 0, sizeof(*atom));
	atom->level = JUR_INTERNAL;
	if (!jur_scan_place(text, pos, &place, error))
		return false;
	atom->place = place;
	if (jur_scan_char(text, pos, ':') &&
		!jur_scan_level(text, pos, &atom->level, error))
		return false;
	if (jur_scan_char(text, pos, '/') &&
		!jur_scan_categories(text, pos, &atom->categories,
							 &atom->ncategories, error))
		return false;
	if (jur_scan_char(text, pos, '>') &&
		!scan_releases(text, pos, atom, error))
		return false;
	return true;
}

static bool
fail_combination(JurLabelError *error, int pos)
{
	return fail(error, pos, pstrdup("\"unrestricted\" combines with nothing"));
}

JurLabel *
jur_label_parse_prefix(const char *text, int *used, JurLabelError *error)
{
	JurAtom    *atoms;
	int			natoms = 0;
	int			capacity = 4;
	int			pos = 0;
	JurLabel   *label;

	skip_blanks(text, &pos);
	if (jur_scan_word(text, &pos, UNRESTRICTED))
	{
		if (text[pos] == '&')
		{
			fail_combination(error, pos);
			return NULL;
		}
		*used = pos;
		return jur_label_canonical(NULL, 0);
	}

	atoms = palloc(capacity * sizeof(JurAtom));
	do
	{
		if (natoms == JUR_ATOMS_MAX)
		{
			fail(error, pos,
				 psprintf("a label has at most %d atoms", JUR_ATOMS_MAX));
			return NULL;
		}
		if (natoms == capacity)
		{
			capacity *= 2;
			atoms = repalloc(atoms, capacity * sizeof(JurAtom));
		}
		if (is_word_at(text, pos, UNRESTRICTED))
		{
			fail_combination(error, pos);
			return NULL;
		}
		if (!scan_atom(text, &pos, &atoms[natoms], error))
			return NULL;
		natoms++;
	} while (jur_scan_char(text, &pos, '&'));

	label = jur_label_canonical(atoms, natoms);
	pfree(atoms);
	*used = pos;
	return label;
}

JurLabel *
jur_label_parse(const char *text, JurLabelError *error)
{
	int			used;
	JurLabel   *label = jur_label_parse_prefix(text, &used, error);

	if (label && text[used] != '\0')
	{
		fail(error, used, pstrdup("expected \"&\" or the end of the label"));
		return NULL;
	}
	return label;
}

JurLabel *
jur_label_receive(const char *bytes, int size, JurLabelError *error)
{
	JurLabel   *label;
	char	   *text;

	if (size < 1 || bytes[0] != JUR_BINARY_VERSION)
	{
		fail(error, 0, psprintf("expected version %d", JUR_BINARY_VERSION));
		return NULL;
	}
	text = palloc(size);
	memcpy(text, bytes + 1, size - 1);
	text[size - 1] = '\0';
	label = jur_label_parse(text, error);
	if (label == NULL)
	{
		error->position++;		/* the version byte */
		return NULL;
	}
	/* one label has one binary form; this refuses a zero byte as well */
	if (strlen(text) != size - 1 || strcmp(jur_label_text(label), text) != 0)
	{
		fail(error, 1, pstrdup("the text is not in canonical form"));
		return NULL;
	}
	pfree(text);
	return label;
}
