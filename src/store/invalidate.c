/*-------------------------------------------------------------------------
 *
 * invalidate.c
 *	  Idea: the server's invalidation callbacks, once.
 *
 * Policy tables have a trigger that invalidates the table's own relcache
 * entry, and a tag invalidates that of the relation (or, for a role, of
 * pg_shseclabel).  So every backend hears of a change when the server tells
 * it: before its next statement locks its first table.
 *
 * Callbacks run at awkward moments; subscribers only mark caches stale.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_shseclabel.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/errors.h"
#include "store/store.h"
#include "store/store_internal.h"

#define MAX_SUBSCRIBERS 8
#define MAX_WATCHED 32

static JurChangeCallback subscribers[MAX_SUBSCRIBERS];
static int	nsubscribers = 0;

/* a ring: OIDs change only when the extension is dropped and created again */
static struct
{
	Oid			relid;
	JurChange	change;
}			watched[MAX_WATCHED];
static int	nwatched = 0;

/* our schema, as of the last relation watched; no catalog is read for it */
static Oid	schema_known = InvalidOid;

void
jur_on_change(JurChangeCallback callback)
{
	if (nsubscribers >= MAX_SUBSCRIBERS)
		elog(FATAL, "too many subscribers to changes");
	subscribers[nsubscribers++] = callback;
}

static void
tell(JurChange change, Oid relid)
{
	int			i;

	for (i = 0; i < nsubscribers; i++)
		subscribers[i] (change, relid);
}

static void
tell_everything(void)
{
	tell(JUR_CHANGED_POLICY, InvalidOid);
	tell(JUR_CHANGED_NETWORK, InvalidOid);
	tell(JUR_CHANGED_ROLES, InvalidOid);
	tell(JUR_CHANGED_KEYS, InvalidOid);
	tell(JUR_CHANGED_TAGS, InvalidOid);
}

void
jur_watch_relation(Oid relid, JurChange change)
{
	int			i;

	schema_known = jur_schema_oid();
	for (i = 0; i < Min(nwatched, MAX_WATCHED); i++)
		if (watched[i].relid == relid)
			return;
	watched[nwatched % MAX_WATCHED].relid = relid;
	watched[nwatched % MAX_WATCHED].change = change;
	nwatched++;
}

static void
relation_changed(Datum arg, Oid relid)
{
	int			i;

	if (!OidIsValid(relid))
	{
		tell_everything();
		return;
	}
	if (relid == SharedSecLabelRelationId)
	{
		tell(JUR_CHANGED_ROLES, InvalidOid);
		return;
	}
	for (i = 0; i < Min(nwatched, MAX_WATCHED); i++)
		if (watched[i].relid == relid)
			tell(watched[i].change, InvalidOid);
	tell(JUR_CHANGED_TAGS, relid);
}

static void
roles_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	tell(JUR_CHANGED_ROLES, InvalidOid);
}

/*
 * Schema jurisdiction may have come or gone, and with it the extension.  Any
 * other schema (each session's first temporary table makes one) is told apart
 * by the hash of its OID.
 */
static void
schemas_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	if (hashvalue == 0 || !OidIsValid(schema_known) ||
		hashvalue == GetSysCacheHashValue1(NAMESPACEOID, ObjectIdGetDatum(schema_known)))
	{
		/* until it is looked up again, any schema may be a new one of ours */
		schema_known = InvalidOid;
		tell_everything();
	}
}

void
jur_roles_changed(void)
{
	CacheInvalidateRelcacheByRelid(SharedSecLabelRelationId);
}

void
jur_relation_changed(Oid relid)
{
	CacheInvalidateRelcacheByRelid(relid);
}

void
jur_invalidate_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMMEMROLE, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schemas_changed, (Datum) 0);
	jur_watch_names();
}

/*
 * policy_changed() returns trigger: on every policy table, after every
 * statement that may have changed it.
 */
PG_FUNCTION_INFO_V1(jur_sql_policy_changed);
Datum
jur_sql_policy_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("policy_changed() can be called as a trigger only")));
	CacheInvalidateRelcacheByRelid(RelationGetRelid(trigger->tg_relation));
	return PointerGetDatum(NULL);
}
