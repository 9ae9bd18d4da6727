/*-------------------------------------------------------------------------
 *
 * evidence_row.c
 *	  Idea: a record of the evidence log as a row, column by column, and only
 *	  those that are asked for.
 *
 * An entry that is no record is a row as well: with its number, and the
 * reason under "detail".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "enforce/evidence_reading.h"

/* microseconds from 1970 to 2000, where the server's time begins */
#define TO_2000 \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

TimestampTz
jur_time_of_record(int64 time)
{
	return time - TO_2000;
}

int64
jur_time_for_record(TimestampTz time)
{
	if (TIMESTAMP_IS_NOBEGIN(time))
		return PG_INT64_MIN;
	if (TIMESTAMP_IS_NOEND(time) || time > PG_INT64_MAX - TO_2000)
		return PG_INT64_MAX;
	return time + TO_2000;
}

typedef struct KnownColumn
{
	const char *name;
	Oid			type;
	JurColumnSource source;
} KnownColumn;

static const KnownColumn known[] = {
	{"seq", INT8OID, {JUR_EVIDENCE_SEQ}},
	{"time", TIMESTAMPTZOID, {JUR_EVIDENCE_TIME}},
	{"event", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_EVENT, JUR_TERM_EVENT}},
	{"id", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_ID, JUR_TERM_ID}},
	{"node", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_NODE}},
	{"site", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_SITE}},
	{"database", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_DATABASE}},
	{"user_name", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_USER, JUR_TERM_USER}},
	{"role_name", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_ROLE, JUR_TERM_ROLE}},
	{"client", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_CLIENT}},
	{"application", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_APPLICATION}},
	{"purpose", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_PURPOSE}},
	{"places", TEXTARRAYOID, {JUR_EVIDENCE_LIST, JUR_MEMBER_PLACES}},
	{"tables", TEXTARRAYOID, {JUR_EVIDENCE_LIST, JUR_MEMBER_TABLES, JUR_TERM_TABLE}},
	{"labels", TEXTARRAYOID, {JUR_EVIDENCE_LABELS, JUR_MEMBER_DECISIONS, JUR_TERM_LABEL}},
	{"command", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_COMMAND}},
	{"action", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_ACTION}},
	{"object", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_OBJECT, JUR_TERM_OBJECT}},
	{"verdict", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_VERDICT}},
	{"outcome", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_OUTCOME}},
	{"sqlstate", TEXTOID, {JUR_EVIDENCE_MEMBER, JUR_MEMBER_SQLSTATE}},
	{"rows", INT8OID, {JUR_EVIDENCE_ROWS, JUR_MEMBER_ROWS}},
	{"detail", TEXTOID, {JUR_EVIDENCE_DETAIL, JUR_MEMBER_DETAIL}},
	{"signed", BOOLOID, {JUR_EVIDENCE_SIGNED}},
	{"record", JSONBOID, {JUR_EVIDENCE_RECORD}}
};

JurColumnSource
jur_column_source(TupleDesc desc, AttrNumber attnum)
{
	JurColumnSource none = {JUR_EVIDENCE_OTHER};
	Form_pg_attribute attribute = TupleDescAttr(desc, attnum - 1);
	int			i;

	for (i = 0; i < lengthof(known) && !attribute->attisdropped; i++)
		if (strcmp(NameStr(attribute->attname), known[i].name) == 0 &&
			attribute->atttypid == known[i].type)
			return known[i].source;
	return none;
}

void
jur_parse_entry(JurEntry *entry, uint64 seq, bool is_signed,
				const uint8_t *data, size_t size)
{
	entry->seq = seq;
	entry->is_signed = is_signed;
	entry->data = data;
	entry->size = size;
	entry->error = jur_record_parse(data, size, &entry->record);
	/* what was read before the mistake counts for nothing */
	if (entry->error)
		memset(&entry->record, 0, sizeof(entry->record));
}

static Datum
text_of_json(JurJson value)
{
	char	   *text;
	size_t		size = value.size;

	/* numbers that are identifiers may be spelled as numbers */
	if (jur_json_type(value) != JUR_JSON_STRING)
		return CStringGetTextDatum(jur_text_of_log(value.text, size));
	text = palloc(size);
	size = jur_json_unescape(value, text);
	return CStringGetTextDatum(jur_text_of_log(text, size));
}

typedef struct Texts
{
	Datum	   *values;
	int			count;
	int			room;
} Texts;

static void
add_text(Texts *texts, JurJson value)
{
	if (texts->count == texts->room)
	{
		texts->room = texts->room == 0 ? 8 : texts->room * 2;
		texts->values = texts->values == NULL ?
			palloc(texts->room * sizeof(Datum)) :
			repalloc(texts->values, texts->room * sizeof(Datum));
	}
	texts->values[texts->count++] = text_of_json(value);
}

static Datum
array_of(const Texts *texts)
{
	return PointerGetDatum(construct_array(texts->values, texts->count, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

static Datum
list_value(JurJson list)
{
	Texts		texts = {NULL, 0, 0};
	JurJson		item;
	size_t		pos = 0;

	while (jur_json_next_item(list, &pos, &item))
		add_text(&texts, item);
	return array_of(&texts);
}

/* each label once, in the order in which they were asked about */
static Datum
labels_value(const JurRecord *record)
{
	Texts		texts = {NULL, 0, 0};
	JurDecisionRecord decision;
	JurJson	   *seen = NULL;
	int			room = 0;
	size_t		pos = 0;
	int			i;

	while (jur_record_next_decision(record, &pos, &decision))
	{
		/* the decisions on one label stand together, or nearly so */
		for (i = texts.count - 1; i >= 0; i--)
			if (jur_json_equal(seen[i], decision.label))
				break;
		if (i >= 0)
			continue;
		if (texts.count == room)
		{
			room = room == 0 ? 8 : room * 2;
			seen = seen == NULL ? palloc(room * sizeof(JurJson)) :
				repalloc(seen, room * sizeof(JurJson));
		}
		seen[texts.count] = decision.label;
		add_text(&texts, decision.label);
	}
	return array_of(&texts);
}

static Datum
detail_value(const JurEntry *entry, bool *isnull)
{
	if (entry->error)
		return CStringGetTextDatum(psprintf("not a record: %s", entry->error));
	*isnull = entry->record.member[JUR_MEMBER_DETAIL].size == 0;
	return *isnull ? (Datum) 0 : text_of_json(entry->record.member[JUR_MEMBER_DETAIL]);
}

Datum
jur_entry_value(const JurEntry *entry, const JurColumnSource *source, bool *isnull)
{
	JurJson		value = entry->record.member[source->member];
	int64		number = 0;

	*isnull = false;
	switch (source->column)
	{
		case JUR_EVIDENCE_SEQ:
			return Int64GetDatum((int64) entry->seq);
		case JUR_EVIDENCE_SIGNED:
			return BoolGetDatum(entry->is_signed);
		case JUR_EVIDENCE_DETAIL:
			return detail_value(entry, isnull);
		case JUR_EVIDENCE_TIME:
			*isnull = entry->error != NULL;
			return TimestampTzGetDatum(*isnull ? 0 : jur_time_of_record(entry->record.time));
		case JUR_EVIDENCE_RECORD:
			*isnull = entry->error != NULL;
			return *isnull ? (Datum) 0 :
				DirectFunctionCall1(jsonb_in,
									CStringGetDatum(jur_text_of_log((const char *) entry->data,
																	entry->size)));
		case JUR_EVIDENCE_OTHER:
		case JUR_EVIDENCE_MEMBER:
		case JUR_EVIDENCE_LIST:
		case JUR_EVIDENCE_LABELS:
		case JUR_EVIDENCE_ROWS:
			break;
	}
	*isnull = value.size == 0 || source->column == JUR_EVIDENCE_OTHER;
	if (*isnull)
		return (Datum) 0;
	switch (source->column)
	{
		case JUR_EVIDENCE_LIST:
			return list_value(value);
		case JUR_EVIDENCE_LABELS:
			return labels_value(&entry->record);
		case JUR_EVIDENCE_ROWS:
			(void) jur_json_integer(value, &number);
			return Int64GetDatum(number);
		default:
			return text_of_json(value);
	}
}
