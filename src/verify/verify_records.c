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

/* `size` and `root` are those of an older head of this tree, before SEQ */
static bool
verify_head_told(JurVerify *verify, JurLogReader *reader, uint64_t seq, const JurRecord *record)
{
	char		text[JUR_NOTE_MAX];
	uint64_t	size;
	JurHash		told;
	JurHash		root;

	if (!get_count(record, JUR_MEMBER_SIZE, &size) ||
		!get_text(record, JUR_MEMBER_ROOT, text) ||
		jur_base64_get(text, strlen(text), told.bytes, JUR_HASH_SIZE) != JUR_HASH_SIZE)
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of a head, and does not say which", seq);
	if (size > seq)
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of a head of %" PRIu64 " entries, which is later than itself",
							seq, size);
	if (!jur_merkle_root(size, jur_log_hash, reader, &root))
		return jur_unread(verify, jur_log_hash_error(reader));
	if (!jur_merkle_equal(&root, &told))
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of a head of %" PRIu64 " entries that this log never had",
							seq, size);
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

static bool
note_rotation(JurVerify *verify, uint64_t seq, const JurRecord *record)
{
	if (!get_text(record, JUR_MEMBER_OLD, verify->rotated_from) ||
		!get_text(record, JUR_MEMBER_NEW, verify->rotated_to))
		return jur_tampered(verify, "rewritten", "record %" PRIu64
							" tells of a new key, and not which", seq);
	verify->rotation_seq = seq;
	return true;
}

bool
jur_verify_record(JurVerify *verify, JurLogReader *reader, uint64_t seq,
				  const uint8_t *data, size_t size)
{
	static const char *const events[] = {
		"{\"v\":1,\"event\":\"checkpoint\",",
		"{\"v\":1,\"event\":\"retention\",",
		"{\"v\":1,\"event\":\"key rotation\","
	};
	JurRecord	record;
	int			i;

	for (i = 0; i < 3; i++)
	{
		if (begins_with(data, size, events[i]))
			break;
	}
	if (i == 3 || jur_record_parse(data, size, &record) != NULL)
		return true;
	return i == 0 ? verify_head_told(verify, reader, seq, &record) :
		i == 1 ? verify_retention(verify, reader, seq, &record) :
		note_rotation(verify, seq, &record);
}
