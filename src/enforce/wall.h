/*-------------------------------------------------------------------------
 *
 * wall.h
 *	  What the wall's files share: wall.c asks, for each relation of a plan.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_WALL_H
#define JUR_WALL_H

#include "base/compat.h"

#define ACL_WRITE (ACL_INSERT | ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE)

/*
 * wall_policy.c: 42501 unless the session may do what REQUIRED says, to a
 * catalog or to a table of policy.
 */
extern void jur_wall_judge_catalog(Oid relid, AclMode required, const JurPerms *perms);
extern void jur_wall_judge_policy(Oid relid, AclMode required, const JurPerms *perms);
/* role tags hold in every database: so does the guard of their catalogs */
extern void jur_wall_judge_shared_catalogs(JUR_CHECK_PERMS_PARAMS);

#endif							/* JUR_WALL_H */
