/*-------------------------------------------------------------------------
 *
 * record.c
 *	  Idea: what a record says, and that it says it in the one way there is.
 *
 * Two records that tell the same are the same bytes: the members that have a
 * meaning come in the order of FORMAT.md, each with its type, none twice.
 *
 *-------------------------------------------------------------------------
 */
#include "evidence/record.h"

#include "evidence/json_scan.h"

typedef enum Kind
{
	KIND_STRING,
	KIND_STRINGS,
	KIND_INTEGER,				/* not negative */
	KIND_NUMBER,				/* 64-bit identifier: a string, or an integer where it fits */
	KIND_TIME,
	KIND_BOOLEAN,
	KIND_OBJECT,
	KIND_DECISIONS,
	KIND_REASONS
} Kind;

typedef struct Named
{
	const char *name;
	Kind		kind;
	size_t		size;			/* of the name */
} Named;

#define NAMED(name, kind) {name, kind, sizeof(name) - 1}

/* in the order of JurMember */
static const Named members[JUR_MEMBERS] = {
	NAMED("v", KIND_INTEGER),
	NAMED("event", KIND_STRING),
	NAMED("time", KIND_STRING),	/* and a time; which, scan_member() keeps */
	NAMED("node", KIND_STRING),
	NAMED("site", KIND_STRING),
	NAMED("id", KIND_STRING),
	NAMED("part", KIND_INTEGER),
	NAMED("database", KIND_STRING),
	NAMED("user", KIND_STRING),
	NAMED("role", KIND_STRING),
	NAMED("login", KIND_STRING),
	NAMED("client", KIND_STRING),
	NAMED("application", KIND_STRING),
	NAMED("places", KIND_STRINGS),
	NAMED("clearance", KIND_STRINGS),
	NAMED("purpose", KIND_STRING),
	NAMED("transaction", KIND_NUMBER),
	NAMED("command", KIND_STRING),
	NAMED("digest", KIND_NUMBER),
	NAMED("tables", KIND_STRINGS),
	NAMED("decisions", KIND_DECISIONS),
	NAMED("rows", KIND_INTEGER),
	NAMED("outcome", KIND_STRING),
	NAMED("sqlstate", KIND_STRING),
	NAMED("more", KIND_BOOLEAN),
	NAMED("times", KIND_INTEGER),
	NAMED("until", KIND_STRING),
	NAMED("action", KIND_STRING),
	NAMED("object", KIND_STRING),
	NAMED("verdict", KIND_STRING),
	NAMED("detail", KIND_STRING),
	NAMED("origin", KIND_STRING),
	NAMED("previous", KIND_STRING),
	NAMED("size", KIND_INTEGER),
	NAMED("root", KIND_STRING),
	NAMED("version", KIND_STRING),
	NAMED("library", KIND_STRING),
	NAMED("settings", KIND_OBJECT),
	NAMED("recovered", KIND_INTEGER),
	NAMED("torn", KIND_INTEGER),
	NAMED("unflushed", KIND_BOOLEAN),
	NAMED("old", KIND_STRING),
	NAMED("new", KIND_STRING),
	NAMED("handover", KIND_STRING),
	NAMED("below", KIND_INTEGER),
	NAMED("lost", KIND_INTEGER),
	NAMED("since", KIND_TIME)
};

/* the members up to here have one place in every record */
#define LAST_COMMON		JUR_MEMBER_TRANSACTION

/* what follows them has an order of its own where the table of an event says so */
typedef struct Order
{
	const char *event;
	JurMember	member[9];		/* ends with JUR_MEMBER_V, which is none of these */
} Order;

static const Order orders[] = {
	{"statement", {JUR_MEMBER_COMMAND, JUR_MEMBER_DIGEST, JUR_MEMBER_TABLES, JUR_MEMBER_DECISIONS, JUR_MEMBER_ROWS,
	JUR_MEMBER_OUTCOME, JUR_MEMBER_SQLSTATE, JUR_MEMBER_MORE}},
	{"log start", {JUR_MEMBER_ORIGIN, JUR_MEMBER_VERDICT, JUR_MEMBER_PREVIOUS, JUR_MEMBER_SIZE,
	JUR_MEMBER_ROOT}},
	{"server start", {JUR_MEMBER_VERSION, JUR_MEMBER_LIBRARY, JUR_MEMBER_SETTINGS}},
	{"recovery", {JUR_MEMBER_RECOVERED, JUR_MEMBER_TORN, JUR_MEMBER_VERDICT, JUR_MEMBER_UNFLUSHED,
	JUR_MEMBER_PREVIOUS, JUR_MEMBER_SIZE, JUR_MEMBER_ROOT}},
	{"checkpoint", {JUR_MEMBER_SIZE, JUR_MEMBER_ROOT}},
	{"key rotation", {JUR_MEMBER_OLD, JUR_MEMBER_NEW, JUR_MEMBER_HANDOVER}},
	{"retention", {JUR_MEMBER_BELOW, JUR_MEMBER_ROOT, JUR_MEMBER_SIZE}},
	{"gap", {JUR_MEMBER_LOST, JUR_MEMBER_SINCE}},
	{"trouble", {JUR_MEMBER_DETAIL, JUR_MEMBER_SINCE}},
	{"publish", {JUR_MEMBER_ACTION, JUR_MEMBER_OBJECT, JUR_MEMBER_VERDICT, JUR_MEMBER_DETAIL,
	JUR_MEMBER_DECISIONS}},
	/* the rest: section 2.3 */
	{NULL, {JUR_MEMBER_ACTION, JUR_MEMBER_OBJECT, JUR_MEMBER_VERDICT, JUR_MEMBER_DETAIL}}
};

/* ----------------------------------------------------------------- values */

static bool
is_integer_text(JurJson string)
{
	size_t		i = string.size > 3 && string.text[1] == '-' ? 2 : 1;

	if (string.size < 3 || string.size > 22)
		return false;
	for (; i + 1 < string.size; i++)
		if (string.text[i] < '0' || string.text[i] > '9')
			return false;
	return true;
}

/* the number that the COUNT digits at TEXT make; -1: they are none */
static int
digits(const char *text, int count)
{
	int			value = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* days of the proleptic Gregorian calendar from 0000-03-01 to this date */
static int64_t
day_number(int year, int month, int day)
{
	/* years begin in March, so that the leap day is the last of one */
	int64_t		y = month > 2 ? year : year - 1;
	int			m = month > 2 ? month - 3 : month + 9;

	return y * 365 + (y >= 0 ? y / 4 - y / 100 + y / 400 : -1) + (m * 153 + 2) / 5 + day - 1;
}

bool
jur_record_time(JurJson text, int64_t *time)
{
	static const char form[] = "\"0000-00-00T00:00:00.000000Z\"";
	static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const char *at = text.text;
	int			year;
	int			month;
	int			day;
	size_t		i;

	if (text.size != sizeof(form) - 1)
		return false;
	for (i = 0; i < text.size; i++)
		if (form[i] == '0' ? at[i] < '0' || at[i] > '9' : at[i] != form[i])
			return false;
	year = digits(at + 1, 4);
	month = digits(at + 6, 2);
	day = digits(at + 9, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1] ||
		(month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))) ||
		digits(at + 12, 2) > 23 || digits(at + 15, 2) > 59 || digits(at + 18, 2) > 59)
		return false;
	*time = (day_number(year, month, day) - day_number(1970, 1, 1)) * 86400;
	*time += digits(at + 12, 2) * 3600 + digits(at + 15, 2) * 60 + digits(at + 18, 2);
	*time = *time * 1000000 + digits(at + 21, 6);
	return true;
}

/* ------------------------------------------------------------------ members */

/* what follows scans while it checks; false without an error: another type */
typedef bool (*ScanItem) (JurScan *scan, JurRecord *record);

static bool
refuse(JurScan *scan, const char *error)
{
	if (scan->error == NULL)
		scan->error = error;
	return false;
}

static bool
scan_list(JurScan *scan, JurJson *value, ScanItem scan_item, JurRecord *record)
{
	int			count = 0;

	value->text = (const char *) scan->at;
	if (!jur_json_scan_enter(scan, '['))
		return false;
	while (jur_json_scan_item(scan, &count))
		if (!scan_item(scan, record))
			return false;
	value->size = (const char *) scan->at - value->text;
	return scan->error == NULL;
}

static bool
scan_string(JurScan *scan, JurRecord *record)
{
	return jur_json_scan_is(scan, '"') && jur_json_scan_string(scan);
}

static bool scan_decision(JurScan *scan, JurRecord *record);
static bool scan_reason(JurScan *scan, JurRecord *record);

static bool
scan_kind(JurScan *scan, Kind kind, JurJson *value, JurRecord *record)
{
	int64_t		number;

	switch (kind)
	{
		case KIND_STRING:
			value->text = (const char *) scan->at;
			if (!scan_string(scan, record))
				return false;
			value->size = (const char *) scan->at - value->text;
			return true;
		case KIND_STRINGS:
			return scan_list(scan, value, scan_string, record);
		case KIND_DECISIONS:
			return scan_list(scan, value, scan_decision, record);
		case KIND_REASONS:
			return scan_list(scan, value, scan_reason, record);
		case KIND_INTEGER:
			return jur_json_scan_value(scan, value) && jur_json_integer(*value, &number) && number >= 0;
		case KIND_NUMBER:
			return jur_json_scan_value(scan, value) &&
				(jur_json_type(*value) == JUR_JSON_INTEGER ||
				 (jur_json_type(*value) == JUR_JSON_STRING && is_integer_text(*value)));
		case KIND_TIME:
			return jur_json_scan_value(scan, value) && jur_record_time(*value, &number);
		case KIND_BOOLEAN:
			return jur_json_scan_value(scan, value) && jur_json_type(*value) == JUR_JSON_BOOLEAN;
		case KIND_OBJECT:
			return jur_json_scan_value(scan, value) && jur_json_type(*value) == JUR_JSON_OBJECT;
	}
	return false;
}

/*
 * Over the name of a member: the place it has among COUNT known ones, or COUNT;
 * -1: there is none.  Names come in order, so what follows LAST is tried first.
 */
static int
scan_name(JurScan *scan, const Named *known, int count, int last, JurNames *others)
{
	JurJson		name;
	int			i;

	for (i = last + 1; i < count; i++)
		if (jur_json_scan_known_name(scan, known[i].name, known[i].size))
			return i;
	for (i = 0; i <= last; i++)
		if (jur_json_scan_known_name(scan, known[i].name, known[i].size))
			return i;
	return jur_json_scan_name(scan, others, &name) ? count : -1;
}

/* -------------------------------------------------------------- decisions */

static const Named decision_members[] = {
	NAMED("label", KIND_STRING),
	NAMED("action", KIND_STRING),
	NAMED("verdict", KIND_STRING),
	NAMED("within", KIND_BOOLEAN),
	NAMED("rows", KIND_INTEGER),
	NAMED("values", KIND_INTEGER),
	NAMED("undone", KIND_INTEGER),
	NAMED("why", KIND_REASONS)
};

static const Named why_members[] = {
	NAMED("atom", KIND_STRING),
	NAMED("to", KIND_STRING),
	NAMED("by", KIND_STRING),
	NAMED("rule", KIND_NUMBER),
	NAMED("basis", KIND_STRING)
};

#define DECISION_MEMBERS	(sizeof(decision_members) / sizeof(*decision_members))
#define WHY_MEMBERS			(sizeof(why_members) / sizeof(*why_members))

/* its COUNT known members have their types and their order; VALUES (size 0: none) in that order */
static bool
scan_members(JurScan *scan, const Named *known, int count, JurJson *values, JurRecord *record)
{
	JurNames	others;
	JurJson		value;
	int			nmembers = 0;
	int			last = -1;
	int			i;

	memset(values, 0, count * sizeof(*values));
	if (!jur_json_scan_enter(scan, '{'))
		return false;
	others.count = 0;
	while (jur_json_scan_member(scan, &nmembers))
	{
		i = scan_name(scan, known, count, last, &others);
		if (i < 0 || (i == count && !jur_json_scan_value(scan, &value)))
			return false;
		if (i == count)
			continue;
		if (values[i].size > 0)
			return refuse(scan, "a name occurs twice");
		if (i < last || !scan_kind(scan, known[i].kind, &values[i], record))
			return false;
		last = i;
	}
	return scan->error == NULL;
}

static bool
scan_decision(JurScan *scan, JurRecord *record)
{
	JurJson		values[DECISION_MEMBERS];

	if (!scan_members(scan, decision_members, DECISION_MEMBERS, values, record) ||
		values[0].size == 0 || values[1].size == 0 || values[2].size == 0)
		return refuse(scan, "a decision is not well formed");
	if (record->ndecisions < JUR_LABELS_KEPT)
		record->label[record->ndecisions] = values[0];
	record->ndecisions++;
	return true;
}

static bool
scan_reason(JurScan *scan, JurRecord *record)
{
	JurJson		values[WHY_MEMBERS];

	return scan_members(scan, why_members, WHY_MEMBERS, values, record) ||
		refuse(scan, "the reason of a decision is not well formed");
}

bool
jur_record_next_decision(const JurRecord *record, size_t *pos, JurDecisionRecord *decision)
{
	JurJson		values[DECISION_MEMBERS];
	JurJson		item;
	JurScan		scan;

	if (!jur_json_next_item(record->member[JUR_MEMBER_DECISIONS], pos, &item))
		return false;
	jur_json_scan_begin(&scan, item.text, item.size);
	if (!scan_members(&scan, decision_members, DECISION_MEMBERS, values, NULL))
		return false;
	decision->label = values[0];
	decision->action = values[1];
	decision->verdict = values[2];
	decision->is_within = jur_json_is_true(values[3]);
	decision->rows = 0;
	decision->values = 0;
	decision->undone = 0;
	(void) jur_json_integer(values[4], &decision->rows);
	(void) jur_json_integer(values[5], &decision->values);
	(void) jur_json_integer(values[6], &decision->undone);
	decision->why = values[7];
	return true;
}

bool
jur_record_next_label(const JurRecord *record, size_t *pos, JurJson *label)
{
	JurJson		item;

	if (record->ndecisions <= JUR_LABELS_KEPT)
	{
		if (*pos >= (size_t) record->ndecisions)
			return false;
		*label = record->label[(*pos)++];
		return true;
	}
	if (!jur_json_next_item(record->member[JUR_MEMBER_DECISIONS], pos, &item))
		return false;
	*label = jur_json_member(item, "label");
	return true;
}

bool
jur_record_next_why(const JurDecisionRecord *decision, size_t *pos, JurWhyRecord *why)
{
	JurJson		values[WHY_MEMBERS];
	JurJson		item;
	JurScan		scan;

	if (!jur_json_next_item(decision->why, pos, &item))
		return false;
	jur_json_scan_begin(&scan, item.text, item.size);
	if (!scan_members(&scan, why_members, WHY_MEMBERS, values, NULL))
		return false;
	why->atom = values[0];
	why->to = values[1];
	why->by = values[2];
	why->rule = values[3];
	why->basis = values[4];
	return true;
}

/* ----------------------------------------------------------------- records */

JurMember
jur_record_member(JurJson name)
{
	int			i;

	for (i = 0; i < JUR_MEMBERS; i++)
		if (jur_json_is(name, members[i].name))
			break;
	return (JurMember) i;
}

const char *
jur_record_member_name(JurMember member)
{
	return members[member].name;
}

static const Order *
order_of(JurJson event)
{
	const Order *order = orders;

	while (order->event && !jur_json_is(event, order->event))
		order++;
	return order;
}

/* the place of MEMBER in a record of this order; -1: it has none there */
static int
place_of(const Order *order, JurMember member)
{
	int			i;

	if (member <= LAST_COMMON)
		return (int) member;
	for (i = 0; order->member[i] != JUR_MEMBER_V; i++)
		if (order->member[i] == member)
			return LAST_COMMON + 1 + i;
	return -1;
}

/* the value of MEMBER; NULL, or what is wrong with it */
static const char *
scan_member(JurScan *scan, JurMember member, JurRecord *record)
{
	JurJson		value;
	int64_t		version = 0;
	bool		is_typed = scan_kind(scan, members[member].kind, &value, record);

	if (scan->error)
		return scan->error;
	if (member == JUR_MEMBER_V)
	{
		if (!is_typed || !jur_json_integer(value, &version) || version != 1)
			return "it is not of version 1";
	}
	else if (member == JUR_MEMBER_TIME)
		is_typed = is_typed && jur_record_time(value, &record->time);
	if (!is_typed)
		return "a member is not of its type";
	record->member[member] = value;
	return NULL;
}

static const char *
scan_record(JurScan *scan, JurRecord *record)
{
	const Order *order = NULL;
	const char *error;
	JurNames	others;
	JurJson		value;
	int			nmembers = 0;
	int			known = -1;
	int			last = -1;

	others.count = 0;
	while (jur_json_scan_member(scan, &nmembers))
	{
		int			member = scan_name(scan, members, JUR_MEMBERS, known, &others);
		int			place;

		if (member < 0)
			return scan->error;
		/* the first two say how to read the rest */
		if (last < 1 && member != last + 1)
			return "it does not begin with \"v\" and \"event\"";
		if (member == JUR_MEMBERS)
		{
			if (!jur_json_scan_value(scan, &value))
				return scan->error;
			continue;
		}
		if (record->member[member].size > 0)
			return "a name occurs twice";
		known = member;
		if ((error = scan_member(scan, (JurMember) member, record)) != NULL)
			return error;
		if (member == JUR_MEMBER_EVENT)
			order = order_of(record->member[member]);
		place = member == JUR_MEMBER_V ? 0 : place_of(order, (JurMember) member);
		if (place < 0)
			continue;
		if (place < last)
			return "its members are not in order";
		last = place;
	}
	return scan->error;
}

const char *
jur_record_parse(const void *data, size_t size, JurRecord *record)
{
	const char *error;
	JurScan		scan;

	memset(record, 0, offsetof(JurRecord, label));
	jur_json_scan_begin(&scan, data, size);
	if (!jur_json_scan_enter(&scan, '{'))
	{
		error = jur_json_scan(data, size, &record->whole);
		return error ? error : "it is not an object";
	}
	if ((error = scan_record(&scan, record)) != NULL)
		return error;
	if (scan.at != scan.end)
		return "something follows the record";
	record->whole.text = data;
	record->whole.size = size;
	if (record->member[JUR_MEMBER_EVENT].size == 0 || record->member[JUR_MEMBER_TIME].size == 0)
		return "it has no event or no time";
	return NULL;
}
