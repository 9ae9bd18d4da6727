/*-------------------------------------------------------------------------
 *
 * verify.h
 *	  Knows: how to find out whether a log is what its key signed, and to say
 *	  in which way it is not.
 *	  Refuses to know: PostgreSQL; how a log is written.
 *
 * The program jurisdiction-verify, whose parts return false when they have
 * come to a verdict other than "verified"; it is in the JurVerify then.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_VERIFY_H
#define JUR_VERIFY_H

#include "evidence/log_dir.h"

#define JUR_VERIFY_KEYS		1024

typedef enum JurExit
{
	JUR_EXIT_VERIFIED = 0,
	JUR_EXIT_TAMPERED = 1,
	JUR_EXIT_UNCHECKED = 2
} JurExit;

typedef struct JurKeys
{
	int			count;
	JurNoteKey	key[JUR_VERIFY_KEYS];
} JurKeys;

typedef struct JurVerify
{
	/* what was asked */
	const char *directory;
	const char *key;			/* a public key or a file of them; NULL */
	const char *since;			/* file of an older checkpoint; NULL */
	const char *proof;			/* file; NULL */
	const char *record;			/* file; NULL */
	const char *head;			/* file of the newer checkpoint; NULL */
	const char *consistency;	/* file; NULL */
	bool		is_export;
	bool		follows;
	bool		has_progress;
	uint64_t	from;

	/* what is known */
	JurLogReader *reader;
	JurKeys		pinned;			/* by --key */
	JurKeys		listed;			/* in the directory */
	JurKeys		trusted;		/* pinned, or what stands for it, and those they handed over to */
	JurNoteKey	signer;			/* of the checkpoint; one of the first two */
	JurCheckpoint saved;		/* of --since */

	/* what the records say: verify_records.c */
	uint64_t	checkpoints;	/* heads that records tell of, and the tree has */
	uint64_t	retained_from;	/* entries below were dropped, a record says */
	char		before[JUR_ORIGIN_MAX + 1]; /* the log that this one took the place of */
	char		before_why[64];
	uint64_t	before_size;
	uint64_t	rotation_seq;
	char		rotated_from[JUR_NOTE_MAX];	/* by the last record of a rotation */
	char		rotated_to[JUR_NOTE_MAX];

	uint64_t	dropped;		/* entries of which only hashes are left */
	uint64_t	unsigned_tail;	/* entries of the journal without checkpoint */
	bool		is_tail_torn;	/* and something behind them */

	JurExit		status;
	char		message[2048];
} JurVerify;

/* verify.c: the verdict; false, always.  KIND: of tampering, a word or two */
extern bool jur_tampered(JurVerify *verify, const char *kind, const char *format,...)
	__attribute__((format(printf, 3, 4)));
extern bool jur_unchecked(JurVerify *verify, const char *format,...)
	__attribute__((format(printf, 2, 3)));
/* a file that could not be read: gone, not what it should be, or out of reach */
extern bool jur_unread(JurVerify *verify, const JurLogError *error);

/* verify_file.c: a whole file, malloc'd and ended by a zero byte */
extern char *jur_read_whole(JurVerify *verify, const char *path, size_t *size);
/*
 * The same of a text that ends with so many newlines: more are the doing of
 * what saved it, such as psql.
 */
extern char *jur_read_text(JurVerify *verify, const char *path, size_t newlines, size_t *size);

/* verify_head.c */
extern bool jur_verify_pin(JurVerify *verify);
extern bool jur_verify_note(JurVerify *verify, const char *note, size_t size,
							const char *what);
extern bool jur_verify_log_note(JurVerify *verify, const char *note, size_t size);
/* the newest checkpoint, and the one of --since: who signed them */
extern bool jur_verify_head(JurVerify *verify);
extern bool jur_is_trusted(const JurVerify *verify, const JurNoteKey *key);
/* a trusted key has handed over to KEY */
extern void jur_trust(JurVerify *verify, const JurNoteKey *key);
/*
 * Is the tree of NEWER the one of OLDER, with more behind it?  Whatever the
 * tiles hold: what they prove is what was signed.  WHAT: how to call OLDER.
 */
extern bool jur_verify_extends(JurVerify *verify, JurLogReader *reader,
							   const JurCheckpoint *older, const JurCheckpoint *newer,
							   const char *what);
/* the saved checkpoint against the tree */
extern bool jur_verify_since(JurVerify *verify);
/* the key that signed, against the one that should have and the records of rotations */
extern bool jur_verify_signer(JurVerify *verify);

/* verify_tree.c */
extern bool jur_verify_tree(JurVerify *verify);

/* verify_bundle.c: the entries of this bundle are not those of its leaf hashes */
extern bool jur_verify_bundle_damage(JurVerify *verify, uint64_t first, int width);

/* verify_records.c: what entry SEQ says about the log itself */
extern bool jur_verify_record(JurVerify *verify, JurLogReader *reader, uint64_t seq,
							  const uint8_t *data, size_t size);

/* the same of a record of a new key, and nothing of any other */
extern bool jur_verify_rotation(JurVerify *verify, JurLogReader *reader, uint64_t seq,
								const uint8_t *data, size_t size);

/* verify_proof.c, verify_export.c: what the program does instead */
extern bool jur_verify_proof(JurVerify *verify);
extern bool jur_verify_consistency(JurVerify *verify);
extern bool jur_verify_export(JurVerify *verify);

#endif							/* JUR_VERIFY_H */
