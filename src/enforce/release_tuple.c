/*-------------------------------------------------------------------------
 *
 * release_tuple.c
 *	  Idea: no row that leaves the process in another way than as a message to
 *	  the client does so before the log has what it rests on.
 *
 * A parallel worker's go to its leader, who does not know what they rest on;
 * COPY's may go to a file or a program.  The first rows are held back.  If the
 * plan ends meanwhile, one record tells all of it, and they go; if more come,
 * a record tells what it has met, and from then on they pass.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/tuptable.h"
#include "tcop/dest.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "enforce/enforce_internal.h"
#include "enforce/statement.h"
#include "evidence/evidence.h"

typedef struct Release
{
	DestReceiver pub;
	DestReceiver *inner;
	MemoryContext context;		/* of the held rows */
	TupleDesc	shape;
	MinimalTuple held[JUR_FEW_ROWS];
	int			nheld;
	Size		bytes;
	TimestampTz since;			/* the first of them */
	bool		wants_more;		/* as the inner receiver said last */
} Release;

static void
let_go(Release *self)
{
	TupleTableSlot *slot;
	int			i;

	if (self->nheld == 0)
		return;
	slot = MakeSingleTupleTableSlot(self->shape, &TTSOpsMinimalTuple);
	for (i = 0; i < self->nheld && self->wants_more; i++)
	{
		ExecStoreMinimalTuple(self->held[i], slot, false);
		self->wants_more = self->inner->receiveSlot(slot, self->inner);
	}
	ExecDropSingleTupleTableSlot(slot);
	self->nheld = 0;
	self->bytes = 0;
	MemoryContextReset(self->context);
}

static bool
has_held_enough(const Release *self)
{
	return self->nheld == JUR_FEW_ROWS || self->bytes > JUR_FEW_BYTES ||
		(self->nheld > 0 &&
		 TimestampDifferenceExceeds(self->since, GetCurrentTimestamp(), JUR_HELD_MS));
}

static bool hold(TupleTableSlot *slot, DestReceiver *dest);

/* nothing is held, and nothing due: the way of nearly every row */
static bool
pass(TupleTableSlot *slot, DestReceiver *dest)
{
	Release    *self = (Release *) dest;

	if (unlikely(jur_evidence_is_due))
	{
		self->pub.receiveSlot = hold;
		return hold(slot, dest);
	}
	return self->inner->receiveSlot(slot, self->inner);
}

static bool
hold(TupleTableSlot *slot, DestReceiver *dest)
{
	Release    *self = (Release *) dest;
	MemoryContext caller;

	if (has_held_enough(self))
		jur_evidence_before_release();
	if (!jur_evidence_is_due)
	{
		let_go(self);
		if (!self->wants_more)
			return false;
		self->pub.receiveSlot = pass;
		return pass(slot, dest);
	}
	if (self->nheld == 0)
		self->since = GetCurrentTimestamp();
	caller = MemoryContextSwitchTo(self->context);
	self->held[self->nheld] = ExecCopySlotMinimalTuple(slot);
	self->bytes += self->held[self->nheld++]->t_len;
	MemoryContextSwitchTo(caller);
	return true;
}

static void
start(DestReceiver *dest, int operation, TupleDesc shape)
{
	Release    *self = (Release *) dest;

	self->shape = shape;
	self->inner->rStartup(self->inner, operation, shape);
}

static void
finish(DestReceiver *dest)
{
	Release    *self = (Release *) dest;

	jur_evidence_rows_end();
	let_go(self);
	self->inner->rShutdown(self->inner);
}

/* the inner receiver is its owner's */
static void
destroy(DestReceiver *dest)
{
	MemoryContextDelete(((Release *) dest)->context);
	pfree(dest);
}

bool
jur_tuple_release_wants(DestReceiver *dest)
{
	return dest && jur_evidence_is_on() &&
		dest->mydest == (IsParallelWorker() ? DestTupleQueue : DestCopyOut);
}

DestReceiver *
jur_tuple_release(DestReceiver *dest)
{
	Release    *self = palloc0(sizeof(Release));

	self->pub.receiveSlot = pass;
	self->pub.rStartup = start;
	self->pub.rShutdown = finish;
	self->pub.rDestroy = destroy;
	self->pub.mydest = dest->mydest;
	self->inner = dest;
	self->wants_more = true;
	self->context = AllocSetContextCreate(CurrentMemoryContext, "jurisdiction held rows",
										  ALLOCSET_SMALL_SIZES);
	return (DestReceiver *) self;
}
