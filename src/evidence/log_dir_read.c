/*-------------------------------------------------------------------------
 *
 * log_dir_read.c
 *	  Idea: a log as it is on disk, read while another process writes it.
 *
 * A reader holds to the head it has read.  Partial tiles of that head go away
 * when the log grows; the newer ones that took their place begin with the
 * same hashes, and serve as well.  So they do in a copy that was made while
 * the log grew, whose checkpoint is older than its tiles.
 *
 *-------------------------------------------------------------------------
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/base64.h"
#include "evidence/log_dir_internal.h"

/* how often a log may grow while a reader looks for one partial tile */
#define TRIES			16
#define KEYS_BYTES_MAX	(1024 * 1024)
#define JOURNAL_MAX		(UINT64_C(1) << 32)
#define JOURNAL_CHUNK	(256 * 1024)	/* more than an entry */

/*
 * A tile, and what was made of its hashes: who asks for many roots asks for
 * the same subtrees again and again.  Number 1 is the one of all 256 hashes,
 * 2 * i and 2 * i + 1 are the halves of i, and from 256 on follow the hashes.
 */
typedef struct CachedTile
{
	bool		is_valid;
	uint64_t	n;
	int			width;
	JurBuffer	hashes;
	bool		is_made[JUR_BUNDLE];
	JurHash		made[JUR_BUNDLE];
} CachedTile;

struct JurLogReader
{
	char		directory[JUR_PATH_MAX];
	char		note[JUR_NOTE_MAX + 1];
	size_t		note_size;
	JurCheckpoint head;
	JurLogError hash_error;

	CachedTile	tiles[JUR_TILE_LEVELS];

	bool		has_bundle;
	uint64_t	bundle_n;
	int			bundle_width;
	JurBuffer	bundle;
	const uint8_t *data[JUR_BUNDLE];
	size_t		sizes[JUR_BUNDLE];

	/* the journal's file that was read last, and what lies at JOURNAL_AT */
	bool		has_journal;
	uint64_t	journal_seq;
	size_t		journal_at;
	JurBuffer	journal;
};

/* -------------------------------------------------------------------- files */

bool
jur_head_read(const char *directory, char *note, size_t *size, JurCheckpoint *head,
			  JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	JurBuffer	buffer = {0};
	bool		is_read;

	jur_log_path(directory, "checkpoint", path);
	is_read = jur_file_read(path, JUR_NOTE_MAX, &buffer, error);
	if (is_read && (buffer.size > JUR_NOTE_MAX ||
					!jur_checkpoint_parse((char *) buffer.data, buffer.size, head)))
		is_read = jur_log_damaged(error, "\"%s\" is not a checkpoint", path);
	if (is_read)
	{
		memcpy(note, buffer.data, buffer.size);
		note[buffer.size] = '\0';
		*size = buffer.size;
	}
	jur_buffer_free(&buffer);
	return is_read;
}

int
jur_keys_read(const char *directory, JurNoteKey *keys, int room, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	JurBuffer	buffer = {0};
	char	   *line;
	char	   *newline;
	int			count = 0;

	jur_log_path(directory, "keys", path);
	if (!jur_file_read(path, KEYS_BYTES_MAX, &buffer, error) ||
		!jur_buffer_reserve(&buffer, 1, error))
	{
		jur_buffer_free(&buffer);
		return -1;
	}
	buffer.data[buffer.size] = '\0';
	for (line = (char *) buffer.data; *line != '\0' && count < room; line = newline + 1)
	{
		newline = strchr(line, '\n');
		if (newline != NULL)
			*newline = '\0';
		if (newline == NULL || !jur_note_key_parse(line, &keys[count]))
		{
			jur_log_damaged(error, "line %d of \"%s\" is not a key", count + 1, path);
			count = -1;
			break;
		}
		count++;
	}
	jur_buffer_free(&buffer);
	return count;
}

int
jur_tile_width(uint64_t size, int level, uint64_t n)
{
	uint64_t	count = level == JUR_BUNDLES ? size : size >> 8 * level;
	uint64_t	tiles = count / JUR_BUNDLE;

	return n < tiles ? JUR_BUNDLE : n == tiles ? (int) (count % JUR_BUNDLE) : 0;
}

static bool
read_tile_file(const char *directory, int level, uint64_t n, int width,
			   JurBuffer *buffer, JurLogError *error)
{
	char		path[JUR_PATH_MAX];

	jur_tile_path(directory, level, n, width, path);
	if (!jur_file_read(path, level == JUR_BUNDLES ? JUR_BUNDLE_BYTES_MAX :
					   JUR_BUNDLE * JUR_HASH_SIZE, buffer, error))
		return false;
	if (level != JUR_BUNDLES && buffer->size != (size_t) width * JUR_HASH_SIZE)
		return jur_log_damaged(error, "\"%s\" does not hold %d hashes", path, width);
	return true;
}

/*
 * The partial tile that holds most, if more than WIDTH; 0: there is none.  The
 * checkpoint does not tell of it where it was copied before the tiles.
 */
static int
wider_partial(const char *directory, int level, uint64_t n, int width)
{
	char		path[JUR_PATH_MAX];
	struct dirent *entry;
	DIR		   *dir;
	int			wider = 0;

	jur_tile_path(directory, level, n, width, path);
	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
	{
		int			found = atoi(entry->d_name);

		if (found > width && found < JUR_BUNDLE && found > wider)
			wider = found;
	}
	closedir(dir);
	return wider;
}

bool
jur_tile_read(const char *directory, uint64_t size, int level, uint64_t n,
			  JurBuffer *buffer, int *width, JurLogError *error)
{
	JurLogError first_error;
	JurLogError later_error;
	int			tries;

	*width = jur_tile_width(size, level, n);
	if (*width == 0)
		return jur_log_fail(error, 0, "the log of %" PRIu64 " entries has no tile %" PRIu64
							" at level %d", size, n, level);
	if (read_tile_file(directory, level, n, *width, buffer, error))
		return true;
	if (!error->is_missing || *width == JUR_BUNDLE)
		return false;
	first_error = *error;
	for (tries = 0; tries < TRIES; tries++)
	{
		int			wider = wider_partial(directory, level, n, *width);

		if (wider > 0 && read_tile_file(directory, level, n, wider, buffer, &later_error))
		{
			*width = wider;
			return true;
		}
		if (read_tile_file(directory, level, n, JUR_BUNDLE, buffer, &later_error))
		{
			*width = JUR_BUNDLE;
			return true;
		}
	}
	*error = first_error;
	return false;
}

/* the number of entries; -1: the bytes are not whole entries, or too many */
int
jur_bundle_parse(const JurBuffer *bundle, const uint8_t **data, size_t *sizes)
{
	size_t		at = 0;
	int			count = 0;

	while (at < bundle->size)
	{
		size_t		size;

		if (count == JUR_BUNDLE || bundle->size - at < 2)
			return -1;
		size = (size_t) bundle->data[at] << 8 | bundle->data[at + 1];
		at += 2;
		if (bundle->size - at < size)
			return -1;
		data[count] = bundle->data + at;
		sizes[count++] = size;
		at += size;
	}
	return count;
}

/* ------------------------------------------------------------------- reader */

JurLogReader *
jur_log_read(const char *directory, JurLogError *error)
{
	JurLogReader *reader = calloc(1, sizeof(JurLogReader));

	if (reader == NULL)
	{
		jur_log_fail(error, ENOMEM, "could not open \"%s\"", directory);
		return NULL;
	}
	/* the longest name below it is shorter than this */
	if (strlen(directory) > JUR_PATH_MAX - 128)
		jur_log_fail(error, ENAMETOOLONG, "could not open \"%s\"", directory);
	else
	{
		strcpy(reader->directory, directory);
		if (jur_log_refresh(reader, error))
			return reader;
	}
	free(reader);
	return NULL;
}

void
jur_log_read_end(JurLogReader *reader)
{
	int			level;

	if (reader == NULL)
		return;
	for (level = 0; level < JUR_TILE_LEVELS; level++)
		jur_buffer_free(&reader->tiles[level].hashes);
	jur_buffer_free(&reader->bundle);
	jur_buffer_free(&reader->journal);
	free(reader);
}

bool
jur_log_refresh(JurLogReader *reader, JurLogError *error)
{
	char		note[JUR_NOTE_MAX + 1];
	size_t		size;
	JurCheckpoint head;

	if (!jur_head_read(reader->directory, note, &size, &head, error))
		return false;
	memcpy(reader->note, note, size + 1);
	reader->note_size = size;
	reader->head = head;
	return true;
}

const JurCheckpoint *
jur_log_head(const JurLogReader *reader)
{
	return &reader->head;
}

const char *
jur_log_note(const JurLogReader *reader, size_t *size)
{
	*size = reader->note_size;
	return reader->note;
}

int
jur_log_keys(const JurLogReader *reader, JurNoteKey *keys, int room, JurLogError *error)
{
	return jur_keys_read(reader->directory, keys, room, error);
}

bool
jur_log_handovers(const JurLogReader *reader, JurHandoverVisit visit, void *arg,
				  JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	JurBuffer	buffer = {0};
	const char *line;
	const char *newline;
	int			size = 0;

	jur_log_path(reader->directory, "handovers", path);
	if (!jur_file_read(path, KEYS_BYTES_MAX, &buffer, error) ||
		!jur_buffer_reserve(&buffer, 1, error))
	{
		jur_buffer_free(&buffer);
		/* no key has handed over yet */
		return error->is_missing;
	}
	buffer.data[buffer.size] = '\0';
	for (line = (char *) buffer.data; (newline = strchr(line, '\n')) != NULL; line = newline + 1)
	{
		char		note[JUR_NOTE_MAX];

		size = jur_base64_get(line, newline - line, note, JUR_NOTE_MAX);
		if (size < 0 || !visit(arg, note, size))
			break;
	}
	if (size < 0)
		jur_log_damaged(error, "a line of \"%s\" is not base64", path);
	jur_buffer_free(&buffer);
	return size >= 0;
}

/* ------------------------------------------------------------------ entries */

/* bundle N, as many entries as its file has; what it must have is not looked at */
static bool
load_bundle(JurLogReader *reader, uint64_t n, JurLogError *error)
{
	int			width = jur_tile_width(reader->head.size, JUR_BUNDLES, n);
	int			file_width;
	int			count;

	if (reader->has_bundle && reader->bundle_n == n && reader->bundle_width >= width)
		return true;
	reader->has_bundle = false;
	if (!jur_tile_read(reader->directory, reader->head.size, JUR_BUNDLES, n,
					   &reader->bundle, &file_width, error))
		return false;
	count = jur_bundle_parse(&reader->bundle, reader->data, reader->sizes);
	if (count != file_width)
	{
		char		path[JUR_PATH_MAX];

		jur_tile_path(reader->directory, JUR_BUNDLES, n, file_width, path);
		return jur_log_damaged(error, "\"%s\" does not hold %d entries", path, file_width);
	}
	reader->has_bundle = true;
	reader->bundle_n = n;
	reader->bundle_width = file_width;
	return true;
}

bool
jur_log_entry(JurLogReader *reader, uint64_t seq, const uint8_t **data, size_t *size,
			  JurLogError *error)
{
	if (seq >= reader->head.size)
		return jur_log_fail(error, 0, "the log has only %" PRIu64 " entries below its checkpoint",
							reader->head.size);
	if (!load_bundle(reader, seq / JUR_BUNDLE, error))
		return false;
	*data = reader->data[seq % JUR_BUNDLE];
	*size = reader->sizes[seq % JUR_BUNDLE];
	return true;
}

bool
jur_log_bundle(JurLogReader *reader, uint64_t seq, const uint8_t **data, size_t *size,
			   JurLogError *error)
{
	int			width;

	reader->has_bundle = false;
	if (!jur_tile_read(reader->directory, reader->head.size, JUR_BUNDLES, seq / JUR_BUNDLE,
					   &reader->bundle, &width, error))
		return false;
	*data = reader->bundle.data;
	*size = reader->bundle.size;
	return true;
}

/* the first LIMIT bytes of a file, or all of it */
static bool
read_start(const char *path, size_t limit, JurBuffer *buffer, JurLogError *error)
{
	uint64_t	file_size;
	int			fd = jur_file_open(path, &file_size, error);
	ssize_t		count = 1;

	if (fd < 0)
		return false;
	buffer->size = 0;
	if (!jur_buffer_reserve(buffer, limit, error))
		count = -1;
	while (count > 0 && buffer->size < limit)
	{
		count = read(fd, buffer->data + buffer->size, limit - buffer->size);
		if (count > 0)
			buffer->size += count;
		else if (count < 0 && errno == EINTR)
			count = 1;
		else if (count < 0)
			jur_log_fail(error, errno, "could not read \"%s\"", path);
	}
	close(fd);
	return count >= 0;
}

/*
 * Reads as much of the journal's file PATH, which begins with entry NUMBER, as
 * it takes to find SEQ: most of a file is of an earlier use, and need not be
 * looked at.  *FOUND: it is there, and the reader goes on behind it.
 */
static bool
find_in_journal(JurLogReader *reader, const char *path, uint64_t number, uint64_t seq,
				const uint8_t **data, size_t *size, bool *found, JurLogError *error)
{
	uint64_t	first = number;
	size_t		limit;

	*found = false;
	for (limit = JOURNAL_CHUNK; limit <= JOURNAL_MAX; limit *= 4)
	{
		size_t		at = 0;

		if (!read_start(path, limit, &reader->journal, error))
			return false;
		number = first;
		while (number <= seq &&
			   jur_frame_get(reader->head.origin, reader->journal.data,
							 reader->journal.size, at, number, data, size, &at))
			number++;
		if (number > seq)
		{
			reader->has_journal = true;
			reader->journal_seq = number;
			reader->journal_at = at;
			*found = true;
			return true;
		}
		reader->journal_at = at;
		/* the end of the file, or no entry where any would have had room */
		if (reader->journal.size < limit || limit - at >= JUR_FRAME_HEAD + JUR_ENTRY_MAX)
			return true;
	}
	return true;
}

/*
 * The file is read again only where what was read of it does not go on: it is
 * asked for one entry after the other, and grows meanwhile.
 */
bool
jur_log_tail_entry(JurLogReader *reader, uint64_t seq, const uint8_t **data, size_t *size,
				   JurLogError *error)
{
	uint64_t   *first;
	int			count;
	int			i;

	if (reader->has_journal && reader->journal_seq == seq &&
		jur_frame_get(reader->head.origin, reader->journal.data, reader->journal.size,
					  reader->journal_at, seq, data, size, &reader->journal_at))
	{
		reader->journal_seq++;
		return true;
	}
	reader->has_journal = false;
	if (!jur_journal_list(reader->directory, &first, &count, error))
		return false;
	for (i = count - 1; i >= 0; i--)
	{
		char		path[JUR_PATH_MAX];
		bool		found;
		bool		is_read;

		if (first[i] > seq)
			continue;
		jur_journal_path(reader->directory, first[i], path);
		is_read = find_in_journal(reader, path, first[i], seq, data, size, &found, error);
		if (!is_read && error->is_missing)
			continue;
		if (!is_read || found)
		{
			free(first);
			return is_read;
		}
	}
	if (count > 0 && first[0] > seq)
	{
		jur_log_damaged(error, "the journal in \"%s\" begins with entry %" PRIu64
						", and the checkpoint ends before %" PRIu64
						" (as it does in a copy whose journal was copied last)",
						reader->directory, first[0], seq);
		error->is_behind = true;
	}
	else
	{
		jur_log_fail(error, 0, "entry %" PRIu64 " is not in the journal", seq);
		error->is_missing = true;
	}
	free(first);
	return false;
}

bool
jur_log_tail_is_torn(const JurLogReader *reader, uint64_t seq)
{
	return jur_frames_torn(reader->head.origin, reader->journal.data, reader->journal.size,
						   reader->journal_at, seq) > 0;
}

/* ------------------------------------------------------------------- hashes */

/* number I of the subtrees of a tile that has all it is made of */
static JurHash
subtree(CachedTile *tile, unsigned i)
{
	JurHash		left;
	JurHash		right;

	if (i >= JUR_BUNDLE)
	{
		memcpy(&left, tile->hashes.data + (i - JUR_BUNDLE) * JUR_HASH_SIZE, JUR_HASH_SIZE);
		return left;
	}
	if (!tile->is_made[i])
	{
		left = subtree(tile, 2 * i);
		right = subtree(tile, 2 * i + 1);
		jur_merkle_node(&left, &right, &tile->made[i]);
		tile->is_made[i] = true;
	}
	return tile->made[i];
}

bool
jur_log_hash(void *arg, int level, uint64_t index, JurHash *hash)
{
	JurLogReader *reader = arg;
	JurLogError *error = &reader->hash_error;
	int			tile_level = level / 8;
	int			count = 1 << level % 8;
	CachedTile *tile;
	uint64_t	first;
	uint64_t	n;

	if (level < 0 || level >= 64 || index >= reader->head.size >> level)
		return jur_log_fail(error, 0, "the log of %" PRIu64 " entries has no subtree %" PRIu64
							" of 2^%d", reader->head.size, index, level);
	first = index << level % 8;
	n = first / JUR_BUNDLE;
	tile = &reader->tiles[tile_level];
	if (!tile->is_valid || tile->n != n || tile->width < (int) (first % JUR_BUNDLE) + count)
	{
		tile->is_valid = false;
		if (!jur_tile_read(reader->directory, reader->head.size, tile_level, n,
						   &tile->hashes, &tile->width, error))
			return false;
		tile->is_valid = true;
		tile->n = n;
		memset(tile->is_made, 0, sizeof(tile->is_made));
	}
	*hash = subtree(tile, (JUR_BUNDLE + first % JUR_BUNDLE) / count);
	return true;
}

const JurLogError *
jur_log_hash_error(const JurLogReader *reader)
{
	return &reader->hash_error;
}
