/*-------------------------------------------------------------------------
 *
 * release.c
 *	  Idea: no row goes to the client before the log has the statement.
 *
 * While a statement sends rows, its messages to the client pass through here.
 * The first rows are held back.  If the statement ends meanwhile, one record
 * tells all of it, and they go; if more come, a record says that rows begin to
 * leave.  Until the log has it, yet more are held back, so that the statement
 * need not stop for it; from then on they pass, and not even through here,
 * until there is anything new to be told.
 *
 * What a statement may have kept that failed without the log can be told by
 * messages that no statement sends: those wait, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

/* nothing here is about GSSAPI, whose headers the server's may ask for */
#undef ENABLE_GSS

#include "access/parallel.h"
#include "lib/stringinfo.h"
#include "libpq/libpq.h"
#include "nodes/execnodes.h"
#include "tcop/dest.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "enforce/enforce_internal.h"
#include "enforce/statement.h"
#include "evidence/evidence.h"

/* types of the protocol's messages that carry rows, and that tell of a statement which need not run for it */
#define DATA_ROW	'D'
#define ROW_DESCRIPTION	'T'
#define PARAMETER_DESCRIPTION	't'

/* held back at most, while a record is on its way */
#define MAX_HELD_BYTES (1024 * 1024)
/* beyond a few, the clock is looked at for every so many rows */
#define LOOK_EVERY 16
/* of memory, kept from statement to statement */
#define KEPT_BYTES (16 * 1024)

/* the type and the size of a message that is held */
#define HEAD (1 + sizeof(uint32))

static PQcommMethods ours;
/* where messages go from here; NULL: no statement sends rows */
static const PQcommMethods *client = NULL;
/* rows that the executor has made for the client */
static const uint64 *made = NULL;
/* of them, so many are held back, as messages */
static int	nheld = 0;
static StringInfoData held = {0};
static TimestampTz held_since;	/* the first of them */

/* what a failed statement has kept stays here, until the log has the statement ... */
static PQcommMethods shut;
/* ... and goes there; NULL: it may go */
static const PQcommMethods *beyond = NULL;

static void
forget_held(void)
{
	nheld = 0;
	held.len = 0;
	if (held.maxlen > KEPT_BYTES)
	{
		pfree(held.data);
		memset(&held, 0, sizeof(held));
	}
}

/* from here on they count as sent, also if the session ends meanwhile */
static int
let_go(void)
{
	int			at = 0;
	int			result = 0;

	nheld = 0;
	while (at < held.len && result == 0)
	{
		uint32		size;

		memcpy(&size, held.data + at + 1, sizeof(size));
		result = client->putmessage(held.data[at], held.data + at + HEAD, size);
		at += HEAD + size;
	}
	forget_held();
	return result;
}

static void
keep(char type, const char *data, size_t size)
{
	uint32		length = size;

	if (held.data == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

		initStringInfo(&held);
		MemoryContextSwitchTo(caller);
	}
	enlargeStringInfo(&held, HEAD + size);
	appendStringInfoCharMacro(&held, type);
	appendBinaryStringInfo(&held, (char *) &length, sizeof(length));
	appendBinaryStringInfo(&held, data, size);
	if (nheld++ == 0)
		held_since = GetCurrentTimestamp();
}

static bool
is_late(void)
{
	if (nheld == 0 || (nheld > JUR_FEW_ROWS && nheld % LOOK_EVERY != 0))
		return false;
	return TimestampDifferenceExceeds(held_since, GetCurrentTimestamp(), JUR_HELD_MS);
}

static int
hold(char type, const char *data, size_t size)
{
	int			result;

	if (held.len + size > MAX_HELD_BYTES || is_late())
		jur_evidence_before_release();
	else if (nheld >= JUR_FEW_ROWS || held.len > JUR_FEW_BYTES)
		(void) jur_evidence_may_release();
	if (jur_evidence_is_due)
	{
		keep(type, data, size);
		return 0;
	}
	result = let_go();
	PqCommMethods = client;
	return result == 0 ? client->putmessage(type, data, size) : result;
}

/*
 * What carries no row has waited by itself, if need be: a NOTICE, an error
 * (enforce_evidence.c).  What it waited for lets the rows go that came before.
 */
static int
put_message(char type, const char *data, size_t size)
{
	int			result = 0;

	if (type == DATA_ROW)
		return hold(type, data, size);
	if (!jur_evidence_is_due)
		result = let_go();
	return result == 0 ? client->putmessage(type, data, size) : result;
}

/* a prepared statement, say, whose columns are named after what was read: no hook hears of Describe */
static int
put_kept(char type, const char *data, size_t size)
{
	if (type == DATA_ROW || type == ROW_DESCRIPTION || type == PARAMETER_DESCRIPTION)
		jur_evidence_settle_kept();
	return beyond->putmessage(type, data, size);
}

void
jur_release_shuts(void)
{
	if (beyond)
		return;
	beyond = PqCommMethods;
	shut = *beyond;
	shut.putmessage = put_kept;
	PqCommMethods = &shut;
}

/* where nobody else is on the way: a statement that sends rows keeps what it has found */
static void
open_if_told(void)
{
	if (PqCommMethods != &shut || jur_evidence_keeps())
		return;
	PqCommMethods = beyond;
	beyond = NULL;
}

bool
jur_release_begins(QueryDesc *query)
{
	DestReceiver *dest = query->dest;

	/* a statement inside another that sends rows sends its own the same way */
	if (dest == NULL || !jur_evidence_is_on() || IsParallelWorker() || client != NULL ||
		(dest->mydest != DestRemote && dest->mydest != DestRemoteExecute &&
		 dest->mydest != DestRemoteSimple))
		return false;
	jur_statement_sends(0);
	/* as a run begins with, but one that is cut short may not get there */
	query->estate->es_processed = 0;
	made = &query->estate->es_processed;
	open_if_told();
	client = PqCommMethods;
	ours = *client;
	ours.putmessage = put_message;
	PqCommMethods = &ours;
	return true;
}

void
jur_release_falls_due(void)
{
	jur_evidence_is_due = true;
	if (client)
		PqCommMethods = &ours;
}

uint64
jur_release_sent(void)
{
	return made && *made > nheld ? *made - nheld : 0;
}

bool
jur_release_is_on_the_way(void)
{
	return client != NULL;
}

void
jur_release_fails(void)
{
	if (client == NULL)
		return;
	jur_statement_sends(jur_release_sent());
	made = NULL;
	forget_held();
	PqCommMethods = client;
	client = NULL;
	jur_release_may_watch_held();
}

void
jur_release_ends(void)
{
	int			last = nheld;

	/* as the record is to have it; they go if there is one */
	nheld = 0;
	jur_evidence_rows_end();
	nheld = last;
	(void) let_go();
	jur_release_fails();
}

/* where rows pass, nobody knows how much of one more has gone: that counts as one */
void
jur_release_is_cut_off(void)
{
	if (PqCommMethods == client)
		jur_statement_sends(1);
	jur_release_fails();
}
