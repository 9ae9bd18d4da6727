/*-------------------------------------------------------------------------
 *
 * tag_codes.c
 *	  Idea: the first code in a tag that is in no registry.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "enforce/enforce_internal.h"

static const char *
in_label(const JurLabel *label)
{
	return label ? jur_unknown_code(jur_policy(), label) : NULL;
}

static const char *
in_places(const char **places, int nplaces)
{
	int			i;

	for (i = 0; i < nplaces; i++)
		if (!jur_place_is_known(jur_policy(), places[i]))
			return places[i];
	return NULL;
}

static const char *
in_categories(const char **categories, int ncategories)
{
	int			i;

	for (i = 0; i < ncategories; i++)
		if (!jur_category_is_known(jur_policy(), categories[i]))
			return categories[i];
	return NULL;
}

const char *
jur_unknown_in_column_tag(const JurColumnTag *tag)
{
	const char *code = in_label(tag->within);

	if (code == NULL)
		code = in_label(tag->raise);
	if (code == NULL)
		code = in_categories(tag->categories, tag->ncategories);
	return code;
}

const char *
jur_unknown_in_relation_tag(const JurRelationTag *tag)
{
	const char *code = in_label(tag->label);

	if (code == NULL)
		code = in_label(tag->accepts);
	if (code == NULL)
		code = in_places(tag->places, tag->nplaces);
	return code;
}

const char *
jur_unknown_in_role_tag(const JurRoleTag *tag)
{
	const char *code = in_places(tag->places, tag->nplaces);

	if (code == NULL)
		code = in_places(tag->releases, tag->nreleases);
	if (code == NULL)
		code = in_places(tag->replicates, tag->nreplicates);
	if (code == NULL)
		code = in_categories(tag->clearance.categories, tag->clearance.ncategories);
	return code;
}
