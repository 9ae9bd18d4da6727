/*-------------------------------------------------------------------------
 *
 * session_network.c
 *	  Idea: the client's address becomes a place.
 *
 * The most specific range of jurisdiction.network wins.  It is found in the
 * primary key's btree, where a range stands before the ranges inside it: the
 * last entry at or before the address contains it, or shares some leading
 * bits with it; then every range that contains the address is at most as
 * long as what they share, and the search goes on from there.  Where ranges
 * do not nest, one descent is the rule.
 *
 * Whoever the session is, it need not be able to read the table: nothing
 * here runs anybody's code or asks for a privilege.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
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

static MemoryContext context = NULL;	/* of what CURRENT points to */
static JurNetwork current;
static const char *local_place; /* the setting, when CURRENT was found out */

/* the last change that we were told of, and that CURRENT knows of */
static uint64 last_change = 1;
static uint64 known_change = 0;

static void
count_change(JurChange change, Oid relid)
{
	if (change == JUR_CHANGED_NETWORK)
		last_change++;
}

/* -------------------------------------------------------------- the table */

AttrNumber
jur_network_column(Relation rel, const char *name)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.network has no column \"%s\"", name)));
	return attnum;
}

Relation
jur_network_index(Relation rel, LOCKMODE lockmode)
{
	AttrNumber	cidr = jur_network_column(rel, "cidr");
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), lockmode);

		if (index->rd_index->indisprimary && index->rd_index->indisvalid &&
			index->rd_index->indkey.values[0] == cidr)
			return index;
		index_close(index, lockmode);
	}
	ereport(ERROR,
			(errcode(JUR_ERR_NOT_CONFIGURED),
			 errmsg("jurisdiction.network has lost its primary key"),
			 errhint("An officer may add it again: PRIMARY KEY (cidr).")));
}

static Datum
field(TupleTableSlot *slot, Relation rel, const char *name)
{
	AttrNumber	attnum = jur_network_column(rel, name);
	bool		isnull;
	Datum		datum = slot_getattr(slot, attnum, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("a range of jurisdiction.network has no %s", name)));
	return datum;
}

/* ------------------------------------------------------------- the search */

/* the block of BITS bits that the client's address lies in */
static Datum
block_of(const JurClient *client, int bits)
{
	inet	   *block = palloc0(sizeof(inet));
	int			i;

	ip_family(block) = client->family;
	ip_bits(block) = bits;
	for (i = 0; bits > 0; i++, bits -= 8)
	{
		int			mask = bits >= 8 ? 0xff : 0xff00 >> bits;

		ip_addr(block)[i] = client->address[i] & mask;
	}
	SET_INET_VARSIZE(block);
	return InetPGetDatum(block);
}

/* how many leading bits RANGE shares with the client's address */
static int
shared_bits(const JurClient *client, inet *range)
{
	return bitncommon(client->address, ip_addr(range), ip_bits(range));
}

/* leaves in SLOT the most specific range around the address; false: none */
static bool
find_range(const JurClient *client, Relation rel, Relation index,
		   Snapshot snapshot, TupleTableSlot *slot)
{
	IndexScanDesc scan = jur_index_beginscan(rel, index, snapshot, 1);
	int			bits = client->family == PGSQL_AF_INET ? 32 : 128;
	bool		found = false;

	while (!found)
	{
		ScanKeyData key;
		inet	   *range;

		ScanKeyInit(&key, 1, BTLessEqualStrategyNumber, F_NETWORK_LE,
					block_of(client, bits));
		index_rescan(scan, &key, 1, NULL, 0);
		if (!index_getnext_slot(scan, BackwardScanDirection, slot))
			break;
		range = DatumGetInetPP(field(slot, rel, "cidr"));
		/* IPv6 sorts after IPv4 */
		if (ip_family(range) != client->family)
			break;
		bits = shared_bits(client, range);
		found = bits == ip_bits(range);
	}
	index_endscan(scan);
	return found;
}

static bool
is_empty(Relation rel, Snapshot snapshot, TupleTableSlot *slot)
{
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	bool		any = table_scan_getnextslot(scan, ForwardScanDirection, slot);

	table_endscan(scan);
	return !any;
}

/*
 * What the table says of an address.  The snapshot is taken anew for every
 * search, as for a catalog without a syscache; unlike the latest snapshot it
 * may be had in a parallel worker.
 */
static JurNetwork
consult(const JurClient *client)
{
	JurNetwork	network = {.is_unknown = true};
	Oid			relid = jur_table_oid("network");
	Relation	rel;
	Relation	index;
	Snapshot	snapshot;
	TupleTableSlot *slot;

	/* while our own install script runs there is no such table yet */
	if (!OidIsValid(relid))
		return network;
	rel = table_open(relid, AccessShareLock);
	index = jur_network_index(rel, AccessShareLock);
	snapshot = RegisterSnapshot(GetCatalogSnapshot(relid));
	slot = table_slot_create(rel, NULL);
	if (find_range(client, rel, index, snapshot, slot))
	{
		Datum		range = field(slot, rel, "cidr");

		network.is_unknown = false;
		network.place = TextDatumGetCString(field(slot, rel, "place"));
		network.trusted = DatumGetBool(field(slot, rel, "trusted"));
		network.range = DatumGetCString(DirectFunctionCall1(cidr_out, range));
	}
	else if (is_empty(rel, snapshot, slot))
		memset(&network, 0, sizeof(network));
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
	return network;
}

/* ------------------------------------------------------------ the session */

static bool
is_loopback(const JurClient *client)
{
	static const unsigned char loopback6[16] = {[15] = 1};

	if (client->family == PGSQL_AF_INET)
		return client->address[0] == 127;
	return memcmp(client->address, loopback6, sizeof(loopback6)) == 0;
}

static JurNetwork
network_of_session(void)
{
	JurNetwork	network = {0};
	JurClient	client = jur_client();

	if (!client.is_set)
		network.is_unknown = true;
	else if (client.is_remote && !is_loopback(&client))
		network = consult(&client);
	else if (*local_place)
	{
		network.place = local_place;
		network.trusted = true;
	}
	return network;
}

static bool
is_current(void)
{
	return context && known_change == last_change &&
		strcmp(local_place, jur_local_place ? jur_local_place : "") == 0;
}

const JurNetwork *
jur_network(void)
{
	static bool subscribed = false;
	MemoryContext fresh;
	MemoryContext caller;
	uint64		seen;

	if (!subscribed)
		jur_on_change(count_change);
	subscribed = true;
	if (is_current())
		return &current;
	fresh = AllocSetContextCreate(CurrentMemoryContext, "jurisdiction network",
								  ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(fresh);
	/* what changes while we read is not known yet; an error leaves it so */
	seen = last_change;
	known_change = 0;
	local_place = pstrdup(jur_local_place ? jur_local_place : "");
	current = network_of_session();
	MemoryContextSwitchTo(caller);

	MemoryContextSetParent(fresh, TopMemoryContext);
	if (context)
		MemoryContextDelete(context);
	context = fresh;
	known_change = seen;
	return &current;
}

/* -------------------------------------------------------------------- SQL */

static JurClient
client_at(const inet *address)
{
	static const unsigned char mapped[12] = {[10] = 0xff,[11] = 0xff};
	JurClient	client = {.is_set = true,.is_remote = true};

	client.family = ip_family(address);
	memcpy(client.address, ip_addr(address), ip_addrsize(address));
	/* as the client's own address is: ::ffff:a.b.c.d counts as IPv4 */
	if (client.family == PGSQL_AF_INET6 &&
		memcmp(client.address, mapped, sizeof(mapped)) == 0)
	{
		client.family = PGSQL_AF_INET;
		memmove(client.address, client.address + sizeof(mapped), 4);
	}
	return client;
}

/*
 * place_of(address) returns (place, range, trusted): what the table says of
 * an address; NULLs if it is in no range.
 */
PG_FUNCTION_INFO_V1(jur_sql_place_of);
Datum
jur_sql_place_of(PG_FUNCTION_ARGS)
{
	JurClient	client = client_at(PG_GETARG_INET_PP(0));
	JurNetwork	network;
	TupleDesc	desc;
	HeapTuple	tuple;
	Datum		values[3] = {0};
	bool		nulls[3] = {true, true, true};

	jur_require_preloaded("jurisdiction.place_of()");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "place_of() must return a row");
	network = consult(&client);
	if (network.place)
	{
		Datum		range = CStringGetDatum(network.range);

		memset(nulls, false, sizeof(nulls));
		values[0] = CStringGetTextDatum(network.place);
		values[1] = DirectFunctionCall1(cidr_in, range);
		values[2] = BoolGetDatum(network.trusted);
	}
	tuple = heap_form_tuple(BlessTupleDesc(desc), values, nulls);
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}
