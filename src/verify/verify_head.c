/*-------------------------------------------------------------------------
 *
 * verify_head.c
 *	  Idea: who signed the head, whether it is the key that should have, and
 *	  whether it goes on from an older one.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* the best that any of the keys can say of the note */
static JurNoteStatus
try_keys(const JurKeys *keys, const char *note, size_t size, const JurNoteKey **signer)
{
	JurNoteStatus best = JUR_NOTE_UNSIGNED;
	JurCheckpoint head;
	int			i;

	*signer = NULL;
	for (i = 0; i < keys->count; i++)
	{
		JurNoteStatus status = jur_checkpoint_open(note, size, &keys->key[i], &head);

		if (status == JUR_NOTE_MALFORMED)
			return status;
		if (status == JUR_NOTE_VERIFIED && strcmp(keys->key[i].name, head.origin) == 0)
		{
			*signer = &keys->key[i];
			return status;
		}
		if (status == JUR_NOTE_FORGED)
			best = status;
	}
	return best;
}

/* WHAT: how to call the note in a sentence */
bool
jur_verify_note(JurVerify *verify, const char *note, size_t size, const char *what)
{
	bool		is_pinned = verify->pinned.count > 0;
	const JurNoteKey *other;
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
		try_keys(&verify->listed, note, size, &other) == JUR_NOTE_VERIFIED)
	{
		char		text[JUR_NOTE_MAX];
		int			i;

		jur_note_key_text(other, text);
		for (i = 0; i < verify->pinned.count; i++)
		{
			if (strcmp(verify->pinned.key[i].name, head.origin) == 0)
				return jur_tampered(verify, "re-signed",
									"%s is signed by %s, not by the key that was pinned", what, text);
		}
	}
	return jur_tampered(verify, "wrong key", "%s, of \"%s\", is not signed by %s", what, head.origin,
						is_pinned ? "the key that was pinned" : "any key of the log");
}

bool
jur_verify_head(JurVerify *verify)
{
	JurLogError error;
	const char *note;
	size_t		size;

	verify->reader = jur_log_read(verify->directory, &error);
	if (verify->reader == NULL)
	{
		/* a place where no log is, or one that lost its head? */
		if (error.is_missing)
			return jur_unchecked(verify, "%s; is this the directory of a log?", error.text);
		return jur_unread(verify, &error);
	}
	note = jur_log_note(verify->reader, &size);
	return read_listed(verify) && jur_verify_note(verify, note, size, "the checkpoint");
}

/* the saved checkpoint is signed by a key that the log has or had */
static bool
verify_saved(JurVerify *verify, const char *note, size_t size, JurCheckpoint *saved)
{
	const JurNoteKey *signer;
	const JurCheckpoint *head = jur_log_head(verify->reader);

	if (!jur_checkpoint_parse(note, size, saved))
		return jur_unchecked(verify, "\"%s\" is not a checkpoint", verify->since);
	if (strcmp(saved->origin, head->origin) != 0)
		return jur_tampered(verify, "another log", "the saved checkpoint is of \"%s\", and this log is \"%s\"",
							saved->origin, head->origin);
	if (try_keys(&verify->pinned, note, size, &signer) == JUR_NOTE_VERIFIED ||
		try_keys(&verify->listed, note, size, &signer) == JUR_NOTE_VERIFIED)
		return true;
	return jur_tampered(verify, "re-signed",
						"the saved checkpoint is signed by none of the keys that the log shows now");
}

bool
jur_verify_since(JurVerify *verify)
{
	const JurCheckpoint *head = jur_log_head(verify->reader);
	JurCheckpoint saved;
	JurHash		root;
	char	   *note;
	size_t		size;
	bool		is_right;

	if (verify->since == NULL)
		return true;
	note = jur_read_text(verify, verify->since, 1, &size);
	if (note == NULL)
		return false;
	is_right = verify_saved(verify, note, size, &saved);
	free(note);
	if (!is_right)
		return false;
	if (saved.size > head->size)
		return jur_tampered(verify, "rolled back",
							"the log had %" PRIu64 " entries at the saved checkpoint, and has %" PRIu64,
							saved.size, head->size);
	if (!jur_merkle_root(saved.size, jur_log_hash, verify->reader, &root))
		return jur_unread(verify, jur_log_hash_error(verify->reader));
	if (!jur_merkle_equal(&root, &saved.root))
		return jur_tampered(verify, "forked",
							"the first %" PRIu64 " entries are not those of the saved checkpoint, though both are signed",
							saved.size);
	return true;
}

/*
 * The last record of a rotation says which key signs from then on.  While the
 * rotation is being made the old one still does.
 */
bool
jur_verify_signer(JurVerify *verify)
{
	char		text[JUR_NOTE_MAX];

	if (verify->rotated_to[0] == '\0')
		return true;
	jur_note_key_text(verify->signer, text);
	if (strcmp(text, verify->rotated_to) == 0 || strcmp(text, verify->rotated_from) == 0)
		return true;
	return jur_tampered(verify, "re-signed",
						"record %" PRIu64 " says that %s signs from then on, and %s did",
						verify->rotation_seq, verify->rotated_to, text);
}
