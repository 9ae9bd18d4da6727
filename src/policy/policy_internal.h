/*-------------------------------------------------------------------------
 *
 * policy_internal.h
 *	  What the files of policy/ share: rows as they are read, and the policy
 *	  as it is compiled from them.
 *
 * Codes become small numbers, sets of categories bits, and rules are found by
 * (effect, origin, destination): a decision looks at the few rules that can
 * match, however many there are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_POLICY_INTERNAL_H
#define JUR_POLICY_INTERNAL_H

#include "policy/policy.h"

/* codes.c: words, numbered from 0 in the order in which they came */
typedef struct JurCodes
{
	int			ncodes;
	const char **codes;
	int			room;			/* of codes */
	uint32		mask;			/* slots, a power of two, less one */
	int		   *slots;			/* number + 1; 0: free */
} JurCodes;

/* the number of CODE, adding it if it is new; its text is copied */
extern int	jur_code_add(JurCodes *codes, const char *code);
/* -1: no such code */
extern int	jur_code_find(const JurCodes *codes, const char *code);

/* the rows of the policy tables; "during" is [from, until), empty if equal */
typedef struct JurPlaceRow
{
	const char *code;
	const char *kind;
} JurPlaceRow;

typedef struct JurMembershipRow
{
	const char *grp;
	const char *member;
	TimestampTz from;			/* 00:00 UTC */
	TimestampTz until;
} JurMembershipRow;

typedef struct JurCategoryRow
{
	const char *code;
	int			nbroader;
	const char **broader;
} JurCategoryRow;

typedef struct JurRuleRow
{
	int64		id;
	const char *effect;
	const char *origin;
	const char *destination;
	int			nactions;
	const char **actions;
	const char *max_level;		/* NULL: any */
	int			ncategories;	/* -1: any */
	const char **categories;
	int			npurposes;		/* -1: any */
	const char **purposes;
	const char *basis;
	TimestampTz from;
	TimestampTz until;
} JurRuleRow;

typedef struct JurPolicyRows
{
	int			nplaces;
	JurPlaceRow *places;
	int			nmemberships;
	JurMembershipRow *memberships;
	int			ncategories;
	JurCategoryRow *categories;
	int			nrules;
	JurRuleRow *rules;
} JurPolicyRows;

typedef enum JurEffect
{
	JUR_EFFECT_DENY = 0,
	JUR_EFFECT_ALLOW,
	JUR_NEFFECTS
} JurEffect;

typedef struct JurRule
{
	int64		id;
	TimestampTz from;
	TimestampTz until;
	const uint64 *categories;	/* bits, narrower ones included; NULL: any */
	const int  *purposes;		/* numbers; NULL: any */
	int			npurposes;
	uint8		actions;		/* a bit for each JurAction */
	uint8		max_level;
	uint8		effect;
	int			origin;
	int			destination;
	const char *basis;
} JurRule;

/* the rules of one effect between two places: a stretch of rules[] */
typedef struct JurRoute
{
	int			origin;
	int			destination;
	int			effect;
	int			first;
	int			count;			/* 0: a free slot */
} JurRoute;

typedef struct JurStay
{
	int			grp;
	TimestampTz from;
	TimestampTz until;
} JurStay;

/*
 * What covers a place on a day, itself included.  Room for all places is
 * taken when the policy is compiled, so that working it out allocates nothing.
 */
typedef struct JurClosure
{
	int			place;			/* -1: nothing worked out yet */
	int64		day;
	int			count;
	int		   *places;
	uint64		stamp;			/* of this closure ... */
	uint64	   *stamps;			/* ... borne by each place that is in it */
} JurClosure;

/* how rules use a place, so that most closures' members need no look-up */
#define JUR_USED_AS_ORIGIN(effect)		(1 << (effect))
#define JUR_USED_AS_DESTINATION(effect) (4 << (effect))

struct JurPolicy
{
	JurCodes	places;
	int		   *countries;		/* by place: of a subdivision, else -1 */
	int		   *first_stays;	/* by place: into stays; one more at the end */
	JurStay    *stays;			/* by member */
	uint8	   *uses;			/* by place: JUR_USED_AS_... */
	JurCodes	categories;
	int			nwords;			/* of a set of categories, at least 1 */
	uint64	   *narrower;		/* by category: it and all narrower ones */
	JurCodes	purposes;		/* those that rules name */
	int			nrules;
	JurRule    *rules;			/* by origin, destination, effect, id */
	uint32		route_mask;
	JurRoute   *routes;			/* a hash table */
	int			nboundaries;
	TimestampTz *boundaries;	/* rising: when a decision could change */

	/* scratch paper of the decision; not policy */
	JurClosure *origins;
	JurClosure *arrivals;
	uint64	   *wanted;			/* the atom's categories */
};

/*
 * policy_compile.c (pure).  In the current context, sharing nothing with
 * ROWS.  NULL and *ERROR, a palloc'd sentence, if some row makes no sense: a
 * rule that is left out would be another policy.
 */
extern JurPolicy *jur_policy_compile(const JurPolicyRows *rows, char **error);
/* the rules of EFFECT from ORIGIN to DESTINATION, or NULL */
extern const JurRoute *jur_route(const JurPolicy *policy, JurEffect effect,
								 int origin, int destination);

/* policy_rows.c: in the current context; raises if a table cannot be read */
extern JurPolicyRows *jur_read_policy_rows(void);

/* places.c */
/* the country that the code of a subdivision begins with, or -1 */
extern int	jur_country_number(const JurCodes *places, const char *code);
/* works out, in CLOSURE, what covers PLACE (a number; -1: nothing does) */
extern void jur_close_place(const JurPolicy *policy, JurClosure *closure,
							int place, TimestampTz moment);
extern bool jur_in_closure(const JurClosure *closure, int place);

#endif							/* JUR_POLICY_INTERNAL_H */
