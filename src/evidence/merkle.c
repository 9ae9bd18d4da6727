/*-------------------------------------------------------------------------
 *
 * merkle.c
 *	  Idea: the tree of RFC 6962 over hashes that somebody else keeps.
 *
 * Proofs are made by walking from the root to the leaf and asking for the
 * hashes beside the way; every one of them is a range of leaves that splits
 * into complete subtrees, the only thing a log has stored.
 *
 * A hash that could not be computed, because OpenSSL failed, is all zeros.
 * What is made of it is all zeros too, and it equals nothing, not even
 * itself: no check succeeds because of it.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include <openssl/evp.h>

#include "evidence/merkle.h"

/* making a context takes longer than hashing a node */
static EVP_MD_CTX *context = NULL;

static const JurHash nothing;

static bool
is_nothing(const JurHash *hash)
{
	return memcmp(hash, &nothing, sizeof(nothing)) == 0;
}

static bool
start(void)
{
	if (context != NULL)
		return EVP_DigestInit_ex(context, NULL, NULL) == 1;
	context = EVP_MD_CTX_new();
	if (context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1)
		return true;
	EVP_MD_CTX_free(context);
	context = NULL;
	return false;
}

static void
hash_prefixed(uint8_t prefix, const void *data, size_t size, JurHash *hash)
{
	if (!start() ||
		EVP_DigestUpdate(context, &prefix, 1) != 1 ||
		EVP_DigestUpdate(context, data, size) != 1 ||
		EVP_DigestFinal_ex(context, hash->bytes, NULL) != 1)
		*hash = nothing;
}

void
jur_merkle_leaf(const void *data, size_t size, JurHash *hash)
{
	hash_prefixed(0, data, size, hash);
}

void
jur_merkle_node(const JurHash *left, const JurHash *right, JurHash *hash)
{
	JurHash		both[2];

	if (is_nothing(left) || is_nothing(right))
	{
		*hash = nothing;
		return;
	}
	both[0] = *left;
	both[1] = *right;
	hash_prefixed(1, both, sizeof(both), hash);
}

bool
jur_merkle_equal(const JurHash *a, const JurHash *b)
{
	return memcmp(a, b, sizeof(*a)) == 0 && !is_nothing(a);
}

static bool
root_of_nothing(JurHash *root)
{
	if (start() && EVP_DigestFinal_ex(context, root->bytes, NULL) == 1)
		return true;
	*root = nothing;
	return false;
}

/* log2 of the largest power of two that is not above N; N > 0 */
static int
floor_log2(uint64_t n)
{
	return 63 - __builtin_clzll(n);
}

/*
 * The hash of leaves BEGIN up to END, not included.  BEGIN is a multiple of
 * a power of two that is not below their number, as all ranges of RFC 6962.
 */
static bool
hash_range(uint64_t begin, uint64_t end, JurReadHash read, void *arg, JurHash *hash)
{
	JurHash		parts[64];
	int			count = 0;

	while (begin < end)
	{
		int			level = floor_log2(end - begin);

		if (!read(arg, level, begin >> level, &parts[count]))
			return false;
		count++;
		begin += UINT64_C(1) << level;
	}
	*hash = parts[--count];
	while (count-- > 0)
		jur_merkle_node(&parts[count], hash, hash);
	return !is_nothing(hash);
}

bool
jur_merkle_root(uint64_t size, JurReadHash read, void *arg, JurHash *root)
{
	if (size == 0)
		return root_of_nothing(root);
	return hash_range(0, size, read, arg, root);
}

/* where the tree of leaves BEGIN up to END splits; there are two or more */
static uint64_t
split(uint64_t begin, uint64_t end)
{
	return begin + (UINT64_C(1) << floor_log2(end - begin - 1));
}

static bool
add_range(JurProof *proof, uint64_t begin, uint64_t end, JurReadHash read, void *arg)
{
	return hash_range(begin, end, read, arg, &proof->hashes[proof->count++]);
}

/* one step down to LEAF, from the tree of *BEGIN up to *END; what it leaves aside is in the proof */
static bool
descend(JurProof *proof, uint64_t leaf, uint64_t *begin, uint64_t *end,
		JurReadHash read, void *arg)
{
	uint64_t	middle = split(*begin, *end);
	bool		is_left = leaf < middle;

	if (!add_range(proof, is_left ? middle : *begin, is_left ? *end : middle, read, arg))
		return false;
	*(is_left ? end : begin) = middle;
	return true;
}

/* proofs are found from the root down, and written from the leaf up */
static void
reverse(JurProof *proof)
{
	int			i;

	for (i = 0; i < proof->count / 2; i++)
	{
		JurHash		hash = proof->hashes[i];

		proof->hashes[i] = proof->hashes[proof->count - 1 - i];
		proof->hashes[proof->count - 1 - i] = hash;
	}
}

bool
jur_merkle_prove_inclusion(uint64_t index, uint64_t size,
						   JurReadHash read, void *arg, JurProof *proof)
{
	uint64_t	begin = 0;
	uint64_t	end = size;

	proof->count = 0;
	if (index >= size)
		return false;
	while (end - begin > 1)
		if (!descend(proof, index, &begin, &end, read, arg))
			return false;
	reverse(proof);
	return true;
}

bool
jur_merkle_prove_consistency(uint64_t size1, uint64_t size2,
							 JurReadHash read, void *arg, JurProof *proof)
{
	uint64_t	begin = 0;
	uint64_t	end = size2;

	proof->count = 0;
	if (size1 > size2)
		return false;
	if (size1 == 0)
		return true;
	/* to the last entry of the old tree, until a subtree ends with it */
	while (end != size1)
		if (!descend(proof, size1 - 1, &begin, &end, read, arg))
			return false;
	/* who checks knows the old root, and needs what it is made of otherwise */
	if (begin > 0 && !add_range(proof, begin, end, read, arg))
		return false;
	reverse(proof);
	return true;
}

/* RFC 9162 section 2.1.3.2 */
bool
jur_merkle_check_inclusion(const JurHash *leaf, uint64_t index, uint64_t size,
						   const JurProof *proof, const JurHash *root)
{
	uint64_t	node = index;
	uint64_t	last = size - 1;
	JurHash		hash = *leaf;
	int			i;

	if (index >= size || proof->count < 0 || proof->count > JUR_PROOF_MAX)
		return false;
	for (i = 0; i < proof->count; i++)
	{
		if (last == 0)
			return false;
		if (node % 2 == 1 || node == last)
		{
			jur_merkle_node(&proof->hashes[i], &hash, &hash);
			while (node % 2 == 0 && node != 0)
			{
				node >>= 1;
				last >>= 1;
			}
		}
		else
			jur_merkle_node(&hash, &proof->hashes[i], &hash);
		node >>= 1;
		last >>= 1;
	}
	return last == 0 && jur_merkle_equal(&hash, root);
}

/*
 * RFC 9162 section 2.1.4.2.  Of an empty tree there is nothing to prove, but
 * its root has to be the one of an empty tree.
 */
bool
jur_merkle_check_consistency(uint64_t size1, const JurHash *root1,
							 uint64_t size2, const JurHash *root2,
							 const JurProof *proof)
{
	uint64_t	node = size1 - 1;
	uint64_t	last = size2 - 1;
	JurHash		hash1;
	JurHash		hash2;
	int			i = 0;

	if (size1 > size2 || proof->count < 0 || proof->count > JUR_PROOF_MAX)
		return false;
	if (size1 == size2)
		return proof->count == 0 && jur_merkle_equal(root1, root2);
	if (size1 == 0)
		return proof->count == 0 && root_of_nothing(&hash1) &&
			jur_merkle_equal(&hash1, root1);

	while (node % 2 == 1)
	{
		node >>= 1;
		last >>= 1;
	}
	/* an old tree that is one complete subtree begins the proof unsaid */
	if (node == 0)
		hash1 = hash2 = *root1;
	else if (proof->count == 0)
		return false;
	else
		hash1 = hash2 = proof->hashes[i++];
	for (; i < proof->count; i++)
	{
		if (last == 0)
			return false;
		if (node % 2 == 1 || node == last)
		{
			jur_merkle_node(&proof->hashes[i], &hash1, &hash1);
			jur_merkle_node(&proof->hashes[i], &hash2, &hash2);
			while (node % 2 == 0 && node != 0)
			{
				node >>= 1;
				last >>= 1;
			}
		}
		else
			jur_merkle_node(&hash2, &proof->hashes[i], &hash2);
		node >>= 1;
		last >>= 1;
	}
	return last == 0 && jur_merkle_equal(&hash1, root1) &&
		jur_merkle_equal(&hash2, root2);
}
