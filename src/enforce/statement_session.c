/*-------------------------------------------------------------------------
 *
 * statement_session.c
 *	  Idea: who a record says it was, in text that is kept until it changes.
 *
 * Names come from catalogs, and a record may have to be written while an error
 * is handled: they are looked up when a statement opens.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/guc.h"
#include "utils/inet.h"
#include "utils/memutils.h"

#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement_internal.h"
#include "evidence/evidence.h"

const char *jur_session_text = NULL;
uint64		jur_session_builds = 0;

/* what it was made of, and in */
static uint64 session_generation = 0;
static char *session_application = NULL;
static MemoryContext session_context = NULL;

static void
append_client(StringInfo record)
{
	JurClient	client = jur_client();
	char		text[INET6_ADDRSTRLEN];

	if (!client.is_set || !client.is_remote ||
		inet_ntop(client.family == PGSQL_AF_INET ? AF_INET : AF_INET6,
				  client.address, text, sizeof(text)) == NULL)
		jur_record_text(record, "client", "local");
	else
		jur_record_text(record, "client", text);
}

static List *
place_names(const JurArrival *arrival)
{
	List	   *names = NIL;
	int			i;

	for (i = 0; i < arrival->nplaces; i++)
		names = lappend(names, unconstify(char *, arrival->places[i]));
	if (arrival->unknown)
		names = lappend(names, "?");
	return names;
}

static List *
clearance_names(const JurSubject *subject)
{
	List	   *names = NIL;
	int			i;

	for (i = 0; i < subject->nclearances; i++)
		names = lappend(names, jur_clearance_text(&subject->clearances[i]));
	return names;
}

/* catalogs may be looked at: not while a client is authenticated, nor in a failed transaction */
static bool
may_look_up(void)
{
	return IsTransactionState() && OidIsValid(MyDatabaseId) &&
		!ClientAuthInProgress;
}

/* in the current context */
static char *
make_session(void)
{
	StringInfoData text;
	const JurSubject *subject = jur_current_subject();

	initStringInfo(&text);
	/* so that the first member takes its comma */
	appendStringInfoChar(&text, '}');
	jur_record_text(&text, "database", get_database_name(MyDatabaseId));
	jur_record_text(&text, "user", GetUserNameFromId(GetSessionUserId(), true));
	jur_record_text(&text, "role", GetUserNameFromId(GetOuterUserId(), true));
	if (GetAuthenticatedUserId() != GetSessionUserId())
		jur_record_text(&text, "login", GetUserNameFromId(GetAuthenticatedUserId(), true));
	append_client(&text);
	jur_record_text(&text, "application", application_name);
	jur_record_texts(&text, "places", place_names(&subject->arrival));
	jur_record_texts(&text, "clearance", clearance_names(subject));
	jur_record_text(&text, "purpose", subject->purpose);
	return text.data + 1;
}

static void
build_session(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "jurisdiction session text",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	char	   *text;
	char	   *application;

	jur_record_prepare();
	text = make_session();
	application = pstrdup(application_name ? application_name : "");
	MemoryContextSwitchTo(caller);
	if (jur_session_text && strcmp(jur_session_text, text) == 0)
	{
		session_generation = jur_generation;
		MemoryContextDelete(context);
		return;
	}
	jur_tell_of_former_session();
	if (session_context)
		MemoryContextDelete(session_context);
	MemoryContextSetParent(context, TopMemoryContext);
	session_generation = jur_generation;
	session_context = context;
	jur_session_text = text;
	session_application = application;
	jur_session_builds++;
}

void
jur_refresh_session(void)
{
	if (jur_session_text && session_generation == jur_generation &&
		strcmp(session_application, application_name ? application_name : "") == 0)
		return;
	if (may_look_up() && jur_is_installed())
		build_session();
}

/* as of the last refresh: no catalog is looked at */
void
jur_record_session_as_known(StringInfo record)
{
	if (jur_session_text)
		appendStringInfoString(record, jur_session_text);
	else
	{
		append_client(record);
		jur_record_text(record, "application", application_name);
	}
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		jur_record_number(record, "transaction", GetTopTransactionIdIfAny());
}

void
jur_record_session(StringInfo record)
{
	jur_refresh_session();
	jur_record_session_as_known(record);
}
