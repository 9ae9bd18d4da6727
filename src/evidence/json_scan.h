/*-------------------------------------------------------------------------
 *
 * json_scan.h
 *	  Knows: how to read JSON that may be anything, in steps, for who knows
 *	  what to expect where; each byte is looked at once.
 *	  Refuses to know: what is expected.
 *
 * A step that says false has met the end, or something else than it looks
 * for, or an error.  The short ones are here, to become part of who takes
 * them: a log is verified as fast as its records are read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_JSON_SCAN_H
#define JUR_JSON_SCAN_H

#include "evidence/json_text.h"

typedef struct JurScan
{
	const unsigned char *at;
	const unsigned char *end;
	int			depth;
	const char *error;			/* NULL: none so far */
} JurScan;

/* names of one object */
typedef struct JurNames
{
	int			count;
	JurJson		name[JUR_NAMES_MAX];
} JurNames;

/* any value, through and through */
extern bool jur_json_scan_value(JurScan *scan, JurJson *value);
extern bool jur_json_scan_string(JurScan *scan);
/* over any name that is not among NAMES, JUR_NAMES_MAX at most, and into them */
extern bool jur_json_scan_name(JurScan *scan, JurNames *names, JurJson *name);

static inline void
jur_json_scan_begin(JurScan *scan, const void *text, size_t size)
{
	scan->at = (const unsigned char *) text;
	scan->end = scan->at + size;
	scan->depth = 0;
	scan->error = NULL;
}

static inline bool
jur_json_scan_fail(JurScan *scan, const char *error)
{
	scan->error = error;
	return false;
}

static inline bool
jur_json_scan_is(const JurScan *scan, char c)
{
	return scan->at < scan->end && *scan->at == (unsigned char) c;
}

static inline bool
jur_json_scan_take(JurScan *scan, char c)
{
	if (!jur_json_scan_is(scan, c))
		return false;
	scan->at++;
	return true;
}

/* into a list or an object, BRACKET being how it opens */
static inline bool
jur_json_scan_enter(JurScan *scan, char bracket)
{
	if (!jur_json_scan_is(scan, bracket))
		return false;
	if (++scan->depth > JUR_JSON_DEPTH)
		return jur_json_scan_fail(scan, "values are nested too deep");
	scan->at++;
	return true;
}

/* to what follows COUNT items or members; false: END does, or an error */
static inline bool
jur_json_scan_goes_on(JurScan *scan, int count, char end, const char *unended)
{
	if (count == 0 ? !jur_json_scan_take(scan, end) : jur_json_scan_take(scan, ','))
		return true;
	if (count > 0 && !jur_json_scan_take(scan, end))
		return jur_json_scan_fail(scan, unended);
	scan->depth--;
	return false;
}

/* to the next item of a list, *COUNT being 0 at first; behind it after the last */
static inline bool
jur_json_scan_item(JurScan *scan, int *count)
{
	if (!jur_json_scan_goes_on(scan, *count, ']', "a list does not end"))
		return false;
	*count = 1;
	return true;
}

/* to the name of the next member of an object, in the same way */
static inline bool
jur_json_scan_member(JurScan *scan, int *count)
{
	if (!jur_json_scan_goes_on(scan, *count, '}', "an object does not end"))
		return false;
	return ++*count <= JUR_NAMES_MAX || jur_json_scan_fail(scan, "an object has too many members");
}

/* over this name, of SIZE characters without escapes */
static inline bool
jur_json_scan_known_name(JurScan *scan, const char *name, size_t size)
{
	const unsigned char *at = scan->at;

	/* the shortest value is behind the colon, so that this asks for no byte too many */
	if ((size_t) (scan->end - at) < size + 4 || at[1] != (unsigned char) name[0] ||
		at[0] != '"' || at[size + 1] != '"' || at[size + 2] != ':' ||
		memcmp(at + 1, name, size) != 0)
		return false;
	scan->at = at + size + 3;
	return true;
}

#endif							/* JUR_JSON_SCAN_H */
