/*-------------------------------------------------------------------------
 *
 * json_text.h
 *	  Knows: JSON in the one spelling that FORMAT.md section 2 allows, read
 *	  where it lies.
 *	  Refuses to know: what members mean, and PostgreSQL: the server and the
 *	  stand-alone verifier link the same code.
 *
 * Nothing is copied or allocated: a value is a piece of the bytes it was
 * found in.  Only jur_json_scan(), and json_scan.h, look at bytes that may
 * be anything; the others want a value that these have accepted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_JSON_TEXT_H
#define JUR_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* lists and objects within each other; a record needs five */
#define JUR_JSON_DEPTH	16
/* members of an object; records have some thirty */
#define JUR_NAMES_MAX	64

/* a JSON value as it is written, quotes and brackets included; size 0: none */
typedef struct JurJson
{
	const char *text;
	size_t		size;
} JurJson;

typedef enum JurJsonType
{
	JUR_JSON_NONE = 0,
	JUR_JSON_STRING,
	JUR_JSON_INTEGER,			/* fits 64 bits, signed */
	JUR_JSON_BOOLEAN,
	JUR_JSON_NULL,
	JUR_JSON_LIST,
	JUR_JSON_OBJECT
} JurJsonType;

/* ------------------------------------------------- bytes that may be anything */

/*
 * One value at the start of the SIZE bytes of TEXT, checked through and
 * through: canonical, UTF-8, no name twice in an object.  NULL, or what is
 * wrong with it.
 */
extern const char *jur_json_scan(const char *text, size_t size, JurJson *value);

/* ------------------------------------------------ of values that were scanned */

extern JurJsonType jur_json_type(JurJson value);

/* is it this string, which needs no escapes? */
static inline bool
jur_json_is(JurJson value, const char *string)
{
	size_t		size = strlen(string);

	return value.size == size + 2 && value.text[0] == '"' &&
		memcmp(value.text + 1, string, size) == 0;
}

static inline bool
jur_json_equal(JurJson a, JurJson b)
{
	return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
}

/* false: not an integer */
extern bool jur_json_integer(JurJson value, int64_t *integer);
extern bool jur_json_is_true(JurJson value);
/* the characters of a string, in OUT, which has room for value.size bytes; how many */
extern size_t jur_json_unescape(JurJson value, char *out);
/* the next item of a list, *POS being 0 at first; false at the end, or not a list */
extern bool jur_json_next_item(JurJson list, size_t *pos, JurJson *item);
/* the same of an object's members */
extern bool jur_json_next_member(JurJson object, size_t *pos, JurJson *name, JurJson *value);
/* the member called NAME; size 0: there is none */
extern JurJson jur_json_member(JurJson object, const char *name);

#endif							/* JUR_JSON_TEXT_H */
