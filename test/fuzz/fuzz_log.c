/*-------------------------------------------------------------------------
 *
 * fuzz_log.c
 *	  Idea: a reader takes any bytes for what they are: whole entries of a
 *	  bundle or of the journal, keys, a checkpoint, tiles; or says that they
 *	  are none.
 *
 * The first byte of the input says what the rest is; a file of a log is put in
 * place of the one that was there, and everything is read.
 *
 * Links: src/evidence/base64.c src/evidence/log_dir_file.c
 * Links: src/evidence/log_dir_journal.c src/evidence/log_dir_read.c
 * Links: src/evidence/merkle.c src/evidence/note.c -lcrypto
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/log_dir_internal.h"

#include "server_shim.h"

#define ORIGIN	"jurisdiction/1/0123456789abcdef"
#define FRAMES	100				/* numbers at which a journal may begin */

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_bundle(const uint8_t *bytes, size_t size)
{
	JurBuffer	bundle = {(uint8_t *) bytes, size, size};
	const uint8_t *data[JUR_BUNDLE];
	size_t		sizes[JUR_BUNDLE];
	int			count = jur_bundle_parse(&bundle, data, sizes);
	size_t		sum = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		shim_require(data[i] == bytes + sum + 2, "entries follow each other");
		sum += 2 + sizes[i];
	}
	shim_require(count < 0 || (count <= JUR_BUNDLE && sum == size), "and are all of the bundle");
}

static void
fuzz_frames(const uint8_t *bytes, size_t size)
{
	uint64_t	seq;

	for (seq = 0; seq < FRAMES; seq++)
	{
		const uint8_t *data;
		size_t		length;
		size_t		at = 0;
		uint64_t	number = seq;

		while (jur_frame_get(ORIGIN, bytes, size, at, number, &data, &length, &at))
		{
			shim_require(data >= bytes && data + length == bytes + at && at <= size,
						 "an entry is within the journal");
			number++;
		}
		shim_require(jur_frames_torn(ORIGIN, bytes, size, at, number) <= size - at,
					 "what is torn is within it too");
	}
}

/* what was framed is read; with another bit it is not */
static void
fuzz_framing(const uint8_t *bytes, size_t size)
{
	uint8_t    *file;
	const uint8_t *data;
	size_t		length;
	size_t		next;
	size_t		at;

	if (size < 3)
		return;
	file = malloc(JUR_FRAME_HEAD + size - 2);
	jur_frame_put(ORIGIN, bytes[0], bytes + 2, size - 2, file);
	shim_require(jur_frame_get(ORIGIN, file, JUR_FRAME_HEAD + size - 2, 0, bytes[0],
							   &data, &length, &next) &&
				 length == size - 2 && memcmp(data, bytes + 2, length) == 0 &&
				 next == JUR_FRAME_HEAD + size - 2, "what was framed is read");
	shim_require(!jur_frame_get("jurisdiction/1/another", file, next, 0, bytes[0],
								&data, &length, &at), "not as another log's");
	shim_require(!jur_frame_get(ORIGIN, file, JUR_FRAME_HEAD + size - 3, 0, bytes[0],
								&data, &length, &at), "nor cut off");
	file[bytes[1] % (JUR_FRAME_HEAD + size - 2)] ^= 1 << bytes[0] % 8;
	shim_require(!jur_frame_get(ORIGIN, file, JUR_FRAME_HEAD + size - 2, 0, bytes[0],
								&data, &length, &at), "nor changed");
	free(file);
}

/* -------------------------------------------------------------- a directory */

static char directory[256];

static void
put(const char *name, const void *data, size_t size)
{
	char		path[512];
	char	   *slash;
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	for (slash = strchr(path + strlen(directory) + 1, '/'); slash != NULL;
		 slash = strchr(slash + 1, '/'))
	{
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	shim_require(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0,
				 "a file can be written");
}

/* a log of three entries, "a", "b", "c" */
static void
put_log(void)
{
	static const uint8_t seed[JUR_SEED_SIZE] = "0123456789abcdef0123456789abcdef";
	static const char bundle[] = "\0\1a\0\1b\0\1c";
	JurCheckpoint head = {ORIGIN, 3};
	JurNoteKey	key;
	JurHash		leaves[3];
	char		text[JUR_NOTE_MAX];
	size_t		size;
	int			i;

	jur_note_key(ORIGIN, seed, &key);
	for (i = 0; i < 3; i++)
		jur_merkle_leaf(bundle + 3 * i + 2, 1, &leaves[i]);
	jur_merkle_node(&leaves[0], &leaves[1], &head.root);
	jur_merkle_node(&head.root, &leaves[2], &head.root);
	size = jur_checkpoint_sign(&head, &key, seed, text);
	put("checkpoint", text, size);
	jur_note_key_text(&key, text);
	strcat(text, "\n");
	put("keys", text, strlen(text));
	put("tile/0/000.p/3", leaves, sizeof(leaves));
	put("tile/entries/000.p/3", bundle, 9);
	put("journal/3", "", 0);
}

static void
read_log(void)
{
	static JurNoteKey keys[16];
	JurLogError error;
	JurLogReader *reader = jur_log_read(directory, &error);
	const uint8_t *data;
	size_t		size;
	uint64_t	seq;
	JurProof	proof;

	if (reader == NULL)
	{
		shim_require(error.is_damaged && error.text[0] != '\0', "what is no head is damaged");
		return;
	}
	jur_log_keys(reader, keys, 16, &error);
	for (seq = 0; seq < 5; seq++)
	{
		if (!jur_log_entry(reader, seq, &data, &size, &error))
			shim_require(error.text[0] != '\0', "what cannot be read has a reason");
		else
			shim_require(size <= JUR_ENTRY_MAX, "an entry has a size that it can have");
		jur_merkle_prove_inclusion(seq, jur_log_head(reader)->size, jur_log_hash, reader, &proof);
		if (jur_log_tail_entry(reader, jur_log_head(reader)->size + seq, &data, &size, &error))
			shim_require(size <= JUR_ENTRY_MAX, "so has one of the journal");
	}
	jur_log_read_end(reader);
}

static void
remove_log(void)
{
	static const char *const all[] = {
		"checkpoint", "keys", "tile/0/000.p/3", "tile/0/000.p", "tile/0",
		"tile/entries/000.p/3", "tile/entries/000.p", "tile/entries", "tile", "journal/3",
		"journal", ""
	};
	int			i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
	{
		char		path[512];

		snprintf(path, sizeof(path), "%s/%s", directory, all[i]);
		remove(path);
	}
}

static void
fuzz_file(int which, const uint8_t *data, size_t size)
{
	static const char *const replaced[] = {
		"checkpoint", "keys", "tile/0/000.p/3", "tile/entries/000.p/3", "journal/3"
	};

	if (directory[0] == '\0')
	{
		snprintf(directory, sizeof(directory), "%s/fuzz_log.XXXXXX",
				 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		shim_require(mkdtemp(directory) != NULL, "a scratch directory can be made");
		atexit(remove_log);
	}
	put_log();
	read_log();
	put(replaced[which % 5], data, size);
	read_log();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 4)
	{
		case 0:
			fuzz_bundle(data + 1, size - 1);
			break;
		case 1:
			fuzz_frames(data + 1, size - 1);
			break;
		case 2:
			fuzz_framing(data + 1, size - 1);
			break;
		case 3:
			fuzz_file(data[0] / 4, data + 1, size - 1);
			break;
	}
	return 0;
}
