/*-------------------------------------------------------------------------
 *
 * mask.c
 *	  Idea: what is shown in place of a value.
 *
 * A mask never fails on a value of the types it takes, and gives away no more
 * than it says.  NULL stays NULL, except under "mask null", where everything
 * is NULL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "common/cryptohash.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"

#define STAND_IN "***"
#define HASH_BYTES 16			/* of the HMAC, written as hex */

/* ---------------------------------------------------------------------- text */

/* bytes of the first N characters */
static int
bytes_of_characters(const char *text, int size, int n)
{
	return pg_mbcharcliplen(text, size, n);
}

/*
 * mask_partial(text, prefix, suffix) returns text: so many characters of
 * either end around a stand-in; nothing of a text that is no longer than both.
 */
PG_FUNCTION_INFO_V1(jur_sql_mask_partial);
Datum
jur_sql_mask_partial(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	const char *bytes = VARDATA_ANY(value);
	int			size = VARSIZE_ANY_EXHDR(value);
	int			prefix = Max(PG_GETARG_INT32(1), 0);
	int			suffix = Max(PG_GETARG_INT32(2), 0);
	int			length = pg_mbstrlen_with_len(bytes, size);
	StringInfoData shown;

	if (length <= prefix + suffix)
		PG_RETURN_TEXT_P(cstring_to_text(STAND_IN));
	initStringInfo(&shown);
	appendBinaryStringInfo(&shown, bytes, bytes_of_characters(bytes, size, prefix));
	appendStringInfoString(&shown, STAND_IN);
	if (suffix > 0)
	{
		int			skip = bytes_of_characters(bytes, size, length - suffix);

		appendBinaryStringInfo(&shown, bytes + skip, size - skip);
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(shown.data, shown.len));
}

/* mask_redact(text) returns text: a stand-in, whatever the value */
PG_FUNCTION_INFO_V1(jur_sql_mask_redact);
Datum
jur_sql_mask_redact(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(STAND_IN));
}

/* ---------------------------------------------------------------------- hash */

/*
 * The database's key for hashes: the oldest row of jurisdiction.mask_key, so
 * that a restored key wins over the one a new install made.  Without a key
 * anybody could hash all names there are and compare.
 */
static bytea *
read_mask_key(void)
{
	Oid			relid = jur_table_oid("mask_key");
	AttrNumber	key_attnum = get_attnum(relid, "key");
	AttrNumber	made_attnum = get_attnum(relid, "made_at");
	TimestampTz oldest = 0;
	bytea	   *key = NULL;
	Relation	rel;
	Snapshot	snapshot;
	TableScanDesc scan;
	HeapTuple	tuple;

	if (key_attnum == InvalidAttrNumber || made_attnum == InvalidAttrNumber)
		return NULL;
	rel = table_open(relid, AccessShareLock);
	snapshot = RegisterSnapshot(GetCatalogSnapshot(relid));
	scan = table_beginscan(rel, snapshot, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		bool		no_key;
		bool		no_date;
		Datum		value = heap_getattr(tuple, key_attnum, RelationGetDescr(rel), &no_key);
		TimestampTz made = DatumGetTimestampTz(heap_getattr(tuple, made_attnum,
															RelationGetDescr(rel), &no_date));

		if (no_key || no_date || (key && made >= oldest))
			continue;
		oldest = made;
		key = DatumGetByteaPCopy(value);
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return key;
}

static const bytea *
mask_key(FmgrInfo *flinfo)
{
	if (flinfo->fn_extra == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(flinfo->fn_mcxt);

		flinfo->fn_extra = read_mask_key();
		MemoryContextSwitchTo(caller);
	}
	if (flinfo->fn_extra == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("there is no key for mask hash"),
				 errhint("An officer may put one into jurisdiction.mask_key.")));
	return flinfo->fn_extra;
}

/*
 * Whoever could hash a guess could compare it with what he sees.  So the call
 * must be one that enforce_columns.c built; no SQL text can be parsed into an
 * ordinary function call of that form.
 */
static bool
is_part_of_a_mask(FmgrInfo *flinfo)
{
	FuncExpr   *expr = (FuncExpr *) flinfo->fn_expr;

	return expr && IsA(expr, FuncExpr) && expr->funcformat == COERCE_SQL_SYNTAX;
}

/*
 * mask_hash(text) returns text: equal values show as equal, and nothing else
 * of them: HMAC-SHA-256 (RFC 2104) under the database's key, 128 bits in hex.
 */
PG_FUNCTION_INFO_V1(jur_sql_mask_hash);
Datum
jur_sql_mask_hash(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	const bytea *key;
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char		hex[HASH_BYTES * 2 + 1];
	pg_hmac_ctx *hmac = pg_hmac_create(PG_SHA256);
	bool		done;

	if (!is_part_of_a_mask(fcinfo->flinfo))
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("jurisdiction.mask_hash() is for masks only"),
				 errhint("Tag a column with \"mask hash\".")));
	key = mask_key(fcinfo->flinfo);
	if (hmac == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	done = pg_hmac_init(hmac, (const uint8 *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) == 0 &&
		pg_hmac_update(hmac, (const uint8 *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)) == 0 &&
		pg_hmac_final(hmac, digest, sizeof(digest)) == 0;
	pg_hmac_free(hmac);
	if (!done)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a hash")));
	hex_encode((const char *) digest, HASH_BYTES, hex);
	hex[HASH_BYTES * 2] = '\0';
	PG_RETURN_TEXT_P(cstring_to_text(hex));
}

/* ---------------------------------------------------------------------- year */

/* the first of January of the year; NULL for infinity */
PG_FUNCTION_INFO_V1(jur_sql_mask_year_date);
Datum
jur_sql_mask_year_date(PG_FUNCTION_ARGS)
{
	DateADT		day = PG_GETARG_DATEADT(0);
	int			year;
	int			month;
	int			monthday;

	if (DATE_NOT_FINITE(day))
		PG_RETURN_NULL();
	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &monthday);
	PG_RETURN_DATEADT(date2j(year, 1, 1) - POSTGRES_EPOCH_JDATE);
}

PG_FUNCTION_INFO_V1(jur_sql_mask_year_timestamp);
Datum
jur_sql_mask_year_timestamp(PG_FUNCTION_ARGS)
{
	if (TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMP(0)))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall2(timestamp_trunc,
										PointerGetDatum(cstring_to_text("year")),
										PG_GETARG_DATUM(0)));
}

PG_FUNCTION_INFO_V1(jur_sql_mask_year_timestamptz);
Datum
jur_sql_mask_year_timestamptz(PG_FUNCTION_ARGS)
{
	if (TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(0)))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall2(timestamptz_trunc,
										PointerGetDatum(cstring_to_text("year")),
										PG_GETARG_DATUM(0)));
}
