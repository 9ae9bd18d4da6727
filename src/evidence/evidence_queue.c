/*-------------------------------------------------------------------------
 *
 * evidence_queue.c
 *	  Idea: a ring of records in shared memory, and who waits for which part
 *	  of it to be durable.
 *
 * Positions count bytes from the start of the server and never wrap; a place
 * in the ring is a position modulo its size.  What lies between "durable" and
 * "head" is kept until the log has it, so nothing is lost while it cannot be
 * written.
 *
 * One fdatasync serves a batch: all that was in the ring when the sealer last
 * looked.  Sessions wait on one of two condition variables, by the parity of
 * the batch that holds their record, so that a batch wakes its own sessions
 * and not those of the next one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/twophase.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "portability/instr_time.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "evidence/evidence_internal.h"

#define TRANCHE			"jurisdiction evidence"
#define ALIGNMENT		8		/* of a record: its size and its bytes */
/* in the size of a record: it tells of this log, and means nothing in another */
#define OF_LOG			((uint32) 1 << 31)
/* kept for the sealer's own records */
#define RESERVE			(JUR_ENTRY_MAX + 1024)
/* how long a session sleeps before it looks whether there still is a sealer */
#define LOOK_AGAIN		1000	/* ms */

typedef struct Queue
{
	/* durable records end here; free for new ones is what is not from here to head */
	pg_atomic_uint64 durable;
	/* where the batch ends that the sealer has taken last; bit 0: its parity */
	pg_atomic_uint64 taken;
	/* somebody waits until this is durable */
	pg_atomic_uint64 wanted;
	pg_atomic_uint32 state;		/* a JurLogState */
	pg_atomic_uint64 lost;		/* since the server started */
	ConditionVariable sealed[2];	/* by parity of the batch */
	ConditionVariable room;

	/* what follows is guarded by the lock */
	uint64		head;
	uint64		lost_pending;	/* of which no record tells yet */
	TimestampTz lost_since;
	Latch	   *sealer;			/* NULL: there is none */
	char		trouble[JUR_ERROR_MAX];
	JurEvidenceStat stat;
	JurSealerMemory memory;

	/* up to where a process, or a parallel worker of it, has put records */
	pg_atomic_uint64 tickets[FLEXIBLE_ARRAY_MEMBER];
} Queue;

bool		jur_is_sealer = false;

static Queue *queue = NULL;
static uint8 *ring = NULL;
static uint64 ring_size = 0;	/* a multiple of ALIGNMENT */
static LWLock *lock = NULL;

/* ------------------------------------------------------------ shared memory */

static Size
head_size(void)
{
	return MAXALIGN(offsetof(Queue, tickets) +
					mul_size(JUR_MAX_PROCS, sizeof(pg_atomic_uint64)));
}

static Size
ring_bytes(void)
{
	return (Size) jur_evidence_queue_size * 1024;
}

static Size
shared_size(void)
{
	return add_size(head_size(), ring_bytes());
}

static void
attach(void *memory, bool is_new)
{
	int			i;

	queue = memory;
	ring = (uint8 *) queue + head_size();
	ring_size = ring_bytes();
	lock = &GetNamedLWLockTranche(TRANCHE)->lock;
	if (!is_new)
		return;
	memset(queue, 0, head_size());
	pg_atomic_init_u64(&queue->durable, 0);
	pg_atomic_init_u64(&queue->taken, 0);
	pg_atomic_init_u64(&queue->wanted, 0);
	pg_atomic_init_u32(&queue->state, JUR_LOG_STARTING);
	pg_atomic_init_u64(&queue->lost, 0);
	ConditionVariableInit(&queue->sealed[0]);
	ConditionVariableInit(&queue->sealed[1]);
	ConditionVariableInit(&queue->room);
	for (i = 0; i < JUR_MAX_PROCS; i++)
		pg_atomic_init_u64(&queue->tickets[i], 0);
}

void
jur_queue_init(void)
{
	static JurSharedPart part = {TRANCHE, 1, shared_size, attach};

	jur_shmem_reserve(&part);
}

bool
jur_evidence_is_on(void)
{
	return queue && jur_evidence_path() && !IsBinaryUpgrade;
}

/* ----------------------------------------------------------------- the ring */

/* the bytes of a record in the ring: its size, itself, and what aligns the next */
static uint64
footprint(Size size)
{
	return TYPEALIGN64(ALIGNMENT, sizeof(uint32) + size);
}

static void
copy_in(uint64 position, const void *data, Size size)
{
	uint64		at = position % ring_size;
	Size		first = Min(size, ring_size - at);

	memcpy(ring + at, data, first);
	memcpy(ring, (const char *) data + first, size - first);
}

static void
copy_out(uint64 position, void *data, Size size)
{
	uint64		at = position % ring_size;
	Size		first = Min(size, ring_size - at);

	memcpy(data, ring + at, first);
	memcpy((char *) data + first, ring, size - first);
}

/* needs the lock; 0: there is no room */
static uint64
place(const void *record, Size size, uint32 flags, uint64 spare)
{
	uint64		used = queue->head - pg_atomic_read_u64(&queue->durable);
	uint32		length = size | flags;

	if (used + footprint(size) + spare > ring_size)
		return 0;
	copy_in(queue->head, &length, sizeof(length));
	copy_in(queue->head + sizeof(length), record, size);
	queue->head += footprint(size);
	return queue->head;
}

void
jur_wake_sealer(void)
{
	Latch	   *sealer = *(Latch *volatile *) &queue->sealer;

	if (sealer)
		SetLatch(sealer);
}

static JurLogState
state(void)
{
	return (JurLogState) pg_atomic_read_u32(&queue->state);
}

static void
raise_to(pg_atomic_uint64 *number, uint64 value)
{
	uint64		old = pg_atomic_read_u64(number);

	while (old < value && !pg_atomic_compare_exchange_u64(number, &old, value))
		;
}

/* where this session keeps its place; a parallel worker puts for its leader */
static pg_atomic_uint64 *
my_ticket(void)
{
	PGPROC	   *proc = MyProc->lockGroupLeader ? MyProc->lockGroupLeader : MyProc;

	return &queue->tickets[jur_proc_number(proc)];
}

/* what is there up to POSITION is to be durable soon; who asks first wakes the sealer */
static void
ask(uint64 position)
{
	if (pg_atomic_read_u64(&queue->wanted) >= position)
		return;
	raise_to(&queue->wanted, position);
	jur_wake_sealer();
}

/* puts it, if there is room and anybody who will take it out */
static bool
offer(const char *record, Size size)
{
	uint64		end = 0;
	bool		was_empty = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (state() != JUR_LOG_CLOSED)
	{
		was_empty = queue->head == pg_atomic_read_u64(&queue->durable);
		end = place(record, size, 0, RESERVE);
	}
	LWLockRelease(lock);
	if (end == 0)
		return false;
	raise_to(my_ticket(), end);
	/* somebody will wait for it: better woken once, and now */
	if (jur_evidence_commit)
		ask(end);
	else if (was_empty || jur_queue_is_filling())
		jur_wake_sealer();
	return true;
}

void
jur_queue_lose(uint64 count)
{
	pg_atomic_fetch_add_u64(&queue->lost, count);
	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (queue->lost_pending == 0)
		queue->lost_since = GetCurrentTimestamp();
	queue->lost_pending += count;
	LWLockRelease(lock);
}

/* ------------------------------------------------------------------ waiting */

/* the condition variable of the batch that POSITION is in, or will be in */
static ConditionVariable *
batch_of(uint64 position)
{
	uint64		taken = pg_atomic_read_u64(&queue->taken);
	int			parity = taken & 1;

	return &queue->sealed[position <= (taken & ~UINT64CONST(1)) ? parity : 1 - parity];
}

static int
elapsed_ms(instr_time since)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, since);
	return (int) INSTR_TIME_GET_MILLISEC(now);
}

/*
 * Until POSITION is durable; false: not within jurisdiction.evidence_timeout,
 * or it is known that nothing becomes so.  Cancelled only if interrupts are
 * not held.
 */
static bool
await(uint64 position)
{
	ConditionVariable *sealed;
	instr_time	begin;
	bool		done;

	if (pg_atomic_read_u64(&queue->durable) >= position)
		return true;
	INSTR_TIME_SET_CURRENT(begin);
	ask(position);
	sealed = batch_of(position);
	ConditionVariablePrepareToSleep(sealed);
	for (;;)
	{
		int			left = jur_evidence_timeout - elapsed_ms(begin);

		done = pg_atomic_read_u64(&queue->durable) >= position;
		if (done || left <= 0 || state() == JUR_LOG_TROUBLE || state() == JUR_LOG_CLOSED)
			break;
		/* a sealer that has just come has not seen our latch */
		if (ConditionVariableTimedSleep(sealed, Min(left, LOOK_AGAIN), PG_WAIT_EXTENSION))
			jur_wake_sealer();
	}
	ConditionVariableCancelSleep();
	return done;
}

static void
raise_trouble(void)
{
	char	   *why = jur_evidence_trouble();

	ereport(ERROR,
			(errcode(JUR_ERR_EVIDENCE),
			 errmsg("the evidence log cannot be written"),
			 errdetail_log("%s", why ? why :
						   "It did not answer within jurisdiction.evidence_timeout."),
			 errhint("The server's log says why. What touches tagged data works again as soon as the evidence log can be written.")));
}

/* ----------------------------------------------------------- what others call */

/* no slot in shared memory: the postmaster, or a process that has left it */
static bool
cannot_wait(void)
{
	return MyProc == NULL || jur_is_sealer;
}

/*
 * CAN_RAISE: waits may be interrupted.  False: not taken.  Where nobody waits
 * for records to be durable they wait for room all the same: who puts them
 * faster than they are written would drive out those of others, or his own.
 */
static bool
put(const char *record, Size size, bool can_raise)
{
	/* where the log stood when room was waited for in vain */
	static uint64 stuck_at = PG_UINT64_MAX;
	instr_time	begin;
	bool		taken;

	if (cannot_wait())
		return false;
	if (size > JUR_ENTRY_MAX)
	{
		jur_queue_lose(1);
		return false;
	}
	/* where an error is on its way to the client, what can be kept is kept */
	if (can_raise && jur_evidence_commit && state() == JUR_LOG_TROUBLE)
		return false;
	if (offer(record, size))
		return true;
	if (!jur_evidence_commit && (state() != JUR_LOG_OPEN || jur_queue_durable() == stuck_at))
	{
		jur_queue_lose(1);
		return false;
	}
	INSTR_TIME_SET_CURRENT(begin);
	ConditionVariablePrepareToSleep(&queue->room);
	for (;;)
	{
		int			left = jur_evidence_timeout - elapsed_ms(begin);

		taken = offer(record, size);
		if (taken || left <= 0 || state() == JUR_LOG_TROUBLE || state() == JUR_LOG_CLOSED)
			break;
		(void) ConditionVariableTimedSleep(&queue->room, Min(left, LOOK_AGAIN),
										   PG_WAIT_EXTENSION);
	}
	if (!taken)
		stuck_at = jur_queue_durable();
	ConditionVariableCancelSleep();
	/* who can raise does, and nothing has happened that a record is owed of */
	if (!taken && (!can_raise || !jur_evidence_commit))
		jur_queue_lose(1);
	return taken;
}

void
jur_evidence_put(const char *record, Size size)
{
	char		problem[JUR_ERROR_MAX];

	if (!jur_evidence_is_on())
		return;
	jur_repeat_release();
	if (size > JUR_ENTRY_MAX)
		ereport(ERROR,
				(errcode(JUR_ERR_EVIDENCE),
				 errmsg("a record of %zu bytes is longer than the evidence log takes", size)));
	if (!IsUnderPostmaster)
	{
		if (!jur_alone_put(record, size, problem) && jur_evidence_commit)
			ereport(ERROR,
					(errcode(JUR_ERR_EVIDENCE),
					 errmsg("the evidence log cannot be written"),
					 errdetail_log("%s", problem)));
		return;
	}
	if (!put(record, size, true) && jur_evidence_commit)
		raise_trouble();
}

bool
jur_evidence_try_put(const char *record, Size size)
{
	char		problem[JUR_ERROR_MAX];
	bool		taken;

	if (!jur_evidence_is_on())
		return true;
	jur_repeat_release();
	HOLD_INTERRUPTS();
	taken = IsUnderPostmaster ? put(record, size, false) :
		jur_alone_put(record, size, problem);
	RESUME_INTERRUPTS();
	return taken;
}

bool
jur_evidence_offer(const char *record, Size size)
{
	char		problem[JUR_ERROR_MAX];
	bool		taken;

	if (!jur_evidence_is_on())
		return true;
	jur_repeat_release();
	if (!IsUnderPostmaster)
		return jur_alone_put(record, size, problem);
	taken = !cannot_wait() && size <= JUR_ENTRY_MAX && offer(record, size);
	if (!taken)
		jur_queue_lose(1);
	return taken;
}

void
jur_evidence_wait(void)
{
	char		problem[JUR_ERROR_MAX];

	if (!jur_evidence_is_on() || !jur_evidence_commit)
		return;
	if (!IsUnderPostmaster)
	{
		if (!jur_alone_wait(problem))
			ereport(ERROR,
					(errcode(JUR_ERR_EVIDENCE),
					 errmsg("the evidence log cannot be written"),
					 errdetail_log("%s", problem)));
		return;
	}
	if (cannot_wait() || !await(pg_atomic_read_u64(my_ticket())))
		raise_trouble();
}

bool
jur_evidence_try_wait(void)
{
	char		problem[JUR_ERROR_MAX];
	bool		done;

	if (!jur_evidence_is_on() || !jur_evidence_commit)
		return true;
	HOLD_INTERRUPTS();
	if (!IsUnderPostmaster)
		done = jur_alone_wait(problem);
	else
		done = !cannot_wait() && await(pg_atomic_read_u64(my_ticket()));
	RESUME_INTERRUPTS();
	return done;
}

bool
jur_evidence_hurry(void)
{
	uint64		position;

	if (!jur_evidence_is_on() || !jur_evidence_commit)
		return true;
	if (!IsUnderPostmaster || cannot_wait())
		return false;
	position = pg_atomic_read_u64(my_ticket());
	if (pg_atomic_read_u64(&queue->durable) >= position)
		return true;
	ask(position);
	return false;
}

void
jur_evidence_require(void)
{
	if (queue && jur_evidence_commit && state() == JUR_LOG_TROUBLE && jur_evidence_is_on() &&
		IsUnderPostmaster)
		raise_trouble();
}

char *
jur_evidence_trouble(void)
{
	char		trouble[JUR_ERROR_MAX] = "";

	if (!jur_evidence_is_on() || !IsUnderPostmaster)
		return NULL;
	LWLockAcquire(lock, LW_SHARED);
	if (queue->sealer == NULL)
		strlcpy(trouble, "The sealer is not running; it may have found no place within max_worker_processes.", sizeof(trouble));
	else if (state() == JUR_LOG_TROUBLE)
		strlcpy(trouble, queue->trouble, sizeof(trouble));
	else if (state() == JUR_LOG_CLOSED)
		strlcpy(trouble, "The server is shutting down.", sizeof(trouble));
	LWLockRelease(lock);
	return *trouble ? pstrdup(trouble) : NULL;
}

void
jur_evidence_stat(JurEvidenceStat *stat)
{
	memset(stat, 0, sizeof(*stat));
	if (queue == NULL)
		return;
	LWLockAcquire(lock, LW_SHARED);
	*stat = queue->stat;
	LWLockRelease(lock);
	stat->lost = pg_atomic_read_u64(&queue->lost);
}

/* ------------------------------------------------------------- the consumer */

static void
detach(int code, Datum arg)
{
	LWLockAcquire(lock, LW_EXCLUSIVE);
	queue->sealer = NULL;
	LWLockRelease(lock);
	if (state() == JUR_LOG_OPEN)
		pg_atomic_write_u32(&queue->state, JUR_LOG_STARTING);
}

void
jur_queue_attach(void)
{
	jur_is_sealer = true;
	before_shmem_exit(detach, (Datum) 0);
	LWLockAcquire(lock, LW_EXCLUSIVE);
	queue->sealer = MyLatch;
	LWLockRelease(lock);
}

uint64
jur_queue_head(void)
{
	uint64		head;

	LWLockAcquire(lock, LW_SHARED);
	head = queue->head;
	LWLockRelease(lock);
	return head;
}

/* since the last publication */
static int	batches = 0;

uint64
jur_queue_take(void)
{
	uint64		taken = pg_atomic_read_u64(&queue->taken);
	uint64		head;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	head = queue->head;
	if (head != (taken & ~UINT64CONST(1)))
	{
		pg_atomic_write_u64(&queue->taken, head | (1 - (taken & 1)));
		batches++;
	}
	LWLockRelease(lock);
	return head;
}

bool
jur_queue_record(uint64 position, JurQueueRecord *record)
{
	static uint8 whole[JUR_ENTRY_MAX];
	uint64		at = (position + sizeof(uint32)) % ring_size;
	uint32		size;

	copy_out(position, &size, sizeof(size));
	record->is_of_log = (size & OF_LOG) != 0;
	size &= ~OF_LOG;
	if (size > JUR_ENTRY_MAX)
		return false;
	record->size = size;
	record->next = position + footprint(size);
	record->data = ring + at;
	if (at + size > ring_size)
	{
		copy_out(position + sizeof(uint32), whole, size);
		record->data = whole;
	}
	return true;
}

uint64
jur_queue_durable(void)
{
	return pg_atomic_read_u64(&queue->durable);
}

bool
jur_queue_is_wanted(void)
{
	return pg_atomic_read_u64(&queue->wanted) > pg_atomic_read_u64(&queue->durable);
}

/* without the lock: a guess is enough to be early */
bool
jur_queue_is_filling(void)
{
	return *(volatile uint64 *) &queue->head - pg_atomic_read_u64(&queue->durable) > ring_size / 4;
}

void
jur_queue_publish(uint64 position)
{
	uint64		taken = pg_atomic_read_u64(&queue->taken);

	pg_atomic_write_u64(&queue->durable, position);
	pg_memory_barrier();
	ConditionVariableBroadcast(&queue->sealed[taken & 1]);
	/* after trouble, or of a sealer before this one, there are older ones too */
	if (batches != 1)
		ConditionVariableBroadcast(&queue->sealed[1 - (taken & 1)]);
	batches = 0;
	ConditionVariableBroadcast(&queue->room);
}

/* for a record of that size that is no session's, and what is kept for the sealer's own */
bool
jur_queue_has_room(Size size)
{
	bool		has_room;

	LWLockAcquire(lock, LW_SHARED);
	has_room = queue->head - pg_atomic_read_u64(&queue->durable) + footprint(size) + RESERVE <= ring_size;
	LWLockRelease(lock);
	return has_room;
}

bool
jur_queue_put_own(const char *record, Size size, bool is_of_log)
{
	uint64		end;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	end = size <= JUR_ENTRY_MAX ? place(record, size, is_of_log ? OF_LOG : 0, 0) : 0;
	LWLockRelease(lock);
	return end > 0;
}

uint64
jur_queue_take_lost(TimestampTz *since)
{
	uint64		lost;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	lost = queue->lost_pending;
	*since = queue->lost_since;
	queue->lost_pending = 0;
	LWLockRelease(lock);
	return lost;
}

void
jur_queue_return_lost(uint64 lost, TimestampTz since)
{
	LWLockAcquire(lock, LW_EXCLUSIVE);
	queue->lost_pending += lost;
	queue->lost_since = since;
	LWLockRelease(lock);
}

void
jur_queue_set_state(JurLogState new_state, const char *trouble)
{
	LWLockAcquire(lock, LW_EXCLUSIVE);
	strlcpy(queue->trouble, trouble ? trouble : "", sizeof(queue->trouble));
	pg_atomic_write_u32(&queue->state, new_state);
	LWLockRelease(lock);
	/* whoever waits learns it now, not at the end of its time */
	ConditionVariableBroadcast(&queue->sealed[0]);
	ConditionVariableBroadcast(&queue->sealed[1]);
	ConditionVariableBroadcast(&queue->room);
}

bool
jur_queue_close(uint64 position)
{
	bool		is_empty;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	is_empty = queue->head == position;
	if (is_empty)
		pg_atomic_write_u32(&queue->state, JUR_LOG_CLOSED);
	LWLockRelease(lock);
	return is_empty;
}

JurSealerMemory *
jur_sealer_memory(void)
{
	return &queue->memory;
}

void
jur_queue_set_stat(const JurEvidenceStat *stat)
{
	LWLockAcquire(lock, LW_EXCLUSIVE);
	queue->stat = *stat;
	LWLockRelease(lock);
}
