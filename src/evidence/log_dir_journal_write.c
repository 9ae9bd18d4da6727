/*-------------------------------------------------------------------------
 *
 * log_dir_journal_write.c
 *	  Idea: one write and one fdatasync make entries durable, in a file whose
 *	  blocks are on disk already.
 *
 * A new file is filled with zeros first, and later used again from its start
 * under the name of the first entry it will hold.  It is never trusted again
 * after a failed fdatasync: the kernel may have dropped what it could not
 * write, and forgets that it did.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/log_dir_internal.h"

/* a file grows by so much at a time; tests make it small */
#ifndef JUR_JOURNAL_STEP
#define JUR_JOURNAL_STEP	(UINT64_C(1) << 20)
#endif
#define STEP			((uint64_t) JUR_JOURNAL_STEP)
#define KEPT_ROOM		(16 * STEP) /* a file that grew beyond is cut when it is reused */

/* zeros from FROM to TO, both multiples of STEP but for the first */
static bool
fill(JurLogWriter *writer, int fd, const char *path, uint64_t from, uint64_t to,
	 JurLogError *error)
{
	static const uint8_t zeros[65536];

	while (from < to)
	{
		size_t		size = to - from < sizeof(zeros) ? to - from : sizeof(zeros);

		if (!jur_file_write_at(fd, path, zeros, size, from, error))
			return false;
		writer->bytes_written += size;
		from += size;
	}
	return true;
}

static uint64_t
round_up(uint64_t size)
{
	return (size + STEP - 1) / STEP * STEP;
}

/* frames of all entries that no checkpoint covers */
static bool
frame_unsigned(const JurLogWriter *writer, JurBuffer *frames, JurLogError *error)
{
	const uint8_t *entry = writer->entries.data;
	uint64_t	seq;

	for (seq = writer->bundles_first; seq < writer->size; seq++)
	{
		size_t		size = (size_t) entry[0] << 8 | entry[1];

		if (seq >= writer->head.size)
		{
			if (!jur_buffer_reserve(frames, JUR_FRAME_HEAD + size, error))
				return false;
			jur_frame_put(writer->key.name, seq, entry + 2, size,
						  frames->data + frames->size);
			frames->size += JUR_FRAME_HEAD + size;
		}
		entry += 2 + size;
	}
	return true;
}

/* whatever else there is, all of it older */
static bool
remove_others(JurLogWriter *writer, JurLogError *error)
{
	uint64_t   *first;
	int			count;
	int			i;
	bool		are_removed = true;

	if (!jur_journal_list(writer->directory, &first, &count, error))
		return false;
	for (i = 0; i < count && are_removed; i++)
	{
		char		path[JUR_PATH_MAX];

		jur_journal_path(writer->directory, first[i], path);
		if (first[i] != writer->head.size)
			are_removed = jur_file_remove(path, error);
	}
	free(first);
	return are_removed;
}

bool
jur_journal_begin(JurLogWriter *writer, JurLogError *error)
{
	char		directory[JUR_PATH_MAX];
	char		fresh[JUR_PATH_MAX];
	char		path[JUR_PATH_MAX];
	JurBuffer	frames = {0};
	uint64_t	room;
	bool		is_made;
	int			fd;

	if (!jur_writer_is_home(writer, error))
		return false;
	jur_log_path(writer->directory, "journal", directory);
	jur_log_path(writer->directory, "journal/new", fresh);
	jur_journal_path(writer->directory, writer->head.size, path);

	if (!frame_unsigned(writer, &frames, error))
	{
		jur_buffer_free(&frames);
		return false;
	}
	fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
	{
		jur_buffer_free(&frames);
		return jur_log_fail(error, errno, "could not create \"%s\"", fresh);
	}
	room = round_up(frames.size + STEP / 2);
	is_made = jur_file_write_at(fd, fresh, frames.data, frames.size, 0, error) &&
		fill(writer, fd, fresh, frames.size, room, error);
	if (is_made && fsync(fd) != 0)
		is_made = jur_log_fail(error, errno, "could not write \"%s\" to disk", fresh);
	if (is_made)
		is_made = jur_file_rename(fresh, path, error) &&
			remove_others(writer, error) && jur_directory_sync(directory, error);
	if (is_made)
	{
		writer->journal = fd;
		writer->journal_first = writer->head.size;
		writer->journal_used = frames.size;
		writer->journal_room = room;
		writer->pending.size = 0;
		writer->bytes_written += frames.size;
	}
	else
		close(fd);
	jur_buffer_free(&frames);
	return is_made;
}

static void
distrust(JurLogWriter *writer)
{
	close(writer->journal);
	writer->journal = -1;
}

/* is the file that is open the one that a reader would find? */
static bool
is_in_place(const JurLogWriter *writer, const char *path)
{
	struct stat by_path;
	struct stat by_fd;

	return stat(path, &by_path) == 0 && fstat(writer->journal, &by_fd) == 0 &&
		by_path.st_dev == by_fd.st_dev && by_path.st_ino == by_fd.st_ino;
}

bool
jur_journal_sync(JurLogWriter *writer, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	uint64_t	end = writer->journal_used + writer->pending.size;

	if (writer->journal >= 0)
	{
		jur_journal_path(writer->directory, writer->journal_first, path);
		if (!is_in_place(writer, path))
			distrust(writer);
	}
	if (writer->journal < 0)
		return jur_journal_begin(writer, error);
	if (writer->pending.size == 0)
		return true;

	if (end > writer->journal_room)
	{
		uint64_t	room = round_up(end);

		if (!fill(writer, writer->journal, path, end, room, error))
			return false;
		writer->journal_room = room;
	}
	if (!jur_file_write_at(writer->journal, path, writer->pending.data,
						   writer->pending.size, writer->journal_used, error))
		return false;
	if (fdatasync(writer->journal) != 0)
	{
		jur_log_fail(error, errno, "could not write \"%s\" to disk", path);
		distrust(writer);
		return false;
	}
	writer->bytes_written += writer->pending.size;
	writer->journal_used = end;
	writer->pending.size = 0;
	return true;
}

/*
 * Only when there is enough in it that a new name, which the file system has
 * to write, is worth it.  A failure is no reason to fail: what is in the file
 * may stay in it.
 */
void
jur_journal_recycle(JurLogWriter *writer)
{
	char		directory[JUR_PATH_MAX];
	char		from[JUR_PATH_MAX];
	char		to[JUR_PATH_MAX];
	JurLogError error;

	if (writer->journal < 0 || writer->pending.size > 0 ||
		writer->journal_used < STEP / 2)
		return;
	jur_log_path(writer->directory, "journal", directory);
	jur_journal_path(writer->directory, writer->journal_first, from);
	jur_journal_path(writer->directory, writer->head.size, to);
	if (!jur_file_rename(from, to, &error))
		return;
	if (writer->journal_room > KEPT_ROOM && ftruncate(writer->journal, KEPT_ROOM) == 0)
		writer->journal_room = KEPT_ROOM;
	if (!jur_directory_sync(directory, &error))
	{
		/* which name it has after a crash, nobody knows */
		distrust(writer);
		return;
	}
	writer->journal_first = writer->head.size;
	writer->journal_used = 0;
}
