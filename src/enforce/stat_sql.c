/*-------------------------------------------------------------------------
 *
 * stat_sql.c
 *	  Idea: SQL stat_counters(), stat_reset().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "evidence/evidence.h"

#define NEVIDENCE 6
#define NCOLUMNS (JUR_NCOUNTERS + 1 + NEVIDENCE)

/*
 * One row, a column per counter in the order of JurCounter, the keys that are
 * in memory now, and the numbers of the evidence log.  What a query met that
 * its session may not read is NULL for whom the server's own counters are, see
 * enforce_counters.c.
 */
PG_FUNCTION_INFO_V1(jur_sql_stat_counters);
Datum
jur_sql_stat_counters(PG_FUNCTION_ARGS)
{
	Datum		values[NCOLUMNS];
	bool		nulls[NCOLUMNS] = {false};
	TupleDesc	desc;
	JurEvidenceStat evidence;
	int			i;

	jur_require_preloaded("jurisdiction.stat");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != NCOLUMNS)
		elog(ERROR, "jurisdiction.stat_counters() is declared otherwise");
	for (i = 0; i < JUR_NCOUNTERS; i++)
		values[i] = Int64GetDatum((int64) jur_counted(i));
	values[i++] = Int64GetDatum((int64) jur_shared_key_count());
	jur_evidence_stat(&evidence);
	values[i++] = Int64GetDatum((int64) evidence.records);
	values[i++] = Int64GetDatum((int64) evidence.syncs);
	values[i++] = Int64GetDatum((int64) evidence.bytes);
	values[i++] = Int64GetDatum((int64) evidence.size);
	values[i++] = Int64GetDatum((int64) evidence.signed_size);
	values[i++] = Int64GetDatum((int64) evidence.lost);
	if (!jur_sees_counters())
		nulls[JUR_COUNT_DECISIONS] = nulls[JUR_COUNT_CACHE_HITS] =
			nulls[JUR_COUNT_ROWS_HIDDEN] = true;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

PG_FUNCTION_INFO_V1(jur_sql_stat_reset);
Datum
jur_sql_stat_reset(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("jurisdiction.stat_reset()");
	jur_require_officer("reset the counters");
	jur_count_reset();
	PG_RETURN_VOID();
}
