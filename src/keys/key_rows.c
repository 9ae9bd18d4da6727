/*-------------------------------------------------------------------------
 *
 * key_rows.c
 *	  Idea: rows of jurisdiction.key, key_material and custodian.
 *
 * Whoever the session is, it need not be able to read these tables: nothing
 * here runs anybody's code or asks for a privilege.  They are small, and what
 * follows from them is remembered (keys.c), so they are read from end to end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "keys/keys.h"
#include "store/store.h"

typedef struct Scan
{
	Relation	rel;
	Snapshot	snapshot;
	TableScanDesc scan;
	HeapTuple	tuple;
} Scan;

static bool
begin_scan(Scan *scan, const char *table)
{
	Oid			relid = jur_table_oid(table);

	if (!OidIsValid(relid))
		return false;
	scan->rel = table_open(relid, AccessShareLock);
	/* of now; one that may be taken while workers run, too */
	scan->snapshot = RegisterSnapshot(GetCatalogSnapshot(relid));
	scan->scan = table_beginscan(scan->rel, scan->snapshot, 0, NULL);
	return true;
}

static bool
next_row(Scan *scan)
{
	scan->tuple = heap_getnext(scan->scan, ForwardScanDirection);
	return scan->tuple != NULL;
}

static void
end_scan(Scan *scan)
{
	table_endscan(scan->scan);
	UnregisterSnapshot(scan->snapshot);
	table_close(scan->rel, AccessShareLock);
}

static Datum
field(Scan *scan, const char *name, bool *isnull)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(scan->rel), name);

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.%s has no column \"%s\"",
						RelationGetRelationName(scan->rel), name)));
	return heap_getattr(scan->tuple, attnum, RelationGetDescr(scan->rel), isnull);
}

static char *
text_field(Scan *scan, const char *name)
{
	bool		isnull;
	Datum		datum = field(scan, name, &isnull);

	return isnull ? NULL : TextDatumGetCString(datum);
}

static bytea *
bytea_field(Scan *scan, const char *name)
{
	bool		isnull;
	Datum		datum = field(scan, name, &isnull);

	return isnull ? NULL : DatumGetByteaPCopy(datum);
}

static bool
is_of(Scan *scan, const char *place)
{
	char	   *text = text_field(scan, "place");

	return text && strcmp(text, place) == 0;
}

static int
version_field(Scan *scan)
{
	bool		isnull;
	Datum		datum = field(scan, "version", &isnull);

	return isnull ? -1 : DatumGetInt32(datum);
}

static JurKeyRow *
key_row(Scan *scan)
{
	JurKeyRow  *row = palloc0(sizeof(JurKeyRow));
	bool		isnull;
	Datum		datum;

	row->version = version_field(scan);
	row->state = text_field(scan, "state");
	row->custodian = text_field(scan, "custodian");
	row->destroyed_by = text_field(scan, "destroyed_by");
	datum = field(scan, "destroyed_at", &isnull);
	row->destroyed_at = isnull ? 0 : DatumGetTimestampTz(datum);
	return row;
}

JurKeyRow *
jur_read_key(const char *place, int version)
{
	JurKeyRow  *found = NULL;
	Scan		scan;

	if (!begin_scan(&scan, "key"))
		return NULL;
	while (next_row(&scan))
	{
		int			this = version_field(&scan);

		if (!is_of(&scan, place))
			continue;
		if (version >= 0 ? this == version :
			this > 0 && (found == NULL || this > found->version))
			found = key_row(&scan);
	}
	end_scan(&scan);
	return found;
}

JurMaterial *
jur_read_material(const char *place, int version)
{
	JurMaterial *found = NULL;
	Scan		scan;

	if (!begin_scan(&scan, "key_material"))
		return NULL;
	while (found == NULL && next_row(&scan))
	{
		if (version_field(&scan) != version || !is_of(&scan, place))
			continue;
		found = palloc0(sizeof(JurMaterial));
		found->kek = text_field(&scan, "kek");
		found->wrapped = bytea_field(&scan, "wrapped");
		found->check_value = bytea_field(&scan, "check_value");
	}
	end_scan(&scan);
	return found;
}

char *
jur_read_custodian(const char *place)
{
	char	   *uri = NULL;
	Scan		scan;

	if (!begin_scan(&scan, "custodian"))
		return NULL;
	while (uri == NULL && next_row(&scan))
		if (is_of(&scan, place))
			uri = text_field(&scan, "uri");
	end_scan(&scan);
	return uri;
}
