/*-------------------------------------------------------------------------
 *
 * log_dir_open.c
 *	  Idea: a log is extended only by who holds its key, alone, and only if
 *	  what is there is what he signed.
 *
 * What is read is the right edge of the tree: it gives the root, and with it
 * vouches for everything on its left.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/base64.h"
#include "evidence/log_dir_internal.h"

#define KEYS_MAX		1024	/* keys that one log may have had */
#define JOURNAL_MAX		(UINT64_C(1) << 32)

/* --------------------------------------------------------------------- lock */

static bool
take_lock(JurLogWriter *writer, JurLogError *error)
{
	char		path[JUR_PATH_MAX];

	jur_log_path(writer->directory, "lock", path);
	writer->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (writer->lock < 0)
		return jur_log_fail(error, errno, "could not create \"%s\"", path);
	if (flock(writer->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
		return jur_log_fail(error, errno, "another process writes the log in \"%s\"",
							writer->directory);
	return jur_log_fail(error, errno, "could not lock \"%s\"", path);
}

/*
 * A directory that was moved away, or put there in its place, holds another
 * lock or none: two writers would not know of each other.
 */
bool
jur_writer_is_home(const JurLogWriter *writer, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	struct stat by_path;
	struct stat by_fd;

	jur_log_path(writer->directory, "lock", path);
	if (stat(path, &by_path) != 0)
		return jur_log_fail(error, errno, "could not find \"%s\"", path);
	if (fstat(writer->lock, &by_fd) != 0)
		return jur_log_fail(error, errno, "could not read \"%s\"", path);
	if (by_path.st_dev != by_fd.st_dev || by_path.st_ino != by_fd.st_ino)
		return jur_log_fail(error, 0, "\"%s\" was replaced by another: it is not the log that was opened",
							writer->directory);
	return true;
}

/* ---------------------------------------------------------------- a new log */

static bool
exists(const JurLogWriter *writer, const char *name)
{
	char		path[JUR_PATH_MAX];

	jur_log_path(writer->directory, name, path);
	return access(path, F_OK) == 0;
}

static bool
make_below(const JurLogWriter *writer, const char *name, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	bool		is_new;

	jur_log_path(writer->directory, name, path);
	return jur_directory_make(path, &is_new, error);
}

/* does the journal hold an entry of this log? */
static bool
has_entries(const JurLogWriter *writer)
{
	JurBuffer	file = {0};
	JurLogError error;
	uint64_t   *first;
	int			count;
	int			i;
	bool		found = false;

	if (!jur_journal_list(writer->directory, &first, &count, &error))
		return false;
	for (i = 0; i < count && !found; i++)
	{
		char		path[JUR_PATH_MAX];
		const uint8_t *data;
		size_t		size;
		size_t		next;

		jur_journal_path(writer->directory, first[i], path);
		found = jur_file_read(path, JOURNAL_MAX, &file, &error) &&
			jur_frame_get(writer->key.name, file.data, file.size, 0, first[i],
						  &data, &size, &next);
	}
	free(first);
	jur_buffer_free(&file);
	return found;
}

/*
 * The checkpoint comes last: a log without one was never opened.  Entries
 * without one are a log that somebody took the checkpoint from.
 */
static bool
begin(JurLogWriter *writer, JurLogError *error)
{
	char		text[JUR_NOTE_MAX];

	if (exists(writer, "tile") || has_entries(writer))
		return jur_log_damaged(error, "the log in \"%s\" has entries, but no checkpoint",
							   writer->directory);
	jur_note_key_text(&writer->key, text);
	strcat(text, "\n");
	return make_below(writer, "journal", error) &&
		jur_file_replace(writer->directory, "keys", text, strlen(text), error) &&
		jur_journal_begin(writer, error) &&
		jur_head_put(writer, error);
}

/* ---------------------------------------------------------- an existing one */

/* the key must be one of this log, and have signed what is there */
static bool
check_signature(JurLogWriter *writer, const char *note, size_t size, JurLogError *error)
{
	JurNoteKey *keys;
	int			count;
	int			i;
	bool		is_known = false;

	if (strcmp(writer->head.origin, writer->key.name) != 0)
		return jur_log_fail(error, 0, "the log in \"%s\" is \"%s\", not \"%s\"",
							writer->directory, writer->head.origin, writer->key.name);
	switch (jur_checkpoint_open(note, size, &writer->key, &writer->head))
	{
		case JUR_NOTE_VERIFIED:
			break;
		case JUR_NOTE_UNSIGNED:
			return jur_log_damaged(error, "the checkpoint in \"%s\" is not signed by the log's present key",
								   writer->directory);
		case JUR_NOTE_FORGED:
		case JUR_NOTE_MALFORMED:
			return jur_log_damaged(error, "the signature of the checkpoint in \"%s\" is not right",
								   writer->directory);
	}
	keys = malloc(KEYS_MAX * sizeof(JurNoteKey));
	if (keys == NULL)
		return jur_log_fail(error, ENOMEM, "could not read the keys in \"%s\"",
							writer->directory);
	count = jur_keys_read(writer->directory, keys, KEYS_MAX, error);
	for (i = 0; i < count && !is_known; i++)
		is_known = memcmp(&keys[i], &writer->key, sizeof(JurNoteKey)) == 0;
	free(keys);
	if (count < 0)
		return false;
	if (!is_known)
		return jur_log_damaged(error, "\"%s/keys\" does not have the log's present key",
							   writer->directory);
	return true;
}

/* the hashes and entries that are in no full tile or bundle */
static bool
load_edge(JurLogWriter *writer, JurLogReader *reader, JurLogError *error)
{
	uint64_t	size = writer->head.size;
	uint64_t	seq;
	int			level;

	for (level = 0; level < 64; level++)
	{
		if ((size >> level & 1) != 0 &&
			!jur_log_hash(reader, level, (size >> level) - 1, &writer->stack[level]))
		{
			*error = *jur_log_hash_error(reader);
			return false;
		}
	}
	for (level = 0; level < JUR_TILE_LEVELS; level++)
	{
		JurEdge    *edge = &writer->edges[level];
		uint64_t	count = size >> 8 * level;
		uint64_t	i;

		edge->first = count / JUR_BUNDLE * JUR_BUNDLE;
		for (i = edge->first; i < count; i++)
		{
			if (!jur_buffer_reserve(&edge->hashes, JUR_HASH_SIZE, error))
				return false;
			if (!jur_log_hash(reader, 8 * level, i,
							  (JurHash *) (edge->hashes.data + edge->hashes.size)))
			{
				*error = *jur_log_hash_error(reader);
				return false;
			}
			edge->hashes.size += JUR_HASH_SIZE;
		}
	}

	writer->bundles_first = size / JUR_BUNDLE * JUR_BUNDLE;
	writer->size = writer->bundles_first;
	for (seq = writer->bundles_first; seq < size; seq++)
	{
		const uint8_t *data;
		size_t		entry_size;
		JurHash		hash;
		JurHash		leaf;

		if (!jur_log_entry(reader, seq, &data, &entry_size, error) ||
			!jur_entry_keep(writer, data, entry_size, error))
			return false;
		jur_merkle_leaf(data, entry_size, &leaf);
		memcpy(&hash, writer->edges[0].hashes.data + (seq % JUR_BUNDLE) * JUR_HASH_SIZE,
			   JUR_HASH_SIZE);
		if (!jur_merkle_equal(&hash, &leaf))
			return jur_log_damaged(error, "entry %" PRIu64 " of the log in \"%s\" is not what its leaf hash says",
								   seq, writer->directory);
	}
	writer->size = size;
	return true;
}

static bool
check_root(const JurLogWriter *writer, JurLogError *error)
{
	JurHash		root;

	jur_edge_root(writer, &root);
	if (!jur_merkle_equal(&root, &writer->head.root))
		return jur_log_damaged(error, "the tiles in \"%s\" do not give the root of its checkpoint",
							   writer->directory);
	return true;
}

/* entries of one journal file that are not in the tree yet */
static bool
recover_file(JurLogWriter *writer, uint64_t first, const JurBuffer *file,
			 bool is_last, JurLogFound *found, JurLogError *error)
{
	uint64_t	seq = first;
	size_t		at = 0;
	const uint8_t *data;
	size_t		size;

	while (jur_frame_get(writer->key.name, file->data, file->size, at, seq,
						 &data, &size, &at))
	{
		if (seq == writer->size)
		{
			if (!jur_log_append(writer, data, size, error))
				return false;
			found->recovered++;
		}
		seq++;
	}
	if (is_last)
		found->torn = jur_frames_torn(writer->key.name, file->data, file->size, at,
									  seq > writer->size ? seq : writer->size);
	return true;
}

/*
 * What is recovered is written to a file of its own at once: what a torn
 * write left behind it must not come back later as an entry.
 */
static bool
recover(JurLogWriter *writer, JurLogFound *found, JurLogError *error)
{
	JurBuffer	file = {0};
	uint64_t   *first;
	int			count;
	int			i;
	bool		is_recovered = true;

	if (!jur_journal_list(writer->directory, &first, &count, error))
		return false;
	for (i = 0; i < count && is_recovered; i++)
	{
		char		path[JUR_PATH_MAX];

		jur_journal_path(writer->directory, first[i], path);
		if (first[i] > writer->size)
			is_recovered = jur_log_damaged(error, "the journal \"%s\" begins behind the end of the log at %" PRIu64
										   ": its checkpoint is an older one", path, writer->size);
		else
			is_recovered = jur_file_read(path, JOURNAL_MAX, &file, error) &&
				recover_file(writer, first[i], &file, i == count - 1, found, error);
	}
	free(first);
	jur_buffer_free(&file);
	return is_recovered && jur_journal_begin(writer, error);
}

static void
find_partials(JurLogWriter *writer)
{
	int			level;

	for (level = JUR_BUNDLES; level < JUR_TILE_LEVELS; level++)
	{
		uint64_t	count = level == JUR_BUNDLES ? writer->head.size :
			writer->head.size >> 8 * level;

		if (count == 0)
			continue;
		jur_partials_find(writer, level, count / JUR_BUNDLE);
		if (count >= JUR_BUNDLE)
			jur_partials_find(writer, level, count / JUR_BUNDLE - 1);
	}
}

static bool
go_on(JurLogWriter *writer, JurLogFound *found, JurLogError *error)
{
	JurLogReader *reader = jur_log_read(writer->directory, error);
	const char *note;
	size_t		size;
	bool		is_right;

	if (reader == NULL)
		return false;
	note = jur_log_note(reader, &size);
	writer->head = *jur_log_head(reader);
	is_right = check_signature(writer, note, size, error) &&
		load_edge(writer, reader, error) && check_root(writer, error);
	jur_log_read_end(reader);
	if (!is_right || !make_below(writer, "journal", error) ||
		!jur_directory_sync(writer->directory, error))
		return false;
	find_partials(writer);
	return recover(writer, found, error);
}

/* --------------------------------------------------------------------- open */

/* the directory above one that was there before may not be ours to open */
static bool
make_directory(const char *directory, JurLogError *error)
{
	char		parent[JUR_PATH_MAX];
	char	   *slash;
	bool		is_new;

	if (!jur_directory_make(directory, &is_new, error))
		return false;
	strcpy(parent, directory);
	slash = strrchr(parent, '/');
	if (slash == NULL)
		strcpy(parent, ".");
	else
		slash[slash == parent ? 1 : 0] = '\0';
	return jur_directory_sync(parent, error) || !is_new;
}

JurLogWriter *
jur_log_open(const char *directory, const JurNoteKey *key, const uint8_t *seed,
			 JurLogFound *found, JurLogError *error)
{
	JurLogWriter *writer;
	bool		is_open;

	memset(found, 0, sizeof(*found));
	if (strlen(directory) > JUR_PATH_MAX - 128)
	{
		jur_log_fail(error, ENAMETOOLONG, "could not open \"%s\"", directory);
		return NULL;
	}
	writer = calloc(1, sizeof(JurLogWriter));
	if (writer == NULL)
	{
		jur_log_fail(error, ENOMEM, "could not open \"%s\"", directory);
		return NULL;
	}
	strcpy(writer->directory, directory);
	writer->key = *key;
	memcpy(writer->seed, seed, JUR_SEED_SIZE);
	writer->lock = -1;
	writer->journal = -1;

	is_open = make_directory(directory, error) && take_lock(writer, error);
	if (is_open)
	{
		found->is_new = !exists(writer, "checkpoint");
		is_open = found->is_new ? begin(writer, error) : go_on(writer, found, error);
	}
	if (is_open)
		return writer;
	jur_log_close(writer);
	return NULL;
}

/* ---------------------------------------------------------------- a new key */

/*
 * What the old key says of the new one, behind what earlier ones said.  The
 * records that hold the same may be dropped, and this stays.
 */
static bool
add_handover(JurLogWriter *writer, const JurNoteKey *key, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	char		note[JUR_NOTE_MAX];
	char		line[JUR_BASE64_SIZE(JUR_NOTE_MAX) + 2];
	JurBuffer	file = {0};
	size_t		size = jur_handover_sign(&writer->head, &writer->key, writer->seed, key, note);
	bool		is_added;

	if (size == 0)
		return jur_log_fail(error, 0, "could not sign with the key \"%s\"", writer->key.name);
	size = jur_base64_put(note, size, line);
	line[size++] = '\n';
	jur_log_path(writer->directory, "handovers", path);
	is_added = jur_file_read(path, KEYS_MAX * sizeof(line), &file, error) || error->is_missing;
	is_added = is_added && jur_buffer_reserve(&file, size, error);
	if (is_added)
	{
		memcpy(file.data + file.size, line, size);
		is_added = jur_file_replace(writer->directory, "handovers", file.data,
									file.size + size, error);
	}
	jur_buffer_free(&file);
	return is_added;
}

static bool
add_key(JurLogWriter *writer, const JurNoteKey *key, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	char		line[JUR_NOTE_MAX];
	JurBuffer	file = {0};
	JurBuffer	keys = {0};
	bool		is_added;

	jur_note_key_text(key, line);
	strcat(line, "\n");
	jur_log_path(writer->directory, "keys", path);
	is_added = jur_file_read(path, KEYS_MAX * sizeof(line), &file, error) &&
		jur_buffer_reserve(&file, 1, error) &&
		jur_buffer_reserve(&keys, strlen(line) + file.size, error);
	if (is_added)
	{
		char	   *found;

		file.data[file.size] = '\0';
		found = strstr((char *) file.data, line);
		memcpy(keys.data, line, strlen(line));
		keys.size = strlen(line);
		memcpy(keys.data + keys.size, file.data, file.size);
		keys.size += file.size;
		/* a failed attempt left it there */
		is_added = found == (char *) file.data ||
			jur_file_replace(writer->directory, "keys", keys.data, keys.size, error);
	}
	jur_buffer_free(&file);
	jur_buffer_free(&keys);
	return is_added;
}

/*
 * The key is among the keys of the directory before anything is signed by it,
 * and has signed what is there when this returns true.
 */
bool
jur_log_change_key(JurLogWriter *writer, const JurNoteKey *key, const uint8_t *seed,
				   JurLogError *error)
{
	JurNoteKey	old_key = writer->key;
	uint8_t		old_seed[JUR_SEED_SIZE];
	bool		is_changed;

	if (strcmp(key->name, writer->key.name) != 0)
		return jur_log_fail(error, 0, "the log in \"%s\" is \"%s\", not \"%s\"",
							writer->directory, writer->key.name, key->name);
	if (!add_handover(writer, key, error) || !add_key(writer, key, error))
		return false;

	memcpy(old_seed, writer->seed, JUR_SEED_SIZE);
	writer->key = *key;
	memcpy(writer->seed, seed, JUR_SEED_SIZE);
	is_changed = jur_journal_sync(writer, error) && jur_head_put(writer, error);
	if (!is_changed)
	{
		writer->key = old_key;
		memcpy(writer->seed, old_seed, JUR_SEED_SIZE);
	}
	memset(old_seed, 0, sizeof(old_seed));
	return is_changed;
}
