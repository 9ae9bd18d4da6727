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

#include <string.h>

typedef enum Kind
{
	KIND_STRING,
	KIND_STRINGS,
	KIND_INTEGER,				/* not negative */
	KIND_NUMBER,				/* 64-bit identifier: a string, or an integer where it fits */
	KIND_TIME,
	KIND_BOOLEAN,
	KIND_OBJECT,
	KIND_LIST
} Kind;

typedef struct Named
{
	const char *name;
	Kind		kind;
} Named;

/* in the order of JurMember */
static const Named members[JUR_MEMBERS] = {
	{"v", KIND_INTEGER},
	{"event", KIND_STRING},
	{"time", KIND_TIME},
	{"node", KIND_STRING},
	{"site", KIND_STRING},
	{"id", KIND_STRING},
	{"part", KIND_INTEGER},
	{"database", KIND_STRING},
	{"user", KIND_STRING},
	{"role", KIND_STRING},
	{"client", KIND_STRING},
	{"application", KIND_STRING},
	{"places", KIND_STRINGS},
	{"clearance", KIND_STRINGS},
	{"purpose", KIND_STRING},
	{"transaction", KIND_NUMBER},
	{"command", KIND_STRING},
	{"digest", KIND_NUMBER},
	{"tables", KIND_STRINGS},
	{"decisions", KIND_LIST},
	{"rows", KIND_INTEGER},
	{"outcome", KIND_STRING},
	{"sqlstate", KIND_STRING},
	{"more", KIND_BOOLEAN},
	{"times", KIND_INTEGER},
	{"until", KIND_STRING},
	{"action", KIND_STRING},
	{"object", KIND_STRING},
	{"verdict", KIND_STRING},
	{"detail", KIND_STRING},
	{"origin", KIND_STRING},
	{"previous", KIND_STRING},
	{"size", KIND_INTEGER},
	{"root", KIND_STRING},
	{"version", KIND_STRING},
	{"library", KIND_STRING},
	{"settings", KIND_OBJECT},
	{"recovered", KIND_INTEGER},
	{"torn", KIND_INTEGER},
	{"unflushed", KIND_BOOLEAN},
	{"old", KIND_STRING},
	{"new", KIND_STRING},
	{"handover", KIND_STRING},
	{"below", KIND_INTEGER},
	{"lost", KIND_INTEGER},
	{"since", KIND_TIME}
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
is_list_of_strings(JurJson list)
{
	JurJson		item;
	size_t		pos = 0;

	if (jur_json_type(list) != JUR_JSON_LIST)
		return false;
	while (jur_json_next_item(list, &pos, &item))
		if (jur_json_type(item) != JUR_JSON_STRING)
			return false;
	return true;
}

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

static bool
is_of_kind(JurJson value, Kind kind)
{
	JurJsonType type = jur_json_type(value);
	int64_t		number;

	switch (kind)
	{
		case KIND_STRING:
			return type == JUR_JSON_STRING;
		case KIND_STRINGS:
			return is_list_of_strings(value);
		case KIND_INTEGER:
			return jur_json_integer(value, &number) && number >= 0;
		case KIND_NUMBER:
			return type == JUR_JSON_INTEGER ||
				(type == JUR_JSON_STRING && is_integer_text(value));
		case KIND_TIME:
			return jur_record_time(value, &number);
		case KIND_BOOLEAN:
			return type == JUR_JSON_BOOLEAN;
		case KIND_OBJECT:
			return type == JUR_JSON_OBJECT;
		case KIND_LIST:
			return type == JUR_JSON_LIST;
	}
	return false;
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

/* -------------------------------------------------------------- decisions */

static const Named decision_members[] = {
	{"label", KIND_STRING},
	{"action", KIND_STRING},
	{"verdict", KIND_STRING},
	{"within", KIND_BOOLEAN},
	{"rows", KIND_INTEGER},
	{"values", KIND_INTEGER},
	{"undone", KIND_INTEGER},
	{"why", KIND_LIST},
	{NULL}
};

static const Named why_members[] = {
	{"atom", KIND_STRING},
	{"to", KIND_STRING},
	{"by", KIND_STRING},
	{"rule", KIND_NUMBER},
	{"basis", KIND_STRING},
	{NULL}
};

/* its known members have their types and their order; VALUES (size 0: none) in that order */
static bool
read_members(JurJson object, const Named *known, JurJson *values)
{
	JurJson		name;
	JurJson		value;
	size_t		pos = 0;
	int			last = -1;
	int			i;

	for (i = 0; known[i].name; i++)
		values[i].size = 0;
	if (jur_json_type(object) != JUR_JSON_OBJECT)
		return false;
	while (jur_json_next_member(object, &pos, &name, &value))
	{
		for (i = 0; known[i].name && !jur_json_is(name, known[i].name); i++)
			;
		if (!known[i].name)
			continue;
		if (i < last || !is_of_kind(value, known[i].kind))
			return false;
		last = i;
		values[i] = value;
	}
	return true;
}

static bool
read_decision(JurJson object, JurDecisionRecord *decision)
{
	JurJson		values[8];

	if (!read_members(object, decision_members, values) ||
		values[0].size == 0 || values[1].size == 0 || values[2].size == 0)
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

static bool
read_why(JurJson object, JurWhyRecord *why)
{
	JurJson		values[5];

	if (!read_members(object, why_members, values))
		return false;
	why->atom = values[0];
	why->to = values[1];
	why->by = values[2];
	why->rule = values[3];
	why->basis = values[4];
	return true;
}

static const char *
check_decisions(JurJson list)
{
	JurDecisionRecord decision;
	JurWhyRecord why;
	JurJson		item;
	JurJson		reason;
	size_t		pos = 0;
	size_t		why_pos;

	while (jur_json_next_item(list, &pos, &item))
	{
		if (!read_decision(item, &decision))
			return "a decision is not well formed";
		why_pos = 0;
		while (jur_json_next_item(decision.why, &why_pos, &reason))
			if (!read_why(reason, &why))
				return "the reason of a decision is not well formed";
	}
	return NULL;
}

bool
jur_record_next_decision(const JurRecord *record, size_t *pos, JurDecisionRecord *decision)
{
	JurJson		item;

	return jur_json_next_item(record->member[JUR_MEMBER_DECISIONS], pos, &item) &&
		read_decision(item, decision);
}

bool
jur_record_next_why(const JurDecisionRecord *decision, size_t *pos, JurWhyRecord *why)
{
	JurJson		item;

	return jur_json_next_item(decision->why, pos, &item) && read_why(item, why);
}

/* ----------------------------------------------------------------- records */

/* as jur_record_member(), and faster where names come in their order */
static JurMember
member_after(JurJson name, int last)
{
	static unsigned char sizes[JUR_MEMBERS];
	int			i;
	int			member;

	if (sizes[0] == 0)
		for (i = 0; i < JUR_MEMBERS; i++)
			sizes[i] = (unsigned char) (strlen(members[i].name) + 2);
	for (i = 1; i <= JUR_MEMBERS; i++)
	{
		member = (last + i) % JUR_MEMBERS;
		if (name.size == sizes[member] &&
			memcmp(name.text + 1, members[member].name, name.size - 2) == 0)
			return (JurMember) member;
	}
	return JUR_MEMBERS;
}

JurMember
jur_record_member(JurJson name)
{
	return jur_json_type(name) == JUR_JSON_STRING ? member_after(name, JUR_MEMBERS - 1) :
		JUR_MEMBERS;
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

const char *
jur_record_parse(const void *data, size_t size, JurRecord *record)
{
	const Order *order = NULL;
	const char *error;
	JurJson		name;
	JurJson		value;
	int64_t		version;
	size_t		pos = 0;
	JurMember	member = JUR_MEMBERS;
	int			known = JUR_MEMBERS - 1;
	int			last = -1;
	int			place;

	memset(record, 0, sizeof(*record));
	if ((error = jur_json_scan(data, size, &record->whole)) != NULL)
		return error;
	if (record->whole.size != size)
		return "something follows the record";
	if (jur_json_type(record->whole) != JUR_JSON_OBJECT)
		return "it is not an object";
	while (jur_json_next_member(record->whole, &pos, &name, &value))
	{
		member = member_after(name, known);
		/* the first two say how to read the rest */
		if (last < 1 && member != (JurMember) (last + 1))
			return "it does not begin with \"v\" and \"event\"";
		if (member == JUR_MEMBERS)
			continue;
		known = (int) member;
		if (member == JUR_MEMBER_V && (!jur_json_integer(value, &version) || version != 1))
			return "it is not of version 1";
		if (!is_of_kind(value, members[member].kind))
			return "a member is not of its type";
		if (member == JUR_MEMBER_EVENT)
			order = order_of(value);
		record->member[member] = value;
		if (member == JUR_MEMBER_TIME)
			(void) jur_record_time(value, &record->time);
		place = member == JUR_MEMBER_V ? 0 : place_of(order, member);
		if (place < 0)
			continue;
		if (place < last)
			return "its members are not in order";
		last = place;
	}
	if (!order || record->member[JUR_MEMBER_TIME].size == 0)
		return "it has no event or no time";
	return check_decisions(record->member[JUR_MEMBER_DECISIONS]);
}
