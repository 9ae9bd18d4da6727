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

/* lint_unpublishable(publication, relation): why it may not be in it; NULL: it may */
PG_FUNCTION_INFO_V1(jur_sql_lint_unpublishable);
Datum
jur_sql_lint_unpublishable(PG_FUNCTION_ARGS)
{
	char	   *why;

	jur_require_preloaded("lint()");
	(void) jur_session_refresh();
	why = jur_why_unpublishable(PG_GETARG_OID(0), PG_GETARG_OID(1));
	if (why == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(why));
}

/* ------------------------------------------------------------- the text of tags */

/* the first code in the tag that is in no registry; false: no such tag */
static bool
read_tag(const char *kind, const char *text, const char **code, JurLabelError *error)
{
	if (strcmp(kind, "column") == 0)
	{
		JurColumnTag *tag = jur_parse_column_tag(text, error);

		*code = tag ? jur_unknown_in_column_tag(tag) : NULL;
		return tag != NULL;
	}
	if (strcmp(kind, "role") == 0)
	{
		JurRoleTag *tag = jur_parse_role_tag(text, error);

		*code = tag ? jur_unknown_in_role_tag(tag) : NULL;
		return tag != NULL;
	}
	{
		JurRelationTag *tag = jur_parse_relation_tag(text, error);

		*code = tag ? jur_unknown_in_relation_tag(tag) : NULL;
		return tag != NULL;
	}
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
	reads = read_tag(kind, tag, &code, &error);
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
