/*-------------------------------------------------------------------------
 *
 * verify_export.c
 *	  Idea: records as events for whoever collects them, and never one that
 *	  is not below a signed head.
 *
 * The hashes at the right edge give the root that was signed; a tile that is
 * full gives its hash in the tile above.  So each bundle is proved from its
 * entries up to the root, without reading what lies before it.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evidence/ocsf.h"
#include "verify/verify.h"

#define LEVELS			8
#define PAUSE			200		/* milliseconds between two looks at the checkpoint */

typedef struct Export
{
	JurVerify  *verify;
	char	   *event;			/* JUR_OCSF_MAX bytes */
	JurCheckpoint head;			/* verified */
	uint64_t	searched;		/* for new keys, up to here */

	/* the tile of each level that was proved last */
	bool		is_proved[LEVELS];
	uint64_t	proved[LEVELS];
} Export;

/* the hash of a full tile from its own hashes, not from the tile above */
static bool
fold_tile(JurVerify *verify, int level, uint64_t n, JurHash *hash)
{
	JurHash		hashes[JUR_BUNDLE];
	int			count;
	int			i;

	for (i = 0; i < JUR_BUNDLE; i++)
	{
		if (!jur_log_hash(verify->reader, 8 * level, n * JUR_BUNDLE + i, &hashes[i]))
			return jur_unread(verify, jur_log_hash_error(verify->reader));
	}
	for (count = JUR_BUNDLE; count > 1; count /= 2)
	{
		for (i = 0; i < count / 2; i++)
			jur_merkle_node(&hashes[2 * i], &hashes[2 * i + 1], &hashes[i]);
	}
	*hash = hashes[0];
	return true;
}

/* are the hashes of tile N of LEVEL those of the tree that was signed? */
static bool
prove_tile(Export *export, int level, uint64_t n)
{
	JurVerify  *verify = export->verify;
	JurHash		hash;
	JurHash		above;

	/* an incomplete one is at the edge, all of which is in the root */
	if (level >= LEVELS || (export->head.size >> 8 * level) / JUR_BUNDLE <= n)
		return true;
	if (export->is_proved[level] && export->proved[level] == n)
		return true;
	if (!prove_tile(export, level + 1, n / JUR_BUNDLE) ||
		!fold_tile(verify, level, n, &hash))
		return false;
	if (!jur_log_hash(verify->reader, 8 * (level + 1), n, &above))
		return jur_unread(verify, jur_log_hash_error(verify->reader));
	if (!jur_merkle_equal(&hash, &above))
		return jur_tampered(verify, "changed", "tile %" PRIu64 " of level %d does not give its hash in the level above",
							n, level);
	export->is_proved[level] = true;
	export->proved[level] = n;
	return true;
}

/* records of new keys, in entries that no such look has seen */
static bool
find_rotations(Export *export, JurLogReader *older)
{
	JurVerify  *verify = export->verify;
	uint64_t	size = jur_log_head(verify->reader)->size;

	while (export->searched < size)
	{
		uint64_t	seq = export->searched;
		const uint8_t *data;
		size_t		data_size;
		JurLogError error;

		if (jur_log_entry(verify->reader, seq, &data, &data_size, &error))
		{
			if (!jur_verify_rotation(verify, older, seq, data, data_size))
				return false;
			export->searched++;
		}
		else if (error.is_missing)
		{
			verify->dropped += JUR_BUNDLE;
			export->searched = (seq / JUR_BUNDLE + 1) * JUR_BUNDLE;
		}
		else
			return jur_unread(verify, &error);
	}
	return true;
}

/* a key that was not known yet: has one that was handed over to it? */
static bool
verify_signer(Export *export)
{
	JurVerify  *verify = export->verify;
	JurLogError error;
	JurLogReader *older;
	bool		is_right;

	if (jur_is_trusted(verify, &verify->signer))
		return true;
	older = jur_log_read(verify->directory, &error);
	if (older == NULL)
		return jur_unread(verify, &error);
	is_right = find_rotations(export, older) && jur_verify_signer(verify);
	jur_log_read_end(older);
	return is_right;
}

/* the newest checkpoint, if it is signed, right, and goes on from the last one */
static bool
take_head(Export *export)
{
	JurVerify  *verify = export->verify;
	const JurCheckpoint *head = jur_log_head(verify->reader);
	const char *note;
	size_t		size;
	JurHash		root;

	note = jur_log_note(verify->reader, &size);
	if (!jur_verify_log_note(verify, note, size))
		return false;
	if (export->head.origin[0] != '\0' &&
		!jur_verify_extends(verify, verify->reader, &export->head, head, "the checkpoint before"))
		return false;
	if (!jur_merkle_root(head->size, jur_log_hash, verify->reader, &root))
		return jur_unread(verify, jur_log_hash_error(verify->reader));
	if (!jur_merkle_equal(&root, &head->root))
		return jur_tampered(verify, "changed", "the tiles do not give the root that was signed");
	if (!verify_signer(export))
		return false;
	export->head = *head;
	return true;
}

static bool
print_event(Export *export, uint64_t seq)
{
	JurVerify  *verify = export->verify;
	const uint8_t *data;
	size_t		size;
	JurLogError error;
	JurHash		leaf;
	JurHash		stored;
	JurRecord	record;
	size_t		length;

	if (!prove_tile(export, 0, seq / JUR_BUNDLE))
		return false;
	if (!jur_log_entry(verify->reader, seq, &data, &size, &error))
	{
		if (error.is_missing)
			return jur_unchecked(verify, "entry %" PRIu64 " is not there any more: %s; --from says where to begin",
								 seq, error.text);
		return error.is_damaged ? jur_verify_bundle_damage(verify, seq / JUR_BUNDLE * JUR_BUNDLE,
														   seq % JUR_BUNDLE + 1) :
			jur_unchecked(verify, "%s", error.text);
	}
	jur_merkle_leaf(data, size, &leaf);
	if (!jur_log_hash(verify->reader, 0, seq, &stored))
		return jur_unread(verify, jur_log_hash_error(verify->reader));
	if (!jur_merkle_equal(&leaf, &stored))
		return jur_tampered(verify, "changed", "entry %" PRIu64 " is not what its leaf hash says", seq);
	length = jur_ocsf_event(jur_record_parse(data, size, &record) == NULL ? &record : NULL,
							seq, export->head.origin, export->event);
	export->event[length] = '\n';
	if (fwrite(export->event, 1, length + 1, stdout) != length + 1)
		return jur_unchecked(verify, "could not write: %s", strerror(errno));
	return true;
}

static bool
print_all(Export *export)
{
	JurVerify  *verify = export->verify;

	for (; verify->from < export->head.size; verify->from++)
	{
		if (!print_event(export, verify->from))
			return false;
	}
	return fflush(stdout) == 0 || jur_unchecked(verify, "could not write: %s", strerror(errno));
}

/* keys may have been added; a checkpoint that is being replaced is there all the time */
static bool
refresh(JurVerify *verify)
{
	JurLogError error;
	int			count;

	if (!jur_log_refresh(verify->reader, &error))
		return jur_unread(verify, &error);
	count = jur_log_keys(verify->reader, verify->listed.key, JUR_VERIFY_KEYS, &error);
	if (count >= 0)
		verify->listed.count = count;
	return true;
}

static bool
follow(Export *export)
{
	static const struct timespec pause = {0, PAUSE * 1000000L};
	JurVerify  *verify = export->verify;

	for (;;)
	{
		if (!take_head(export) || !print_all(export))
			return false;
		if (!verify->follows)
			return true;
		do
		{
			nanosleep(&pause, NULL);
			if (!refresh(verify))
				return false;
		} while (jur_log_head(verify->reader)->size == export->head.size);
	}
}

bool
jur_verify_export(JurVerify *verify)
{
	/* one more for the newline */
	Export		export = {.verify = verify,.event = malloc(JUR_OCSF_MAX + 1)};
	bool		is_done;

	if (export.event == NULL)
		return jur_unchecked(verify, "out of memory");
	is_done = jur_verify_head(verify) && jur_verify_since(verify) && follow(&export);
	free(export.event);
	return is_done;
}
