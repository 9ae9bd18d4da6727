/*-------------------------------------------------------------------------
 *
 * evidence_summary.c
 *	  Idea: what a bundle of entries, or a group of bundles, can be found by,
 *	  in a few bytes.
 *
 * A log says the same names over and over.  Those that were added to a bundle
 * lately are remembered, so that each costs a look in most records.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "evidence/evidence_index.h"

#define RECENT	(sizeof(((JurSummary *) NULL)->recent) / sizeof(uint64_t))

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

/* up to eight bytes at TEXT as a number, the same on every machine */
static uint64_t
word_at(const char *text, size_t size)
{
	uint64_t	word = 0;

	memcpy(&word, text, size < 8 ? size : 8);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

uint64_t
jur_term_hash(JurTerm term, const char *text, size_t size)
{
	uint64_t	hash = (uint64_t) term << 32 ^ size;

	for (; size > 8; text += 8, size -= 8)
		hash = mix(hash ^ word_at(text, 8));
	return mix(hash ^ word_at(text, size));
}

static unsigned
filter_bytes(JurSummaryKind kind)
{
	return kind == JUR_OF_BUNDLE ? JUR_BUNDLE_FILTER : JUR_GROUP_FILTER;
}

/*
 * Four bits of the filter, from the four quarters of the hash; others in each
 * summary, so that a name which is mistaken in one is not mistaken in all.
 */
static uint64_t
hash_in_summary(const JurSummary *summary, uint64_t hash)
{
	return mix(hash + summary->number * UINT64_C(0x9e3779b97f4a7c15));
}

static unsigned
filter_bit(const JurSummary *summary, uint64_t hash, int quarter)
{
	uint64_t	bits = filter_bytes(summary->kind) * 8;

	return (unsigned) ((((hash >> (16 * quarter)) & 0xffff) * bits) >> 16);
}

bool
jur_summary_may_hold(const JurSummary *summary, JurTerm term, uint64_t hash)
{
	int			i;

	if (summary->kind == JUR_OF_GROUP && term == JUR_TERM_ID)
		return true;
	hash = hash_in_summary(summary, hash);
	for (i = 0; i < 4; i++)
	{
		unsigned	bit = filter_bit(summary, hash, i);

		if ((summary->filter[bit / 8] & (1 << (bit % 8))) == 0)
			return false;
	}
	return true;
}

static void
add_hash(JurSummary *summary, uint64_t hash)
{
	int			i;

	hash = hash_in_summary(summary, hash);
	for (i = 0; i < 4; i++)
	{
		unsigned	bit = filter_bit(summary, hash, i);

		summary->filter[bit / 8] |= (uint8_t) (1 << (bit % 8));
	}
}

static uint64_t
hash_of(JurTerm term, JurJson value)
{
	char		text[JUR_ENTRY_MAX];

	if (memchr(value.text, '\\', value.size) == NULL)
		return jur_term_hash(term, value.text + 1, value.size - 2);
	return jur_term_hash(term, text, jur_json_unescape(value, text));
}

static void
add_term(JurSummary *summary, JurSummary *group, JurTerm term, JurJson value)
{
	uint64_t	hash;
	uint64_t   *recent;

	if (jur_json_type(value) != JUR_JSON_STRING || value.size > JUR_ENTRY_MAX)
		return;
	hash = hash_of(term, value);
	if (term == JUR_TERM_ID)
	{
		add_hash(summary, hash);
		return;
	}
	recent = &summary->recent[hash % RECENT];
	if (*recent == hash && hash != 0)
		return;
	*recent = hash;
	add_hash(summary, hash);
	if (group)
		add_hash(group, hash);
}

void
jur_summary_start(JurSummary *summary, JurSummaryKind kind, uint64_t number)
{
	memset(summary, 0, offsetof(JurSummary, filter) + filter_bytes(kind));
	summary->kind = kind;
	summary->number = number;
	summary->first = INT64_MAX;
	summary->last = INT64_MIN;
}

static void
add_time(JurSummary *summary, int64_t time)
{
	if (time < summary->first)
		summary->first = time;
	if (time > summary->last)
		summary->last = time;
}

void
jur_summary_add(JurSummary *summary, JurSummary *group, const JurRecord *record)
{
	JurJson		name;
	size_t		pos = 0;

	add_time(summary, record->time);
	if (group)
		add_time(group, record->time);
	add_term(summary, group, JUR_TERM_EVENT, record->member[JUR_MEMBER_EVENT]);
	add_term(summary, group, JUR_TERM_ID, record->member[JUR_MEMBER_ID]);
	add_term(summary, group, JUR_TERM_USER, record->member[JUR_MEMBER_USER]);
	add_term(summary, group, JUR_TERM_ROLE, record->member[JUR_MEMBER_ROLE]);
	add_term(summary, group, JUR_TERM_OBJECT, record->member[JUR_MEMBER_OBJECT]);
	while (jur_json_next_item(record->member[JUR_MEMBER_TABLES], &pos, &name))
		add_term(summary, group, JUR_TERM_TABLE, name);
	pos = 0;
	while (jur_record_next_label(record, &pos, &name))
		add_term(summary, group, JUR_TERM_LABEL, name);
}

bool
jur_summary_seal(JurSummary *summary, JurLogReader *reader, JurLogError *error)
{
	if (jur_log_hash(reader, summary->kind, summary->number, &summary->hash))
		return true;
	*error = *jur_log_hash_error(reader);
	return false;
}

bool
jur_summary_equal(const JurSummary *a, const JurSummary *b)
{
	return a->kind == b->kind && a->number == b->number && a->first == b->first &&
		a->last == b->last && jur_merkle_equal(&a->hash, &b->hash) &&
		memcmp(a->filter, b->filter, filter_bytes(a->kind)) == 0;
}

bool
jur_index_summarize(JurLogReader *reader, uint64_t bundle, JurSummary *summary,
					JurSummary *group, JurLogError *error)
{
	int			i;

	jur_summary_start(summary, JUR_OF_BUNDLE, bundle);
	if (!jur_summary_seal(summary, reader, error))
		return false;
	for (i = 0; i < JUR_BUNDLE; i++)
	{
		const uint8_t *data;
		size_t		size;
		JurRecord	record;

		if (!jur_log_entry(reader, bundle * JUR_BUNDLE + i, &data, &size, error))
			return false;
		/* what is no record has nothing to be found by */
		if (jur_record_parse(data, size, &record) == NULL)
			jur_summary_add(summary, group, &record);
	}
	return true;
}
