/*-------------------------------------------------------------------------
 *
 * ocsf.c
 *	  Idea: what OCSF has an attribute for goes there; the rest of the record
 *	  goes along as it is, below `unmapped`, so that nothing is lost.
 *
 * The text of a statement is in no record, hence in no event: where the
 * schema insists on a query string it gets the command, and the server's
 * query id as the query's uid, or the command as its name.
 *
 *-------------------------------------------------------------------------
 */
#include "evidence/ocsf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CLASS_UID	6005

typedef struct Out
{
	char	   *text;
	size_t		size;
} Out;

typedef struct Coded
{
	int			id;
	const char *name;
} Coded;

/* activity_id of the class */
static const Coded READ = {1, "Read"};
static const Coded UPDATE = {2, "Update"};
static const Coded QUERY = {4, "Query"};
static const Coded WRITE = {5, "Write"};
static const Coded CREATE = {6, "Create"};
static const Coded DELETE = {7, "Delete"};
static const Coded DECRYPT = {10, "Decrypt"};

typedef struct Activity
{
	const char *word;
	const Coded *activity;
} Activity;

static const Activity by_command[] = {
	{"SELECT", &QUERY},
	{"FETCH", &QUERY},
	{"DECLARE CURSOR", &QUERY},
	{"INSERT", &CREATE},
	{"UPDATE", &UPDATE},
	{"MERGE", &WRITE},
	{"DELETE", &DELETE},
	{"TRUNCATE", &DELETE},
	{"TRUNCATE TABLE", &DELETE},
	{NULL}
};

static const Activity by_action[] = {
	{"read", &READ},
	{"export", &READ},
	{"store", &WRITE},
	{"write", &WRITE},
	{"unseal", &DECRYPT},
	{NULL}
};

static const Activity by_event[] = {
	{"truncate", &DELETE},
	{"drop", &DELETE},
	{"evidence", &READ},
	{"backup", &READ},
	{"publish", &READ},
	{"replicate", &READ},
	{NULL}
};

/* members that have an attribute of their own, and so are not below `unmapped` */
static bool
is_mapped(JurMember member)
{
	switch (member)
	{
		case JUR_MEMBER_V:
		case JUR_MEMBER_EVENT:
		case JUR_MEMBER_TIME:
		case JUR_MEMBER_DATABASE:
		case JUR_MEMBER_USER:
		case JUR_MEMBER_CLIENT:
		case JUR_MEMBER_APPLICATION:
		case JUR_MEMBER_COMMAND:
		case JUR_MEMBER_DIGEST:
		case JUR_MEMBER_SQLSTATE:
			return true;
		default:
			return false;
	}
}

/* ------------------------------------------------------------------ writing */

static void
put_bytes(Out *out, const char *bytes, size_t size)
{
	/* cannot happen while JUR_OCSF_MAX is what it says; a cut event is seen to be one */
	if (size > JUR_OCSF_MAX - 1 - out->size)
		size = JUR_OCSF_MAX - 1 - out->size;
	memcpy(out->text + out->size, bytes, size);
	out->size += size;
}

static void
put(Out *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

/* for what is short; never for a value of the record */
static void put_format(Out *out, const char *format,...)
#if defined(__GNUC__)
			__attribute__((format(printf, 2, 3)))
#endif
;

static void
put_format(Out *out, const char *format,...)
{
	char		text[256];
	va_list		args;
	int			size;

	va_start(args, format);
	size = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (size > 0)
		put_bytes(out, text, (size_t) size < sizeof(text) ? (size_t) size : sizeof(text) - 1);
}

static void
put_json(Out *out, JurJson value)
{
	put_bytes(out, value.text, value.size);
}

/* a value as a string, whatever it is spelled as */
static void
put_as_string(Out *out, JurJson value)
{
	if (jur_json_type(value) == JUR_JSON_STRING)
		put_json(out, value);
	else
	{
		put(out, "\"");
		put_json(out, value);
		put(out, "\"");
	}
}

/* in milliseconds, rounded down, before 1970 too */
static void
put_time(Out *out, const char *name, int64_t time)
{
	put_format(out, ",\"%s\":%lld", name,
			   (long long) (time / 1000 - (time % 1000 < 0 ? 1 : 0)));
}

/* a C string as the inside of a JSON string; an origin is not ours if it needs more */
static void
put_plain(Out *out, const char *text)
{
	for (; *text; text++)
		if ((unsigned char) *text >= 0x20 && (unsigned char) *text < 0x7f &&
			*text != '"' && *text != '\\')
			put_bytes(out, text, 1);
		else
			put(out, "?");
}

/* ----------------------------------------------------------------- deciding */

static const Coded *
find(const Activity *table, JurJson word)
{
	for (; table->word; table++)
		if (jur_json_is(word, table->word))
			return table->activity;
	return NULL;
}

/* the action of a statement whose command tells nothing, such as COPY */
static const Coded *
activity_of_decisions(const JurRecord *record)
{
	JurDecisionRecord decision;
	const Coded *activity = NULL;
	size_t		pos = 0;

	while (jur_record_next_decision(record, &pos, &decision))
	{
		activity = find(by_action, decision.action);
		if (activity == &WRITE)
			break;
	}
	return activity;
}

/* NULL: none that the class knows */
static const Coded *
activity_of(const JurRecord *record)
{
	const Coded *activity = find(by_command, record->member[JUR_MEMBER_COMMAND]);

	if (!activity)
		activity = activity_of_decisions(record);
	if (!activity && jur_json_is(record->member[JUR_MEMBER_EVENT], "refusal"))
		activity = find(by_action, record->member[JUR_MEMBER_ACTION]);
	if (!activity)
		activity = find(by_event, record->member[JUR_MEMBER_EVENT]);
	return activity;
}

typedef enum Answer
{
	NOT_ASKED = 0,
	ALLOWED,
	OBSERVED,
	DENIED
} Answer;

static Answer
answer_of_word(JurJson verdict)
{
	if (jur_json_is(verdict, "allow"))
		return ALLOWED;
	if (jur_json_is(verdict, "observe"))
		return OBSERVED;
	return jur_json_is(verdict, "deny") ? DENIED : NOT_ASKED;
}

/*
 * What the whole record comes to.  A row that was filtered out is a deny
 * among decisions, and yet the statement was allowed: only a failure, or a
 * record of a refusal, is a denial.
 */
static Answer
answer_of(const JurRecord *record)
{
	JurDecisionRecord decision;
	Answer		answer = answer_of_word(record->member[JUR_MEMBER_VERDICT]);
	size_t		pos = 0;

	if (answer != NOT_ASKED)
		return answer;
	if (jur_json_is(record->member[JUR_MEMBER_SQLSTATE], "42501"))
		return DENIED;
	while (jur_record_next_decision(record, &pos, &decision))
	{
		if (jur_json_is(decision.verdict, "observe"))
			return OBSERVED;
		answer = ALLOWED;
	}
	return answer;
}

static bool
is_trouble(const JurRecord *record)
{
	JurJson		event = record->member[JUR_MEMBER_EVENT];

	return jur_json_is(event, "trouble") || jur_json_is(event, "gap");
}

/* ------------------------------------------------------------ parts of an event */

static void
put_class(Out *out, const Coded *activity)
{
	put_format(out, "\"activity_id\":%d,\"activity_name\":", activity->id);
	put_format(out, "\"%s\",\"category_name\":\"Application Activity\",\"category_uid\":6",
			   activity->name);
	put_format(out, ",\"class_name\":\"Datastore Activity\",\"class_uid\":%d", CLASS_UID);
	put_format(out, ",\"type_name\":\"Datastore Activity: %s\",\"type_uid\":%d",
			   activity->name, CLASS_UID * 100 + activity->id);
}

/* an activity that the class has no number for is called as the event is */
static void
put_other_class(Out *out, JurJson event)
{
	put(out, "\"activity_id\":99,\"activity_name\":");
	put_json(out, event);
	put_format(out, ",\"category_name\":\"Application Activity\",\"category_uid\":6"
			   ",\"class_name\":\"Datastore Activity\",\"class_uid\":%d", CLASS_UID);
	put_format(out, ",\"type_name\":\"Datastore Activity: Other\",\"type_uid\":%d",
			   CLASS_UID * 100 + 99);
}

static void
put_severity(Out *out, const JurRecord *record, Answer answer)
{
	if (!record || is_trouble(record))
		put(out, ",\"severity\":\"High\",\"severity_id\":4");
	else if (answer == DENIED)
		put(out, ",\"severity\":\"Medium\",\"severity_id\":3");
	else if (answer == OBSERVED)
		put(out, ",\"severity\":\"Low\",\"severity_id\":2");
	else
		put(out, ",\"severity\":\"Informational\",\"severity_id\":1");
}

static void
put_answer(Out *out, Answer answer)
{
	switch (answer)
	{
		case NOT_ASKED:
			break;
		case ALLOWED:
			put(out, ",\"action\":\"Allowed\",\"action_id\":1"
				",\"disposition\":\"Allowed\",\"disposition_id\":1");
			break;
		case OBSERVED:
			put(out, ",\"action\":\"Observed\",\"action_id\":3"
				",\"disposition\":\"Detected\",\"disposition_id\":15");
			break;
		case DENIED:
			put(out, ",\"action\":\"Denied\",\"action_id\":2"
				",\"disposition\":\"Blocked\",\"disposition_id\":2");
			break;
	}
}

static void
put_status(Out *out, const JurRecord *record, Answer answer)
{
	JurJson		outcome = record->member[JUR_MEMBER_OUTCOME];
	JurJson		sqlstate = record->member[JUR_MEMBER_SQLSTATE];

	if (jur_json_is(outcome, "failed") || sqlstate.size > 0 || answer == DENIED ||
		is_trouble(record))
		put(out, ",\"status\":\"Failure\",\"status_id\":2");
	else if (jur_json_is(outcome, "running"))
		put(out, ",\"status\":\"running\",\"status_id\":99");
	else if (jur_json_is(outcome, "unknown"))
		put(out, ",\"status\":\"Unknown\",\"status_id\":0");
	else
		put(out, ",\"status\":\"Success\",\"status_id\":1");
	if (sqlstate.size > 0)
	{
		put(out, ",\"status_code\":");
		put_json(out, sqlstate);
	}
}

static void
put_metadata(Out *out, const JurRecord *record, uint64_t seq, const char *origin)
{
	put(out, ",\"metadata\":{");
	if (record)
	{
		put(out, "\"event_code\":");
		put_json(out, record->member[JUR_MEMBER_EVENT]);
		put(out, ",");
	}
	put(out, "\"log_name\":\"");
	put_plain(out, origin);
	put(out, "\",\"log_provider\":\"jurisdiction\",\"log_version\":\"1\"");
	if (record)
	{
		put(out, ",\"original_time\":");
		put_json(out, record->member[JUR_MEMBER_TIME]);
	}
	put(out, ",\"product\":{\"name\":\"jurisdiction\",\"vendor_name\":\"jurisdiction\"}"
		",\"profiles\":[\"security_control\"]");
	put_format(out, ",\"sequence\":%llu", (unsigned long long) seq);
	put(out, ",\"uid\":\"");
	put_plain(out, origin);
	put_format(out, "/%llu\",\"version\":\"%s\"}", (unsigned long long) seq, JUR_OCSF_VERSION);
}

/* the first of these members that the record has; else what stands for none */
static void
put_name(Out *out, const JurRecord *record, JurMember member, JurMember other)
{
	if (record->member[member].size > 0)
		put_json(out, record->member[member]);
	else if (record->member[other].size > 0)
		put_json(out, record->member[other]);
	else
		put(out, "\"jurisdiction\"");
}

static void
put_actor(Out *out, const JurRecord *record)
{
	put(out, ",\"actor\":{\"app_name\":");
	put_name(out, record, JUR_MEMBER_APPLICATION, JUR_MEMBER_APPLICATION);
	if (record->member[JUR_MEMBER_USER].size > 0)
	{
		put(out, ",\"user\":{\"name\":");
		put_json(out, record->member[JUR_MEMBER_USER]);
		put(out, ",\"type\":\"User\",\"type_id\":1}");
	}
	put(out, "}");
}

static void
put_endpoint(Out *out, const JurRecord *record)
{
	JurJson		client = record->member[JUR_MEMBER_CLIENT];

	put(out, ",\"src_endpoint\":{");
	/* only an address may stand where an address is expected */
	if (client.size > 0 && !jur_json_is(client, "local") &&
		(memchr(client.text, '.', client.size) || memchr(client.text, ':', client.size)))
	{
		put(out, "\"ip\":");
		put_json(out, client);
	}
	else
	{
		put(out, "\"name\":");
		put_name(out, record, JUR_MEMBER_CLIENT, JUR_MEMBER_NODE);
	}
	put(out, "}");
}

static void
put_datastore(Out *out, const JurRecord *record)
{
	JurJson		table;
	size_t		pos = 0;

	put(out, ",\"database\":{\"name\":");
	put_name(out, record, JUR_MEMBER_DATABASE, JUR_MEMBER_NODE);
	put(out, ",\"type\":\"Relational\",\"type_id\":1}");
	if (jur_json_next_item(record->member[JUR_MEMBER_TABLES], &pos, &table))
	{
		/* the attribute holds one; all of them are below `unmapped` */
		put(out, ",\"table\":{\"name\":");
		put_json(out, table);
		put(out, "},\"type\":\"Table\",\"type_id\":3");
	}
	else
		put(out, ",\"type\":\"Database\",\"type_id\":1");
	if (record->member[JUR_MEMBER_COMMAND].size > 0)
	{
		put(out, ",\"query_info\":{\"query_string\":");
		put_json(out, record->member[JUR_MEMBER_COMMAND]);
		/* the schema wants one of the two */
		if (record->member[JUR_MEMBER_DIGEST].size > 0)
		{
			put(out, ",\"uid\":");
			put_as_string(out, record->member[JUR_MEMBER_DIGEST]);
		}
		else
		{
			put(out, ",\"name\":");
			put_json(out, record->member[JUR_MEMBER_COMMAND]);
		}
		put(out, "}");
	}
}

static void
put_unmapped(Out *out, const JurRecord *record)
{
	JurJson		name;
	JurJson		value;
	size_t		pos = 0;
	bool		is_first = true;

	put(out, ",\"unmapped\":{");
	while (jur_json_next_member(record->whole, &pos, &name, &value))
	{
		if (is_mapped(jur_record_member(name)))
			continue;
		if (!is_first)
			put(out, ",");
		is_first = false;
		put_json(out, name);
		put(out, ":");
		put_json(out, value);
	}
	put(out, "}");
}

/* an entry that is no record has no time: that of its neighbours tells */
static void
put_unreadable(Out *out, uint64_t seq, const char *origin)
{
	static const Coded unknown = {0, "Unknown"};

	put_class(out, &unknown);
	put_severity(out, NULL, NOT_ASKED);
	put(out, ",\"status\":\"Unknown\",\"status_id\":0,\"time\":0"
		",\"message\":\"the entry of the evidence log is not a record\"");
	put_metadata(out, NULL, seq, origin);
	put(out, ",\"actor\":{\"app_name\":\"jurisdiction\"}"
		",\"src_endpoint\":{\"name\":\"jurisdiction\"}"
		",\"database\":{\"name\":\"jurisdiction\",\"type_id\":0}");
}

size_t
jur_ocsf_event(const JurRecord *record, uint64_t seq, const char *origin, char *text)
{
	Out			out;
	const Coded *activity;
	Answer		answer;

	out.text = text;
	out.size = 0;
	put(&out, "{");
	if (record)
	{
		int64_t		until;

		activity = activity_of(record);
		answer = answer_of(record);
		if (activity)
			put_class(&out, activity);
		else
			put_other_class(&out, record->member[JUR_MEMBER_EVENT]);
		put_severity(&out, record, answer);
		put_answer(&out, answer);
		put_status(&out, record, answer);
		put_time(&out, "time", record->time);
		if (record->member[JUR_MEMBER_TIMES].size > 0)
		{
			put(&out, ",\"count\":");
			put_json(&out, record->member[JUR_MEMBER_TIMES]);
			put_time(&out, "start_time", record->time);
			if (jur_record_time(record->member[JUR_MEMBER_UNTIL], &until))
				put_time(&out, "end_time", until);
		}
		put_metadata(&out, record, seq, origin);
		put_actor(&out, record);
		put_endpoint(&out, record);
		put_datastore(&out, record);
		put_unmapped(&out, record);
	}
	else
		put_unreadable(&out, seq, origin);
	put(&out, "}");
	out.text[out.size] = '\0';
	return out.size;
}
