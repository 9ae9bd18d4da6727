/*-------------------------------------------------------------------------
 *
 * evidence_keep.c
 *	  Idea: what an officer does to the log: another key, less of what is old,
 *	  an index built anew.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/evidence_reading.h"
#include "evidence/evidence.h"

/* rotate_evidence_key() */
PG_FUNCTION_INFO_V1(jur_sql_rotate_evidence_key);
Datum
jur_sql_rotate_evidence_key(PG_FUNCTION_ARGS)
{
	JurLogReader *reader;
	JurLogError error;
	JurNoteKey	key;
	char		text[JUR_NOTE_MAX];

	jur_begin_keeping("rotate the key of the evidence log");
	jur_recorded("key", "evidence log", "rotated");
	jur_sealer_ask(JUR_SEALER_ROTATE_KEY, 0);
	reader = jur_open_log_reader();
	if (jur_log_keys(reader, &key, 1, &error) < 1)
		jur_raise_log_error(&error);
	jur_note_key_text(&key, text);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

/* is SUMMARY what the index has?  If not, it is written: 1 */
static int
write_if_other(JurIndex *index, JurLogReader *reader, const JurSummary *summary)
{
	const JurSummary *known = jur_index_get(index, reader, summary->kind, summary->number);
	JurLogError error;

	if (known && jur_summary_equal(known, summary))
		return 0;
	if (!jur_index_put(index, summary, &error))
		ereport(ERROR,
				(errcode(JUR_ERR_EVIDENCE),
				 errmsg("could not write the index of the evidence log"),
				 errdetail("%s.", error.text)));
	return 1;
}

/* rebuild_evidence_index(): the number of summaries that were missing or wrong */
PG_FUNCTION_INFO_V1(jur_sql_rebuild_evidence_index);
Datum
jur_sql_rebuild_evidence_index(PG_FUNCTION_ARGS)
{
	JurLogReader *reader;
	JurIndex   *index;
	JurLogError error;
	JurSummary *group = palloc(sizeof(JurSummary));
	JurSummary *summary = palloc(sizeof(JurSummary));
	bool		is_whole = false;
	uint64		bundle;
	int64		written = 0;

	jur_begin_keeping("rebuild the index of the evidence log");
	reader = jur_open_log_reader();
	index = jur_open_log_index();
	for (bundle = 0; bundle < jur_log_head(reader)->size / JUR_BUNDLE; bundle++)
	{
		CHECK_FOR_INTERRUPTS();
		if (bundle % JUR_GROUP == 0)
		{
			jur_summary_start(group, JUR_OF_GROUP, bundle / JUR_GROUP);
			is_whole = true;
		}
		if (jur_index_summarize(reader, bundle, summary, group, &error))
			written += write_if_other(index, reader, summary);
		/* dropped, or for verify_evidence() to complain about */
		else if (error.is_missing || error.is_damaged)
			is_whole = false;
		else
			jur_raise_log_error(&error);
		if (is_whole && (bundle + 1) % JUR_GROUP == 0)
		{
			if (!jur_summary_seal(group, reader, &error))
				jur_raise_log_error(&error);
			written += write_if_other(index, reader, group);
		}
	}
	PG_RETURN_INT64(written);
}

/* the last time in a bundle; false: it is not there */
static bool
last_time(JurLogReader *reader, JurIndex *index, uint64 bundle, int64 *last)
{
	const JurSummary *known = jur_index_get(index, reader, JUR_OF_BUNDLE, bundle);
	JurSummary	made;
	JurLogError error;
	const uint8_t *data;
	size_t		size;

	/* an index may tell of what was dropped */
	if (!jur_log_entry(reader, bundle * JUR_BUNDLE, &data, &size, &error) ||
		(!known && !jur_index_summarize(reader, bundle, &made, NULL, &error)))
	{
		if (error.is_missing)
			return false;
		jur_raise_log_error(&error);
	}
	*last = known ? known->last : made.last;
	return true;
}

/* drop_evidence(before): the number of entries that went */
PG_FUNCTION_INFO_V1(jur_sql_drop_evidence);
Datum
jur_sql_drop_evidence(PG_FUNCTION_ARGS)
{
	TimestampTz before = PG_GETARG_TIMESTAMPTZ(0);
	JurLogReader *reader;
	JurIndex   *index;
	uint64		bundle;
	uint64		present = 0;

	jur_begin_keeping("drop entries of the evidence log");
	if (before > GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("entries can only be dropped up to a time in the past")));
	reader = jur_open_log_reader();
	index = jur_open_log_index();
	for (bundle = 0; bundle < jur_log_head(reader)->size / JUR_BUNDLE; bundle++)
	{
		int64		last;

		CHECK_FOR_INTERRUPTS();
		if (!last_time(reader, index, bundle, &last))
			continue;
		if (last >= jur_time_for_record(before))
			break;
		present++;
	}
	if (present == 0)
		PG_RETURN_INT64(0);
	jur_recorded("evidence", "jurisdiction.drop_evidence()",
				 psprintf("entries below " UINT64_FORMAT, bundle * JUR_BUNDLE));
	jur_evidence_wait();
	jur_sealer_ask(JUR_SEALER_DROP, bundle * JUR_BUNDLE);
	PG_RETURN_INT64(present * JUR_BUNDLE);
}
