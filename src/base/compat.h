/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Idea: what differs between PostgreSQL 15 and 18, and nothing else.
 *
 * The only file that may test PG_VERSION_NUM.  Code is written for the newest
 * server; this file makes the older one look like it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_COMPAT_H
#define JUR_COMPAT_H

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "parser/parse_relation.h"
#include "storage/proc.h"
#include "utils/acl.h"

#if PG_VERSION_NUM < 150000
#error "jurisdiction needs PostgreSQL 15 or later"
#endif

/* PG 16: permissions moved from range table entries to entries of their own */
#if PG_VERSION_NUM >= 160000
#define JUR_CHECK_PERMS_PARAMS	List *rtes, List *perminfos, bool raise
#define JUR_CHECK_PERMS_ARGS	rtes, perminfos, raise
#define JurPerms				RTEPermissionInfo
#define jur_rte_perms(rte) \
	((rte)->perminfoindex > 0 ? getRTEPermissionInfo(perminfos, (rte)) : NULL)
#else
#define JUR_CHECK_PERMS_PARAMS	List *rtes, bool raise
#define JUR_CHECK_PERMS_ARGS	rtes, raise
#define JurPerms				RangeTblEntry
#define jur_rte_perms(rte)		(rte)
#endif

/* PG 16: pg_class_ownercheck and its kin became object_ownercheck */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_database.h"
#include "catalog/pg_proc.h"
#define jur_owns_relation(relid, roleid) \
	object_ownercheck(RelationRelationId, (relid), (roleid))
#define jur_owns_database(dbid, roleid) \
	object_ownercheck(DatabaseRelationId, (dbid), (roleid))
#else
#define jur_owns_relation(relid, roleid)	pg_class_ownercheck((relid), (roleid))
#define jur_owns_database(dbid, roleid)	pg_database_ownercheck((dbid), (roleid))
#endif

/* PG 17: MAINTAIN lets others than the owner evaluate what a table has */
#if PG_VERSION_NUM >= 170000
#define jur_is_maintainer(relid, roleid) \
	(pg_class_aclcheck((relid), (roleid), ACL_MAINTAIN) == ACLCHECK_OK)
#else
#define jur_is_maintainer(relid, roleid)	false
#endif

/* PG 17: MyProc->pgprocno became a function of the pointer */
#if PG_VERSION_NUM >= 170000
#define jur_proc_number(proc)	GetNumberFromPGProc(proc)
#else
#define jur_proc_number(proc)	((proc)->pgprocno)
#endif

/* PG 17: MaxBackends slots grew a name; auxiliary processes come after them */
#define JUR_MAX_PROCS			(MaxBackends + NUM_AUXILIARY_PROCS + max_prepared_xacts)

/* PG 16: INHERIT became a property of the membership, not of the member */
#if PG_VERSION_NUM >= 160000
#define JUR_MEMBERSHIP_INHERITS(authmem, member_inherits)	((authmem)->inherit_option)
#else
#define JUR_MEMBERSHIP_INHERITS(authmem, member_inherits)	(member_inherits)
#endif

/* PG 16: the query id is computed elsewhere */
#if PG_VERSION_NUM >= 160000
#include "nodes/queryjumble.h"
#else
#include "utils/queryjumble.h"
#endif

/* PG 16: what a check hook hands on comes from the settings' own memory */
#if PG_VERSION_NUM >= 160000
#define jur_guc_malloc(size)	guc_malloc(LOG, (size))
#else
#define jur_guc_malloc(size)	malloc(size)
#endif

/* PG 16: local backend entries are found by index; PG 17: processes know their kind */
#if PG_VERSION_NUM >= 160000
#define jur_local_beentry(number)	pgstat_get_local_beentry_by_index(number)
#else
#define jur_local_beentry(number)	pgstat_fetch_stat_local_beentry(number)
#endif
#if PG_VERSION_NUM >= 170000
#define jur_is_autovacuum()		AmAutoVacuumWorkerProcess()
#else
#define jur_is_autovacuum()		IsAutoVacuumWorkerProcess()
#endif

/* PG 18: ExecutorRun lost execute_once */
#if PG_VERSION_NUM >= 180000
#define JUR_EXECUTOR_RUN_PARAMS	QueryDesc *query, ScanDirection direction, uint64 count
#define JUR_EXECUTOR_RUN_ARGS	query, direction, count
#else
#define JUR_EXECUTOR_RUN_PARAMS	QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define JUR_EXECUTOR_RUN_ARGS	query, direction, count, execute_once
#endif

/* one name for ProcessUtility's arguments; the same from 15 to 18 */
#define JUR_UTILITY_PARAMS \
	PlannedStmt *pstmt, const char *queryString, bool readOnlyTree, \
	ProcessUtilityContext context, ParamListInfo params, \
	QueryEnvironment *queryEnv, DestReceiver *dest, QueryCompletion *qc
#define JUR_UTILITY_ARGS \
	pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc

/* PG 16: the permission check at the head of COPY has another name */
#if PG_VERSION_NUM >= 160000
#define jur_check_copy_permissions(pstate) \
	ExecCheckPermissions((pstate)->p_rtable, (pstate)->p_rteperminfos, true)
#define jur_nsitem_perms(nsitem)	((nsitem)->p_perminfo)
#else
#define jur_check_copy_permissions(pstate) \
	ExecCheckRTPerms((pstate)->p_rtable, true)
#define jur_nsitem_perms(nsitem)	((nsitem)->p_rte)
#endif

/* PG 18: index_beginscan wants to know who counts the searches */
#if PG_VERSION_NUM >= 180000
#define jur_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, NULL, nkeys, 0)
#else
#define jur_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, nkeys, 0)
#endif

/* PG 16: a query's own permission entries move with a relation moved below it */
#if PG_VERSION_NUM >= 160000
#define jur_query_perms(query, rte) \
	((rte)->perminfoindex > 0 ? \
	 getRTEPermissionInfo((query)->rteperminfos, (rte)) : NULL)
#define jur_move_perms(query, rte, subquery, inner) \
	do { \
		(subquery)->rteperminfos = \
			list_make1(copyObject(getRTEPermissionInfo((query)->rteperminfos, (rte)))); \
		(inner)->perminfoindex = 1; \
	} while (0)
#define jur_clear_perms(rte)	((rte)->perminfoindex = 0)
#define jur_plan_perms(plan, rte) \
	((rte)->perminfoindex > 0 ? \
	 getRTEPermissionInfo((plan)->permInfos, (rte)) : NULL)
#else
#define jur_plan_perms(plan, rte)	(rte)
#define jur_query_perms(query, rte)	(rte)
#define jur_move_perms(query, rte, subquery, inner)	((void) 0)
#define jur_clear_perms(rte) \
	do { \
		(rte)->requiredPerms = 0; \
		(rte)->checkAsUser = InvalidOid; \
		(rte)->selectedCols = NULL; \
		(rte)->insertedCols = NULL; \
		(rte)->updatedCols = NULL; \
		(rte)->extraUpdatedCols = NULL; \
	} while (0)
#endif

/* PG 17: MERGE's ON is no part of the join tree any more */
#if PG_VERSION_NUM >= 170000
#define jur_map_merge_condition(query, function, context) \
	((query)->mergeJoinCondition = function((query)->mergeJoinCondition, (context)))
#else
#define jur_map_merge_condition(query, function, context)	((void) 0)
#endif

/* PG 18: RETURNING has the row as it was and as it is: TO is of the same as FROM */
#if PG_VERSION_NUM >= 180000
#define jur_same_returning(to, from)	((to)->varreturningtype = (from)->varreturningtype)
#else
#define jur_same_returning(to, from)	((void) 0)
#endif

/* PG 17: ALTER COLUMN ... SET EXPRESSION computes a generated column anew */
#if PG_VERSION_NUM >= 170000
#define jur_sets_expression(cmd)	((cmd)->subtype == AT_SetExpression)
#else
#define jur_sets_expression(cmd)	false
#endif

/* PG 18: a constraint that was NOT ENFORCED is asked of all rows when it becomes so */
#if PG_VERSION_NUM >= 180000
#define jur_enforces_constraint(cmd) \
	((cmd)->subtype == AT_AlterConstraint && \
	 castNode(ATAlterConstraint, (cmd)->def)->alterEnforceability && \
	 castNode(ATAlterConstraint, (cmd)->def)->is_enforced)
#else
#define jur_enforces_constraint(cmd)	false
#endif

/* PG 18: a key WITHOUT OVERLAPS is an exclusion constraint */
#if PG_VERSION_NUM >= 180000
#define jur_excludes_overlaps(constraint)	((constraint)->without_overlaps)
#else
#define jur_excludes_overlaps(constraint)	false
#endif

/* PG 18: NOT NULL is a constraint with a name, and may not be valid yet */
#if PG_VERSION_NUM >= 180000
#define JUR_COLUMN_HAS_NO_NULLS(desc, attnum) \
	(TupleDescCompactAttr((desc), (attnum) - 1)->attnullability == ATTNULLABLE_VALID)
#else
#define JUR_COLUMN_HAS_NO_NULLS(desc, attnum) \
	(TupleDescAttr((desc), (attnum) - 1)->attnotnull)
#endif

#if PG_VERSION_NUM >= 180000
static inline bool
jur_is_not_null_constraint(Oid relid, AttrNumber attnum, const char *name)
{
	HeapTuple	tuple = findNotNullConstraintAttnum(relid, attnum);

	return HeapTupleIsValid(tuple) && name &&
		strcmp(NameStr(((Form_pg_constraint) GETSTRUCT(tuple))->conname), name) == 0;
}
#else
#define jur_is_not_null_constraint(relid, attnum, name)	false
#endif

/* PG 16: json from values of any type; PG 17: values of any type from json */
#if PG_VERSION_NUM >= 160000
#define jur_json_made_of(node) \
	(IsA(node, JsonConstructorExpr) ? ((JsonConstructorExpr *) (node))->args : NIL)
#else
#define jur_json_made_of(node)	NIL
#endif
#if PG_VERSION_NUM >= 170000
#define jur_queries_json(node)	IsA(node, JsonExpr)
#else
#define jur_queries_json(node)	false
#endif

/* PG 16: values of a type that is named in text, whose domain's CHECKs run */
#if PG_VERSION_NUM >= 160000
#define jur_makes_named_type(function) \
	((function) == F_PG_INPUT_IS_VALID || (function) == F_PG_INPUT_ERROR_INFO)
#else
#define jur_makes_named_type(function)	false
#endif

/* PG 16: reads and hits of blocks are counted by kind of process; PG 18: of each */
#if PG_VERSION_NUM >= 180000
#define jur_counts_io(function) \
	((function) == F_PG_STAT_GET_IO || (function) == F_PG_STAT_GET_BACKEND_IO)
#elif PG_VERSION_NUM >= 160000
#define jur_counts_io(function)	((function) == F_PG_STAT_GET_IO)
#else
#define jur_counts_io(function)	false
#endif

/* PG 18: extensions' scripts are sought along a setting */
#if PG_VERSION_NUM >= 180000
#define jur_extensions_are_installed()	(strcmp(Extension_control_path, "$system") == 0)
#else
#define jur_extensions_are_installed()	true
#endif

/* PG 18: a CHECK may be declared NOT ENFORCED, and then proves nothing */
#if PG_VERSION_NUM >= 180000
#define JUR_CHECK_IS_ENFORCED(check)	((check)->ccenforced)
#else
#define JUR_CHECK_IS_ENFORCED(check)	true
#endif

/* PG 17: a foreign path also names its clauses; PG 18: and counts disabled nodes */
#if PG_VERSION_NUM >= 180000
#define jur_create_foreignscan_path(root, rel, rows, startup, total, keys, outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, 0, startup, total, keys, outer, NULL, NIL, private)
#elif PG_VERSION_NUM >= 170000
#define jur_create_foreignscan_path(root, rel, rows, startup, total, keys, outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, keys, outer, NULL, NIL, private)
#else
#define jur_create_foreignscan_path(root, rel, rows, startup, total, keys, outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, keys, outer, NULL, private)
#endif

/* PG 18: what base64 encodes is no text */
#if PG_VERSION_NUM >= 180000
#define jur_b64_bytes(bytes)	((uint8 *) (bytes))
#else
#define jur_b64_bytes(bytes)	((char *) (bytes))
#endif

/* PG 18: the direction of a path key is no longer a btree strategy */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#define jur_pathkey_is_descending(key)	((key)->pk_cmptype == COMPARE_GT)
#else
#define jur_pathkey_is_descending(key)	((key)->pk_strategy == BTGreaterStrategyNumber)
#endif

#endif							/* JUR_COMPAT_H */
