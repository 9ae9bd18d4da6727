/*-------------------------------------------------------------------------
 *
 * verify_tree.c
 *	  Idea: the tree is built anew from the entries, and everything that is
 *	  stored of it must be the same.
 *
 * Where entries were dropped their leaf hashes stand for them; whether they
 * may be missing is known when the records have been read.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "verify/verify.h"

/* the tree of the entries so far: complete subtrees by level */
typedef struct Tree
{
	uint64_t	size;
	JurHash		stack[64];
} Tree;

/* the last range of entries that are not there */
typedef struct Missing
{
	uint64_t	begin;
	uint64_t	end;
} Missing;

static void
tell_progress(const JurVerify *verify, uint64_t seq, uint64_t size, time_t *told)
{
	time_t		now;

	if (!verify->has_progress)
		return;
	now = time(NULL);
	if (now == *told && seq != size)
		return;
	*told = now;
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " entries (%d %%)%s", seq, size,
			size == 0 ? 100 : (int) (100.0 * seq / size), seq == size ? "\n" : "");
}

/* does a tile have this hash where a subtree is complete that it tells of? */
static bool
compare(JurVerify *verify, const Tree *tree, int level, const JurHash *hash)
{
	uint64_t	index = tree->size >> level;
	JurHash		stored;

	if (!jur_log_hash(verify->reader, level, index, &stored))
		return jur_unread(verify, jur_log_hash_error(verify->reader));
	if (jur_merkle_equal(&stored, hash))
		return true;
	return jur_tampered(verify, "changed",
						"hash %" PRIu64 " of level %d of the tiles is not that of entries %" PRIu64 " to %" PRIu64,
						index, level / 8, index << level, tree->size);
}

static bool
add(JurVerify *verify, Tree *tree, const JurHash *leaf)
{
	JurHash		hash = *leaf;
	int			level;

	for (level = 0;; level++)
	{
		if (level > 0 && level % 8 == 0 && !compare(verify, tree, level, &hash))
			return false;
		if ((tree->size >> level & 1) == 0)
			break;
		jur_merkle_node(&tree->stack[level], &hash, &hash);
	}
	tree->stack[level] = hash;
	tree->size++;
	return true;
}

static bool
read_stack(void *arg, int level, uint64_t index, JurHash *hash)
{
	const Tree *tree = arg;

	/* a root is made of nothing but the subtrees at the edge */
	(void) index;
	*hash = tree->stack[level];
	return true;
}

/*
 * WIDTH leaves from FIRST on: IS_MISSING, only their hashes are there.  The
 * hashes go into the tree only when the entries have been compared with them.
 */
static bool
verify_leaves(JurVerify *verify, Tree *tree, uint64_t first, int width, bool *is_missing)
{
	JurHash		stored[JUR_BUNDLE];
	int			i;

	*is_missing = false;
	for (i = 0; i < width; i++)
	{
		if (!jur_log_hash(verify->reader, 0, first + i, &stored[i]))
			return jur_unread(verify, jur_log_hash_error(verify->reader));
	}
	for (i = 0; i < width && !*is_missing; i++)
	{
		const uint8_t *data;
		size_t		size;
		JurHash		leaf;
		JurLogError error;

		if (!jur_log_entry(verify->reader, first + i, &data, &size, &error))
		{
			if (error.is_damaged)
				return jur_verify_bundle_damage(verify, first, width);
			if (!error.is_missing)
				return jur_unchecked(verify, "%s", error.text);
			*is_missing = true;
			break;
		}
		jur_merkle_leaf(data, size, &leaf);
		if (!jur_merkle_equal(&leaf, &stored[i]))
			return jur_verify_bundle_damage(verify, first, width);
	}
	for (i = 0; i < width; i++)
	{
		if (!add(verify, tree, &stored[i]))
			return false;
	}
	return true;
}

static bool
verify_records(JurVerify *verify, JurLogReader *older, uint64_t first, int width)
{
	int			i;

	for (i = 0; i < width; i++)
	{
		const uint8_t *data;
		size_t		size;
		JurLogError error;

		if (!jur_log_entry(verify->reader, first + i, &data, &size, &error))
			return jur_unread(verify, &error);
		if (!jur_verify_record(verify, older, first + i, data, size))
			return false;
	}
	return true;
}

static void
note_missing(Missing *missing, uint64_t first, int width)
{
	if (missing->end != first || missing->end == 0)
		missing->begin = first;
	missing->end = first + width;
}

/* are all entries that are missing below what a record of retention says? */
static bool
verify_missing(JurVerify *verify, const Missing *missing, uint64_t size)
{
	uint64_t	begin = missing->begin;

	if (missing->end <= verify->retained_from)
		return true;
	if (begin < verify->retained_from)
		begin = verify->retained_from;
	if (missing->end == size)
		return jur_tampered(verify, "truncated",
							"the checkpoint covers %" PRIu64 " entries, and those from %" PRIu64 " on are not there",
							size, begin);
	return jur_tampered(verify, "removed",
						"entries %" PRIu64 " to %" PRIu64 " are not there, and no record says that they were dropped",
						begin, missing->end - 1);
}

static bool
verify_entries(JurVerify *verify, JurLogReader *older)
{
	const JurCheckpoint *head = jur_log_head(verify->reader);
	Tree		tree = {0};
	Missing		missing = {0};
	JurHash		root;
	uint64_t	first;
	time_t		told = 0;

	for (first = 0; first < head->size; first += JUR_BUNDLE)
	{
		int			width = head->size - first < JUR_BUNDLE ? head->size - first : JUR_BUNDLE;
		bool		is_missing;

		tell_progress(verify, first, head->size, &told);
		if (!verify_leaves(verify, &tree, first, width, &is_missing))
			return false;
		if (is_missing)
		{
			note_missing(&missing, first, width);
			verify->dropped += width;
		}
		else if (!verify_records(verify, older, first, width))
			return false;
	}
	tell_progress(verify, head->size, head->size, &told);
	if (!jur_merkle_root(tree.size, read_stack, &tree, &root))
		return jur_unchecked(verify, "OpenSSL failed to hash the tree");
	if (!jur_merkle_equal(&root, &head->root))
		return jur_tampered(verify, "rewritten",
							"entries and tiles agree with each other, but not with the root that was signed");
	return verify_missing(verify, &missing, head->size);
}

/* older heads are asked of another reader, so that this one keeps its place */
bool
jur_verify_tree(JurVerify *verify)
{
	JurLogError error;
	JurLogReader *older = jur_log_read(verify->directory, &error);
	bool		is_right;

	if (older == NULL)
		return jur_unread(verify, &error);
	is_right = verify_entries(verify, older);
	jur_log_read_end(older);
	return is_right;
}
