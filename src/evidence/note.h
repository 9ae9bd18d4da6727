/*-------------------------------------------------------------------------
 *
 * note.h
 *	  Knows: signed notes with Ed25519 (c2sp.org/signed-note) and tree heads
 *	  in them (c2sp.org/tlog-checkpoint).
 *	  Refuses to know: trees, files, PostgreSQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_NOTE_H
#define JUR_NOTE_H

#include "evidence/merkle.h"

#define JUR_ORIGIN_MAX	255		/* bytes of a log's name, and of a key's */
#define JUR_NOTE_MAX	8192	/* bytes of a checkpoint with all its signatures */
#define JUR_SEED_SIZE	32		/* an Ed25519 private key, RFC 8032 */

/* a public key, "NAME+HASH+KEY" in text */
typedef struct JurNoteKey
{
	char		name[JUR_ORIGIN_MAX + 1];
	uint8_t		id[4];			/* of name and key, as signed-note says */
	uint8_t		public_key[32];
} JurNoteKey;

typedef struct JurCheckpoint
{
	char		origin[JUR_ORIGIN_MAX + 1];
	uint64_t	size;
	JurHash		root;
} JurCheckpoint;

typedef enum JurNoteStatus
{
	JUR_NOTE_MALFORMED = 0,		/* not a checkpoint at all */
	JUR_NOTE_UNSIGNED,			/* no signature of this key */
	JUR_NOTE_FORGED,			/* one that is not right */
	JUR_NOTE_VERIFIED
} JurNoteStatus;

/* the key of SEED, called NAME; false: not a name, or OpenSSL failed */
extern bool jur_note_key(const char *name, const uint8_t *seed, JurNoteKey *key);
/* text of a key, without newline, and back; TEXT has room for JUR_NOTE_MAX bytes */
extern void jur_note_key_text(const JurNoteKey *key, char *text);
extern bool jur_note_key_parse(const char *text, JurNoteKey *key);

/* the signed note; NOTE has room for JUR_NOTE_MAX bytes; its length, or 0 on failure */
extern size_t jur_checkpoint_sign(const JurCheckpoint *checkpoint, const JurNoteKey *key,
								  const uint8_t *seed, char *note);
/*
 * A key hands over to the next one: a checkpoint with one more line, which
 * names it.  So the old key vouches for the new one, and for all entries before.
 */
extern size_t jur_handover_sign(const JurCheckpoint *checkpoint, const JurNoteKey *key,
								const uint8_t *seed, const JurNoteKey *next, char *note);
/* false: it is none, or none of the COUNT keys, of which the last is tried first, signed it */
extern bool jur_handover_open(const char *note, size_t size, const JurNoteKey *keys, int count,
							  JurCheckpoint *checkpoint, JurNoteKey *next);
/* parses NOTE and verifies it by KEY */
extern JurNoteStatus jur_checkpoint_open(const char *note, size_t size, const JurNoteKey *key,
										 JurCheckpoint *checkpoint);
/* parses without verifying; false: malformed */
extern bool jur_checkpoint_parse(const char *note, size_t size, JurCheckpoint *checkpoint);

#endif							/* JUR_NOTE_H */
