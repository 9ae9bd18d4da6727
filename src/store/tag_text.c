/*-------------------------------------------------------------------------
 *
 * tag_text.c
 *	  Idea: the text of a tag (SECURITY LABEL), by the grammar of tags.
 *
 *	column   = "rows" [ "within" label [ "concurrently" ] ] / raise [ mask ]
 *	raise    = label / ":" level [ "/" categories ] / "/" categories
 *	mask     = "deny" / "mask" ( "null" / "hash" / "redact" / "year" / "deny" /
 *								 "partial" "(" number "," number ")" )
 *	relation = [ label ] [ "accepts" label ] [ "to" places ]
 *	role     = 1*( "at" places [ "cleared" level [ "/" ( categories / "*" ) ] ]
 *				   / "officer" / "auditor" / "backup" / "token" "required" /
 *				   "for" purposes / "release" ( places / "*" ) /
 *				   "replicate" "to" places / "org" quoted )
 *
 * The clauses of a relation's tag and of a role's may come in any order, each
 * once.  A place-less raise without a level is to "internal", as in a label.
 * Whether codes are known is for those who read the registry.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "store/store.h"

/* no mask keeps more characters than this at either end */
#define MASK_DIGITS_MAX	4

/* parses what follows the clause's word */
typedef bool (*ParseRoleClause) (const char *text, int *pos, JurRoleTag *tag,
								 JurLabelError *error);

typedef struct RoleClause
{
	const char *word;
	ParseRoleClause parse;
} RoleClause;

static bool
fail(JurLabelError *error, int position, char *message)
{
	error->message = message;
	error->position = position;
	return false;
}

static int
skip_blanks(const char *text)
{
	int			pos = 0;

	while (text[pos] == ' ' || (text[pos] >= '\t' && text[pos] <= '\r'))
		pos++;
	return pos;
}

static bool
at_end(const char *text, int pos, JurLabelError *error)
{
	return text[pos] == '\0' ||
		jur_scan_expected(text, pos, "a part of this tag", error);
}

/* the label at *POS, which is moved past it */
static JurLabel *
parse_label(const char *text, int *pos, JurLabelError *error)
{
	int			used;
	JurLabel   *label = jur_label_parse_prefix(text + *pos, &used, error);

	if (label == NULL)
		error->position += *pos;
	else
		*pos += used;
	return label;
}

/* --- columns ----------------------------------------------------------- */

static bool
parse_rows(const char *text, int *pos, JurColumnTag *tag, JurLabelError *error)
{
	tag->is_rows = true;
	if (!jur_scan_word(text, pos, "within"))
		return true;
	tag->within = parse_label(text, pos, error);
	if (tag->within == NULL)
		return false;
	tag->concurrently = jur_scan_word(text, pos, "concurrently");
	return true;
}

static bool
parse_raise(const char *text, int *pos, JurColumnTag *tag,
			JurLabelError *error)
{
	bool		has_level = jur_scan_char(text, pos, ':');

	tag->level = JUR_INTERNAL;
	if (has_level && !jur_scan_level(text, pos, &tag->level, error))
		return false;
	if (jur_scan_char(text, pos, '/'))
		return jur_scan_categories(text, pos, &tag->categories,
								   &tag->ncategories, error);
	if (has_level)
		return true;
	tag->raise = parse_label(text, pos, error);
	return tag->raise != NULL;
}

static bool
parse_number(const char *text, int *pos, int *number, JurLabelError *error)
{
	int			digits = 0;

	*number = 0;
	while (text[*pos + digits] >= '0' && text[*pos + digits] <= '9')
	{
		if (digits == MASK_DIGITS_MAX)
			return fail(error, *pos, psprintf("more than %d digits",
											  MASK_DIGITS_MAX));
		*number = *number * 10 + (text[*pos + digits] - '0');
		digits++;
	}
	if (digits == 0)
		return jur_scan_expected(text, *pos, "a number of characters", error);
	*pos += digits;
	*pos += skip_blanks(text + *pos);
	return true;
}

static bool
parse_partial(const char *text, int *pos, JurColumnTag *tag,
			  JurLabelError *error)
{
	if (!jur_scan_char(text, pos, '('))
		return jur_scan_expected(text, *pos, "\"(\"", error);
	if (!parse_number(text, pos, &tag->prefix, error))
		return false;
	if (!jur_scan_char(text, pos, ','))
		return jur_scan_expected(text, *pos, "\",\"", error);
	if (!parse_number(text, pos, &tag->suffix, error))
		return false;
	return jur_scan_char(text, pos, ')') ||
		jur_scan_expected(text, *pos, "\")\"", error);
}

static bool
parse_mask(const char *text, int *pos, JurColumnTag *tag, JurLabelError *error)
{
	static const struct
	{
		const char *word;
		JurMask		mask;
	}			masks[] = {
		{"null", JUR_MASK_NULL},
		{"partial", JUR_MASK_PARTIAL},
		{"hash", JUR_MASK_HASH},
		{"redact", JUR_MASK_REDACT},
		{"year", JUR_MASK_YEAR},
		{"deny", JUR_MASK_REFUSE},
	};
	int			i;

	tag->mask = JUR_MASK_NULL;
	if (jur_scan_word(text, pos, "deny"))
	{
		tag->mask = JUR_MASK_REFUSE;
		return true;
	}
	if (!jur_scan_word(text, pos, "mask"))
		return true;
	for (i = 0; i < lengthof(masks); i++)
	{
		if (jur_scan_word(text, pos, masks[i].word))
		{
			tag->mask = masks[i].mask;
			return tag->mask != JUR_MASK_PARTIAL ||
				parse_partial(text, pos, tag, error);
		}
	}
	return jur_scan_expected(text, *pos, "a mask", error);
}

JurColumnTag *
jur_parse_column_tag(const char *text, JurLabelError *error)
{
	JurColumnTag *tag = palloc0(sizeof(JurColumnTag));
	int			pos = skip_blanks(text);
	bool		parsed;

	if (jur_scan_word(text, &pos, "rows"))
		parsed = parse_rows(text, &pos, tag, error);
	else
		parsed = parse_raise(text, &pos, tag, error) &&
			parse_mask(text, &pos, tag, error);
	return parsed && at_end(text, pos, error) ? tag : NULL;
}

/* --- relations --------------------------------------------------------- */

/* is there, where a clause should begin, a clause that was there before? */
static bool
is_repeated(const char *text, int pos, const char *word, bool seen,
			JurLabelError *error)
{
	int			at = pos;

	if (!seen || !jur_scan_word(text, &at, word))
		return false;
	fail(error, pos, psprintf("\"%s\" stands twice", word));
	return true;
}

JurRelationTag *
jur_parse_relation_tag(const char *text, JurLabelError *error)
{
	JurRelationTag *tag = palloc0(sizeof(JurRelationTag));
	int			start = skip_blanks(text);
	int			pos = start;

	for (;;)
	{
		if (is_repeated(text, pos, "accepts", tag->accepts != NULL, error) ||
			is_repeated(text, pos, "to", tag->nplaces > 0, error))
			return NULL;
		if (jur_scan_word(text, &pos, "accepts"))
		{
			tag->accepts = parse_label(text, &pos, error);
			if (tag->accepts == NULL)
				return NULL;
		}
		else if (jur_scan_word(text, &pos, "to"))
		{
			if (!jur_scan_places(text, &pos, &tag->places, &tag->nplaces,
								 error))
				return NULL;
		}
		else if (pos == start)
		{
			tag->label = parse_label(text, &pos, error);
			if (tag->label == NULL)
				return NULL;
		}
		else
			break;
	}
	return at_end(text, pos, error) ? tag : NULL;
}

/* --- roles ------------------------------------------------------------- */

static bool
parse_cleared(const char *text, int *pos, JurClearance *clearance,
			  JurLabelError *error)
{
	if (!jur_scan_level(text, pos, &clearance->level, error))
		return false;
	if (!jur_scan_char(text, pos, '/'))
		return true;
	clearance->all_categories = jur_scan_char(text, pos, '*');
	return clearance->all_categories ||
		jur_scan_categories(text, pos, &clearance->categories,
							&clearance->ncategories, error);
}

static bool
parse_at(const char *text, int *pos, JurRoleTag *tag, JurLabelError *error)
{
	if (!jur_scan_places(text, pos, &tag->places, &tag->nplaces, error))
		return false;
	tag->is_cleared = true;
	tag->clearance.level = JUR_INTERNAL;
	return !jur_scan_word(text, pos, "cleared") ||
		parse_cleared(text, pos, &tag->clearance, error);
}

static bool
parse_officer(const char *text, int *pos, JurRoleTag *tag,
			  JurLabelError *error)
{
	tag->is_officer = true;
	return true;
}

static bool
parse_auditor(const char *text, int *pos, JurRoleTag *tag,
			  JurLabelError *error)
{
	tag->is_auditor = true;
	return true;
}

static bool
parse_backup(const char *text, int *pos, JurRoleTag *tag, JurLabelError *error)
{
	tag->is_backup = true;
	return true;
}

static bool
parse_token(const char *text, int *pos, JurRoleTag *tag, JurLabelError *error)
{
	tag->needs_token = jur_scan_word(text, pos, "required");
	return tag->needs_token ||
		jur_scan_expected(text, *pos, "\"required\"", error);
}

/* purposes have the form of categories */
static bool
parse_for(const char *text, int *pos, JurRoleTag *tag, JurLabelError *error)
{
	return jur_scan_categories(text, pos, &tag->purposes, &tag->npurposes,
							   error) ||
		jur_scan_expected(text, error->position, "a purpose", error);
}

static bool
parse_release(const char *text, int *pos, JurRoleTag *tag,
			  JurLabelError *error)
{
	tag->release_any = jur_scan_char(text, pos, '*');
	return tag->release_any ||
		jur_scan_places(text, pos, &tag->releases, &tag->nreleases, error);
}

static bool
parse_replicate(const char *text, int *pos, JurRoleTag *tag,
				JurLabelError *error)
{
	if (!jur_scan_word(text, pos, "to"))
		return jur_scan_expected(text, *pos, "\"to\"", error);
	return jur_scan_places(text, pos, &tag->replicates, &tag->nreplicates,
						   error);
}

/* a name in double quotes, in which two of them stand for one */
static bool
parse_org(const char *text, int *pos, JurRoleTag *tag, JurLabelError *error)
{
	int			start = *pos;
	int			at = start + 1;
	char	   *name;
	int			length = 0;

	if (text[start] != '"')
		return jur_scan_expected(text, start, "a name in double quotes",
								 error);
	name = palloc(strlen(text + start));
	while (text[at] != '\0' && (text[at] != '"' || text[at + 1] == '"'))
	{
		at += text[at] == '"';
		name[length++] = text[at++];
	}
	name[length] = '\0';
	if (text[at] == '\0')
		return fail(error, start, pstrdup("the closing quote is missing"));
	if (length == 0)
		return fail(error, start, pstrdup("the name is empty"));
	tag->organisation = name;
	*pos = at + 1;
	*pos += skip_blanks(text + *pos);
	return true;
}

static const RoleClause role_clauses[] = {
	{"at", parse_at},
	{"officer", parse_officer},
	{"auditor", parse_auditor},
	{"backup", parse_backup},
	{"token", parse_token},
	{"for", parse_for},
	{"release", parse_release},
	{"replicate", parse_replicate},
	{"org", parse_org},
};

/* the clause at *POS, which becomes the place after its word; -1 if none */
static int
find_clause(const char *text, int *pos, JurLabelError *error)
{
	int			i;
	int			start = *pos;

	for (i = 0; i < lengthof(role_clauses); i++)
	{
		if (jur_scan_word(text, pos, role_clauses[i].word))
			return i;
	}
	if (jur_scan_word(text, pos, "cleared"))
		fail(error, start, pstrdup("\"cleared\" must follow \"at PLACES\""));
	else
		jur_scan_expected(text, start, "a part of a role's tag", error);
	return -1;
}

JurRoleTag *
jur_parse_role_tag(const char *text, JurLabelError *error)
{
	JurRoleTag *tag = palloc0(sizeof(JurRoleTag));
	bool		seen[lengthof(role_clauses)] = {false};
	int			pos = skip_blanks(text);

	do
	{
		int			start = pos;
		int			clause = find_clause(text, &pos, error);

		if (clause < 0)
			return NULL;
		if (seen[clause])
		{
			fail(error, start,
				 psprintf("\"%s\" stands twice", role_clauses[clause].word));
			return NULL;
		}
		seen[clause] = true;
		if (!role_clauses[clause].parse(text, &pos, tag, error))
			return NULL;
	} while (text[pos] != '\0');
	return tag;
}
