/*-------------------------------------------------------------------------
 *
 * judge.c
 *	  Idea: what happens to a "no": it is recorded, then it is carried out.
 *
 * The record comes first: an ERROR ends the transaction, and a denial that
 * leaves no trace is the one an auditor looks for.  Until the evidence log
 * exists the record is one line of the server log in a fixed format.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"

bool
jur_observing(void)
{
	return jur_enforcement == JUR_OBSERVE;
}

char *
jur_relation_name(Oid relid)
{
	char	   *name = get_rel_name(relid);
	char	   *schema = name ? get_namespace_name(get_rel_namespace(relid)) : NULL;

	if (name == NULL)
		return psprintf("relation %u", relid);
	return quote_qualified_identifier(schema, name);
}

/* values are quoted and their quotes doubled: one line, always parseable */
static void
append_field(StringInfo line, const char *name, const char *value)
{
	const char *c;

	appendStringInfo(line, " %s=\"", name);
	for (c = value ? value : ""; *c; c++)
	{
		if (*c == '"')
			appendStringInfoChar(line, '"');
		appendStringInfoChar(line, (unsigned char) *c < ' ' ? ' ' : *c);
	}
	appendStringInfoChar(line, '"');
}

/* while a client is being authenticated there is no user yet */
static char *
user_name(Oid (*user) (void))
{
	return ClientAuthInProgress ? NULL : GetUserNameFromId(user(), true);
}

static void
record(const char *event, const char *action, const char *object,
	   const char *verdict, const char *detail)
{
	StringInfoData line;

	initStringInfo(&line);
	append_field(&line, "event", event);
	append_field(&line, "action", action);
	append_field(&line, "object", object);
	append_field(&line, "verdict", verdict);
	append_field(&line, "session_user", user_name(GetSessionUserId));
	append_field(&line, "role", user_name(GetOuterUserId));
	append_field(&line, "purpose", jur_purpose);
	append_field(&line, "detail", detail);
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("jurisdiction:%s", line.data),
			 errhidestmt(true), errhidecontext(true)));
	pfree(line.data);
}

bool
jur_refused(const char *action, Oid relid, const char *reason)
{
	bool		observing = jur_observing();

	record("refusal", action, OidIsValid(relid) ? jur_relation_name(relid) : "",
		   observing ? "observe" : "deny", reason);
	jur_count(observing ? JUR_COUNT_OBSERVED : JUR_COUNT_REFUSALS, 1);
	return !observing;
}

void
jur_refused_guarded(const char *action, const char *object, const char *reason)
{
	record("refusal", action, object, "deny", reason);
	jur_count(JUR_COUNT_REFUSALS, 1);
}

void
jur_recorded(const char *event, const char *object, const char *detail)
{
	record(event, "", object, "allow", detail);
}
