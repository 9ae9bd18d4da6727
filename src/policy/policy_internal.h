/*-------------------------------------------------------------------------
 *
 * policy_internal.h
 *	  What the files of policy/ share: the policy as it is compiled.
 *
 * Codes of places and categories are interned: a number each, -1 for a code
 * that nobody registered.  Rules are found by (origin, destination), so that
 * a decision looks at the few that can match and not at all there are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_POLICY_INTERNAL_H
#define JUR_POLICY_INTERNAL_H

#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/palloc.h"

#include "policy/policy.h"

#define JUR_UNREGISTERED (-1)

/* an entry of the tables that intern codes */
typedef struct JurCodeEntry
{
	char		code[JUR_CODE_MAX + 1]; /* key */
	int			id;
} JurCodeEntry;

/* a set of interned codes */
typedef struct JurIds
{
	int			n;
	int		   *ids;
} JurIds;

typedef struct JurMembership
{
	int			grp;
	TimestampTz from;			/* inclusive */
	TimestampTz until;			/* exclusive */
} JurMembership;

typedef struct JurPlace
{
	const char *code;
	bool		is_registered;	/* has a row in jurisdiction.place */
	int			country;		/* of a subdivision, else JUR_UNREGISTERED */
	int			nmemberships;
	JurMembership *memberships; /* in groups, at any date */
	bool		has_ancestors;	/* the memo below is filled */
	JurIds		ancestors;		/* what covers it, itself included */
} JurPlace;

typedef struct JurCategory
{
	const char *code;
	bool		is_registered;
	List	   *broader;		/* ints: its own */
	JurIds		ancestors;		/* itself and all that is broader */
} JurCategory;

typedef struct JurRule
{
	struct JurRule *next;		/* of the same origin and destination, by id */
	int64		id;
	bool		is_deny;
	uint32		actions;		/* bit per JurAction */
	int			max_level;		/* -1: any */
	bool		any_category;
	JurIds		categories;
	bool		any_purpose;
	int			npurposes;
	const char **purposes;
	TimestampTz from;			/* inclusive */
	TimestampTz until;			/* exclusive */
	const char *basis;
} JurRule;

struct JurPolicy
{
	MemoryContext context;
	HTAB	   *place_ids;		/* code -> number */
	int			nplaces;
	JurPlace   *places;
	HTAB	   *category_ids;
	int			ncategories;
	JurCategory *categories;
	HTAB	   *rules;			/* (origin, destination) -> JurRule chain */
	bool	   *is_origin;		/* by place: does any rule start there? */
	int			nboundaries;
	TimestampTz *boundaries;	/* sorted: every moment at which something turns */
	TimestampTz memo_from;		/* the ancestors' memo holds from here ... */
	TimestampTz memo_until;		/* ... to before here */
};

/* policy_compile.c: from rows to the structure above */
extern JurPolicy *jur_policy_new(void);
extern int	jur_intern_place(JurPolicy *policy, const char *code);
extern int	jur_intern_category(JurPolicy *policy, const char *code);
extern void jur_compile_membership(JurPolicy *policy, const char *grp,
								   const char *member, TimestampTz from,
								   TimestampTz until);
/* RULE is copied; its category ids and strings must live in the context */
extern void jur_compile_rule(JurPolicy *policy, const char *origin,
							 const char *destination, const JurRule *rule);
extern void jur_policy_finish(JurPolicy *policy);
/* the chain of rules from ORIGIN to DESTINATION, or NULL */
extern const JurRule *jur_rules_between(const JurPolicy *policy, int origin,
										int destination);

/* places.c */
extern int	jur_place_id(const JurPolicy *policy, const char *code);
extern int	jur_category_id(const JurPolicy *policy, const char *code);
/* what covers the place numbered ID at MOMENT, itself included */
extern const JurIds *jur_ancestors(const JurPolicy *policy, int id,
								   TimestampTz moment);
extern bool jur_ids_have(const JurIds *ids, int id);

#endif							/* JUR_POLICY_INTERNAL_H */
