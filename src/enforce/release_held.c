/*-------------------------------------------------------------------------
 *
 * release_held.c
 *	  Idea: Execute of the protocol sends what a cursor WITH HOLD has stored,
 *	  and no hook hears of it; the rows themselves tell.
 *
 * (FETCH is a command, which enforce_utility.c judges.)  Once a session has
 * declared such a cursor, its messages to the client are looked at: a row that
 * comes out of a store begins a statement, which the end of the Execute ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

/* nothing here is about GSSAPI, whose headers the server's may ask for */
#undef ENABLE_GSS

#include "libpq/libpq.h"
#include "tcop/pquery.h"
#include "utils/portal.h"

#include "base/texts.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"

/* types of the protocol's messages */
#define DATA_ROW	'D'
#define COMMAND_COMPLETE 'C'
#define PORTAL_SUSPENDED 's'
#define ERROR_RESPONSE 'E'
#define READY_FOR_QUERY 'Z'

static PQcommMethods watching;
/* where messages go from here; NULL: they do not pass through here */
static const PQcommMethods *beyond = NULL;
static bool is_wanted = false;
/* the cursor whose rows are being sent */
static Portal sending = NULL;

static void
begin(Portal portal)
{
	sending = portal;
	jur_statement_begins();
	jur_statement_is("FETCH", linitial_node(PlannedStmt, portal->stmts)->queryId);
	/* the list has those that were declared in the context that there is now */
	if (!jur_has_text(jur_held_cursors, portal->name))
		jur_refuse_cursor();
	jur_touch_held(portal);
	jur_evidence_before_release();
}

static int
put_message(char type, const char *data, size_t size)
{
	if (type == DATA_ROW && jur_is_held(ActivePortal))
	{
		if (sending != ActivePortal)
			begin(ActivePortal);
		jur_statement_sends(1);
	}
	else if (sending && (type == COMMAND_COMPLETE || type == PORTAL_SUSPENDED))
	{
		sending = NULL;
		jur_evidence_statement_ends();
	}
	else if (type == ERROR_RESPONSE || type == READY_FOR_QUERY)
		sending = NULL;
	return beyond->putmessage(type, data, size);
}

void
jur_release_watches_held(void)
{
	is_wanted = true;
	jur_release_may_watch_held();
}

void
jur_release_may_watch_held(void)
{
	if (!is_wanted || beyond || jur_release_is_on_the_way())
		return;
	beyond = PqCommMethods;
	watching = *beyond;
	watching.putmessage = put_message;
	PqCommMethods = &watching;
}
