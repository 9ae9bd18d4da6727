/*-------------------------------------------------------------------------
 *
 * evidence_write.c
 *	  Idea: what a record is, as text in canonical form (FORMAT.md, 2).
 *
 * Nothing here looks at catalogs or raises for what it is given, so that a
 * record can be written while an error is being handled.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "evidence/evidence.h"

/* stands before the two digits of a byte that has no place in UTF-8 */
#define NO_CHARACTER "\xEF\xBF\xBD"

/*
 * Names arrive in the database's encoding.  How to convert it is looked up
 * when the first record is made of something that a transaction can be asked
 * for: catalogs are closed to an error path.
 */
static FmgrInfo conversion;
static bool is_prepared = false;

static bool
needs_conversion(void)
{
	return GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII;
}

void
jur_record_prepare(void)
{
	Oid			function;

	if (is_prepared || !IsTransactionState() || !OidIsValid(MyDatabaseId))
		return;
	is_prepared = true;
	if (!needs_conversion())
		return;
	function = FindDefaultConversionProc(GetDatabaseEncoding(), PG_UTF8);
	if (OidIsValid(function))
		fmgr_info_cxt(function, &conversion, TopMemoryContext);
}

/* so many bytes at the start of TEXT, in UTF-8 into RESULT; the rest is not of the encoding */
static int
convert(const unsigned char *text, int size, unsigned char *result)
{
	*result = '\0';
	if (conversion.fn_addr == NULL)
		return 0;
	return DatumGetInt32(FunctionCall6(&conversion,
									   Int32GetDatum(GetDatabaseEncoding()),
									   Int32GetDatum(PG_UTF8),
									   CStringGetDatum((const char *) text),
									   CStringGetDatum((char *) result),
									   Int32GetDatum(size), BoolGetDatum(true)));
}

/* TEXT that may hold anything but a quote, a backslash and control characters */
static void
append_utf8(StringInfo buffer, const unsigned char *text, int size)
{
	while (size > 0)
	{
		int			length = pg_utf_mblen(text);

		if (length <= size && pg_utf8_islegal(text, length))
			appendBinaryStringInfo(buffer, (const char *) text, length);
		else
		{
			/* two names that differ stay different */
			appendStringInfo(buffer, NO_CHARACTER "%02x", *text);
			length = 1;
		}
		text += length;
		size -= length;
	}
}

static void
append_plain(StringInfo buffer, const unsigned char *text, int size)
{
	unsigned char *result;

	if (!needs_conversion())
	{
		append_utf8(buffer, text, size);
		return;
	}
	result = palloc(size * MAX_CONVERSION_GROWTH + 1);
	while (size > 0)
	{
		int			done = convert(text, size, result);

		appendStringInfoString(buffer, (char *) result);
		text += done;
		size -= done;
		if (size > 0)
		{
			appendStringInfo(buffer, IS_HIGHBIT_SET(*text) ? NO_CHARACTER "%02x" : "%c", *text);
			text++;
			size--;
		}
	}
	pfree(result);
}

static void
append_escaped(StringInfo buffer, unsigned char c)
{
	if (c == '"' || c == '\\')
	{
		appendStringInfoCharMacro(buffer, '\\');
		appendStringInfoCharMacro(buffer, c);
	}
	else if (c == '\n')
		appendStringInfoString(buffer, "\\n");
	else if (c == '\t')
		appendStringInfoString(buffer, "\\t");
	else if (c == '\r')
		appendStringInfoString(buffer, "\\r");
	else
		appendStringInfo(buffer, "\\u%04x", c);
}

void
jur_append_json(StringInfo buffer, const char *text)
{
	const unsigned char *c = (const unsigned char *) text;

	appendStringInfoCharMacro(buffer, '"');
	while (*c)
	{
		bool		is_ascii = true;
		int			length = 0;

		while (c[length] >= ' ' && c[length] != '"' && c[length] != '\\')
			is_ascii &= c[length++] < 0x80;
		if (is_ascii)
			appendBinaryStringInfo(buffer, (const char *) c, length);
		else
			append_plain(buffer, c, length);
		c += length;
		if (*c)
			append_escaped(buffer, *c++);
	}
	appendStringInfoCharMacro(buffer, '"');
}

void
jur_record_name(StringInfo record, const char *name)
{
	if (record->data[record->len - 1] != '{')
		appendStringInfoCharMacro(record, ',');
	appendStringInfoCharMacro(record, '"');
	appendStringInfoString(record, name);
	appendStringInfoString(record, "\":");
}

void
jur_record_text(StringInfo record, const char *name, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	jur_record_name(record, name);
	jur_append_json(record, text);
}

void
jur_record_number(StringInfo record, const char *name, int64 number)
{
	char		digits[MAXINT8LEN + 1];

	jur_record_name(record, name);
	digits[pg_lltoa(number, digits)] = '\0';
	appendStringInfoString(record, digits);
}

void
jur_record_true(StringInfo record, const char *name)
{
	jur_record_name(record, name);
	appendStringInfoString(record, "true");
}

void
jur_record_texts(StringInfo record, const char *name, List *texts)
{
	ListCell   *lc;
	char		separator = '[';

	if (texts == NIL)
		return;
	jur_record_name(record, name);
	foreach(lc, texts)
	{
		appendStringInfoCharMacro(record, separator);
		jur_append_json(record, lfirst(lc));
		separator = ',';
	}
	appendStringInfoCharMacro(record, ']');
}

static void
append_digits(StringInfo record, int number, int width)
{
	char		digits[8];
	int			i;

	for (i = width - 1; i >= 0; i--, number /= 10)
		digits[i] = '0' + number % 10;
	appendBinaryStringInfo(record, digits, width);
}

/*
 * YYYY-MM-DDTHH:MM:SS.ffffffZ.  Computed from the epoch: the server's own
 * formatting depends on the session's time zone and DateStyle.
 */
void
jur_append_time(StringInfo record, TimestampTz moment)
{
	int64		micros = moment - (int64) (UNIX_EPOCH_JDATE - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	int64		days = micros / USECS_PER_DAY;
	int64		rest = micros % USECS_PER_DAY;
	int			year;
	int			month;
	int			day;

	if (rest < 0)
	{
		rest += USECS_PER_DAY;
		days--;
	}
	j2date(days + UNIX_EPOCH_JDATE, &year, &month, &day);
	/* for every statement: not worth a format string to interpret */
	appendStringInfoCharMacro(record, '"');
	append_digits(record, year, 4);
	appendStringInfoCharMacro(record, '-');
	append_digits(record, month, 2);
	appendStringInfoCharMacro(record, '-');
	append_digits(record, day, 2);
	appendStringInfoCharMacro(record, 'T');
	append_digits(record, rest / USECS_PER_HOUR, 2);
	appendStringInfoCharMacro(record, ':');
	append_digits(record, rest / USECS_PER_MINUTE % 60, 2);
	appendStringInfoCharMacro(record, ':');
	append_digits(record, rest / USECS_PER_SEC % 60, 2);
	appendStringInfoCharMacro(record, '.');
	append_digits(record, rest % USECS_PER_SEC, 6);
	appendStringInfoString(record, "Z\"");
}

void
jur_record_begin(StringInfo record, const char *event, TimestampTz moment)
{
	appendStringInfoString(record, "{\"v\":1");
	jur_record_text(record, "event", event);
	jur_record_name(record, "time");
	jur_append_time(record, moment);
	if (cluster_name && *cluster_name)
		jur_record_text(record, "node", cluster_name);
	else
	{
		static char system[32] = "";

		if (*system == '\0')
			snprintf(system, sizeof(system), UINT64_FORMAT, GetSystemIdentifier());
		jur_record_text(record, "node", system);
	}
	jur_record_text(record, "site", jur_site);
}

void
jur_record_end(StringInfo record)
{
	appendStringInfoCharMacro(record, '}');
}
