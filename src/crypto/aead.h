/*-------------------------------------------------------------------------
 *
 * aead.h
 *	  Knows: authenticated encryption: XAES-256-GCM of C2SP, and the
 *	  AES-256-GCM it rests on.
 *	  Refuses to know: what is encrypted, and whose keys they are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_AEAD_H
#define JUR_AEAD_H

#define JUR_KEY_SIZE	32
#define JUR_NONCE_SIZE	24		/* random nonces are safe at this size */
#define JUR_TAG_SIZE	16
#define JUR_GCM_NONCE_SIZE 12	/* random ones are not */

typedef struct JurBytes
{
	const void *data;
	Size		size;
} JurBytes;

/*
 * A key as XAES-256-GCM needs it: K, and K1 of its step 2, which depends on
 * the key alone.  Plain bytes, so that whoever keeps it can wipe it at any
 * moment; nothing that OpenSSL allocates outlives a call with the key in it.
 */
typedef struct JurAeadKey
{
	uint8		key[JUR_KEY_SIZE];
	uint8		k1[16];
} JurAeadKey;

extern void jur_aead_prepare(JurAeadKey *prepared, const uint8 *key);

/*
 * Writes the ciphertext of BODY followed by TAIL, and the tag, to OUT, which
 * has room for their sizes and JUR_TAG_SIZE.  NONCE is never used twice.
 */
extern void jur_aead_seal(const JurAeadKey *key, const uint8 *nonce,
						  JurBytes aad, JurBytes body, JurBytes tail,
						  uint8 *out);
/*
 * SEALED is ciphertext and tag.  False if it was not made with this key,
 * nonce and aad: an answer, not an error; OUT is wiped then.
 */
extern bool jur_aead_open(const JurAeadKey *key, const uint8 *nonce,
						  JurBytes aad, JurBytes sealed, uint8 *out);

/* AES-256-GCM with a nonce of JUR_GCM_NONCE_SIZE: what the above rests on */
extern void jur_gcm_seal(const uint8 *key, const uint8 *nonce, JurBytes aad,
						 JurBytes body, JurBytes tail, uint8 *out);
extern bool jur_gcm_open(const uint8 *key, const uint8 *nonce, JurBytes aad,
						 JurBytes sealed, uint8 *out);
/* steps 3 to 5: the key of one message */
extern void jur_aead_message_key(const JurAeadKey *key, const uint8 *nonce,
								 uint8 *message_key);

/* free what is kept between calls, in which no key is */
extern void jur_aead_forget(void);

#endif							/* JUR_AEAD_H */
