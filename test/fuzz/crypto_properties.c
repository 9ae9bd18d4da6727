/*-------------------------------------------------------------------------
 *
 * crypto_properties.c
 *	  Idea: the ciphers give what their specifications say, and a sealed
 *	  value that was touched anywhere does not open.
 *
 * Vectors are in test/interop: NIST's and Wycheproof's for AES-256-GCM,
 * C2SP's for XAES-256-GCM, Wycheproof's for HKDF, and those of sealed values,
 * which another implementation made (sealed.py).  C2SP's accumulated test
 * hashes the ciphertexts of COUNT random cases; the hashes of 10,000 and of
 * 1,000,000 are known.
 *
 * Links: src/crypto/aead.c src/crypto/digest.c src/crypto/sealed.c -lcrypto
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/evp.h>

#include "crypto/sealed.h"

#include "server_shim.h"

#define FIELDS 9

/* ------------------------------------------------------------------ vectors */

static int
digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static JurBytes
unhex(const char *hex)
{
	Size		size = strlen(hex) / 2;
	uint8	   *data = palloc(size + 1);
	Size		i;

	for (i = 0; i < size; i++)
		data[i] = digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]);
	return (JurBytes) {data, size};
}

/* splits LINE at its commas; the number of fields */
static int
split(char *line, char **fields)
{
	int			n = 0;

	line[strcspn(line, "\n")] = '\0';
	while (n < FIELDS)
	{
		fields[n++] = line;
		line = strchr(line, ',');
		if (line == NULL)
			break;
		*line++ = '\0';
	}
	return n;
}

static FILE *
open_vectors(const char *path, char *line, int size)
{
	FILE	   *file = fopen(path, "r");

	shim_require(file != NULL && fgets(line, size, file) != NULL,
				 "the vectors can be read");
	return file;
}

static bool
equal(JurBytes a, JurBytes b)
{
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void
check_aead(char **field)
{
	bool		is_xaes = strcmp(field[0], "c2sp") == 0;
	JurBytes	key = unhex(field[2]);
	JurBytes	nonce = unhex(field[3]);
	JurBytes	aad = unhex(field[4]);
	JurBytes	plaintext = unhex(field[5]);
	JurBytes	sealed = unhex(psprintf("%s%s", field[6], field[7]));
	bool		valid = field[8][0] == '1';
	uint8	   *made = palloc(plaintext.size + JUR_TAG_SIZE);
	uint8	   *opened = palloc(sealed.size);
	bool		opens;
	JurAeadKey	prepared;
	Size		cut = plaintext.size / 3;
	JurBytes	body = {plaintext.data, cut};
	JurBytes	tail = {(const uint8 *) plaintext.data + cut, plaintext.size - cut};

	shim_require(nonce.size == (is_xaes ? JUR_NONCE_SIZE : JUR_GCM_NONCE_SIZE),
				 "a nonce has its size");
	if (is_xaes)
	{
		jur_aead_prepare(&prepared, key.data);
		jur_aead_seal(&prepared, nonce.data, aad, body, tail, made);
		opens = jur_aead_open(&prepared, nonce.data, aad, sealed, opened);
	}
	else
	{
		jur_gcm_seal(key.data, nonce.data, aad, body, tail, made);
		opens = jur_gcm_open(key.data, nonce.data, aad, sealed, opened);
	}
	shim_require(opens == valid, "a vector opens if it is valid");
	shim_require(equal((JurBytes) {made, plaintext.size + JUR_TAG_SIZE}, sealed) == valid,
				 "a vector is made if it is valid");
	if (valid)
		shim_require(equal((JurBytes) {opened, plaintext.size}, plaintext),
					 "a vector gives its plaintext");
}

static void
check_hkdf(char **field)
{
	JurBytes	okm = unhex(field[4]);
	uint8	   *made = palloc(okm.size);

	jur_hkdf_sha256(unhex(field[1]), unhex(field[2]), made, okm.size);
	shim_require(equal((JurBytes) {made, okm.size}, okm), "HKDF gives its vectors");
}

/* PLACE:VERSION:HEX[;...] */
static int
read_keys(char *text, JurDataKey *keys, int max)
{
	int			n = 0;
	char	   *key;

	for (key = strtok(text, ";"); key && n < max; key = strtok(NULL, ";"))
	{
		char	   *colon = strchr(key, ':');

		keys[n].place = pnstrdup(key, colon - key);
		keys[n].version = strtoul(colon + 1, &colon, 10);
		keys[n++].secret = unhex(colon + 1).data;
	}
	return n;
}

static void
check_sealed(char **field)
{
	JurDataKey	keys[4];
	uint32		versions[4];
	uint8		encoded[32];
	int			nkeys = read_keys(field[1], keys, 4);
	JurBytes	label = unhex(field[2]);
	JurBytes	value = unhex(field[5]);
	JurBytes	bytes = unhex(field[6]);
	bool		valid = field[7][0] == '1';
	uint8	   *out = palloc(bytes.size);
	JurSealingKey key;
	JurSealed	sealed;
	JurSealedKind kind;
	Size		size;
	int			i;

	jur_sealing_key(&key, keys, nkeys);
	shim_require((jur_sealed_parse(bytes, &sealed) == NULL &&
				  jur_sealed_open(&key, &sealed, &kind, out)) == valid,
				 psprintf("vector %s opens if it is valid", field[0]));
	if (!valid)
		return;
	shim_require(kind == (JurSealedKind) field[4][0] &&
				 equal((JurBytes) {out, jur_sealed_plaintext_size(&sealed)}, value),
				 "a sealed vector gives its value");
	for (i = 0; i < nkeys; i++)
		versions[i] = keys[i].version;
	size = jur_sealed_put_versions(versions, nkeys, encoded);
	jur_sealed_make(&key, unhex(field[3]).data, label, (JurBytes) {encoded, size},
					value, kind, out);
	shim_require(equal((JurBytes) {out, jur_sealed_size(label.size, size, value.size)}, bytes),
				 "a sealed vector is made again");
}

static int
check_vectors(const char *path, int nfields, void (*check) (char **field))
{
	char		line[8192];
	char	   *field[FIELDS];
	FILE	   *file = open_vectors(path, line, sizeof(line));
	int			n = 0;

	while (fgets(line, sizeof(line), file))
	{
		shim_require(split(line, field) == nfields, "a vector has its fields");
		check(field);
		shim_reset();
		n++;
	}
	fclose(file);
	return n;
}

/* -------------------------------------------------------------- accumulated */

/*
 * The cases are read from one SHAKE-128 stream, which this OpenSSL can only
 * give whole: it is as long as COUNT cases can be.
 */
static bool
accumulate(long count, uint8 *hash)
{
	Size		size = (Size) count * (32 + 24 + 2 + 2 * 255);
	uint8	   *stream = malloc(size);
	uint8	   *next = stream;
	uint8		made[255 + JUR_TAG_SIZE];
	EVP_MD_CTX *hasher = EVP_MD_CTX_new();
	JurAeadKey	key;
	bool		done;
	long		i;

	if (stream == NULL)
		return false;
	done = EVP_DigestInit_ex(hasher, EVP_shake128(), NULL) == 1 &&
		EVP_DigestFinalXOF(hasher, stream, size) == 1 &&
		EVP_DigestInit_ex(hasher, EVP_shake128(), NULL) == 1;
	for (i = 0; done && i < count; i++)
	{
		const uint8 *nonce = next + JUR_KEY_SIZE;
		JurBytes	plaintext;
		JurBytes	aad;

		jur_aead_prepare(&key, next);
		next += JUR_KEY_SIZE + JUR_NONCE_SIZE;
		plaintext = (JurBytes) {next + 1, *next};
		next += 1 + plaintext.size;
		aad = (JurBytes) {next + 1, *next};
		next += 1 + aad.size;
		jur_aead_seal(&key, nonce, aad, plaintext, (JurBytes) {NULL, 0}, made);
		done = EVP_DigestUpdate(hasher, made, plaintext.size + JUR_TAG_SIZE) == 1;
	}
	done = done && EVP_DigestFinalXOF(hasher, hash, 32) == 1;
	EVP_MD_CTX_free(hasher);
	free(stream);
	return done;
}

static void
check_accumulated(long count, const char *expected)
{
	uint8		hash[32];

	shim_require(accumulate(count, hash), "the accumulated test runs");
	shim_require(equal((JurBytes) {hash, 32}, unhex(expected)),
				 "the accumulated hash is that of the specification");
}

/* ------------------------------------------------------------------ sealing */

static const uint8 secret_a[JUR_KEY_SIZE] = "the first secret of thirty-two b";
static const uint8 secret_b[JUR_KEY_SIZE] = "another secret of thirty-two byt";
static const uint8 nonce[JUR_NONCE_SIZE] = "a nonce of twenty-four";

static JurBytes
make(const JurSealingKey *key, const char *label, const uint32 *versions, int nkeys,
	 const char *plaintext)
{
	uint8		encoded[64];
	Size		versions_size = jur_sealed_put_versions(versions, nkeys, encoded);
	Size		size = jur_sealed_size(strlen(label), versions_size, strlen(plaintext));
	uint8	   *out = palloc(size);

	jur_sealed_make(key, nonce, (JurBytes) {label, strlen(label)},
					(JurBytes) {encoded, versions_size},
					(JurBytes) {plaintext, strlen(plaintext)}, JUR_SEALED_TEXT, out);
	return (JurBytes) {out, size};
}

static bool
opens(const JurSealingKey *key, JurBytes bytes)
{
	JurSealed	sealed;
	JurSealedKind kind;

	return jur_sealed_parse(bytes, &sealed) == NULL &&
		jur_sealed_open(key, &sealed, &kind, palloc(bytes.size));
}

static void
check_sealing(void)
{
	JurDataKey	keys[] = {{"DE", 1, secret_a}, {"US", 300, secret_b}};
	JurDataKey	swapped[] = {{"DE", 1, secret_b}, {"US", 300, secret_a}};
	JurDataKey	later[] = {{"DE", 2, secret_a}, {"US", 300, secret_b}};
	uint32		versions[] = {1, 300};
	JurSealingKey key;
	JurSealingKey other;
	JurBytes	bytes;
	uint8	   *altered;
	JurSealed	sealed;
	JurSealedKind kind;
	uint8		out[100];
	Size		pos = 0;
	Size		i;
	int			bit;

	jur_sealing_key(&key, keys, 2);
	bytes = make(&key, "two places", versions, 2, "the plaintext");
	shim_require(jur_sealed_parse(bytes, &sealed) == NULL, "a value parses");
	shim_require(sealed.nkeys == 2 && jur_sealed_next_version(&sealed, &pos) == 1 &&
				 jur_sealed_next_version(&sealed, &pos) == 300, "versions are read");
	shim_require(equal(sealed.label, (JurBytes) {"two places", 10}), "the label is read");
	shim_require(jur_sealed_open(&key, &sealed, &kind, out) && kind == JUR_SEALED_TEXT &&
				 jur_sealed_plaintext_size(&sealed) == 13 &&
				 memcmp(out, "the plaintext", 13) == 0, "a value opens");

	/* every bit of every byte counts */
	altered = palloc(bytes.size);
	for (i = 0; i < bytes.size; i++)
		for (bit = 0; bit < 8; bit++)
		{
			memcpy(altered, bytes.data, bytes.size);
			altered[i] ^= 1 << bit;
			shim_require(!opens(&key, (JurBytes) {altered, bytes.size}),
						 "an altered value does not open");
		}
	for (i = 0; i < bytes.size; i++)
		shim_require(!opens(&key, (JurBytes) {bytes.data, i}), "a shorter value does not open");

	/* every secret, its order and its version count */
	jur_sealing_key(&other, swapped, 2);
	shim_require(!opens(&other, bytes), "swapped keys do not open");
	jur_sealing_key(&other, later, 2);
	shim_require(!opens(&other, bytes), "another version's key does not open");
	jur_sealing_key(&other, keys, 1);
	shim_require(!opens(&other, bytes), "one place's key does not open two places' value");

	/* what the key is for counts */
	jur_derived_key(out, "blind index", keys, 2);
	shim_require(memcmp(out, key.aead.key, JUR_KEY_SIZE) != 0 &&
				 memcmp(out, key.commit, JUR_KEY_SIZE) != 0, "purposes have keys of their own");
	shim_reset();
}

int
main(void)
{
	int			n = 0;

	n += check_vectors("test/interop/aead.csv", 9, check_aead);
	n += check_vectors("test/interop/hkdf.csv", 5, check_hkdf);
	n += check_vectors("test/interop/sealed.csv", 8, check_sealed);
	check_accumulated(10000, "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
	check_accumulated(1000000, "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15");
	check_sealing();
	jur_aead_forget();
	printf("crypto: %d vectors, the accumulated test, and sealing hold\n", n);
	return 0;
}
