/*-------------------------------------------------------------------------
 *
 * merkle_properties.c
 *	  Idea: the tree gives the roots and proofs of the reference tree, proves
 *	  every leaf and every older head of trees of any size, and proves nothing
 *	  when one bit is another.
 *
 * Vectors are in test/interop/merkle.csv.
 *
 * Usage: merkle_properties [COUNT]	the sequence of cases is always the same
 *
 * Links: src/evidence/merkle.c -lcrypto
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/merkle.h"

#include "server_shim.h"

#define LEAVES_MAX	700

static JurHash leaves[LEAVES_MAX];

static uint64_t seed = 1;

static uint64_t
random_below(uint64_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 33) % limit;
}

/* a complete subtree, from the leaves: what a log has in its tiles */
static bool
read_hash(void *arg, int level, uint64_t index, JurHash *hash)
{
	JurHash		left;
	JurHash		right;

	if (level == 0)
	{
		*hash = leaves[index];
		return true;
	}
	if (!read_hash(arg, level - 1, 2 * index, &left) ||
		!read_hash(arg, level - 1, 2 * index + 1, &right))
		return false;
	jur_merkle_node(&left, &right, hash);
	return true;
}

static bool
read_nothing(void *arg, int level, uint64_t index, JurHash *hash)
{
	return false;
}

/* the recursion of RFC 6962, of leaves BEGIN up to END */
static void
slow_root(uint64_t begin, uint64_t end, JurHash *root)
{
	uint64_t	k = 1;
	JurHash		left;
	JurHash		right;

	if (end - begin == 1)
	{
		*root = leaves[begin];
		return;
	}
	while (k * 2 < end - begin)
		k *= 2;
	slow_root(begin, begin + k, &left);
	slow_root(begin + k, end, &right);
	jur_merkle_node(&left, &right, root);
}

/* ------------------------------------------------------------------ vectors */

static int
unhex(const char *hex, uint8_t *out)
{
	int			size = 0;
	unsigned	byte;

	while (sscanf(hex + 2 * size, "%2x", &byte) == 1)
		out[size++] = byte;
	return size;
}

static void
parse_proof(char *text, JurProof *proof)
{
	char	   *hash;

	proof->count = 0;
	for (hash = strtok(text, " \n"); hash != NULL; hash = strtok(NULL, " \n"))
		unhex(hash, proof->hashes[proof->count++].bytes);
}

static bool
are_equal(const JurProof *a, const JurProof *b)
{
	return a->count == b->count &&
		memcmp(a->hashes, b->hashes, a->count * sizeof(JurHash)) == 0;
}

static void
check_vectors(void)
{
	FILE	   *file = fopen("test/interop/merkle.csv", "r");
	char		line[2048];
	int			cases = 0;
	JurHash		roots[9];

	shim_require(file != NULL, "test/interop/merkle.csv is there");
	while (fgets(line, sizeof(line), file) != NULL)
	{
		char		kind[20];
		char		rest[2048] = "";
		uint64_t	a = 0;
		uint64_t	b = 0;
		uint8_t		bytes[64];
		JurProof	expected;
		JurProof	proof;

		if (line[0] == '#')
			continue;
		sscanf(line, "%19[a-z],%" SCNu64 ",%" SCNu64, kind, &a, &b);
		if (strcmp(kind, "entry") == 0)
		{
			jur_merkle_leaf(bytes, unhex(strrchr(line, ',') + 1, bytes), &leaves[a]);
			continue;
		}
		cases++;
		if (strcmp(kind, "root") == 0)
		{
			unhex(strrchr(line, ',') + 1, bytes);
			shim_require(jur_merkle_root(a, read_hash, NULL, &roots[a]) &&
						 memcmp(&roots[a], bytes, sizeof(JurHash)) == 0, "the roots of the reference tree");
			continue;
		}
		strcpy(rest, strrchr(line, ',') + 1);
		parse_proof(rest, &expected);
		if (strcmp(kind, "inclusion") == 0)
			shim_require(jur_merkle_prove_inclusion(a, b, read_hash, NULL, &proof) &&
						 are_equal(&proof, &expected) &&
						 jur_merkle_check_inclusion(&leaves[a], a, b, &expected, &roots[b]),
						 "the inclusion proofs of the reference tree");
		else
			shim_require(jur_merkle_prove_consistency(a, b, read_hash, NULL, &proof) &&
						 are_equal(&proof, &expected) &&
						 jur_merkle_check_consistency(a, &roots[a], b, &roots[b], &expected),
						 "the consistency proofs of the reference tree");
	}
	fclose(file);
	shim_require(cases == 9 + 36 + 36, "all vectors were read");
}

/* --------------------------------------------------------------- properties */

static void
flip_bit(void *bytes, size_t size)
{
	((uint8_t *) bytes)[random_below(size)] ^= 1 << random_below(8);
}

static void
check_inclusion(uint64_t index, uint64_t size, const JurHash *root)
{
	JurProof	proof = {0};
	JurProof	other;
	JurHash		hash;

	shim_require(jur_merkle_prove_inclusion(index, size, read_hash, NULL, &proof) &&
				 jur_merkle_check_inclusion(&leaves[index], index, size, &proof, root),
				 "every leaf is proved");
	hash = leaves[index];
	flip_bit(&hash, sizeof(hash));
	shim_require(!jur_merkle_check_inclusion(&hash, index, size, &proof, root),
				 "another leaf is not");
	hash = *root;
	flip_bit(&hash, sizeof(hash));
	shim_require(!jur_merkle_check_inclusion(&leaves[index], index, size, &proof, &hash),
				 "nor in another tree");
	other = proof;
	if (other.count > 0)
	{
		flip_bit(&other.hashes, other.count * sizeof(JurHash));
		shim_require(!jur_merkle_check_inclusion(&leaves[index], index, size, &other, root),
					 "nor by another proof");
		other = proof;
		other.count--;
		shim_require(!jur_merkle_check_inclusion(&leaves[index], index, size, &other, root),
					 "nor by a shorter one");
	}
	other = proof;
	other.hashes[other.count++] = *root;
	shim_require(!jur_merkle_check_inclusion(&leaves[index], index, size, &other, root),
				 "nor by a longer one");
	shim_require(size == 1 ||
				 !jur_merkle_check_inclusion(&leaves[index], (index + 1) % size, size, &proof, root),
				 "nor at another place");
	shim_require(!jur_merkle_check_inclusion(&leaves[index], size, size, &proof, root) &&
				 !jur_merkle_check_inclusion(&leaves[index], 0, 0, &proof, root) &&
				 !jur_merkle_prove_inclusion(size, size, read_hash, NULL, &other),
				 "what is not in the tree is not proved");
}

static void
check_consistency(uint64_t size1, uint64_t size2, const JurHash *root2)
{
	JurProof	proof = {0};
	JurProof	other;
	JurHash		root1;
	JurHash		hash;

	shim_require(jur_merkle_root(size1, read_hash, NULL, &root1) &&
				 jur_merkle_prove_consistency(size1, size2, read_hash, NULL, &proof) &&
				 jur_merkle_check_consistency(size1, &root1, size2, root2, &proof),
				 "every older head is proved");
	hash = root1;
	flip_bit(&hash, sizeof(hash));
	shim_require(!jur_merkle_check_consistency(size1, &hash, size2, root2, &proof),
				 "another one is not");
	hash = *root2;
	flip_bit(&hash, sizeof(hash));
	shim_require(size1 == 0 ||
				 !jur_merkle_check_consistency(size1, &root1, size2, &hash, &proof),
				 "nor for another tree");
	other = proof;
	if (other.count > 0)
	{
		flip_bit(&other.hashes, other.count * sizeof(JurHash));
		shim_require(!jur_merkle_check_consistency(size1, &root1, size2, root2, &other),
					 "nor by another proof");
		other = proof;
		other.count--;
		shim_require(!jur_merkle_check_consistency(size1, &root1, size2, root2, &other),
					 "nor by a shorter one");
	}
	other = proof;
	other.hashes[other.count++] = root1;
	shim_require(!jur_merkle_check_consistency(size1, &root1, size2, root2, &other),
				 "nor by a longer one");
	shim_require(size1 == size2 ||
				 !jur_merkle_check_consistency(size2, root2, size1, &root1, &proof),
				 "nor backwards");
	shim_require(!jur_merkle_prove_consistency(size2 + 1, size2, read_hash, NULL, &other),
				 "a later head is not proved by an older tree");
}

/* a hash that could not be computed is no proof of anything */
static void
check_nothing(void)
{
	JurHash		none = {{0}};
	JurProof	proof = {0};
	JurHash		hash;

	jur_merkle_node(&none, &leaves[0], &hash);
	shim_require(memcmp(&hash, &none, sizeof(hash)) == 0, "what is made of no hash is none");
	shim_require(!jur_merkle_equal(&none, &none), "and equals nothing");
	shim_require(!jur_merkle_check_inclusion(&none, 0, 1, &proof, &none),
				 "and is no leaf of anything");
	shim_require(!jur_merkle_root(3, read_nothing, NULL, &hash) &&
				 !jur_merkle_prove_inclusion(1, 3, read_nothing, NULL, &proof) &&
				 !jur_merkle_prove_consistency(1, 3, read_nothing, NULL, &proof),
				 "hashes that cannot be read make no root and no proof");
}

int
main(int argc, char **argv)
{
	int			count = argc > 1 ? atoi(argv[1]) : 20000;
	int			i;

	check_vectors();
	check_nothing();
	for (i = 0; i < LEAVES_MAX; i++)
		jur_merkle_leaf(&i, sizeof(i), &leaves[i]);
	for (i = 0; i < count / 10; i++)
	{
		/* mostly small, where all shapes are met */
		uint64_t	size = random_below(random_below(4) > 0 ? 40 : LEAVES_MAX) + 1;
		JurHash		root;
		JurHash		slow;

		slow_root(0, size, &slow);
		shim_require(jur_merkle_root(size, read_hash, NULL, &root) &&
					 jur_merkle_equal(&root, &slow), "the root is that of the recursion");
		check_inclusion(random_below(size), size, &root);
		check_consistency(random_below(size + 1), size, &root);
	}
	return 0;
}
