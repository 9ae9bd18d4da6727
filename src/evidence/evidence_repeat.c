/*-------------------------------------------------------------------------
 *
 * evidence_repeat.c
 *	  Idea: a session that does the same again and again is counted for a
 *	  moment, and told of once.
 *
 * Only where nobody waits for records (evidence_commit = off).  Who makes the
 * records knows which would say the same, but for when.  The first is kept in
 * shared memory with a count, so that it outlives the session; the
 * sealer collects what is there many times a second, and a session puts its
 * own before any other record, so that its records keep their order.
 *
 * The record then says how often ("times") and until when ("until").
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/twophase.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/spin.h"

#include "base/compat.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "evidence/evidence_internal.h"

/* longer ones are not counted */
#define MAX_RECORD	1600
/* what is added to one: ,"times":N,"until":"..." */
#define MAX_ADDED	80

typedef struct Slot
{
	slock_t		lock;
	uint32		size;
	uint64		count;			/* 0: nothing is here */
	TimestampTz last;
	char		record[MAX_RECORD];
} Slot;

typedef struct Repeats
{
	pg_atomic_uint32 any;		/* some slot may hold something */
	Slot		slots[FLEXIBLE_ARRAY_MEMBER];
} Repeats;

static Repeats *repeats = NULL;
/* this session has put something into its slot since it last took it out */
static bool is_counting = false;

static Size
shared_size(void)
{
	return offsetof(Repeats, slots) + mul_size(JUR_MAX_PROCS, sizeof(Slot));
}

static void
attach(void *memory, bool is_new)
{
	int			i;

	repeats = memory;
	if (!is_new)
		return;
	memset(repeats, 0, shared_size());
	pg_atomic_init_u32(&repeats->any, 0);
	for (i = 0; i < JUR_MAX_PROCS; i++)
		SpinLockInit(&repeats->slots[i].lock);
}

void
jur_repeat_init(void)
{
	static JurSharedPart part = {"jurisdiction repeats", 0, shared_size, attach};

	jur_shmem_reserve(&part);
}

/* takes what SLOT holds, with its count, into RECORD of MAX_RECORD + MAX_ADDED bytes */
static Size
take(Slot *slot, char *record, uint64 *times)
{
	StringInfoData more;
	TimestampTz last;
	Size		size;

	SpinLockAcquire(&slot->lock);
	*times = slot->count;
	size = slot->size;
	last = slot->last;
	if (slot->count > 0)
		memcpy(record, slot->record, slot->size);
	slot->count = 0;
	SpinLockRelease(&slot->lock);
	if (*times < 2)
		return *times == 0 ? 0 : size;
	initStringInfo(&more);
	/* so that the first member takes its comma */
	appendStringInfoChar(&more, ' ');
	jur_record_number(&more, "times", *times);
	jur_record_name(&more, "until");
	jur_append_time(&more, last);
	jur_record_end(&more);
	/* over the brace that ends it */
	memcpy(record + size - 1, more.data + 1, more.len - 1);
	size += more.len - 2;
	pfree(more.data);
	return size;
}

static Slot *
my_slot(void)
{
	return &repeats->slots[jur_proc_number(MyProc)];
}

void
jur_repeat_release(void)
{
	char		record[MAX_RECORD + MAX_ADDED];
	uint64		times;
	Size		size;

	if (!is_counting)
		return;
	is_counting = false;
	if (MyProc == NULL)
		return;
	size = take(my_slot(), record, &times);
	if (size > 0)
		(void) jur_evidence_try_put(record, size);
}

bool
jur_evidence_repeat(const char *record, Size size, TimestampTz moment)
{
	Slot	   *slot;

	if (jur_evidence_commit || !IsUnderPostmaster || repeats == NULL || MyProc == NULL ||
		IsParallelWorker() || size > MAX_RECORD || !jur_evidence_is_on())
		return false;
	slot = my_slot();
	/* what another session has left there, or this one, comes first */
	is_counting = true;
	jur_repeat_release();
	is_counting = true;
	SpinLockAcquire(&slot->lock);
	memcpy(slot->record, record, size);
	slot->size = size;
	slot->count = 1;
	slot->last = moment;
	SpinLockRelease(&slot->lock);
	if (pg_atomic_exchange_u32(&repeats->any, 1) == 0)
		jur_wake_sealer();
	return true;
}

bool
jur_evidence_again(TimestampTz moment)
{
	Slot	   *slot;
	bool		is_there;

	if (!is_counting || jur_evidence_commit || MyProc == NULL)
		return false;
	slot = my_slot();
	SpinLockAcquire(&slot->lock);
	is_there = slot->count > 0;
	if (is_there)
	{
		slot->count++;
		slot->last = moment;
	}
	SpinLockRelease(&slot->lock);
	return is_there;
}

/* ------------------------------------------------------------- the consumer */

bool
jur_repeats_wait(void)
{
	return repeats && pg_atomic_read_u32(&repeats->any) != 0;
}

void
jur_collect_repeats(void)
{
	char		record[MAX_RECORD + MAX_ADDED];
	bool		found = false;
	int			i;

	if (!jur_repeats_wait())
		return;
	/* before looking: whoever comes later says so again */
	pg_atomic_write_u32(&repeats->any, 0);
	pg_memory_barrier();
	for (i = 0; i < JUR_MAX_PROCS; i++)
	{
		uint64		times = 0;
		Size		size;

		if (*(volatile uint64 *) &repeats->slots[i].count == 0)
			continue;
		/* what is in the queue goes first; it stays counted meanwhile */
		if (!jur_queue_has_room(sizeof(record)))
		{
			pg_atomic_write_u32(&repeats->any, 1);
			return;
		}
		size = take(&repeats->slots[i], record, &times);
		found |= size > 0;
		if (size > 0 && !jur_queue_put_own(record, size, false))
			jur_queue_lose(times);
	}
	/* there will be more: looked for in a while, and nobody need wake us for it */
	if (found)
		pg_atomic_write_u32(&repeats->any, 1);
}
