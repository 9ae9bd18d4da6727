/*-------------------------------------------------------------------------
 *
 * session_network.c
 *	  Idea: the client's address becomes a place.
 *
 * The most specific range of jurisdiction.network wins.  It is found by
 * asking the primary key for each prefix of the address, longest first: at
 * most 33 probes for IPv4 and 129 for IPv6, once per session and change of
 * the table.  So loading 600,000 ranges builds one index, not two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "session/session_internal.h"

static MemoryContext context = NULL;
static JurNetwork current;
static bool is_stale = true;

static void
mark_stale(JurChange change, Oid relid)
{
	if (change == JUR_CHANGED_NETWORK)
		is_stale = true;
}

static bool
is_loopback(const JurClient *client)
{
	static const unsigned char loopback6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

	if (client->family == PGSQL_AF_INET)
		return client->address[0] == 127;
	return memcmp(client->address, loopback6, sizeof(loopback6)) == 0;
}

/* the network of BITS bits that the client's address lies in */
static Datum
network_of(const JurClient *client, int bits)
{
	inet	   *network = palloc0(sizeof(inet));
	int			size = client->family == PGSQL_AF_INET ? 4 : 16;
	int			i;

	ip_family(network) = client->family;
	ip_bits(network) = bits;
	for (i = 0; i < size && bits > 0; i++, bits -= 8)
		ip_addr(network)[i] = client->address[i] &
			(bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff);
	SET_INET_VARSIZE(network);
	return InetPGetDatum(network);
}

static Datum
field(TupleTableSlot *slot, Relation rel, const char *name)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);
	bool		isnull = true;
	Datum		datum = 0;

	if (attnum != InvalidAttrNumber)
		datum = slot_getattr(slot, attnum, &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.network has no %s for a range", name)));
	return datum;
}

static void
take_range(JurNetwork *network, TupleTableSlot *slot, Relation rel)
{
	network->place = TextDatumGetCString(field(slot, rel, "place"));
	network->trusted = DatumGetBool(field(slot, rel, "trusted"));
	network->range = DatumGetCString(DirectFunctionCall1(cidr_out,
														 field(slot, rel, "cidr")));
}

static void
find_range(JurNetwork *network, const JurClient *client, Relation rel, Relation index,
		   Snapshot snapshot)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	IndexScanDesc scan = jur_index_beginscan(rel, index, snapshot, 1);
	int			bits = client->family == PGSQL_AF_INET ? 32 : 128;

	network->is_unknown = true;
	for (; bits >= 0 && network->is_unknown; bits--)
	{
		ScanKeyData key;

		ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_NETWORK_EQ,
					network_of(client, bits));
		index_rescan(scan, &key, 1, NULL, 0);
		if (index_getnext_slot(scan, ForwardScanDirection, slot))
		{
			take_range(network, slot, rel);
			network->is_unknown = false;
		}
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

static bool
is_empty(Relation rel, Snapshot snapshot)
{
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	bool		empty = heap_getnext(scan, ForwardScanDirection) == NULL;

	table_endscan(scan);
	return empty;
}

static JurNetwork
consult(void)
{
	JurNetwork	network = {0};
	JurClient	client = jur_client();
	Oid			relid = jur_table_oid("network");
	Relation	rel;
	Relation	index;
	Snapshot	snapshot;
	Oid			key;

	if (!client.is_set)
		network.is_unknown = true;
	if (!client.is_set || !client.is_remote || is_loopback(&client))
	{
		if (jur_local_place && *jur_local_place)
		{
			network.place = pstrdup(jur_local_place);
			network.trusted = true;
		}
		return network;
	}
	/* while our own install script runs there is no such table yet */
	if (!OidIsValid(relid))
	{
		network.is_unknown = true;
		return network;
	}
	rel = table_open(relid, AccessShareLock);
	key = RelationGetPrimaryKeyIndex(rel);
	if (!OidIsValid(key))
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.network has lost its primary key"),
				 errhint("An officer may add it again: PRIMARY KEY (cidr).")));
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	network.is_consulted = !is_empty(rel, snapshot);
	if (network.is_consulted)
	{
		index = index_open(key, AccessShareLock);
		find_range(&network, &client, rel, index, snapshot);
		index_close(index, AccessShareLock);
	}
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return network;
}

const JurNetwork *
jur_network(void)
{
	static bool subscribed = false;
	MemoryContext fresh;
	MemoryContext caller;
	JurNetwork	network;

	if (!subscribed)
		jur_on_change(mark_stale);
	subscribed = true;
	if (!is_stale && context)
		return &current;
	fresh = AllocSetContextCreate(CurrentMemoryContext, "jurisdiction network",
								  ALLOCSET_SMALL_SIZES);
	/* what changes while we read makes it stale again; an error leaves it so */
	is_stale = false;
	caller = MemoryContextSwitchTo(fresh);
	PG_TRY();
	{
		network = consult();
	}
	PG_CATCH();
	{
		is_stale = true;
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(fresh, TopMemoryContext);
	if (context)
		MemoryContextDelete(context);
	context = fresh;
	current = network;
	return &current;
}
