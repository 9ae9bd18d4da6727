/*-------------------------------------------------------------------------
 *
 * log_properties.c
 *	  Idea: whatever fails and whenever the power is cut, a log has all that
 *	  it said was durable, extends what it was, and takes entries again.
 *
 * Each round is the life of one log: writers open it, append, sync, sign and
 * change keys at random, and are stopped at any call that reaches the disk
 * (disk_model.h).  An entry says which writer made it: one that was lost and
 * made anew is another one, and must not come back.
 *
 * Usage: log_properties [COUNT]	the sequence of cases is always the same
 *
 * Links: test/fuzz/disk_model.c -DJUR_JOURNAL_STEP=8192 -D_GNU_SOURCE
 * Links: src/evidence/base64.c src/evidence/log_dir_checkpoint.c
 * Links: src/evidence/log_dir_file.c src/evidence/log_dir_journal.c
 * Links: src/evidence/log_dir_journal_write.c src/evidence/log_dir_open.c
 * Links: src/evidence/log_dir_read.c src/evidence/log_dir_write.c
 * Links: src/evidence/merkle.c src/evidence/note.c -lcrypto
 * Links: -Wl,--wrap=open,--wrap=close,--wrap=pwrite,--wrap=fsync,--wrap=fdatasync
 * Links: -Wl,--wrap=rename,--wrap=unlink,--wrap=mkdir,--wrap=rmdir
 * Links: -Wl,--wrap=ftruncate,--wrap=sync_file_range
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/log_dir.h"

#include "disk_model.h"
#include "server_shim.h"

#define ENTRIES_MAX		20000
#define NAME			"jurisdiction/1/0123456789abcdef"

static char directory[256];

/* what the log must be, as far as it said so */
static uint32_t maker[ENTRIES_MAX];	/* which writer made each entry */
static uint64_t size;			/* appended */
static uint64_t synced;			/* durable */
static JurCheckpoint head;		/* signed */
static bool has_head;
static uint32_t writers;
static bool has_one_length;

/* the key that signs, and the one that was to be the next */
static int	key_number;
static int	next_key_number;

static void
make_key(int number, JurNoteKey *key, uint8_t *seed)
{
	memset(seed, number + 1, JUR_SEED_SIZE);
	shim_require(jur_note_key(NAME, seed, key), "a key is made");
}

/* entry SEQ as its maker made it */
static size_t
make_entry(uint64_t seq, char *entry)
{
	uint32_t	mix = (uint32_t) seq * 2654435761u ^ maker[seq] * 40503u;
	size_t		length = has_one_length ? 40 : mix % 97 == 0 ? mix % 20000 : mix % 300;

	memset(entry, 'a' + maker[seq] % 26, length);
	snprintf(entry, length + 1, "%u/%" PRIu64, maker[seq], seq);
	return length;
}

static bool
is_entry(uint64_t seq, const uint8_t *data, size_t length)
{
	static char entry[JUR_ENTRY_MAX + 1];

	return make_entry(seq, entry) == length && memcmp(entry, data, length) == 0;
}

/* ------------------------------------------------------------------ reading */

/* what an auditor finds who has the keys of the directory */
static void
check_as_reader(void)
{
	static JurNoteKey keys[64];
	JurLogError error;
	JurLogReader *reader = jur_log_read(directory, &error);
	JurCheckpoint found;
	JurHash		root;
	const char *note;
	size_t		note_size;
	uint64_t	seq;
	int			nkeys;
	int			i;
	bool		is_signed = false;

	if (reader == NULL)
	{
		shim_require(!has_head && error.is_missing, "a head that was signed is there");
		return;
	}
	note = jur_log_note(reader, &note_size);
	nkeys = jur_log_keys(reader, keys, 64, &error);
	for (i = 0; i < nkeys; i++)
		is_signed |= jur_checkpoint_open(note, note_size, &keys[i], &found) == JUR_NOTE_VERIFIED;
	shim_require(is_signed, "the head is signed by a key of the directory");
	shim_require(!has_head || found.size >= head.size, "the log is not rolled back");
	shim_require(found.size <= size, "nothing was signed that was not appended");
	shim_require(jur_merkle_root(found.size, jur_log_hash, reader, &root) &&
				 jur_merkle_equal(&root, &found.root), "the tiles give the root");
	if (has_head)
		shim_require(jur_merkle_root(head.size, jur_log_hash, reader, &root) &&
					 jur_merkle_equal(&root, &head.root), "the log extends what it was");
	for (seq = 0; seq < found.size; seq++)
	{
		const uint8_t *data;
		size_t		length;
		JurHash		leaf;
		JurHash		stored;

		shim_require(jur_log_entry(reader, seq, &data, &length, &error) &&
					 is_entry(seq, data, length), "every entry is what was appended");
		jur_merkle_leaf(data, length, &leaf);
		shim_require(jur_log_hash(reader, 0, seq, &stored) && jur_merkle_equal(&leaf, &stored),
					 "and has its leaf hash");
	}
	for (; seq < synced; seq++)
	{
		const uint8_t *data;
		size_t		length;

		shim_require(jur_log_tail_entry(reader, seq, &data, &length, &error) &&
					 is_entry(seq, data, length), "what was durable is in the journal");
	}
	jur_log_read_end(reader);
}

/* ------------------------------------------------------------------ writing */

/* with the key that signed last; after a cut while it changed, that may be the next */
static JurLogWriter *
open_log(JurLogFound *found, JurLogError *error)
{
	JurNoteKey	key;
	uint8_t		seed[JUR_SEED_SIZE];
	JurLogWriter *writer;

	make_key(key_number, &key, seed);
	writer = jur_log_open(directory, &key, seed, found, error);
	if (writer == NULL && error->is_damaged && next_key_number != key_number)
	{
		make_key(next_key_number, &key, seed);
		writer = jur_log_open(directory, &key, seed, found, error);
		if (writer != NULL)
			key_number = next_key_number;
	}
	return writer;
}

/* CALL once more while it fails because the disk was told to fail once */
#define TRY(call) \
	do { \
		done = (call); \
		shim_require(done || disk_is_cut() || disk_has_failed(), "nothing fails by itself"); \
		shim_require(done || error.text[0] != '\0', "a failure says what it is"); \
		if (done || disk_is_cut()) \
			break; \
		disk_fail_after(disk_random(3) == 0 ? (int) disk_random(20) : -1); \
	} while (true)

static void
note_head(const JurLogWriter *writer)
{
	head = *jur_log_written_head(writer);
	has_head = true;
	shim_require(head.size == size && jur_log_signed_size(writer) == size,
				 "a checkpoint covers everything");
	synced = size;
}

static bool
change_key(JurLogWriter *writer, JurLogError *result)
{
	JurNoteKey	key;
	uint8_t		seed[JUR_SEED_SIZE];
	JurLogError error;
	bool		done;

	next_key_number = (key_number + 1) % 20;
	make_key(next_key_number, &key, seed);
	TRY(jur_log_change_key(writer, &key, seed, &error));
	*result = error;
	if (done)
	{
		key_number = next_key_number;
		note_head(writer);
	}
	return done;
}

/* false: the power was cut */
static bool
take_step(JurLogWriter *writer)
{
	static char entry[JUR_ENTRY_MAX + 1];
	JurLogError error;
	bool		done;
	uint64_t	count;

	switch (disk_random(8))
	{
		case 0:
			count = disk_random(600);
			break;
		case 1:
		case 2:
		case 3:
			count = disk_random(20);
			break;
		case 4:
			if (disk_random(6) == 0)
				return change_key(writer, &error);
			count = 0;
			break;
		case 5:
		case 6:
			TRY(jur_log_sync(writer, &error));
			if (done)
				synced = size;
			return done;
		default:
			TRY(jur_log_checkpoint(writer, &error));
			if (done)
				note_head(writer);
			return done;
	}
	for (; count > 0 && size < ENTRIES_MAX; count--)
	{
		size_t		length;

		maker[size] = writers;
		length = make_entry(size, entry);
		shim_require(jur_log_append(writer, entry, length, &error), "appending needs no disk");
		size++;
		shim_require(jur_log_size(writer) == size, "the log counts what it took");
	}
	return true;
}

/* one writer, until it closes the log, is cut off, or had enough */
static void
run_writer(void)
{
	JurLogError error;
	JurLogFound found;
	JurLogWriter *writer;
	int			steps = disk_random(40);

	writers++;
	if (disk_random(3) == 0)
		disk_fail_after(disk_random(60));
	else
		disk_cut_after(disk_random(disk_random(2) == 0 ? 60 : 600));
	do
	{
		writer = open_log(&found, &error);
		shim_require(writer != NULL || disk_is_cut() || disk_has_failed(),
					 writer != NULL ? "" : error.text);
		if (writer == NULL && disk_has_failed() && !disk_is_cut())
			disk_fail_after(-1);
	} while (writer == NULL && !disk_is_cut());
	if (writer != NULL)
	{
		shim_require(jur_log_size(writer) >= synced && jur_log_size(writer) <= size,
					 "what was durable is there, and no more than was appended");
		shim_require(found.recovered == jur_log_size(writer) - jur_log_signed_size(writer),
					 "what is not signed was recovered");
		shim_require(!has_head || jur_log_signed_size(writer) >= head.size,
					 "and what was signed is signed");
		size = synced = jur_log_size(writer);
		head = *jur_log_written_head(writer);
		has_head = true;
		while (steps-- > 0 && take_step(writer))
			;
		jur_log_close(writer);
	}
	disk_restart(disk_random(4) == 0);
}

static void
run_log(uint64_t round)
{
	int			lives = disk_random(8) + 1;

	disk_seed(round);
	disk_watch(directory);
	size = synced = 0;
	memset(&head, 0, sizeof(head));
	has_head = false;
	key_number = next_key_number = 0;
	has_one_length = disk_random(2) == 0;
	while (lives-- > 0)
	{
		run_writer();
		check_as_reader();
	}
}

int
main(int argc, char **argv)
{
	int			count = argc > 1 ? atoi(argv[1]) : 20000;
	const char *tmp = getenv("TMPDIR");
	int			i;

	/* in memory where that is possible: the disk is a model anyway */
	snprintf(directory, sizeof(directory), "%s/log_properties.XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : tmp != NULL ? tmp : "/tmp");
	shim_require(mkdtemp(directory) != NULL, "a scratch directory can be made");
	for (i = 0; i < count / 100; i++)
		run_log(i);
	disk_forget();
	rmdir(directory);
	return 0;
}
