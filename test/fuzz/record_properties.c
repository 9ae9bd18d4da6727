/*-------------------------------------------------------------------------
 *
 * record_properties.c
 *	  Idea: which bytes are a record of the evidence log, beside which the
 *	  ones that differ in one thing and are none; what is read out of them.
 *
 * Links: src/evidence/json_text.c src/evidence/record.c src/evidence/ocsf.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "evidence/ocsf.h"

#include "server_shim.h"

#define HEAD	"{\"v\":1,\"event\":\"statement\",\"time\":\"2026-01-02T03:04:05.678901Z\""

typedef struct Example
{
	const char *text;
	const char *error;			/* NULL: it is a record */
} Example;

static const Example examples[] = {
	{HEAD "}", NULL},
	{HEAD "} ", "something follows the record"},
	{HEAD " }", "an object does not end"},
	{HEAD, "an object does not end"},
	{"", "a value is missing"},
	{"[]", "it is not an object"},
	{"{}", "it has no event or no time"},
	{"{\"v\":1,\"event\":\"statement\"}", "it has no event or no time"},
	{"{\"v\":2,\"event\":\"statement\",\"time\":\"2026-01-02T03:04:05.678901Z\"}",
	"it is not of version 1"},
	{"{\"event\":\"statement\",\"v\":1,\"time\":\"2026-01-02T03:04:05.678901Z\"}",
	"it does not begin with \"v\" and \"event\""},
	{"{\"v\":1,\"x\":1,\"event\":\"statement\",\"time\":\"2026-01-02T03:04:05.678901Z\"}",
	"it does not begin with \"v\" and \"event\""},
	/* members */
	{HEAD ",\"node\":\"a\",\"site\":\"DE\"}", NULL},
	{HEAD ",\"site\":\"DE\",\"node\":\"a\"}", "its members are not in order"},
	{HEAD ",\"node\":\"a\",\"node\":\"a\"}", "a name occurs twice"},
	{HEAD ",\"node\":\"a\",\"nodf\":\"a\"}", NULL},
	{HEAD ",\"node\":\"a\",\"x\":1,\"node\":\"a\"}", "a name occurs twice"},
	{HEAD ",\"x\":1,\"y\":1,\"x\":1}", "a name occurs twice"},
	{HEAD ",\"x\":{\"node\":1,\"node\":1}}", "a name occurs twice"},
	{HEAD ",\"x\":{\"\":1,\"node\":1}}", NULL},
	{HEAD ",\"\\u006eode\":1}", "an escape that is not canonical"},
	{HEAD ",\"node\"", "a colon is missing"},
	{HEAD ",\"node\":", "a value is missing"},
	{HEAD ",\"node", "a string does not end"},
	{HEAD ",node:1}", "a string is missing"},
	{HEAD ",}", "a string is missing"},
	{HEAD ",\"node\":1}", "a member is not of its type"},
	{HEAD ",\"unknown\":[{},[],null,true,-5]}", NULL},
	{HEAD ",\"places\":[\"DE\",\"?\"]}", NULL},
	{HEAD ",\"places\":[\"DE\",1]}", "a member is not of its type"},
	{HEAD ",\"rows\":0}", NULL},
	{HEAD ",\"rows\":-1}", "a member is not of its type"},
	{HEAD ",\"rows\":01}", "a number that is not canonical"},
	{HEAD ",\"rows\":1.0}", "a number that is not an integer"},
	{HEAD ",\"rows\":1e2}", "a number that is not an integer"},
	{HEAD ",\"rows\":9223372036854775807}", NULL},
	{HEAD ",\"rows\":9223372036854775808}", "a number that does not fit 64 bits"},
	{HEAD ",\"x\":-9223372036854775808}", NULL},
	{HEAD ",\"x\":-9223372036854775809}", "a number that does not fit 64 bits"},
	{HEAD ",\"x\":-0}", "a number that is not canonical"},
	{HEAD ",\"digest\":\"-12\"}", NULL},
	{HEAD ",\"digest\":\"-\"}", "a member is not of its type"},
	{HEAD ",\"digest\":\"12a\"}", "a member is not of its type"},
	{HEAD ",\"more\":true}", NULL},
	{HEAD ",\"more\":tru}", "a value is missing"},
	/* the order of an event of its own */
	{"{\"v\":1,\"event\":\"retention\",\"time\":\"2026-01-02T03:04:05.678901Z\",\"root\":\"x\",\"size\":1}", NULL},
	{"{\"v\":1,\"event\":\"checkpoint\",\"time\":\"2026-01-02T03:04:05.678901Z\",\"root\":\"x\",\"size\":1}",
	"its members are not in order"},
	{"{\"v\":1,\"event\":\"new one\",\"time\":\"2026-01-02T03:04:05.678901Z\",\"action\":\"x\"}", NULL},
	/* strings */
	{HEAD ",\"node\":\"\\\"\\\\\\n\\t\\r\\u0001\\u001f\"}", NULL},
	{HEAD ",\"node\":\"\\/\"}", "an escape that is not canonical"},
	{HEAD ",\"node\":\"\\u000a\"}", "an escape that is not canonical"},
	{HEAD ",\"node\":\"\\u000b\"}", NULL},
	{HEAD ",\"node\":\"\\u000B\"}", "an escape that is not canonical"},
	{HEAD ",\"node\":\"\\u0020\"}", "an escape that is not canonical"},
	{HEAD ",\"node\":\"\\u0000\"}", "an escape that is not canonical"},
	{HEAD ",\"node\":\"\\u00", "an escape that is not canonical"},
	{HEAD ",\"node\":\"\t\"}", "a control character that is not escaped"},
	{HEAD ",\"node\":\"a}", "a string does not end"},
	{HEAD ",\"node\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"}", NULL},
	{HEAD ",\"node\":\"\xc0\x80\"}", "bytes that are not UTF-8"},
	{HEAD ",\"node\":\"\xe0\x9f\xbf\"}", "bytes that are not UTF-8"},
	{HEAD ",\"node\":\"\xed\xa0\x80\"}", "bytes that are not UTF-8"},
	{HEAD ",\"node\":\"\xf4\x90\x80\x80\"}", "bytes that are not UTF-8"},
	{HEAD ",\"node\":\"\xf0\x8f\xbf\xbf\"}", "bytes that are not UTF-8"},
	{HEAD ",\"node\":\"\xc3\"}", "bytes that are not UTF-8"},
	/* depth: the record itself is the first */
	{HEAD ",\"x\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}", NULL},
	{HEAD ",\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "values are nested too deep"},
	/* time */
	{"{\"v\":1,\"event\":\"x\",\"time\":\"2024-02-29T23:59:59.999999Z\"}", NULL},
	{"{\"v\":1,\"event\":\"x\",\"time\":\"2026-02-29T23:59:59.999999Z\"}", "a member is not of its type"},
	{"{\"v\":1,\"event\":\"x\",\"time\":\"2026-02-28T24:00:00.000000Z\"}", "a member is not of its type"},
	{"{\"v\":1,\"event\":\"x\",\"time\":\"2026-02-28T23:00:00Z\"}", "a member is not of its type"},
	/* decisions */
	{HEAD ",\"decisions\":[]}", NULL},
	{HEAD ",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"allow\",\"rows\":3}]}", NULL},
	{HEAD ",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"rows\":3}]}", "a decision is not well formed"},
	{HEAD ",\"decisions\":[{\"action\":\"read\",\"label\":\"DE\",\"verdict\":\"allow\"}]}", "a decision is not well formed"},
	{HEAD ",\"decisions\":[[]]}", "a decision is not well formed"},
	{HEAD ",\"decisions\":[{\"label\":\"DE\",\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"allow\"}]}",
	"a name occurs twice"},
	{HEAD ",\"decisions\":[{\"label\":1,\"action\":\"read\",\"verdict\":\"allow\"}]}",
	"a decision is not well formed"},
	{HEAD ",\"decisions\":[{\"x\":[1],\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"allow\"}]}", NULL},
	{HEAD ",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"allow\"}}", "a list does not end"},
	{HEAD ",\"tables\":[\"a\",]}", "a member is not of its type"},
	{HEAD ",\"tables\":[\"a\" ]}", "a list does not end"},
	{HEAD ",\"decisions\":{}}", "a member is not of its type"},
	{HEAD ",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"allow\","
		"\"why\":[{\"atom\":\"DE\",\"to\":\"FR\",\"by\":\"rule\",\"rule\":7,\"basis\":\"b\"}]}]}", NULL},
	{HEAD ",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"allow\","
		"\"why\":[{\"to\":\"FR\",\"atom\":\"DE\"}]}]}", "the reason of a decision is not well formed"},
	{HEAD ",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"allow\",\"why\":[1]}]}",
	"the reason of a decision is not well formed"}
};

static void
try_examples(void)
{
	int			i;

	for (i = 0; i < lengthof(examples); i++)
	{
		/* a copy of its size, so that the sanitizer sees a step beyond it */
		size_t		size = strlen(examples[i].text);
		char	   *copy = palloc(size + 1);
		char	   *text = copy + 1;
		JurRecord	record;
		const char *error;

		memcpy(text, examples[i].text, size);
		error = jur_record_parse(text, size, &record);
		if ((error == NULL) != (examples[i].error == NULL) ||
			(error && strcmp(error, examples[i].error) != 0))
		{
			printf("%s\n  expected: %s\n  got: %s\n", examples[i].text,
				   examples[i].error ? examples[i].error : "a record",
				   error ? error : "a record");
			shim_require(false, "an example is read as it says");
		}
		shim_reset();
	}
}

/* the time of a day counted one by one is what is read from its text */
static void
try_days(void)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t		expected = 0;
	int			year;
	int			month;
	int			day;

	for (year = 1970; year < 2410; year++)
		for (month = 0; month < 12; month++)
		{
			bool		is_leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
			int			length = lengths[month] + (month == 1 && is_leap ? 1 : 0);

			for (day = 1; day <= length; day++)
			{
				char		text[64];
				JurJson		json;
				int64_t		time;

				snprintf(text, sizeof(text), "\"%04d-%02d-%02dT00:00:01.000002Z\"",
						 year, month + 1, day);
				json.text = text;
				json.size = strlen(text);
				shim_require(jur_record_time(json, &time) &&
							 time == expected * INT64CONST(86400000000) + 1000002,
							 "days follow each other");
				expected++;
			}
		}
}

/* an object has 64 members at most, known ones counted like others */
static void
try_members(void)
{
	int			count;

	for (count = 60; count <= 62; count++)
	{
		StringInfoData buffer;
		JurRecord	record;
		const char *error;
		int			i;

		initStringInfo(&buffer);
		appendStringInfoString(&buffer, HEAD);
		for (i = 0; i < count; i++)
			appendStringInfo(&buffer, ",\"x%d\":1", i);
		appendStringInfoChar(&buffer, '}');
		error = jur_record_parse(buffer.data, buffer.len, &record);
		shim_require(count <= 61 ? error == NULL :
					 error && strcmp(error, "an object has too many members") == 0, "64 members");
		shim_reset();
	}
}

/* labels are kept of some decisions, and found again of more */
static void
try_labels(void)
{
	int			count;

	for (count = 0; count <= JUR_LABELS_KEPT + 2; count++)
	{
		StringInfoData buffer;
		JurRecord	record;
		JurJson		label;
		char		expected[16];
		size_t		pos = 0;
		int			i;

		initStringInfo(&buffer);
		appendStringInfoString(&buffer, HEAD ",\"decisions\":[");
		for (i = 0; i < count; i++)
			appendStringInfo(&buffer, "%s{\"label\":\"L%d\",\"action\":\"read\",\"verdict\":\"deny\"}", i > 0 ? "," : "", i);
		appendStringInfoString(&buffer, "]}");
		shim_require(jur_record_parse(buffer.data, buffer.len, &record) == NULL, "it is a record");
		for (i = 0; jur_record_next_label(&record, &pos, &label); i++)
		{
			snprintf(expected, sizeof(expected), "L%d", i);
			shim_require(jur_json_is(label, expected), "labels come in their order");
		}
		shim_require(i == count, "no label is passed over");
		shim_reset();
	}
}

static void
try_reading(void)
{
	static const char text[] = HEAD ",\"user\":\"a\\\"\\u0001\xc3\xa4\",\"decisions\":["
		"{\"label\":\"DE, \\\"}],\",\"action\":\"read\",\"verdict\":\"allow\",\"rows\":3,"
		"\"why\":[{\"atom\":\"DE\",\"to\":\"FR\",\"by\":\"rule\",\"rule\":\"7\",\"basis\":\"b\"},"
		"{\"atom\":\"EU\"}]},"
		"{\"label\":\"FR\",\"action\":\"export\",\"verdict\":\"deny\",\"within\":true,\"x\":[1]}]"
		",\"outcome\":\"completed\"}";
	JurRecord	record;
	JurDecisionRecord decision;
	JurWhyRecord why;
	char		out[64];
	size_t		pos = 0;
	size_t		why_pos = 0;

	shim_require(jur_record_parse(text, sizeof(text) - 1, &record) == NULL, "it is a record");
	shim_require(record.time == INT64CONST(1767323045678901), "its time");
	shim_require(jur_json_unescape(record.member[JUR_MEMBER_USER], out) == 5 &&
				 memcmp(out, "a\"\001\xc3\xa4", 5) == 0, "escapes are undone");
	shim_require(jur_json_is(record.member[JUR_MEMBER_OUTCOME], "completed") &&
				 !jur_json_is(record.member[JUR_MEMBER_OUTCOME], "complete"), "a string is itself");
	shim_require(record.member[JUR_MEMBER_ROWS].size == 0, "what is not there has no size");
	shim_require(jur_record_next_decision(&record, &pos, &decision) && decision.rows == 3 &&
				 decision.values == 0 && !decision.is_within, "the first decision");
	shim_require(jur_record_next_why(&decision, &why_pos, &why) &&
				 jur_json_is(why.to, "FR") && jur_json_is(why.rule, "7"), "its first reason");
	shim_require(jur_record_next_why(&decision, &why_pos, &why) &&
				 jur_json_is(why.atom, "EU") && why.to.size == 0, "its second reason");
	shim_require(!jur_record_next_why(&decision, &why_pos, &why), "no third");
	shim_require(jur_record_next_decision(&record, &pos, &decision) && decision.is_within &&
				 jur_json_is(decision.verdict, "deny"), "the second decision");
	shim_require(!jur_record_next_decision(&record, &pos, &decision), "no third");
}

typedef struct EventExample
{
	const char *members;		/* after HEAD */
	const char *event;			/* in the event */
} EventExample;

static const EventExample events[] = {
	{",\"command\":\"SELECT\",\"outcome\":\"completed\"", "\"activity_id\":4,"},
	{",\"command\":\"DELETE\",\"outcome\":\"completed\"", "\"type_uid\":600507"},
	{",\"command\":\"COPY\",\"decisions\":[{\"label\":\"DE\",\"action\":\"export\",\"verdict\":\"allow\"}]", "\"activity_id\":1,"},
	{",\"command\":\"COPY\",\"decisions\":[{\"label\":\"DE\",\"action\":\"store\",\"verdict\":\"allow\"}]", "\"activity_id\":5,"},
	{",\"command\":\"COPY\"", "\"activity_id\":99,\"activity_name\":\"statement\""},
	{",\"outcome\":\"completed\"", "\"status_id\":1"},
	{",\"outcome\":\"running\"", "\"status_id\":99"},
	{",\"outcome\":\"unknown\"", "\"status_id\":0"},
	{",\"outcome\":\"failed\",\"sqlstate\":\"22012\"", "\"status_id\":2,\"status_code\":\"22012\""},
	{",\"outcome\":\"failed\",\"sqlstate\":\"42501\"", "\"action_id\":2"},
	{",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"allow\"}]", "\"action_id\":1"},
	/* rows that were filtered out do not make a statement a denied one */
	{",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"deny\"}]", "\"action_id\":1"},
	{",\"decisions\":[{\"label\":\"DE\",\"action\":\"read\",\"verdict\":\"observe\"}]", "\"action_id\":3"},
	{",\"client\":\"192.0.2.7\"", "\"src_endpoint\":{\"ip\":\"192.0.2.7\"}"},
	{",\"client\":\"local\"", "\"src_endpoint\":{\"name\":\"local\"}"},
	{",\"digest\":\"-7\"", "\"unmapped\":{}"},
	{",\"command\":\"SELECT\",\"digest\":\"-7\"", "\"query_info\":{\"query_string\":\"SELECT\",\"uid\":\"-7\"}"},
	{",\"places\":[\"DE\"],\"x\":1", "\"unmapped\":{\"places\":[\"DE\"],\"x\":1}"},
	{",\"user\":\"a\\\"b\"", "\"user\":{\"name\":\"a\\\"b\""},
	{"", "\"time\":1767323045678,"},
	{"", "\"uid\":\"jurisdiction/1/ab?c/12\""}
};

static void
try_events(void)
{
	int			i;

	for (i = 0; i < lengthof(events); i++)
	{
		char		text[1024];
		char	   *event = palloc(JUR_OCSF_MAX);
		JurRecord	record;
		JurJson		json;
		size_t		size;

		snprintf(text, sizeof(text), "%s%s}", HEAD, events[i].members);
		shim_require(jur_record_parse(text, strlen(text), &record) == NULL, "it is a record");
		size = jur_ocsf_event(&record, 12, "jurisdiction/1/ab\"c", event);
		shim_require(jur_json_scan(event, size, &json) == NULL && json.size == size,
					 "an event is JSON");
		if (!strstr(event, events[i].event))
		{
			printf("%s\n  expected: %s\n  got: %s\n", text, events[i].event, event);
			shim_require(false, "an event says what its record said");
		}
		shim_reset();
	}
}

int
main(void)
{
	try_examples();
	try_days();
	try_members();
	try_labels();
	try_reading();
	try_events();
	return 0;
}
