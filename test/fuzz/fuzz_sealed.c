/*-------------------------------------------------------------------------
 *
 * fuzz_sealed.c
 *	  Idea: any bytes are a sealed value or are refused with a reason, and
 *	  none open that were not sealed with the key.
 *
 * The first byte of the input is a mark: odd, and the rest are bytes to be
 * parsed; even, and the rest is a plaintext to be sealed and opened again.
 *
 * Links: src/crypto/aead.c src/crypto/digest.c src/crypto/sealed.c -lcrypto
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "crypto/sealed.h"

#include "server_shim.h"

extern int	LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

static const JurDataKey data_key = {"DE", 1, (const uint8 *) "0123456789abcdef0123456789abcdef"};
static const uint8 nonce[JUR_NONCE_SIZE] = "0123456789abcdef01234567";

static bool
is_within(JurBytes part, JurBytes whole)
{
	const uint8 *start = whole.data;
	const uint8 *first = part.data;

	return first >= start && first + part.size <= start + whole.size;
}

static void
fuzz_bytes(const JurSealingKey *key, JurBytes bytes)
{
	JurSealed	sealed;
	JurSealedKind kind;
	const char *error = jur_sealed_parse(bytes, &sealed);
	Size		pos = 0;
	int			i;

	if (error)
	{
		shim_require(*error != '\0', "an error says something");
		return;
	}
	shim_require(is_within(sealed.label, bytes) && is_within(sealed.versions, bytes) &&
				 is_within(sealed.header, bytes) && is_within(sealed.ciphertext, bytes) &&
				 is_within((JurBytes) {sealed.nonce, JUR_NONCE_SIZE}, bytes) &&
				 is_within((JurBytes) {sealed.commitment, JUR_DIGEST_SIZE}, bytes),
				 "every part is within the value");
	shim_require(sealed.header.size + sealed.ciphertext.size == bytes.size,
				 "the parts are all of the value");
	for (i = 0; i < sealed.nkeys; i++)
		shim_require(jur_sealed_next_version(&sealed, &pos) > 0, "a version is positive");
	shim_require(pos == sealed.versions.size, "versions end where they should");
	shim_require(!jur_sealed_open(key, &sealed, &kind,
								  palloc(jur_sealed_plaintext_size(&sealed) + 1)),
				 "what was not sealed does not open");
}

static void
fuzz_plaintext(const JurSealingKey *key, JurBytes plaintext)
{
	uint32		version = 1;
	uint8		versions[8];
	Size		versions_size = jur_sealed_put_versions(&version, 1, versions);
	Size		label_size = plaintext.size % 200 + 1;
	char	   *label = palloc0(label_size);
	Size		size = jur_sealed_size(label_size, versions_size, plaintext.size);
	uint8	   *out = palloc(size);
	JurSealed	sealed;
	JurSealedKind kind;
	uint8	   *opened = palloc(plaintext.size + 1);

	jur_sealed_make(key, nonce, (JurBytes) {label, label_size},
					(JurBytes) {versions, versions_size}, plaintext, JUR_SEALED_BYTES, out);
	shim_require(jur_sealed_parse((JurBytes) {out, size}, &sealed) == NULL,
				 "what was sealed parses");
	shim_require(jur_sealed_plaintext_size(&sealed) == plaintext.size,
				 "the plaintext has its size");
	shim_require(jur_sealed_open(key, &sealed, &kind, opened) && kind == JUR_SEALED_BYTES &&
				 memcmp(opened, plaintext.data, plaintext.size) == 0,
				 "what was sealed opens");
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	static JurSealingKey key;
	static bool ready = false;

	if (!ready)
		jur_sealing_key(&key, &data_key, 1);
	ready = true;
	if (size > 0 && data[0] % 2 == 1)
		fuzz_bytes(&key, (JurBytes) {data + 1, size - 1});
	else if (size > 0)
		fuzz_plaintext(&key, (JurBytes) {data + 1, size - 1});
	shim_reset();
	return 0;
}
