/*-------------------------------------------------------------------------
 *
 * verify_records.c
 *	  Idea: what records say about the log itself has to be so.
 *
 * Of the many records of statements only the first bytes are looked at.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/base64.h"
#include "evidence/record.h"
#include "verify/verify.h"

#define lengthof(array) ((int) (sizeof(array) / sizeof((array)[0])))

static bool
begins_with(const uint8_t *data, size_t size, const char *text)
{
	return size >= strlen(text) && memcmp(data, text, strlen(text)) == 0;
}

static bool
get_count(const JurRecord *record, JurMember member, uint64_t *count)
{
	int64_t		integer;

	if (!jur_json_integer(record->member[member], &integer) || integer < 0)
		return false;
	*count = integer;
	return true;
}

static bool
get_text(const JurRecord *record, JurMember member, char *text)
{
	JurJson		json = record->member[member];
	size_t		length;

	if (jur_json_type(json) != JUR_JSON_STRING || json.size >= JUR_NOTE_MAX)
		return false;
	length = jur_json_unescape(json, text);
	text[length] = '\0';
	return strlen(text) == length;
}

/* an older head of this tree, before SEQ */
static bool
verify_told(JurVerify *verify, JurLogReader *reader, uint64_t seq, uint64_t size,
			const JurHash *told)
{
	JurHash		root;

	if (size > seq)
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of a head of %" PRIu64 " entries, which is later than itself",
							seq, size);
	if (!jur_merkle_root(size, jur_log_hash, reader, &root))
		return jur_unread(verify, jur_log_hash_error(reader));
	if (!jur_merkle_equal(&root, told))
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of a head of %" PRIu64 " entries that this log never had",
							seq, size);
	return true;
}

static bool
verify_head_told(JurVerify *verify, JurLogReader *reader, uint64_t seq, const JurRecord *record)
{
	char		text[JUR_NOTE_MAX];
	uint64_t	size;
	JurHash		told;

	if (!get_count(record, JUR_MEMBER_SIZE, &size) ||
		!get_text(record, JUR_MEMBER_ROOT, text) ||
		jur_base64_get(text, strlen(text), told.bytes, JUR_HASH_SIZE) != JUR_HASH_SIZE)
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of a head, and does not say which", seq);
	if (!verify_told(verify, reader, seq, size, &told))
		return false;
	verify->checkpoints++;
	return true;
}

static bool
verify_retention(JurVerify *verify, JurLogReader *reader, uint64_t seq, const JurRecord *record)
{
	uint64_t	below;
	uint64_t	size;

	if (!verify_head_told(verify, reader, seq, record))
		return false;
	if (!get_count(record, JUR_MEMBER_BELOW, &below) ||
		!get_count(record, JUR_MEMBER_SIZE, &size) || below > size)
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of entries that were dropped, and not which", seq);
	if (below > verify->retained_from)
		verify->retained_from = below;
	return true;
}

/*
 * Whoever has the new key can write such a record.  What the old one signed is
 * in it: the new key, and the tree that it was handed.
 */
static bool
verify_rotation(JurVerify *verify, JurLogReader *reader, uint64_t seq, const JurRecord *record)
{
	char		text[JUR_NOTE_MAX];
	char		note[JUR_NOTE_MAX];
	int			size;
	JurNoteKey	old;
	JurNoteKey	next;
	JurCheckpoint head;

	if (!get_text(record, JUR_MEMBER_OLD, verify->rotated_from) ||
		!get_text(record, JUR_MEMBER_NEW, verify->rotated_to) ||
		!jur_note_key_parse(verify->rotated_from, &old))
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of a new key, and not which", seq);
	verify->rotation_seq = seq;
	size = get_text(record, JUR_MEMBER_HANDOVER, text) ?
		jur_base64_get(text, strlen(text), note, sizeof(note)) : -1;
	if (size >= 0 && jur_handover_open(note, size, &old, 1, &head, &next))
	{
		jur_note_key_text(&next, text);
		if (strcmp(text, verify->rotated_to) != 0 ||
			strcmp(head.origin, jur_log_head(reader)->origin) != 0)
			size = -1;
	}
	else
		size = -1;
	if (size < 0)
		return jur_tampered(verify, "re-signed", "record %" PRIu64
							" tells of a new key, to which the old one did not hand over", seq);
	if (!verify_told(verify, reader, seq, head.size, &head.root))
		return false;
	if (jur_is_trusted(verify, &old))
		jur_trust(verify, &next);
	return true;
}

/* this log began because the one before it was not gone on with */
static bool
note_before(JurVerify *verify, const JurRecord *record)
{
	if (record->member[JUR_MEMBER_PREVIOUS].size == 0)
		return true;
	if (record->member[JUR_MEMBER_PREVIOUS].size <= JUR_ORIGIN_MAX &&
		record->member[JUR_MEMBER_VERDICT].size < sizeof(verify->before_why) &&
		get_text(record, JUR_MEMBER_PREVIOUS, verify->before) &&
		get_text(record, JUR_MEMBER_VERDICT, verify->before_why) &&
		get_count(record, JUR_MEMBER_SIZE, &verify->before_size))
		return true;
	verify->before[0] = '\0';
	return true;
}

#define BEGINNING(event) "{\"v\":1,\"event\":\"" event "\","
#define ROTATION	BEGINNING("key rotation")

bool
jur_verify_rotation(JurVerify *verify, JurLogReader *reader, uint64_t seq,
					const uint8_t *data, size_t size)
{
	JurRecord	record;

	return !begins_with(data, size, ROTATION) ||
		jur_record_parse(data, size, &record) != NULL ||
		verify_rotation(verify, reader, seq, &record);
}

bool
jur_verify_record(JurVerify *verify, JurLogReader *reader, uint64_t seq,
				  const uint8_t *data, size_t size)
{
	static const char *const events[] = {
		BEGINNING("checkpoint"), BEGINNING("retention"), ROTATION, BEGINNING("log start")
	};
	JurRecord	record;
	int			i;

	for (i = 0; i < lengthof(events); i++)
	{
		if (begins_with(data, size, events[i]))
			break;
	}
	if (i == lengthof(events) || jur_record_parse(data, size, &record) != NULL)
		return true;
	return i == 0 ? verify_head_told(verify, reader, seq, &record) :
		i == 1 ? verify_retention(verify, reader, seq, &record) :
		i == 2 ? verify_rotation(verify, reader, seq, &record) :
		note_before(verify, &record);
}
