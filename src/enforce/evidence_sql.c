/*-------------------------------------------------------------------------
 *
 * evidence_sql.c
 *	  Idea: what an auditor takes home: an entry as it is, a proof that it is
 *	  in the log, a proof that the log was only added to, a signed head.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/evidence_reading.h"
#include "evidence/base64.h"
#include "evidence/evidence.h"
#include "evidence/ocsf.h"

static char *
detail_of(const char *what, int64 number)
{
	return psprintf("%s " INT64_FORMAT, what, number);
}

static void
raise_no_entry(int64 seq, uint64 size)
{
	ereport(ERROR,
			(errcode(JUR_ERR_ARGUMENT),
			 errmsg("the evidence log has no entry " INT64_FORMAT, seq),
			 errdetail("It has " UINT64_FORMAT " entries, numbered from 0.", size)));
}

/* an entry that is gone, or cannot be read */
static void
raise_unreadable(uint64 seq, const JurLogError *error)
{
	if (!error->is_missing)
		jur_raise_log_error(error);
	ereport(ERROR,
			(errcode(JUR_ERR_EVIDENCE),
			 errmsg("entry " UINT64_FORMAT " of the evidence log is not there", seq),
			 errdetail("%s.", error->text),
			 errhint("Entries that jurisdiction.drop_evidence() dropped are gone; jurisdiction.verify_evidence() tells whether these were.")));
}

/* the head as the sealer signs it now */
static void
sign_all(JurLogReader *reader)
{
	JurLogError error;

	jur_sealer_ask(JUR_SEALER_CHECKPOINT, 0);
	if (!jur_log_refresh(reader, &error))
		jur_raise_log_error(&error);
}

/* entry SEQ, after a new checkpoint if none covers it yet */
static void
find_entry(JurLogReader *reader, int64 seq, const uint8_t **data, size_t *size)
{
	JurLogError error;

	if (seq >= 0 && (uint64) seq >= jur_log_head(reader)->size)
		sign_all(reader);
	if (seq < 0 || (uint64) seq >= jur_log_head(reader)->size)
		raise_no_entry(seq, jur_log_head(reader)->size);
	if (!jur_log_entry(reader, seq, data, size, &error))
		raise_unreadable(seq, &error);
}

/*
 * What has to be the same to the byte: where the database's encoding lacks a
 * character it is an error, not another character.
 */
static char *
exact_text(const char *text, size_t size)
{
	return pg_any_to_server(pnstrdup(text, size), size, PG_UTF8);
}

static text *
text_of_note(const JurLogReader *reader)
{
	size_t		size;
	const char *note = jur_log_note(reader, &size);

	return cstring_to_text(exact_text(note, size));
}

/* checkpoint() */
PG_FUNCTION_INFO_V1(jur_sql_checkpoint);
Datum
jur_sql_checkpoint(PG_FUNCTION_ARGS)
{
	JurLogReader *reader;

	jur_begin_reading("jurisdiction.checkpoint()", "");
	reader = jur_open_log_reader();
	sign_all(reader);
	PG_RETURN_TEXT_P(text_of_note(reader));
}

/* evidence_record(seq) */
PG_FUNCTION_INFO_V1(jur_sql_evidence_record);
Datum
jur_sql_evidence_record(PG_FUNCTION_ARGS)
{
	int64		seq = PG_GETARG_INT64(0);
	JurLogReader *reader;
	const uint8_t *data;
	size_t		size;

	jur_begin_reading("jurisdiction.evidence_record()", detail_of("entry", seq));
	reader = jur_open_log_reader();
	find_entry(reader, seq, &data, &size);
	if (!pg_verify_mbstr(PG_UTF8, (const char *) data, size, true))
		ereport(ERROR,
				(errcode(JUR_ERR_EVIDENCE),
				 errmsg("entry " INT64_FORMAT " of the evidence log is not text", seq),
				 errdetail("No record is like that.")));
	PG_RETURN_TEXT_P(cstring_to_text(exact_text((const char *) data, size)));
}

static void
append_base64(StringInfo text, const void *data, size_t size)
{
	enlargeStringInfo(text, JUR_BASE64_SIZE(size) + 1);
	text->len += jur_base64_put(data, size, text->data + text->len);
}

/* evidence_proof(seq): c2sp.org/tlog-proof, the record as its extra data */
PG_FUNCTION_INFO_V1(jur_sql_evidence_proof);
Datum
jur_sql_evidence_proof(PG_FUNCTION_ARGS)
{
	int64		seq = PG_GETARG_INT64(0);
	JurLogReader *reader;
	JurProof	proof;
	StringInfoData text;
	const uint8_t *data;
	size_t		size;
	int			i;

	jur_begin_reading("jurisdiction.evidence_proof()", detail_of("entry", seq));
	reader = jur_open_log_reader();
	find_entry(reader, seq, &data, &size);
	initStringInfo(&text);
	appendStringInfoString(&text, "c2sp.org/tlog-proof@v1\nextra ");
	append_base64(&text, data, size);
	appendStringInfo(&text, "\nindex " INT64_FORMAT "\n", seq);
	if (!jur_merkle_prove_inclusion(seq, jur_log_head(reader)->size, jur_log_hash, reader, &proof))
		jur_raise_log_error(jur_log_hash_error(reader));
	for (i = 0; i < proof.count; i++)
	{
		append_base64(&text, &proof.hashes[i], JUR_HASH_SIZE);
		appendStringInfoChar(&text, '\n');
	}
	appendStringInfoChar(&text, '\n');
	data = (const uint8_t *) jur_log_note(reader, &size);
	appendStringInfoString(&text, exact_text((const char *) data, size));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text.data, text.len));
}

/* evidence_consistency(size1, size2) */
PG_FUNCTION_INFO_V1(jur_sql_evidence_consistency);
Datum
jur_sql_evidence_consistency(PG_FUNCTION_ARGS)
{
	int64		size1 = PG_GETARG_INT64(0);
	int64		size2 = PG_GETARG_INT64(1);
	JurLogReader *reader;
	JurProof	proof;
	Datum		hashes[JUR_PROOF_MAX];
	int			i;

	jur_begin_reading("jurisdiction.evidence_consistency()",
					  psprintf(INT64_FORMAT " to " INT64_FORMAT, size1, size2));
	reader = jur_open_log_reader();
	if (size1 < 0 || size2 < size1 || (uint64) size2 > jur_log_head(reader)->size)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("there is no proof from size " INT64_FORMAT " to size " INT64_FORMAT, size1, size2),
				 errdetail("The newest checkpoint is of size " UINT64_FORMAT ".", jur_log_head(reader)->size),
				 errhint("The first size must not be greater than the second, and that not than the newest checkpoint's; jurisdiction.checkpoint() makes a new one.")));
	if (!jur_merkle_prove_consistency(size1, size2, jur_log_hash, reader, &proof))
		jur_raise_log_error(jur_log_hash_error(reader));
	for (i = 0; i < proof.count; i++)
	{
		char		text[JUR_BASE64_SIZE(JUR_HASH_SIZE) + 1];

		jur_base64_put(&proof.hashes[i], JUR_HASH_SIZE, text);
		hashes[i] = CStringGetTextDatum(text);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(hashes, proof.count, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * evidence_ocsf(from_seq, max_count): of what is signed, since what is not
 * might yet be lost with the server's power, and its number be used again.
 */
PG_FUNCTION_INFO_V1(jur_sql_evidence_ocsf);
Datum
jur_sql_evidence_ocsf(PG_FUNCTION_ARGS)
{
	int64		from = PG_GETARG_INT64(0);
	int64		count = PG_GETARG_INT64(1);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	JurConditions conditions;
	JurCursor  *cursor;
	JurEntry	entry;
	char	   *event;
	const char *origin;

	if (from < 0 || count < 0)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("from_seq and max_count must not be negative")));
	jur_begin_reading("jurisdiction.evidence_ocsf()", detail_of("from", from));
	InitMaterializedSRF(fcinfo, 0);
	jur_no_conditions(&conditions);
	conditions.seq_from = from;
	cursor = jur_cursor_open(&conditions, true);
	origin = jur_cursor_origin(cursor);
	event = palloc(JUR_OCSF_MAX);
	while (count-- > 0 && jur_cursor_next(cursor, &entry) && entry.is_signed)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};
		size_t		size = jur_ocsf_event(entry.error ? NULL : &entry.record, entry.seq, origin, event);

		values[0] = Int64GetDatum(entry.seq);
		values[1] = CStringGetTextDatum(jur_text_of_log(event, size));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(DatumGetPointer(values[1]));
	}
	return (Datum) 0;
}
