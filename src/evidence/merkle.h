/*-------------------------------------------------------------------------
 *
 * merkle.h
 *	  Knows: the Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1):
 *	  its hashes, inclusion and consistency proofs.
 *	  Refuses to know: what the leaves mean, where the hashes are kept, and
 *	  PostgreSQL: the server and the stand-alone verifier link the same code.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_MERKLE_H
#define JUR_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JUR_HASH_SIZE	32
/* a proof in a tree of 2^64 leaves is never longer */
#define JUR_PROOF_MAX	130

typedef struct JurHash
{
	uint8_t		bytes[JUR_HASH_SIZE];
} JurHash;

typedef struct JurProof
{
	int			count;
	JurHash		hashes[JUR_PROOF_MAX];
} JurProof;

/*
 * The hash of the complete subtree number INDEX of 2^LEVEL leaves; false if
 * it cannot be read.
 */
typedef bool (*JurReadHash) (void *arg, int level, uint64_t index, JurHash *hash);

/* SHA-256(0x00 || data), SHA-256(0x01 || left || right) */
extern void jur_merkle_leaf(const void *data, size_t size, JurHash *hash);
extern void jur_merkle_node(const JurHash *left, const JurHash *right, JurHash *hash);
extern bool jur_merkle_equal(const JurHash *a, const JurHash *b);

/* of the first SIZE leaves; of none: SHA-256 of nothing.  false: a hash could not be read */
extern bool jur_merkle_root(uint64_t size, JurReadHash read, void *arg, JurHash *root);
/* requires index < size, and size1 <= size2 (0 or equal: an empty proof); else false */
extern bool jur_merkle_prove_inclusion(uint64_t index, uint64_t size,
									   JurReadHash read, void *arg, JurProof *proof);
extern bool jur_merkle_prove_consistency(uint64_t size1, uint64_t size2,
										 JurReadHash read, void *arg, JurProof *proof);
extern bool jur_merkle_check_inclusion(const JurHash *leaf, uint64_t index, uint64_t size,
									   const JurProof *proof, const JurHash *root);
extern bool jur_merkle_check_consistency(uint64_t size1, const JurHash *root1,
										 uint64_t size2, const JurHash *root2,
										 const JurProof *proof);

#endif							/* JUR_MERKLE_H */
