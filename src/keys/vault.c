/*-------------------------------------------------------------------------
 *
 * vault.c
 *	  Idea: the one place where keys are in memory, so that it can be wiped
 *	  at any moment.
 *
 * It is memory of its own that core dumps leave out, that is not swapped out
 * if the system allows it, and that child processes see as zeros.
 *
 * While keys are in it, a timer looks twice a second whether they have to go:
 * jurisdiction.key_cache_seconds after the first came in, or because keys were
 * changed in some session (key_news.c).  So they go from a session that does
 * nothing, too.  The timer's handler only writes zeros, so nothing else (names,
 * OpenSSL's memory) may hold a key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/mman.h>

#include "access/xact.h"
#include "access/xlog.h"
#include "storage/ipc.h"
#include "storage/sinval.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "base/shmem.h"
#include "keys/keys.h"

#define LOOK_EVERY_MS	500
#define SLOTS			448
#define SCRATCH_SIZE	(JUR_SEALED_KEYS_MAX * JUR_KEY_SIZE)
#define VAULT_SIZE		(SLOTS * JUR_VAULT_SLOT + SCRATCH_SIZE)

static uint8 *vault = NULL;		/* slots, then the scratch */
static MemoryContext context = NULL;
static char *names[SLOTS];		/* in CONTEXT; the first USED of them */
static int	used = 0;
static TimeoutId timer;

/* of what is in the vault; written while the timer is off */
static TimestampTz deadline = 0;
static uint64 news = 0;			/* jur_shared_key_news() before it was read */
static bool is_standby = false;

/* written by the timer's handler */
static volatile sig_atomic_t holds = 0;
static volatile sig_atomic_t is_wiped = false;
static volatile sig_atomic_t is_due = false;

static void
write_zeros(void)
{
	if (vault)
		explicit_bzero(vault, VAULT_SIZE);
	jur_share_key_count(0);
	is_wiped = true;
	is_due = false;
}

/*
 * In a signal handler: no memory management, no OpenSSL.  A standby hears of
 * changes from the write-ahead log, as cache invalidations; the server is asked
 * to take them in, which it does when the session is idle, and jur_vault_wipe()
 * follows.
 */
static void
look(void)
{
	if (is_wiped)
		return;
	if (is_standby)
		HandleCatchupInterrupt();
	if (jur_shared_key_news() == news && GetCurrentTimestamp() < deadline)
		enable_timeout_after(timer, LOOK_EVERY_MS);
	else if (holds > 0)
		is_due = true;
	else
		write_zeros();
}

static void
wipe_at_exit(int code, Datum arg)
{
	write_zeros();
}

static void
set_timer(void)
{
	if (used > 0 && !is_wiped && !is_due && !get_timeout_active(timer))
		enable_timeout_after(timer, LOOK_EVERY_MS);
}

/*
 * An error disables the server's timers.  Most end a transaction, and we are
 * told; one in a transaction that has failed already, or outside of one, does
 * not.  But each ends with a reset of ErrorContext.  A callback is good for one
 * reset and cannot register itself anew; so there are two, which take turns.
 */
static void after_error(void *arg);
static void after_message(void *arg);
static MemoryContextCallback error_callback = {after_error};
static MemoryContextCallback message_callback = {after_message};

static void
after_error(void *arg)
{
	set_timer();
	if (MessageContext)
		MemoryContextRegisterResetCallback(MessageContext, &message_callback);
}

static void
after_message(void *arg)
{
	set_timer();
	MemoryContextRegisterResetCallback(ErrorContext, &error_callback);
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			/* an error may have ended whoever held it */
			holds = 0;
			if (vault)
				explicit_bzero(vault + SLOTS * JUR_VAULT_SLOT, SCRATCH_SIZE);
			if (is_due || jur_key_cache_seconds == 0)
				write_zeros();
			else
				set_timer();
			break;
		default:
			break;
	}
}

/* nobody holds it across a subtransaction: whoever did has failed */
static void
at_end_of_subtransaction(SubXactEvent event, SubTransactionId mine,
						 SubTransactionId parent, void *arg)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	explicit_bzero(vault + SLOTS * JUR_VAULT_SLOT, SCRATCH_SIZE);
	holds = 0;
	if (is_due)
		write_zeros();
	else
		set_timer();
}

static void
open_vault(void)
{
	void	   *memory = mmap(NULL, VAULT_SIZE, PROT_READ | PROT_WRITE,
							  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("There is no memory of its own for keys.")));
	/* each where the system can and allows it */
	(void) mlock(memory, VAULT_SIZE);
#ifdef MADV_DONTDUMP
	(void) madvise(memory, VAULT_SIZE, MADV_DONTDUMP);
#endif
#ifdef MADV_WIPEONFORK
	(void) madvise(memory, VAULT_SIZE, MADV_WIPEONFORK);
#endif
	context = AllocSetContextCreate(TopMemoryContext, "jurisdiction key names",
									ALLOCSET_SMALL_SIZES);
	timer = RegisterTimeout(USER_TIMEOUT, look);
	after_message(NULL);
	RegisterXactCallback(at_end_of_transaction, NULL);
	RegisterSubXactCallback(at_end_of_subtransaction, NULL);
	before_shmem_exit(wipe_at_exit, (Datum) 0);
	vault = memory;
}

/* the names of what was wiped go too */
static void
forget_names(void)
{
	Assert(holds > 0);
	used = 0;
	MemoryContextReset(context);
	is_wiped = false;
}

/* before anything is read that could be old */
static void
start_afresh(void)
{
	if (get_timeout_active(timer))
		disable_timeout(timer, false);
	news = jur_shared_key_news();
	is_standby = RecoveryInProgress();
	deadline = GetCurrentTimestamp() +
		(int64) Max(jur_key_cache_seconds, 1) * USECS_PER_SEC;
}

void
jur_vault_hold(void)
{
	if (vault == NULL)
		open_vault();
	holds++;
	/* from here on the handler leaves it alone */
	if (is_wiped)
		forget_names();
	if (used == 0 && holds == 1)
		start_afresh();
}

void
jur_vault_release(void)
{
	if (holds > 1)
	{
		holds--;
		return;
	}
	holds = 0;
	if (is_due)
		write_zeros();
}

void *
jur_vault_find(const char *name)
{
	int			i;

	for (i = 0; i < used; i++)
		if (strcmp(names[i], name) == 0)
			return vault + i * JUR_VAULT_SLOT;
	return NULL;
}

void *
jur_vault_add(const char *name, Size size)
{
	char	   *copy;

	Assert(holds > 0 && size <= JUR_VAULT_SLOT);
	if (used == SLOTS)
	{
		explicit_bzero(vault, SLOTS * JUR_VAULT_SLOT);
		forget_names();
	}
	copy = MemoryContextStrdup(context, name);
	names[used++] = copy;
	jur_share_key_count(used);
	set_timer();
	return memset(vault + (used - 1) * JUR_VAULT_SLOT, 0, JUR_VAULT_SLOT);
}

void *
jur_vault_scratch(Size size)
{
	Assert(holds > 0 && size <= SCRATCH_SIZE);
	return vault + SLOTS * JUR_VAULT_SLOT;
}

void
jur_vault_wipe(void)
{
	if (holds > 0)
		is_due = true;
	else
		write_zeros();
}
