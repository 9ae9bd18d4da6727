/*-------------------------------------------------------------------------
 *
 * session_network_write.c
 *	  Idea: rows of jurisdiction.network are written in bulk, with their
 *	  index entries.
 *
 * The table's triggers do not fire: whoever writes here has checked the
 * places, and tells the sessions once at the end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inet.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/errors.h"
#include "session/session_internal.h"

/* rows that are written together, as many as COPY takes */
#define BATCH 1000

struct JurNetworkWriter
{
	Relation	rel;
	BulkInsertState bulk;
	CommandId	command;
	int			nindexes;
	Relation   *indexes;
	IndexInfo **infos;
	AttrNumber	cidr;
	AttrNumber	place;
	AttrNumber	trusted;
	AttrNumber	source;
	Datum		trusted_value;
	Datum		source_value;
	MemoryContext batch;		/* of what the slots point to */
	TupleTableSlot *slots[BATCH];
	int			nslots;			/* made */
	int			nrows;			/* filled */
};

Datum
jur_block_datum(const JurBlock *block, bool is_ipv6)
{
	inet	   *value = palloc0(sizeof(inet));
	uint64		halves[2];

	halves[0] = pg_hton64(block->first.high);
	halves[1] = pg_hton64(block->first.low);
	ip_family(value) = is_ipv6 ? PGSQL_AF_INET6 : PGSQL_AF_INET;
	ip_bits(value) = block->bits;
	/* an IPv4 address is the end of the low half */
	memcpy(ip_addr(value), (char *) halves + (is_ipv6 ? 0 : 12),
		   is_ipv6 ? 16 : 4);
	SET_INET_VARSIZE(value);
	return InetPGetDatum(value);
}

/* an expression in an index would be somebody's code run as an officer */
static void
open_indexes(JurNetworkWriter *writer)
{
	List	   *oids = RelationGetIndexList(writer->rel);
	ListCell   *lc;

	writer->indexes = palloc(sizeof(Relation) * Max(list_length(oids), 1));
	writer->infos = palloc(sizeof(IndexInfo *) * Max(list_length(oids), 1));
	foreach(lc, oids)
	{
		Relation	index = index_open(lfirst_oid(lc), RowExclusiveLock);
		IndexInfo  *info = BuildIndexInfo(index);

		if (info->ii_Expressions != NIL || info->ii_Predicate != NIL ||
			info->ii_ExclusionOps != NULL)
			ereport(ERROR,
					(errcode(JUR_ERR_UNSUPPORTED),
					 errmsg("index \"%s\" of jurisdiction.network has an expression, a condition or an exclusion",
							RelationGetRelationName(index)),
					 errhint("Drop it: bulk loading keeps up plain indexes only.")));
		writer->indexes[writer->nindexes] = index;
		writer->infos[writer->nindexes] = info;
		writer->nindexes++;
	}
}

JurNetworkWriter *
jur_begin_writing(Relation rel, const char *source, bool trusted)
{
	JurNetworkWriter *writer = palloc0(sizeof(JurNetworkWriter));

	writer->rel = rel;
	writer->bulk = GetBulkInsertState();
	writer->command = GetCurrentCommandId(true);
	writer->cidr = jur_network_column(rel, "cidr");
	writer->place = jur_network_column(rel, "place");
	writer->trusted = jur_network_column(rel, "trusted");
	writer->source = jur_network_column(rel, "source");
	writer->trusted_value = BoolGetDatum(trusted);
	writer->source_value = CStringGetTextDatum(source);
	writer->batch = AllocSetContextCreate(CurrentMemoryContext,
										  "jurisdiction network rows",
										  ALLOCSET_DEFAULT_SIZES);
	open_indexes(writer);
	return writer;
}

static void
index_row(JurNetworkWriter *writer, TupleTableSlot *slot)
{
	int			i;

	for (i = 0; i < writer->nindexes; i++)
	{
		Relation	index = writer->indexes[i];
		Datum		values[INDEX_MAX_KEYS];
		bool		nulls[INDEX_MAX_KEYS];
		IndexUniqueCheck check = index->rd_index->indisunique ?
		UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;

		if (!writer->infos[i]->ii_ReadyForInserts)
			continue;
		FormIndexDatum(writer->infos[i], slot, NULL, values, nulls);
		index_insert(index, values, nulls, &slot->tts_tid, writer->rel, check,
					 false, writer->infos[i]);
	}
}

static void
flush(JurNetworkWriter *writer)
{
	MemoryContext caller = MemoryContextSwitchTo(writer->batch);
	int			i;

	table_multi_insert(writer->rel, writer->slots, writer->nrows,
					   writer->command, 0, writer->bulk);
	for (i = 0; i < writer->nrows; i++)
	{
		index_row(writer, writer->slots[i]);
		ExecClearTuple(writer->slots[i]);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(writer->batch);
	writer->nrows = 0;
}

static void
set_column(TupleTableSlot *slot, AttrNumber attnum, Datum value)
{
	slot->tts_values[attnum - 1] = value;
	slot->tts_isnull[attnum - 1] = false;
}

/* BLOCK is copied */
void
jur_write_block(JurNetworkWriter *writer, Datum block, const char *place)
{
	TupleTableSlot *slot;
	MemoryContext caller;

	if (writer->nrows == writer->nslots)
		writer->slots[writer->nslots++] = table_slot_create(writer->rel, NULL);
	slot = writer->slots[writer->nrows++];
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts);
	caller = MemoryContextSwitchTo(writer->batch);
	set_column(slot, writer->cidr, datumCopy(block, false, -1));
	set_column(slot, writer->place, CStringGetTextDatum(place));
	set_column(slot, writer->trusted, writer->trusted_value);
	set_column(slot, writer->source, writer->source_value);
	MemoryContextSwitchTo(caller);
	ExecStoreVirtualTuple(slot);
	if (writer->nrows == BATCH)
		flush(writer);
}

void
jur_end_writing(JurNetworkWriter *writer)
{
	int			i;

	flush(writer);
	for (i = 0; i < writer->nslots; i++)
		ExecDropSingleTupleTableSlot(writer->slots[i]);
	for (i = 0; i < writer->nindexes; i++)
		index_close(writer->indexes[i], RowExclusiveLock);
	FreeBulkInsertState(writer->bulk);
	table_finish_bulk_insert(writer->rel, 0);
	MemoryContextDelete(writer->batch);
}
