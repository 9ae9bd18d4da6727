/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  Idea: hashing, with keys and without.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/digest.h"

static void
openssl_failed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not compute a hash"),
			 errdetail("OpenSSL refused or is out of memory.")));
}

/*
 * The context is kept: making one takes longer than hashing a key.  What is
 * hashed stays in it no longer than the call, since the next Init follows.
 */
static EVP_MD_CTX *context = NULL;

static void
start(void)
{
	if (context == NULL)
	{
		context = EVP_MD_CTX_new();
		if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
			openssl_failed();
	}
	else if (EVP_DigestInit_ex(context, NULL, NULL) != 1)
		openssl_failed();
}

void
jur_sha256(JurBytes data, uint8 *digest)
{
	start();
	if (EVP_DigestUpdate(context, data.data, data.size) != 1 ||
		EVP_DigestFinal_ex(context, digest, NULL) != 1)
		openssl_failed();
	if (EVP_DigestInit_ex(context, NULL, NULL) != 1)
		openssl_failed();
}

void
jur_hmac_sha256(JurBytes key, JurBytes data, uint8 *digest)
{
	unsigned int size = 0;

	if (key.size > INT_MAX ||
		HMAC(EVP_sha256(), key.data, (int) key.size, data.data, data.size,
			 digest, &size) == NULL || size != JUR_DIGEST_SIZE)
		openssl_failed();
}

/* Extract, then Expand: T(n) = HMAC(PRK, T(n-1) | info | n) */
void
jur_hkdf_sha256(JurBytes secret, JurBytes info, uint8 *out, Size size)
{
	static const uint8 no_salt[JUR_DIGEST_SIZE];
	uint8		prk[JUR_DIGEST_SIZE];
	uint8		t[JUR_DIGEST_SIZE];
	uint8	   *input = palloc(JUR_DIGEST_SIZE + info.size + 1);
	Size		before = 0;		/* T(0) is empty */
	uint8		n = 1;

	Assert(size <= 255 * JUR_DIGEST_SIZE);
	jur_hmac_sha256((JurBytes) {no_salt, sizeof(no_salt)}, secret, prk);
	while (size > 0)
	{
		Size		take = Min(size, JUR_DIGEST_SIZE);

		memcpy(input, t, before);
		memcpy(input + before, info.data, info.size);
		input[before + info.size] = n++;
		jur_hmac_sha256((JurBytes) {prk, sizeof(prk)},
						(JurBytes) {input, before + info.size + 1}, t);
		memcpy(out, t, take);
		out += take;
		size -= take;
		before = JUR_DIGEST_SIZE;
	}
	explicit_bzero(prk, sizeof(prk));
	explicit_bzero(t, sizeof(t));
	explicit_bzero(input, before);
	pfree(input);
}

bool
jur_equal_secrets(const uint8 *a, const uint8 *b, Size size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}
