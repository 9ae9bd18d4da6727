/*-------------------------------------------------------------------------
 *
 * session_explain.c
 *	  Idea: SQL explain(): which rule decides, for this session or a supposed
 *	  one, now or on another date.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "base/settings.h"
#include "session/session.h"
#include "session/session_internal.h"

/* the session that is asked about: ours, with what was supposed instead */
typedef struct Supposed
{
	JurSubject	subject;
	JurArrival	arrival;
	JurClearance clearance;
	JurQuestion question;
} Supposed;

static char *
argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static void
bad_argument(const char *name, const char *value, const char *hint)
{
	ereport(ERROR,
			(errcode(JUR_ERR_ARGUMENT),
			 errmsg("invalid value for argument \"%s\": \"%s\"", name, value),
			 errhint("%s", hint)));
}

static void
suppose_places(Supposed *s, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			i;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &s->arrival.nplaces);
	s->arrival.places = palloc(sizeof(char *) * Max(s->arrival.nplaces, 1));
	for (i = 0; i < s->arrival.nplaces; i++)
	{
		const char *place = nulls[i] ? "" : TextDatumGetCString(elements[i]);

		if (!jur_place_is_known(jur_policy(), place))
			bad_argument("at", place, "Places are in jurisdiction.place.");
		s->arrival.places[i] = place;
	}
	s->arrival.unknown = s->arrival.nplaces == 0;
}

/* LEVEL, LEVEL/CATEGORIES or LEVEL and all categories, as in a role tag */
static void
suppose_clearance(Supposed *s, const char *text)
{
	JurLabelError error;
	JurRoleTag *tag = jur_parse_role_tag(psprintf("at EU cleared %s", text), &error);
	int			i;

	if (tag == NULL || tag->is_officer || tag->is_backup || tag->npurposes > 0)
		bad_argument("cleared", text, "Use LEVEL, LEVEL/CATEGORIES or LEVEL/*, such as confidential/health,personal.");
	for (i = 0; i < tag->clearance.ncategories; i++)
		if (!jur_category_is_known(jur_policy(), tag->clearance.categories[i]))
			bad_argument("cleared", tag->clearance.categories[i],
						 "Categories are in jurisdiction.category.");
	s->clearance = tag->clearance;
	s->subject.nclearances = 1;
	s->subject.clearances = &s->clearance;
}

static bool
is_bare_date(const char *text)
{
	return strlen(text) == 10 && strspn(text, "0123456789-") == 10;
}

/* a bare date is its beginning in UTC */
static TimestampTz
moment_of_text(const char *text)
{
	const char *full = is_bare_date(text) ? psprintf("%s 00:00:00+00", text) : text;
	MemoryContext caller = CurrentMemoryContext;
	TimestampTz volatile moment = 0;

	PG_TRY();
	{
		moment = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
														 CStringGetDatum(full),
														 ObjectIdGetDatum(InvalidOid),
														 Int32GetDatum(-1)));
	}
	PG_CATCH();
	{
		/* the input function holds nothing that would need cleaning up */
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		bad_argument("as_of", text, "Use a date, which means 00:00 UTC, or a timestamp with time zone.");
	}
	PG_END_TRY();
	return moment;
}

static Supposed *
suppose(FunctionCallInfo fcinfo, JurAction action)
{
	Supposed   *s = palloc0(sizeof(Supposed));
	char	   *text;

	s->question = jur_question(action);
	s->subject = *s->question.subject;
	s->arrival = *s->question.arrival;
	if (!PG_ARGISNULL(2) && action != JUR_STORE)
	{
		suppose_places(s, PG_GETARG_ARRAYTYPE_P(2));
		/* an exemption is a role's, and the session supposed is another */
		s->subject.exemption = NULL;
	}
	if ((text = argument(fcinfo, 3)) != NULL)
	{
		suppose_clearance(s, text);
		s->subject.exemption = NULL;
	}
	if ((text = argument(fcinfo, 4)) != NULL)
		s->subject.purpose = text;
	if (argument(fcinfo, 5) != NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_UNSUPPORTED),
				 errmsg("argument \"party\" needs lists of denied parties, which this version does not have")));
	if ((text = argument(fcinfo, 6)) != NULL)
		s->question.moment = moment_of_text(text);
	s->question.subject = &s->subject;
	s->question.arrival = &s->arrival;
	return s;
}

static void
put_decision(ReturnSetInfo *result, const JurDecision *decision, JurAction action)
{
	Datum		values[7];
	bool		nulls[7] = {false};
	JurLabel	label = {decision->atom ? 1 : 0, (JurAtom *) decision->atom};

	values[0] = jur_label_datum(&label);
	nulls[1] = decision->destination == NULL;
	if (decision->destination)
		values[1] = CStringGetTextDatum(decision->destination);
	values[2] = CStringGetTextDatum(decision->verdict == JUR_ALLOW ? "allow" : "deny");
	values[3] = CStringGetTextDatum(jur_decided_by_name(decision->decided_by));
	nulls[4] = decision->decided_by != JUR_BY_RULE;
	values[4] = Int64GetDatum(decision->rule_id);
	nulls[5] = decision->basis == NULL;
	if (decision->basis)
		values[5] = CStringGetTextDatum(decision->basis);
	values[6] = CStringGetTextDatum(jur_decision_reason(decision, action));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * explain(label, action, at, cleared, purpose, party, as_of): one row per
 * atom and destination; one also for "unrestricted".  What is not supposed is
 * this session's.
 */
PG_FUNCTION_INFO_V1(jur_sql_explain);
Datum
jur_sql_explain(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	JurAction	action;
	JurLabel   *label;
	Supposed   *s;
	JurDecision decision;
	int			i;
	int			j;

	jur_require_preloaded("jurisdiction.explain()");
	if (PG_ARGISNULL(1))
		bad_argument("action", "", "The actions are read, export, store, unseal and write.");
	action = jur_action_of_text(argument(fcinfo, 1));
	jur_session_refresh();
	s = suppose(fcinfo, action);
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	label = jur_label_of_datum(PG_GETARG_DATUM(0));
	if (label->natoms == 0)
	{
		decision = jur_decide(jur_policy(), label, &s->question);
		put_decision(result, &decision, action);
	}
	for (i = 0; i < label->natoms; i++)
	{
		for (j = 0; j < s->arrival.nplaces; j++)
		{
			decision = jur_decide_atom(jur_policy(), &label->atoms[i],
									   s->arrival.places[j], &s->question);
			put_decision(result, &decision, action);
		}
		if (s->arrival.unknown || s->arrival.nplaces == 0)
		{
			decision = jur_decide_atom(jur_policy(), &label->atoms[i], NULL, &s->question);
			put_decision(result, &decision, action);
		}
	}
	return (Datum) 0;
}
