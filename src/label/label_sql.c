/*-------------------------------------------------------------------------
 *
 * label_sql.c
 *	  Idea: the label as a type of SQL: input, output, operators, functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "label/label_internal.h"

#define EXCERPT_MAX		200		/* bytes */

#define PG_GETARG_LABEL(n)		jur_label_of_datum(PG_GETARG_DATUM(n))
#define PG_RETURN_LABEL(label)	PG_RETURN_DATUM(jur_label_datum(label))

void
jur_label_corrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("stored bytes are not a label"),
			 errhint("The table or index is damaged, or was written by a later version of the extension.")));
}

JurLabel *
jur_label_of_datum(Datum datum)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(datum);
	JurLabel   *label = jur_label_unpack(VARDATA_ANY(packed),
										 VARSIZE_ANY_EXHDR(packed));

	if (label == NULL)
		jur_label_corrupt();
	if ((Pointer) packed != DatumGetPointer(datum))
		pfree(packed);
	return label;
}

Datum
jur_label_datum(const JurLabel *label)
{
	return PointerGetDatum(jur_label_pack(label));
}

/* as much of a wrong text as a message should repeat */
static const char *
excerpt(const char *text)
{
	int			length = strlen(text);

	if (length <= EXCERPT_MAX)
		return text;
	return psprintf("%.*s...", pg_mbcliplen(text, length, EXCERPT_MAX), text);
}

JurLabel *
jur_label_of_text(const char *text)
{
	JurLabelError error;
	JurLabel   *label = jur_label_parse(text, &error);

	if (label == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_LABEL_TEXT),
				 errmsg("invalid input syntax for type %s: \"%s\"",
						"jurisdiction.label", excerpt(text)),
				 errdetail("At byte %d: %s.",
						   error.position + 1, error.message),
				 errhint("A label is \"unrestricted\", or PLACE[:LEVEL][/CATEGORY,...][>PLACE,... or >*] and more of these joined by \"&\", where LEVEL is public, internal, confidential, restricted or secret, such as DE:confidential/health>CH & US.")));
	return label;
}

static JurLabel *
receive(StringInfo message)
{
	int			size = message->len - message->cursor;
	JurLabelError error;
	JurLabel   *label = jur_label_receive(pq_getmsgbytes(message, size), size,
										  &error);

	if (label == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_LABEL_BINARY),
				 errmsg("invalid binary form of type %s",
						"jurisdiction.label"),
				 errdetail("At byte %d: %s.",
						   error.position + 1, error.message)));
	return label;
}

static Datum
text_array(const char *const *codes, int n)
{
	Datum	   *texts = palloc((n + 1) * sizeof(Datum));
	int			i;

	for (i = 0; i < n; i++)
		texts[i] = CStringGetTextDatum(codes[i]);
	return PointerGetDatum(construct_array(texts, n, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

static int
compare_codes(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* sorted, without duplicates */
static Datum
text_set(const char **codes, int n)
{
	int			kept = 0;
	int			i;

	qsort(codes, n, sizeof(char *), compare_codes);
	for (i = 0; i < n; i++)
	{
		if (kept == 0 || strcmp(codes[kept - 1], codes[i]) != 0)
			codes[kept++] = codes[i];
	}
	return text_array(codes, kept);
}

static Datum
places_of(const JurLabel *label)
{
	const char **places = palloc((label->natoms + 1) * sizeof(char *));
	int			i;

	for (i = 0; i < label->natoms; i++)
		places[i] = label->atoms[i].place;
	return text_set(places, label->natoms);
}

static Datum
categories_of(const JurLabel *label)
{
	const char **categories;
	int			n = 0;
	int			i;
	int			j;

	for (i = 0; i < label->natoms; i++)
		n += label->atoms[i].ncategories;
	categories = palloc((n + 1) * sizeof(char *));
	n = 0;
	for (i = 0; i < label->natoms; i++)
	{
		for (j = 0; j < label->atoms[i].ncategories; j++)
			categories[n++] = label->atoms[i].categories[j];
	}
	return text_set(categories, n);
}

static bool
releases_to(const JurAtom *atom, const char *place)
{
	int			i;

	if (atom->release == JUR_RELEASE_ANY || strcmp(atom->place, place) == 0)
		return true;
	for (i = 0; i < atom->nreleases; i++)
	{
		if (strcmp(atom->releases[i], place) == 0)
			return true;
	}
	return false;
}

/* the places of ATOM's list, and its home, that all of LABEL releases to */
static Datum
common_releases(const JurLabel *label, const JurAtom *atom)
{
	const char **places = palloc((atom->nreleases + 1) * sizeof(char *));
	int			kept = 0;
	int			i;
	int			j;

	for (i = 0; i <= atom->nreleases; i++)
	{
		const char *place = i == 0 ? atom->place : atom->releases[i - 1];

		for (j = 0; j < label->natoms; j++)
		{
			if (!releases_to(&label->atoms[j], place))
				break;
		}
		if (j == label->natoms)
			places[kept++] = place;
	}
	return text_set(places, kept);
}

/* *IS_NULL if an atom has no list: the rules have a say then */
static Datum
releases_of(const JurLabel *label, bool *is_null)
{
	static const char *const any[] = {"*"};
	const JurAtom *listing = NULL;
	int			i;

	for (i = 0; i < label->natoms; i++)
	{
		if (label->atoms[i].release == JUR_RELEASE_BY_RULES)
			*is_null = true;
		if (label->atoms[i].release == JUR_RELEASE_LIST)
			listing = &label->atoms[i];
	}
	return listing ? common_releases(label, listing) : text_array(any, 1);
}

static void
put_atom(ReturnSetInfo *result, const JurAtom *atom)
{
	static const char *const any[] = {"*"};
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};

	values[0] = CStringGetTextDatum(atom->place);
	values[1] = CStringGetTextDatum(jur_level_name(atom->level));
	values[2] = text_array(atom->categories, atom->ncategories);
	switch (atom->release)
	{
		case JUR_RELEASE_BY_RULES:
			nulls[3] = true;
			break;
		case JUR_RELEASE_LIST:
			values[3] = text_array(atom->releases, atom->nreleases);
			break;
		case JUR_RELEASE_ANY:
			values[3] = text_array(any, 1);
			break;
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * What a call site compared last: a ceiling's CHECK asks for the same few
 * labels against the same limit, row after row.
 */
#define FLOW_MEMO 16
#define FLOW_BYTES 46

typedef struct FlowMemo
{
	uint8		sizes[2];		/* both 0: free */
	bool		result;
	char		bytes[FLOW_BYTES];	/* of one label, then of the other */
} FlowMemo;

/* the memo's place for the two, or NULL if they are too long to be kept */
static FlowMemo *
flow_memo(FmgrInfo *flinfo, const char *a, Size a_size, const char *b, Size b_size)
{
	uint32		hash = a_size;
	Size		i;

	if (flinfo == NULL || a_size + b_size > FLOW_BYTES)
		return NULL;
	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = MemoryContextAllocZero(flinfo->fn_mcxt,
												  sizeof(FlowMemo) * FLOW_MEMO);
	for (i = 0; i < a_size; i++)
		hash = hash * 31 + (unsigned char) a[i];
	return (FlowMemo *) flinfo->fn_extra + (hash ^ (hash >> 5)) % FLOW_MEMO;
}

/* does argument FROM flow to argument TO? */
static bool
flows(FunctionCallInfo fcinfo, int from, int to)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(from);
	struct varlena *b = PG_GETARG_VARLENA_PP(to);
	Size		a_size = VARSIZE_ANY_EXHDR(a);
	Size		b_size = VARSIZE_ANY_EXHDR(b);
	FlowMemo   *memo = flow_memo(fcinfo->flinfo, VARDATA_ANY(a), a_size,
								 VARDATA_ANY(b), b_size);
	bool		result;

	if (memo && a_size + b_size > 0 &&
		memo->sizes[0] == a_size && memo->sizes[1] == b_size &&
		memcmp(memo->bytes, VARDATA_ANY(a), a_size) == 0 &&
		memcmp(memo->bytes + a_size, VARDATA_ANY(b), b_size) == 0)
		return memo->result;
	if (!jur_packed_flows(VARDATA_ANY(a), a_size, VARDATA_ANY(b), b_size, &result))
		jur_label_corrupt();
	if (memo)
	{
		memo->sizes[0] = a_size;
		memo->sizes[1] = b_size;
		memo->result = result;
		memcpy(memo->bytes, VARDATA_ANY(a), a_size);
		memcpy(memo->bytes + a_size, VARDATA_ANY(b), b_size);
	}
	PG_FREE_IF_COPY(a, from);
	PG_FREE_IF_COPY(b, to);
	return result;
}

PG_FUNCTION_INFO_V1(jur_sql_label_in);
Datum
jur_sql_label_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_LABEL(jur_label_of_text(PG_GETARG_CSTRING(0)));
}

PG_FUNCTION_INFO_V1(jur_sql_label_out);
Datum
jur_sql_label_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(jur_label_text(PG_GETARG_LABEL(0)));
}

PG_FUNCTION_INFO_V1(jur_sql_label_recv);
Datum
jur_sql_label_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_LABEL(receive((StringInfo) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(jur_sql_label_send);
Datum
jur_sql_label_send(PG_FUNCTION_ARGS)
{
	char	   *text = jur_label_text(PG_GETARG_LABEL(0));
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbyte(&message, JUR_BINARY_VERSION);
	pq_sendbytes(&message, text, strlen(text));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* a <@ b */
PG_FUNCTION_INFO_V1(jur_sql_label_flows);
Datum
jur_sql_label_flows(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(flows(fcinfo, 0, 1));
}

/* a @> b */
PG_FUNCTION_INFO_V1(jur_sql_label_dominates);
Datum
jur_sql_label_dominates(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(flows(fcinfo, 1, 0));
}

PG_FUNCTION_INFO_V1(jur_sql_label_join);
Datum
jur_sql_label_join(PG_FUNCTION_ARGS)
{
	/* an aggregate soon has a label that takes in all others */
	if (flows(fcinfo, 1, 0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_LABEL(jur_label_join(PG_GETARG_LABEL(0), PG_GETARG_LABEL(1)));
}

PG_FUNCTION_INFO_V1(jur_sql_label_meet);
Datum
jur_sql_label_meet(PG_FUNCTION_ARGS)
{
	if (flows(fcinfo, 0, 1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_LABEL(jur_label_meet(PG_GETARG_LABEL(0), PG_GETARG_LABEL(1)));
}

PG_FUNCTION_INFO_V1(jur_sql_label_places);
Datum
jur_sql_label_places(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(places_of(PG_GETARG_LABEL(0)));
}

/* the highest level of the atoms; NULL of "unrestricted", which has none */
PG_FUNCTION_INFO_V1(jur_sql_label_level);
Datum
jur_sql_label_level(PG_FUNCTION_ARGS)
{
	JurLabel   *label = PG_GETARG_LABEL(0);
	JurLevel	level = JUR_PUBLIC;
	int			i;

	if (label->natoms == 0)
		PG_RETURN_NULL();
	for (i = 0; i < label->natoms; i++)
		level = Max(level, label->atoms[i].level);
	PG_RETURN_TEXT_P(cstring_to_text(jur_level_name(level)));
}

PG_FUNCTION_INFO_V1(jur_sql_label_categories);
Datum
jur_sql_label_categories(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(categories_of(PG_GETARG_LABEL(0)));
}

PG_FUNCTION_INFO_V1(jur_sql_label_releases);
Datum
jur_sql_label_releases(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(releases_of(PG_GETARG_LABEL(0), &fcinfo->isnull));
}

PG_FUNCTION_INFO_V1(jur_sql_atoms);
Datum
jur_sql_atoms(PG_FUNCTION_ARGS)
{
	JurLabel   *label = PG_GETARG_LABEL(0);
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < label->natoms; i++)
		put_atom((ReturnSetInfo *) fcinfo->resultinfo, &label->atoms[i]);
	return (Datum) 0;
}
