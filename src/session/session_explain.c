/*-------------------------------------------------------------------------
 *
 * session_explain.c
 *	  Idea: SQL explain(): which rule decides, for this session or a supposed
 *	  one, now or on another date.
 *
 * What is not supposed is this session's.  An exemption is its role's, and
 * for now: it counts only where nothing is supposed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "base/settings.h"
#include "session/session.h"
#include "session/session_internal.h"

/* the arguments, in order */
enum
{
	ARG_LABEL,
	ARG_ACTION,
	ARG_AT,
	ARG_CLEARED,
	ARG_PURPOSE,
	ARG_PARTY,
	ARG_AS_OF
};

/* the session that is asked about: ours, with what was supposed instead */
typedef struct Supposed
{
	JurSubject	subject;
	JurArrival	arrival;
	JurClearance clearance;
	JurQuestion question;
} Supposed;

static void
bad_argument(const char *name, const char *value, const char *hint)
{
	ereport(ERROR,
			(errcode(JUR_ERR_ARGUMENT),
			 errmsg("invalid value for argument \"%s\": \"%s\"", name, value),
			 errhint("%s", hint)));
}

/* --- suppositions ------------------------------------------------------ */

static void
suppose_places(Supposed *s, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &n);
	if (n == 0)
		bad_argument("at", "{}", "Name at least one place, or leave it out.");
	s->arrival.nplaces = n;
	s->arrival.places = palloc(sizeof(char *) * n);
	s->arrival.unknown = false;
	for (i = 0; i < n; i++)
	{
		s->arrival.places[i] = nulls[i] ? "" : TextDatumGetCString(elements[i]);
		if (!jur_place_is_known(jur_policy(), s->arrival.places[i]))
			bad_argument("at", s->arrival.places[i],
						 "Places are listed in jurisdiction.place.");
	}
}

/* a level, and after "/" categories or a star: as in a role's tag */
static bool
scan_clearance(const char *text, JurClearance *clearance)
{
	JurLabelError error;
	int			pos = 0;

	if (!jur_scan_level(text, &pos, &clearance->level, &error))
		return false;
	if (jur_scan_char(text, &pos, '/'))
	{
		clearance->all_categories = jur_scan_char(text, &pos, '*');
		if (!clearance->all_categories &&
			!jur_scan_categories(text, &pos, &clearance->categories,
								 &clearance->ncategories, &error))
			return false;
	}
	return text[pos] == '\0';
}

static void
suppose_clearance(Supposed *s, const char *text)
{
	int			i;

	if (!scan_clearance(text + strspn(text, " \t\n\r\f\v"), &s->clearance))
		bad_argument("cleared", text,
					 "Write LEVEL, LEVEL/CATEGORIES or LEVEL/*: confidential/health,personal.");
	for (i = 0; i < s->clearance.ncategories; i++)
		if (!jur_category_is_known(jur_policy(), s->clearance.categories[i]))
			bad_argument("cleared", s->clearance.categories[i],
						 "Categories are listed in jurisdiction.category.");
	s->subject.nclearances = 1;
	s->subject.clearances = &s->clearance;
}

static void
suppose_purpose(Supposed *s, const char *text)
{
	if (!jur_is_category_code(text))
		bad_argument("purpose", text,
					 "Purposes are lower-case words with underscores, listed in jurisdiction.purpose.");
	s->subject.purpose = text;
}

/* no letters and no colon: no time of day, and no zone */
static bool
is_bare_date(const char *text)
{
	return *text && text[strspn(text, "0123456789-/. ")] == '\0';
}

/* a bare date begins at 00:00 UTC; anything else is what the server reads */
static TimestampTz
moment_of_text(const char *text)
{
	DateADT		day;

	if (!is_bare_date(text))
		return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
													   CStringGetDatum(text),
													   ObjectIdGetDatum(InvalidOid),
													   Int32GetDatum(-1)));
	day = DatumGetDateADT(DirectFunctionCall1(date_in, CStringGetDatum(text)));
	if (day >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		return DT_NOEND;		/* there are more days than moments */
	return (TimestampTz) day * USECS_PER_DAY;
}

/* what the server does not read as a moment is a bad argument of ours */
static void
suppose_moment(Supposed *s, const char *text)
{
	const char *hint = "Write a date, which begins at 00:00 UTC, or a timestamp with time zone: 2020-07-16.";
	MemoryContext caller = CurrentMemoryContext;

	PG_TRY();
	{
		s->question.moment = moment_of_text(text);
	}
	PG_CATCH();
	{
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		bad_argument("as_of", text, hint);
	}
	PG_END_TRY();
	if (!IS_VALID_TIMESTAMP(s->question.moment))
		bad_argument("as_of", text, hint);
}

static void
refuse_party(void)
{
	ereport(ERROR,
			(errcode(JUR_ERR_UNSUPPORTED),
			 errmsg("argument \"party\" needs lists of denied parties, which this version does not have"),
			 errhint("Leave it out: no party is denied by name.")));
}

static char *
argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* what is stored arrives at the site, wherever the session is */
static Supposed *
suppose(FunctionCallInfo fcinfo, JurAction action)
{
	Supposed   *s = palloc0(sizeof(Supposed));
	int			i;

	s->question = jur_question(action);
	s->subject = *s->question.subject;
	s->arrival = *s->question.arrival;
	for (i = ARG_AT; i <= ARG_AS_OF; i++)
		if (!PG_ARGISNULL(i))
			s->subject.exemption = NULL;
	if (!PG_ARGISNULL(ARG_PARTY))
		refuse_party();
	if (!PG_ARGISNULL(ARG_AT) && action != JUR_STORE)
		suppose_places(s, PG_GETARG_ARRAYTYPE_P(ARG_AT));
	if (!PG_ARGISNULL(ARG_CLEARED))
		suppose_clearance(s, argument(fcinfo, ARG_CLEARED));
	if (!PG_ARGISNULL(ARG_PURPOSE))
		suppose_purpose(s, argument(fcinfo, ARG_PURPOSE));
	if (!PG_ARGISNULL(ARG_AS_OF))
		suppose_moment(s, argument(fcinfo, ARG_AS_OF));
	s->question.subject = &s->subject;
	s->question.arrival = &s->arrival;
	return s;
}

/* --- the answer -------------------------------------------------------- */

static void
put_text(Datum *value, bool *is_null, const char *text)
{
	*is_null = text == NULL;
	if (text)
		*value = CStringGetTextDatum(text);
}

static void
put_decision(ReturnSetInfo *result, const JurDecision *decision,
			 JurAction action)
{
	Datum		values[7] = {0};
	bool		nulls[7] = {false};
	JurLabel	label = {decision->atom ? 1 : 0, (JurAtom *) decision->atom};

	values[0] = jur_label_datum(&label);
	put_text(&values[1], &nulls[1], decision->destination);
	put_text(&values[2], &nulls[2],
			 decision->verdict == JUR_ALLOW ? "allow" : "deny");
	put_text(&values[3], &nulls[3], jur_decided_by_name(decision->decided_by));
	values[4] = Int64GetDatum(decision->rule_id);
	nulls[4] = decision->decided_by != JUR_BY_RULE;
	put_text(&values[5], &nulls[5], decision->basis);
	put_text(&values[6], &nulls[6], jur_decision_reason(decision, action));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* a value without a label: no place's law is known to allow anything */
static void
put_unlabelled(ReturnSetInfo *result)
{
	Datum		values[7] = {0};
	bool		nulls[7] = {true, true, false, false, true, true, false};

	put_text(&values[2], &nulls[2], "deny");
	put_text(&values[3], &nulls[3], jur_decided_by_name(JUR_BY_DEFAULT));
	put_text(&values[6], &nulls[6], "What has no label is for nobody.");
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_decisions(ReturnSetInfo *result, const JurLabel *label,
			  const JurQuestion *question)
{
	const JurPolicy *policy = jur_policy();
	const JurArrival *arrival = question->arrival;
	JurDecision decision;
	int			i;
	int			j;

	if (label->natoms == 0)
	{
		decision = jur_decide(policy, label, question);
		put_decision(result, &decision, question->action);
	}
	for (i = 0; i < label->natoms; i++)
	{
		for (j = 0; j < arrival->nplaces; j++)
		{
			decision = jur_decide_atom(policy, &label->atoms[i],
									   arrival->places[j], question);
			put_decision(result, &decision, question->action);
		}
		if (arrival->unknown || arrival->nplaces == 0)
		{
			decision = jur_decide_atom(policy, &label->atoms[i], NULL,
									   question);
			put_decision(result, &decision, question->action);
		}
	}
}

/*
 * explain(label, action, at, cleared, purpose, party, as_of): one row for each
 * atom and destination; one also for "unrestricted".
 */
PG_FUNCTION_INFO_V1(jur_sql_explain);
Datum
jur_sql_explain(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	JurAction	action;
	Supposed   *s;

	jur_require_preloaded("jurisdiction.explain()");
	action = jur_action_of_text(PG_ARGISNULL(ARG_ACTION) ? "" :
								argument(fcinfo, ARG_ACTION));
	jur_session_refresh();
	s = suppose(fcinfo, action);
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ARG_LABEL))
		put_unlabelled(result);
	else
		put_decisions(result, jur_label_of_datum(PG_GETARG_DATUM(ARG_LABEL)),
					  &s->question);
	return (Datum) 0;
}
