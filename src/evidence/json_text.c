/*-------------------------------------------------------------------------
 *
 * json_text.c
 *	  Idea: a JSON text has one spelling, so that who compares records
 *	  compares bytes; whatever is spelled otherwise is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "evidence/json_scan.h"

/* the same byte eight times */
#define EACH(byte)	(UINT64_C(0x0101010101010101) * (byte))

static bool
take_word(JurScan *scan, const char *word)
{
	size_t		size = strlen(word);

	if ((size_t) (scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
		return false;
	scan->at += size;
	return true;
}

/*
 * The first byte from AT on that is not a character of its own within a
 * string: quote, backslash, control, or above 0x7f; END: there is none.  Most
 * bytes of a log are such characters, so eight are looked at together.
 */
static inline const unsigned char *
skip_plain(const unsigned char *at, const unsigned char *end)
{
	while (end - at >= 8)
	{
		uint64_t	word;
		uint64_t	quote;
		uint64_t	backslash;
		uint64_t	special;

		memcpy(&word, at, 8);
		quote = word ^ EACH('"');
		backslash = word ^ EACH('\\');
		/* the top bits: of the first special byte, and perhaps of some behind it */
		special = ((word - EACH(0x20)) | (quote - EACH(1)) | (backslash - EACH(1)) | word) & EACH(0x80);
		if (special != 0)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			return at + __builtin_ctzll(special) / 8;
#else
			break;
#endif
		at += 8;
	}
	while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
		at++;
	return at;
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
static bool
scan_escape(JurScan *scan)
{
	int			first;
	int			second;
	int			code;

	if (jur_json_scan_take(scan, '"') || jur_json_scan_take(scan, '\\') ||
		jur_json_scan_take(scan, 'n') || jur_json_scan_take(scan, 't') ||
		jur_json_scan_take(scan, 'r'))
		return true;
	if (scan->end - scan->at < 5 || !take_word(scan, "u00"))
		return jur_json_scan_fail(scan, "an escape that is not canonical");
	first = hex_digit(scan->at[0]);
	second = hex_digit(scan->at[1]);
	code = first * 16 + second;
	if (first < 0 || first > 1 || second < 0 || code == 0 || code == '\n' ||
		code == '\t' || code == '\r')
		return jur_json_scan_fail(scan, "an escape that is not canonical");
	scan->at += 2;
	return true;
}

bool
jur_json_scan_string(JurScan *scan)
{
	int			size;

	if (!jur_json_scan_take(scan, '"'))
		return jur_json_scan_fail(scan, "a string is missing");
	while ((scan->at = skip_plain(scan->at, scan->end)) < scan->end)
	{
		if (jur_json_scan_take(scan, '"'))
			return true;
		if (jur_json_scan_take(scan, '\\'))
		{
			if (!scan_escape(scan))
				return false;
		}
		else if (*scan->at < 0x20)
			return jur_json_scan_fail(scan, "a control character that is not escaped");
		else
		{
			size = utf8_size(scan->at, scan->end);
			if (size == 0)
				return jur_json_scan_fail(scan, "bytes that are not UTF-8");
			scan->at += size;
		}
	}
	return jur_json_scan_fail(scan, "a string does not end");
}

static bool
scan_number(JurScan *scan)
{
	bool		is_negative = jur_json_scan_take(scan, '-');
	uint64_t	limit = is_negative ? (uint64_t) INT64_MAX + 1 : (uint64_t) INT64_MAX;
	uint64_t	value = 0;
	const unsigned char *start = scan->at;

	for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++)
	{
		unsigned	digit = *scan->at - '0';

		if (value > (limit - digit) / 10)
			return jur_json_scan_fail(scan, "a number that does not fit 64 bits");
		value = value * 10 + digit;
	}
	if (scan->at == start)
		return jur_json_scan_fail(scan, "a value is missing");
	if (*start == '0' && (scan->at - start > 1 || is_negative))
		return jur_json_scan_fail(scan, "a number that is not canonical");
	if (jur_json_scan_is(scan, '.') || jur_json_scan_is(scan, 'e') || jur_json_scan_is(scan, 'E'))
		return jur_json_scan_fail(scan, "a number that is not an integer");
	return true;
}

bool
jur_json_scan_name(JurScan *scan, JurNames *names, JurJson *name)
{
	int			i;

	name->text = (const char *) scan->at;
	if (!jur_json_scan_string(scan))
		return false;
	name->size = (const char *) scan->at - name->text;
	for (i = 0; i < names->count; i++)
		if (jur_json_equal(names->name[i], *name))
			return jur_json_scan_fail(scan, "a name occurs twice");
	names->name[names->count++] = *name;
	return jur_json_scan_take(scan, ':') || jur_json_scan_fail(scan, "a colon is missing");
}

static bool scan_any(JurScan *scan);

static bool
scan_object(JurScan *scan)
{
	JurNames	names;
	JurJson		name;
	int			count = 0;

	names.count = 0;
	while (jur_json_scan_member(scan, &count))
		if (!jur_json_scan_name(scan, &names, &name) || !scan_any(scan))
			return false;
	return scan->error == NULL;
}

static bool
scan_list(JurScan *scan)
{
	int			count = 0;

	while (jur_json_scan_item(scan, &count))
		if (!scan_any(scan))
			return false;
	return scan->error == NULL;
}

static bool
scan_any(JurScan *scan)
{
	if (jur_json_scan_is(scan, '"'))
		return jur_json_scan_string(scan);
	if (jur_json_scan_enter(scan, '{'))
		return scan_object(scan);
	if (scan->error == NULL && jur_json_scan_enter(scan, '['))
		return scan_list(scan);
	return scan->error == NULL &&
		(take_word(scan, "true") || take_word(scan, "false") || take_word(scan, "null") ||
		 scan_number(scan));
}

bool
jur_json_scan_value(JurScan *scan, JurJson *value)
{
	value->text = (const char *) scan->at;
	if (!scan_any(scan))
		return false;
	value->size = (const char *) scan->at - value->text;
	return true;
}

const char *
jur_json_scan(const char *text, size_t size, JurJson *value)
{
	JurScan		scan;

	jur_json_scan_begin(&scan, text, size);
	if (!jur_json_scan_value(&scan, value))
		value->size = 0;
	return scan.error;
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
	const unsigned char *end = (const unsigned char *) whole.text + whole.size;
	const unsigned char *at = (const unsigned char *) whole.text + pos + 1;

	while ((at = skip_plain(at, end)) < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	return (const char *) at + 1 - whole.text;
}

/* behind the bracket that closes the one at POS; those in strings do not count */
static size_t
bracket_end(JurJson whole, size_t pos)
{
	int			depth = 0;

	while (pos < whole.size)
	{
		char		c = whole.text[pos];

		if (c == '"')
		{
			pos = string_end(whole, pos);
			continue;
		}
		pos++;
		if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && --depth == 0)
			break;
	}
	return pos;
}

/* where the value that begins at POS ends */
static size_t
value_end(JurJson whole, size_t pos)
{
	char		c = pos < whole.size ? whole.text[pos] : ']';

	if (c == '"')
		return string_end(whole, pos);
	if (c == '[' || c == '{')
		return bracket_end(whole, pos);
	while (pos < whole.size && whole.text[pos] != ',' && whole.text[pos] != ']' &&
		   whole.text[pos] != '}')
		pos++;
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
