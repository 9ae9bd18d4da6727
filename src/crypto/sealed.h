/*-------------------------------------------------------------------------
 *
 * sealed.h
 *	  Knows: the bytes of a sealed value (FORMAT.md), and how they are made
 *	  from, and opened with, the keys of a label's places.
 *	  Refuses to know: labels (bytes, here), where keys come from, who may
 *	  open what.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_SEALED_H
#define JUR_SEALED_H

#include "crypto/aead.h"
#include "crypto/digest.h"

#define JUR_SEALED_KEYS_MAX	1024	/* places of a label */
#define JUR_SEALED_VERSION_MAX	PG_INT32_MAX	/* of a key */

/* the last byte of the plaintext */
typedef enum JurSealedKind
{
	JUR_SEALED_TEXT = 't',		/* in UTF-8 */
	JUR_SEALED_BYTES = 'b'
} JurSealedKind;

/* the parts of a sealed value; all point into it */
typedef struct JurSealed
{
	JurBytes	whole;
	JurBytes	label;
	int			nkeys;
	JurBytes	versions;		/* encoded; read with jur_sealed_next_version */
	JurBytes	names;			/* label and versions, as they stand: what keys it takes */
	JurBytes	header;			/* all before the ciphertext: authenticated */
	const uint8 *nonce;
	const uint8 *commitment;
	JurBytes	ciphertext;		/* with its tag */
} JurSealed;

/* a data key: the secret of one place and version */
typedef struct JurDataKey
{
	const char *place;
	uint32		version;
	const uint8 *secret;		/* of JUR_KEY_SIZE */
} JurDataKey;

/* what a value is sealed with: derived from the data keys of all places */
typedef struct JurSealingKey
{
	JurAeadKey	aead;
	uint8		commit[JUR_KEY_SIZE];
} JurSealingKey;

/* the keys in the order of their places, by byte */
extern void jur_sealing_key(JurSealingKey *key, const JurDataKey *data_keys, int nkeys);
/* HKDF over the same keys for PURPOSE, which is not "sealed" */
extern void jur_derived_key(uint8 *key, const char *purpose,
							const JurDataKey *data_keys, int nkeys);

/* NULL, or what is wrong with the bytes: they are no sealed value */
extern const char *jur_sealed_parse(JurBytes bytes, JurSealed *sealed);
/* the version at *POS of sealed->versions, which moves past it */
extern uint32 jur_sealed_next_version(const JurSealed *sealed, Size *pos);

/* bytes that versions take in a value; OUT may be NULL */
extern Size jur_sealed_put_versions(const uint32 *versions, int nkeys, uint8 *out);
/* the size of a sealed value */
extern Size jur_sealed_size(Size label_size, Size versions_size, Size plaintext_size);
/* writes jur_sealed_size() bytes to OUT; VERSIONS as put_versions left them */
extern void jur_sealed_make(const JurSealingKey *key, const uint8 *nonce,
							JurBytes label, JurBytes versions,
							JurBytes plaintext, JurSealedKind kind, uint8 *out);
/*
 * False: not sealed with this key, or altered since.  OUT has room for
 * jur_sealed_plaintext_size() bytes and one more.
 */
extern bool jur_sealed_open(const JurSealingKey *key, const JurSealed *sealed,
							JurSealedKind *kind, uint8 *out);
extern Size jur_sealed_plaintext_size(const JurSealed *sealed);

#endif							/* JUR_SEALED_H */
