/*-------------------------------------------------------------------------
 *
 * evidence_index.c
 *	  Idea: which bundles need not be read to find something.
 *
 * index/<N> holds the summaries of bundles 256 * N to 256 * N + 255, each in
 * a slot of 2 KiB, numbers big-endian:
 *
 *	 0	"JURIDX1" and a zero byte
 *	 8	check of the bundle's number and all that follows
 *	16	first time
 *	24	last time
 *	32	hash of the bundle's subtree (level 8 of the tree)
 *	64	the filter
 *
 * The check tells a torn slot, or another bundle's.  Nothing is synced to
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

#define SLOTS		256			/* of one file */
#define SLOT_SIZE	2048
#define HEAD_SIZE	(SLOT_SIZE - JUR_SUMMARY_FILTER)
#define FILTER_BITS (JUR_SUMMARY_FILTER * 8)
#define BUNDLE_LEVEL 8			/* 2^8 entries */

static const char magic[8] = "JURIDX1";

struct JurIndex
{
	char		directory[JUR_PATH_MAX];
	uint64_t	next;			/* the bundle that jur_index_update() looks at next */
	bool		is_loaded;		/* SLOTS holds file FILE */
	uint64_t	file;
	size_t		size;			/* of what was there of it */
	JurSummary	summary;
	uint8_t		slots[SLOTS * SLOT_SIZE];
};

/* ------------------------------------------------------------------ filters */

static uint64_t
mix(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 33;
	return hash;
}

uint64_t
jur_term_hash(JurTerm term, const char *text, size_t size)
{
	uint64_t	hash = (UINT64_C(0xcbf29ce484222325) ^ (uint64_t) term) * UINT64_C(0x100000001b3);
	size_t		i;

	for (i = 0; i < size; i++)
		hash = (hash ^ (uint8_t) text[i]) * UINT64_C(0x100000001b3);
	return mix(hash);
}

/*
 * Four bits of the filter, from the four quarters of the hash; others in each
 * bundle, so that a name which is mistaken in one is not mistaken in all.
 */
static uint64_t
hash_in_bundle(const JurSummary *summary, uint64_t hash)
{
	return mix(hash + summary->bundle * UINT64_C(0x9e3779b97f4a7c15));
}

static unsigned
filter_bit(uint64_t hash, int quarter)
{
	return (unsigned) ((((hash >> (16 * quarter)) & 0xffff) * FILTER_BITS) >> 16);
}

bool
jur_summary_may_hold(const JurSummary *summary, uint64_t hash)
{
	int			i;

	hash = hash_in_bundle(summary, hash);
	for (i = 0; i < 4; i++)
	{
		unsigned	bit = filter_bit(hash, i);

		if ((summary->filter[bit / 8] & (1 << (bit % 8))) == 0)
			return false;
	}
	return true;
}

static void
add_hash(JurSummary *summary, uint64_t hash)
{
	int			i;

	hash = hash_in_bundle(summary, hash);
	for (i = 0; i < 4; i++)
	{
		unsigned	bit = filter_bit(hash, i);

		summary->filter[bit / 8] |= (uint8_t) (1 << (bit % 8));
	}
}

static void
add_term(JurSummary *summary, JurTerm term, JurJson value)
{
	char		text[JUR_ENTRY_MAX];

	if (jur_json_type(value) != JUR_JSON_STRING || value.size > sizeof(text))
		return;
	add_hash(summary, jur_term_hash(term, text, jur_json_unescape(value, text)));
}

static void
add_record(JurSummary *summary, const JurRecord *record)
{
	JurDecisionRecord decision;
	JurJson		table;
	size_t		pos = 0;

	if (record->time < summary->first)
		summary->first = record->time;
	if (record->time > summary->last)
		summary->last = record->time;
	add_term(summary, JUR_TERM_EVENT, record->member[JUR_MEMBER_EVENT]);
	add_term(summary, JUR_TERM_ID, record->member[JUR_MEMBER_ID]);
	add_term(summary, JUR_TERM_USER, record->member[JUR_MEMBER_USER]);
	add_term(summary, JUR_TERM_ROLE, record->member[JUR_MEMBER_ROLE]);
	add_term(summary, JUR_TERM_OBJECT, record->member[JUR_MEMBER_OBJECT]);
	while (jur_json_next_item(record->member[JUR_MEMBER_TABLES], &pos, &table))
		add_term(summary, JUR_TERM_TABLE, table);
	pos = 0;
	while (jur_record_next_decision(record, &pos, &decision))
		add_term(summary, JUR_TERM_LABEL, decision.label);
}

bool
jur_index_summarize(JurLogReader *reader, uint64_t bundle, JurSummary *summary,
					JurLogError *error)
{
	uint64_t	first = bundle * JUR_BUNDLE;
	int			i;

	memset(summary, 0, sizeof(*summary));
	summary->bundle = bundle;
	summary->first = INT64_MAX;
	summary->last = INT64_MIN;
	if (!jur_log_hash(reader, BUNDLE_LEVEL, bundle, &summary->hash))
	{
		*error = *jur_log_hash_error(reader);
		return false;
	}
	for (i = 0; i < JUR_BUNDLE; i++)
	{
		const uint8_t *data;
		size_t		size;
		JurRecord	record;

		if (!jur_log_entry(reader, first + i, &data, &size, error))
			return false;
		/* what is no record has nothing to be found by */
		if (jur_record_parse(data, size, &record) == NULL)
			add_record(summary, &record);
	}
	return true;
}

bool
jur_summary_equal(const JurSummary *a, const JurSummary *b)
{
	return a->bundle == b->bundle && a->first == b->first && a->last == b->last && jur_merkle_equal(&a->hash, &b->hash) &&
		memcmp(a->filter, b->filter, JUR_SUMMARY_FILTER) == 0;
}

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

/* not against forgery, which verifying finds; against half of a write */
static uint64_t
check_of(const uint8_t *slot, uint64_t bundle)
{
	uint64_t	check = bundle;
	int			i;

	for (i = 16; i < SLOT_SIZE; i += 8)
	{
		uint64_t	word;

		memcpy(&word, slot + i, 8);
		check = (check ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		check ^= check >> 29;
	}
	return mix(check);
}

static void
write_slot(uint8_t *slot, uint64_t bundle, const JurSummary *summary)
{
	memcpy(slot, magic, sizeof(magic));
	put_number(slot + 16, (uint64_t) summary->first);
	put_number(slot + 24, (uint64_t) summary->last);
	memcpy(slot + 32, summary->hash.bytes, JUR_HASH_SIZE);
	memcpy(slot + HEAD_SIZE, summary->filter, JUR_SUMMARY_FILTER);
	put_number(slot + 8, check_of(slot, bundle));
}

static bool
read_slot(const uint8_t *slot, uint64_t bundle, JurSummary *summary)
{
	if (memcmp(slot, magic, sizeof(magic)) != 0 ||
		get_number(slot + 8) != check_of(slot, bundle))
		return false;
	summary->bundle = bundle;
	summary->first = (int64_t) get_number(slot + 16);
	summary->last = (int64_t) get_number(slot + 24);
	memcpy(summary->hash.bytes, slot + 32, JUR_HASH_SIZE);
	memcpy(summary->filter, slot + HEAD_SIZE, JUR_SUMMARY_FILTER);
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
	index->is_loaded = false;
	return index;
}

void
jur_index_close(JurIndex *index)
{
	free(index);
}

/* what there is of a file; what is not there has no valid slot */
static void
load(JurIndex *index, uint64_t file)
{
	char		path[JUR_PATH_MAX];
	ssize_t		count = 1;
	int			fd = -1;

	index->is_loaded = true;
	index->file = file;
	index->size = 0;
	if (file_path(index, file, path))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	while (count > 0 && index->size < sizeof(index->slots))
	{
		count = read(fd, index->slots + index->size, sizeof(index->slots) - index->size);
		if (count > 0)
			index->size += count;
		else if (count < 0 && errno == EINTR)
			count = 1;
	}
	close(fd);
}

const JurSummary *
jur_index_get(JurIndex *index, JurLogReader *reader, uint64_t bundle)
{
	size_t		offset = bundle % SLOTS * SLOT_SIZE;
	JurHash		hash;

	if (!index->is_loaded || index->file != bundle / SLOTS)
		load(index, bundle / SLOTS);
	if (index->size < offset + SLOT_SIZE ||
		!read_slot(index->slots + offset, bundle, &index->summary) ||
		!jur_log_hash(reader, BUNDLE_LEVEL, bundle, &hash) ||
		!jur_merkle_equal(&hash, &index->summary.hash))
		return NULL;
	return &index->summary;
}

bool
jur_index_put(JurIndex *index, uint64_t bundle, const JurSummary *summary,
			  JurLogError *error)
{
	char		path[JUR_PATH_MAX];
	uint8_t		slot[SLOT_SIZE];
	off_t		offset = (off_t) (bundle % SLOTS * SLOT_SIZE);
	ssize_t		count;
	int			fd;

	if (!index_path(index, "", path))
		return fail(error, index->directory);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return fail(error, path);
	if (!file_path(index, bundle / SLOTS, path))
		return fail(error, index->directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return fail(error, path);
	write_slot(slot, bundle, summary);
	do
		count = pwrite(fd, slot, sizeof(slot), offset);
	while (count < 0 && errno == EINTR);
	if (count != sizeof(slot))
	{
		if (count >= 0)
			errno = ENOSPC;
		fail(error, path);
		close(fd);
		return false;
	}
	close(fd);
	if (index->is_loaded && index->file == bundle / SLOTS)
	{
		memcpy(index->slots + offset, slot, sizeof(slot));
		/* what lies between is a hole, and of zeroes in the file too */
		if (index->size < offset + sizeof(slot))
		{
			if (index->size < (size_t) offset)
				memset(index->slots + index->size, 0, offset - index->size);
			index->size = offset + sizeof(slot);
		}
	}
	return true;
}

bool
jur_index_update(JurIndex *index, JurLogReader *reader, int most, JurLogError *error)
{
	uint64_t	full = jur_log_head(reader)->size / JUR_BUNDLE;
	JurSummary	summary;

	for (; index->next < full && most > 0; index->next++)
	{
		if (jur_index_get(index, reader, index->next) != NULL)
			continue;
		most--;
		if (jur_index_summarize(reader, index->next, &summary, error))
		{
			if (!jur_index_put(index, index->next, &summary, error))
				return false;
		}
		else if (!error->is_missing && !error->is_damaged)
			return false;
	}
	return true;
}

bool
jur_index_is_complete(const JurIndex *index, const JurLogReader *reader)
{
	return index->next >= jur_log_head(reader)->size / JUR_BUNDLE;
}
