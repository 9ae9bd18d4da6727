/*-------------------------------------------------------------------------
 *
 * lint_sql.c
 *	  Idea: what lint() asks that only C can answer.
 *
 * Each function is a question with a short answer; what follows from the
 * answer is lint()'s business, in the install script.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"

/* does lint() show this caller what concerns others too? */
PG_FUNCTION_INFO_V1(jur_sql_lint_sees_all);
Datum
jur_sql_lint_sees_all(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("lint()");
	PG_RETURN_BOOL(superuser() || jur_is_officer());
}

/* may this session act as officer, and so read exemptions? */
PG_FUNCTION_INFO_V1(jur_sql_lint_is_officer);
Datum
jur_sql_lint_is_officer(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("lint()");
	PG_RETURN_BOOL(jur_is_officer());
}

/* may a sample of a tagged table be taken without a refusal? */
PG_FUNCTION_INFO_V1(jur_sql_lint_is_exempt);
Datum
jur_sql_lint_is_exempt(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("lint()");
	PG_RETURN_BOOL(jur_observing() || jur_is_backup() ||
				   jur_current_subject()->exemption != NULL);
}

/* do a validated CHECK and NOT NULL keep every row under the ceiling? */
PG_FUNCTION_INFO_V1(jur_sql_lint_ceiling_holds);
Datum
jur_sql_lint_ceiling_holds(PG_FUNCTION_ARGS)
{
	const JurTagged *tagged;

	jur_require_preloaded("lint()");
	tagged = jur_tags_of(PG_GETARG_OID(0));
	if (tagged->ceiling == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(tagged->ceiling_holds);
}

PG_FUNCTION_INFO_V1(jur_sql_lint_covers);
Datum
jur_sql_lint_covers(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("lint()");
	(void) jur_session_refresh();
	PG_RETURN_BOOL(jur_covers(jur_policy(), text_to_cstring(PG_GETARG_TEXT_PP(0)),
							  text_to_cstring(PG_GETARG_TEXT_PP(1)),
							  jur_current_moment()));
}

PG_FUNCTION_INFO_V1(jur_sql_lint_unknown_code);
Datum
jur_sql_lint_unknown_code(PG_FUNCTION_ARGS)
{
	const char *code;

	jur_require_preloaded("lint()");
	code = jur_unknown_code(jur_policy(), jur_label_of_datum(PG_GETARG_DATUM(0)));
	if (code == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(code));
}

/* ------------------------------------------------------------- the text of tags */

static const char *
unknown_place(const char **places, int nplaces)
{
	int			i;

	for (i = 0; i < nplaces; i++)
		if (!jur_place_is_known(jur_policy(), places[i]))
			return places[i];
	return NULL;
}

static const char *
unknown_category(const char **categories, int ncategories)
{
	int			i;

	for (i = 0; i < ncategories; i++)
		if (!jur_category_is_known(jur_policy(), categories[i]))
			return categories[i];
	return NULL;
}

static const char *
unknown_in(const JurLabel *label)
{
	return label ? jur_unknown_code(jur_policy(), label) : NULL;
}

/* the first code in a column's tag that is in no registry; false: no tag */
static bool
read_column_tag(const char *text, const char **code, JurLabelError *error)
{
	JurColumnTag *tag = jur_parse_column_tag(text, error);

	if (tag == NULL)
		return false;
	*code = unknown_in(tag->within);
	if (*code == NULL)
		*code = unknown_in(tag->raise);
	if (*code == NULL)
		*code = unknown_category(tag->categories, tag->ncategories);
	return true;
}

static bool
read_relation_tag(const char *text, const char **code, JurLabelError *error)
{
	JurRelationTag *tag = jur_parse_relation_tag(text, error);

	if (tag == NULL)
		return false;
	*code = unknown_in(tag->label);
	if (*code == NULL)
		*code = unknown_in(tag->accepts);
	if (*code == NULL)
		*code = unknown_place(tag->places, tag->nplaces);
	return true;
}

static bool
read_role_tag(const char *text, const char **code, JurLabelError *error)
{
	JurRoleTag *tag = jur_parse_role_tag(text, error);

	if (tag == NULL)
		return false;
	*code = unknown_place(tag->places, tag->nplaces);
	if (*code == NULL)
		*code = unknown_place(tag->releases, tag->nreleases);
	if (*code == NULL)
		*code = unknown_place(tag->replicates, tag->nreplicates);
	if (*code == NULL)
		*code = unknown_category(tag->clearance.categories, tag->clearance.ncategories);
	return true;
}

/*
 * lint_tag(kind, tag) returns (problem, code): why the tag of a column,
 * relation or role cannot be read, or the code in it that nothing registers;
 * neither if all is well.
 */
PG_FUNCTION_INFO_V1(jur_sql_lint_tag);
Datum
jur_sql_lint_tag(PG_FUNCTION_ARGS)
{
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *tag = text_to_cstring(PG_GETARG_TEXT_PP(1));
	JurLabelError error = {0};
	const char *code = NULL;
	bool		reads;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};
	TupleDesc	desc;

	jur_require_preloaded("lint()");
	if (strcmp(kind, "column") == 0)
		reads = read_column_tag(tag, &code, &error);
	else if (strcmp(kind, "role") == 0)
		reads = read_role_tag(tag, &code, &error);
	else
		reads = read_relation_tag(tag, &code, &error);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	nulls[0] = reads;
	if (!reads)
		values[0] = CStringGetTextDatum(psprintf("at byte %d: %s",
												 error.position + 1, error.message));
	nulls[1] = code == NULL;
	if (code)
		values[1] = CStringGetTextDatum(code);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
