/*-------------------------------------------------------------------------
 *
 * expressions_alter.c
 *	  Idea: what ALTER TABLE would evaluate over every row of a tagged table is
 *	  judged command by command, before any of it is done.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/expressions.h"

/* a generated column's expression, as a value of the column's type */
static void
judge_generation(Oid closed, Oid relid, Node *raw, List *new_columns, Oid type, int32 typmod)
{
	Node	   *expr = jur_analyze(relid, raw, new_columns, EXPR_KIND_GENERATED_COLUMN);

	/* NULL: there is no such cast, as the server will say */
	expr = coerce_to_target_type(NULL, expr, exprType(expr), type, typmod,
								 COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	jur_judge_analyzed(closed, expr);
}

static void
judge_constraint(Oid closed, Oid relid, const Constraint *constraint, List *new_columns)
{
	ListCell   *lc;

	switch (constraint->contype)
	{
		case CONSTR_CHECK:
			jur_judge_expression(closed, relid, constraint->raw_expr, new_columns,
							 EXPR_KIND_CHECK_CONSTRAINT);
			break;
		case CONSTR_EXCLUSION:
			foreach(lc, constraint->exclusions)
			{
				IndexElem  *elem = linitial((List *) lfirst(lc));

				jur_judge_expression(closed, relid, elem->expr, new_columns,
								 EXPR_KIND_INDEX_EXPRESSION);
			}
			jur_judge_expression(closed, relid, constraint->where_clause, new_columns,
							 EXPR_KIND_INDEX_PREDICATE);
			break;
		default:
			break;
	}
}

/* a column's new type: its USING, or the cast that stands for it */
static void
judge_new_type(Oid closed, Oid relid, const AlterTableCmd *cmd)
{
	ColumnDef  *def = (ColumnDef *) cmd->def;
	AttrNumber	attnum = get_attnum(relid, cmd->name);
	Node	   *expr;
	Oid			type;
	int32		typmod;

	if (attnum == InvalidAttrNumber)
		return;
	typenameTypeIdAndMod(NULL, def->typeName, &type, &typmod);
	if (def->raw_default)
		expr = jur_analyze(relid, def->raw_default, NIL, EXPR_KIND_ALTER_COL_TRANSFORM);
	else
	{
		Oid			before;
		int32		before_typmod;
		Oid			collation;

		get_atttypetypmodcoll(relid, attnum, &before, &before_typmod, &collation);
		expr = (Node *) makeVar(1, attnum, before, before_typmod, collation, 0);
	}
	/* NULL: there is no such cast, as the server will say */
	expr = coerce_to_target_type(NULL, expr, exprType(expr), type, typmod,
								 COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	jur_judge_analyzed(closed, expr);
}

static void
judge_new_column(Oid closed, Oid relid, const ColumnDef *def, List *new_columns)
{
	Oid			type;
	int32		typmod;
	ListCell   *lc;

	foreach(lc, def->constraints)
	{
		const Constraint *constraint = lfirst(lc);

		if (constraint->contype != CONSTR_GENERATED)
		{
			judge_constraint(closed, relid, constraint, new_columns);
			continue;
		}
		typenameTypeIdAndMod(NULL, def->typeName, &type, &typmod);
		judge_generation(closed, relid, constraint->raw_expr, new_columns, type, typmod);
	}
	/* the table may be written anew, and its indexes built again */
	jur_judge_whole_table(relid);
}

static void
judge_new_generation(Oid closed, Oid relid, const AlterTableCmd *cmd, List *new_columns)
{
	AttrNumber	attnum = get_attnum(relid, cmd->name);
	Oid			type;
	int32		typmod;
	Oid			collation;

	if (attnum == InvalidAttrNumber)
		return;
	get_atttypetypmodcoll(relid, attnum, &type, &typmod, &collation);
	judge_generation(closed, relid, cmd->def, new_columns, type, typmod);
	jur_judge_whole_table(relid);
}

static void
judge_command(Oid closed, Oid relid, const AlterTableCmd *cmd, List *new_columns)
{
	if (jur_sets_expression(cmd))
		judge_new_generation(closed, relid, cmd, new_columns);
	switch (cmd->subtype)
	{
		case AT_AddColumn:
			judge_new_column(closed, relid, (ColumnDef *) cmd->def, new_columns);
			break;
		case AT_AddConstraint:
			judge_constraint(closed, relid, (Constraint *) cmd->def, new_columns);
			break;
		case AT_AlterColumnType:
			judge_new_type(closed, relid, cmd);
			jur_judge_whole_table(relid);
			break;
		case AT_ValidateConstraint:
		case AT_SetLogged:
		case AT_SetUnLogged:
		case AT_SetAccessMethod:
		case AT_AttachPartition:
			jur_judge_whole_table(relid);
			break;
		default:
			break;
	}
}

/*
 * USING may copy one column into another: a raised one would lose its raise.
 * That is to loosen its tag, whoever may read it.
 */
static void
judge_copied_raise(Oid relid, const AlterTableCmd *cmd)
{
	const JurTagged *tagged = jur_tags_of(relid);
	Node	   *using = cmd->subtype == AT_AlterColumnType ?
		((ColumnDef *) cmd->def)->raw_default : NULL;
	Bitmapset  *copied = NULL;
	int			i;

	if (using == NULL || tagged->ncolumns == 0 || jur_internal_ddl ||
		jur_is_restoring() || jur_is_officer() ||
		!jur_owns_relation(relid, GetUserId()))
		return;
	pull_varattnos(jur_analyze(relid, using, NIL, EXPR_KIND_ALTER_COL_TRANSFORM), 1, &copied);
	for (i = 0; i < tagged->ncolumns; i++)
	{
		AttrNumber	attnum = tagged->columns[i].attnum;
		char	   *name = get_attname(relid, attnum, false);

		if (attnum == get_attnum(relid, cmd->name) ||
			(!bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, copied) &&
			 !bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, copied)) ||
			!jur_refused("write", relid, psprintf("column %s copied", quote_identifier(name))))
			continue;
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("column \"%s\" of tagged table %s may not be copied into column \"%s\"",
						name, jur_relation_name(relid), cmd->name),
				 errdetail("Its tag would not go with it."),
				 errhint("Ask an officer.")));
	}
}

void
jur_judge_alter_table(AlterTableStmt *stmt)
{
	Oid			relid = jur_relation_of(stmt->relation);
	Oid			closed = jur_closed_table(relid);
	List	   *new_columns;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
		if (OidIsValid(relid))
			judge_copied_raise(relid, lfirst(lc));
	if (!OidIsValid(closed))
		return;
	new_columns = jur_new_columns_of(stmt);
	foreach(lc, stmt->cmds)
		judge_command(closed, relid, lfirst(lc), new_columns);
}
