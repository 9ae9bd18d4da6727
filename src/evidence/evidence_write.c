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

#include "access/xlog.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "evidence/evidence.h"

/* sequences that are not UTF-8, and a zero byte's place, are shown as this */
#define REPLACEMENT "\xEF\xBF\xBD"

/*
 * Names arrive in the database's encoding.  Where it is not UTF-8 only ASCII
 * is sure to mean the same: the conversion procedures are looked up in
 * catalogs, which an error path must not do.
 */
static bool
is_utf8(void)
{
	return GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII;
}

void
jur_append_json(StringInfo buffer, const char *text)
{
	const unsigned char *c = (const unsigned char *) text;
	bool		utf8 = is_utf8();

	appendStringInfoCharMacro(buffer, '"');
	while (*c)
	{
		int			length = 0;

		while (c[length] >= ' ' && c[length] < 0x80 && c[length] != '"' && c[length] != '\\')
			length++;
		if (length > 0)
		{
			appendBinaryStringInfo(buffer, (const char *) c, length);
			c += length;
			continue;
		}
		length = 1;

		if (*c == '"' || *c == '\\')
		{
			appendStringInfoCharMacro(buffer, '\\');
			appendStringInfoCharMacro(buffer, *c);
		}
		else if (*c == '\n')
			appendStringInfoString(buffer, "\\n");
		else if (*c == '\t')
			appendStringInfoString(buffer, "\\t");
		else if (*c == '\r')
			appendStringInfoString(buffer, "\\r");
		else if (*c < ' ')
			appendStringInfo(buffer, "\\u%04x", *c);
		else
		{
			length = pg_utf_mblen(c);
			if (utf8 && strnlen((const char *) c, length) == length &&
				pg_utf8_islegal(c, length))
				appendBinaryStringInfo(buffer, (const char *) c, length);
			else
			{
				appendStringInfoString(buffer, REPLACEMENT);
				length = 1;
			}
		}
		c += length;
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
