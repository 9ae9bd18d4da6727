/*-------------------------------------------------------------------------
 *
 * columns.h
 *	  Knows: what the files that mask columns share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_COLUMNS_H
#define JUR_COLUMNS_H

#include "nodes/parsenodes.h"

#include "base/compat.h"
#include "store/store.h"

/* enforce_columns.c: the tag of a column, or NULL */
extern const JurColumnTag *jur_column_tag(const JurTagged *tagged, AttrNumber attnum);
/* is it among COLUMNS (numbered as in permissions), by name or by the whole row? */
extern bool jur_column_is_read(const Bitmapset *columns, AttrNumber attnum);

/*
 * column_mask.c: CASE WHEN the value is visible THEN it ELSE what TAG says.
 * VALUE is used, not copied; IS_TARGET: of the rows that the statement writes.
 */
extern Expr *jur_masked(const JurTagged *tagged, const JurColumnTag *tag, Var *value,
						Index relation, Index levels_up, bool is_target);
/* the check of a new row's value: its label must be one the session may read */
extern WithCheckOption *jur_value_check(const JurTagged *tagged, const JurColumnTag *tag,
										Index relation, WCOKind kind);

/* column_subquery.c: RTE, number INDEX of QUERY, by one of two ways */
extern void jur_replace_by_subquery(Query *query, RangeTblEntry *rte, Index index);
extern void jur_mask_in_place(Query *query, RangeTblEntry *rte, Index index);

/* column_target.c: the relation that QUERY writes; what policies on RTE test */
extern void jur_guard_target(Query *query, RangeTblEntry *rte);
extern void jur_mask_policies(Query *query, RangeTblEntry *rte, Index index);

#endif							/* JUR_COLUMNS_H */
