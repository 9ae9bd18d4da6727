/*-------------------------------------------------------------------------
 *
 * evidence_internal.h
 *	  Knows: what the files of the server side of the log share: the queue as
 *	  its consumer sees it, the log as its one writer sees it.
 *	  Refuses to know: the same as evidence.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_EVIDENCE_INTERNAL_H
#define JUR_EVIDENCE_INTERNAL_H

#include "evidence/evidence.h"
#include "evidence/log_dir.h"

/* ------------------------------------------------- evidence_queue.c: the queue */

/* what the log is doing, as sessions see it */
typedef enum JurLogState
{
	JUR_LOG_STARTING = 0,		/* nobody has opened it yet */
	JUR_LOG_OPEN,
	JUR_LOG_TROUBLE,			/* it takes nothing now; a sentence says why */
	JUR_LOG_CLOSED				/* the server is going down, all have left */
} JurLogState;

/* a place in the queue, for its one consumer */
typedef struct JurQueueRecord
{
	const uint8 *data;			/* until the next call */
	Size		size;
	bool		is_of_log;		/* it tells of the log that it was meant for */
	uint64		next;			/* where the next one begins */
} JurQueueRecord;

extern void jur_queue_init(void);
/* the consumer is this process, or has gone */
extern void jur_queue_attach(void);
/* up to where there are records now; those before are in one batch from now on */
extern uint64 jur_queue_take(void);
extern bool jur_queue_record(uint64 position, JurQueueRecord *record);
/* where the durable records end */
extern uint64 jur_queue_durable(void);
/* is there somebody who waits for more than that? */
extern bool jur_queue_is_wanted(void);
extern bool jur_queue_is_filling(void);
extern uint64 jur_queue_head(void);
/* all before POSITION is durable: make room, wake who waits */
extern void jur_queue_publish(uint64 position);
extern bool jur_queue_has_room(Size size);
/* a record of the sealer's own, for which room is kept; false: even that is used up */
extern bool jur_queue_put_own(const char *record, Size size, bool is_of_log);
/* records that found no room, since the last call */
extern uint64 jur_queue_take_lost(TimestampTz *since);
extern void jur_queue_return_lost(uint64 lost, TimestampTz since);
extern void jur_queue_set_state(JurLogState state, const char *trouble);
/* no record is taken any more; false: there are some yet */
extern bool jur_queue_close(uint64 position);

/* what a sealer that comes after this one has to know of it */
typedef struct JurSealerMemory
{
	bool		is_started;		/* the start of the server is recorded */
	bool		has_own;		/* records outside the queue may be in the journal */
	uint64		durable_size;	/* entries of the log when jur_queue_durable() was set */
	char		origin[JUR_ORIGIN_MAX + 1];
} JurSealerMemory;

extern JurSealerMemory *jur_sealer_memory(void);
extern void jur_queue_set_stat(const JurEvidenceStat *stat);

extern void jur_wake_sealer(void);

/* true in the process that writes the log: it must not wait for itself */
extern bool jur_is_sealer;

/* --------------------------------------- evidence_repeat.c: the same, again and again */

extern void jur_repeat_init(void);
/* put what this session has counted; before any other record of it */
extern void jur_repeat_release(void);
/* the sealer: is there anything to collect, and collect it into the queue */
extern bool jur_repeats_wait(void);
extern void jur_collect_repeats(void);
/* so many records found no room */
extern void jur_queue_lose(uint64 count);

/* ------------------------------------------ evidence_request.c: questions, answers */

extern void jur_request_init(void);
/* NUMBER goes back with the answer, PROBLEM is NULL for "done" */
extern bool jur_next_request(JurSealerRequest *request, uint64 *arg, uint64 *number);
extern void jur_answer_request(JurSealerRequest request, uint64 number, const char *problem);

/* --------------------------------------- evidence_alone.c: no sealer, one process */

extern bool jur_alone_put(const char *record, Size size, char *problem);
extern bool jur_alone_wait(char *problem);

/* ------------------------------------------- evidence_open.c: the log, for writing */

/* the log as the process that writes it holds it */
typedef struct JurOpenLog
{
	JurLogWriter *writer;		/* NULL: not open */
	JurNoteKey	key;
	uint8		seed[JUR_SEED_SIZE];
	JurLogFound found;
	uint64		size_found;		/* entries before any of this process */
	uint64		lock_inode;		/* of the directory that was opened */
} JurOpenLog;

/*
 * Opens the log of this server, or begins it, and records what has to be
 * recorded of that.  With IS_FIRST the start of the server is recorded too.
 * false: PROBLEM (JUR_ERROR_MAX bytes) says why.
 */
extern bool jur_open_log(JurOpenLog *log, bool is_first, char *problem);
/* is it still the directory that was opened? */
extern bool jur_log_is_there(const JurOpenLog *log);
/* lets go of it; IS_CLEAN: all that there was is signed */
extern void jur_close_log(JurOpenLog *log, bool is_clean);
/* a checkpoint, and what this data directory remembers of it */
extern bool jur_sign_log(JurOpenLog *log, char *problem);
/* the key that is used from now on, NEW, and a record of it */
extern bool jur_rotate_log_key(JurOpenLog *log, char *problem);

/* ----------------------------------- evidence_identity.c: whose log, whose directory */

/* what a copy of a directory does not share with it */
typedef struct JurIdentity
{
	uint64		inode;			/* of the data directory */
	uint64		born;			/* ns since 1970, 0: the file system does not say */
	char		machine[65];	/* machine-id, "" if there is none */
	char		system[32];		/* the database system's identifier */
} JurIdentity;

/* what the data directory remembers of its log's newest head */
typedef struct JurMemory
{
	JurCheckpoint head;
	bool		is_ours;		/* neither the data directory nor what it remembers was copied */
	bool		is_running;		/* the log was not closed after this */
	bool		commit_off;		/* records may have been lost with it */
} JurMemory;

typedef enum JurOwner
{
	JUR_OWNER_NONE = 0,			/* no log in the directory */
	JUR_OWNER_US,
	JUR_OWNER_US_COPIED,		/* our log, in a copy of its directory */
	JUR_OWNER_OTHER,			/* or nobody says */
	JUR_OWNER_OTHER_THERE		/* the log of a data directory that still exists */
} JurOwner;

/* whose log is in the directory; ORIGIN: what it is called, "" if that is not said */
extern bool jur_log_owner(JurOwner *owner, char *origin, char *problem);
extern bool jur_claim_log(const char *origin, char *problem);
/* moves the log in the directory to before/HASH, with what its checkpoint said */
extern bool jur_move_log_away(const char *origin, char *problem);
/* false, and no PROBLEM: there is none */
extern bool jur_recall_head(JurMemory *memory);
extern bool jur_remember_head(const JurMemory *memory, char *problem);
extern bool jur_sync_directory(const char *path, char *problem);
/* PROBLEM, of JUR_ERROR_MAX bytes, becomes this sentence */
extern void jur_problem(char *problem, const char *format,...) pg_attribute_printf(2, 3);

/* ------------------------------------------------- evidence_key.c: the signing key */

/* the next key lies beside the present one until it takes its place */
typedef enum JurWhichKey
{
	JUR_PRESENT_KEY = 0,
	JUR_NEXT_KEY
} JurWhichKey;

/* of the log of ORIGIN */
extern bool jur_signing_key_exists(const char *origin, JurWhichKey which);
extern bool jur_make_signing_key(const char *origin, JurWhichKey which,
								 uint8 *seed, char *problem);
extern bool jur_load_signing_key(const char *origin, JurWhichKey which,
								 uint8 *seed, char *problem);
extern bool jur_promote_signing_key(const char *origin, char *problem);

/* --------------------------------------- evidence_server.c: records of the server */

extern void jur_record_log_start(StringInfo record, const char *origin,
								 const char *verdict, const JurCheckpoint *previous);
extern void jur_record_server_start(StringInfo record);
extern void jur_record_server_stop(StringInfo record);
extern void jur_record_recovery(StringInfo record, const JurLogFound *found,
								const JurMemory *memory);
extern void jur_record_data_copied(StringInfo record, const JurCheckpoint *previous);
extern void jur_record_checkpoint(StringInfo record, const JurCheckpoint *head);
extern void jur_record_rotation(StringInfo record, const JurNoteKey *before,
								const JurNoteKey *after, const char *handover);
extern void jur_record_setting(StringInfo record, const char *name, const char *value);
extern void jur_record_gap(StringInfo record, uint64 lost, TimestampTz since);
extern void jur_record_retention(StringInfo record, uint64 below, const JurCheckpoint *head);
extern void jur_record_trouble(StringInfo record, const char *trouble, TimestampTz since);

/* --------------------------------------- evidence_sealer_index.c: what the sealer adds */

/*
 * A little of what the index lacks of the signed log: true, there is more.
 * What goes wrong there is passed over; the log rests on nothing of it.
 */
extern bool jur_sealer_index_some(void);
/* the log has another directory, or another tree in it */
extern void jur_sealer_index_forget(void);

#endif							/* JUR_EVIDENCE_INTERNAL_H */
