/*-------------------------------------------------------------------------
 *
 * label_index.c
 *	  Idea: labels compared and hashed for btree, hash and sort, all by their
 *	  canonical text.
 *
 * This order is for indexes.  It has nothing to do with the lattice, which is
 * <@ and @>.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/sortsupport.h"

#include "base/varlena.h"
#include "label/label_internal.h"

/* labels are read in place; only compressed or toasted ones are copied */
#define DATA(label)	VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label)

static bool
are_equal(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	bool		result;

	if (!jur_packed_equal(DATA(a), DATA(b), &result))
		jur_label_corrupt();
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

static int
compare(Datum x, Datum y)
{
	struct varlena *a = PG_DETOAST_DATUM_PACKED(x);
	struct varlena *b = PG_DETOAST_DATUM_PACKED(y);
	int			result;

	if (!jur_packed_compare(DATA(a), DATA(b), &result))
		jur_label_corrupt();
	if ((Pointer) a != DatumGetPointer(x))
		pfree(a);
	if ((Pointer) b != DatumGetPointer(y))
		pfree(b);
	return result;
}

static int
compare_arguments(FunctionCallInfo fcinfo)
{
	return compare(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
}

static int
compare_for_sort(Datum x, Datum y, SortSupport ssup)
{
	return compare(x, y);
}

static uint64
hash_text(struct varlena *packed, uint64 seed, bool extended)
{
	char		label_space[512] pg_attribute_aligned(8);
	char		text_space[256];
	JurLabel   *label = jur_label_unpack_in(DATA(packed), label_space,
											sizeof(label_space));
	char	   *text;
	uint64		hash;

	if (label == NULL)
		jur_label_corrupt();
	text = jur_label_text_in(label, text_space, sizeof(text_space));
	if (extended)
		hash = hash_bytes_extended((unsigned char *) text, strlen(text), seed);
	else
		hash = hash_bytes((unsigned char *) text, strlen(text));
	if (text != text_space)
		pfree(text);
	if ((void *) label != label_space)
		pfree(label);
	return hash;
}

PG_FUNCTION_INFO_V1(jur_sql_label_eq);
Datum
jur_sql_label_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(are_equal(fcinfo));
}

PG_FUNCTION_INFO_V1(jur_sql_label_ne);
Datum
jur_sql_label_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!are_equal(fcinfo));
}

PG_FUNCTION_INFO_V1(jur_sql_label_lt);
Datum
jur_sql_label_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

PG_FUNCTION_INFO_V1(jur_sql_label_le);
Datum
jur_sql_label_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

PG_FUNCTION_INFO_V1(jur_sql_label_gt);
Datum
jur_sql_label_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

PG_FUNCTION_INFO_V1(jur_sql_label_ge);
Datum
jur_sql_label_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

PG_FUNCTION_INFO_V1(jur_sql_label_cmp);
Datum
jur_sql_label_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_arguments(fcinfo));
}

PG_FUNCTION_INFO_V1(jur_sql_label_sortsupport);
Datum
jur_sql_label_sortsupport(PG_FUNCTION_ARGS)
{
	SortSupport ssup = (SortSupport) PG_GETARG_POINTER(0);

	ssup->comparator = compare_for_sort;
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(jur_sql_label_hash);
Datum
jur_sql_label_hash(PG_FUNCTION_ARGS)
{
	struct varlena *packed = PG_GETARG_VARLENA_PP(0);
	uint32		hash = (uint32) hash_text(packed, 0, false);

	PG_FREE_IF_COPY(packed, 0);
	PG_RETURN_INT32((int32) hash);
}

PG_FUNCTION_INFO_V1(jur_sql_label_hash_extended);
Datum
jur_sql_label_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *packed = PG_GETARG_VARLENA_PP(0);
	uint64		hash = hash_text(packed, PG_GETARG_INT64(1), true);

	PG_FREE_IF_COPY(packed, 0);
	PG_RETURN_INT64((int64) hash);
}
