/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  Idea: what the running statement has touched, and how often.
 *
 * Whatever asks about labels asks once for each label and call site, gets a
 * place to count in, and counts there: a row costs an increment.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement_internal.h"
#include "evidence/evidence.h"

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

uint64		jur_statement_number = 1;
bool		jur_evidence_is_due = false;
JurStatement jur_running;
MemoryContext jur_statement_context = NULL;
uint64		jur_names_changed = 0;

/* the deepest level of savepoints at which the transaction has written; 0: it has not */
static int	wrote = 0;
static uint64 nowhere = 0;

/* the number of the statement that was named last */
static uint64 named = 0;

/* its size */
static int
put_name(char *name, uint64 number)
{
	static char prefix[32] = "";
	static int	prefix_size;
	char		digits[16];
	char	   *first = digits + sizeof(digits);
	int			size;

	/* for every statement: only the number is made anew */
	if (prefix[0] == '\0')
		prefix_size = snprintf(prefix, sizeof(prefix), "%x.%llx.", MyProcPid,
							   (unsigned long long) MyStartTimestamp);
	do
		*--first = "0123456789abcdef"[number & 15];
	while ((number >>= 4) != 0);
	size = digits + sizeof(digits) - first;
	memcpy(name, prefix, prefix_size);
	memcpy(name + prefix_size, first, size);
	name[prefix_size + size] = '\0';
	return prefix_size + size;
}

static void
name_statement(void)
{
	if (IsParallelWorker())
	{
		jur_shared_statement(jur_running.id, sizeof(jur_running.id));
		return;
	}
	if (jur_running.id[0] != '\0')
		return;
	jur_share_statement(jur_running.id, put_name(jur_running.id, ++named));
}

static void
open_statement(void)
{
	jur_refresh_session();
	if (jur_running.is_open)
		return;
	jur_running.is_open = true;
	jur_running.last = &jur_running.touched;
	jur_running.start = GetCurrentStatementStartTimestamp();
	name_statement();
	if (jur_statement_context == NULL)
		jur_statement_context = AllocSetContextCreate(TopMemoryContext, "jurisdiction statement",
													  ALLOCSET_SMALL_SIZES);
}

/*
 * Workers may touch what this process does not, in a function; so there is a
 * name before they start.  They leave it behind when they have told something.
 */
void
jur_statement_has_workers(void)
{
	if (jur_running.is_open || jur_running.id[0] != '\0' || !jur_evidence_is_on())
		return;
	jur_refresh_session();
	name_statement();
}

void
jur_statement_joins_workers(void)
{
	if (!jur_running.is_open && jur_running.id[0] != '\0' && jur_workers_tell())
		open_statement();
}

void
jur_statement_close(void)
{
	/* what opens one without saying what it is has no name */
	jur_running.command = NULL;
	jur_running.digest = 0;
	if (!jur_running.is_open)
	{
		jur_running.id[0] = '\0';
		jur_running.sends_rows = false;
		jur_running.rows = 0;
		return;
	}
	memset(&jur_running, 0, sizeof(jur_running));
	jur_statement_number++;
	MemoryContextReset(jur_statement_context);
}

static uint64 *
count_place(Datum label, JurAsked asked, const JurQuestion *export, int where)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(label);
	JurPlaceKey	key = {asked, VARSIZE_ANY_EXHDR(value), VARDATA_ANY(value), where};
	JurPlace   *place;

	if (!jur_evidence_is_on() || !jur_is_installed())
		return &nowhere;
	/* who we are first: it may begin a new generation */
	(void) jur_current_subject();
	open_statement();
	jur_evidence_require();
	place = jur_place_of(&key, PointerGetDatum(value), export);
	if (place->statement != jur_statement_number || place->statement == 0)
	{
		place->statement = jur_statement_number;
		place->count = place->said = 0;
		place->undone = place->undone_said = 0;
		place->next = NULL;
		*jur_running.last = place;
		jur_running.last = &place->next;
		jur_running.is_unsaid = true;
		jur_release_falls_due();
	}
	jur_running.is_new = jur_running.has_asked = true;
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

static void
forget_relation(Datum arg, Oid relid)
{
	named_table = InvalidOid;
	jur_names_changed++;
}

static void
forget_schema(Datum arg, int cacheid, uint32 hashvalue)
{
	named_table = InvalidOid;
	jur_names_changed++;
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
	uint64		changed = jur_names_changed;
	char	   *name;

	if (relid == named_table)
		return pstrdup(table_name);
	name = jur_relation_name(relid);
	/* renamed while it was looked up */
	if (changed != jur_names_changed)
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
	if (!list_member_oid(jur_running.relids, relid))
	{
		caller = MemoryContextSwitchTo(jur_statement_context);
		jur_running.relids = lappend_oid(jur_running.relids, relid);
		jur_running.tables = lappend(jur_running.tables, name_of(relid));
		MemoryContextSwitchTo(caller);
		jur_running.is_new = true;
		jur_running.is_unsaid = true;
		jur_release_falls_due();
	}
	jur_evidence_require();
}

void
jur_statement_is(const char *command, uint64 digest)
{
	jur_running.command = command;
	jur_running.digest = digest;
}

void
jur_statement_sends(uint64 rows)
{
	jur_running.sends_rows = true;
	jur_running.rows += rows;
}

uint64
jur_rows_sent(void)
{
	return jur_running.rows + jur_release_sent();
}

bool
jur_statement_is_open(void)
{
	return jur_running.is_open;
}

bool
jur_statement_has_asked(void)
{
	return jur_running.is_open && jur_running.has_asked;
}

bool
jur_statement_is_unsaid(void)
{
	return jur_running.is_open && jur_running.is_unsaid;
}

const char *
jur_statement_id(void)
{
	if (!jur_evidence_is_on() || ClientAuthInProgress)
		return NULL;
	return jur_running.is_open ? jur_running.id : NULL;
}

const char *
jur_statement_last_id(void)
{
	static char id[sizeof(jur_running.id)] = "";

	if (named > 0)
		(void) put_name(id, named);
	return id;
}

bool
jur_statement_wrote(int level)
{
	return wrote >= level;
}

static const JurPlace *
next_write(const JurPlace *place)
{
	while (place && place->key.asked != JUR_ASKED_WRITE)
		place = place->next;
	return place;
}

void
jur_statement_level_begins(int level)
{
	const JurPlace *place;
	Level	   *begun;
	int			nwrites = 0;

	for (place = next_write(jur_running.touched); place; place = next_write(place->next))
		nwrites++;
	/* what is not in the list yet has been counted no more than 0 times */
	if (nwrites == 0)
		return;
	begun = MemoryContextAlloc(jur_statement_context,
							   offsetof(Level, writes) + nwrites * sizeof(begun->writes[0]));
	begun->up = jur_running.levels;
	begun->level = level;
	begun->nwrites = 0;
	for (place = next_write(jur_running.touched); place; place = next_write(place->next))
	{
		begun->writes[begun->nwrites].count = place->count;
		begun->writes[begun->nwrites++].undone = place->undone;
	}
	jur_running.levels = begun;
}

/* all that has been written since LEVEL began, or NULL: since the statement did */
static void
undo(const Level *level)
{
	JurPlace   *place = unconstify(JurPlace *, next_write(jur_running.touched));
	int			i;

	for (i = 0; place; i++, place = unconstify(JurPlace *, next_write(place->next)))
	{
		bool		is_known = level && i < level->nwrites;

		place->undone = (is_known ? level->writes[i].undone : 0) +
			place->count - (is_known ? level->writes[i].count : 0);
	}
}

void
jur_statement_level_ends(int level, bool is_undone)
{
	Level	   *ended = jur_running.levels && jur_running.levels->level >= level ? jur_running.levels : NULL;

	if (is_undone)
		undo(ended);
	if (ended)
	{
		jur_running.levels = ended->up;
		pfree(ended);
	}
	wrote = Min(wrote, level - 1);
}

void
jur_statement_transaction_ends(void)
{
	wrote = 0;
}
