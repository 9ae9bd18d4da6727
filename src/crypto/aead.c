/*-------------------------------------------------------------------------
 *
 * aead.c
 *	  Idea: authenticated encryption; the only caller of OpenSSL's ciphers.
 *
 * XAES-256-GCM derives a key for each message from half of the nonce, by
 * three AES blocks (https://c2sp.org/XAES-256-GCM, whose step numbers are
 * cited below), and is AES-256-GCM with the other half from there on.  The
 * blocks are encrypted here because KBKDF of OpenSSL 3.0 has no option for
 * the width of its counter.
 *
 * The two cipher contexts live as long as the process: making one takes as
 * long as sealing a short value.  After each use the key in them is replaced
 * by zeros, so that OpenSSL's memory, which core dumps include, holds none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "crypto/aead.h"

static EVP_CIPHER_CTX *block_context = NULL;
static EVP_CIPHER_CTX *gcm_context = NULL;

static const uint8 zeros[JUR_KEY_SIZE];

static void
openssl_failed(const char *what)
{
	jur_aead_forget();
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not %s", what),
			 errdetail("OpenSSL refused or is out of memory.")));
}

static EVP_CIPHER_CTX *
new_context(const EVP_CIPHER *cipher)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	if (context == NULL ||
		EVP_EncryptInit_ex(context, cipher, NULL, zeros, zeros) != 1 ||
		EVP_CIPHER_CTX_set_padding(context, 0) != 1)
	{
		EVP_CIPHER_CTX_free(context);
		openssl_failed("prepare a cipher");
	}
	return context;
}

void
jur_aead_forget(void)
{
	EVP_CIPHER_CTX_free(block_context);
	EVP_CIPHER_CTX_free(gcm_context);
	block_context = NULL;
	gcm_context = NULL;
}

static void
replace_key(EVP_CIPHER_CTX *context)
{
	if (EVP_EncryptInit_ex(context, NULL, NULL, zeros, NULL) != 1)
		openssl_failed("forget a key");
}

/* -------------------------------------------------------------------- blocks */

/* AES-256 of NBLOCKS single blocks */
static void
encrypt_blocks(const uint8 *key, const uint8 *in, int nblocks, uint8 *out)
{
	int			written;

	if (block_context == NULL)
		block_context = new_context(EVP_aes_256_ecb());
	if (EVP_EncryptInit_ex(block_context, NULL, NULL, key, NULL) != 1 ||
		EVP_EncryptUpdate(block_context, out, &written, in, nblocks * 16) != 1 ||
		written != nblocks * 16)
		openssl_failed("encrypt a block");
	replace_key(block_context);
}

/* steps 1 and 2 */
void
jur_aead_prepare(JurAeadKey *prepared, const uint8 *key)
{
	uint8		l[16];
	int			carry;
	int			i;

	memcpy(prepared->key, key, JUR_KEY_SIZE);
	encrypt_blocks(key, zeros, 1, l);
	for (i = 0; i < 16; i++)
		prepared->k1[i] = (uint8) (l[i] << 1) | (i < 15 ? l[i + 1] >> 7 : 0);
	/* without a branch on a secret bit */
	carry = -(l[0] >> 7);
	prepared->k1[15] ^= carry & 0x87;
	explicit_bzero(l, sizeof(l));
}

/* steps 3 to 5 */
void
jur_aead_message_key(const JurAeadKey *key, const uint8 *nonce, uint8 *message_key)
{
	uint8		m[32] = {0, 1, 'X', 0, [16] = 0, 2, 'X', 0};
	int			i;

	memcpy(m + 4, nonce, 12);
	memcpy(m + 20, nonce, 12);
	for (i = 0; i < 32; i++)
		m[i] ^= key->k1[i % 16];
	encrypt_blocks(key->key, m, 2, message_key);
	explicit_bzero(m, sizeof(m));
}

/* ----------------------------------------------------------------------- GCM */

static bool
add_aad(JurBytes aad, int (*update) (EVP_CIPHER_CTX *, unsigned char *, int *,
									 const unsigned char *, int))
{
	int			written;

	return aad.size == 0 ||
		(aad.size <= INT_MAX &&
		 update(gcm_context, NULL, &written, aad.data, (int) aad.size) == 1);
}

static bool
add_text(JurBytes text, uint8 *out)
{
	int			written;

	return text.size == 0 ||
		(text.size <= INT_MAX &&
		 EVP_EncryptUpdate(gcm_context, out, &written, text.data, (int) text.size) == 1 &&
		 written == (int) text.size);
}

void
jur_gcm_seal(const uint8 *key, const uint8 *nonce, JurBytes aad,
			 JurBytes body, JurBytes tail, uint8 *out)
{
	uint8	   *tag = out + body.size + tail.size;
	int			written;

	if (gcm_context == NULL)
		gcm_context = new_context(EVP_aes_256_gcm());
	if (EVP_EncryptInit_ex(gcm_context, NULL, NULL, key, nonce) != 1 ||
		!add_aad(aad, EVP_EncryptUpdate) ||
		!add_text(body, out) ||
		!add_text(tail, out + body.size) ||
		EVP_EncryptFinal_ex(gcm_context, tag, &written) != 1 || written != 0 ||
		EVP_CIPHER_CTX_ctrl(gcm_context, EVP_CTRL_GCM_GET_TAG, JUR_TAG_SIZE, tag) != 1)
		openssl_failed("seal a value");
	replace_key(gcm_context);
}

bool
jur_gcm_open(const uint8 *key, const uint8 *nonce, JurBytes aad,
			 JurBytes sealed, uint8 *out)
{
	Size		size;
	const uint8 *tag;
	uint8		spare[16];
	int			written = 0;
	bool		is_whole;

	if (sealed.size < JUR_TAG_SIZE || sealed.size > INT_MAX)
		return false;
	size = sealed.size - JUR_TAG_SIZE;
	tag = (const uint8 *) sealed.data + size;
	if (gcm_context == NULL)
		gcm_context = new_context(EVP_aes_256_gcm());
	if (EVP_DecryptInit_ex(gcm_context, NULL, NULL, key, nonce) != 1 ||
		!add_aad(aad, EVP_DecryptUpdate) ||
		EVP_CIPHER_CTX_ctrl(gcm_context, EVP_CTRL_GCM_SET_TAG, JUR_TAG_SIZE,
							unconstify(uint8 *, tag)) != 1)
		openssl_failed("open a sealed value");
	if (size > 0 &&
		(EVP_DecryptUpdate(gcm_context, out, &written, sealed.data, (int) size) != 1 ||
		 written != (int) size))
		openssl_failed("open a sealed value");
	is_whole = EVP_DecryptFinal_ex(gcm_context, spare, &written) == 1;
	replace_key(gcm_context);
	if (!is_whole)
		explicit_bzero(out, size);
	return is_whole;
}

/* ---------------------------------------------------------------------- XAES */

void
jur_aead_seal(const JurAeadKey *key, const uint8 *nonce, JurBytes aad,
			  JurBytes body, JurBytes tail, uint8 *out)
{
	uint8		message_key[JUR_KEY_SIZE];

	jur_aead_message_key(key, nonce, message_key);
	jur_gcm_seal(message_key, nonce + 12, aad, body, tail, out);
	explicit_bzero(message_key, sizeof(message_key));
}

bool
jur_aead_open(const JurAeadKey *key, const uint8 *nonce, JurBytes aad,
			  JurBytes sealed, uint8 *out)
{
	uint8		message_key[JUR_KEY_SIZE];
	bool		opened;

	jur_aead_message_key(key, nonce, message_key);
	opened = jur_gcm_open(message_key, nonce + 12, aad, sealed, out);
	explicit_bzero(message_key, sizeof(message_key));
	return opened;
}
