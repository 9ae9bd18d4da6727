/*-------------------------------------------------------------------------
 *
 * verify_proof.c
 *	  Idea: one record, the path from it to a signed head, and nothing else
 *	  (c2sp.org/tlog-proof).
 *
 * Or two heads, and the proof that one log has both of them.
 *
 * What the record says comes from a file, from the extra data of the proof, or
 * from the log, if its directory was named.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/base64.h"
#include "verify/verify.h"

typedef struct Parsed
{
	uint64_t	index;
	JurProof	proof;
	uint8_t    *extra;			/* malloc'd; NULL: none */
	size_t		extra_size;
	const char *note;
	size_t		note_size;
} Parsed;

/* LINE is ended by a zero byte in place of its newline; NULL: there is none */
static char *
next_line(char **text)
{
	char	   *line = *text;
	char	   *newline = strchr(line, '\n');

	if (newline == NULL)
		return NULL;
	*newline = '\0';
	*text = newline + 1;
	return line;
}

static bool
parse_index(const char *line, uint64_t *index)
{
	char		again[64];

	if (line == NULL || strncmp(line, "index ", 6) != 0)
		return false;
	*index = strtoull(line + 6, NULL, 10);
	snprintf(again, sizeof(again), "index %" PRIu64, *index);
	return strcmp(line, again) == 0;
}

static bool
parse(char *text, size_t size, Parsed *parsed)
{
	char	   *end = text + size;
	char	   *line = next_line(&text);

	if (line == NULL || strcmp(line, "c2sp.org/tlog-proof@v1") != 0)
		return false;
	line = next_line(&text);
	if (line != NULL && strncmp(line, "extra ", 6) == 0)
	{
		size_t		length = strlen(line + 6);
		int			extra_size;

		parsed->extra = malloc(length + 1);
		if (parsed->extra == NULL)
			return false;
		extra_size = jur_base64_get(line + 6, length, parsed->extra, length);
		if (extra_size < 0)
			return false;
		parsed->extra_size = extra_size;
		line = next_line(&text);
	}
	if (!parse_index(line, &parsed->index))
		return false;
	while ((line = next_line(&text)) != NULL && *line != '\0')
	{
		JurHash    *hash = &parsed->proof.hashes[parsed->proof.count];

		if (parsed->proof.count == JUR_PROOF_MAX ||
			jur_base64_get(line, strlen(line), hash->bytes, JUR_HASH_SIZE) != JUR_HASH_SIZE)
			return false;
		parsed->proof.count++;
	}
	parsed->note = text;
	parsed->note_size = end - text;
	return line != NULL;
}

static bool
hash_record(JurVerify *verify, const Parsed *parsed, JurHash *leaf)
{
	const uint8_t *data;
	size_t		size;
	JurLogError error;

	if (verify->record != NULL)
	{
		char	   *record = jur_read_text(verify, verify->record, 0, &size);

		if (record == NULL)
			return false;
		jur_merkle_leaf(record, size, leaf);
		free(record);
		return true;
	}
	if (parsed->extra != NULL)
	{
		jur_merkle_leaf(parsed->extra, parsed->extra_size, leaf);
		return true;
	}
	if (verify->directory == NULL)
		return jur_unchecked(verify, "the proof does not hold its record; --record says where it is");
	if (!jur_log_entry(verify->reader, parsed->index, &data, &size, &error))
		return error.is_missing ?
			jur_unchecked(verify, "%s; --record says where the record is", error.text) :
			jur_unread(verify, &error);
	jur_merkle_leaf(data, size, leaf);
	return true;
}

/* the keys of the directory, if there is one */
static bool
open_directory(JurVerify *verify)
{
	JurLogError error;

	if (verify->directory == NULL)
		return verify->pinned.count > 0 ||
			jur_unchecked(verify, "a proof without a directory wants --key");
	verify->reader = jur_log_read(verify->directory, &error);
	if (verify->reader == NULL)
		return jur_unchecked(verify, "%s", error.text);
	verify->listed.count = jur_log_keys(verify->reader, verify->listed.key,
										JUR_VERIFY_KEYS, &error);
	if (verify->listed.count >= 0)
		return true;
	verify->listed.count = 0;
	return verify->pinned.count > 0 || jur_unchecked(verify, "%s", error.text);
}

static bool
verify_parsed(JurVerify *verify, const Parsed *parsed)
{
	JurCheckpoint head;
	JurHash		leaf;
	char		key[JUR_NOTE_MAX];

	if (!open_directory(verify) ||
		!jur_verify_note(verify, parsed->note, parsed->note_size, "the checkpoint of the proof") ||
		!hash_record(verify, parsed, &leaf))
		return false;
	if (!jur_checkpoint_parse(parsed->note, parsed->note_size, &head))
		return jur_tampered(verify, "changed", "the checkpoint of the proof is none");
	if (!jur_merkle_check_inclusion(&leaf, parsed->index, head.size, &parsed->proof, &head.root))
		return jur_tampered(verify, "changed", "the record is not entry %" PRIu64
							" of the log of %" PRIu64 " entries that was signed",
							parsed->index, head.size);
	jur_note_key_text(&verify->signer, key);
	printf("verified: the record is entry %" PRIu64 " of \"%s\", which had %" PRIu64 " entries\n",
		   parsed->index, head.origin, head.size);
	printf("signed by: %s\n", key);
	return true;
}

bool
jur_verify_proof(JurVerify *verify)
{
	Parsed		parsed = {0};
	size_t		size;
	char	   *text = jur_read_text(verify, verify->proof, 1, &size);
	bool		is_right;

	if (text == NULL)
		return false;
	if (!parse(text, size, &parsed))
		is_right = jur_unchecked(verify, "\"%s\" is not a proof", verify->proof);
	else
		is_right = verify_parsed(verify, &parsed);
	free(parsed.extra);
	free(text);
	return is_right;
}

/* -------------------------------------------------------------- two heads */

static bool
read_head(JurVerify *verify, const char *path, const char *what, JurCheckpoint *head)
{
	size_t		size;
	char	   *note = jur_read_text(verify, path, 1, &size);
	bool		is_right;

	if (note == NULL)
		return false;
	if (jur_checkpoint_parse(note, size, head))
		is_right = jur_verify_note(verify, note, size, what);
	else
		is_right = jur_unchecked(verify, "\"%s\" is not a checkpoint", path);
	free(note);
	return is_right;
}

static bool
parse_hashes(char *text, JurProof *proof)
{
	char	   *line;

	while (*text != '\0' && (line = next_line(&text)) != NULL)
	{
		if (*line == '\0')
			continue;
		if (proof->count == JUR_PROOF_MAX ||
			jur_base64_get(line, strlen(line), proof->hashes[proof->count].bytes,
						   JUR_HASH_SIZE) != JUR_HASH_SIZE)
			return false;
		proof->count++;
	}
	return *text == '\0';
}

bool
jur_verify_consistency(JurVerify *verify)
{
	JurCheckpoint older;
	JurCheckpoint newer;
	JurProof	proof = {0};
	size_t		size;
	char	   *text;
	bool		is_proof;

	if (!read_head(verify, verify->since, "the saved checkpoint", &older) ||
		!read_head(verify, verify->head, "the newer checkpoint", &newer))
		return false;
	text = jur_read_text(verify, verify->consistency, 1, &size);
	if (text == NULL)
		return false;
	is_proof = parse_hashes(text, &proof);
	free(text);
	if (!is_proof)
		return jur_unchecked(verify, "\"%s\" is not a proof", verify->consistency);
	if (strcmp(older.origin, newer.origin) != 0)
		return jur_tampered(verify, "another log", "the saved checkpoint is of \"%s\", and the newer one of \"%s\"",
							older.origin, newer.origin);
	if (older.size > newer.size)
		return jur_tampered(verify, "rolled back", "the log had %" PRIu64
							" entries at the saved checkpoint, and %" PRIu64 " at the newer one",
							older.size, newer.size);
	if (!jur_merkle_check_consistency(older.size, &older.root, newer.size, &newer.root, &proof))
		return jur_tampered(verify, "changed", "the proof does not lead from the log of %" PRIu64
							" entries to that of %" PRIu64, older.size, newer.size);
	printf("verified: \"%s\" of %" PRIu64 " entries extends that of %" PRIu64 "\n",
		   newer.origin, newer.size, older.size);
	return true;
}
