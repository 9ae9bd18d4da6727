/*-------------------------------------------------------------------------
 *
 * session.c
 *	  Idea: role tags, network and site become the subject of this moment.
 *
 * The subject is built when first asked for and kept until the role, the
 * purpose, a role tag, the network table or a date changes it.  Invalidation
 * callbacks only mark it stale.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "session/session.h"
#include "session/session_internal.h"

uint64		jur_generation = 1;

/* what the current subject was built from */
typedef struct Built
{
	Oid			session_user;
	Oid			outer_user;
	char	   *purpose;		/* as set, lawful or not */
	char	   *site;
	JurSubject	subject;
	List	   *sources;		/* of JurSource */
	List	   *exemptions;		/* of JurExemption */
	List	   *purposes;		/* that the roles may declare */
	bool		is_tagged;
	bool		is_backup;
	bool		is_broken;		/* a tag that cannot be read: nothing is known */
	bool		is_observing;
	uint64		fingerprint;
	TimestampTz until;			/* when it changes by itself */
} Built;

static MemoryContext context = NULL;
static Built *built = NULL;
static bool is_stale = true;
static bool policy_changed = false;
static TimestampTz boundary = DT_NOEND; /* of decisions made in this generation */
static TimestampTz moment = 0;

static void
mark_stale(JurChange change, Oid relid)
{
	switch (change)
	{
		case JUR_CHANGED_POLICY:
			policy_changed = true;
			break;
		case JUR_CHANGED_NETWORK:
		case JUR_CHANGED_ROLES:
			is_stale = true;
			break;
		case JUR_CHANGED_TAGS:
			break;
	}
}

/* ------------------------------------------------------------------ building */

static void
add_source(Built *b, const char *item, const char *value, const char *source)
{
	JurSource  *line = palloc(sizeof(JurSource));

	line->item = item;
	line->value = value;
	line->source = source;
	b->sources = lappend(b->sources, line);
}

static void
add_place(Built *b, const char *place, const char *source)
{
	JurArrival *arrival = &b->subject.arrival;
	int			i;

	add_source(b, "place", place, source);
	for (i = 0; i < arrival->nplaces; i++)
		if (strcmp(arrival->places[i], place) == 0)
			return;
	if (arrival->places == NULL)
		arrival->places = palloc(sizeof(char *));
	else
		arrival->places = repalloc(arrival->places,
								   (arrival->nplaces + 1) * sizeof(char *));
	arrival->places[arrival->nplaces++] = pstrdup(place);
}

static const char *
clearance_text(const JurClearance *clearance)
{
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	appendStringInfoString(&text, jur_level_name(clearance->level));
	if (clearance->all_categories)
		appendStringInfoString(&text, "/*");
	for (i = 0; i < clearance->ncategories; i++)
		appendStringInfo(&text, "%c%s", i == 0 ? '/' : ',', clearance->categories[i]);
	return text.data;
}

/* the tags live in a cache that may go: copy what is kept */
static void
add_clearance(Built *b, const JurClearance *clearance, const char *source)
{
	JurSubject *subject = &b->subject;
	JurClearance mine = *clearance;
	int			i;

	mine.categories = palloc(sizeof(char *) * Max(mine.ncategories, 1));
	for (i = 0; i < mine.ncategories; i++)
		mine.categories[i] = pstrdup(clearance->categories[i]);
	if (subject->clearances == NULL)
		subject->clearances = palloc(sizeof(JurClearance));
	else
		subject->clearances = repalloc(subject->clearances,
									   (subject->nclearances + 1) * sizeof(JurClearance));
	subject->clearances[subject->nclearances++] = mine;
	add_source(b, "clearance", clearance_text(&mine), source);
}

/*
 * ROLE and every role whose rights it inherits; a superuser's being a member
 * of everything does not count.
 */
static List *
inherited_roles(Oid role)
{
	List	   *closure = list_make1_oid(role);
	int			next;

	for (next = 0; next < list_length(closure); next++)
	{
		Oid			member = list_nth_oid(closure, next);
		HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(member));
		bool		inherits;
		CatCList   *list;
		int			i;

		if (!HeapTupleIsValid(tuple))
			continue;
		inherits = ((Form_pg_authid) GETSTRUCT(tuple))->rolinherit;
		ReleaseSysCache(tuple);
		(void) inherits;
		list = SearchSysCacheList1(AUTHMEMMEMROLE, ObjectIdGetDatum(member));
		for (i = 0; i < list->n_members; i++)
		{
			Form_pg_auth_members membership =
				(Form_pg_auth_members) GETSTRUCT(&list->members[i]->tuple);

			if (JUR_MEMBERSHIP_INHERITS(membership, inherits))
				closure = list_append_unique_oid(closure, membership->roleid);
		}
		ReleaseSysCacheList(list);
	}
	return closure;
}

static void
add_purposes(Built *b, const JurRoleTag *tag)
{
	int			i;

	for (i = 0; i < tag->npurposes; i++)
		b->purposes = lappend(b->purposes, pstrdup(tag->purposes[i]));
}

/*
 * What ROLE's tag, its own or one it inherits, gives: places and purposes;
 * and, for the outer role, clearance.
 */
static void
add_role(Built *b, Oid role, bool is_outer)
{
	List	   *closure = inherited_roles(role);
	ListCell   *lc;

	foreach(lc, closure)
	{
		bool		broken;
		Oid			holder = lfirst_oid(lc);
		const JurRoleTag *tag = jur_role_tag(holder, &broken);
		char	   *source = psprintf("tag of role %s",
									  quote_identifier(GetUserNameFromId(holder, false)));
		int			i;

		if (broken)
			b->is_broken = true;
		if (tag == NULL)
			continue;
		b->is_tagged |= is_outer;
		for (i = 0; i < tag->nplaces; i++)
			add_place(b, tag->places[i], source);
		add_purposes(b, tag);
		if (!is_outer)
			continue;
		b->is_backup |= tag->is_backup && holder == role;
		if (tag->is_cleared)
			add_clearance(b, &tag->clearance, source);
	}
}

static void
add_network(Built *b)
{
	const JurNetwork *network = jur_network();

	if (network->is_unknown)
	{
		b->subject.arrival.unknown = true;
		add_source(b, "place", "unknown", "the client's address is in no range of jurisdiction.network");
	}
	if (network->place == NULL)
		return;
	/* an untrusted address may take away, but cannot be all that is known */
	if (!network->trusted && b->subject.arrival.nplaces == 0 && jur_site && *jur_site)
		add_place(b, jur_site, "jurisdiction.site, beside an untrusted network");
	add_place(b, network->place,
			  network->range ? psprintf("network %s%s", network->range,
										network->trusted ? "" : " (untrusted)")
			  : "jurisdiction.local_place");
}

static bool
may_declare(const Built *b, const char *purpose)
{
	ListCell   *lc;

	foreach(lc, b->purposes)
		if (strcmp(lfirst(lc), purpose) == 0)
			return true;
	return false;
}

static void
add_exemptions(Built *b)
{
	ListCell   *lc;
	const char *role = GetUserNameFromId(b->outer_user, true);

	if (role == NULL)
		return;
	b->exemptions = jur_read_exemptions(role, moment);
	foreach(lc, b->exemptions)
	{
		JurExemption *exemption = lfirst(lc);

		add_source(b, "exemption", exemption->kind,
				   psprintf("%s, until %s", exemption->basis,
							TIMESTAMP_NOT_FINITE(exemption->until) ? "further notice" :
							timestamptz_to_str(exemption->until)));
		b->until = Min(b->until, exemption->until);
		if (strcmp(exemption->kind, "bypass") == 0 && b->subject.exemption == NULL)
			b->subject.exemption = exemption->basis;
	}
}

/* what is known of nobody: an unknown place, no clearance */
static void
fail_closed(Built *b)
{
	b->subject.nclearances = 0;
	b->subject.exemption = NULL;
	b->exemptions = NIL;
	b->is_backup = false;
	b->subject.arrival.unknown = true;
	add_source(b, "place", "unknown", "a role's tag cannot be read");
}

static uint64
fingerprint_of(const Built *b)
{
	uint64		hash = hash_combine64(b->session_user, b->outer_user);
	ListCell   *lc;

	foreach(lc, b->sources)
	{
		JurSource  *line = lfirst(lc);

		hash = hash_combine64(hash, hash_bytes_extended((unsigned char *) line->item,
														strlen(line->item), 0));
		hash = hash_combine64(hash, hash_bytes_extended((unsigned char *) line->value,
														strlen(line->value), 1));
	}
	return hash ? hash : 1;
}

static Built *
build(void)
{
	Built	   *b = palloc0(sizeof(Built));

	b->session_user = GetSessionUserId();
	b->outer_user = GetOuterUserId();
	b->purpose = pstrdup(jur_purpose ? jur_purpose : "");
	b->site = pstrdup(jur_site ? jur_site : "");
	b->until = DT_NOEND;
	if (b->session_user != b->outer_user)
		add_role(b, b->session_user, false);
	add_role(b, b->outer_user, true);
	add_network(b);
	if (b->subject.arrival.nplaces == 0 && !b->subject.arrival.unknown)
	{
		if (*b->site)
			add_place(b, b->site, "jurisdiction.site");
		else
		{
			b->subject.arrival.unknown = true;
			add_source(b, "place", "unknown", "no role tag, network or site says where");
		}
	}
	b->subject.site = *b->site ? b->site : NULL;
	add_exemptions(b);
	if (b->is_broken)
		fail_closed(b);
	if (*b->purpose && may_declare(b, b->purpose))
	{
		b->subject.purpose = b->purpose;
		add_source(b, "purpose", b->purpose, "jurisdiction.purpose");
	}
	b->fingerprint = fingerprint_of(b);
	jur_count(JUR_COUNT_SUBJECT_BUILDS, 1);
	return b;
}

static void
rebuild(void)
{
	MemoryContext fresh = AllocSetContextCreate(CurrentMemoryContext,
												"jurisdiction subject",
												ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(fresh);
	Built	   *b;

	/* what changes while we read makes it stale again */
	is_stale = false;
	PG_TRY();
	{
		b = build();
	}
	PG_CATCH();
	{
		is_stale = true;
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);

	MemoryContextSetParent(fresh, TopMemoryContext);
	if (context)
		MemoryContextDelete(context);
	context = fresh;
	built = b;
	jur_generation++;
}

/* -------------------------------------------------------------------- asking */

static bool
is_another_session(void)
{
	return is_stale || built == NULL ||
		built->outer_user != GetOuterUserId() ||
		built->session_user != GetSessionUserId() ||
		built->until <= moment ||
		strcmp(built->purpose, jur_purpose ? jur_purpose : "") != 0 ||
		strcmp(built->site, jur_site ? jur_site : "") != 0;
}

bool
jur_session_refresh(void)
{
	static bool was_observing = false;
	uint64		before = jur_generation;

	if (!jur_is_installed())
		return false;
	moment = GetCurrentStatementStartTimestamp();
	if (is_another_session())
		rebuild();
	if (policy_changed || moment >= boundary ||
		was_observing != (jur_enforcement == JUR_OBSERVE))
	{
		policy_changed = false;
		was_observing = jur_enforcement == JUR_OBSERVE;
		boundary = DT_NOEND;
		jur_generation++;
	}
	return jur_generation != before;
}

static const Built *
current(void)
{
	if (built == NULL || is_another_session())
		jur_session_refresh();
	if (built == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("the extension jurisdiction is not installed in this database"),
				 errhint("Use CREATE EXTENSION jurisdiction.")));
	return built;
}

const JurSubject *
jur_current_subject(void)
{
	return &current()->subject;
}

TimestampTz
jur_current_moment(void)
{
	if (moment == 0)
		moment = GetCurrentStatementStartTimestamp();
	return moment;
}

/* the earliest end of what decisions of this generation rest on */
void
jur_decisions_end(TimestampTz when)
{
	boundary = Min(boundary, when);
}

uint64
jur_subject_fingerprint(void)
{
	return current()->fingerprint;
}

List *
jur_subject_sources(void)
{
	return current()->sources;
}

List *
jur_subject_exemptions(void)
{
	return current()->exemptions;
}

bool
jur_session_is_tagged(void)
{
	return current()->is_tagged;
}

bool
jur_is_backup(void)
{
	return jur_is_installed() && current()->is_backup;
}

/* ----------------------------------------------------------------- questions */

static JurQuestion
question_for(JurAction action, const JurArrival *arrival, bool needs_clearance)
{
	JurQuestion question = {0};

	question.action = action;
	question.subject = jur_current_subject();
	question.arrival = arrival ? arrival : &question.subject->arrival;
	question.needs_clearance = needs_clearance;
	question.moment = jur_current_moment();
	return question;
}

JurQuestion
jur_question_at_site(JurAction action)
{
	static const char *place;
	static JurArrival site;

	place = jur_site;
	site.nplaces = place && *place ? 1 : 0;
	site.places = &place;
	site.unknown = site.nplaces == 0;
	return question_for(action, &site, false);
}

JurQuestion
jur_question_anywhere(JurAction action)
{
	static const JurArrival unknown = {0, NULL, true};

	return question_for(action, &unknown, true);
}

JurQuestion
jur_question(JurAction action)
{
	/* a row is stored here, whoever writes it */
	if (action == JUR_STORE)
		return jur_question_at_site(action);
	return question_for(action, NULL, true);
}

/* ------------------------------------------------------------------- purpose */

/*
 * May the roles of this session declare PURPOSE?  Outside a transaction no
 * tag can be read: then the value is taken, and counts for nothing if the
 * subject built later may not declare it.
 */
static bool
check_purpose(const char *purpose)
{
	if (!IsTransactionState() || InitializingParallelWorker || !jur_is_installed())
		return true;
	if (may_declare(current(), purpose))
		return true;
	GUC_check_errcode(JUR_ERR_REFUSED);
	GUC_check_errmsg("permission denied to declare purpose \"%s\"", purpose);
	GUC_check_errhint("The role's tag lists the purposes it may declare: ... for PURPOSE, ...");
	return false;
}

void
jur_session_init(void)
{
	jur_on_change(mark_stale);
	jur_on_purpose(check_purpose);
}
