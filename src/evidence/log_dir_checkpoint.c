/*-------------------------------------------------------------------------
 *
 * log_dir_checkpoint.c
 *	  Idea: a checkpoint is put in place when all that it covers is on disk,
 *	  and what it makes superfluous is removed after that.
 *
 * At any moment a crash leaves the old checkpoint with all its files or the
 * new one with all of its.  A full tile or bundle is written once; of a
 * partial one each checkpoint writes its own, unless it did not grow.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/log_dir_internal.h"

/* ------------------------------------------------------ many files, then fsync */

/*
 * Files are written first and waited for together: the disk has more to do at
 * a time, and the file system commits once for many.
 */
#define BATCH			64

typedef struct Batch
{
	JurLogWriter *writer;
	int			count;
	int			fds[BATCH];
	char		paths[BATCH][JUR_PATH_MAX];
	char		directory[JUR_PATH_MAX];	/* the one that was synced last */
} Batch;

/* cuts the last name off; false: there is none */
static bool
cut_name(char *path)
{
	char	   *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return false;
	*slash = '\0';
	return true;
}

/* the directories above PATH, from below the log's own on */
static bool
make_parents(const JurLogWriter *writer, const char *path, JurLogError *error)
{
	size_t		at = strlen(writer->directory);
	const char *slash;

	while ((slash = strchr(path + at + 1, '/')) != NULL)
	{
		char		directory[JUR_PATH_MAX];
		bool		is_new;

		at = slash - path;
		memcpy(directory, path, at);
		directory[at] = '\0';
		if (!jur_directory_make(directory, &is_new, error))
			return false;
	}
	return true;
}

static bool
is_durable(const JurLogWriter *writer, const char *directory)
{
	int			i;

	for (i = 0; i < JUR_DURABLE; i++)
	{
		if (strcmp(writer->durable[i], directory) == 0)
			return true;
	}
	return false;
}

/*
 * A directory, and those above it up to the log's own unless that was done
 * before: it may be new, or have been new when a writer was killed.
 */
static bool
sync_directories(JurLogWriter *writer, const char *directory, JurLogError *error)
{
	char		above[JUR_PATH_MAX];
	size_t		own_length = strlen(writer->directory);

	if (!jur_directory_sync(directory, error))
		return false;
	if (is_durable(writer, directory))
		return true;
	strcpy(above, directory);
	while (strlen(above) > own_length && cut_name(above))
	{
		if (!jur_directory_sync(above, error))
			return false;
	}
	strcpy(writer->durable[writer->next_durable], directory);
	writer->next_durable = (writer->next_durable + 1) % JUR_DURABLE;
	return true;
}

static bool
flush(Batch *batch, JurLogError *error)
{
	bool		is_flushed = true;
	int			i;

	for (i = 0; i < batch->count; i++)
	{
		if (is_flushed && fsync(batch->fds[i]) != 0)
			is_flushed = jur_log_fail(error, errno, "could not write \"%s\" to disk",
									  batch->paths[i]);
		if (close(batch->fds[i]) != 0 && is_flushed)
			is_flushed = jur_log_fail(error, errno, "could not write \"%s\"",
									  batch->paths[i]);
	}
	for (i = 0; i < batch->count && is_flushed; i++)
	{
		char	   *directory = batch->paths[i];

		if (cut_name(directory) && strcmp(directory, batch->directory) != 0)
		{
			is_flushed = sync_directories(batch->writer, directory, error);
			strcpy(batch->directory, directory);
		}
	}
	batch->count = 0;
	batch->directory[0] = '\0';
	return is_flushed;
}

static bool
put(Batch *batch, int level, uint64_t n, int width, const void *data, size_t size,
	JurLogError *error)
{
	char	   *path;
	int			fd;

	if (batch->count == BATCH && !flush(batch, error))
		return false;
	path = batch->paths[batch->count];
	jur_tile_path(batch->writer->directory, level, n, width, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT)
	{
		if (!make_parents(batch->writer, path, error))
			return false;
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		return jur_log_fail(error, errno, "could not create \"%s\"", path);
	if (!jur_file_write_at(fd, path, data, size, 0, error))
	{
		close(fd);
		return false;
	}
	/* begins, and does not wait; where it cannot, fsync does it all */
	(void) sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	batch->fds[batch->count++] = fd;
	batch->writer->bytes_written += size;
	return true;
}

/* what was written before an error is closed, and written anew the next time */
static bool
abandon(Batch *batch)
{
	while (batch->count > 0)
		close(batch->fds[--batch->count]);
	return false;
}

/* ---------------------------------------------------------- tiles and bundles */

static bool
is_current(const JurLogWriter *writer, const JurPartial *partial)
{
	return partial->width == jur_tile_width(writer->head.size, partial->level, partial->n);
}

/* where there is no room to remember it, it stays; nobody will read it */
static void
remember_partial(JurLogWriter *writer, int level, uint64_t n, int width)
{
	JurPartial	partial = {level, n, width};
	int			i;

	for (i = 0; i < writer->npartials; i++)
	{
		if (writer->partials[i].level == level && writer->partials[i].n == n &&
			writer->partials[i].width == width)
			return;
	}
	if (writer->npartials < JUR_PARTIALS)
		writer->partials[writer->npartials++] = partial;
}

static void
remove_old_partials(JurLogWriter *writer)
{
	int			kept = 0;
	int			i;

	for (i = 0; i < writer->npartials; i++)
	{
		JurPartial	partial = writer->partials[i];
		char		path[JUR_PATH_MAX];

		if (is_current(writer, &partial))
		{
			writer->partials[kept++] = partial;
			continue;
		}
		jur_tile_path(writer->directory, partial.level, partial.n, partial.width, path);
		/* a file that stays does no harm; its directory goes with the last one */
		(void) unlink(path);
		if (cut_name(path))
			(void) rmdir(path);
	}
	writer->npartials = kept;
}

static bool
put_partial(Batch *batch, int level, uint64_t n, int width, const void *data, size_t size,
			JurLogError *error)
{
	if (!put(batch, level, n, width, data, size, error))
		return false;
	remember_partial(batch->writer, level, n, width);
	return true;
}

static bool
put_bundles(Batch *batch, JurLogError *error)
{
	JurLogWriter *writer = batch->writer;
	size_t		begin = 0;
	uint64_t	n = writer->bundles_first / JUR_BUNDLE;
	size_t		i;

	for (i = 0; i < writer->bundles.size; i += sizeof(size_t))
	{
		size_t		end;

		memcpy(&end, writer->bundles.data + i, sizeof(end));
		if (!put(batch, JUR_BUNDLES, n++, JUR_BUNDLE, writer->entries.data + begin,
				 end - begin, error))
			return false;
		begin = end;
	}
	/* the last one is full too if the next entry would begin another */
	if (writer->entries.size == begin)
		return true;
	if (writer->size % JUR_BUNDLE == 0)
		return put(batch, JUR_BUNDLES, n, JUR_BUNDLE, writer->entries.data + begin,
				   writer->entries.size - begin, error);
	return put_partial(batch, JUR_BUNDLES, n, writer->size % JUR_BUNDLE,
					   writer->entries.data + begin, writer->entries.size - begin, error);
}

static bool
put_tiles(Batch *batch, int level, JurLogError *error)
{
	JurLogWriter *writer = batch->writer;
	const JurEdge *edge = &writer->edges[level];
	uint64_t	n = edge->first / JUR_BUNDLE;
	size_t		tile = JUR_BUNDLE * JUR_HASH_SIZE;
	size_t		at;

	/* nothing was added at this level: the partial tile is there */
	if (writer->size >> 8 * level == writer->head.size >> 8 * level)
		return true;
	for (at = 0; edge->hashes.size - at >= tile; at += tile)
	{
		if (!put(batch, level, n++, JUR_BUNDLE, edge->hashes.data + at, tile, error))
			return false;
	}
	if (edge->hashes.size == at)
		return true;
	return put_partial(batch, level, n, (edge->hashes.size - at) / JUR_HASH_SIZE,
					   edge->hashes.data + at, edge->hashes.size - at, error);
}

static bool
put_all(JurLogWriter *writer, JurLogError *error)
{
	Batch	   *batch = malloc(sizeof(Batch));
	bool		is_put = true;
	int			level;

	if (batch == NULL)
		return jur_log_fail(error, ENOMEM, "could not write the tree of \"%s\"",
							writer->directory);
	batch->writer = writer;
	batch->count = 0;
	batch->directory[0] = '\0';
	if (writer->size > writer->head.size)
		is_put = put_bundles(batch, error);
	for (level = 0; level < JUR_TILE_LEVELS && is_put; level++)
		is_put = put_tiles(batch, level, error);
	is_put = is_put ? flush(batch, error) : abandon(batch);
	free(batch);
	return is_put;
}

/* drops from memory what lies in full tiles and bundles */
static void
forget_full(JurLogWriter *writer)
{
	size_t		tile = JUR_BUNDLE * JUR_HASH_SIZE;
	uint64_t	bundles_first = writer->size / JUR_BUNDLE * JUR_BUNDLE;
	int			level;

	for (level = 0; level < JUR_TILE_LEVELS; level++)
	{
		JurEdge    *edge = &writer->edges[level];
		size_t		full = edge->hashes.size / tile;

		if (full == 0)
			continue;
		edge->hashes.size -= full * tile;
		memmove(edge->hashes.data, edge->hashes.data + full * tile, edge->hashes.size);
		edge->first += full * JUR_BUNDLE;
	}
	if (bundles_first > writer->bundles_first)
	{
		size_t		begin = writer->entries.size;

		if (writer->size > bundles_first)
			memcpy(&begin, writer->bundles.data + writer->bundles.size - sizeof(begin),
				   sizeof(begin));
		writer->entries.size -= begin;
		memmove(writer->entries.data, writer->entries.data + begin, writer->entries.size);
		writer->bundles_first = bundles_first;
		writer->bundles.size = 0;
	}
}

/* ----------------------------------------------------------------- checkpoint */

bool
jur_head_put(JurLogWriter *writer, JurLogError *error)
{
	JurCheckpoint head;
	char		note[JUR_NOTE_MAX];
	size_t		size;

	memset(&head, 0, sizeof(head));
	strcpy(head.origin, writer->key.name);
	head.size = writer->size;
	jur_edge_root(writer, &head.root);
	/* a root that could not be computed must not be signed */
	if (!jur_merkle_equal(&head.root, &head.root))
		return jur_log_fail(error, 0, "could not hash the tree: OpenSSL failed");
	size = jur_checkpoint_sign(&head, &writer->key, writer->seed, note);
	if (size == 0)
		return jur_log_fail(error, 0, "could not sign a checkpoint of \"%s\" with the key \"%s\"",
							writer->directory, writer->key.name);
	if (!jur_writer_is_home(writer, error) || !put_all(writer, error) ||
		!jur_file_replace(writer->directory, "checkpoint", note, size, error))
		return false;
	writer->bytes_written += size;
	writer->head = head;
	forget_full(writer);
	remove_old_partials(writer);
	jur_journal_recycle(writer);
	return true;
}

/*
 * Partial tiles that a crash kept a checkpoint from removing lie beside the
 * ones at the edge; the next checkpoint removes them.
 */
void
jur_partials_find(JurLogWriter *writer, int level, uint64_t n)
{
	int			width;

	for (width = 1; width < JUR_BUNDLE; width++)
	{
		char		path[JUR_PATH_MAX];

		jur_tile_path(writer->directory, level, n, width, path);
		if (access(path, F_OK) == 0)
			remember_partial(writer, level, n, width);
	}
}
