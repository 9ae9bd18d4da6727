/*-------------------------------------------------------------------------
 *
 * log_tool.c
 *	  Idea: a log made by the writer that the server uses, from lines of text,
 *	  for the tests to read, and to do to it what must be found out.
 *
 * Usage: log_tool key ORIGIN SEED				the public key, as text
 *		  log_tool append DIR ORIGIN SEED [BATCH [CHECKPOINT]]
 *		  log_tool rotate DIR ORIGIN SEED NEWSEED
 *		  log_tool prove DIR SEQ				a proof, as c2sp.org/tlog-proof has it
 *		  log_tool consistency DIR SIZE1 SIZE2	hashes in base64
 *		  log_tool sign ORIGIN SEED SIZE ROOT	a checkpoint; ROOT in base64
 *
 * SEED is 64 hexadecimal digits.  "append" reads entries from standard input,
 * one a line, syncs after every BATCH of them (100), signs after every
 * CHECKPOINT (at the end; 0: never), and prints the size of the log.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/base64.h"
#include "evidence/log_dir.h"

static void
die(const char *what)
{
	fprintf(stderr, "log_tool: %s\n", what);
	exit(1);
}

static void
make_key(const char *origin, const char *hex, JurNoteKey *key, uint8_t *seed)
{
	int			i;

	for (i = 0; i < JUR_SEED_SIZE; i++)
	{
		unsigned	byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			die("not a seed");
		seed[i] = byte;
	}
	if (!jur_note_key(origin, seed, key))
		die("no key can be made");
}

static JurLogWriter *
open_log(const char *directory, const char *origin, const char *hex)
{
	JurNoteKey	key;
	uint8_t		seed[JUR_SEED_SIZE];
	JurLogFound found;
	JurLogError error;
	JurLogWriter *writer;

	make_key(origin, hex, &key, seed);
	writer = jur_log_open(directory, &key, seed, &found, &error);
	if (writer == NULL)
		die(error.text);
	if (found.recovered > 0 || found.torn > 0)
		fprintf(stderr, "recovered %" PRIu64 ", torn %" PRIu64 "\n",
				found.recovered, found.torn);
	return writer;
}

static void
append(JurLogWriter *writer, uint64_t batch, uint64_t checkpoint, bool signs)
{
	JurLogError error;
	char	   *line = NULL;
	size_t		room = 0;
	ssize_t		length;
	uint64_t	count = 0;

	while ((length = getline(&line, &room, stdin)) >= 0)
	{
		if (length > 0 && line[length - 1] == '\n')
			length--;
		if (!jur_log_append(writer, line, length, &error))
			die(error.text);
		count++;
		if (count % batch == 0 && !jur_log_sync(writer, &error))
			die(error.text);
		if (checkpoint > 0 && count % checkpoint == 0 && !jur_log_checkpoint(writer, &error))
			die(error.text);
	}
	free(line);
	if (!jur_log_sync(writer, &error) || (signs && !jur_log_checkpoint(writer, &error)))
		die(error.text);
	printf("%" PRIu64 "\n", jur_log_size(writer));
}

static void
print_proof(const JurProof *proof)
{
	int			i;

	for (i = 0; i < proof->count; i++)
	{
		char		text[JUR_BASE64_SIZE(JUR_HASH_SIZE) + 1];

		jur_base64_put(proof->hashes[i].bytes, JUR_HASH_SIZE, text);
		printf("%s\n", text);
	}
}

static void
prove_consistency(const char *directory, uint64_t size1, uint64_t size2)
{
	JurLogError error;
	JurLogReader *reader = jur_log_read(directory, &error);
	JurProof	proof;

	if (reader == NULL)
		die(error.text);
	if (!jur_merkle_prove_consistency(size1, size2, jur_log_hash, reader, &proof))
		die(jur_log_hash_error(reader)->text);
	print_proof(&proof);
	jur_log_read_end(reader);
}

static void
prove(const char *directory, uint64_t seq)
{
	JurLogError error;
	JurLogReader *reader = jur_log_read(directory, &error);
	JurProof	proof;
	size_t		size;
	const char *note;

	if (reader == NULL)
		die(error.text);
	if (!jur_merkle_prove_inclusion(seq, jur_log_head(reader)->size, jur_log_hash,
									reader, &proof))
		die(jur_log_hash_error(reader)->text);
	printf("c2sp.org/tlog-proof@v1\nindex %" PRIu64 "\n", seq);
	print_proof(&proof);
	note = jur_log_note(reader, &size);
	printf("\n%.*s", (int) size, note);
	jur_log_read_end(reader);
}

static void
sign(const char *origin, const char *hex, const char *size, const char *root)
{
	JurNoteKey	key;
	uint8_t		seed[JUR_SEED_SIZE];
	JurCheckpoint head;
	char		note[JUR_NOTE_MAX];

	make_key(origin, hex, &key, seed);
	memset(&head, 0, sizeof(head));
	strcpy(head.origin, origin);
	head.size = strtoull(size, NULL, 10);
	if (jur_base64_get(root, strlen(root), head.root.bytes, JUR_HASH_SIZE) != JUR_HASH_SIZE ||
		jur_checkpoint_sign(&head, &key, seed, note) == 0)
		die("cannot sign that");
	fputs(note, stdout);
}

int
main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	JurNoteKey	key;
	uint8_t		seed[JUR_SEED_SIZE];
	JurLogError error;

	if (strcmp(command, "key") == 0 && argc == 4)
	{
		char		text[JUR_NOTE_MAX];

		make_key(argv[2], argv[3], &key, seed);
		jur_note_key_text(&key, text);
		puts(text);
	}
	else if (strcmp(command, "append") == 0 && argc >= 5)
	{
		JurLogWriter *writer = open_log(argv[2], argv[3], argv[4]);
		uint64_t	batch = argc > 5 ? strtoull(argv[5], NULL, 10) : 100;
		uint64_t	checkpoint = argc > 6 ? strtoull(argv[6], NULL, 10) : UINT64_MAX;

		append(writer, batch, checkpoint, checkpoint > 0);
		jur_log_close(writer);
	}
	else if (strcmp(command, "rotate") == 0 && argc == 6)
	{
		JurLogWriter *writer = open_log(argv[2], argv[3], argv[4]);

		make_key(argv[3], argv[5], &key, seed);
		if (!jur_log_change_key(writer, &key, seed, &error))
			die(error.text);
		jur_log_close(writer);
	}
	else if (strcmp(command, "prove") == 0 && argc == 4)
		prove(argv[2], strtoull(argv[3], NULL, 10));
	else if (strcmp(command, "consistency") == 0 && argc == 5)
		prove_consistency(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	else if (strcmp(command, "sign") == 0 && argc == 6)
		sign(argv[2], argv[3], argv[4], argv[5]);
	else
		die("what is to be done?");
	return 0;
}
