/*-------------------------------------------------------------------------
 *
 * digest.h
 *	  Knows: SHA-256, HMAC and HKDF over it, comparison in constant time.
 *	  Refuses to know: what is hashed, and why.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_DIGEST_H
#define JUR_DIGEST_H

#include "crypto/aead.h"

#define JUR_DIGEST_SIZE	32

extern void jur_sha256(JurBytes data, uint8 *digest);
extern void jur_hmac_sha256(JurBytes key, JurBytes data, uint8 *digest);
/* RFC 5869, without salt; SIZE <= 255 * JUR_DIGEST_SIZE */
extern void jur_hkdf_sha256(JurBytes secret, JurBytes info, uint8 *out, Size size);
/* tells nothing but the answer, by the time it takes either */
extern bool jur_equal_secrets(const uint8 *a, const uint8 *b, Size size);

#endif							/* JUR_DIGEST_H */
