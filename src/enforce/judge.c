/*-------------------------------------------------------------------------
 *
 * judge.c
 *	  Idea: what happens to a "no": it is recorded, then it is carried out.
 *
 * The record comes first: an ERROR ends the transaction, and a denial that
 * leaves no trace is the one an auditor looks for.  It goes into the evidence
 * log, and as one line in a fixed format into the server's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"
#include "evidence/evidence.h"

/* bytes of a detail that are recorded; JSON may take six times as many */
#define MAX_DETAIL 8000
/* likewise of an object: a path, say, as long as its writer likes */
#define MAX_OBJECT 1000
/* what a record may have, less the little that comes behind a decision */
#define MAX_RECORD 65000

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

static const char *
clipped(const char *text, int limit)
{
	if (text == NULL || strlen(text) <= limit)
		return text;
	return pnstrdup(text, pg_mbcliplen(text, strlen(text), limit));
}

/* DECISION: one of `decisions`, or NULL */
static void
record_evidence(const char *event, const char *action, const char *object,
				const char *verdict, const char *detail, const char *decision)
{
	StringInfoData record;

	if (!jur_evidence_is_on())
		return;
	initStringInfo(&record);
	jur_record_begin(&record, event, GetCurrentTimestamp());
	jur_record_text(&record, "id", jur_statement_id());
	jur_record_session(&record);
	jur_record_text(&record, "action", action);
	jur_record_text(&record, "object", clipped(object, MAX_OBJECT));
	jur_record_text(&record, "verdict", verdict);
	jur_record_text(&record, "detail", clipped(detail, MAX_DETAIL));
	if (decision && record.len + strlen(decision) < MAX_RECORD)
	{
		jur_record_name(&record, "decisions");
		appendStringInfo(&record, "[%s]", decision);
	}
	jur_record_end(&record);
	jur_evidence_put(record.data, record.len);
	pfree(record.data);
	jur_evidence_owed();
}

static void
record(const char *event, const char *action, const char *object,
	   const char *verdict, const char *detail, const char *decision)
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
	record_evidence(event, action, object, verdict, detail, decision);
}

bool
jur_refused(const char *action, Oid relid, const char *reason)
{
	bool		observing = jur_observing();

	record("refusal", action, OidIsValid(relid) ? jur_relation_name(relid) : "",
		   observing ? "observe" : "deny", reason, NULL);
	/* whatever raises next: it may be outside of what waits for statements */
	jur_evidence_wait();
	jur_count(observing ? JUR_COUNT_OBSERVED : JUR_COUNT_REFUSALS, 1);
	return !observing;
}

void
jur_refused_guarded(const char *action, const char *object, const char *reason)
{
	record("refusal", action, object, "deny", reason, NULL);
	jur_evidence_wait();
	jur_count(JUR_COUNT_REFUSALS, 1);
}

void
jur_recorded(const char *event, const char *object, const char *detail)
{
	record(event, "", object, "allow", detail, NULL);
}

void
jur_recorded_flow(const char *event, const char *object, const char *detail,
				  const JurLabel *label, const JurQuestion *question)
{
	record(event, "", object, "allow", detail, jur_decision_text(label, question));
}
