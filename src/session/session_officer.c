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
#include <unistd.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "common/file_perm.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "session/session_internal.h"

#define LATCH_DIRECTORY "pg_jurisdiction"
#define LATCH_FILE LATCH_DIRECTORY "/officers"

static bool is_latched = false;

/* an officer's tag was set in this transaction */
static bool is_appointing = false;

/*
 * Runs after a commit, where nothing may be raised: a file that cannot be
 * written is logged, and whoever sees the officer's tag next tries again.
 */
static void
write_latch(void)
{
	int			fd;

	is_latched = true;
	if (access(LATCH_FILE, F_OK) == 0)
		return;
	if (MakePGDirectory(LATCH_DIRECTORY) < 0 && errno != EEXIST)
	{
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not create directory \"%s\": %m", LATCH_DIRECTORY)));
		return;
	}
	fd = BasicOpenFile(LATCH_FILE, O_WRONLY | O_CREAT | PG_BINARY);
	if (fd < 0 || pg_fsync(fd) < 0)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", LATCH_FILE)));
	if (fd >= 0)
		close(fd);
	(void) fsync_fname_ext(LATCH_DIRECTORY, true, false, LOG);
	(void) fsync_fname_ext(".", true, false, LOG);
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:

			/*
			 * The tag may have been rolled back to a savepoint; or be of the
			 * last command, whose effects are not visible yet.
			 */
			if (is_appointing)
			{
				CommandCounterIncrement();
				is_appointing = jur_any_officer();
			}
			break;
		case XACT_EVENT_COMMIT:
			if (is_appointing)
				write_latch();
			is_appointing = false;
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			is_appointing = false;
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
	is_appointing = true;
}

bool
jur_is_latched(void)
{
	if (is_latched)
		return true;
	if (access(LATCH_FILE, F_OK) == 0)
		is_latched = true;
	else if (jur_any_officer())
	{
		/* a tag that may still roll back latches this transaction only */
		if (is_appointing)
			return true;
		write_latch();
	}
	return is_latched;
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

bool
jur_is_auditor(void)
{
	bool		broken;
	const JurRoleTag *tag = jur_role_tag(GetSessionUserId(), &broken);

	return (tag && tag->is_auditor) || jur_is_officer();
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

/* -------------------------------------------------------------- exemptions */

/* a missing column is a table that has been altered, and no exemption */
static Datum
column(HeapTuple tuple, Relation rel, const char *name, bool *isnull)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("column \"%s\" of jurisdiction.exemption is missing", name),
				 errhint("The extension's tables have been altered; install it again.")));
	return heap_getattr(tuple, attnum, RelationGetDescr(rel), isnull);
}

/* one row as an exemption, or NULL if it is another role's or has ended */
static JurExemption *
exemption_of(HeapTuple tuple, Relation rel, const char *role,
			 TimestampTz moment)
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

/*
 * Read as the server reads its catalogs: with a snapshot that sees what is
 * committed, also in a parallel worker, and that is not the transaction's.
 */
List *
jur_read_exemptions(const char *role, TimestampTz moment)
{
	Oid			relid = jur_table_oid("exemption");
	List	   *exemptions = NIL;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;

	/* while our own install script runs there is no such table yet */
	if (!OidIsValid(relid))
		return NIL;
	rel = table_open(relid, AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		JurExemption *exemption = exemption_of(tuple, rel, role, moment);

		if (exemption)
			exemptions = lappend(exemptions, exemption);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return exemptions;
}

const char *
jur_exemption_for(const char *kind, const JurLabel *label)
{
	ListCell   *lc;

	foreach(lc, jur_known()->exemptions)
	{
		JurExemption *exemption = lfirst(lc);

		if (strcmp(exemption->kind, kind) == 0 &&
			(exemption->scope == NULL ||
			 (label && jur_label_flows(label, exemption->scope))))
			return exemption->basis;
	}
	return NULL;
}
