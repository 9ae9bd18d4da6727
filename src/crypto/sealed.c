/*-------------------------------------------------------------------------
 *
 * sealed.c
 *	  Idea: the bytes of a sealed value.  FORMAT.md describes them; a change
 *	  here is a new version byte there.
 *
 *	sealed  = 01 01 label_size label nkeys version... nonce commitment
 *			  ciphertext tag
 *
 * Sizes, counts and versions are numbers of seven bits a byte, the least
 * significant first, as short as possible.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "crypto/sealed.h"

#define FORMAT		1			/* first byte */
#define ALGORITHM	1			/* second byte: XAES-256-GCM, SHA-256, HKDF */
#define NUMBER_MAX	5			/* bytes of a number */

/* ------------------------------------------------------------------- numbers */

static int
put_number(uint8 *out, uint32 number)
{
	int			size = 0;

	do
	{
		uint8		byte = number & 0x7f;

		number >>= 7;
		if (number > 0)
			byte |= 0x80;
		if (out)
			out[size] = byte;
		size++;
	} while (number > 0);
	return size;
}

/* false if no number of at most MAX stands at DATA[*POS], or not its shortest form */
static bool
get_number(const uint8 *data, Size size, Size *pos, uint32 max, uint32 *number)
{
	uint64		value = 0;
	int			i;

	for (i = 0; i < NUMBER_MAX && *pos < size; i++)
	{
		uint8		byte = data[(*pos)++];

		value |= (uint64) (byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0)
		{
			*number = (uint32) value;
			return value <= max && (byte != 0 || i == 0);
		}
	}
	return false;
}

Size
jur_sealed_put_versions(const uint32 *versions, int nkeys, uint8 *out)
{
	Size		size = put_number(out, nkeys);
	int			i;

	for (i = 0; i < nkeys; i++)
		size += put_number(out ? out + size : NULL, versions[i]);
	return size;
}

/* ------------------------------------------------------------------- reading */

uint32
jur_sealed_next_version(const JurSealed *sealed, Size *pos)
{
	uint32		version = 0;

	(void) get_number(sealed->versions.data, sealed->versions.size, pos,
					  JUR_SEALED_VERSION_MAX, &version);
	return version;
}

const char *
jur_sealed_parse(JurBytes bytes, JurSealed *sealed)
{
	const uint8 *data = bytes.data;
	Size		size = bytes.size;
	Size		pos = 2;
	Size		names;
	uint32		number;
	int			i;

	if (size < 2 || data[0] != FORMAT)
		return "the first byte is not that of a known format";
	if (data[1] != ALGORITHM)
		return "the second byte is not that of a known algorithm";
	names = pos;
	if (!get_number(data, size, &pos, PG_INT32_MAX, &number) || number == 0)
		return "the size of the label is malformed";
	if (number > size - pos)
		return "the label is cut off";
	sealed->label = (JurBytes) {data + pos, number};
	pos += number;
	if (!get_number(data, size, &pos, JUR_SEALED_KEYS_MAX, &number) || number == 0)
		return "the number of keys is malformed";
	sealed->nkeys = (int) number;
	sealed->versions.data = data + pos;
	for (i = 0; i < sealed->nkeys; i++)
		if (!get_number(data, size, &pos, JUR_SEALED_VERSION_MAX, &number) || number == 0)
			return "the version of a key is malformed";
	sealed->versions.size = data + pos - (const uint8 *) sealed->versions.data;
	sealed->names = (JurBytes) {data + names, pos - names};
	/* the plaintext is never empty */
	if (size - pos < JUR_NONCE_SIZE + JUR_DIGEST_SIZE + 1 + JUR_TAG_SIZE)
		return "it is cut off";
	sealed->nonce = data + pos;
	sealed->commitment = sealed->nonce + JUR_NONCE_SIZE;
	pos += JUR_NONCE_SIZE + JUR_DIGEST_SIZE;
	sealed->whole = bytes;
	sealed->header = (JurBytes) {data, pos};
	sealed->ciphertext = (JurBytes) {data + pos, size - pos};
	return NULL;
}

Size
jur_sealed_plaintext_size(const JurSealed *sealed)
{
	return sealed->ciphertext.size - JUR_TAG_SIZE - 1;
}

/* ---------------------------------------------------------------------- keys */

/* HKDF(secret of every place; "jurisdiction " PURPOSE " 1", 0, places, versions) */
static void
derive(const char *purpose, const JurDataKey *data_keys, int nkeys,
	   uint8 *out, Size out_size)
{
	uint8	   *secrets = palloc(nkeys * JUR_KEY_SIZE);
	uint8	   *info;
	Size		size;
	int			i;

	size = strlen("jurisdiction ") + strlen(purpose) + strlen(" 1");
	for (i = 0; i < nkeys; i++)
		size += strlen(data_keys[i].place) + 1 + 4;
	info = palloc(size);

	size = 0;
#define PUT(bytes, n) (memcpy(info + size, (bytes), (n)), size += (n))
	PUT("jurisdiction ", 13);
	PUT(purpose, strlen(purpose));
	PUT(" 1", 2);
	for (i = 0; i < nkeys; i++)
	{
		uint32		version = data_keys[i].version;
		uint8		big_endian[4] = {version >> 24, version >> 16, version >> 8, version};

		PUT(data_keys[i].place, strlen(data_keys[i].place) + 1);
		PUT(big_endian, 4);
		memcpy(secrets + i * JUR_KEY_SIZE, data_keys[i].secret, JUR_KEY_SIZE);
	}
#undef PUT
	jur_hkdf_sha256((JurBytes) {secrets, nkeys * JUR_KEY_SIZE},
					(JurBytes) {info, size}, out, out_size);
	explicit_bzero(secrets, nkeys * JUR_KEY_SIZE);
	pfree(secrets);
	pfree(info);
}

void
jur_derived_key(uint8 *key, const char *purpose, const JurDataKey *data_keys, int nkeys)
{
	derive(purpose, data_keys, nkeys, key, JUR_KEY_SIZE);
}

void
jur_sealing_key(JurSealingKey *key, const JurDataKey *data_keys, int nkeys)
{
	uint8		derived[2 * JUR_KEY_SIZE];

	derive("sealed", data_keys, nkeys, derived, sizeof(derived));
	jur_aead_prepare(&key->aead, derived);
	memcpy(key->commit, derived + JUR_KEY_SIZE, JUR_KEY_SIZE);
	explicit_bzero(derived, sizeof(derived));
}

/*
 * GCM alone can be made to open under two keys; a hash of a sibling of the
 * key cannot have two preimages that anybody would find.
 */
static void
commit_to(const JurSealingKey *key, const uint8 *nonce, uint8 *commitment)
{
	uint8		input[JUR_KEY_SIZE + JUR_NONCE_SIZE];

	memcpy(input, key->commit, JUR_KEY_SIZE);
	memcpy(input + JUR_KEY_SIZE, nonce, JUR_NONCE_SIZE);
	jur_sha256((JurBytes) {input, sizeof(input)}, commitment);
	explicit_bzero(input, sizeof(input));
}

/* -------------------------------------------------------- sealing and opening */

Size
jur_sealed_size(Size label_size, Size versions_size, Size plaintext_size)
{
	return 2 + put_number(NULL, label_size) + label_size + versions_size +
		JUR_NONCE_SIZE + JUR_DIGEST_SIZE + plaintext_size + 1 + JUR_TAG_SIZE;
}

void
jur_sealed_make(const JurSealingKey *key, const uint8 *nonce,
				JurBytes label, JurBytes versions,
				JurBytes plaintext, JurSealedKind kind, uint8 *out)
{
	uint8		last = kind;
	Size		size = 0;

	out[size++] = FORMAT;
	out[size++] = ALGORITHM;
	size += put_number(out + size, label.size);
	memcpy(out + size, label.data, label.size);
	size += label.size;
	memcpy(out + size, versions.data, versions.size);
	size += versions.size;
	memcpy(out + size, nonce, JUR_NONCE_SIZE);
	size += JUR_NONCE_SIZE;
	commit_to(key, nonce, out + size);
	size += JUR_DIGEST_SIZE;
	jur_aead_seal(&key->aead, nonce, (JurBytes) {out, size}, plaintext,
				  (JurBytes) {&last, 1}, out + size);
}

bool
jur_sealed_open(const JurSealingKey *key, const JurSealed *sealed,
				JurSealedKind *kind, uint8 *out)
{
	uint8		commitment[JUR_DIGEST_SIZE];
	uint8		last;

	commit_to(key, sealed->nonce, commitment);
	if (!jur_equal_secrets(commitment, sealed->commitment, sizeof(commitment)))
		return false;
	if (!jur_aead_open(&key->aead, sealed->nonce, sealed->header, sealed->ciphertext, out))
		return false;
	last = out[jur_sealed_plaintext_size(sealed)];
	if (last != JUR_SEALED_TEXT && last != JUR_SEALED_BYTES)
	{
		explicit_bzero(out, jur_sealed_plaintext_size(sealed) + 1);
		return false;
	}
	*kind = last;
	return true;
}
