/*-------------------------------------------------------------------------
 *
 * sealed_sql.c
 *	  Idea: the sealed value as a type of SQL: input, output, and what can be
 *	  said of it without a key.
 *
 * The text form is the bytes in base64 (RFC 4648, section 4), the binary form
 * the bytes.  Input takes line breaks and blanks, as encode() makes them; output
 * has none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/errors.h"
#include "keys/keys.h"
#include "keys/sealed_value.h"

void
jur_sealed_of_datum(Datum datum, JurSealed *sealed)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	const char *error = jur_sealed_parse((JurBytes) {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)},
										 sealed);

	if (error)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored bytes are not a sealed value"),
				 errdetail("They are malformed: %s.", error)));
}

JurLabel *
jur_sealed_label(const JurSealed *sealed)
{
	JurLabel   *label = jur_label_unpack(sealed->label.data, sealed->label.size);

	if (label == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the label of a sealed value is malformed")));
	return label;
}

/* what is wrong with bytes from outside; NULL: they are a sealed value */
static const char *
wrong_bytes(const void *data, Size size)
{
	JurSealed	sealed;
	JurLabel   *label;
	const char *error = jur_sealed_parse((JurBytes) {data, size}, &sealed);

	if (error)
		return error;
	label = jur_label_unpack(sealed.label.data, sealed.label.size);
	if (label == NULL)
		return "the label is malformed";
	if (list_length(jur_key_places(label)) != sealed.nkeys)
		return "the keys are not those of the label's places";
	return NULL;
}

/* TEXT without its white space; TEXT itself if it has none */
static const char *
squeeze(const char *text)
{
	char	   *squeezed;
	char	   *end;

	if (text[strcspn(text, " \t\r\n")] == '\0')
		return text;
	squeezed = end = palloc(strlen(text) + 1);
	for (; *text; text++)
		if (strchr(" \t\r\n", *text) == NULL)
			*end++ = *text;
	*end = '\0';
	return squeezed;
}

PG_FUNCTION_INFO_V1(jur_sql_sealed_in);
Datum
jur_sql_sealed_in(PG_FUNCTION_ARGS)
{
	const char *text = squeeze(PG_GETARG_CSTRING(0));
	Size		length = strlen(text);
	int			room = pg_b64_dec_len(length);
	bytea	   *value = palloc(VARHDRSZ + room + 1);
	int			size = pg_b64_decode(text, length, jur_b64_bytes(VARDATA(value)), room);
	const char *error = size < 0 ? "it is not base64" : wrong_bytes(VARDATA(value), size);

	if (error)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input for type jurisdiction.sealed"),
				 errdetail("Malformed: %s.", error),
				 errhint("A sealed value is made by jurisdiction.seal().")));
	SET_VARSIZE(value, VARHDRSZ + size);
	PG_RETURN_BYTEA_P(value);
}

PG_FUNCTION_INFO_V1(jur_sql_sealed_out);
Datum
jur_sql_sealed_out(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	int			size = VARSIZE_ANY_EXHDR(value);
	int			room;
	char	   *text;

	if (size > (MaxAllocSize - 1) / 4 * 3 - 3)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a sealed value of %d bytes is too large to be shown as text", size),
				 errhint("Fetch or COPY it in binary form.")));
	room = pg_b64_enc_len(size);
	text = palloc(room + 1);
	text[pg_b64_encode(jur_b64_bytes(VARDATA_ANY(value)), size, text, room)] = '\0';
	PG_RETURN_CSTRING(text);
}

PG_FUNCTION_INFO_V1(jur_sql_sealed_recv);
Datum
jur_sql_sealed_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			size = message->len - message->cursor;
	const char *data = pq_getmsgbytes(message, size);
	const char *error = wrong_bytes(data, size);
	bytea	   *value;

	if (error)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid input for type jurisdiction.sealed"),
				 errdetail("Malformed: %s.", error)));
	value = palloc(VARHDRSZ + size);
	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), data, size);
	PG_RETURN_BYTEA_P(value);
}

PG_FUNCTION_INFO_V1(jur_sql_sealed_send);
Datum
jur_sql_sealed_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

/* sealed_label(sealed) returns label: needs no key, and is not proved by one */
PG_FUNCTION_INFO_V1(jur_sql_sealed_label);
Datum
jur_sql_sealed_label(PG_FUNCTION_ARGS)
{
	JurSealed	sealed;

	jur_sealed_of_datum(PG_GETARG_DATUM(0), &sealed);
	PG_RETURN_DATUM(jur_label_datum(jur_sealed_label(&sealed)));
}

/* sealed_keys(sealed) returns (place, version), a row for each key it takes */
PG_FUNCTION_INFO_V1(jur_sql_sealed_keys);
Datum
jur_sql_sealed_keys(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	JurSealed	sealed;
	List	   *places;
	ListCell   *lc;
	Size		pos = 0;

	InitMaterializedSRF(fcinfo, 0);
	jur_sealed_of_datum(PG_GETARG_DATUM(0), &sealed);
	places = jur_key_places(jur_sealed_label(&sealed));
	foreach(lc, places)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		values[0] = CStringGetTextDatum(lfirst(lc));
		values[1] = Int32GetDatum((int32) jur_sealed_next_version(&sealed, &pos));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
