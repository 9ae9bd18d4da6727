/*-------------------------------------------------------------------------
 *
 * tag_properties.c
 *	  Idea: what each form of a tag parses to; beside it, what is no tag.
 *
 * Each line is a tag and what was understood, or "error at BYTE" (from 0).
 *
 * Links: src/label/label.c src/label/label_io.c src/label/label_text.c
 * Links: src/store/tag_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "label/label.h"
#include "store/store.h"

#include "server_shim.h"

typedef struct Example
{
	const char *tag;
	const char *meaning;
} Example;

static const Example columns[] = {
	{"rows", "rows"},
	{"row", "error at 0"},
	{" rows  within DE:secret & FR ", "rows within DE:secret & FR"},
	{"rows within", "error at 11"},
	{"rows within DE:top", "error at 15"},
	{"rows within DE/health concurrently", "rows within DE/health concurrently"},
	{"rows concurrently", "error at 5"},
	{"rows within DE mask null", "error at 15"},
	{":confidential/health", "level confidential/health mask null"},
	{":health", "error at 1"},
	{"/personal,health", "level internal/health,personal mask null"},
	{"/", "error at 1"},
	{":secret", "level secret mask null"},
	{":secret>CH", "error at 7"},
	{"DE:secret/health>CH", "label DE:secret/health>CH mask null"},
	{"unrestricted deny", "label unrestricted deny"},
	{"EU mask null", "label EU mask null"},
	{"EU mask", "error at 7"},
	{"EU mask deny", "label EU deny"},
	{"EU mask blur", "error at 8"},
	{"EU & DE mask hash", "label DE & EU mask hash"},
	{"EU mask redact", "label EU mask redact"},
	{"EU mask redact year", "error at 15"},
	{"EU mask year", "label EU mask year"},
	{"EU deny mask year", "error at 8"},
	{"/personal mask partial(1, 0)", "level internal/personal mask partial(1, 0)"},
	{"/personal mask partial ( 12 ,3 )", "level internal/personal mask partial(12, 3)"},
	{"/personal mask partial", "error at 22"},
	{"/personal mask partial(1)", "error at 24"},
	{"/personal mask partial(-1, 0)", "error at 23"},
	{"/personal mask partial(12345, 0)", "error at 23"},
	{"/personal mask partial(1, 0", "error at 27"},
	{"mask null", "error at 0"},
	{"", "error at 0"},
};

static const Example relations[] = {
	{"EU:confidential", "label EU:confidential"},
	{"EU:confidential/", "error at 16"},
	{" unrestricted ", "label unrestricted"},
	{"to US , CH,US", "to CH,US"},
	{"to", "error at 2"},
	{"to *", "error at 3"},
	{"DE/health to US", "label DE/health to US"},
	{"to US DE/health", "error at 6"},
	{"accepts DE & FR", "accepts DE & FR"},
	{"accepts", "error at 7"},
	{"DE accepts FR:secret to US", "label DE accepts FR:secret to US"},
	{"DE to US accepts FR:secret", "label DE accepts FR:secret to US"},
	{"DE to US to CH", "error at 9"},
	{"DE accepts FR accepts NL", "error at 14"},
	{"DE FR", "error at 3"},
	{"", "error at 0"},
};

static const Example roles[] = {
	{"at DE", "at DE cleared internal"},
	{"at", "error at 2"},
	{"at FR, DE cleared confidential/personal,health", "at DE,FR cleared confidential/health,personal"},
	{"at DE cleared /health", "error at 14"},
	{"at DE cleared secret/*", "at DE cleared secret/*"},
	{"at DE cleared secret/", "error at 21"},
	{"cleared secret", "error at 0"},
	{"officer", "officer"},
	{"officers", "error at 0"},
	{"auditor", "auditor"},
	{"auditors", "error at 0"},
	{"auditor auditor", "error at 8"},
	{"at DE officer", "at DE cleared internal officer"},
	{"at DE officer cleared secret", "error at 14"},
	{"backup", "backup"},
	{"backup backup", "error at 7"},
	{"token required", "token"},
	{"token", "error at 5"},
	{"for research, care", "for care,research"},
	{"for Research", "error at 4"},
	{"release *", "release *"},
	{"release", "error at 7"},
	{"release US,CH", "release CH,US"},
	{"release *,CH", "error at 9"},
	{"replicate to CH", "replicate CH"},
	{"replicate CH", "error at 10"},
	{"org \"ACME \"\"North\"\" Ltd\"", "org ACME \"North\" Ltd"},
	{"org ACME", "error at 4"},
	{"org \"\"", "error at 4"},
	{"org \"ACME", "error at 4"},
	{"org \"ACME\"\"", "error at 4"},
	{"org \"A\" backup for aml release CH replicate to US token required at NL officer",
	"at NL cleared internal officer backup token for aml release CH replicate US org A"},
	{"at DE purpose aml", "error at 6"},
	{"", "error at 0"},
};

static void
put_list(StringInfo meaning, const char *before, const char **codes, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		appendStringInfo(meaning, "%s%s", i == 0 ? before : ",", codes[i]);
}

static void
put_mask(StringInfo meaning, const JurColumnTag *tag)
{
	switch (tag->mask)
	{
		case JUR_MASK_NULL:
			appendStringInfoString(meaning, " mask null");
			break;
		case JUR_MASK_PARTIAL:
			appendStringInfo(meaning, " mask partial(%d, %d)",
							 tag->prefix, tag->suffix);
			break;
		case JUR_MASK_HASH:
			appendStringInfoString(meaning, " mask hash");
			break;
		case JUR_MASK_REDACT:
			appendStringInfoString(meaning, " mask redact");
			break;
		case JUR_MASK_YEAR:
			appendStringInfoString(meaning, " mask year");
			break;
		case JUR_MASK_REFUSE:
			appendStringInfoString(meaning, " deny");
			break;
	}
}

static bool
understand_column(const char *text, StringInfo meaning, JurLabelError *error)
{
	JurColumnTag *tag = jur_parse_column_tag(text, error);

	if (tag == NULL)
		return false;
	if (tag->is_rows)
		appendStringInfo(meaning, "rows%s%s%s", tag->within ? " within " : "",
						 tag->within ? jur_label_text(tag->within) : "",
						 tag->concurrently ? " concurrently" : "");
	else if (tag->raise)
		appendStringInfo(meaning, "label %s", jur_label_text(tag->raise));
	else
	{
		appendStringInfo(meaning, "level %s", jur_level_name(tag->level));
		put_list(meaning, "/", tag->categories, tag->ncategories);
	}
	if (!tag->is_rows)
		put_mask(meaning, tag);
	return true;
}

static bool
understand_relation(const char *text, StringInfo meaning, JurLabelError *error)
{
	JurRelationTag *tag = jur_parse_relation_tag(text, error);

	if (tag == NULL)
		return false;
	if (tag->label)
		appendStringInfo(meaning, " label %s", jur_label_text(tag->label));
	if (tag->accepts)
		appendStringInfo(meaning, " accepts %s", jur_label_text(tag->accepts));
	put_list(meaning, " to ", tag->places, tag->nplaces);
	return true;
}

static bool
understand_role(const char *text, StringInfo meaning, JurLabelError *error)
{
	JurRoleTag *tag = jur_parse_role_tag(text, error);

	if (tag == NULL)
		return false;
	put_list(meaning, " at ", tag->places, tag->nplaces);
	if (tag->is_cleared)
	{
		appendStringInfo(meaning, " cleared %s%s",
						 jur_level_name(tag->clearance.level),
						 tag->clearance.all_categories ? "/*" : "");
		put_list(meaning, "/", tag->clearance.categories,
				 tag->clearance.ncategories);
	}
	appendStringInfo(meaning, "%s%s%s%s", tag->is_officer ? " officer" : "",
					 tag->is_auditor ? " auditor" : "",
					 tag->is_backup ? " backup" : "",
					 tag->needs_token ? " token" : "");
	put_list(meaning, " for ", tag->purposes, tag->npurposes);
	appendStringInfoString(meaning, tag->release_any ? " release *" : "");
	put_list(meaning, " release ", tag->releases, tag->nreleases);
	put_list(meaning, " replicate ", tag->replicates, tag->nreplicates);
	if (tag->organisation)
		appendStringInfo(meaning, " org %s", tag->organisation);
	return true;
}

static int
try_examples(const Example *examples, int n,
			 bool (*understand) (const char *, StringInfo, JurLabelError *))
{
	int			wrong = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		StringInfoData meaning;
		JurLabelError error;
		char	   *understood;

		initStringInfo(&meaning);
		if (!understand(examples[i].tag, &meaning, &error))
			appendStringInfo(&meaning, "error at %d", error.position);
		understood = meaning.data + (meaning.data[0] == ' ');
		if (strcmp(understood, examples[i].meaning) != 0)
		{
			fprintf(stderr, "%s\n  expected: %s\n  got:      %s\n",
					examples[i].tag, examples[i].meaning, understood);
			wrong++;
		}
		shim_reset();
	}
	return wrong;
}

int
main(int argc, char **argv)
{
	int			wrong = 0;

	wrong += try_examples(columns, lengthof(columns), understand_column);
	wrong += try_examples(relations, lengthof(relations), understand_relation);
	wrong += try_examples(roles, lengthof(roles), understand_role);
	printf("tag: %d examples, %d wrong\n",
		   (int) (lengthof(columns) + lengthof(relations) + lengthof(roles)),
		   wrong);
	return wrong > 0;
}
