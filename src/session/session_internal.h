/*-------------------------------------------------------------------------
 *
 * session_internal.h
 *	  What the files of session/ share: all that is known of a session, where
 *	  each part came from, and what the client's address says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_SESSION_INTERNAL_H
#define JUR_SESSION_INTERNAL_H

#include "base/shmem.h"
#include "session/session.h"

/* session_network.c: what the address of the client says */
typedef struct JurNetwork
{
	bool		is_unknown;		/* the address is in no range */
	const char *place;			/* NULL: adds no place */
	const char *range;			/* the range that decided; NULL: local_place */
	bool		trusted;		/* false: narrows, is never the only source */
} JurNetwork;

/* cached until jurisdiction.network changes; valid until the next call */
extern const JurNetwork *jur_network(void);
/* the index by range, to be closed by the caller; 55000 if there is none */
extern Relation jur_network_index(Relation rel, LOCKMODE lockmode);
/* a column of jurisdiction.network by name; 55000 if there is none */
extern AttrNumber jur_network_column(Relation rel, const char *name);

/*
 * session_ranges.c: ranges of addresses, as a geographic file has them, and
 * the blocks they consist of (pure).
 */
typedef struct JurAddress
{
	uint64		high;			/* 0 for IPv4 */
	uint64		low;
} JurAddress;

typedef struct JurRange
{
	bool		is_ipv6;
	bool		is_spent;		/* nothing is left of it */
	JurAddress	first;
	JurAddress	last;
	char		code[3];		/* two capitals or digits, or "??" */
} JurRange;

typedef struct JurBlock
{
	JurAddress	first;
	int			bits;			/* of the prefix */
} JurBlock;

extern int	jur_compare_addresses(JurAddress a, JurAddress b);
/* false: LINE is not FIRST,LAST,CODE with FIRST <= LAST */
extern bool jur_parse_range(const char *line, JurRange *range);
/* takes the largest block off the start of RANGE; false: nothing is left */
extern bool jur_next_block(JurRange *range, JurBlock *block);

/*
 * session_network_write.c: rows of jurisdiction.network in bulk, with their
 * index entries.  The caller holds a lock that keeps other writers out.
 */
typedef struct JurNetworkWriter JurNetworkWriter;

/* the block of IPv4 or IPv6 as a value of type cidr, in the current context */
extern Datum jur_block_datum(const JurBlock *block, bool is_ipv6);
/* rows will say SOURCE and TRUSTED */
extern JurNetworkWriter *jur_begin_writing(Relation rel, const char *source,
										   bool trusted);
extern void jur_write_block(JurNetworkWriter *writer, Datum block,
							const char *place);
extern void jur_end_writing(JurNetworkWriter *writer);

/* session_subject.c */
/* one line of what holds, and where it came from */
typedef struct JurSource
{
	const char *item;			/* "place", "clearance", "purpose", ... */
	const char *value;			/* NULL: none, and SOURCE says why */
	const char *source;
} JurSource;

/* all that is known of the session, and what it was found out from */
typedef struct JurKnown
{
	Oid			session_user;
	Oid			outer_user;
	const char *purpose;		/* as set, lawful or not */
	const char *site;			/* "" if empty */
	uint64		settings;		/* jur_subject_settings when this was found out */
	JurSubject	subject;
	List	   *sources;		/* of JurSource, in the order to be shown */
	List	   *exemptions;		/* of JurExemption */
	List	   *purposes;		/* that the roles may declare */
	bool		is_tagged;		/* outer role: own or inherited tag */
	bool		is_backup;
	bool		is_broken;		/* a tag that cannot be read: nothing is known */
	uint64		fingerprint;
	TimestampTz since;			/* holds from this moment ... */
	TimestampTz until;			/* ... to before this one */
} JurKnown;

/* finds it out for MOMENT, in the current memory context */
extern JurKnown *jur_find_out(TimestampTz moment);
extern bool jur_may_declare(const JurKnown *known, const char *purpose);

/* session.c: this session now; valid until the next statement */
extern const JurKnown *jur_known(void);
/* decisions made now hold no longer than WHEN */
extern void jur_decisions_end(TimestampTz when);

/* session_decide.c: what it answered from its cache, into the counters */
extern void jur_count_hits(void);

/* session_officer.c: the basis of an exemption of a role, and when it ends */
typedef struct JurExemption
{
	const char *kind;
	const char *basis;
	JurLabel   *scope;			/* NULL: any */
	TimestampTz until;			/* DT_NOEND: open */
} JurExemption;

/* those of ROLE that have not ended at MOMENT, in the current context */
extern List *jur_read_exemptions(const char *role, TimestampTz moment);

/* session_sql.c: 22023 unless NAME is an action */
extern JurAction jur_action_of_text(const char *name);

#endif							/* JUR_SESSION_INTERNAL_H */
