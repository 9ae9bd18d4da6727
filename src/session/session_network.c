/*-------------------------------------------------------------------------
 *
 * session_network.c
 *	  Idea: the client's address becomes a place.
 *
 * The most specific range of jurisdiction.network wins.  The primary key
 * finds it: in its order a network comes right before what lies in it.  So
 * the last range that is not after the address either holds it, or shares
 * some leading bits with it; and then no range that holds it has more bits
 * than those.  A few searches do, for a million ranges, once per session and
 * change of the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/errors.h"
#include "base/settings.h"
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

/* ----------------------------------------------------------------- addresses */

static bool
is_loopback(const JurClient *client)
{
	static const unsigned char loopback6[16] = {[15] = 1};

	if (client->family == PGSQL_AF_INET)
		return client->address[0] == 127;
	return memcmp(client->address, loopback6, sizeof(loopback6)) == 0;
}

/* the network of BITS bits that the client's address lies in */
static Datum
network_of(const JurClient *client, int bits)
{
	inet	   *network = palloc0(sizeof(inet));
	int			i;

	ip_family(network) = client->family;
	ip_bits(network) = bits;
	for (i = 0; bits > 0; i++, bits -= 8)
		ip_addr(network)[i] = client->address[i] &
			(bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff);
	SET_INET_VARSIZE(network);
	return InetPGetDatum(network);
}

/* how many leading bits of the network the client's address shares */
static int
shared_bits(const JurClient *client, inet *network)
{
	int			bits;

	for (bits = 0; bits < ip_bits(network); bits++)
	{
		unsigned char differ = client->address[bits / 8] ^ ip_addr(network)[bits / 8];

		if (differ & (0x80 >> (bits % 8)))
			break;
	}
	return bits;
}

/* ------------------------------------------------------------------ the table */

/* the table and its key, open, and what of them is visible */
typedef struct Ranges
{
	Relation	rel;
	Relation	key;
	Snapshot	snapshot;
} Ranges;

/* false while our own install script runs: there is no such table yet */
static bool
open_ranges(Ranges *ranges)
{
	Oid			relid = jur_table_oid("network");
	Oid			key;

	if (!OidIsValid(relid))
		return false;
	ranges->rel = table_open(relid, AccessShareLock);
	key = RelationGetPrimaryKeyIndex(ranges->rel);
	if (!OidIsValid(key))
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.network has lost its primary key"),
				 errhint("An officer may add it again: PRIMARY KEY (cidr).")));
	ranges->key = index_open(key, AccessShareLock);

	/*
	 * As the server reads its catalogs: what is committed, also in a parallel
	 * worker, and not with the transaction's own snapshot.
	 */
	ranges->snapshot = RegisterSnapshot(GetCatalogSnapshot(relid));
	return true;
}

static void
close_ranges(Ranges *ranges)
{
	UnregisterSnapshot(ranges->snapshot);
	index_close(ranges->key, AccessShareLock);
	table_close(ranges->rel, AccessShareLock);
}

static Datum
field(HeapTuple tuple, Relation rel, const char *name)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);
	bool		isnull = true;
	Datum		datum = 0;

	if (attnum != InvalidAttrNumber)
		datum = heap_getattr(tuple, attnum, RelationGetDescr(rel), &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("a row of jurisdiction.network has no %s", name)));
	return datum;
}

static void
take_range(JurNetwork *network, HeapTuple tuple, Relation rel)
{
	Datum		range = field(tuple, rel, "cidr");

	network->place = TextDatumGetCString(field(tuple, rel, "place"));
	network->trusted = DatumGetBool(field(tuple, rel, "trusted"));
	network->range = DatumGetCString(DirectFunctionCall1(cidr_out, range));
}

/*
 * Looks for the last range that is not after the client's network of BITS
 * bits.  Returns BITS if it holds the address (then it is taken), else how
 * many bits a range that does can have; -1: there is none.
 */
static int
search(const JurClient *client, int bits, const Ranges *ranges,
	   JurNetwork *network)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			result = -1;

	ScanKeyInit(&key, 1, BTLessEqualStrategyNumber, F_NETWORK_LE,
				network_of(client, bits));
	scan = systable_beginscan_ordered(ranges->rel, ranges->key,
									  ranges->snapshot, 1, &key);
	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	if (HeapTupleIsValid(tuple))
	{
		inet	   *range = DatumGetInetPP(field(tuple, ranges->rel, "cidr"));
		int			shared;

		if (ip_family(range) == client->family)
		{
			shared = shared_bits(client, range);
			if (shared == ip_bits(range))
				take_range(network, tuple, ranges->rel);
			result = shared == ip_bits(range) ? bits : shared;
		}
	}
	systable_endscan_ordered(scan);
	return result;
}

static bool
find(const JurClient *client, const Ranges *ranges, JurNetwork *network,
	 int *probes)
{
	int			bits = client->family == PGSQL_AF_INET ? 32 : 128;
	int			next;

	for (*probes = 1;; (*probes)++)
	{
		next = search(client, bits, ranges, network);
		if (next == bits)
			return true;
		if (next < 0)
			return false;
		Assert(next < bits);
		bits = next;
	}
}

bool
jur_find_range(const JurClient *client, JurNetwork *network, int *probes)
{
	Ranges		ranges;
	bool		found;

	if (!open_ranges(&ranges))
		return false;
	found = find(client, &ranges, network, probes);
	close_ranges(&ranges);
	return found;
}

static bool
is_empty(const Ranges *ranges)
{
	SysScanDesc scan = systable_beginscan_ordered(ranges->rel, ranges->key,
												  ranges->snapshot, 0, NULL);
	HeapTuple	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	bool		empty = !HeapTupleIsValid(tuple);

	systable_endscan_ordered(scan);
	return empty;
}

/* ------------------------------------------------------------------ the answer */

static JurNetwork
consult(void)
{
	JurNetwork	network = {0};
	JurClient	client = jur_client();
	Ranges		ranges;
	int			probes;

	/* who does not know the client does not know where it is */
	network.is_unknown = !client.is_set;
	if (!client.is_set)
		return network;
	if (!client.is_remote || is_loopback(&client))
	{
		if (jur_local_place && *jur_local_place)
		{
			network.place = pstrdup(jur_local_place);
			network.trusted = true;
		}
		return network;
	}
	if (!open_ranges(&ranges))
	{
		network.is_unknown = true;
		return network;
	}
	if (!find(&client, &ranges, &network, &probes))
		network.is_unknown = !is_empty(&ranges);
	close_ranges(&ranges);
	return network;
}

const JurNetwork *
jur_network(void)
{
	static bool subscribed = false;
	static char local_place[NAMEDATALEN] = "";
	MemoryContext fresh;
	MemoryContext caller;
	JurNetwork	network = {0};

	if (!subscribed)
		jur_on_change(mark_stale);
	subscribed = true;
	if (jur_local_place && strcmp(local_place, jur_local_place) != 0)
		is_stale = true;
	if (!is_stale)
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
	strlcpy(local_place, jur_local_place ? jur_local_place : "",
			sizeof(local_place));
	return &current;
}
