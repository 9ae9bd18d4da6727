/*-------------------------------------------------------------------------
 *
 * session.c
 *	  Idea: the subject of this moment, found out once and kept until the
 *	  role, a setting, a tag, the network table or a date changes it.
 *
 * Invalidation callbacks only set flags; what they say is acted upon at the
 * next statement, or the next question.  When nothing has changed, a refresh
 * compares a few words and touches no catalog.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/settings.h"
#include "session/session_internal.h"

uint64		jur_generation = 1;

/*
 * What is known lives in a context of its own, and so does what was known
 * before: somebody may still hold a part of it when an invalidation makes us
 * find out anew in the middle of a statement.
 */
static MemoryContext context = NULL;
static MemoryContext context_before = NULL;
static JurKnown *known = NULL;

static bool is_stale = true;
static bool is_finding_out = false;
static bool policy_changed = false;

static TimestampTz moment = 0;	/* start of the statement last seen */
static TimestampTz began = 0;	/* the decisions of this generation hold ... */
static TimestampTz boundary = DT_NOEND; /* ... from there to before here */

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
		case JUR_CHANGED_KEYS:
		case JUR_CHANGED_TAGS:
			break;
	}
}

/* ---------------------------------------------------------- finding it out */

static void
find_out(void)
{
	MemoryContext fresh = AllocSetContextCreate(CurrentMemoryContext,
												"jurisdiction subject",
												ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(fresh);
	JurKnown   *found = NULL;

	/* what changes while we read makes it stale again */
	is_stale = false;
	is_finding_out = true;
	PG_TRY();
	{
		found = jur_find_out(moment);
	}
	PG_CATCH();
	{
		is_stale = true;
		is_finding_out = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
	is_finding_out = false;
	MemoryContextSwitchTo(caller);

	MemoryContextSetParent(fresh, TopMemoryContext);
	if (context_before)
		MemoryContextDelete(context_before);
	context_before = context;
	context = fresh;
	known = found;
}

/* has what KNOWN was found out from changed? */
static bool
is_another_session(void)
{
	return is_stale || known == NULL ||
		known->outer_user != GetOuterUserId() ||
		known->session_user != GetSessionUserId() ||
		moment < known->since || moment >= known->until ||
		known->settings != jur_subject_settings;
}

/* could a decision come out differently, although the subject is the same? */
static bool
decisions_may_differ(void)
{
	static int	enforcement = -1;
	static bool was_elsewhere = false;
	bool		is_elsewhere = jur_is_copy_elsewhere();

	/* a clock set back leads out of what was found to hold, too */
	if (!policy_changed && moment >= began && moment < boundary &&
		enforcement == jur_enforcement && was_elsewhere == is_elsewhere)
		return false;
	policy_changed = false;
	was_elsewhere = is_elsewhere;
	enforcement = jur_enforcement;
	return true;
}

bool
jur_session_refresh(void)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	bool		changed = false;

	if (is_finding_out)
		return false;
	if (moment != now)
		jur_count_hits();
	moment = now;
	if (is_another_session())
	{
		/* also where no catalog can be read: outside a transaction */
		if (!jur_is_installed())
			return false;
		find_out();
		changed = true;
	}
	if (decisions_may_differ() || changed)
	{
		began = moment;
		boundary = DT_NOEND;
		jur_generation++;
		changed = true;
	}
	return changed;
}

/* ------------------------------------------------------------------ asking */

const JurKnown *
jur_known(void)
{
	if (is_another_session())
	{
		jur_session_refresh();
		if (known == NULL || !jur_is_installed())
			ereport(ERROR,
					(errcode(JUR_ERR_NOT_CONFIGURED),
					 errmsg("the extension jurisdiction is not installed in this database"),
					 errhint("Use CREATE EXTENSION jurisdiction.")));
	}
	return known;
}

/* ------------------------------------------------------------ trusted functions */

#define MAX_TRUST 32			/* calls of trusted functions inside each other */

static JurTrust trusts[MAX_TRUST];
static MemoryContext trust_contexts[MAX_TRUST];
static int	ntrusts = 0;

void
jur_trust_begin(const char *basis, const JurLabel *scope)
{
	MemoryContext caller;

	if (ntrusts >= MAX_TRUST)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("more than %d calls of trusted functions inside each other",
						MAX_TRUST)));
	trust_contexts[ntrusts] = AllocSetContextCreate(TopMemoryContext,
													"jurisdiction trust",
													ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(trust_contexts[ntrusts]);
	trusts[ntrusts].basis = pstrdup(basis);
	trusts[ntrusts].scope = jur_label_copy(scope);
	MemoryContextSwitchTo(caller);
	ntrusts++;
	jur_generation++;
}

void
jur_trust_end(void)
{
	if (ntrusts == 0)
		return;
	ntrusts--;
	MemoryContextDelete(trust_contexts[ntrusts]);
	jur_generation++;
}

bool
jur_is_in_trusted(void)
{
	return ntrusts > 0;
}

const JurSubject *
jur_current_subject(void)
{
	static JurSubject with_trust;

	if (ntrusts == 0)
		return &jur_known()->subject;
	with_trust = jur_known()->subject;
	with_trust.ntrusts = ntrusts;
	with_trust.trusts = trusts;
	return &with_trust;
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
	return jur_known()->fingerprint;
}

bool
jur_session_is_tagged(void)
{
	return jur_known()->is_tagged;
}

bool
jur_is_backup(void)
{
	return jur_is_installed() && jur_known()->is_backup;
}

/* --------------------------------------------------------------- questions */

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

/* ----------------------------------------------------------------- purpose */

static JurRefusalCallback on_refusal = NULL;

void
jur_on_purpose_refused(JurRefusalCallback callback)
{
	on_refusal = callback;
}

/*
 * May the roles of this session declare PURPOSE?  Before the session has
 * begun and outside a transaction no tag can be read: then the value is
 * taken, and counts for nothing if the roles may not declare it.
 */
static bool
check_purpose(const char *purpose)
{
	if (!IsNormalProcessingMode() || !IsTransactionState() ||
		InitializingParallelWorker || !jur_is_installed())
		return true;
	if (jur_may_declare(jur_known(), purpose))
		return true;
	if (on_refusal)
		on_refusal();
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
