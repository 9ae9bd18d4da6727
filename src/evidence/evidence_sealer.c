/*-------------------------------------------------------------------------
 *
 * evidence_sealer.c
 *	  Idea: the one process that writes the log.
 *
 * It takes all that is in the queue, appends it, makes it durable with one
 * fdatasync, and lets those go on who wait for that; while it does so the next
 * batch gathers.  About once a second what is new is signed.
 *
 * It needs no database, so it starts before recovery and works on a standby.
 * Where the log cannot be written it says so, keeps the queue, and tries again
 * each second.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/pmsignal.h"
#include "storage/procarray.h"
#include "storage/spin.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/pidfile.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/errors.h"
#include "base/settings.h"
#include "evidence/evidence_internal.h"

#define SYNC_AFTER		90		/* ms: what nobody waits for */
#define COLLECT_AFTER	100		/* what is counted; together less than 200 */
#define SIGN_AFTER		900
#define RETRY_AFTER		1000
#define LOOK_FOR_END	20		/* while the last sessions leave */
#define INDEX_AFTER		10
#define NOTHING_TO_DO	60000

PGDLLEXPORT void jur_sealer_main(Datum arg);

static JurOpenLog log_file;		/* named so that math.h's log() stays itself */
static bool is_in_trouble = false;
static char trouble[JUR_ERROR_MAX];
static TimestampTz trouble_since;
static bool owes_trouble = false;	/* it is over, and no record tells of it yet */
static bool owes_checkpoint = false;
static bool is_index_behind = false;
static uint64 appended = 0;		/* the writer has the queue up to here */
static uint64 log_begins = 0;	/* the queue, when this log began */
static bool has_unsynced = false;
static bool must_collect = false;	/* what is counted, whenever that was last */
static instr_time collected;
static instr_time unsynced_since;
static instr_time unsigned_since;
static instr_time tried;		/* when in trouble */
static JurEvidenceStat stat;
static uint64 bytes_before = 0;	/* of writers that were closed */

/* ----------------------------------------------------------------------- time */

static long
since(instr_time begin)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, begin);
	return (long) INSTR_TIME_GET_MILLISEC(now);
}

/* -------------------------------------------------------------------- trouble */

static void
get_into_trouble(const char *what)
{
	INSTR_TIME_SET_CURRENT(tried);
	if (is_in_trouble && strcmp(trouble, what) == 0)
		return;
	if (!is_in_trouble && !owes_trouble)
		trouble_since = GetCurrentTimestamp();
	strlcpy(trouble, what, sizeof(trouble));
	is_in_trouble = true;
	jur_queue_set_state(JUR_LOG_TROUBLE, trouble);
	ereport(LOG,
			(errcode(JUR_ERR_EVIDENCE),
			 errmsg("the evidence log cannot be written: %s", trouble),
			 errhint("It is tried again each second. Until then statements on tagged data fail where jurisdiction.evidence_commit is on.")));
}

static void
get_out_of_trouble(void)
{
	if (is_in_trouble)
	{
		ereport(LOG, (errmsg("the evidence log is written again")));
		owes_trouble = true;
	}
	is_in_trouble = false;
	jur_queue_set_state(JUR_LOG_OPEN, NULL);
}

/* --------------------------------------------------------------- own records */

/* behind what the queue holds; false: there is no room now */
static bool
put_own(StringInfo record, bool is_of_log)
{
	bool		done = jur_queue_put_own(record->data, record->len, is_of_log);

	pfree(record->data);
	return done;
}

static void
put_owed(void)
{
	StringInfoData record;
	TimestampTz lost_since;
	uint64		lost = jur_queue_take_lost(&lost_since);

	if (owes_trouble)
	{
		initStringInfo(&record);
		jur_record_trouble(&record, trouble, trouble_since);
		owes_trouble = !put_own(&record, false);
	}
	if (lost > 0)
	{
		initStringInfo(&record);
		jur_record_gap(&record, lost, lost_since);
		if (!put_own(&record, false))
			jur_queue_return_lost(lost, lost_since);
	}
	/* only before something else: the log would never come to rest */
	if (owes_checkpoint && jur_queue_head() != appended)
	{
		initStringInfo(&record);
		jur_record_checkpoint(&record, jur_log_written_head(log_file.writer));
		owes_checkpoint = !put_own(&record, true);
	}
}

/* ----------------------------------------------------------------- settings */

static char *known[JUR_GUARDED_MAX];

/* whether one of them has changed */
static bool
know_settings(bool tell)
{
	const char *name;
	bool		has_changed = false;
	int			i;

	for (i = 0; (name = jur_guarded_setting(i)) != NULL; i++)
	{
		const char *value = GetConfigOption(name, true, false);
		StringInfoData record;

		if (known[i] && strcmp(known[i], value ? value : "") == 0)
			continue;
		has_changed = true;
		if (tell)
		{
			initStringInfo(&record);
			jur_record_setting(&record, name, value);
			if (!put_own(&record, false))
				continue;		/* it stays unknown, and is told next time */
		}
		if (known[i])
			pfree(known[i]);
		known[i] = MemoryContextStrdup(TopMemoryContext, value ? value : "");
	}
	return has_changed;
}

/* ------------------------------------------------------------------- the log */

static void
publish_stat(void)
{
	stat.size = jur_log_size(log_file.writer);
	stat.signed_size = jur_log_signed_size(log_file.writer);
	stat.bytes = bytes_before + jur_log_bytes_written(log_file.writer);
	jur_queue_set_stat(&stat);
}

/* all that the writer has is durable */
static void
publish(void)
{
	JurSealerMemory *memory = jur_sealer_memory();

	/* the first of those that no checkpoint covers */
	if (has_unsynced && jur_log_signed_size(log_file.writer) >= memory->durable_size)
		unsigned_since = unsynced_since;
	has_unsynced = false;
	stat.records += jur_log_size(log_file.writer) - memory->durable_size;
	memory->durable_size = jur_log_size(log_file.writer);
	memory->has_own = false;
	publish_stat();
	jur_queue_publish(appended);
}

/*
 * A log that was closed in trouble may hold records of the queue that nobody
 * was told about: they were written, and only then something failed.  They
 * are the first ones behind what was published.
 */
static void
skip_known(uint64 count)
{
	uint64		head = jur_queue_head();
	JurQueueRecord record;

	appended = jur_queue_durable();
	for (; count > 0 && appended < head && jur_queue_record(appended, &record); count--)
		appended = record.next;
}

static void
let_go(void)
{
	if (log_file.writer == NULL)
		return;
	bytes_before += jur_log_bytes_written(log_file.writer);
	jur_close_log(&log_file, false);
}

/* what was opened is not what the name stands for now: look for that anew */
static void
let_go_if_replaced(void)
{
	if (!jur_log_is_there(&log_file))
		let_go();
}

static bool
open_log(void)
{
	JurSealerMemory *memory = jur_sealer_memory();
	char		problem[JUR_ERROR_MAX];
	bool		had_own = memory->has_own;
	uint64		known_size = memory->durable_size;

	if (!jur_open_log(&log_file, !memory->is_started, problem))
	{
		get_into_trouble(problem);
		return false;
	}
	appended = jur_queue_durable();
	if (strcmp(memory->origin, log_file.key.name) != 0)
	{
		strlcpy(memory->origin, log_file.key.name, sizeof(memory->origin));
		log_begins = jur_queue_head();
		owes_checkpoint = false;
	}
	else if (!had_own && log_file.size_found > known_size)
		skip_known(log_file.size_found - known_size);
	memory->is_started = true;
	memory->durable_size = log_file.size_found;
	jur_sealer_index_forget();
	is_index_behind = true;
	INSTR_TIME_SET_CURRENT(unsigned_since);
	unsynced_since = unsigned_since;
	publish();
	get_out_of_trouble();
	return true;
}

/* from the queue to the writer's memory */
static bool
append_all(void)
{
	uint64		head;

	if (jur_repeats_wait() && (must_collect || since(collected) >= COLLECT_AFTER))
	{
		jur_collect_repeats();
		INSTR_TIME_SET_CURRENT(collected);
	}
	put_owed();
	head = jur_queue_take();
	if (appended < head && !has_unsynced)
	{
		INSTR_TIME_SET_CURRENT(unsynced_since);
		has_unsynced = true;
	}
	while (appended < head)
	{
		JurQueueRecord record;
		JurLogError error;

		if (!jur_queue_record(appended, &record))
			elog(PANIC, "the queue of the evidence log is damaged");
		if (!(record.is_of_log && appended < log_begins) &&
			!jur_log_append(log_file.writer, record.data, record.size, &error))
		{
			get_into_trouble(error.text);
			return false;
		}
		appended = record.next;
	}
	return true;
}

static bool
seal(void)
{
	JurLogError error;

	if (!append_all())
		return false;
	if (jur_log_sync(log_file.writer, &error))
	{
		stat.syncs += jur_log_size(log_file.writer) > jur_sealer_memory()->durable_size;
		publish();
		return true;
	}
	get_into_trouble(error.text);
	let_go_if_replaced();
	return false;
}

static bool
sign(void)
{
	char		problem[JUR_ERROR_MAX];

	if (!seal())
		return false;
	if (!jur_sign_log(&log_file, problem))
	{
		get_into_trouble(problem);
		let_go_if_replaced();
		return false;
	}
	owes_checkpoint = true;
	is_index_behind = true;
	publish_stat();
	return true;
}

/* ----------------------------------------------------------------- requests */

/*
 * Whole bundles below BELOW.  The record is signed first: what is gone without
 * one was taken by somebody else.
 */
static bool
drop(uint64 below, char *problem)
{
	StringInfoData record;
	JurLogError error;

	below = Min(below, jur_log_signed_size(log_file.writer)) / JUR_BUNDLE * JUR_BUNDLE;
	if (below == 0)
		return true;
	initStringInfo(&record);
	jur_record_retention(&record, below, jur_log_written_head(log_file.writer));
	if (!put_own(&record, true))
	{
		strlcpy(problem, "there is no room for a record of it", JUR_ERROR_MAX);
		return false;
	}
	if (!sign())
	{
		strlcpy(problem, trouble, JUR_ERROR_MAX);
		return false;
	}
	if (jur_log_drop_entries(log_file.writer, below, &error))
		return true;
	strlcpy(problem, error.text, JUR_ERROR_MAX);
	return false;
}

static void
answer_all(void)
{
	JurSealerRequest request;
	uint64		arg;
	uint64		number;
	char		problem[JUR_ERROR_MAX];

	while (jur_next_request(&request, &arg, &number))
	{
		bool		done;

		must_collect = true;
		done = log_file.writer != NULL && !is_in_trouble && sign();
		must_collect = false;
		strlcpy(problem, trouble, sizeof(problem));
		if (done && request == JUR_SEALER_ROTATE_KEY)
		{
			jur_sealer_memory()->has_own = true;
			done = jur_rotate_log_key(&log_file, problem);
			if (jur_log_size(log_file.writer) == jur_log_signed_size(log_file.writer))
				publish();
		}
		else if (done && request == JUR_SEALER_DROP)
			done = drop(arg, problem);
		jur_answer_request(request, number, done ? NULL : problem);
	}
}

/* ---------------------------------------------------------------- the end */

/*
 * Does the server go down?  A signal alone does not say so, and the log must
 * not end because somebody sent one.
 */
static bool
is_stopping(void)
{
	FILE	   *file = fopen("postmaster.pid", "r");
	char		line[MAXPGPATH];
	bool		stopping = false;
	int			i;

	if (file == NULL)
		return true;
	for (i = 1; i <= LOCK_FILE_LINE_PM_STATUS && fgets(line, sizeof(line), file); i++)
		stopping = i == LOCK_FILE_LINE_PM_STATUS &&
			strncmp(line, PM_STATUS_STOPPING, strlen(PM_STATUS_STOPPING)) == 0;
	fclose(file);
	return stopping;
}

/*
 * Sessions are told to end at the same time as we, and some have a last record
 * to leave.  Senders of WAL stay for the shutdown checkpoint, which comes after
 * us: not to be waited for.
 */
static bool
is_alone(void)
{
	int			others = CountDBBackends(InvalidOid);
	int			i;

	for (i = 0; i < max_wal_senders; i++)
	{
		WalSnd	   *sender = &WalSndCtl->walsnds[i];

		SpinLockAcquire(&sender->mutex);
		others -= sender->pid != 0;
		SpinLockRelease(&sender->mutex);
	}
	return others <= 0;
}

static void
finish(void)
{
	StringInfoData record;

	must_collect = true;
	if (log_file.writer && seal())
	{
		initStringInfo(&record);
		jur_record_server_stop(&record);
		(void) put_own(&record, false);
	}
	/* in trouble there is nobody left who could wait for its end */
	while (log_file.writer && !is_in_trouble && seal() &&
		   (jur_repeats_wait() || !jur_queue_close(appended)))
		;
	jur_close_log(&log_file, log_file.writer && !is_in_trouble && sign());
	jur_queue_set_state(JUR_LOG_CLOSED, NULL);
	proc_exit(0);
}

/* ------------------------------------------------------------------ the loop */

static void
work(void)
{
	if (log_file.writer == NULL || is_in_trouble)
	{
		if (is_in_trouble && since(tried) < RETRY_AFTER)
			return;
		if (log_file.writer == NULL && !open_log())
			return;
		if (is_in_trouble && !sign())
			return;
		get_out_of_trouble();
	}
	if (!append_all())
		return;
	if (has_unsynced &&
		(jur_queue_is_wanted() || jur_queue_is_filling() || since(unsynced_since) >= SYNC_AFTER) &&
		!seal())
		return;
	if (jur_log_signed_size(log_file.writer) < jur_log_size(log_file.writer) &&
		since(unsigned_since) >= SIGN_AFTER)
		(void) sign();
}

static long
time_to_sleep(bool is_ending)
{
	long		left = NOTHING_TO_DO;

	/* put while the last batch was written: whoever puts wakes us only if there is none */
	if (log_file.writer && !is_in_trouble && jur_queue_head() != appended)
		return 1;
	if (is_in_trouble)
		left = RETRY_AFTER - since(tried);
	else if (has_unsynced)
		left = SYNC_AFTER - since(unsynced_since);
	else if (log_file.writer &&
			 jur_log_signed_size(log_file.writer) < jur_log_size(log_file.writer))
		left = SIGN_AFTER - since(unsigned_since);
	if (!is_in_trouble && jur_repeats_wait())
		left = Min(left, COLLECT_AFTER - since(collected));
	if (is_index_behind)
		left = Min(left, INDEX_AFTER);
	if (is_ending)
		left = Min(left, LOOK_FOR_END);
	return Max(left, 1);
}

void
jur_sealer_main(Datum arg)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "jurisdiction sealer",
												  ALLOCSET_DEFAULT_SIZES);

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	jur_queue_attach();
	appended = jur_queue_durable();
	(void) know_settings(false);
	MemoryContextSwitchTo(context);

	for (;;)
	{
		ResetLatch(MyLatch);
		/* with always something to do it would never be seen while waiting */
		if (!PostmasterIsAlive())
			proc_exit(1);
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			/* what a crash may cost from now on is remembered with a head */
			if (know_settings(true) && log_file.writer && !is_in_trouble)
				(void) sign();
		}
		if (ShutdownRequestPending && !is_stopping())
			ShutdownRequestPending = false;
		work();
		answer_all();
		if (is_index_behind)
			is_index_behind = jur_sealer_index_some();
		if (ShutdownRequestPending && is_alone())
			finish();
		MemoryContextReset(context);
		if (!jur_queue_is_wanted() || is_in_trouble)
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
							 time_to_sleep(ShutdownRequestPending), PG_WAIT_EXTENSION);
	}
}

void
jur_evidence_init(void)
{
	BackgroundWorker worker;

	if (jur_evidence_directory == NULL || *jur_evidence_directory == '\0' || IsBinaryUpgrade)
		return;
	jur_queue_init();
	jur_request_init();
	jur_repeat_init();
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
	worker.bgw_start_time = BgWorkerStart_PostmasterStart;
	worker.bgw_restart_time = 1;
	strlcpy(worker.bgw_library_name, "jurisdiction", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "jur_sealer_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "jurisdiction sealer", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "jurisdiction sealer", sizeof(worker.bgw_type));
	RegisterBackgroundWorker(&worker);
}
