/*-------------------------------------------------------------------------
 *
 * expressions.h
 *	  Knows: over whose rows a command evaluates an expression, and whether
 *	  the session may have it do so.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_EXPRESSIONS_H
#define JUR_EXPRESSIONS_H

#include "nodes/parsenodes.h"
#include "parser/parse_node.h"

/* the relation of that name, or InvalidOid */
extern Oid	jur_relation_of(RangeVar *name);
/*
 * Of RELID and its children, a tagged one that is not open to the session;
 * InvalidOid: it may have evaluated what it likes.
 */
extern Oid	jur_closed_table(Oid relid);
/* 42501 if EXPR runs code of users over the rows of CLOSED */
extern void jur_judge_analyzed(Oid closed, Node *expr);
/* the same of one as it was written, about RELID with columns yet to come */
extern void jur_judge_expression(Oid closed, Oid relid, Node *expr, List *new_columns,
								 ParseExprKind kind);
/* and of all that the table evaluates already */
extern void jur_judge_whole_table(Oid relid);

/* expressions_alter.c */
extern void jur_judge_alter_table(AlterTableStmt *stmt);

#endif							/* JUR_EXPRESSIONS_H */
