/*-------------------------------------------------------------------------
 *
 * session_sql.c
 *	  Idea: SQL session(), default_label(), admits().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "base/settings.h"
#include "session/session.h"
#include "session/session_internal.h"

static void
put_line(ReturnSetInfo *result, const char *item, const char *value,
		 const char *source)
{
	Datum		values[3];
	bool		nulls[3] = {false};

	values[0] = CStringGetTextDatum(item);
	nulls[1] = value == NULL;
	values[1] = value ? CStringGetTextDatum(value) : (Datum) 0;
	nulls[2] = source == NULL;
	values[2] = source ? CStringGetTextDatum(source) : (Datum) 0;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static const char *
why_officer(void)
{
	if (!jur_is_latched())
		return "superusers stand in until the first officer is tagged";
	return jur_any_officer() ? "tag of the session user" :
		"no officer is left; single-user mode can appoint one";
}

/* session() returns setof (item, value, source): what holds, and why */
PG_FUNCTION_INFO_V1(jur_sql_session);
Datum
jur_sql_session(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	jur_require_preloaded("jurisdiction.session()");
	jur_session_refresh();
	InitMaterializedSRF(fcinfo, 0);
	put_line(result, "session_user",
			 GetUserNameFromId(GetSessionUserId(), true), "login");
	put_line(result, "role", GetUserNameFromId(GetOuterUserId(), true),
			 GetOuterUserId() == GetSessionUserId() ? "login" : "SET ROLE");
	put_line(result, "site", jur_site && *jur_site ? jur_site : NULL,
			 "jurisdiction.site");
	foreach(lc, jur_known()->sources)
	{
		JurSource  *line = lfirst(lc);

		put_line(result, line->item, line->value, line->source);
	}
	put_line(result, "officer", jur_is_officer() ? "yes" : "no",
			 why_officer());
	put_line(result, "backup", jur_is_backup() ? "yes" : "no",
			 "tag of the role");
	put_line(result, "enforcement",
			 jur_enforcement == JUR_OBSERVE ? "observe" : "enforce",
			 "jurisdiction.enforcement");
	return (Datum) 0;
}

/* the law of each of the places, at "internal" */
static JurLabel *
label_of_places(const char *const *places, int nplaces)
{
	JurAtom    *atoms = palloc0(sizeof(JurAtom) * nplaces);
	int			i;

	for (i = 0; i < nplaces; i++)
	{
		atoms[i].place = places[i];
		atoms[i].level = JUR_INTERNAL;
	}
	return jur_label_canonical(atoms, nplaces);
}

/*
 * default_label() returns label: the law of the place the session is in, at
 * "internal"; of the site, if it is in none.  55000 if neither is known.
 */
PG_FUNCTION_INFO_V1(jur_sql_default_label);
Datum
jur_sql_default_label(PG_FUNCTION_ARGS)
{
	const JurSubject *subject;
	JurLabel   *label;

	jur_require_preloaded("jurisdiction.default_label()");
	jur_session_refresh();
	subject = jur_current_subject();
	if (subject->arrival.nplaces > 0)
		label = label_of_places(subject->arrival.places,
								subject->arrival.nplaces);
	else if (subject->site)
		label = label_of_places(&subject->site, 1);
	else
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("there is no default label: neither the session nor the site has a known place"),
				 errhint("Tag the role with \"at PLACE\", or set jurisdiction.site.")));
	PG_RETURN_DATUM(jur_label_datum(label));
}

JurAction
jur_action_of_text(const char *name)
{
	JurAction	action;

	if (!jur_action_by_name(name, &action))
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("unknown action: \"%s\"", name),
				 errhint("The actions are read, export, store, unseal and write.")));
	return action;
}

/* admits(label, action) returns boolean: the verdict for this session now */
PG_FUNCTION_INFO_V1(jur_sql_admits);
Datum
jur_sql_admits(PG_FUNCTION_ARGS)
{
	JurAction	action;

	jur_require_preloaded("jurisdiction.admits()");
	action = jur_action_of_text(PG_ARGISNULL(1) ? "" :
								text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	jur_session_refresh();
	PG_RETURN_BOOL(jur_admits_datum(PG_GETARG_DATUM(0), action) == JUR_ALLOW);
}
