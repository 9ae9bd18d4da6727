/*-------------------------------------------------------------------------
 *
 * evidence_index.c
 *	  Idea: which bundles need not be read to find something.
 *
 * index/<N> holds the summaries of group N: those of bundles 256 * N to
 * 256 * N + 255, each in a slot of 2 KiB, and behind them its own, of 16 KiB.
 * A slot, numbers big-endian:
 *
 *	 0	"JURIDX2" and a zero byte
 *	 8	check of the number of the bundle, or the group, and all that follows
 *	16	first time
 *	24	last time
 *	32	hash of the subtree (level 8 of the tree; 16)
 *	64	the filter
 *
 * The check tells a torn slot, or another's.  Nothing is synced to
 * disk, since nothing is lost with it.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/evidence_index.h"

#define HEAD_SIZE	64
#define BUNDLE_SLOT	(HEAD_SIZE + JUR_BUNDLE_FILTER)
#define GROUP_SLOT	(HEAD_SIZE + JUR_GROUP_FILTER)
#define GROUP_AT	(JUR_GROUP * BUNDLE_SLOT)

static const char magic[8] = "JURIDX2";

struct JurIndex
{
	char		directory[JUR_PATH_MAX];
	uint64_t	next;			/* the bundle that jur_index_update() looks at next */
	bool		is_whole;		/* GROWING has all bundles of its group up to NEXT */
	JurSummary	growing;

	bool		is_loaded;		/* SLOTS holds those of file FILE */
	uint64_t	file;
	size_t		size;			/* of what was there of it */
	JurSummary	bundle;
	JurSummary	group;
	uint8_t		slots[GROUP_AT];
};

/* -------------------------------------------------------------------- slots */

static void
put_number(uint8_t *at, uint64_t number)
{
	int			i;

	for (i = 0; i < 8; i++)
		at[i] = (uint8_t) (number >> (56 - 8 * i));
}

static uint64_t
get_number(const uint8_t *at)
{
	uint64_t	number = 0;
	int			i;

	for (i = 0; i < 8; i++)
		number = number << 8 | at[i];
	return number;
}

static int
slot_size(JurSummaryKind kind)
{
	return kind == JUR_OF_BUNDLE ? BUNDLE_SLOT : GROUP_SLOT;
}

/* where it is in its file */
static off_t
slot_at(JurSummaryKind kind, uint64_t number)
{
	return kind == JUR_OF_BUNDLE ? (off_t) (number % JUR_GROUP * BUNDLE_SLOT) : GROUP_AT;
}

static uint64_t
file_of(JurSummaryKind kind, uint64_t number)
{
	return kind == JUR_OF_BUNDLE ? number / JUR_GROUP : number;
}

/* not against forgery, which verifying finds; against half of a write */
static uint64_t
check_of(const uint8_t *slot, JurSummaryKind kind, uint64_t number)
{
	uint64_t	check = number;
	int			i;

	for (i = 16; i < slot_size(kind); i += 8)
	{
		uint64_t	word;

		memcpy(&word, slot + i, 8);
		check = (check ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		check ^= check >> 29;
	}
	check ^= check >> 33;
	check *= UINT64_C(0xff51afd7ed558ccd);
	check ^= check >> 33;
	check *= UINT64_C(0xc4ceb9fe1a85ec53);
	return check ^ check >> 33;
}

static void
write_slot(uint8_t *slot, const JurSummary *summary)
{
	memcpy(slot, magic, sizeof(magic));
	put_number(slot + 16, (uint64_t) summary->first);
	put_number(slot + 24, (uint64_t) summary->last);
	memcpy(slot + 32, summary->hash.bytes, JUR_HASH_SIZE);
	memcpy(slot + HEAD_SIZE, summary->filter, slot_size(summary->kind) - HEAD_SIZE);
	put_number(slot + 8, check_of(slot, summary->kind, summary->number));
}

static bool
read_slot(const uint8_t *slot, JurSummaryKind kind, uint64_t number, JurSummary *summary)
{
	if (memcmp(slot, magic, sizeof(magic)) != 0 ||
		get_number(slot + 8) != check_of(slot, kind, number))
		return false;
	summary->kind = kind;
	summary->number = number;
	summary->first = (int64_t) get_number(slot + 16);
	summary->last = (int64_t) get_number(slot + 24);
	memcpy(summary->hash.bytes, slot + 32, JUR_HASH_SIZE);
	memcpy(summary->filter, slot + HEAD_SIZE, slot_size(kind) - HEAD_SIZE);
	return true;
}

/* -------------------------------------------------------------------- files */

static bool
fail(JurLogError *error, const char *path)
{
	memset(error, 0, sizeof(*error));
	error->code = errno;
	error->is_missing = errno == ENOENT;
	snprintf(error->text, sizeof(error->text), "could not write \"%.400s\": %s",
			 path, strerror(errno));
	return false;
}

/* false: the name is longer than a path may be */
static bool
index_path(const JurIndex *index, const char *name, char *path)
{
	int			length = snprintf(path, JUR_PATH_MAX, "%s/index%s", index->directory, name);

	errno = ENAMETOOLONG;
	return length > 0 && length < JUR_PATH_MAX;
}

static bool
file_path(const JurIndex *index, uint64_t file, char *path)
{
	char		name[32];

	snprintf(name, sizeof(name), "/%llu", (unsigned long long) file);
	return index_path(index, name, path);
}

JurIndex *
jur_index_open(const char *directory)
{
	JurIndex   *index;

	if (strlen(directory) >= JUR_PATH_MAX)
		return NULL;
	index = malloc(sizeof(*index));
	if (index == NULL)
		return NULL;
	strcpy(index->directory, directory);
	index->next = 0;
	index->is_whole = false;
	index->is_loaded = false;
	return index;
}

void
jur_index_close(JurIndex *index)
{
	free(index);
}

/* what there is of a file from OFFSET on, SIZE bytes at most; how many */
static size_t
read_file(const JurIndex *index, uint64_t file, off_t offset, uint8_t *bytes, size_t size)
{
	char		path[JUR_PATH_MAX];
	size_t		done = 0;
	ssize_t		count = 1;
	int			fd = -1;

	if (file_path(index, file, path))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	while (count > 0 && done < size)
	{
		count = pread(fd, bytes + done, size - done, offset + (off_t) done);
		if (count > 0)
			done += count;
		else if (count < 0 && errno == EINTR)
			count = 1;
	}
	close(fd);
	return done;
}

static bool
read_bundle(JurIndex *index, uint64_t bundle)
{
	off_t		offset = slot_at(JUR_OF_BUNDLE, bundle);
	uint64_t	file = file_of(JUR_OF_BUNDLE, bundle);

	if (!index->is_loaded || index->file != file)
	{
		index->size = read_file(index, file, 0, index->slots, sizeof(index->slots));
		index->file = file;
		index->is_loaded = true;
	}
	return index->size >= (size_t) offset + BUNDLE_SLOT &&
		read_slot(index->slots + offset, JUR_OF_BUNDLE, bundle, &index->bundle);
}

static bool
read_group(JurIndex *index, uint64_t group)
{
	uint8_t		slot[GROUP_SLOT];

	return read_file(index, group, GROUP_AT, slot, sizeof(slot)) == sizeof(slot) &&
		read_slot(slot, JUR_OF_GROUP, group, &index->group);
}

const JurSummary *
jur_index_get(JurIndex *index, JurLogReader *reader, JurSummaryKind kind, uint64_t number)
{
	const JurSummary *summary = kind == JUR_OF_BUNDLE ? &index->bundle : &index->group;
	JurHash		hash;

	if (!(kind == JUR_OF_BUNDLE ? read_bundle(index, number) : read_group(index, number)) ||
		!jur_log_hash(reader, kind, number, &hash) ||
		!jur_merkle_equal(&hash, &summary->hash))
		return NULL;
	return summary;
}

/* what was read of the file before has this slot too */
static void
keep_slot(JurIndex *index, const JurSummary *summary, const uint8_t *slot)
{
	size_t		offset = (size_t) slot_at(summary->kind, summary->number);

	if (summary->kind != JUR_OF_BUNDLE || !index->is_loaded ||
		index->file != file_of(summary->kind, summary->number))
		return;
	memcpy(index->slots + offset, slot, BUNDLE_SLOT);
	/* what lies between is a hole, and of zeroes in the file too */
	if (index->size < offset)
		memset(index->slots + index->size, 0, offset - index->size);
	if (index->size < offset + BUNDLE_SLOT)
		index->size = offset + BUNDLE_SLOT;
}

bool
jur_index_put(JurIndex *index, const JurSummary *summary, JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	uint8_t		slot[GROUP_SLOT];
	int			size = slot_size(summary->kind);
	ssize_t		count;
	int			fd;

	if (!index_path(index, "", path))
		return fail(error, index->directory);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return fail(error, path);
	if (!file_path(index, file_of(summary->kind, summary->number), path))
		return fail(error, index->directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return fail(error, path);
	write_slot(slot, summary);
	do
		count = pwrite(fd, slot, size, slot_at(summary->kind, summary->number));
	while (count < 0 && errno == EINTR);
	if (count != size)
	{
		if (count >= 0)
			errno = ENOSPC;
		fail(error, path);
		close(fd);
		return false;
	}
	close(fd);
	keep_slot(index, summary, slot);
	return true;
}

/* ------------------------------------------------------------------- growing */

/* bundle NEXT: its summary is written if there is none, and becomes part of its group's */
static bool
update_bundle(JurIndex *index, JurLogReader *reader, JurLogError *error)
{
	JurSummary	summary;

	if (!jur_index_summarize(reader, index->next, &summary, &index->growing, error))
	{
		/* dropped, or for who verifies to complain about: not to be hidden by a group */
		index->is_whole = false;
		return error->is_missing || error->is_damaged;
	}
	return jur_index_get(index, reader, JUR_OF_BUNDLE, index->next) != NULL ||
		jur_index_put(index, &summary, error);
}

/*
 * A group whose summary is there is passed over.  Of any other all bundles are
 * read, those too that have theirs already, since the group's cannot be made of
 * these.
 */
bool
jur_index_update(JurIndex *index, JurLogReader *reader, int most, JurLogError *error)
{
	uint64_t	full = jur_log_head(reader)->size / JUR_BUNDLE;

	while (index->next < full && most > 0)
	{
		uint64_t	group = index->next / JUR_GROUP;

		if (index->next % JUR_GROUP == 0)
		{
			if (full - index->next >= JUR_GROUP &&
				jur_index_get(index, reader, JUR_OF_GROUP, group) != NULL)
			{
				index->next += JUR_GROUP;
				continue;
			}
			jur_summary_start(&index->growing, JUR_OF_GROUP, group);
			index->is_whole = true;
		}
		if (!update_bundle(index, reader, error))
			return false;
		most--;
		index->next++;
		if (index->next % JUR_GROUP == 0 && index->is_whole &&
			(!jur_summary_seal(&index->growing, reader, error) ||
			 !jur_index_put(index, &index->growing, error)))
			return false;
	}
	return true;
}

bool
jur_index_is_complete(const JurIndex *index, const JurLogReader *reader)
{
	return index->next >= jur_log_head(reader)->size / JUR_BUNDLE;
}
