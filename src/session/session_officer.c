/*-------------------------------------------------------------------------
 *
 * session_officer.c
 *	  Idea: who may act as officer, and which exemptions hold.
 *
 * Until a role is tagged "officer", superusers stand in.  From then on they
 * never do again: a file outside the tables remembers it, so that deleting
 * the tags does not bring back the superuser's word.  In single-user mode a
 * superuser may: that is the recovery when every officer is lost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/htup_details.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "session/session.h"
#include "session/session_internal.h"

#define LATCH_DIRECTORY "pg_jurisdiction"
#define LATCH_FILE LATCH_DIRECTORY "/officers"

static bool is_latched = false;
static bool latch_at_commit = false;

/*
 * Failing to write the file is logged, not raised: the officer's tag is
 * committed already, and whoever sees the tag next tries again.
 */
static void
write_latch(void)
{
	int			fd;

	is_latched = true;
	if (access(LATCH_FILE, F_OK) == 0)
		return;
	if (mkdir(LATCH_DIRECTORY, S_IRWXU) < 0 && errno != EEXIST)
	{
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not create directory \"%s\": %m", LATCH_DIRECTORY)));
		return;
	}
	fd = open(LATCH_FILE, O_WRONLY | O_CREAT, S_IRUSR | S_IWUSR);
	if (fd < 0 || pg_fsync(fd) < 0)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", LATCH_FILE)));
	if (fd >= 0)
		close(fd);
	fsync_fname(LATCH_DIRECTORY, true);
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			if (latch_at_commit)
				write_latch();
			latch_at_commit = false;
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			latch_at_commit = false;
			break;
		default:
			break;
	}
}

void
jur_officer_appointed(void)
{
	static bool registered = false;

	if (!registered)
		RegisterXactCallback(at_end_of_transaction, NULL);
	registered = true;
	latch_at_commit = true;
}

bool
jur_is_latched(void)
{
	if (!is_latched && access(LATCH_FILE, F_OK) == 0)
		is_latched = true;
	/* a tag of a transaction still open latches nothing that can roll back */
	if (!is_latched && !latch_at_commit && jur_any_officer())
		write_latch();
	return is_latched || latch_at_commit;
}

static bool
superuser_stands_in(void)
{
	if (!superuser_arg(GetSessionUserId()) || !superuser_arg(GetOuterUserId()))
		return false;
	return !IsUnderPostmaster || !jur_is_latched();
}

bool
jur_is_officer(void)
{
	bool		broken;
	const JurRoleTag *tag = jur_role_tag(GetSessionUserId(), &broken);

	return (tag && tag->is_officer) || superuser_stands_in();
}

void
jur_require_officer(const char *what)
{
	if (jur_is_officer())
		return;
	if (jur_is_latched() && !jur_any_officer())
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("must be officer to %s, and this cluster has no officer left", what),
				 errdetail("Officers were appointed before; since then superusers do not stand in."),
				 errhint("Start the server in single-user mode and tag a role \"officer\" there.")));
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("must be officer to %s", what),
			 jur_is_latched() ?
			 errhint("The session user must be a role tagged \"officer\".") :
			 errhint("Until a role is tagged \"officer\", superusers stand in.")));
}

/* ---------------------------------------------------------------- exemptions */

static Datum
column(HeapTuple tuple, Relation rel, const char *name, bool *isnull)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);

	if (attnum == InvalidAttrNumber)
		elog(ERROR, "column %s of jurisdiction.exemption is missing", name);
	return heap_getattr(tuple, attnum, RelationGetDescr(rel), isnull);
}

/* one row as an exemption, or NULL if it is another role's or has ended */
static JurExemption *
exemption_of(HeapTuple tuple, Relation rel, const char *role, TimestampTz moment)
{
	JurExemption *exemption = palloc0(sizeof(JurExemption));
	Datum		datum;
	bool		isnull;

	datum = column(tuple, rel, "role_name", &isnull);
	if (isnull || strcmp(TextDatumGetCString(datum), role) != 0)
		return NULL;
	datum = column(tuple, rel, "until", &isnull);
	exemption->until = isnull ? DT_NOEND : DatumGetTimestampTz(datum);
	if (exemption->until <= moment)
		return NULL;
	datum = column(tuple, rel, "kind", &isnull);
	if (isnull)
		return NULL;
	exemption->kind = TextDatumGetCString(datum);
	datum = column(tuple, rel, "basis", &isnull);
	exemption->basis = isnull ? "" : TextDatumGetCString(datum);
	datum = column(tuple, rel, "scope", &isnull);
	if (!isnull)
		exemption->scope = jur_label_of_datum(datum);
	return exemption;
}

List *
jur_read_exemptions(const char *role, TimestampTz moment)
{
	Oid			relid = jur_table_oid("exemption");
	List	   *exemptions = NIL;
	Relation	rel;
	Snapshot	snapshot;
	TableScanDesc scan;
	HeapTuple	tuple;

	/* while our own install script runs there is no such table yet */
	if (!OidIsValid(relid))
		return NIL;
	rel = table_open(relid, AccessShareLock);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = table_beginscan(rel, snapshot, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		JurExemption *exemption = exemption_of(tuple, rel, role, moment);

		if (exemption)
			exemptions = lappend(exemptions, exemption);
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return exemptions;
}

const char *
jur_exemption_for(const char *kind, const JurLabel *label)
{
	ListCell   *lc;

	foreach(lc, jur_subject_exemptions())
	{
		JurExemption *exemption = lfirst(lc);

		if (strcmp(exemption->kind, kind) == 0 &&
			(exemption->scope == NULL ||
			 (label && jur_label_flows(label, exemption->scope))))
			return exemption->basis;
	}
	return NULL;
}

const char *
jur_exemption(const char *kind)
{
	return jur_exemption_for(kind, NULL);
}
