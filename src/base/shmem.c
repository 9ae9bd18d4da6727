/*-------------------------------------------------------------------------
 *
 * shmem.c
 *	  Idea: one shared-memory segment: counters, and a slot per process.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/twophase.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/backend_status.h"
#include "utils/inet.h"

#include "base/compat.h"
#include "base/shmem.h"

/* texts of labels, each ended by a zero byte */
#define SHARED_LABELS 1024

typedef struct JurSlot
{
	JurClient	client;
	volatile uint32 keys;		/* in the session's memory */
	slock_t		lock;			/* guards what follows */
	bool		overflowed;
	int			used;
	char		labels[SHARED_LABELS];
	char		statement[64];	/* written before workers start */
	volatile bool workers_tell;	/* one of them has had something for the log */
} JurSlot;

typedef struct JurShared
{
	pg_atomic_uint64 counters[JUR_NCOUNTERS];
	pg_atomic_uint64 key_news;
	JurSlot		slots[FLEXIBLE_ARRAY_MEMBER];
} JurShared;

static JurShared *shared = NULL;
static JurSharedPart *parts = NULL;
static shmem_request_hook_type prev_shmem_request = NULL;
static shmem_startup_hook_type prev_shmem_startup = NULL;

static void
request(void)
{
	JurSharedPart *part;

	if (prev_shmem_request)
		prev_shmem_request();
	for (part = parts; part; part = part->next)
	{
		RequestAddinShmemSpace(part->size());
		if (part->nlocks > 0)
			RequestNamedLWLockTranche(part->name, part->nlocks);
	}
}

static void
startup(void)
{
	JurSharedPart *part;

	if (prev_shmem_startup)
		prev_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (part = parts; part; part = part->next)
	{
		bool		found;
		void	   *memory = ShmemInitStruct(part->name, part->size(), &found);

		part->attach(memory, !found);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
jur_shmem_reserve(JurSharedPart *part)
{
	part->next = parts;
	parts = part;
}

static Size
shared_size(void)
{
	return offsetof(JurShared, slots) + mul_size(JUR_MAX_PROCS, sizeof(JurSlot));
}

static void
attach(void *memory, bool is_new)
{
	int			i;

	shared = memory;
	if (!is_new)
		return;
	memset(shared, 0, shared_size());
	for (i = 0; i < JUR_NCOUNTERS; i++)
		pg_atomic_init_u64(&shared->counters[i], 0);
	pg_atomic_init_u64(&shared->key_news, 0);
	for (i = 0; i < JUR_MAX_PROCS; i++)
		SpinLockInit(&shared->slots[i].lock);
}

void
jur_shmem_init(void)
{
	static JurSharedPart part = {"jurisdiction", 0, shared_size, attach};

	prev_shmem_request = shmem_request_hook;
	shmem_request_hook = request;
	prev_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
	jur_shmem_reserve(&part);
}

void
jur_count(JurCounter counter, uint64 by)
{
	if (shared && by > 0)
		pg_atomic_fetch_add_u64(&shared->counters[counter], by);
}

uint64
jur_counted(JurCounter counter)
{
	return shared ? pg_atomic_read_u64(&shared->counters[counter]) : 0;
}

void
jur_count_reset(void)
{
	int			i;

	for (i = 0; shared && i < JUR_NCOUNTERS; i++)
		pg_atomic_write_u64(&shared->counters[i], 0);
}

/*
 * An IPv4 address written as IPv6 (::ffff:a.b.c.d), as a dual-stack socket
 * reports it, counts as IPv4: the network table lists it so.
 */
static bool
is_mapped_ipv4(const unsigned char *address)
{
	static const unsigned char prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(address, prefix, sizeof(prefix)) == 0;
}

static JurClient
client_of_backend(void)
{
	JurClient	client = {.is_set = true};
	struct sockaddr_storage *from;

	/*
	 * The same address that pg_stat_activity shows; taken from there because
	 * the header of MyProcPort wants GSSAPI headers that few machines have.
	 */
	if (MyBEEntry == NULL)
		return client;
	/* before the entry is filled it tells of the slot's previous owner */
	if (MyBEEntry->st_procpid != MyProcPid)
	{
		client.is_set = false;
		return client;
	}
	from = &MyBEEntry->st_clientaddr.addr;
	if (from->ss_family == AF_INET)
	{
		client.is_remote = true;
		client.family = PGSQL_AF_INET;
		memcpy(client.address, &((struct sockaddr_in *) from)->sin_addr, 4);
	}
	else if (from->ss_family == AF_INET6)
	{
		const unsigned char *address =
			(unsigned char *) &((struct sockaddr_in6 *) from)->sin6_addr;

		client.is_remote = true;
		client.family = is_mapped_ipv4(address) ? PGSQL_AF_INET : PGSQL_AF_INET6;
		if (client.family == PGSQL_AF_INET)
			memcpy(client.address, address + 12, 4);
		else
			memcpy(client.address, address, 16);
	}
	return client;
}

JurClient
jur_client(void)
{
	static JurClient mine;
	static bool stored = false;

	if (IsParallelWorker())
	{
		if (shared && MyProc && MyProc->lockGroupLeader)
			return shared->slots[jur_proc_number(MyProc->lockGroupLeader)].client;
		return (JurClient) {.is_set = false};
	}
	if (!mine.is_set)
		mine = client_of_backend();
	/* only once there is a process slot can a worker look it up */
	if (mine.is_set && !stored && shared && MyProc)
	{
		shared->slots[jur_proc_number(MyProc)].client = mine;
		stored = true;
	}
	return mine;
}

void
jur_share_label(const char *text)
{
	JurSlot    *slot;
	int			size = strlen(text) + 1;

	if (shared == NULL || MyProc == NULL || MyProc->lockGroupLeader == NULL)
		return;
	slot = &shared->slots[jur_proc_number(MyProc->lockGroupLeader)];
	SpinLockAcquire(&slot->lock);
	if (slot->used + size <= SHARED_LABELS)
	{
		memcpy(slot->labels + slot->used, text, size);
		slot->used += size;
	}
	else
		slot->overflowed = true;
	SpinLockRelease(&slot->lock);
}

char *
jur_take_shared_labels(int *size, bool *overflowed)
{
	char		labels[SHARED_LABELS];
	char	   *taken = NULL;
	JurSlot    *slot;

	*size = 0;
	*overflowed = false;
	if (shared == NULL || MyProc == NULL)
		return NULL;
	slot = &shared->slots[jur_proc_number(MyProc)];
	/* workers are gone or will be heard next time: no lock to see that all is quiet */
	if (slot->used == 0 && !slot->overflowed)
		return NULL;
	SpinLockAcquire(&slot->lock);
	*size = slot->used;
	*overflowed = slot->overflowed;
	memcpy(labels, slot->labels, slot->used);
	slot->used = 0;
	slot->overflowed = false;
	SpinLockRelease(&slot->lock);
	if (*size > 0)
	{
		taken = palloc(*size);
		memcpy(taken, labels, *size);
	}
	return taken;
}

uint64
jur_shared_key_news(void)
{
	return shared ? pg_atomic_read_u64(&shared->key_news) : 0;
}

void
jur_share_key_news(void)
{
	if (shared)
		pg_atomic_fetch_add_u64(&shared->key_news, 1);
}

void
jur_share_key_count(uint32 keys)
{
	static JurSlot *mine = NULL;

	if (mine == NULL && keys > 0 && shared && MyProc)
		mine = &shared->slots[jur_proc_number(MyProc)];
	if (mine)
		mine->keys = keys;
}

uint64
jur_shared_key_count(void)
{
	uint64		keys = 0;
	int			i;

	for (i = 0; shared && i < JUR_MAX_PROCS; i++)
		keys += shared->slots[i].keys;
	return keys;
}

void
jur_share_statement(const char *id, Size size)
{
	JurSlot    *mine;

	if (shared == NULL || MyProc == NULL)
		return;
	mine = &shared->slots[jur_proc_number(MyProc)];
	Assert(size < sizeof(mine->statement));
	memcpy(mine->statement, id, size + 1);
	mine->workers_tell = false;
}

void
jur_shared_statement(char *id, Size size)
{
	JurSlot    *leaders;

	*id = '\0';
	if (shared == NULL || MyProc == NULL || MyProc->lockGroupLeader == NULL)
		return;
	leaders = &shared->slots[jur_proc_number(MyProc->lockGroupLeader)];
	strlcpy(id, leaders->statement, size);
	leaders->workers_tell = true;
}

bool
jur_workers_tell(void)
{
	return shared && MyProc && shared->slots[jur_proc_number(MyProc)].workers_tell;
}
