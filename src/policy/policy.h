/*-------------------------------------------------------------------------
 *
 * policy.h
 *	  Knows: the declared rules, and the one function that decides by them.
 *	  Refuses to know: who the session is, what is protected, what to do
 *	  about a "no".
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_POLICY_H
#define JUR_POLICY_H

#include "datatype/timestamp.h"

#include "label/label.h"
#include "store/store.h"

typedef enum JurAction
{
	JUR_READ = 0,
	JUR_EXPORT,
	JUR_STORE,
	JUR_UNSEAL,
	JUR_WRITE,
	JUR_NACTIONS
} JurAction;

typedef enum JurVerdict
{
	JUR_DENY = 0,				/* zero, so that forgotten memory refuses */
	JUR_ALLOW
} JurVerdict;

typedef enum JurDecidedBy
{
	JUR_BY_DEFAULT = 0,			/* nothing allows it */
	JUR_BY_HOME,
	JUR_BY_RELEASE,
	JUR_BY_RULE,
	JUR_BY_PERMIT,
	JUR_BY_EXEMPTION,
	JUR_BY_CLEARANCE,
	JUR_BY_NETWORK,
	JUR_BY_UNRESTRICTED,
	JUR_BY_PARTY,
	JUR_BY_THRESHOLD,
	JUR_BY_TOKEN
} JurDecidedBy;

/* where a value would arrive; each must be allowed */
typedef struct JurArrival
{
	int			nplaces;
	const char **places;
	bool		unknown;		/* also somewhere that nobody knows */
} JurArrival;

/* a trusted function is running: exempt for what flows to SCOPE */
typedef struct JurTrust
{
	const char *basis;
	const JurLabel *scope;
} JurTrust;

/* what the decision needs to know of a session; session.h builds it */
typedef struct JurSubject
{
	JurArrival	arrival;		/* of read, write, unseal and COPY TO STDOUT */
	int			nclearances;
	JurClearance *clearances;
	const char *purpose;		/* NULL: none declared */
	const char *site;			/* NULL: not configured */
	int			ntrusts;
	const JurTrust *trusts;
	const char *exemption;		/* basis of a bypass exemption, or NULL */
} JurSubject;

/* one question; everything the decision depends on besides the policy */
typedef struct JurQuestion
{
	JurAction	action;
	const JurSubject *subject;
	const JurArrival *arrival;	/* usually &subject->arrival */
	bool		needs_clearance;	/* false for store and for server files */
	TimestampTz moment;
} JurQuestion;

/* the answer for one atom at one destination, or for the whole label */
typedef struct JurDecision
{
	JurVerdict	verdict;
	JurDecidedBy decided_by;
	int64		rule_id;		/* of JUR_BY_RULE; 0: none */
	const char *basis;			/* the legal citation, or NULL */
	const JurAtom *atom;		/* the atom that decided; NULL: unrestricted */
	const char *destination;	/* NULL: the unknown place */
	const char *unknown_code;	/* a code of the atom, or the destination, that
								 * is in no registry; or NULL */
} JurDecision;

/* policy_cache.c: this database's rules, replaced whole */
typedef struct JurPolicy JurPolicy;

/*
 * The policy now; loads it if stale.  Raises if it cannot be read: no means
 * no.  What it returned, and a basis taken from it, live until the next load
 * but one.
 */
extern const JurPolicy *jur_policy(void);
/* the first moment after MOMENT at which a decision could change by itself */
extern TimestampTz jur_policy_boundary(const JurPolicy *policy, TimestampTz moment);
extern void jur_policy_init(void);

/* places.c; a code in no registry covers itself, and lies in its country */
extern bool jur_covers(const JurPolicy *policy, const char *place,
					   const char *other, TimestampTz moment);
extern bool jur_place_is_known(const JurPolicy *policy, const char *place);
extern bool jur_category_is_known(const JurPolicy *policy, const char *category);
/* all registered places, by number from 0 */
extern int	jur_place_count(const JurPolicy *policy);
extern const char *jur_place_code(const JurPolicy *policy, int number);
/* the first code in LABEL that is in no registry, or NULL */
extern const char *jur_unknown_code(const JurPolicy *policy, const JurLabel *label);

/*
 * policy_decide.c: the decision.  No I/O, no error, no global, no allocation;
 * a function of its arguments.  Of several allowed atoms, the one that was
 * hardest to allow answers for the label.
 * Ruling 17 holds: a flows to b and b is allowed => a is.
 */
extern JurDecision jur_decide(const JurPolicy *policy, const JurLabel *label,
							  const JurQuestion *question);
/* the same for one atom at one destination (NULL: unknown place) */
extern JurDecision jur_decide_atom(const JurPolicy *policy, const JurAtom *atom,
								   const char *destination,
								   const JurQuestion *question);

/* policy_words.c */
extern bool jur_action_by_name(const char *name, JurAction *action);
extern const char *jur_action_name(JurAction action);
extern const char *jur_decided_by_name(JurDecidedBy by);
/* a sentence for people: why the decision is as it is; palloc'd */
extern char *jur_decision_reason(const JurDecision *decision, JurAction action);

#endif							/* JUR_POLICY_H */
