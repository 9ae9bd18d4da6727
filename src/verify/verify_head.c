/*-------------------------------------------------------------------------
 *
 * verify_head.c
 *	  Idea: who signed the head, whether it is the key that should have, and
 *	  whether it goes on from an older one.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "verify/verify.h"

/* --key: the key itself, or a file with one a line */
bool
jur_verify_pin(JurVerify *verify)
{
	JurKeys    *pinned = &verify->pinned;
	char	   *text;
	char	   *line;
	char	   *rest;
	size_t		size;

	if (verify->key == NULL)
		return true;
	if (jur_note_key_parse(verify->key, &pinned->key[0]))
	{
		pinned->count = 1;
		return true;
	}
	text = jur_read_whole(verify, verify->key, &size);
	if (text == NULL)
		return false;
	for (line = strtok_r(text, "\r\n", &rest); line != NULL && pinned->count < JUR_VERIFY_KEYS;
		 line = strtok_r(NULL, "\r\n", &rest))
	{
		if (!jur_note_key_parse(line, &pinned->key[pinned->count]))
		{
			free(text);
			return jur_unchecked(verify, "\"%s\" has a line that is not a key", verify->key);
		}
		pinned->count++;
	}
	free(text);
	return pinned->count > 0 ||
		jur_unchecked(verify, "there is no key in \"%s\"", verify->key);
}

static bool
read_listed(JurVerify *verify)
{
	JurLogError error;

	verify->listed.count = jur_log_keys(verify->reader, verify->listed.key,
										JUR_VERIFY_KEYS, &error);
	if (verify->listed.count > 0)
		return true;
	if (verify->listed.count == 0)
		return jur_unchecked(verify, "there is no key in \"%s/keys\"", verify->directory);
	verify->listed.count = 0;
	/* with a pinned key they are only good for a clearer sentence */
	if (verify->pinned.count > 0 && error.is_missing)
		return true;
	return error.is_missing ? jur_unchecked(verify, "%s; --key says who should have signed", error.text)
		: jur_unread(verify, &error);
}

static bool
is_same_key(const JurNoteKey *a, const JurNoteKey *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool
jur_is_trusted(const JurVerify *verify, const JurNoteKey *key)
{
	int			i;

	for (i = 0; i < verify->trusted.count; i++)
	{
		if (is_same_key(&verify->trusted.key[i], key))
			return true;
	}
	return false;
}

void
jur_trust(JurVerify *verify, const JurNoteKey *key)
{
	if (!jur_is_trusted(verify, key) && verify->trusted.count < JUR_VERIFY_KEYS)
		verify->trusted.key[verify->trusted.count++] = *key;
}

/* the best that any of the keys can say of the note */
static JurNoteStatus
try_keys(const JurKeys *keys, const char *note, size_t size, JurNoteKey *signer)
{
	JurNoteStatus best = JUR_NOTE_UNSIGNED;
	JurCheckpoint head;
	int			i;

	for (i = 0; i < keys->count; i++)
	{
		JurNoteStatus status = jur_checkpoint_open(note, size, &keys->key[i], &head);

		if (status == JUR_NOTE_MALFORMED)
			return status;
		if (status == JUR_NOTE_VERIFIED && strcmp(keys->key[i].name, head.origin) == 0)
		{
			*signer = keys->key[i];
			return status;
		}
		if (status == JUR_NOTE_FORGED)
			best = status;
	}
	return best;
}

static bool
is_pinned_by_name(const JurVerify *verify, const char *origin)
{
	int			i;

	for (i = 0; i < verify->pinned.count; i++)
	{
		if (strcmp(verify->pinned.key[i].name, origin) == 0)
			return true;
	}
	return false;
}

/* WHAT: how to call the note in a sentence */
bool
jur_verify_note(JurVerify *verify, const char *note, size_t size, const char *what)
{
	bool		is_pinned = verify->pinned.count > 0;
	JurNoteKey	other;
	JurCheckpoint head;

	switch (try_keys(is_pinned ? &verify->pinned : &verify->listed, note, size,
					 &verify->signer))
	{
		case JUR_NOTE_VERIFIED:
			return true;
		case JUR_NOTE_MALFORMED:
			return jur_tampered(verify, "changed", "%s is not a checkpoint", what);
		case JUR_NOTE_FORGED:
			return jur_tampered(verify, "forged", "the signature of %s is not right", what);
		case JUR_NOTE_UNSIGNED:
			break;
	}
	if (jur_checkpoint_parse(note, size, &head) && is_pinned &&
		is_pinned_by_name(verify, head.origin) &&
		try_keys(&verify->listed, note, size, &other) == JUR_NOTE_VERIFIED)
	{
		char		text[JUR_NOTE_MAX];

		jur_note_key_text(&other, text);
		return jur_tampered(verify, "re-signed",
							"%s is signed by %s, not by the key that was pinned", what, text);
	}
	return jur_tampered(verify, "wrong key", "%s, of \"%s\", is not signed by %s", what, head.origin,
						is_pinned ? "the key that was pinned" : "any key of the log");
}

/*
 * The same of a head of the log, which may also be signed by a key that the
 * pinned one has handed over to: jur_verify_signer() knows, after the records.
 */
bool
jur_verify_log_note(JurVerify *verify, const char *note, size_t size)
{
	JurCheckpoint head;

	if (verify->pinned.count > 0 && jur_checkpoint_parse(note, size, &head) &&
		is_pinned_by_name(verify, head.origin) &&
		try_keys(&verify->pinned, note, size, &verify->signer) == JUR_NOTE_UNSIGNED &&
		try_keys(&verify->listed, note, size, &verify->signer) == JUR_NOTE_VERIFIED)
		return true;
	return jur_verify_note(verify, note, size, "the checkpoint");
}

/* --since: signed by a key that the log has or had; until it is known, it vouches */
static bool
read_saved(JurVerify *verify)
{
	const JurCheckpoint *head = jur_log_head(verify->reader);
	JurNoteKey	signer;
	JurNoteStatus status;
	size_t		size;
	char	   *note;

	if (verify->since == NULL)
		return true;
	note = jur_read_text(verify, verify->since, 1, &size);
	if (note == NULL)
		return false;
	if (!jur_checkpoint_parse(note, size, &verify->saved))
	{
		free(note);
		return jur_unchecked(verify, "\"%s\" is not a checkpoint", verify->since);
	}
	status = try_keys(&verify->pinned, note, size, &signer);
	if (status != JUR_NOTE_VERIFIED)
		status = try_keys(&verify->listed, note, size, &signer);
	free(note);
	if (strcmp(verify->saved.origin, head->origin) != 0)
		return jur_tampered(verify, "another log", "the saved checkpoint is of \"%s\", and this log is \"%s\"",
							verify->saved.origin, head->origin);
	if (status != JUR_NOTE_VERIFIED)
		return jur_tampered(verify, "re-signed",
							"the saved checkpoint is signed by none of the keys that the log shows now");
	if (verify->pinned.count == 0)
	{
		verify->trusted.count = 1;
		verify->trusted.key[0] = signer;
	}
	return true;
}

/* whom to believe: what was pinned, else what was saved, else the log's first key */
static bool
find_trusted(JurVerify *verify)
{
	verify->trusted = verify->pinned;
	if (verify->pinned.count == 0)
	{
		verify->trusted.count = 1;
		verify->trusted.key[0] = verify->listed.key[verify->listed.count - 1];
	}
	return read_saved(verify);
}

/* a place where no log is, or one that lost its head? */
static bool
explain_no_head(JurVerify *verify, const JurLogError *error)
{
	char		path[JUR_PATH_MAX + 8];
	struct stat status;

	snprintf(path, sizeof(path), "%s/tile", verify->directory);
	if (error->is_missing && stat(path, &status) == 0)
		return jur_tampered(verify, "removed", "%s, and there are entries", error->text);
	snprintf(path, sizeof(path), "%s/.", verify->directory);
	if (error->is_missing || stat(path, &status) != 0)
		return jur_unchecked(verify, "%s; is this the directory of a log?", error->text);
	return jur_unread(verify, error);
}

bool
jur_verify_head(JurVerify *verify)
{
	JurLogError error;
	const char *note;
	size_t		size;

	verify->reader = jur_log_read(verify->directory, &error);
	if (verify->reader == NULL)
		return explain_no_head(verify, &error);
	note = jur_log_note(verify->reader, &size);
	return read_listed(verify) && jur_verify_log_note(verify, note, size) &&
		find_trusted(verify);
}

bool
jur_verify_extends(JurVerify *verify, JurLogReader *reader, const JurCheckpoint *older,
				   const JurCheckpoint *newer, const char *what)
{
	JurProof	proof;

	if (strcmp(older->origin, newer->origin) != 0)
		return jur_tampered(verify, "another log", "the log was \"%s\" at %s, and is \"%s\"",
							older->origin, what, newer->origin);
	if (older->size > newer->size)
		return jur_tampered(verify, "rolled back", "the log had %" PRIu64 " entries at %s, and has %" PRIu64,
							older->size, what, newer->size);
	if (!jur_merkle_prove_consistency(older->size, newer->size, jur_log_hash, reader, &proof))
		return jur_unread(verify, jur_log_hash_error(reader));
	if (!jur_merkle_check_consistency(older->size, &older->root, newer->size, &newer->root, &proof))
		return jur_tampered(verify, "forked",
							"the first %" PRIu64 " entries are not those of %s, though both are signed",
							older->size, what);
	return true;
}

bool
jur_verify_since(JurVerify *verify)
{
	return verify->since == NULL ||
		jur_verify_extends(verify, verify->reader, &verify->saved,
						   jur_log_head(verify->reader), "the saved checkpoint");
}

typedef struct Handovers
{
	JurVerify  *verify;
	bool		are_true;
} Handovers;

static bool
read_handover(void *arg, const char *note, size_t size)
{
	Handovers  *handovers = arg;
	JurVerify  *verify = handovers->verify;
	JurCheckpoint then;
	JurNoteKey	next;

	if (!jur_handover_open(note, size, verify->trusted.key, verify->trusted.count, &then, &next) ||
		jur_is_trusted(verify, &next))
		return true;
	handovers->are_true = jur_verify_extends(verify, verify->reader, &then,
											 jur_log_head(verify->reader), "a handover");
	if (handovers->are_true)
		jur_trust(verify, &next);
	return handovers->are_true;
}

/*
 * The handovers that lie beside the log.  Each is signed by a key that is
 * trusted by now, or is passed over: the records tell the same, as long as
 * they are there.
 */
static bool
read_handovers(JurVerify *verify)
{
	Handovers	handovers = {verify, true};
	JurLogError error;

	if (!jur_log_handovers(verify->reader, read_handover, &handovers, &error))
		return jur_unread(verify, &error);
	return handovers.are_true;
}

/* not by whom it should be, and no record that is there hands over to him */
static bool
explain_signer(JurVerify *verify, const char *signer)
{
	const char *right = verify->pinned.count > 0 ? "the key that was pinned" :
		verify->since != NULL ? "the one that signed the saved checkpoint" : "the log's first one";

	/* a record of it cannot be older than the head that the old key signed */
	if (verify->dropped == 0 ||
		(verify->pinned.count == 0 && verify->since != NULL &&
		 verify->retained_from < verify->saved.size))
		return jur_tampered(verify, "re-signed",
							"the checkpoint is signed by %s, not by %s, which has not handed over to it",
							signer, right);
	/* the directory is believed anyway */
	if (verify->pinned.count == 0 && verify->since == NULL)
		return true;
	return jur_unchecked(verify, "the checkpoint is signed by %s, not by %s; a record in which that hands over to it may be among those that were dropped: --key says whom to believe",
						 signer, right);
}

/*
 * The last record of a rotation says which key signs from then on.  While the
 * rotation is being made the old one still does.
 */
bool
jur_verify_signer(JurVerify *verify)
{
	char		text[JUR_NOTE_MAX];

	jur_note_key_text(&verify->signer, text);
	if (!jur_is_trusted(verify, &verify->signer) && !read_handovers(verify))
		return false;
	if (!jur_is_trusted(verify, &verify->signer) && !explain_signer(verify, text))
		return false;
	if (verify->rotated_to[0] == '\0')
		return true;
	if (strcmp(text, verify->rotated_to) == 0 || strcmp(text, verify->rotated_from) == 0)
		return true;
	return jur_tampered(verify, "re-signed",
						"record %" PRIu64 " says that %s signs from then on, and %s did",
						verify->rotation_seq, verify->rotated_to, text);
}
