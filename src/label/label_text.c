/*-------------------------------------------------------------------------
 *
 * label_text.c
 *	  Idea: label to canonical text, which is what equality, order and hash
 *	  are defined on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "label/label_internal.h"

#define UNRESTRICTED "unrestricted"

/* writes PIECE at offset AT of DST, or only counts where DST is NULL */
static Size
put(char *dst, Size at, const char *piece)
{
	Size		length = strlen(piece);

	if (dst)
		memcpy(dst + at, piece, length);
	return at + length;
}

/* FIRST before the first code, a comma before every other */
static Size
put_list(char *dst, Size at, const char *first, const char **codes, int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		at = put(dst, at, i == 0 ? first : ",");
		at = put(dst, at, codes[i]);
	}
	return at;
}

/* the text without a final zero; returns its length */
static Size
render(const JurLabel *label, char *dst)
{
	Size		at = 0;
	int			i;

	if (label->natoms == 0)
		return put(dst, at, UNRESTRICTED);
	for (i = 0; i < label->natoms; i++)
	{
		const JurAtom *atom = &label->atoms[i];

		if (i > 0)
			at = put(dst, at, " & ");
		at = put(dst, at, atom->place);
		if (atom->level != JUR_INTERNAL)
		{
			at = put(dst, at, ":");
			at = put(dst, at, jur_level_name(atom->level));
		}
		at = put_list(dst, at, "/", atom->categories, atom->ncategories);
		if (atom->release == JUR_RELEASE_ANY)
			at = put(dst, at, ">*");
		else
			at = put_list(dst, at, ">", atom->releases, atom->nreleases);
	}
	return at;
}

char *
jur_label_text_in(const JurLabel *label, char *space, Size size)
{
	Size		length = render(label, NULL);

	if (length >= size)
		space = palloc(length + 1);
	render(label, space);
	space[length] = '\0';
	return space;
}

char *
jur_label_text(const JurLabel *label)
{
	return jur_label_text_in(label, NULL, 0);
}

int
jur_label_compare(const JurLabel *a, const JurLabel *b)
{
	char		a_space[256];
	char		b_space[256];
	char	   *a_text = jur_label_text_in(a, a_space, sizeof(a_space));
	char	   *b_text = jur_label_text_in(b, b_space, sizeof(b_space));
	int			order = strcmp(a_text, b_text);

	if (a_text != a_space)
		pfree(a_text);
	if (b_text != b_space)
		pfree(b_text);
	return order;
}
