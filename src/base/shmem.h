/*-------------------------------------------------------------------------
 *
 * shmem.h
 *	  Knows: how shared memory is reserved; a segment of counters, and a slot
 *	  per process.
 *	  Refuses to know: what the numbers mean.
 *
 * A slot carries to parallel workers what their own process cannot know: the
 * address of the leader's client.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_SHMEM_H
#define JUR_SHMEM_H

/* counters of jurisdiction.stat, in the order of its columns */
typedef enum JurCounter
{
	JUR_COUNT_DECISIONS,		/* decisions computed */
	JUR_COUNT_CACHE_HITS,		/* decisions answered from a session's cache */
	JUR_COUNT_ROWS_ALLOWED,		/* rows that passed a filter */
	JUR_COUNT_ROWS_HIDDEN,		/* rows that a filter held back */
	JUR_COUNT_REFUSALS,			/* statements refused */
	JUR_COUNT_OBSERVED,			/* refusals and hidden rows let through in observe mode */
	JUR_COUNT_EXEMPTIONS,		/* uses of an exemption or of a backup role */
	JUR_COUNT_POLICY_LOADS,		/* times a session loaded the policy */
	JUR_COUNT_SUBJECT_BUILDS,	/* times a session found out anew who it is */
	JUR_COUNT_SEALS,			/* values sealed */
	JUR_COUNT_UNSEALS,			/* values opened */
	JUR_COUNT_UNWRAPS,			/* data keys that custodians gave */
	JUR_COUNT_CUSTODIAN_FAILURES,	/* times a custodian did not do what it was asked */
	JUR_NCOUNTERS
} JurCounter;

/* the client's address; what a parallel worker needs of its leader */
typedef struct JurClient
{
	bool		is_set;
	bool		is_remote;		/* false: local socket or no client at all */
	int			family;			/* PGSQL_AF_INET or PGSQL_AF_INET6 */
	unsigned char address[16];	/* network byte order */
} JurClient;

/*
 * A piece of shared memory of a module's own, reserved while the library is
 * preloaded.  SIZE is asked when all settings are known; ATTACH is called with
 * the memory in whichever process starts it up, and fills it if it IS_NEW.
 */
typedef struct JurSharedPart
{
	const char *name;
	int			nlocks;			/* LWLocks, in a tranche of that name */
	Size		(*size) (void);
	void		(*attach) (void *memory, bool is_new);
	struct JurSharedPart *next; /* shmem.c's own */
} JurSharedPart;

extern void jur_shmem_reserve(JurSharedPart *part);
extern void jur_shmem_init(void);

extern void jur_count(JurCounter counter, uint64 by);
extern uint64 jur_counted(JurCounter counter);
extern void jur_count_reset(void);

/*
 * Labels that parallel workers have read under, for their leader.  A worker
 * shares; the leader takes all there are: texts, each ended by a zero byte,
 * *SIZE bytes together, palloc'd, NULL if there are none.  *OVERFLOWED: more
 * were read than there was room for.
 */
extern void jur_share_label(const char *text);
extern char *jur_take_shared_labels(int *size, bool *overflowed);

/*
 * How often keys were changed, so that a session with keys in memory sees that
 * it has old ones; and how many keys sessions have in memory: this one (0 may be
 * said in a signal handler), and all together.
 */
extern uint64 jur_shared_key_news(void);
extern void jur_share_key_news(void);
extern void jur_share_key_count(uint32 keys);
extern uint64 jur_shared_key_count(void);

/*
 * The identity of the statement that this session runs, for its parallel
 * workers, of SIZE bytes and a zero.  A worker that has something to tell of
 * it asks for its leader's, and its leader can ask whether one did.
 */
extern void jur_share_statement(const char *id, Size size);
extern void jur_shared_statement(char *id, Size size);
extern bool jur_workers_tell(void);

/* this session's client; in a parallel worker, the leader's */
extern JurClient jur_client(void);

#endif							/* JUR_SHMEM_H */
