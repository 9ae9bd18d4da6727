/*-------------------------------------------------------------------------
 *
 * note.c
 *	  Idea: a tree head as text that a key has signed (c2sp.org/signed-note,
 *	  c2sp.org/tlog-checkpoint).
 *
 * A checkpoint is signed once a second at most, and a reader verifies one:
 * keys are made of their bytes for each, and nothing is kept.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "evidence/base64.h"
#include "evidence/note.h"

#define ED25519			0x01	/* signature type of signed-note */
#define SIGNATURE_SIZE	64
#define DASH			"\342\200\224 "	/* U+2014 and a space */
#define HANDOVER		"next key "
#define KEY_TEXT_MAX	(JUR_ORIGIN_MAX + 64)	/* bytes of a key as text */

/* what is signed, and the signatures behind it */
typedef struct Parts
{
	const char *text;
	size_t		text_size;
	const char *signatures;
	size_t		signatures_size;
} Parts;

/* --------------------------------------------------------------------- keys */

/*
 * May it be the name of a key?  Unicode knows spaces outside ASCII; we name no
 * log with any byte outside it, and take none.
 */
static bool
is_name(const char *name, size_t length)
{
	size_t		i;

	if (length == 0 || length > JUR_ORIGIN_MAX)
		return false;
	for (i = 0; i < length; i++)
	{
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '+')
			return false;
	}
	return true;
}

static bool
set_id(JurNoteKey *key)
{
	uint8_t		text[JUR_ORIGIN_MAX + 2 + sizeof(key->public_key)];
	uint8_t		digest[EVP_MAX_MD_SIZE];
	size_t		length = strlen(key->name);

	memcpy(text, key->name, length);
	text[length++] = '\n';
	text[length++] = ED25519;
	memcpy(text + length, key->public_key, sizeof(key->public_key));
	length += sizeof(key->public_key);
	if (EVP_Digest(text, length, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	memcpy(key->id, digest, sizeof(key->id));
	return true;
}

bool
jur_note_key(const char *name, const uint8_t *seed, JurNoteKey *key)
{
	size_t		size = sizeof(key->public_key);
	EVP_PKEY   *pkey;
	bool		made;

	memset(key, 0, sizeof(*key));
	if (!is_name(name, strlen(name)))
		return false;
	strcpy(key->name, name);
	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, JUR_SEED_SIZE);
	made = pkey != NULL &&
		EVP_PKEY_get_raw_public_key(pkey, key->public_key, &size) == 1 &&
		size == sizeof(key->public_key) && set_id(key);
	EVP_PKEY_free(pkey);
	return made;
}

void
jur_note_key_text(const JurNoteKey *key, char *text)
{
	uint8_t		typed[1 + sizeof(key->public_key)];
	int			length;

	typed[0] = ED25519;
	memcpy(typed + 1, key->public_key, sizeof(key->public_key));
	length = snprintf(text, KEY_TEXT_MAX, "%s+%02x%02x%02x%02x+", key->name,
					  key->id[0], key->id[1], key->id[2], key->id[3]);
	jur_base64_put(typed, sizeof(typed), text + length);
}

bool
jur_note_key_parse(const char *text, JurNoteKey *key)
{
	const char *plus = strchr(text, '+');
	uint8_t		typed[1 + sizeof(key->public_key)];
	char		id[9];

	memset(key, 0, sizeof(*key));
	if (plus == NULL || !is_name(text, plus - text) ||
		strlen(plus) != 1 + 8 + 1 + JUR_BASE64_SIZE(sizeof(typed)) || plus[9] != '+' ||
		jur_base64_get(plus + 10, strlen(plus + 10), typed, sizeof(typed)) != sizeof(typed) ||
		typed[0] != ED25519)
		return false;
	memcpy(key->name, text, plus - text);
	memcpy(key->public_key, typed + 1, sizeof(key->public_key));
	if (!set_id(key))
		return false;
	snprintf(id, sizeof(id), "%02x%02x%02x%02x",
			 key->id[0], key->id[1], key->id[2], key->id[3]);
	return memcmp(id, plus + 1, 8) == 0;
}

/* ------------------------------------------------------------------ signing */

static bool
sign(const uint8_t *seed, const char *text, size_t length, uint8_t *signature)
{
	EVP_PKEY   *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
													seed, JUR_SEED_SIZE);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t		size = SIGNATURE_SIZE;
	bool		is_signed;

	is_signed = pkey != NULL && context != NULL &&
		EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1 &&
		EVP_DigestSign(context, signature, &size,
					   (const uint8_t *) text, length) == 1 &&
		size == SIGNATURE_SIZE;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return is_signed;
}

static bool
verifies(const JurNoteKey *key, const char *text, size_t length, const uint8_t *signature)
{
	EVP_PKEY   *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public_key,
												   sizeof(key->public_key));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool		is_right;

	is_right = pkey != NULL && context != NULL &&
		EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
		EVP_DigestVerify(context, signature, SIGNATURE_SIZE,
						 (const uint8_t *) text, length) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return is_right;
}

/* EXTENSION: further lines, each with its newline */
static size_t
sign_checkpoint(const JurCheckpoint *checkpoint, const char *extension,
				const JurNoteKey *key, const uint8_t *seed, char *note)
{
	char		root[JUR_BASE64_SIZE(JUR_HASH_SIZE) + 1];
	uint8_t		signature[sizeof(key->id) + SIGNATURE_SIZE];
	size_t		length;

	if (!is_name(checkpoint->origin, strlen(checkpoint->origin)))
		return 0;
	jur_base64_put(checkpoint->root.bytes, JUR_HASH_SIZE, root);
	length = snprintf(note, JUR_NOTE_MAX, "%s\n%" PRIu64 "\n%s\n%s",
					  checkpoint->origin, checkpoint->size, root, extension);
	memcpy(signature, key->id, sizeof(key->id));
	if (!sign(seed, note, length, signature + sizeof(key->id)) ||
	/* SEED may be another key's: what does not verify must not get out */
		!verifies(key, note, length, signature + sizeof(key->id)))
		return 0;
	length += snprintf(note + length, JUR_NOTE_MAX - length, "\n" DASH "%s ", key->name);
	length += jur_base64_put(signature, sizeof(signature), note + length);
	note[length++] = '\n';
	note[length] = '\0';
	return length;
}

size_t
jur_checkpoint_sign(const JurCheckpoint *checkpoint, const JurNoteKey *key,
					const uint8_t *seed, char *note)
{
	return sign_checkpoint(checkpoint, "", key, seed, note);
}

size_t
jur_handover_sign(const JurCheckpoint *checkpoint, const JurNoteKey *key,
				  const uint8_t *seed, const JurNoteKey *next, char *note)
{
	char		line[KEY_TEXT_MAX + sizeof(HANDOVER) + 1];

	strcpy(line, HANDOVER);
	jur_note_key_text(next, line + strlen(HANDOVER));
	strcat(line, "\n");
	return sign_checkpoint(checkpoint, line, key, seed, note);
}

/* ------------------------------------------------------------------ parsing */

/* is it printable text in UTF-8, newlines aside? */
static bool
is_text(const char *note, size_t size)
{
	/* the least code that a sequence with so many further bytes may spell */
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *c = (const uint8_t *) note;
	const uint8_t *end = c + size;

	while (c < end)
	{
		uint32_t	code = *c++;
		int			more;
		int			i;

		if (code < 0x80)
		{
			if (code < ' ' && code != '\n')
				return false;
			continue;
		}
		more = code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : 1;
		if (code < 0xc2 || code > 0xf4 || end - c < more)
			return false;
		code &= 0x3f >> more;
		for (i = 0; i < more; i++, c++)
		{
			if ((*c & 0xc0) != 0x80)
				return false;
			code = code << 6 | (*c & 0x3f);
		}
		if (code < least[more] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
			return false;
	}
	return true;
}

/* a line of TEXT, without its newline; false: there is none */
static bool
next_line(const char **text, const char *end, const char **line, size_t *length)
{
	const char *newline = memchr(*text, '\n', end - *text);

	if (newline == NULL)
		return false;
	*line = *text;
	*length = newline - *text;
	*text = newline + 1;
	return true;
}

/*
 * NAME and signature of one line behind the text.  SIGNATURE gets the id of
 * the key and what follows, ROOM bytes of it at most; SIZE is that of all.
 */
static bool
parse_signature(const char *line, size_t length, const char **name, size_t *name_length,
				uint8_t *signature, size_t room, int *size)
{
	const char *end = line + length;
	const char *space;
	uint8_t		all[JUR_NOTE_MAX];

	if (length < strlen(DASH) || memcmp(line, DASH, strlen(DASH)) != 0)
		return false;
	*name = line + strlen(DASH);
	space = memchr(*name, ' ', end - *name);
	if (space == NULL || space == *name || memchr(*name, '+', space - *name) != NULL)
		return false;
	*name_length = space - *name;
	*size = jur_base64_get(space + 1, end - space - 1, all, sizeof(all));
	if (*size <= 4)
		return false;
	memcpy(signature, all, (size_t) *size < room ? (size_t) *size : room);
	return true;
}

/* the text is separated from its signatures by the last empty line */
static bool
split_note(const char *note, size_t size, Parts *parts)
{
	const char *text;
	const char *end = note + size;
	const char *line;
	const char *name;
	size_t		length;
	size_t		i;
	uint8_t		signature[4 + SIGNATURE_SIZE];
	int			signature_size;

	if (size < 3 || size > JUR_NOTE_MAX || note[size - 1] != '\n' || !is_text(note, size))
		return false;
	for (i = size - 2; i > 0; i--)
	{
		if (note[i] == '\n' && note[i - 1] == '\n')
			break;
	}
	if (i == 0)
		return false;
	parts->text = note;
	parts->text_size = i;
	parts->signatures = note + i + 1;
	parts->signatures_size = size - i - 1;

	text = parts->signatures;
	while (text < end)
	{
		if (!next_line(&text, end, &line, &length) ||
			!parse_signature(line, length, &name, &length, signature,
							 sizeof(signature), &signature_size))
			return false;
	}
	return true;
}

static bool
parse_size(const char *line, size_t length, uint64_t *size)
{
	size_t		i;

	if (length == 0 || (length > 1 && line[0] == '0'))
		return false;
	*size = 0;
	for (i = 0; i < length; i++)
	{
		if (line[i] < '0' || line[i] > '9' ||
			__builtin_mul_overflow(*size, UINT64_C(10), size) ||
			__builtin_add_overflow(*size, (uint64_t) (line[i] - '0'), size))
			return false;
	}
	return true;
}

/* origin, size, root; what follows we do not use, but no line of it is empty */
static bool
parse_text(const Parts *parts, JurCheckpoint *checkpoint)
{
	const char *text = parts->text;
	const char *end = text + parts->text_size;
	const char *line;
	size_t		length;

	if (!next_line(&text, end, &line, &length) || !is_name(line, length))
		return false;
	memcpy(checkpoint->origin, line, length);
	if (!next_line(&text, end, &line, &length) ||
		!parse_size(line, length, &checkpoint->size))
		return false;
	if (!next_line(&text, end, &line, &length) ||
		jur_base64_get(line, length, checkpoint->root.bytes,
					   JUR_HASH_SIZE) != JUR_HASH_SIZE)
		return false;
	while (text < end)
	{
		if (!next_line(&text, end, &line, &length) || length == 0)
			return false;
	}
	return true;
}

static bool
parse(const char *note, size_t size, Parts *parts, JurCheckpoint *checkpoint)
{
	JurCheckpoint parsed;

	memset(checkpoint, 0, sizeof(*checkpoint));
	memset(&parsed, 0, sizeof(parsed));
	if (!split_note(note, size, parts) || !parse_text(parts, &parsed))
		return false;
	*checkpoint = parsed;
	return true;
}

bool
jur_checkpoint_parse(const char *note, size_t size, JurCheckpoint *checkpoint)
{
	Parts		parts;

	return parse(note, size, &parts, checkpoint);
}

/*
 * A signature that bears name and id of the key and is not right spoils the
 * note, whatever else signed it.
 */
JurNoteStatus
jur_checkpoint_open(const char *note, size_t size, const JurNoteKey *key,
					JurCheckpoint *checkpoint)
{
	JurNoteStatus status = JUR_NOTE_UNSIGNED;
	Parts		parts;
	const char *text;
	const char *end;

	if (!parse(note, size, &parts, checkpoint))
		return JUR_NOTE_MALFORMED;
	text = parts.signatures;
	end = text + parts.signatures_size;
	while (text < end)
	{
		const char *line;
		const char *name;
		size_t		length;
		uint8_t		signature[sizeof(key->id) + SIGNATURE_SIZE];
		int			signature_size;

		if (!next_line(&text, end, &line, &length) ||
			!parse_signature(line, length, &name, &length, signature,
							 sizeof(signature), &signature_size))
			return JUR_NOTE_MALFORMED;
		if (length != strlen(key->name) || memcmp(name, key->name, length) != 0 ||
			memcmp(signature, key->id, sizeof(key->id)) != 0)
			continue;
		if (signature_size != sizeof(signature) ||
			!verifies(key, parts.text, parts.text_size, signature + sizeof(key->id)))
			return JUR_NOTE_FORGED;
		status = JUR_NOTE_VERIFIED;
	}
	return status;
}

bool
jur_handover_open(const char *note, size_t size, const JurNoteKey *keys, int count,
				  JurCheckpoint *checkpoint, JurNoteKey *next)
{
	Parts		parts;
	const char *text;
	const char *end;
	const char *line = NULL;
	size_t		length = 0;
	char		name[KEY_TEXT_MAX];
	int			i;

	while (count > 0 &&
		   jur_checkpoint_open(note, size, &keys[count - 1], checkpoint) != JUR_NOTE_VERIFIED)
		count--;
	if (count <= 0 || !split_note(note, size, &parts))
		return false;
	text = parts.text;
	end = text + parts.text_size;
	for (i = 0; i < 4; i++)
	{
		if (!next_line(&text, end, &line, &length))
			return false;
	}
	if (text != end || length < strlen(HANDOVER) || length - strlen(HANDOVER) >= sizeof(name) ||
		memcmp(line, HANDOVER, strlen(HANDOVER)) != 0)
		return false;
	memcpy(name, line + strlen(HANDOVER), length - strlen(HANDOVER));
	name[length - strlen(HANDOVER)] = '\0';
	return jur_note_key_parse(name, next) && strcmp(next->name, checkpoint->origin) == 0;
}
