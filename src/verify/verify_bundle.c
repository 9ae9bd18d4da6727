/*-------------------------------------------------------------------------
 *
 * verify_bundle.c
 *	  Idea: what was done to a bundle whose entries are not those of its leaf
 *	  hashes.
 *
 * Nothing here decides whether a log is right: it is known already that it
 * is not, and which of the sentences fits best is looked for.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"

/* as many entries as are looked at, should there be too many */
#define LOOKED_AT	(2 * JUR_BUNDLE)

typedef struct Leaves
{
	int			count;
	bool		is_whole;		/* the bytes end with an entry */
	JurHash		hash[LOOKED_AT];
} Leaves;

static bool
hash_entries(JurVerify *verify, uint64_t first, Leaves *found)
{
	JurLogError error;
	const uint8_t *data;
	size_t		size;
	size_t		at = 0;

	if (!jur_log_bundle(verify->reader, first, &data, &size, &error))
		return jur_unread(verify, &error);
	found->count = 0;
	found->is_whole = true;
	while (at < size && found->count < LOOKED_AT)
	{
		size_t		length;

		found->is_whole = size - at >= 2;
		if (!found->is_whole)
			break;
		length = (size_t) data[at] << 8 | data[at + 1];
		at += 2;
		found->is_whole = size - at >= length;
		if (!found->is_whole)
			break;
		jur_merkle_leaf(data + at, length, &found->hash[found->count++]);
		at += length;
	}
	return true;
}

/* are COUNT hashes of A and B the same, in this order? */
static bool
are_equal(const JurHash *a, const JurHash *b, int count)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if (!jur_merkle_equal(&a[i], &b[i]))
			return false;
	}
	return true;
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(JurHash));
}

static bool
are_same_set(const JurHash *a, const JurHash *b, int count)
{
	JurHash		sorted_a[JUR_BUNDLE];
	JurHash		sorted_b[JUR_BUNDLE];

	memcpy(sorted_a, a, count * sizeof(JurHash));
	memcpy(sorted_b, b, count * sizeof(JurHash));
	qsort(sorted_a, count, sizeof(JurHash), by_bytes);
	qsort(sorted_b, count, sizeof(JurHash), by_bytes);
	return are_equal(sorted_a, sorted_b, count);
}

/* a tree whose leaves from FIRST on are those that were found */
typedef struct Supposed
{
	JurVerify  *verify;
	uint64_t	first;
	const Leaves *found;
} Supposed;

static bool
read_supposed(void *arg, int level, uint64_t index, JurHash *hash)
{
	const Supposed *supposed = arg;
	uint64_t	begin = index << level;
	JurHash		hashes[JUR_BUNDLE];
	int			count;

	if (level > 8 || begin < supposed->first ||
		begin + (UINT64_C(1) << level) > supposed->first + supposed->found->count)
		return jur_log_hash(supposed->verify->reader, level, index, hash);
	count = 1 << level;
	memcpy(hashes, supposed->found->hash + (begin - supposed->first), count * sizeof(JurHash));
	for (; count > 1; count /= 2)
	{
		int			i;

		for (i = 0; i < count / 2; i++)
			jur_merkle_node(&hashes[2 * i], &hashes[2 * i + 1], &hashes[i]);
	}
	*hash = hashes[0];
	return true;
}

/* is it the entries that the rest of the tree tells of, and not their leaf hashes? */
static bool
is_tile_wrong(JurVerify *verify, uint64_t first, int width, const Leaves *found)
{
	const JurCheckpoint *head = jur_log_head(verify->reader);
	Supposed	supposed = {verify, first, found};
	JurHash		above;
	JurHash		hash;

	if (found->count != width || !found->is_whole)
		return false;
	if (width == JUR_BUNDLE)
		return jur_log_hash(verify->reader, 8, first / JUR_BUNDLE, &above) &&
			read_supposed(&supposed, 8, first / JUR_BUNDLE, &hash) &&
			jur_merkle_equal(&hash, &above);
	return jur_merkle_root(head->size, read_supposed, &supposed, &hash) &&
		jur_merkle_equal(&hash, &head->root);
}

bool
jur_verify_bundle_damage(JurVerify *verify, uint64_t first, int width)
{
	static Leaves found;
	JurHash		expected[JUR_BUNDLE];
	uint64_t	seq;
	int			rest;
	int			i;

	if (!hash_entries(verify, first, &found))
		return false;
	for (i = 0; i < width; i++)
	{
		if (!jur_log_hash(verify->reader, 0, first + i, &expected[i]))
			return jur_unread(verify, jur_log_hash_error(verify->reader));
	}
	for (i = 0; i < width && i < found.count; i++)
	{
		if (!jur_merkle_equal(&expected[i], &found.hash[i]))
			break;
	}
	seq = first + i;
	rest = (found.count < width ? found.count : width) - i;

	if (is_tile_wrong(verify, first, width, &found))
		return jur_tampered(verify, "changed", "the leaf hash of entry %" PRIu64
							" was changed; the entry is what the rest of the tree tells of", seq);
	if (!found.is_whole && rest == 0 && found.count < width)
		return jur_tampered(verify, "truncated", "the bundle that begins with entry %" PRIu64
							" is cut off within entry %" PRIu64, first, seq);
	if (rest == 0 && found.count < width)
		return jur_tampered(verify, "truncated", "the bundle that begins with entry %" PRIu64
							" ends before entry %" PRIu64, first, seq);
	if (rest == 0)
		return jur_tampered(verify, "inserted", "the bundle that begins with entry %" PRIu64
							" has %s behind its last one", first,
							found.is_whole ? "entries" : "something");
	if (found.count == width && are_same_set(expected, found.hash, width))
		return jur_tampered(verify, "reordered", "entries from %" PRIu64
							" on are in another order than their leaf hashes", seq);
	/* one more here, and what was expected goes on behind it; or one less */
	if ((found.count > width || rest > 1) &&
		are_equal(expected + i, found.hash + i + 1, found.count > width ? rest : rest - 1))
		return jur_tampered(verify, "inserted", "what is at %" PRIu64
							" is none of the entries that were signed, which go on behind it", seq);
	if ((found.count < width || rest > 1) &&
		are_equal(expected + i + 1, found.hash + i, found.count < width ? rest : rest - 1))
		return jur_tampered(verify, "removed", "entry %" PRIu64
							" is not there, and the next one is in its place", seq);
	return jur_tampered(verify, "changed", "entry %" PRIu64 " is not what its leaf hash says", seq);
}
