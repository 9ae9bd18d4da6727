/*
 * What the tests need to hand records to the log as they like: put and wait
 * each by itself, from an exit callback, from a log hook, and in a loop.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/elog.h"

#include "evidence/evidence.h"

PG_MODULE_MAGIC;

static char at_exit[256];
static emit_log_hook_type prev_log;

PG_FUNCTION_INFO_V1(evidence_put);
PG_FUNCTION_INFO_V1(evidence_wait);
PG_FUNCTION_INFO_V1(evidence_put_wait);
PG_FUNCTION_INFO_V1(evidence_put_size);
PG_FUNCTION_INFO_V1(evidence_try);
PG_FUNCTION_INFO_V1(evidence_ask);
PG_FUNCTION_INFO_V1(evidence_trouble);
PG_FUNCTION_INFO_V1(evidence_stat);
PG_FUNCTION_INFO_V1(evidence_at_exit);
PG_FUNCTION_INFO_V1(evidence_on_log);

static void
append_event(StringInfo record, const char *event)
{
	appendStringInfo(record, "{\"v\":1,\"event\":\"%s\"}", event);
}

Datum
evidence_put(PG_FUNCTION_ARGS)
{
	StringInfoData record;

	initStringInfo(&record);
	append_event(&record, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	jur_evidence_put(record.data, record.len);
	PG_RETURN_VOID();
}

Datum
evidence_wait(PG_FUNCTION_ARGS)
{
	jur_evidence_wait();
	PG_RETURN_VOID();
}

Datum
evidence_put_wait(PG_FUNCTION_ARGS)
{
	evidence_put(fcinfo);
	jur_evidence_wait();
	PG_RETURN_VOID();
}

/* a record of that many bytes */
Datum
evidence_put_size(PG_FUNCTION_ARGS)
{
	Size		size = PG_GETARG_INT32(0);
	char	   *record = palloc(size);

	memset(record, 'x', size);
	jur_evidence_put(record, size);
	PG_RETURN_VOID();
}

/* whether it was taken, and whether it became durable */
Datum
evidence_try(PG_FUNCTION_ARGS)
{
	StringInfoData record;
	bool		taken;

	initStringInfo(&record);
	append_event(&record, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	taken = jur_evidence_try_put(record.data, record.len);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s %s", taken ? "taken" : "not taken",
											  jur_evidence_try_wait() ? "durable" : "not durable")));
}

Datum
evidence_ask(PG_FUNCTION_ARGS)
{
	jur_sealer_ask((JurSealerRequest) PG_GETARG_INT32(0), PG_GETARG_INT64(1));
	PG_RETURN_VOID();
}

Datum
evidence_trouble(PG_FUNCTION_ARGS)
{
	char	   *trouble = jur_evidence_trouble();

	if (trouble == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(trouble));
}

Datum
evidence_stat(PG_FUNCTION_ARGS)
{
	JurEvidenceStat stat;

	jur_evidence_stat(&stat);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(
		"records=" UINT64_FORMAT " syncs=" UINT64_FORMAT " bytes=" UINT64_FORMAT
		" size=" UINT64_FORMAT " signed=" UINT64_FORMAT " lost=" UINT64_FORMAT,
		stat.records, stat.syncs, stat.bytes, stat.size, stat.signed_size, stat.lost)));
}

static void
leave(int code, Datum arg)
{
	StringInfoData record;

	initStringInfo(&record);
	append_event(&record, at_exit);
	(void) jur_evidence_try_put(record.data, record.len);
	(void) jur_evidence_try_wait();
}

/* the session's last record, however it ends */
Datum
evidence_at_exit(PG_FUNCTION_ARGS)
{
	strlcpy(at_exit, text_to_cstring(PG_GETARG_TEXT_PP(0)), sizeof(at_exit));
	before_shmem_exit(leave, (Datum) 0);
	PG_RETURN_VOID();
}

static void
on_log(ErrorData *edata)
{
	static bool inside = false;
	char		record[300];

	if (prev_log)
		prev_log(edata);
	if (inside)
		return;
	inside = true;
	snprintf(record, sizeof(record), "{\"v\":1,\"event\":\"%s\"}", at_exit);
	edata->output_to_client &= jur_evidence_try_put(record, strlen(record)) &&
		jur_evidence_try_wait();
	inside = false;
}

/* from now on each message of this session to the log leaves a record first */
Datum
evidence_on_log(PG_FUNCTION_ARGS)
{
	strlcpy(at_exit, text_to_cstring(PG_GETARG_TEXT_PP(0)), sizeof(at_exit));
	prev_log = emit_log_hook;
	emit_log_hook = on_log;
	PG_RETURN_VOID();
}
