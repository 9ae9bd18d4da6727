/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  Idea: what the running statement has touched, and its record.
 *
 * Whatever asks about labels asks once for each label and call site, gets a
 * place to count in, and counts there: a row costs an increment.  The places
 * are kept from statement to statement, with the part of the record that tells
 * how the label was decided, until a decision could be another.
 *
 * What a record needs from catalogs is looked up when the statement opens: it
 * may have to be written while an error is handled.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "commands/dbcommands.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inet.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"
#include "evidence/evidence.h"

/* beyond this many labels the places are made anew */
#define MAX_PLACES 20000
/* of a record, with room for what comes after the decisions; see FORMAT.md */
#define RECORD_ROOM 48000
/* a decision names at most so many reasons */
#define MAX_REASONS 16

typedef struct PlaceKey
{
	JurAsked	asked;
	int			size;
	const char *label;
	int			where;			/* of an export: which question */
} PlaceKey;

typedef struct Place
{
	PlaceKey	key;
	uint64		statement;		/* that counts here */
	uint64		count;
	uint64		said;			/* of it, in records already ... */
	uint64		said_before;	/* ... without the one that is being put */
	uint64		undone;			/* of it, writes that the statement undid itself */
	uint64		undone_said;
	uint64		undone_said_before;
	bool		allowed;
	bool		storable;		/* of a write: may the site store it? */
	char	   *label;			/* {"label":... */
	char	   *why;			/* ,"why":[...], or empty */
	char	   *why_stored;
	struct Place *next;			/* touched by the same statement */
} Place;

/*
 * What had been counted of writes when a block of code began that can be
 * undone: of those places that there were, in the order of the list.
 */
typedef struct Level
{
	struct Level *up;
	int			level;
	int			nwrites;
	struct
	{
		uint64		count;
		uint64		undone;
	}			writes[FLEXIBLE_ARRAY_MEMBER];
} Level;

typedef struct Statement
{
	bool		is_open;
	bool		is_new;			/* something since the last record */
	bool		is_unsaid;		/* a table or a label since then */
	bool		is_told;		/* a record has been put ... */
	bool		is_running;		/* ... and it said that there is more to come */
	bool		has_asked;		/* about any label */
	char		id[64];
	TimestampTz start;
	List	   *tables;			/* names, not told yet */
	List	   *relids;
	Place	   *touched;
	Place	  **last;
	Level	   *levels;			/* innermost first */
	uint64		rows;
	uint64		rows_said;
	bool		sends_rows;
	int			parts;
} Statement;

uint64		jur_statement_number = 1;
bool		jur_evidence_is_due = false;

static Statement running;
/* how the outermost statement that began last is called */
static const char *named_command = NULL;
static uint64 named_digest = 0;
/* the deepest level of savepoints at which the transaction has written; 0: it has not */
static int	wrote = 0;
static char last_id[64] = "";
static MemoryContext statement_context = NULL;
/* the first place that the record being put tells of, and the one behind the last */
static Place *putting = NULL;
static Place *put_until = NULL;

static MemoryContext places_context = NULL;
static HTAB *places = NULL;
static uint64 places_generation = 0;
static uint64 places_builds = 0;

static uint64 nowhere = 0;

/* the members that tell of the session, and what they were made of */
static char *session_text = NULL;
static uint64 session_generation = 0;
static uint64 session_builds = 0;
static char *session_application = NULL;
static MemoryContext session_context = NULL;

/* ------------------------------------------------------------- the session */

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

static void tell_of_former_session(void);

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
	if (session_text && strcmp(session_text, text) == 0)
	{
		session_generation = jur_generation;
		MemoryContextDelete(context);
		return;
	}
	tell_of_former_session();
	if (session_context)
		MemoryContextDelete(session_context);
	MemoryContextSetParent(context, TopMemoryContext);
	session_generation = jur_generation;
	session_context = context;
	session_text = text;
	session_application = application;
	session_builds++;
}

static void
refresh_session(void)
{
	if (!may_look_up() || !jur_is_installed())
		return;
	if (session_text == NULL || session_generation != jur_generation ||
		strcmp(session_application, application_name ? application_name : "") != 0)
		build_session();
}

/* as of the last refresh: no catalog is looked at */
void
jur_record_session_as_known(StringInfo record)
{
	if (session_text)
		appendStringInfoString(record, session_text);
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
	refresh_session();
	jur_record_session_as_known(record);
}

/* ---------------------------------------------------------------- decisions */

static uint32
hash_place(const void *key, Size keysize)
{
	const PlaceKey *place = key;

	return hash_bytes((const unsigned char *) place->label, place->size) ^
		hash_bytes_uint32(place->asked * 8 + place->where);
}

static int
match_place(const void *a, const void *b, Size keysize)
{
	const PlaceKey *x = a;
	const PlaceKey *y = b;

	return x->asked != y->asked || x->where != y->where || x->size != y->size ||
		memcmp(x->label, y->label, x->size) != 0;
}

/* places of earlier decisions go, once no statement counts in them */
static void
refresh_places(void)
{
	HASHCTL		control = {0};

	if (places && places_generation == jur_generation &&
		hash_get_num_entries(places) < MAX_PLACES)
		return;
	if (places && running.is_open)
	{
		/* this statement's are in the list; they stay until it has ended */
		MemoryContextSetParent(places_context, statement_context);
		places_context = NULL;
	}
	if (places_context == NULL)
		places_context = AllocSetContextCreate(TopMemoryContext, "jurisdiction places",
											   ALLOCSET_DEFAULT_SIZES);
	places = NULL;
	MemoryContextReset(places_context);
	control.keysize = sizeof(PlaceKey);
	control.entrysize = sizeof(Place);
	control.hash = hash_place;
	control.match = match_place;
	control.hcxt = places_context;
	places = hash_create("jurisdiction places", 64, &control,
						 HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	places_generation = jur_generation;
	places_builds++;
	/* call sites hold places that are no more counted in */
	jur_statement_number++;
}

static const JurAction actions[] = {
	[JUR_ASKED_ROWS] = JUR_READ,
	[JUR_ASKED_VALUES] = JUR_READ,
	[JUR_ASKED_CEILING] = JUR_READ,
	[JUR_ASKED_WRITE] = JUR_WRITE,
	[JUR_ASKED_UNSEAL] = JUR_UNSEAL,
	[JUR_ASKED_EXPORT] = JUR_EXPORT,
};

static void
append_reason(StringInfo why, const JurDecision *decision, const char *to)
{
	appendStringInfoString(why, why->len ? ",{" : "{");
	if (decision->atom)
	{
		JurLabel	alone = {1, unconstify(JurAtom *, decision->atom)};

		jur_record_text(why, "atom", jur_label_text(&alone));
	}
	jur_record_text(why, "to", to ? to : "?");
	jur_record_text(why, "by", jur_decided_by_name(decision->decided_by));
	if (decision->rule_id != 0)
	{
		char		rule[32];

		snprintf(rule, sizeof(rule), INT64_FORMAT, decision->rule_id);
		jur_record_text(why, "rule", rule);
	}
	jur_record_text(why, "basis", decision->basis);
	appendStringInfoChar(why, '}');
}

/*
 * Every pair of atom and arrival place that was decided as the label was,
 * save what home settles.
 */
static char *
reasons(const JurLabel *label, const JurQuestion *question, const JurDecision *decision)
{
	StringInfoData why;
	StringInfoData all;
	int			nplaces = question->arrival->nplaces + question->arrival->unknown;
	int			count = 0;
	int			i;
	int			j;

	initStringInfo(&why);
	for (i = 0; i < label->natoms; i++)
		for (j = 0; j < nplaces && count < MAX_REASONS; j++)
		{
			const char *to = j < question->arrival->nplaces ?
				question->arrival->places[j] : NULL;
			JurDecision one = jur_decide_atom(jur_policy(), &label->atoms[i], to, question);

			if (one.verdict != decision->verdict ||
				(one.verdict == JUR_ALLOW && one.decided_by == JUR_BY_HOME))
				continue;
			one.atom = &label->atoms[i];
			append_reason(&why, &one, to);
			count++;
		}
	/* on a copy that stands elsewhere it is the copy that may not be */
	if (count == 0 && decision->verdict != JUR_ALLOW)
		append_reason(&why, decision, decision->destination);
	if (why.len == 0)
		return "";
	initStringInfo(&all);
	appendStringInfo(&all, ",\"why\":[%s]", why.data);
	return all.data;
}

/* the verdict; *WHY, in the context of the places */
static bool
decide_place(const JurLabel *label, JurAction action, const JurQuestion *export, char **why)
{
	JurQuestion question = export ? *export : jur_question(action);
	JurDecision decision = export ? jur_decide(jur_policy(), label, export) :
		jur_decide_now(label, action);

	*why = MemoryContextStrdup(places_context, reasons(label, &question, &decision));
	return decision.verdict == JUR_ALLOW;
}

static void
fill_place(Place *place, Datum datum, const JurQuestion *export)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "jurisdiction decision",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	JurLabel   *label = jur_label_of_datum(datum);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	jur_record_text(&text, "label", jur_label_text(label));
	place->label = MemoryContextStrdup(places_context, text.data);
	place->allowed = decide_place(label, actions[place->key.asked], export, &place->why);
	if (place->key.asked == JUR_ASKED_WRITE)
		place->storable = decide_place(label, JUR_STORE, NULL, &place->why_stored);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

/* ------------------------------------------------------------ the statement */

static void
append_hexadecimal(char *text, uint64 number)
{
	char		digits[17];
	char	   *first = digits + 16;

	*first = '\0';
	do
		*--first = "0123456789abcdef"[number & 15];
	while ((number >>= 4) != 0);
	strcpy(text, first);
}

static void
name_statement(void)
{
	static uint64 number = 0;
	static char prefix[32];
	static int	prefix_size;

	if (IsParallelWorker())
	{
		jur_shared_statement(running.id, sizeof(running.id));
		return;
	}
	/* for every statement: only the number is made anew */
	if (running.id[0] != '\0')
		return;
	if (number++ == 0)
		prefix_size = snprintf(prefix, sizeof(prefix), "%x.%llx.", MyProcPid,
							   (unsigned long long) MyStartTimestamp);
	memcpy(running.id, prefix, prefix_size);
	append_hexadecimal(running.id + prefix_size, number);
	strlcpy(last_id, running.id, sizeof(last_id));
	jur_share_statement(running.id);
}

static void
open_statement(void)
{
	refresh_session();
	if (running.is_open)
		return;
	running.is_open = true;
	running.last = &running.touched;
	running.start = GetCurrentStatementStartTimestamp();
	name_statement();
	if (statement_context == NULL)
		statement_context = AllocSetContextCreate(TopMemoryContext, "jurisdiction statement",
												  ALLOCSET_SMALL_SIZES);
}

/*
 * Workers may touch what this process does not, in a function; so there is a
 * name before they start.  They leave it behind when they have told something.
 */
void
jur_statement_has_workers(void)
{
	if (running.is_open || running.id[0] != '\0' || !jur_evidence_is_on())
		return;
	refresh_session();
	name_statement();
}

void
jur_statement_joins_workers(void)
{
	if (!running.is_open && running.id[0] != '\0' && jur_workers_tell())
		open_statement();
}

void
jur_statement_close(void)
{
	/* what opens one without saying what it is has no name */
	named_command = NULL;
	named_digest = 0;
	if (!running.is_open)
	{
		running.id[0] = '\0';
		running.sends_rows = false;
		running.rows = 0;
		return;
	}
	memset(&running, 0, sizeof(running));
	jur_statement_number++;
	MemoryContextReset(statement_context);
}

static uint64 *
count_place(Datum label, JurAsked asked, const JurQuestion *export, int where)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(label);
	PlaceKey	key = {asked, VARSIZE_ANY_EXHDR(value), VARDATA_ANY(value), where};
	Place	   *place;
	bool		found;

	if (!jur_evidence_is_on() || !jur_is_installed())
		return &nowhere;
	open_statement();
	jur_evidence_require();
	/* who we are first: it may begin a new generation */
	(void) jur_current_subject();
	refresh_session();
	refresh_places();
	place = hash_search(places, &key, HASH_FIND, NULL);
	if (place == NULL)
	{
		Place		filled = {key};

		fill_place(&filled, PointerGetDatum(value), export);
		/* deciding may have loaded a policy and begun another generation */
		refresh_places();
		key.label = memcpy(MemoryContextAlloc(places_context, Max(key.size, 1)),
						   key.label, key.size);
		filled.key = key;
		place = hash_search(places, &key, HASH_ENTER, &found);
		*place = filled;
	}
	if (place->statement != jur_statement_number || place->statement == 0)
	{
		place->statement = jur_statement_number;
		place->count = place->said = 0;
		place->undone = place->undone_said = 0;
		place->next = NULL;
		*running.last = place;
		running.last = &place->next;
		running.is_unsaid = true;
		jur_evidence_is_due = true;
	}
	running.is_new = running.has_asked = true;
	if (asked == JUR_ASKED_WRITE)
		wrote = Max(wrote, GetCurrentTransactionNestLevel());
	return &place->count;
}

uint64 *
jur_statement_count(Datum label, JurAsked asked)
{
	return count_place(label, asked, NULL, 0);
}

void
jur_statement_exports(Datum label, const JurQuestion *export, uint64 rows)
{
	/* which export it is, by where it goes: to the session, the site, or nobody knows */
	int			where = export->arrival == &export->subject->arrival ? 0 :
		export->arrival->unknown ? 1 : 2;

	*count_place(label, JUR_ASKED_EXPORT, export, where) += rows;
}

/*
 * The name of the table that was asked about last is kept until any relation
 * or schema changes: most sessions read the same table again and again.
 */
static Oid	named_table = InvalidOid;
static char *table_name = NULL;
static uint64 names_changed = 0;

static void
forget_relation(Datum arg, Oid relid)
{
	named_table = InvalidOid;
	names_changed++;
}

static void
forget_schema(Datum arg, int cacheid, uint32 hashvalue)
{
	named_table = InvalidOid;
	names_changed++;
}

void
jur_statement_init(void)
{
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_schema, (Datum) 0);
}

static char *
name_of(Oid relid)
{
	uint64		changed = names_changed;
	char	   *name;

	if (relid == named_table)
		return pstrdup(table_name);
	name = jur_relation_name(relid);
	/* renamed while it was looked up */
	if (changed != names_changed)
		return name;
	if (table_name)
		pfree(table_name);
	table_name = MemoryContextStrdup(TopMemoryContext, name);
	named_table = relid;
	return name;
}

void
jur_statement_touches(Oid relid)
{
	MemoryContext caller;

	if (!jur_evidence_is_on())
		return;
	open_statement();
	if (!list_member_oid(running.relids, relid))
	{
		caller = MemoryContextSwitchTo(statement_context);
		running.relids = lappend_oid(running.relids, relid);
		running.tables = lappend(running.tables, name_of(relid));
		MemoryContextSwitchTo(caller);
		running.is_new = true;
		running.is_unsaid = true;
		jur_evidence_is_due = true;
	}
	jur_evidence_require();
}

void
jur_statement_is(const char *command, uint64 digest)
{
	named_command = command;
	named_digest = digest;
}

uint64 *
jur_statement_sends(uint64 rows)
{
	running.sends_rows = true;
	running.rows += rows;
	return &running.rows;
}

bool
jur_statement_is_open(void)
{
	return running.is_open;
}

bool
jur_statement_has_asked(void)
{
	return running.is_open && running.has_asked;
}

bool
jur_statement_is_unsaid(void)
{
	return running.is_open && running.is_unsaid;
}

const char *
jur_statement_id(void)
{
	if (!jur_evidence_is_on() || ClientAuthInProgress)
		return NULL;
	return running.is_open ? running.id : NULL;
}

const char *
jur_statement_last_id(void)
{
	return last_id;
}

bool
jur_statement_wrote(int level)
{
	return wrote >= level;
}

static const Place *
next_write(const Place *place)
{
	while (place && place->key.asked != JUR_ASKED_WRITE)
		place = place->next;
	return place;
}

void
jur_statement_level_begins(int level)
{
	const Place *place;
	Level	   *begun;
	int			nwrites = 0;

	for (place = next_write(running.touched); place; place = next_write(place->next))
		nwrites++;
	/* what is not in the list yet has been counted no more than 0 times */
	if (nwrites == 0)
		return;
	begun = MemoryContextAlloc(statement_context,
							   offsetof(Level, writes) + nwrites * sizeof(begun->writes[0]));
	begun->up = running.levels;
	begun->level = level;
	begun->nwrites = 0;
	for (place = next_write(running.touched); place; place = next_write(place->next))
	{
		begun->writes[begun->nwrites].count = place->count;
		begun->writes[begun->nwrites++].undone = place->undone;
	}
	running.levels = begun;
}

/* all that has been written since LEVEL began, or NULL: since the statement did */
static void
undo(const Level *level)
{
	Place	   *place = unconstify(Place *, next_write(running.touched));
	int			i;

	for (i = 0; place; i++, place = unconstify(Place *, next_write(place->next)))
	{
		bool		is_known = level && i < level->nwrites;

		place->undone = (is_known ? level->writes[i].undone : 0) +
			place->count - (is_known ? level->writes[i].count : 0);
	}
}

void
jur_statement_level_ends(int level, bool is_undone)
{
	Level	   *ended = running.levels && running.levels->level >= level ? running.levels : NULL;

	if (is_undone)
		undo(ended);
	if (ended)
	{
		running.levels = ended->up;
		pfree(ended);
	}
	wrote = Min(wrote, level - 1);
}

void
jur_statement_transaction_ends(void)
{
	wrote = 0;
}

/* --------------------------------------------------------------- its record */

static void
append_decision(StringInfo record, const Place *place, JurAction action)
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

/* of LABEL as a whole, outside of any statement: as one of `decisions` */
char *
jur_decision_text(const JurLabel *label, const JurQuestion *question)
{
	JurDecision decision = jur_decide(jur_policy(), label, question);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	jur_record_text(&text, "label", jur_label_text(label));
	jur_record_text(&text, "action", jur_action_name(question->action));
	jur_record_text(&text, "verdict", decision.verdict == JUR_ALLOW ? "allow" : "deny");
	jur_record_true(&text, "within");
	appendStringInfoString(&text, reasons(label, question, &decision));
	appendStringInfoChar(&text, '}');
	return text.data;
}

static void
begin_part(StringInfo record)
{
	putting = put_until = NULL;
	resetStringInfo(record);
	jur_record_begin(record, "statement", running.start);
	jur_record_text(record, "id", running.id);
	if (running.parts > 0)
		jur_record_number(record, "part", running.parts);
	if (IsParallelWorker())
		jur_record_number(record, "worker", ParallelWorkerNumber);
	running.parts++;
	jur_record_session_as_known(record);
	jur_record_text(record, "command", named_command);
	if (named_digest != 0)
	{
		char		digest[32];

		snprintf(digest, sizeof(digest), INT64_FORMAT, (int64) named_digest);
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

	foreach(lc, running.tables)
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
has_news(const Place *place)
{
	if (place->key.asked == JUR_ASKED_CEILING)
		return place->said == 0;
	return place->count > place->said || place->undone > place->undone_said;
}

/* something that no record tells of yet */
static bool
has_untold(void)
{
	const Place *place;

	if (running.is_new || running.rows > running.rows_said)
		return true;
	for (place = running.touched; place; place = place->next)
		if (has_news(place))
			return true;
	return false;
}

bool
jur_statement_has_news(void)
{
	return running.is_open && (running.is_running || !running.is_told || has_untold());
}

static void
is_said(Place *place)
{
	place->said = place->key.asked == JUR_ASKED_CEILING ? 1 : place->count;
	place->undone_said = place->undone;
}

static bool
tell_decisions(StringInfo record, Put *put)
{
	bool		begun = false;
	bool		taken = true;
	Place	   *place;

	for (place = running.touched; place; place = place->next)
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
		append_decision(record, place, actions[place->key.asked]);
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
	Oid			relids[MAX_ALIKE];
	const Place *places[MAX_ALIKE];
	uint64		counts[MAX_ALIKE];
} Alike;

static Alike last_told;

/* false: it is not one that could be like another */
static bool
describe(Alike *alike, const char *outcome, const char *sqlstate)
{
	const Place *place;
	ListCell   *lc;

	memset(alike, 0, sizeof(Alike));
	if (jur_evidence_commit || outcome == NULL || running.parts > 0 ||
		IsParallelWorker() || session_text == NULL ||
		strcmp(outcome, "running") == 0 ||
		list_length(running.relids) > MAX_ALIKE)
		return false;
	alike->session = session_text;
	alike->command = named_command;
	alike->outcome = outcome;
	strlcpy(alike->sqlstate, sqlstate ? sqlstate : "", sizeof(alike->sqlstate));
	alike->transaction = GetTopTransactionIdIfAny();
	alike->session_builds = session_builds;
	alike->places_builds = places_builds;
	alike->names_changed = names_changed;
	alike->digest = named_digest;
	alike->rows = running.rows;
	alike->sends_rows = running.sends_rows;
	alike->observing = jur_observing();
	foreach(lc, running.relids)
		alike->relids[alike->nrelids++] = lfirst_oid(lc);
	for (place = running.touched; place; place = place->next)
	{
		if (alike->nplaces == MAX_ALIKE || place->undone > 0)
			return false;
		alike->places[alike->nplaces] = place;
		alike->counts[alike->nplaces++] = place->count;
	}
	return true;
}

static void
is_told(const char *outcome)
{
	Place	   *place;

	for (place = running.touched; place; place = place->next)
		is_said(place);
	running.rows_said = running.rows;
	running.tables = NIL;
	running.is_new = false;
	running.is_unsaid = false;
	running.is_told = true;
	running.is_running = outcome && strcmp(outcome, "running") == 0;
}

/*
 * Putting raised, so that nobody has the record: what it told of is to be told
 * still.  Whoever catches the error must not get further for that.
 */
static void
take_back(void)
{
	Place	   *place;

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
	if (running.sends_rows && !IsParallelWorker())
		jur_record_number(record, "rows", running.rows - running.rows_said);
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
		if (alike && running.parts == 1 &&
			jur_evidence_repeat(record->data, record->len, running.start))
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
	MemoryContext caller = MemoryContextSwitchTo(statement_context);
	bool		taken;

	if (may_be_alike && memcmp(&alike, &last_told, sizeof(Alike)) == 0 &&
		jur_evidence_again(running.start))
	{
		running.parts++;
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
	Place	  **link = &running.touched;

	while (*link)
		if ((*link)->key.asked == JUR_ASKED_WRITE)
			link = &(*link)->next;
		else
			*link = (*link)->next;
	running.last = link;
	/* also where the generation is the same: what is in the list is not found again */
	places_generation = 0;
	jur_statement_number++;
}

/* SET ROLE in a function, say: what was done until then is told of as it was */
static void
tell_of_former_session(void)
{
	if (!running.is_open || !has_untold())
		return;
	jur_statement_tell(IsParallelWorker() ? NULL : "running");
	jur_evidence_owed();
	forget_told();
	/* and who goes on tells what he touches, though it be the same */
	list_free(running.relids);
	running.relids = NIL;
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
