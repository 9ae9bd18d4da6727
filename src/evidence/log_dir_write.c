/*-------------------------------------------------------------------------
 *
 * log_dir_write.c
 *	  Idea: entries are in memory until a checkpoint covers them, and the
 *	  tree only along its right edge.
 *
 * What is kept is what lies in no full tile or bundle yet; a checkpoint
 * writes it, and drops what it filled.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "evidence/log_dir_internal.h"

/* --------------------------------------------------------------- right edge */

/* room for one more hash at every level, so that adding a leaf cannot fail */
bool
jur_edge_reserve(JurLogWriter *writer, JurLogError *error)
{
	int			level;

	for (level = 0; level < JUR_TILE_LEVELS; level++)
	{
		if (!jur_buffer_reserve(&writer->edges[level].hashes, JUR_HASH_SIZE, error))
			return false;
	}
	return true;
}

/*
 * A subtree that is complete with this leaf is joined with the one on its
 * left while there is one of its size; each eighth level is in tiles.
 */
void
jur_edge_add(JurLogWriter *writer, const JurHash *leaf)
{
	JurHash		hash = *leaf;
	int			level;

	for (level = 0;; level++)
	{
		if (level % 8 == 0)
		{
			JurBuffer  *hashes = &writer->edges[level / 8].hashes;

			memcpy(hashes->data + hashes->size, &hash, JUR_HASH_SIZE);
			hashes->size += JUR_HASH_SIZE;
		}
		if ((writer->size >> level & 1) == 0)
			break;
		jur_merkle_node(&writer->stack[level], &hash, &hash);
	}
	writer->stack[level] = hash;
	writer->size++;
}

static bool
read_stack(void *arg, int level, uint64_t index, JurHash *hash)
{
	const JurLogWriter *writer = arg;

	/* a root is made of nothing but the subtrees at the edge */
	*hash = writer->stack[level];
	return true;
}

void
jur_edge_root(const JurLogWriter *writer, JurHash *root)
{
	/* what fails leaves a root that equals nothing */
	if (!jur_merkle_root(writer->size, read_stack, (void *) writer, root))
		memset(root, 0, sizeof(*root));
}

/* ------------------------------------------------------------------ entries */

/* an entry in memory, in the form of a bundle */
bool
jur_entry_keep(JurLogWriter *writer, const void *data, size_t size, JurLogError *error)
{
	JurBuffer  *entries = &writer->entries;

	if (!jur_buffer_reserve(entries, 2 + size, error) ||
		!jur_buffer_reserve(&writer->bundles, sizeof(size_t), error))
		return false;
	if (writer->size % JUR_BUNDLE == 0 && writer->size > writer->bundles_first)
	{
		memcpy(writer->bundles.data + writer->bundles.size, &entries->size, sizeof(size_t));
		writer->bundles.size += sizeof(size_t);
	}
	entries->data[entries->size] = size >> 8;
	entries->data[entries->size + 1] = size & 255;
	if (size > 0)
		memcpy(entries->data + entries->size + 2, data, size);
	entries->size += 2 + size;
	return true;
}

bool
jur_log_append(JurLogWriter *writer, const void *data, size_t size, JurLogError *error)
{
	JurHash		leaf;
	JurHash		no_hash = {{0}};

	if (size > JUR_ENTRY_MAX)
		return jur_log_fail(error, 0, "an entry of %zu bytes is too long for the log", size);
	jur_merkle_leaf(data, size, &leaf);
	if (memcmp(&leaf, &no_hash, sizeof(leaf)) == 0)
		return jur_log_fail(error, 0, "could not hash an entry: OpenSSL failed");
	/* first all that can fail */
	if (!jur_edge_reserve(writer, error) ||
		!jur_buffer_reserve(&writer->pending, JUR_FRAME_HEAD + size, error) ||
		!jur_entry_keep(writer, data, size, error))
		return false;
	jur_frame_put(writer->key.name, writer->size, data, size,
				  writer->pending.data + writer->pending.size);
	writer->pending.size += JUR_FRAME_HEAD + size;
	jur_edge_add(writer, &leaf);
	return true;
}

bool
jur_log_sync(JurLogWriter *writer, JurLogError *error)
{
	return jur_journal_sync(writer, error);
}

bool
jur_log_checkpoint(JurLogWriter *writer, JurLogError *error)
{
	if (!jur_journal_sync(writer, error))
		return false;
	if (writer->size == writer->head.size)
		return true;
	return jur_head_put(writer, error);
}

uint64_t
jur_log_size(const JurLogWriter *writer)
{
	return writer->size;
}

uint64_t
jur_log_signed_size(const JurLogWriter *writer)
{
	return writer->head.size;
}

const JurCheckpoint *
jur_log_written_head(const JurLogWriter *writer)
{
	return &writer->head;
}

uint64_t
jur_log_bytes_written(const JurLogWriter *writer)
{
	return writer->bytes_written;
}

void
jur_log_close(JurLogWriter *writer)
{
	int			level;

	if (writer == NULL)
		return;
	if (writer->journal >= 0)
		close(writer->journal);
	if (writer->lock >= 0)
		close(writer->lock);
	for (level = 0; level < JUR_TILE_LEVELS; level++)
		jur_buffer_free(&writer->edges[level].hashes);
	jur_buffer_free(&writer->entries);
	jur_buffer_free(&writer->bundles);
	jur_buffer_free(&writer->pending);
	OPENSSL_cleanse(writer->seed, sizeof(writer->seed));
	free(writer);
}
