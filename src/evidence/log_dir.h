/*-------------------------------------------------------------------------
 *
 * log_dir.h
 *	  Knows: the directory that holds a log (FORMAT.md): entries, tiles
 *	  (c2sp.org/tlog-tiles), checkpoint, key, journal.
 *	  Refuses to know: what an entry says, who asks, PostgreSQL.
 *
 * One process writes; any number read, while it writes.  Nothing here raises:
 * a function says false and leaves a sentence in ERROR, which names the file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_LOG_DIR_H
#define JUR_LOG_DIR_H

#include "evidence/merkle.h"
#include "evidence/note.h"

#define JUR_BUNDLE		256		/* entries of a full bundle, hashes of a full tile */
#define JUR_ENTRY_MAX	65535	/* bytes of an entry: tlog-tiles counts in 16 bits */
#define JUR_PATH_MAX	1024
#define JUR_ERROR_MAX	512

typedef struct JurLogError
{
	bool		is_missing;		/* the file is not there: never written, or dropped */
	bool		is_damaged;		/* it is there, and says what it cannot say */
	bool		is_behind;		/* and that is that the head is older than it */
	int			code;			/* errno, or 0 */
	char		text[JUR_ERROR_MAX];
} JurLogError;

/* ------------------------------------------------------------------ reading */

typedef struct JurLogReader JurLogReader;

/* NULL: *ERROR says why; the checkpoint is read, not verified */
extern JurLogReader *jur_log_read(const char *directory, JurLogError *error);
extern void jur_log_read_end(JurLogReader *reader);
/* the newest checkpoint there is now; NOTE points into the reader */
extern bool jur_log_refresh(JurLogReader *reader, JurLogError *error);
extern const JurCheckpoint *jur_log_head(const JurLogReader *reader);
extern const char *jur_log_note(const JurLogReader *reader, size_t *size);
/* the public keys in the directory, newest first; the number of them */
extern int	jur_log_keys(const JurLogReader *reader, JurNoteKey *keys, int room,
						 JurLogError *error);
/*
 * VISIT gets each of the handovers that lie in the directory (note.h), oldest
 * first, until it returns false.  False: they could not all be read.
 */
typedef bool (*JurHandoverVisit) (void *arg, const char *note, size_t size);
extern bool jur_log_handovers(const JurLogReader *reader, JurHandoverVisit visit, void *arg,
							  JurLogError *error);
/*
 * Entry SEQ of the tree below the head, whether its bundle is full or not;
 * the bytes point into the reader until the next call (a bundle is kept, so
 * that neighbours are cheap).  Entries dropped by retention: is_missing.
 */
extern bool jur_log_entry(JurLogReader *reader, uint64_t seq,
						  const uint8_t **data, size_t *size, JurLogError *error);
/* the file of bundle SEQ / JUR_BUNDLE as it is, for who wants to know what is wrong with it */
extern bool jur_log_bundle(JurLogReader *reader, uint64_t seq,
						   const uint8_t **data, size_t *size, JurLogError *error);
/* a JurReadHash; ARG is the reader */
extern bool jur_log_hash(void *reader, int level, uint64_t index, JurHash *hash);
/* what kept the last jur_log_hash() from reading */
extern const JurLogError *jur_log_hash_error(const JurLogReader *reader);
/*
 * An entry after the head that the journal holds and no checkpoint covers yet.
 * is_behind: the journal has only later ones, so the head is not the newest.
 */
extern bool jur_log_tail_entry(JurLogReader *reader, uint64_t seq,
							   const uint8_t **data, size_t *size, JurLogError *error);
/*
 * After jur_log_tail_entry() found no SEQ: does the journal hold more of it, or
 * later entries?  A crash tore it, it is being written, or it was changed.
 */
extern bool jur_log_tail_is_torn(const JurLogReader *reader, uint64_t seq);

/* ------------------------------------------------------------------ writing */

typedef struct JurLogWriter JurLogWriter;

/* what was found when a log was opened for writing */
typedef struct JurLogFound
{
	bool		is_new;			/* there was none */
	uint64_t	recovered;		/* entries taken from the journal, not yet signed */
	uint64_t	torn;			/* bytes at its end that were no whole entry */
} JurLogFound;

/*
 * Opens or begins the log in DIRECTORY (made if missing, mode 0700) with the
 * origin of KEY, and takes the lock on it; NULL: *ERROR says why.  Entries of
 * the journal that no checkpoint covers are in the tree afterwards, and are
 * signed by the next checkpoint.  KEY must have signed the checkpoint that is
 * there; a log that was changed behind its back is not opened (is_damaged).
 */
extern JurLogWriter *jur_log_open(const char *directory, const JurNoteKey *key,
								  const uint8_t *seed, JurLogFound *found,
								  JurLogError *error);
extern void jur_log_close(JurLogWriter *writer);
/* entries there are, checkpointed or not */
extern uint64_t jur_log_size(const JurLogWriter *writer);
extern uint64_t jur_log_signed_size(const JurLogWriter *writer);
/* appends in memory; durable after jur_log_sync(), signed after jur_log_checkpoint() */
extern bool jur_log_append(JurLogWriter *writer, const void *data, size_t size,
						   JurLogError *error);
/*
 * One write and one fdatasync of the journal.  After a failure the writer
 * holds what it held, and the call may be tried again when the cause is gone
 * (a failed fdatasync: in another journal file, written anew).
 */
extern bool jur_log_sync(JurLogWriter *writer, JurLogError *error);
/* syncs; writes tiles and entries, then the checkpoint; may be tried again */
extern bool jur_log_checkpoint(JurLogWriter *writer, JurLogError *error);
extern const JurCheckpoint *jur_log_written_head(const JurLogWriter *writer);
/*
 * Later checkpoints are signed by KEY, added to the keys of the directory, with
 * a handover by the old one; true when one is in place.  After a crash within it one of the two keys opens the
 * log, so keep the old one until it has returned.
 */
extern bool jur_log_change_key(JurLogWriter *writer, const JurNoteKey *key,
							   const uint8_t *seed, JurLogError *error);
/*
 * Removes the full bundles of entries below BELOW, from the first one on; may
 * be called again after a failure.  Hashes stay: what is proved of the rest,
 * and of what somebody kept of these, is proved as before.
 */
extern bool jur_log_drop_entries(JurLogWriter *writer, uint64_t below, JurLogError *error);
/* bytes written since it was opened, of all files */
extern uint64_t jur_log_bytes_written(const JurLogWriter *writer);

#endif							/* JUR_LOG_DIR_H */
