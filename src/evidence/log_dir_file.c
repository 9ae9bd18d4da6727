/*-------------------------------------------------------------------------
 *
 * log_dir_file.c
 *	  Idea: files that are on disk when a function says so, where they are,
 *	  and the sentence about what went wrong.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/log_dir_internal.h"

/* ------------------------------------------------------------------- errors */

static void say(JurLogError *error, int code, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void
say(JurLogError *error, int code, const char *format, va_list args)
{
	int			length;

	memset(error, 0, sizeof(*error));
	error->code = code;
	length = vsnprintf(error->text, sizeof(error->text), format, args);
	if (code != 0 && length >= 0 && length < sizeof(error->text))
		snprintf(error->text + length, sizeof(error->text) - length,
				 ": %s", strerror(code));
}

bool
jur_log_fail(JurLogError *error, int code, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	say(error, code, format, args);
	va_end(args);
	error->is_missing = code == ENOENT;
	return false;
}

bool
jur_log_damaged(JurLogError *error, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	say(error, 0, format, args);
	va_end(args);
	error->is_damaged = true;
	return false;
}

/* ------------------------------------------------------------------ buffers */

bool
jur_buffer_reserve(JurBuffer *buffer, size_t more, JurLogError *error)
{
	size_t		room = buffer->room == 0 ? 1024 : buffer->room;
	uint8_t    *data;

	if (buffer->room - buffer->size >= more)
		return true;
	while (room - buffer->size < more)
	{
		if (room > SIZE_MAX / 2)
			return jur_log_fail(error, ENOMEM, "could not keep entries in memory");
		room *= 2;
	}
	data = realloc(buffer->data, room);
	if (data == NULL)
		return jur_log_fail(error, ENOMEM, "could not keep entries in memory");
	buffer->data = data;
	buffer->room = room;
	return true;
}

void
jur_buffer_free(JurBuffer *buffer)
{
	free(buffer->data);
	memset(buffer, 0, sizeof(*buffer));
}

/* -------------------------------------------------------------------- paths */

void
jur_log_path(const char *directory, const char *name, char *path)
{
	int			length = snprintf(path, JUR_PATH_MAX, "%s/%s", directory, name);

	/* a path cut off would be another file's; none has no name */
	if (length < 0 || length >= JUR_PATH_MAX)
		path[0] = '\0';
}

void
jur_tile_path(const char *directory, int level, uint64_t n, int width, char *path)
{
	uint64_t	divisor = 1;
	char		name[128];
	size_t		length;

	if (level == JUR_BUNDLES)
		length = snprintf(name, sizeof(name), "tile/entries");
	else
		length = snprintf(name, sizeof(name), "tile/%d", level);
	while (n / divisor >= 1000)
		divisor *= 1000;
	for (; divisor > 0; divisor /= 1000)
		length += snprintf(name + length, sizeof(name) - length,
						   divisor > 1 ? "/x%03d" : "/%03d", (int) (n / divisor % 1000));
	if (width < JUR_BUNDLE)
		snprintf(name + length, sizeof(name) - length, ".p/%d", width);
	jur_log_path(directory, name, path);
}

/* -------------------------------------------------------------------- files */

/*
 * What is no directory on the way, or leads nowhere, was put in place of what
 * a log has there.
 */
bool
jur_file_unopened(const char *path, JurLogError *error)
{
	int			code = errno;

	jur_log_fail(error, code, "could not open \"%s\"", path);
	error->is_damaged = code == ENOTDIR || code == ELOOP;
	return false;
}

/*
 * A pipe in its place would be waited for, and a device may never end: neither
 * is opened for long.
 */
int
jur_file_open(const char *path, uint64_t *size, JurLogError *error)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
	{
		jur_file_unopened(path, error);
		return -1;
	}
	if (fstat(fd, &status) != 0)
		jur_log_fail(error, errno, "could not read \"%s\"", path);
	else if (!S_ISREG(status.st_mode))
		jur_log_damaged(error, "\"%s\" is not a file", path);
	else
	{
		*size = status.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

bool
jur_file_read(const char *path, size_t limit, JurBuffer *buffer, JurLogError *error)
{
	uint64_t	size;
	int			fd = jur_file_open(path, &size, error);
	ssize_t		count = -1;

	if (fd < 0)
		return false;
	buffer->size = 0;
	if (size > limit)
		jur_log_damaged(error, "\"%s\" is longer than it can be", path);
	/* one more, so that its end is seen though it grows */
	else if (jur_buffer_reserve(buffer, size + 1, error))
	{
		do
		{
			count = read(fd, buffer->data + buffer->size, buffer->room - buffer->size);
			if (count > 0)
				buffer->size += count;
			if (count < 0 && errno == EINTR)
				continue;
		} while (count > 0 && buffer->size < buffer->room);
		if (count < 0)
			jur_log_fail(error, errno, "could not read \"%s\"", path);
	}
	close(fd);
	return count >= 0;
}

bool
jur_file_write_at(int fd, const char *path, const void *data, size_t size,
				  uint64_t offset, JurLogError *error)
{
	const uint8_t *at = data;

	while (size > 0)
	{
		ssize_t		count;

		errno = 0;
		count = pwrite(fd, at, size, (off_t) offset);
		if (count < 0 && errno == EINTR)
			continue;
		/* a disk that takes nothing and says nothing is full */
		if (count <= 0)
			return jur_log_fail(error, errno != 0 ? errno : ENOSPC,
								"could not write \"%s\"", path);
		at += count;
		size -= count;
		offset += count;
	}
	return true;
}

bool
jur_file_put(const char *path, const void *data, size_t size, JurLogError *error)
{
	int			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool		is_put;

	if (fd < 0)
		return jur_log_fail(error, errno, "could not create \"%s\"", path);
	is_put = jur_file_write_at(fd, path, data, size, 0, error);
	if (is_put && fsync(fd) != 0)
		is_put = jur_log_fail(error, errno, "could not write \"%s\" to disk", path);
	if (close(fd) != 0 && is_put)
		is_put = jur_log_fail(error, errno, "could not write \"%s\"", path);
	return is_put;
}

bool
jur_file_rename(const char *from, const char *to, JurLogError *error)
{
	if (rename(from, to) != 0)
		return jur_log_fail(error, errno, "could not rename \"%s\" to \"%s\"", from, to);
	return true;
}

bool
jur_file_remove(const char *path, JurLogError *error)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return jur_log_fail(error, errno, "could not remove \"%s\"", path);
	return true;
}

bool
jur_directory_make(const char *path, bool *is_new, JurLogError *error)
{
	*is_new = mkdir(path, 0700) == 0;
	if (!*is_new && errno != EEXIST)
		return jur_log_fail(error, errno, "could not create directory \"%s\"", path);
	return true;
}

bool
jur_directory_sync(const char *path, JurLogError *error)
{
	int			fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool		is_synced;

	if (fd < 0)
		return jur_log_fail(error, errno, "could not open directory \"%s\"", path);
	is_synced = fsync(fd) == 0;
	if (!is_synced)
		jur_log_fail(error, errno, "could not write directory \"%s\" to disk", path);
	close(fd);
	return is_synced;
}

bool
jur_file_replace(const char *directory, const char *name,
				 const void *data, size_t size, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	char		fresh[JUR_PATH_MAX];
	char		fresh_name[64];

	snprintf(fresh_name, sizeof(fresh_name), "%s.new", name);
	jur_log_path(directory, name, path);
	jur_log_path(directory, fresh_name, fresh);
	return jur_file_put(fresh, data, size, error) &&
		jur_file_rename(fresh, path, error) &&
		jur_directory_sync(directory, error);
}
