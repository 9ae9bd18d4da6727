/*-------------------------------------------------------------------------
 *
 * log_fill.c
 *	  Idea: the past that a server's log would have by now, without waiting
 *	  for it: what reading a long log costs does not depend on who wrote it.
 *
 * Usage: log_fill DIRECTORY KEY SIZE TOLD
 *
 * Appends records to the log in DIRECTORY, which no server writes now and
 * which KEY signs, until it has SIZE entries.  They are as statements leave
 * them, of some 600 bytes, of the thirty days before the last hour and, the
 * newest 100, of that hour.  50 of them, spread over all, name the table
 * "public.rare"; 50 others were of the role "rare", 50 others found the label
 * "FR:secret/rare".  Each TOLDth tells of the head that there was, as the
 * server does after a checkpoint: once a second, so often on a quiet server.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evidence/base64.h"
#include "evidence/log_dir.h"

#define RARE		50
#define LAST_HOUR	100
#define DAYS		30
#define SIGNED		20000		/* entries between two checkpoints */

/* the tree so far: complete subtrees, the root of the one of 2^L leaves at L */
typedef struct Tree
{
	uint64_t	size;
	JurHash		parts[64];
} Tree;

static void
fail(const char *what)
{
	fprintf(stderr, "log_fill: %s\n", what);
	exit(1);
}

static void
require(bool done, const JurLogError *error)
{
	if (!done)
		fail(error->text);
}

/* ------------------------------------------------------------------- the tree */

static void
read_tree(const char *directory, uint64_t size, Tree *tree)
{
	JurLogError error;
	JurLogReader *reader = jur_log_read(directory, &error);
	int			level;

	require(reader != NULL, &error);
	tree->size = size;
	for (level = 0; level < 64; level++)
		if ((size >> level & 1) != 0 &&
			!jur_log_hash(reader, level, (size >> level) - 1, &tree->parts[level]))
			fail(jur_log_hash_error(reader)->text);
	jur_log_read_end(reader);
}

static void
add_leaf(Tree *tree, const char *entry, size_t size)
{
	JurHash		hash;
	int			level;

	jur_merkle_leaf(entry, size, &hash);
	for (level = 0; (tree->size >> level & 1) != 0; level++)
		jur_merkle_node(&tree->parts[level], &hash, &hash);
	tree->parts[level] = hash;
	tree->size++;
}

static JurHash
root_of(const Tree *tree)
{
	int			level = __builtin_ctzll(tree->size);
	JurHash		hash = tree->parts[level];

	while (++level < 64)
		if ((tree->size >> level & 1) != 0)
			jur_merkle_node(&tree->parts[level], &hash, &hash);
	return hash;
}

/* ---------------------------------------------------------------- the records */

static int
write_time(char *out, size_t room, int64_t time)
{
	time_t		seconds = time / 1000000;
	struct tm	parts;
	char		text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	return snprintf(out, room, "%s.%06dZ", text, (int) (time % 1000000));
}

static int
checkpoint_record(char *out, size_t room, const char *when, const Tree *tree)
{
	JurHash		root = root_of(tree);
	char		text[64];

	text[jur_base64_put(root.bytes, JUR_HASH_SIZE, text)] = '\0';
	return snprintf(out, room, "{\"v\":1,\"event\":\"checkpoint\",\"time\":\"%s\",\"node\":\"bench\","
					"\"site\":\"DE\",\"size\":%" PRIu64 ",\"root\":\"%s\"}", when, tree->size, text);
}

/* WHICH of the rare things it names: 0, 1, 2; any other: none */
static int
statement_record(char *out, size_t room, const char *when, uint64_t n, uint64_t which)
{
	char		user[16];
	char		table[16];

	snprintf(user, sizeof(user), which == 1 ? "rare" : "user%d", (int) (n % 23));
	snprintf(table, sizeof(table), which == 0 ? "rare" : "table%d", (int) (n % 19));
	return snprintf(out, room, "{\"v\":1,\"event\":\"statement\",\"time\":\"%s\",\"node\":\"bench\","
					"\"site\":\"DE\",\"id\":\"%x.3044ba53836c9.%" PRIx64 "\",\"database\":\"postgres\","
					"\"user\":\"%s\",\"role\":\"%s\",\"client\":\"192.0.2.%d\",\"application\":\"clinic\","
					"\"places\":[\"US\"],\"clearance\":[\"confidential/health\"],\"command\":\"SELECT\","
					"\"digest\":\"53722024456850%d\",\"tables\":[\"public.%s\"],\"decisions\":["
					"{\"label\":\"DE:confidential/health\",\"action\":\"read\",\"verdict\":\"allow\",\"rows\":%d,"
					"\"why\":[{\"atom\":\"DE:confidential/health\",\"to\":\"US\",\"by\":\"rule\",\"rule\":\"1\"}]},"
					"{\"label\":\"%s\",\"action\":\"read\",\"verdict\":\"deny\",\"rows\":1}],"
					"\"rows\":%d,\"outcome\":\"completed\"}",
					when, (unsigned) (n % 40000), n, user, user, (int) (n % 250),
					(int) (10000 + n % 300), table, (int) (n % 7),
					which == 2 ? "FR:secret/rare" : "US:confidential/health", (int) (n % 7));
}

/* which rare thing record I of COUNT names, so that each is named RARE times */
static uint64_t
rare_at(uint64_t i, uint64_t count)
{
	uint64_t	stride = count / (3 * RARE + 1);

	return stride > 0 && i % stride == stride / 2 && i / stride < 3 * RARE ? i / stride % 3 : 3;
}

int
main(int argc, char **argv)
{
	static char entry[JUR_ENTRY_MAX + 1];
	uint8_t		seed[JUR_SEED_SIZE];
	char		when[40];
	JurNoteKey	key;
	JurCheckpoint head;
	JurLogFound found;
	JurLogError error;
	JurLogReader *reader;
	JurLogWriter *writer;
	Tree		tree;
	FILE	   *file;
	int64_t		now = (int64_t) time(NULL) * 1000000;
	int64_t		hour = INT64_C(3600) * 1000000;
	uint64_t	told;
	uint64_t	count;
	uint64_t	i;

	if (argc != 5)
		fail("usage: log_fill DIRECTORY KEY SIZE TOLD");
	file = fopen(argv[2], "rb");
	if (file == NULL || fread(seed, 1, sizeof(seed), file) != sizeof(seed))
		fail("there is no key");
	fclose(file);
	told = strtoull(argv[4], NULL, 10);

	reader = jur_log_read(argv[1], &error);
	require(reader != NULL, &error);
	head = *jur_log_head(reader);
	jur_log_read_end(reader);
	if (!jur_note_key(head.origin, seed, &key))
		fail("the key is none");
	writer = jur_log_open(argv[1], &key, seed, &found, &error);
	require(writer != NULL, &error);
	if (found.recovered > 0)
		fail("the server that wrote the log did not stop");
	read_tree(argv[1], head.size, &tree);
	count = strtoull(argv[3], NULL, 10);
	count = count > head.size ? count - head.size : 0;

	for (i = 0; i < count; i++)
	{
		int64_t		at = count - i <= LAST_HOUR ? now - hour * (int64_t) (count - i) / (LAST_HOUR + 1) :
			now - hour - hour * 24 * DAYS * (int64_t) (count - i) / (int64_t) count;
		uint64_t	rare = rare_at(i, count);
		int			size;

		write_time(when, sizeof(when), at);
		if (i % told == told - 1 && rare == 3)
			size = checkpoint_record(entry, sizeof(entry), when, &tree);
		else
			size = statement_record(entry, sizeof(entry), when, i, rare);
		add_leaf(&tree, entry, size);
		require(jur_log_append(writer, entry, size, &error), &error);
		if (i % SIGNED == SIGNED - 1 || i + 1 == count)
			require(jur_log_checkpoint(writer, &error), &error);
	}
	jur_log_close(writer);
	return 0;
}
