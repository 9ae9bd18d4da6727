/*-------------------------------------------------------------------------
 *
 * session_subject.c
 *	  Idea: role tags, the client's network and the site become a subject.
 *
 * Places are those of the session user and of the outer role (SET ROLE
 * changes it, a SECURITY DEFINER function does not) and of the client's
 * address, together: each must be admitted, so more places see less.
 * Clearances are the outer role's.  Both hold what a role inherits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/settings.h"
#include "base/texts.h"
#include "session/session_internal.h"

static void
add_source(JurKnown *known, const char *item, const char *value,
		   const char *source)
{
	JurSource  *line = palloc(sizeof(JurSource));

	line->item = item;
	line->value = value;
	line->source = source;
	known->sources = lappend(known->sources, line);
}

static void
add_place(JurKnown *known, const char *place, const char *source)
{
	JurArrival *arrival = &known->subject.arrival;
	int			i;

	place = pstrdup(place);
	add_source(known, "place", place, source);
	for (i = 0; i < arrival->nplaces; i++)
		if (strcmp(arrival->places[i], place) == 0)
			return;
	if (arrival->places == NULL)
		arrival->places = palloc(sizeof(char *));
	else
		arrival->places = repalloc(arrival->places,
								   (arrival->nplaces + 1) * sizeof(char *));
	arrival->places[arrival->nplaces++] = place;
}

static void
add_unknown_place(JurKnown *known, const char *why)
{
	known->subject.arrival.unknown = true;
	add_source(known, "place", "unknown", why);
}

/* ------------------------------------------------------------------- roles */

char *
jur_clearance_text(const JurClearance *clearance)
{
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	appendStringInfoString(&text, jur_level_name(clearance->level));
	if (clearance->all_categories)
		appendStringInfoString(&text, "/*");
	for (i = 0; i < clearance->ncategories; i++)
		appendStringInfo(&text, "%c%s", i == 0 ? '/' : ',',
						 clearance->categories[i]);
	return text.data;
}

/* the tags live in a cache that may go: copy what is kept */
static void
add_clearance(JurKnown *known, const JurClearance *clearance,
			  const char *source)
{
	JurSubject *subject = &known->subject;
	JurClearance mine = *clearance;
	Size		size = (subject->nclearances + 1) * sizeof(JurClearance);
	int			i;

	mine.categories = palloc(sizeof(char *) * Max(mine.ncategories, 1));
	for (i = 0; i < mine.ncategories; i++)
		mine.categories[i] = pstrdup(clearance->categories[i]);
	if (subject->clearances == NULL)
		subject->clearances = palloc(size);
	else
		subject->clearances = repalloc(subject->clearances, size);
	subject->clearances[subject->nclearances++] = mine;
	add_source(known, "clearance", jur_clearance_text(&mine), source);
}

static void
add_purposes(JurKnown *known, const JurRoleTag *tag, const char *source)
{
	int			i;

	for (i = 0; i < tag->npurposes; i++)
	{
		char	   *purpose = pstrdup(tag->purposes[i]);

		known->purposes = lappend(known->purposes, purpose);
		add_source(known, "allowed_purpose", purpose, source);
	}
}

/* does ROLE use the rights of roles it is a member of without SET ROLE? */
static bool
inherits_by_default(Oid role)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	bool		inherits;

	if (!HeapTupleIsValid(tuple))
		return false;
	inherits = ((Form_pg_authid) GETSTRUCT(tuple))->rolinherit;
	ReleaseSysCache(tuple);
	return inherits;
}

/*
 * ROLE and every role whose rights it inherits.  Read from the memberships
 * themselves: a superuser, who is a member of everything, inherits no tag.
 */
static List *
inherited_roles(Oid role)
{
	List	   *closure = list_make1_oid(role);
	int			next;

	for (next = 0; next < list_length(closure); next++)
	{
		Oid			member = list_nth_oid(closure, next);
		bool		inherits pg_attribute_unused() =
		inherits_by_default(member);
		CatCList   *list = SearchSysCacheList1(AUTHMEMMEMROLE,
											   ObjectIdGetDatum(member));
		int			i;

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

static char *
tag_of(Oid role)
{
	char	   *name = GetUserNameFromId(role, true);

	if (name == NULL)
		return psprintf("tag of role %u", role);
	return psprintf("tag of role %s", quote_identifier(name));
}

/*
 * What ROLE's tag, its own or one it inherits, gives: places and purposes;
 * and, for the outer role, clearance.
 */
static void
add_role(JurKnown *known, Oid role, bool is_outer)
{
	ListCell   *lc;

	foreach(lc, inherited_roles(role))
	{
		Oid			holder = lfirst_oid(lc);
		char	   *source = tag_of(holder);
		bool		broken;
		const JurRoleTag *tag = jur_role_tag(holder, &broken);
		int			i;

		known->is_broken |= broken;
		if (tag == NULL)
			continue;
		known->is_tagged |= is_outer;
		for (i = 0; i < tag->nplaces; i++)
			add_place(known, tag->places[i], source);
		add_purposes(known, tag, source);
		if (!is_outer)
			continue;
		/* being a backup role is not inherited */
		known->is_backup |= tag->is_backup && holder == role;
		if (tag->is_cleared)
			add_clearance(known, &tag->clearance, source);
	}
}

/* ----------------------------------------------------- network, site, rest */

static void
add_site(JurKnown *known, const char *source)
{
	if (*known->site)
		add_place(known, known->site, source);
	else
		add_unknown_place(known, "no role tag, network or site says where");
}

static void
add_network(JurKnown *known)
{
	const JurNetwork *network = jur_network();
	const char *source;

	if (network->is_unknown)
		add_unknown_place(known, "the client's address is in no range of jurisdiction.network");
	if (network->place == NULL)
		return;
	/* what cannot be relied on may take away, never be all that is known */
	if (!network->trusted && known->subject.arrival.nplaces == 0)
		add_site(known, "jurisdiction.site, beside an untrusted network");
	source = network->range == NULL ? "jurisdiction.local_place" :
		psprintf("network %s%s", network->range,
				 network->trusted ? "" : " (untrusted)");
	add_place(known, network->place, source);
}

static const char *
exemption_text(const JurExemption *exemption)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, exemption->basis);
	if (exemption->scope)
		appendStringInfo(&text, ", for %s", jur_label_text(exemption->scope));
	if (!TIMESTAMP_NOT_FINITE(exemption->until))
		appendStringInfo(&text, ", until %s",
						 timestamptz_to_str(exemption->until));
	return text.data;
}

static void
add_exemptions(JurKnown *known, TimestampTz moment)
{
	const char *role = GetUserNameFromId(known->outer_user, true);
	ListCell   *lc;

	if (role == NULL)
		return;
	known->exemptions = jur_read_exemptions(role, moment);
	foreach(lc, known->exemptions)
	{
		JurExemption *exemption = lfirst(lc);

		add_source(known, "exemption", exemption->kind,
				   exemption_text(exemption));
		known->until = Min(known->until, exemption->until);

		/*
		 * What a bypass lifts is all of it: the wall lets whole tables pass,
		 * and cannot tell the rows of a scope.
		 */
		if (strcmp(exemption->kind, "bypass") == 0 &&
			exemption->scope == NULL && known->subject.exemption == NULL)
			known->subject.exemption = exemption->basis;
	}
}

bool
jur_may_declare(const JurKnown *known, const char *purpose)
{
	return jur_has_text(known->purposes, purpose);
}

/* a purpose that the role may not declare (any more) is none */
static void
add_purpose(JurKnown *known)
{
	if (*known->purpose == '\0')
		return;
	if (!jur_may_declare(known, known->purpose))
	{
		add_source(known, "purpose", NULL,
				   psprintf("\"%s\" is set, but no tag of the session's roles lists it",
							known->purpose));
		return;
	}
	known->subject.purpose = known->purpose;
	add_source(known, "purpose", known->purpose, "jurisdiction.purpose");
}

/* what is known of nobody: an unknown place, no clearance, no right */
static void
fail_closed(JurKnown *known)
{
	known->subject.nclearances = 0;
	known->subject.exemption = NULL;
	known->exemptions = NIL;
	known->purposes = NIL;
	known->is_backup = false;
	known->sources = NIL;
	add_unknown_place(known, "a tag of the session's roles cannot be read");
}

/* ------------------------------------------------------------- the subject */

static uint64
hash_text(uint64 hash, const char *text)
{
	uint64		more = text == NULL ? 0 :
	hash_bytes_extended((const unsigned char *) text, strlen(text), 1);

	return hash_combine64(hash, more);
}

static uint64
fingerprint_of(const JurKnown *known)
{
	const JurSubject *subject = &known->subject;
	uint64		hash = hash_combine64(known->session_user, known->outer_user);
	int			i;

	hash = hash_combine64(hash, subject->arrival.unknown);
	for (i = 0; i < subject->arrival.nplaces; i++)
		hash = hash_text(hash, subject->arrival.places[i]);
	for (i = 0; i < subject->nclearances; i++)
		hash = hash_text(hash, jur_clearance_text(&subject->clearances[i]));
	hash = hash_text(hash, subject->purpose);
	hash = hash_text(hash, subject->exemption);
	hash = hash_combine64(hash, known->is_backup);
	return hash ? hash : 1;
}

JurKnown *
jur_find_out(TimestampTz moment)
{
	JurKnown   *known = palloc0(sizeof(JurKnown));

	known->session_user = GetSessionUserId();
	known->outer_user = GetOuterUserId();
	known->purpose = pstrdup(jur_purpose ? jur_purpose : "");
	known->site = pstrdup(jur_site ? jur_site : "");
	known->settings = jur_subject_settings;
	known->since = moment;
	known->until = DT_NOEND;
	if (known->session_user != known->outer_user)
		add_role(known, known->session_user, false);
	add_role(known, known->outer_user, true);
	add_network(known);
	if (known->subject.arrival.nplaces == 0 && !known->subject.arrival.unknown)
		add_site(known, "jurisdiction.site");
	known->subject.site = *known->site ? known->site : NULL;
	add_exemptions(known, moment);
	if (known->is_broken)
		fail_closed(known);
	add_purpose(known);
	known->fingerprint = fingerprint_of(known);
	jur_count(JUR_COUNT_SUBJECT_BUILDS, 1);
	return known;
}
