/*-------------------------------------------------------------------------
 *
 * fuzz_note.c
 *	  Idea: any bytes are a checkpoint or a key, or are refused; and none
 *	  verify that the key did not sign.
 *
 * The first byte of the input says what the rest is: a note, a key, base64, or
 * what is to be changed in a note that is right.
 *
 * Links: src/evidence/base64.c src/evidence/merkle.c src/evidence/note.c -lcrypto
 *
 *-------------------------------------------------------------------------
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/base64.h"
#include "evidence/note.h"

#include "server_shim.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t seed[JUR_SEED_SIZE] = "0123456789abcdef0123456789abcdef";
static JurNoteKey key;
static JurCheckpoint head;
static char right[JUR_NOTE_MAX];
static size_t right_size;

static void
fuzz_any_note(const char *note, size_t size)
{
	JurCheckpoint parsed;
	JurCheckpoint opened;
	bool		is_note = jur_checkpoint_parse(note, size, &parsed);
	JurNoteStatus status = jur_checkpoint_open(note, size, &key, &opened);

	shim_require(is_note == (status != JUR_NOTE_MALFORMED), "both agree what a note is");
	/* others may have signed it too, or lines be there twice: the text is what counts */
	shim_require(status != JUR_NOTE_VERIFIED ||
				 (size >= right_size &&
				  memcmp(note, right, strstr(right, "\n\n") + 2 - right) == 0),
				 "what was not signed does not verify");
	if (is_note)
		shim_require(memcmp(&parsed, &opened, sizeof(parsed)) == 0 &&
					 parsed.origin[0] != '\0' && strlen(parsed.origin) <= JUR_ORIGIN_MAX,
					 "both read the same");
}

static void
fuzz_key(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);
	char		again[JUR_NOTE_MAX];
	JurNoteKey	parsed;

	memcpy(text, data, size);
	text[size] = '\0';
	if (jur_note_key_parse(text, &parsed))
	{
		jur_note_key_text(&parsed, again);
		/* the hash may be written in one way only, too */
		shim_require(strcmp(text, again) == 0, "a key has one spelling");
	}
	free(text);
}

static void
fuzz_base64(const uint8_t *data, size_t size)
{
	uint8_t    *bytes = malloc(size + 1);
	char	   *text = malloc(JUR_BASE64_SIZE(size) + 1);
	int			count = jur_base64_get((const char *) data, size, bytes, size);

	if (count >= 0)
		shim_require(jur_base64_put(bytes, count, text) == size &&
					 memcmp(text, data, size) == 0, "bytes have one spelling");
	jur_base64_put(data, size, text);
	shim_require(jur_base64_get(text, strlen(text), bytes, size) == (int) size &&
				 memcmp(bytes, data, size) == 0, "what was spelled is read");
	if (size > 0)
		shim_require(jur_base64_get(text, strlen(text), bytes, size - 1) == -1,
					 "bytes have to have room");
	free(bytes);
	free(text);
}

/* bytes in pairs: where, and what is put there; the text or the signature is spoiled */
static void
fuzz_changed_note(const uint8_t *data, size_t size)
{
	char		note[JUR_NOTE_MAX];
	JurCheckpoint opened;
	size_t		i;

	memcpy(note, right, right_size);
	for (i = 0; i + 1 < size; i += 2)
		note[data[i] % right_size] = data[i + 1];
	shim_require((jur_checkpoint_open(note, right_size, &key, &opened) == JUR_NOTE_VERIFIED) ==
				 (memcmp(note, right, right_size) == 0),
				 "a note that was changed does not verify");
}

/*
 * The same of a handover.  Where it is cut behind the root it is a checkpoint,
 * and a checkpoint hands nothing over.
 */
static void
fuzz_handover(const uint8_t *data, size_t size)
{
	static JurNoteKey next;
	static char handover[JUR_NOTE_MAX];
	static size_t handover_size = 0;
	char		note[JUR_NOTE_MAX];
	JurCheckpoint opened;
	JurNoteKey	found;
	size_t		i;

	if (handover_size == 0)
	{
		uint8_t		other[JUR_SEED_SIZE] = {9};

		shim_require(jur_note_key(key.name, other, &next), "a key is made");
		handover_size = jur_handover_sign(&head, &key, seed, &next, handover);
		shim_require(handover_size > 0, "a handover is signed");
		shim_require(jur_checkpoint_open(handover, handover_size, &key, &opened) == JUR_NOTE_VERIFIED,
					 "it is a checkpoint too");
		shim_require(!jur_handover_open(right, right_size, &key, 1, &opened, &found),
					 "a checkpoint hands nothing over");
		shim_require(!jur_handover_open(handover, handover_size, &next, 1, &opened, &found),
					 "nor does the new key");
	}
	(void) jur_handover_open((const char *) data, size, &key, 1, &opened, &found);
	memcpy(note, handover, handover_size);
	for (i = 0; i + 2 < size; i += 3)
		note[(data[i] << 8 | data[i + 1]) % handover_size] = data[i + 2];
	if (memcmp(note, handover, handover_size) != 0)
		shim_require(!jur_handover_open(note, handover_size, &key, 1, &opened, &found),
					 "a handover that was changed is none");
	else
		shim_require(jur_handover_open(note, handover_size, &key, 1, &opened, &found) &&
					 memcmp(&found, &next, sizeof(found)) == 0 &&
					 memcmp(&opened, &head, sizeof(head)) == 0,
					 "a handover names the next key, and the head");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (right_size == 0)
	{
		jur_note_key("jurisdiction/1/0123456789abcdef", seed, &key);
		strcpy(head.origin, key.name);
		head.size = 70569;
		memset(&head.root, 7, sizeof(head.root));
		right_size = jur_checkpoint_sign(&head, &key, seed, right);
		shim_require(right_size > 0, "a checkpoint is signed");
		fuzz_any_note(right, right_size);
	}
	if (size == 0)
		return 0;
	switch (data[0] % 5)
	{
		case 0:
			fuzz_any_note((const char *) data + 1, size - 1);
			break;
		case 1:
			fuzz_key(data + 1, size - 1);
			break;
		case 2:
			fuzz_base64(data + 1, size - 1);
			break;
		case 3:
			fuzz_changed_note(data + 1, size - 1);
			break;
		case 4:
			fuzz_handover(data + 1, size - 1);
			break;
	}
	return 0;
}
