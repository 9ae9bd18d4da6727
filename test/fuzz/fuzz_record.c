/*-------------------------------------------------------------------------
 *
 * fuzz_record.c
 *	  Idea: any bytes are a record of the evidence log or are refused with a
 *	  reason; what is one can be taken apart and put together again, and gives
 *	  an event that is JSON itself.
 *
 * Links: src/evidence/json_text.c src/evidence/record.c src/evidence/ocsf.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "evidence/ocsf.h"

#include "server_shim.h"

extern int	LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* every value below VALUE, written again, in OUT; how many bytes */
static size_t
write_again(JurJson value, char *out)
{
	JurJsonType type = jur_json_type(value);
	JurJson		name;
	JurJson		item;
	size_t		size = 0;
	size_t		pos = 0;

	if (type == JUR_JSON_LIST)
	{
		out[size++] = '[';
		while (jur_json_next_item(value, &pos, &item))
		{
			if (size > 1)
				out[size++] = ',';
			size += write_again(item, out + size);
		}
		out[size++] = ']';
	}
	else if (type == JUR_JSON_OBJECT)
	{
		out[size++] = '{';
		while (jur_json_next_member(value, &pos, &name, &item))
		{
			shim_require(jur_json_type(name) == JUR_JSON_STRING, "a name is a string");
			if (size > 1)
				out[size++] = ',';
			size += write_again(name, out + size);
			out[size++] = ':';
			size += write_again(item, out + size);
		}
		out[size++] = '}';
	}
	else
	{
		memcpy(out, value.text, value.size);
		size = value.size;
	}
	return size;
}

static void
walk_decisions(const JurRecord *record)
{
	JurDecisionRecord decision;
	JurWhyRecord why;
	size_t		pos = 0;
	size_t		why_pos;
	int			count = 0;
	int			items = 0;
	JurJson		item;
	JurJson		label;
	size_t		label_pos = 0;

	while (jur_record_next_decision(record, &pos, &decision))
	{
		count++;
		shim_require(jur_record_next_label(record, &label_pos, &label) &&
					 jur_json_equal(label, decision.label), "a label is that of its decision");
		shim_require(jur_json_type(decision.label) == JUR_JSON_STRING &&
					 decision.rows >= 0 && decision.values >= 0, "a decision has its types");
		why_pos = 0;
		while (jur_record_next_why(&decision, &why_pos, &why))
			shim_require(why.basis.size == 0 || jur_json_type(why.basis) == JUR_JSON_STRING,
						 "a reason has its types");
	}
	shim_require(!jur_record_next_label(record, &label_pos, &label), "no more labels than decisions");
	pos = 0;
	while (jur_json_next_item(record->member[JUR_MEMBER_DECISIONS], &pos, &item))
		items++;
	shim_require(count == items, "no decision is passed over");
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	static char event[JUR_OCSF_MAX];
	char	   *copy = palloc(size + 1);
	char	   *out = palloc(size + 1);
	JurRecord	record;
	JurJson		json;
	const char *error = jur_record_parse(data, size, &record);
	size_t		event_size;
	int			i;

	if (error)
		shim_require(*error != '\0', "an error says something");
	else
	{
		shim_require(record.whole.size == size && write_again(record.whole, copy) == size &&
					 memcmp(copy, data, size) == 0, "a record is what its parts are");
		for (i = 0; i < JUR_MEMBERS; i++)
			if (jur_json_type(record.member[i]) == JUR_JSON_STRING)
				shim_require(jur_json_unescape(record.member[i], out) + 2 <= record.member[i].size,
							 "a string does not grow");
		walk_decisions(&record);
		event_size = jur_ocsf_event(&record, INT64_MAX, "jurisdiction/1/0123456789abcdef", event);
		error = jur_json_scan(event, event_size, &json);
		/* the record is one level deeper in the event, and has up to 64 members of its own */
		shim_require((error == NULL && json.size == event_size) ||
					 (error && strstr(error, "deep")), "an event is JSON");
	}
	shim_reset();
	return 0;
}
