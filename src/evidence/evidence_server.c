/*-------------------------------------------------------------------------
 *
 * evidence_server.c
 *	  Idea: the records that the server itself leaves in the log (FORMAT.md,
 *	  2.4).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "crypto/digest.h"
#include "evidence/base64.h"
#include "evidence/evidence_internal.h"

/* of a setting's value; the whole record has to fit into an entry */
#define VALUE_MAX	2000

static void
text_of_root(const JurHash *root, char *text)
{
	jur_base64_put(root->bytes, JUR_HASH_SIZE, text);
}

static void
append_head(StringInfo record, const JurCheckpoint *head)
{
	char		root[JUR_BASE64_SIZE(JUR_HASH_SIZE) + 1];

	text_of_root(&head->root, root);
	jur_record_number(record, "size", head->size);
	jur_record_text(record, "root", root);
}

static void
begin(StringInfo record, const char *event)
{
	jur_record_begin(record, event, GetCurrentTimestamp());
}

void
jur_record_log_start(StringInfo record, const char *origin, const char *verdict,
					 const JurCheckpoint *previous)
{
	begin(record, "log start");
	jur_record_text(record, "origin", origin);
	if (verdict)
	{
		jur_record_text(record, "verdict", verdict);
		jur_record_text(record, "previous", previous->origin);
		append_head(record, previous);
	}
	jur_record_end(record);
}

/* ------------------------------------------------------------- what is running */

/* SHA-256 of the file that this code was loaded from; "" if it cannot be read */
static void
append_library(StringInfo record)
{
	Dl_info		where;
	int			fd = -1;
	struct stat status;
	uint8	   *bytes = NULL;

	if (dladdr((void *) jur_record_server_start, &where) != 0)
		fd = open(where.dli_fname, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &status) == 0 && AllocSizeIsValid(status.st_size))
	{
		bytes = palloc(status.st_size + 1);
		if (read(fd, bytes, status.st_size) == status.st_size)
		{
			uint8		digest[JUR_DIGEST_SIZE];
			char		hex[JUR_DIGEST_SIZE * 2 + 1];
			int			i;

			jur_sha256((JurBytes) {bytes, status.st_size}, digest);
			for (i = 0; i < JUR_DIGEST_SIZE; i++)
				snprintf(hex + 2 * i, 3, "%02x", digest[i]);
			jur_record_text(record, "library", hex);
		}
		pfree(bytes);
	}
	if (fd >= 0)
		close(fd);
}

static void
append_value(StringInfo record, const char *value)
{
	char		cut[VALUE_MAX + 1];

	strlcpy(cut, value ? value : "", sizeof(cut));
	jur_append_json(record, cut);
}

void
jur_record_server_start(StringInfo record)
{
	char		separator = '{';
	const char *name;
	int			i;

	begin(record, "server start");
	jur_record_text(record, "version", JUR_VERSION);
	append_library(record);
	jur_record_name(record, "settings");
	for (i = 0; (name = jur_guarded_setting(i)) != NULL; i++)
	{
		appendStringInfoChar(record, separator);
		jur_append_json(record, name);
		appendStringInfoChar(record, ':');
		append_value(record, GetConfigOption(name, true, false));
		separator = ',';
	}
	appendStringInfoChar(record, '}');
	jur_record_end(record);
}

void
jur_record_server_stop(StringInfo record)
{
	begin(record, "server stop");
	jur_record_end(record);
}

void
jur_record_setting(StringInfo record, const char *name, const char *value)
{
	begin(record, "setting");
	jur_record_text(record, "object", name);
	jur_record_name(record, "detail");
	append_value(record, value);
	jur_record_end(record);
}

/* ------------------------------------------------------------------- the log */

void
jur_record_recovery(StringInfo record, const JurLogFound *found, const JurMemory *memory)
{
	begin(record, "recovery");
	jur_record_number(record, "recovered", found->recovered);
	jur_record_number(record, "torn", found->torn);
	jur_record_text(record, "verdict", "crash");
	if (memory->commit_off)
		jur_record_true(record, "unflushed");
	jur_record_end(record);
}

void
jur_record_data_copied(StringInfo record, const JurCheckpoint *previous)
{
	begin(record, "recovery");
	jur_record_text(record, "verdict", "copied");
	jur_record_text(record, "previous", previous->origin);
	append_head(record, previous);
	jur_record_end(record);
}

void
jur_record_checkpoint(StringInfo record, const JurCheckpoint *head)
{
	begin(record, "checkpoint");
	append_head(record, head);
	jur_record_end(record);
}

void
jur_record_rotation(StringInfo record, const JurNoteKey *before, const JurNoteKey *after,
					const char *handover)
{
	char		text[JUR_BASE64_SIZE(JUR_NOTE_MAX) + 1];

	begin(record, "key rotation");
	jur_note_key_text(before, text);
	jur_record_text(record, "old", text);
	jur_note_key_text(after, text);
	jur_record_text(record, "new", text);
	/* no database's encoding may touch what is signed */
	jur_base64_put(handover, strlen(handover), text);
	jur_record_text(record, "handover", text);
	jur_record_end(record);
}

static void
append_since(StringInfo record, TimestampTz since)
{
	jur_record_name(record, "since");
	jur_append_time(record, since);
}

void
jur_record_gap(StringInfo record, uint64 lost, TimestampTz since)
{
	begin(record, "gap");
	jur_record_number(record, "lost", lost);
	append_since(record, since);
	jur_record_end(record);
}

void
jur_record_retention(StringInfo record, uint64 below, const JurCheckpoint *head)
{
	char		root[JUR_BASE64_SIZE(JUR_HASH_SIZE) + 1];

	text_of_root(&head->root, root);
	begin(record, "retention");
	jur_record_number(record, "below", below);
	jur_record_text(record, "root", root);
	jur_record_number(record, "size", head->size);
	jur_record_end(record);
}

void
jur_record_trouble(StringInfo record, const char *trouble, TimestampTz since)
{
	begin(record, "trouble");
	jur_record_text(record, "detail", trouble);
	append_since(record, since);
	jur_record_end(record);
}
