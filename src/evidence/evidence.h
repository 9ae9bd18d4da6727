/*-------------------------------------------------------------------------
 *
 * evidence.h
 *	  Knows: a log outside the tables that an outsider can verify, and how a
 *	  record gets into it before what it tells of reaches anybody.
 *	  Refuses to know: what is protected, why something was decided.
 *
 * A backend puts records into a queue in shared memory; one background worker,
 * the sealer, takes them out, makes them durable, and builds the tree.  With
 * jurisdiction.evidence_commit = on a session waits for that before it lets
 * anything out; one fdatasync serves all that wait.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_EVIDENCE_H
#define JUR_EVIDENCE_H

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

/* PGDLLEXPORT: what test/tap/evidence_probe.c calls from a library of its own */

/* shared memory and the sealer; before the hooks */
extern void jur_evidence_init(void);

/* does this server keep a log at all (evidence_directory is not empty)? */
extern bool jur_evidence_is_on(void);

/*
 * evidence_queue.c: hand over one record, canonical JSON without newline
 * (FORMAT.md); longer than JUR_ENTRY_MAX: refused, so that the caller splits.
 * It may wait for room.  The first raises JUR_ERR_EVIDENCE where the log
 * cannot take it and evidence_commit is on; the second never raises, and may
 * be called where an error is being handled: false, it was not taken.  The
 * third is the second without waiting.
 */
extern PGDLLEXPORT void jur_evidence_put(const char *record, Size size);
extern PGDLLEXPORT bool jur_evidence_try_put(const char *record, Size size);
extern bool jur_evidence_offer(const char *record, Size size);

/*
 * evidence_repeat.c: with evidence_commit = off, keep RECORD to count those that
 * say the same, but for MOMENT.  False: it is not kept, and has to be put.
 */
extern bool jur_evidence_repeat(const char *record, Size size, TimestampTz moment);
/* count one that says what the one kept last says; false: that is not there any more */
extern bool jur_evidence_again(TimestampTz moment);

/*
 * Wait until all that this session has put is durable; with evidence_commit
 * = off at once.  The second never raises: false, it is not.
 */
extern PGDLLEXPORT void jur_evidence_wait(void);
extern PGDLLEXPORT bool jur_evidence_try_wait(void);
/* is it so now?  If not, that comes to be as soon as can be, and nobody waits */
extern PGDLLEXPORT bool jur_evidence_hurry(void);

/*
 * Raises where what would be waited for is known not to become durable:
 * before anything is read, since what was read may be kept where no error takes
 * it back (the name of a prepared statement, a variable of Perl).
 */
extern void jur_evidence_require(void);

/* NULL, or why the log takes nothing now; palloc'd */
extern PGDLLEXPORT char *jur_evidence_trouble(void);

/* numbers of jurisdiction.stat */
typedef struct JurEvidenceStat
{
	uint64		records;		/* durable since the server started */
	uint64		syncs;
	uint64		bytes;			/* written, all files */
	uint64		size;			/* entries of the log */
	uint64		signed_size;	/* of those below the newest checkpoint */
	uint64		lost;			/* records that were not taken, though what they tell of happened */
} JurEvidenceStat;

extern PGDLLEXPORT void jur_evidence_stat(JurEvidenceStat *stat);

/*
 * Ask the sealer for something and wait for it; 58030-class error if it
 * cannot.  A checkpoint: returns when all records so far are below one.
 */
typedef enum JurSealerRequest
{
	JUR_SEALER_CHECKPOINT = 0,
	JUR_SEALER_ROTATE_KEY,
	JUR_SEALER_DROP				/* whole bundles of entries below ARG; recorded */
} JurSealerRequest;

extern PGDLLEXPORT void jur_sealer_ask(JurSealerRequest request, uint64 arg);

/* the directory of the log, absolute; NULL if there is none */
extern const char *jur_evidence_path(void);
/* beside it, in the data directory: how names of key files begin, and the newest head */
#define JUR_SIGNING_FILE	"evidence_signing_"
#define JUR_HEAD_FILE		"jurisdiction_evidence_head"

/*
 * evidence_write.c: members of a record, in canonical form.  A record is
 * begun, takes members (a NULL or empty text leaves its member out), and is
 * ended.  TEXT is in the database's encoding.
 */
extern void jur_record_begin(StringInfo record, const char *event, TimestampTz moment);
extern void jur_record_text(StringInfo record, const char *name, const char *text);
extern void jur_record_number(StringInfo record, const char *name, int64 number);
extern void jur_record_true(StringInfo record, const char *name);
extern void jur_record_texts(StringInfo record, const char *name, List *texts);
/* "name": and what the caller appends next */
extern void jur_record_name(StringInfo record, const char *name);
extern void jur_record_end(StringInfo record);
/* in a transaction, before names of a database that is not in UTF-8; cheap once done */
extern void jur_record_prepare(void);
/* a JSON string, quotes and all; a time likewise */
extern void jur_append_json(StringInfo buffer, const char *text);
extern void jur_append_time(StringInfo record, TimestampTz moment);

#endif							/* JUR_EVIDENCE_H */
