/*-------------------------------------------------------------------------
 *
 * statement_record.c
 *	  Idea: the record of the running statement, in as many parts as it takes.
 *
 * Each part tells what none before it told.  What could not be put is to be
 * told still; what would be told word for word like the record before it is
 * counted there, where nobody waits for records.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "utils/memutils.h"

#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement_internal.h"
#include "evidence/evidence.h"

/* of a record, with room for what comes after the decisions; see FORMAT.md */
#define RECORD_ROOM 48000

/* the first place that the record being put tells of, and the one behind the last */
static JurPlace *putting = NULL;
static JurPlace *put_until = NULL;

static void
append_decision(StringInfo record, const JurPlace *place, JurAction action)
{
	bool		allowed = action == JUR_STORE ? place->storable : place->allowed;
	const char *verdict = allowed ? "allow" : jur_observing() ? "observe" : "deny";

	if (record->data[record->len - 1] == '}')
		appendStringInfoChar(record, ',');
	appendStringInfoString(record, place->label);
	appendStringInfoString(record, ",\"action\":\"");
	appendStringInfoString(record, jur_action_name(action));
	appendStringInfoString(record, "\",\"verdict\":\"");
	appendStringInfoString(record, verdict);
	appendStringInfoChar(record, '"');
	if (place->key.asked == JUR_ASKED_CEILING)
		appendStringInfoString(record, ",\"within\":true");
	else
		jur_record_number(record, place->key.asked == JUR_ASKED_VALUES ? "values" : "rows",
						  place->count - place->said);
	if (place->undone > place->undone_said)
		jur_record_number(record, "undone", place->undone - place->undone_said);
	appendStringInfoString(record, action == JUR_STORE ? place->why_stored : place->why);
	appendStringInfoChar(record, '}');
}

static void
begin_part(StringInfo record)
{
	putting = put_until = NULL;
	resetStringInfo(record);
	jur_record_begin(record, "statement", jur_running.start);
	jur_record_text(record, "id", jur_running.id);
	if (jur_running.parts > 0)
		jur_record_number(record, "part", jur_running.parts);
	if (IsParallelWorker())
		jur_record_number(record, "worker", ParallelWorkerNumber);
	jur_running.parts++;
	jur_record_session_as_known(record);
	jur_record_text(record, "command", jur_running.command);
	if (jur_running.digest != 0)
	{
		char		digest[32];

		snprintf(digest, sizeof(digest), INT64_FORMAT, (int64) jur_running.digest);
		jur_record_text(record, "digest", digest);
	}
}

typedef bool (*Put) (const char *record, Size size);

static bool
put_or_raise(const char *record, Size size)
{
	jur_evidence_put(record, size);
	return true;
}

/* of a statement of many parts, the first that finds no room waits for it, and no other */
static bool
put_part(StringInfo record, Put *put)
{
	if ((*put) (record->data, record->len))
		return true;
	*put = jur_evidence_offer;
	return false;
}

/* the record is full: it is put, and another one goes on */
static bool
next_part(StringInfo record, Put *put)
{
	bool		taken;

	jur_record_true(record, "more");
	jur_record_end(record);
	taken = put_part(record, put);
	begin_part(record);
	return taken;
}

static bool
tell_tables(StringInfo record, Put *put)
{
	List	   *some = NIL;
	Size		size = 0;
	bool		taken = true;
	ListCell   *lc;

	foreach(lc, jur_running.tables)
	{
		/* a name in JSON is at most six times as long */
		size += strlen(lfirst(lc)) * 6 + 3;
		if (record->len + size > RECORD_ROOM)
		{
			jur_record_texts(record, "tables", some);
			taken &= next_part(record, put);
			list_free(some);
			some = NIL;
			size = strlen(lfirst(lc)) * 6 + 3;
		}
		some = lappend(some, lfirst(lc));
	}
	jur_record_texts(record, "tables", some);
	return taken;
}

static bool
has_news(const JurPlace *place)
{
	if (place->key.asked == JUR_ASKED_CEILING)
		return place->said == 0;
	return place->count > place->said || place->undone > place->undone_said;
}

/* something that no record tells of yet */
static bool
has_untold(void)
{
	const JurPlace *place;

	if (jur_running.is_new || jur_rows_sent() > jur_running.rows_said)
		return true;
	for (place = jur_running.touched; place; place = place->next)
		if (has_news(place))
			return true;
	return false;
}

bool
jur_statement_has_news(void)
{
	return jur_running.is_open && (jur_running.is_running || !jur_running.is_told || has_untold());
}

static void
is_said(JurPlace *place)
{
	place->said = place->key.asked == JUR_ASKED_CEILING ? 1 : place->count;
	place->undone_said = place->undone;
}

static bool
tell_decisions(StringInfo record, Put *put)
{
	bool		begun = false;
	bool		taken = true;
	JurPlace   *place;

	for (place = jur_running.touched; place; place = place->next)
	{
		place->said_before = place->said;
		place->undone_said_before = place->undone_said;
		if (!has_news(place))
			continue;
		if (begun && record->len + 2 * (strlen(place->label) + strlen(place->why)) > RECORD_ROOM)
		{
			appendStringInfoChar(record, ']');
			taken &= next_part(record, put);
			begun = false;
		}
		if (!begun)
		{
			jur_record_name(record, "decisions");
			appendStringInfoChar(record, '[');
			begun = true;
		}
		if (place->key.asked == JUR_ASKED_WRITE)
			append_decision(record, place, JUR_STORE);
		append_decision(record, place, jur_asked_action(place->key.asked));
		if (putting == NULL)
			putting = place;
		put_until = place->next;
		is_said(place);
	}
	if (begun)
		appendStringInfoChar(record, ']');
	return taken;
}

/*
 * What the last record that is counted told.  One that would tell the same
 * need not be written to be counted (where nobody waits for it).
 */
#define MAX_ALIKE	16

typedef struct Alike
{
	const char *session;
	const char *command;
	const char *outcome;		/* one of the constants that name it */
	char		sqlstate[6];
	TransactionId transaction;
	uint64		session_builds;
	uint64		places_builds;
	uint64		names_changed;
	uint64		digest;
	uint64		rows;
	bool		sends_rows;
	bool		observing;
	int			nrelids;
	int			nplaces;
	/* of these, only so many are set */
	Oid			relids[MAX_ALIKE];
	const JurPlace *places[MAX_ALIKE];
	uint64		counts[MAX_ALIKE];
} Alike;

static Alike last_told;

/* false: it is not one that could be like another */
static bool
describe(Alike *alike, const char *outcome, const char *sqlstate)
{
	const JurPlace *place;
	ListCell   *lc;

	memset(alike, 0, offsetof(Alike, relids));
	if (jur_evidence_commit || outcome == NULL || jur_running.parts > 0 ||
		IsParallelWorker() || jur_session_text == NULL ||
		strcmp(outcome, "running") == 0 ||
		list_length(jur_running.relids) > MAX_ALIKE)
		return false;
	alike->session = jur_session_text;
	alike->command = jur_running.command;
	alike->outcome = outcome;
	strlcpy(alike->sqlstate, sqlstate ? sqlstate : "", sizeof(alike->sqlstate));
	alike->transaction = GetTopTransactionIdIfAny();
	alike->session_builds = jur_session_builds;
	alike->places_builds = jur_places_builds;
	alike->names_changed = jur_names_changed;
	alike->digest = jur_running.digest;
	alike->rows = jur_rows_sent();
	alike->sends_rows = jur_running.sends_rows;
	alike->observing = jur_observing();
	foreach(lc, jur_running.relids)
		alike->relids[alike->nrelids++] = lfirst_oid(lc);
	for (place = jur_running.touched; place; place = place->next)
	{
		if (alike->nplaces == MAX_ALIKE || place->undone > 0)
			return false;
		alike->places[alike->nplaces] = place;
		alike->counts[alike->nplaces++] = place->count;
	}
	return true;
}

static bool
are_alike(const Alike *a, const Alike *b)
{
	return memcmp(a, b, offsetof(Alike, relids)) == 0 &&
		memcmp(a->relids, b->relids, a->nrelids * sizeof(a->relids[0])) == 0 &&
		memcmp(a->places, b->places, a->nplaces * sizeof(a->places[0])) == 0 &&
		memcmp(a->counts, b->counts, a->nplaces * sizeof(a->counts[0])) == 0;
}

static void
is_told(const char *outcome)
{
	JurPlace   *place;

	for (place = jur_running.touched; place; place = place->next)
		is_said(place);
	jur_running.rows_said = jur_rows_sent();
	jur_running.tables = NIL;
	jur_running.is_new = false;
	jur_running.is_unsaid = false;
	jur_running.is_told = true;
	jur_running.is_running = outcome && strcmp(outcome, "running") == 0;
}

/*
 * Putting raised, so that nobody has the record: what it told of is to be told
 * still.  Whoever catches the error must not get further for that.
 */
static void
take_back(void)
{
	JurPlace   *place;

	for (place = putting; place != put_until; place = place->next)
	{
		place->said = place->said_before;
		place->undone_said = place->undone_said_before;
	}
	putting = put_until = NULL;
}

static bool
put_all(StringInfo record, Put *put, const char *outcome, const char *sqlstate)
{
	bool		taken;

	begin_part(record);
	taken = tell_tables(record, put);
	taken &= tell_decisions(record, put);
	if (jur_running.sends_rows && !IsParallelWorker())
		jur_record_number(record, "rows", jur_rows_sent() - jur_running.rows_said);
	jur_record_text(record, "outcome", outcome);
	jur_record_text(record, "sqlstate", sqlstate);
	jur_record_end(record);
	return taken;
}

/* ALIKE describes it, or is NULL */
static bool
put_or_take_back(StringInfo record, Put *put, const char *outcome, const char *sqlstate,
				 const Alike *alike)
{
	volatile bool taken = true;

	PG_TRY();
	{
		taken = put_all(record, put, outcome, sqlstate);
		/* one of its only part may be like the one before */
		if (alike && jur_running.parts == 1 &&
			jur_evidence_repeat(record->data, record->len, jur_running.start))
			last_told = *alike;
		else
			taken &= put_part(record, put);
	}
	PG_CATCH();
	{
		take_back();
		PG_RE_THROW();
	}
	PG_END_TRY();
	return taken;
}

static bool
tell(Put put, const char *outcome, const char *sqlstate)
{
	StringInfoData record;
	Alike		alike;
	bool		may_be_alike = describe(&alike, outcome, sqlstate);
	MemoryContext caller = MemoryContextSwitchTo(jur_statement_context);
	bool		taken;

	if (may_be_alike && are_alike(&alike, &last_told) &&
		jur_evidence_again(jur_running.start))
	{
		jur_running.parts++;
		is_told(outcome);
		MemoryContextSwitchTo(caller);
		return true;
	}
	memset(&last_told, 0, sizeof(Alike));
	initStringInfo(&record);
	taken = put_or_take_back(&record, &put, outcome, sqlstate, may_be_alike ? &alike : NULL);
	is_told(outcome);
	pfree(record.data);
	MemoryContextSwitchTo(caller);
	return taken;
}

/*
 * Of what is told, only writes can still change, by being undone.  Whoever
 * counts in a place that has left the list asks for one anew.
 */
static void
forget_told(void)
{
	JurPlace  **link = &jur_running.touched;

	while (*link)
		if ((*link)->key.asked == JUR_ASKED_WRITE)
			link = &(*link)->next;
		else
			*link = (*link)->next;
	jur_running.last = link;
	/* also where the generation is the same: what is in the list is not found again */
	jur_forget_places();
}

/* SET ROLE in a function, say: what was done until then is told of as it was */
void
jur_tell_of_former_session(void)
{
	if (!jur_running.is_open || !has_untold())
		return;
	jur_statement_tell(IsParallelWorker() ? NULL : "running");
	jur_evidence_owed();
	forget_told();
	/* and who goes on tells what he touches, though it be the same */
	list_free(jur_running.relids);
	jur_running.relids = NIL;
}

void
jur_statement_tell(const char *outcome)
{
	(void) tell(put_or_raise, outcome, NULL);
}

bool
jur_statement_try_tell(const char *outcome, const char *sqlstate)
{
	return tell(jur_evidence_try_put, outcome, sqlstate);
}
