/*-------------------------------------------------------------------------
 *
 * session_internal.h
 *	  What the files of session/ share: where each part of a subject came
 *	  from, and what the client's address says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_SESSION_INTERNAL_H
#define JUR_SESSION_INTERNAL_H

#include "session/session.h"

/* session_network.c: what the address of the client says */
typedef struct JurNetwork
{
	bool		is_consulted;	/* false: no network table, or a local client */
	bool		is_unknown;		/* the address is in no range */
	const char *place;			/* NULL: adds no place */
	const char *range;			/* the range that decided; NULL: local_place */
	bool		trusted;		/* false: only narrows, never the only source */
} JurNetwork;

/* cached until jurisdiction.network changes; valid until the next call */
extern const JurNetwork *jur_network(void);

/* session.c: one line of what holds, and where it came from */
typedef struct JurSource
{
	const char *item;			/* "place", "clearance", "purpose", ... */
	const char *value;
	const char *source;
} JurSource;

/* a List of JurSource, in the order to be shown; valid until the next call */
extern List *jur_subject_sources(void);
/* decisions made now hold no longer than WHEN */
extern void jur_decisions_end(TimestampTz when);

/* session_officer.c */
/* the basis of an exemption of the outer role, and when it ends */
typedef struct JurExemption
{
	const char *kind;
	const char *basis;
	JurLabel   *scope;			/* NULL: any */
	TimestampTz until;			/* DT_NOEND: open */
} JurExemption;

/* those of ROLE that have not ended at MOMENT, in the current context */
extern List *jur_read_exemptions(const char *role, TimestampTz moment);
/* of the current subject */
extern List *jur_subject_exemptions(void);

/* session_sql.c: 22023 unless NAME is an action */
extern JurAction jur_action_of_text(const char *name);

#endif							/* JUR_SESSION_INTERNAL_H */
