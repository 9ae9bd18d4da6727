/*-------------------------------------------------------------------------
 *
 * log_dir_journal.c
 *	  Idea: entries in the journal can be told from everything else that
 *	  lies in its files: older uses of them, and what a crash tore.
 *
 * A file is used again and again, so that its blocks are there already and
 * a sync need not wait for the file system's own bookkeeping.  An entry says
 * its number, and its checksum covers the log's name.
 *
 *-------------------------------------------------------------------------
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/log_dir_internal.h"

/* numbers so far behind the expected one may be of the same torn write */
#define TORN_WINDOW		(UINT64_C(1) << 20)

/* CRC-32C, eight bytes at a time; the tables are made at the first use */
static uint32_t tables[8][256];

static void
make_tables(void)
{
	int			i;
	int			j;

	for (i = 0; i < 256; i++)
	{
		uint32_t	crc = i;

		for (j = 0; j < 8; j++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
		tables[0][i] = crc;
	}
	for (i = 0; i < 256; i++)
	{
		for (j = 1; j < 8; j++)
			tables[j][i] = tables[j - 1][i] >> 8 ^ tables[0][tables[j - 1][i] & 255];
	}
}

/* CRC is 0 at first, or of what was before */
uint32_t
jur_crc32c(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *c = data;

	if (tables[0][1] == 0)
		make_tables();
	crc = ~crc;
	for (; size >= 8; size -= 8, c += 8)
	{
		uint32_t	low = crc ^ (c[0] | c[1] << 8 | c[2] << 16 | (uint32_t) c[3] << 24);

		crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^
			tables[5][low >> 16 & 255] ^ tables[4][low >> 24] ^
			tables[3][c[4]] ^ tables[2][c[5]] ^ tables[1][c[6]] ^ tables[0][c[7]];
	}
	for (; size > 0; size--, c++)
		crc = crc >> 8 ^ tables[0][(crc ^ *c) & 255];
	return ~crc;
}

/* ------------------------------------------------------------------- frames */

static void
put_big_endian(uint8_t *out, uint64_t value, int bytes)
{
	while (bytes-- > 0)
	{
		out[bytes] = value & 255;
		value >>= 8;
	}
}

static uint64_t
get_big_endian(const uint8_t *in, int bytes)
{
	uint64_t	value = 0;

	while (bytes-- > 0)
		value = value << 8 | *in++;
	return value;
}

static uint32_t
frame_crc(const char *origin, const uint8_t *frame, size_t size)
{
	return jur_crc32c(jur_crc32c(0, origin, strlen(origin)), frame + 8, 8 + size);
}

void
jur_frame_put(const char *origin, uint64_t seq, const void *data, size_t size,
			  uint8_t *out)
{
	put_big_endian(out, size, 4);
	put_big_endian(out + 8, seq, 8);
	memcpy(out + JUR_FRAME_HEAD, data, size);
	put_big_endian(out + 4, frame_crc(origin, out, size), 4);
}

bool
jur_frame_get(const char *origin, const uint8_t *file, size_t file_size, size_t at,
			  uint64_t seq, const uint8_t **data, size_t *size, size_t *next)
{
	const uint8_t *frame;
	uint64_t	length;

	if (at > file_size || file_size - at < JUR_FRAME_HEAD)
		return false;
	frame = file + at;
	length = get_big_endian(frame, 4);
	if (length > JUR_ENTRY_MAX || length > file_size - at - JUR_FRAME_HEAD ||
		get_big_endian(frame + 8, 8) != seq ||
		get_big_endian(frame + 4, 4) != frame_crc(origin, frame, length))
		return false;
	*data = frame + JUR_FRAME_HEAD;
	*size = length;
	*next = at + JUR_FRAME_HEAD + length;
	return true;
}

/*
 * A write that a crash tore may have left its head, or later parts without
 * it.  What an earlier use of the file left has lower numbers.
 */
size_t
jur_frames_torn(const char *origin, const uint8_t *file, size_t file_size,
				size_t at, uint64_t seq)
{
	size_t		torn_end = at;
	size_t		i = at;

	/* zeros were never written to, though they are a number */
	if (at <= file_size && file_size - at >= JUR_FRAME_HEAD &&
		get_big_endian(file + at, 8) != 0 && get_big_endian(file + at + 8, 8) == seq)
	{
		uint64_t	length = get_big_endian(file + at, 4);
		size_t		left = file_size - at - JUR_FRAME_HEAD;

		if (length <= JUR_ENTRY_MAX)
			torn_end += JUR_FRAME_HEAD + (length < left ? length : left);
	}
	while (i <= file_size && file_size - i >= JUR_FRAME_HEAD)
	{
		uint64_t	number = get_big_endian(file + i + 8, 8);
		const uint8_t *data;
		size_t		size;
		size_t		next;

		if (number >= seq && number - seq < TORN_WINDOW &&
			jur_frame_get(origin, file, file_size, i, number, &data, &size, &next))
		{
			torn_end = next;
			i = next;
		}
		else
			i++;
	}
	return torn_end - at;
}

/* -------------------------------------------------------------------- files */

void
jur_journal_path(const char *directory, uint64_t first, char *path)
{
	char		name[64];

	snprintf(name, sizeof(name), "journal/%" PRIu64, first);
	jur_log_path(directory, name, path);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t	left = *(const uint64_t *) a;
	uint64_t	right = *(const uint64_t *) b;

	return left < right ? -1 : left > right;
}

/* a file of any other name is not the journal's */
static bool
parse_name(const char *name, uint64_t *first)
{
	char		again[32];
	char	   *end;

	errno = 0;
	*first = strtoull(name, &end, 10);
	snprintf(again, sizeof(again), "%" PRIu64, *first);
	return errno == 0 && strcmp(name, again) == 0;
}

bool
jur_journal_list(const char *directory, uint64_t **first, int *count, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	JurBuffer	list = {0};
	struct dirent *entry;
	DIR		   *dir;
	uint64_t	number;

	*first = NULL;
	*count = 0;
	jur_log_path(directory, "journal", path);
	dir = opendir(path);
	if (dir == NULL)
		return jur_file_unopened(path, error);
	errno = 0;
	while ((entry = readdir(dir)) != NULL)
	{
		if (!parse_name(entry->d_name, &number))
		{
			errno = 0;
			continue;
		}
		if (!jur_buffer_reserve(&list, sizeof(number), error))
		{
			closedir(dir);
			jur_buffer_free(&list);
			return false;
		}
		memcpy(list.data + list.size, &number, sizeof(number));
		list.size += sizeof(number);
		errno = 0;
	}
	if (errno != 0)
	{
		jur_log_fail(error, errno, "could not read directory \"%s\"", path);
		closedir(dir);
		jur_buffer_free(&list);
		return false;
	}
	closedir(dir);
	*count = list.size / sizeof(number);
	*first = (uint64_t *) list.data;
	if (*count > 1)
		qsort(*first, *count, sizeof(number), by_number);
	return true;
}
