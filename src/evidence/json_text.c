/*-------------------------------------------------------------------------
 *
 * json_text.c
 *	  Idea: a JSON text has one spelling, so that who compares records
 *	  compares bytes; whatever is spelled otherwise is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "evidence/json_text.h"

#include <string.h>

/* of an object; records have some thirty */
#define MEMBERS_MAX	64

typedef struct Scan
{
	const unsigned char *at;
	const unsigned char *end;
	int			depth;
} Scan;

static const char *scan_value(Scan *scan);

static bool
next_is(const Scan *scan, char c)
{
	return scan->at < scan->end && *scan->at == (unsigned char) c;
}

static bool
take(Scan *scan, char c)
{
	if (!next_is(scan, c))
		return false;
	scan->at++;
	return true;
}

static bool
take_word(Scan *scan, const char *word)
{
	size_t		size = strlen(word);

	if ((size_t) (scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
		return false;
	scan->at += size;
	return true;
}

/* bytes of the UTF-8 sequence at AT, which has a first byte above 0x7f; 0: none */
static int
utf8_size(const unsigned char *at, const unsigned char *end)
{
	unsigned char low = 0x80;
	unsigned char high = 0xBF;
	int			size;
	int			i;

	if (*at >= 0xC2 && *at <= 0xDF)
		size = 2;
	else if (*at >= 0xE0 && *at <= 0xEF)
		size = 3;
	else if (*at >= 0xF0 && *at <= 0xF4)
		size = 4;
	else
		return 0;
	/* overlong forms, surrogates, and what lies above U+10FFFF */
	if (*at == 0xE0)
		low = 0xA0;
	else if (*at == 0xED)
		high = 0x9F;
	else if (*at == 0xF0)
		low = 0x90;
	else if (*at == 0xF4)
		high = 0x8F;
	if (end - at < size || at[1] < low || at[1] > high)
		return 0;
	for (i = 2; i < size; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	return size;
}

/* the value of a lower-case hexadecimal digit; -1: it is none */
static int
hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* after the backslash; each character has one escape, and the server knows no U+0000 */
static const char *
scan_escape(Scan *scan)
{
	int			first;
	int			second;
	int			code;

	if (take(scan, '"') || take(scan, '\\') || take(scan, 'n') || take(scan, 't') ||
		take(scan, 'r'))
		return NULL;
	if (scan->end - scan->at < 5 || !take_word(scan, "u00"))
		return "an escape that is not canonical";
	first = hex_digit(scan->at[0]);
	second = hex_digit(scan->at[1]);
	code = first * 16 + second;
	if (first < 0 || first > 1 || second < 0 || code == 0 || code == '\n' ||
		code == '\t' || code == '\r')
		return "an escape that is not canonical";
	scan->at += 2;
	return NULL;
}

static const char *
scan_string(Scan *scan)
{
	const char *error;
	int			size;

	if (!take(scan, '"'))
		return "a string is missing";
	while (scan->at < scan->end)
	{
		if (take(scan, '"'))
			return NULL;
		if (take(scan, '\\'))
		{
			if ((error = scan_escape(scan)) != NULL)
				return error;
		}
		else if (*scan->at < 0x20)
			return "a control character that is not escaped";
		else if (*scan->at < 0x80)
			scan->at++;
		else
		{
			size = utf8_size(scan->at, scan->end);
			if (size == 0)
				return "bytes that are not UTF-8";
			scan->at += size;
		}
	}
	return "a string does not end";
}

static const char *
scan_number(Scan *scan)
{
	bool		is_negative = take(scan, '-');
	uint64_t	limit = is_negative ? (uint64_t) INT64_MAX + 1 : (uint64_t) INT64_MAX;
	uint64_t	value = 0;
	const unsigned char *start = scan->at;

	for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++)
	{
		unsigned	digit = *scan->at - '0';

		if (value > (limit - digit) / 10)
			return "a number that does not fit 64 bits";
		value = value * 10 + digit;
	}
	if (scan->at == start)
		return "a value is missing";
	if (*start == '0' && (scan->at - start > 1 || is_negative))
		return "a number that is not canonical";
	if (next_is(scan, '.') || next_is(scan, 'e') || next_is(scan, 'E'))
		return "a number that is not an integer";
	return NULL;
}

static const char *
scan_list(Scan *scan)
{
	const char *error;

	if (take(scan, ']'))
		return NULL;
	do
	{
		if ((error = scan_value(scan)) != NULL)
			return error;
	} while (take(scan, ','));
	return take(scan, ']') ? NULL : "a list does not end";
}

static const char *
scan_object(Scan *scan)
{
	JurJson		names[MEMBERS_MAX];
	int			count = 0;
	int			i;
	const char *error;

	if (take(scan, '}'))
		return NULL;
	do
	{
		const unsigned char *name = scan->at;

		if ((error = scan_string(scan)) != NULL)
			return error;
		if (count == MEMBERS_MAX)
			return "an object has too many members";
		names[count].text = (const char *) name;
		names[count].size = scan->at - name;
		for (i = 0; i < count; i++)
			if (jur_json_equal(names[i], names[count]))
				return "a name occurs twice";
		count++;
		if (!take(scan, ':'))
			return "a colon is missing";
		if ((error = scan_value(scan)) != NULL)
			return error;
	} while (take(scan, ','));
	return take(scan, '}') ? NULL : "an object does not end";
}

static const char *
scan_value(Scan *scan)
{
	const char *error = NULL;

	if (next_is(scan, '"'))
		return scan_string(scan);
	if (next_is(scan, '[') || next_is(scan, '{'))
	{
		if (++scan->depth > JUR_JSON_DEPTH)
			return "values are nested too deep";
		error = *scan->at++ == '[' ? scan_list(scan) : scan_object(scan);
		scan->depth--;
		return error;
	}
	if (take_word(scan, "true") || take_word(scan, "false") || take_word(scan, "null"))
		return NULL;
	return scan_number(scan);
}

const char *
jur_json_scan(const char *text, size_t size, JurJson *value)
{
	Scan		scan;
	const char *error;

	scan.at = (const unsigned char *) text;
	scan.end = scan.at + size;
	scan.depth = 0;
	error = scan_value(&scan);
	value->text = text;
	value->size = error ? 0 : (const char *) scan.at - text;
	return error;
}

/* ------------------------------------------------ of values that were scanned */

JurJsonType
jur_json_type(JurJson value)
{
	if (value.size == 0)
		return JUR_JSON_NONE;
	switch (value.text[0])
	{
		case '"':
			return JUR_JSON_STRING;
		case '[':
			return JUR_JSON_LIST;
		case '{':
			return JUR_JSON_OBJECT;
		case 't':
		case 'f':
			return JUR_JSON_BOOLEAN;
		case 'n':
			return JUR_JSON_NULL;
		default:
			return JUR_JSON_INTEGER;
	}
}

bool
jur_json_is(JurJson value, const char *string)
{
	size_t		size = strlen(string);

	return value.size == size + 2 && value.text[0] == '"' &&
		memcmp(value.text + 1, string, size) == 0;
}

bool
jur_json_equal(JurJson a, JurJson b)
{
	return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
}

bool
jur_json_integer(JurJson value, int64_t *integer)
{
	uint64_t	sum = 0;
	bool		is_negative;
	size_t		i;

	if (jur_json_type(value) != JUR_JSON_INTEGER)
		return false;
	is_negative = value.text[0] == '-';
	for (i = is_negative ? 1 : 0; i < value.size; i++)
		sum = sum * 10 + (value.text[i] - '0');
	*integer = is_negative ? (int64_t) (0 - sum) : (int64_t) sum;
	return true;
}

bool
jur_json_is_true(JurJson value)
{
	return jur_json_type(value) == JUR_JSON_BOOLEAN && value.text[0] == 't';
}

size_t
jur_json_unescape(JurJson value, char *out)
{
	size_t		size = 0;
	size_t		i;

	if (jur_json_type(value) != JUR_JSON_STRING)
		return 0;
	for (i = 1; i + 1 < value.size; i++)
	{
		char		c = value.text[i];

		if (c == '\\')
		{
			c = value.text[++i];
			if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
			else if (c == 'r')
				c = '\r';
			else if (c == 'u')
			{
				c = (char) (hex_digit(value.text[i + 3]) * 16 + hex_digit(value.text[i + 4]));
				i += 4;
			}
		}
		out[size++] = c;
	}
	return size;
}

/* behind the string that begins at POS */
static size_t
string_end(JurJson whole, size_t pos)
{
	for (pos++; pos < whole.size && whole.text[pos] != '"'; pos++)
		if (whole.text[pos] == '\\')
			pos++;
	return pos + 1;
}

/* where the value that begins at POS ends; brackets in strings do not count */
static size_t
value_end(JurJson whole, size_t pos)
{
	int			depth = 0;

	while (pos < whole.size)
	{
		char		c = whole.text[pos];

		if (c == '"')
			pos = string_end(whole, pos);
		else if (c == ',' || c == ':')
			pos++;
		else if (c == '[' || c == '{')
		{
			depth++;
			pos++;
		}
		else if (c == ']' || c == '}')
		{
			depth--;
			pos++;
		}
		else
			while (pos < whole.size && whole.text[pos] != ',' && whole.text[pos] != ']' &&
				   whole.text[pos] != '}')
				pos++;
		if (depth <= 0)
			break;
	}
	return pos;
}

/* the value after *POS, which is that of a bracket, comma or colon; false: none */
static bool
next_value(JurJson whole, size_t *pos, JurJson *value)
{
	size_t		start = *pos + 1;

	/* what is left is the closing bracket */
	if (start + 1 >= whole.size)
		return false;
	*pos = value_end(whole, start);
	value->text = whole.text + start;
	value->size = *pos - start;
	return value->size > 0;
}

bool
jur_json_next_item(JurJson list, size_t *pos, JurJson *item)
{
	return jur_json_type(list) == JUR_JSON_LIST && next_value(list, pos, item);
}

bool
jur_json_next_member(JurJson object, size_t *pos, JurJson *name, JurJson *value)
{
	return jur_json_type(object) == JUR_JSON_OBJECT &&
		next_value(object, pos, name) && next_value(object, pos, value);
}

JurJson
jur_json_member(JurJson object, const char *name)
{
	JurJson		none = {NULL, 0};
	JurJson		known;
	JurJson		value;
	size_t		pos = 0;

	while (jur_json_next_member(object, &pos, &known, &value))
		if (jur_json_is(known, name))
			return value;
	return none;
}
