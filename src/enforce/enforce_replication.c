/*-------------------------------------------------------------------------
 *
 * enforce_replication.c
 *	  Idea: who copies the cluster, or streams its log, is named beforehand.
 *	  Hook: ClientAuthentication_hook.
 *
 * Base backups, standbys, pg_receivewal and logical replication read past
 * everything else, and their commands pass no hook.  What can be judged is
 * the connection: once any role of the cluster is tagged, a role needs the
 * tag "replicate to PLACES".  The tag is the officer's word on where the
 * copies go; it holds for the whole cluster, as role tags do.
 *
 * The hook runs before there is a database, but in a transaction in which
 * pg_shseclabel can be read: the server keeps that catalog ready for just
 * this.  On a standby it reads the primary's tags.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

/*
 * The server's build may use GSSAPI, whose headers few machines have.  Port
 * has the same layout without it, by the server's own design.
 */
#undef ENABLE_GSS
#undef ENABLE_SSPI
#include "libpq/auth.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "replication/walsender.h"
#include "utils/acl.h"

#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "evidence/evidence.h"

static ClientAuthentication_hook_type prev_authentication = NULL;

static bool
may_replicate(const char *name)
{
	bool		broken;
	const JurRoleTag *tag;

	/* nothing is tagged in a cluster without roles that may read it */
	if (IsBinaryUpgrade || !jur_any_role_tagged())
		return true;
	tag = jur_role_tag(get_role_oid(name, true), &broken);
	return tag && tag->nreplicates > 0;
}

static void
authenticate(Port *port, int status)
{
	if (prev_authentication)
		prev_authentication(port, status);
	/* who did not authenticate is not told anything */
	if (status != STATUS_OK || !am_walsender)
		return;
	if (!may_replicate(port->user_name))
	{
		jur_refused_guarded("replicate", port->user_name, "no tag \"replicate\"");
		ereport(FATAL,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("role \"%s\" may not open a replication connection", port->user_name),
				 errdetail("It could copy tagged tables, and its jurisdiction tag does not say where to."),
				 errhint("An officer may tag it: SECURITY LABEL FOR jurisdiction ON ROLE name IS 'replicate to PLACES'.")));
	}
	jur_recorded("replicate", port->user_name,
				 am_db_walsender ? "logical replication connection" :
				 "physical replication or base backup connection");
	jur_evidence_wait();
	/* the copy should know of which site it is one */
	if (!am_db_walsender)
		jur_note_site();
}

void
jur_enforce_replication_init(void)
{
	prev_authentication = ClientAuthentication_hook;
	ClientAuthentication_hook = authenticate;
}
