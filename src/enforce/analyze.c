/*-------------------------------------------------------------------------
 *
 * analyze.c
 *	  Idea: an expression in a command that has yet to run, as the command will
 *	  see it.
 *
 * What DDL evaluates is judged before it does, when the command is still raw:
 * columns that it adds or retypes are not there yet, and stand for something
 * of their type.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parse_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "enforce/enforce_internal.h"

/* what the parser sees instead of such a column: something of its type */
static Node *
stand_for_new_column(ParseState *pstate, ColumnRef *ref)
{
	ListCell   *lc;

	foreach(lc, (List *) pstate->p_ref_hook_state)
	{
		JurNewColumn *column = lfirst(lc);

		if (IsA(llast(ref->fields), String) &&
			strcmp(strVal(llast(ref->fields)), column->name) == 0)
			return (Node *) makeNullConst(column->type, -1, get_typcollation(column->type));
	}
	return NULL;
}

/* EXPR as the command will see it; the parser's own errors may come of it */
Node *
jur_analyze(Oid relid, Node *expr, List *new_columns, ParseExprKind kind)
{
	ParseState *pstate = make_parsestate(NULL);
	Relation	rel;
	Node	   *result;

	if (expr == NULL)
		return NULL;
	pstate->p_pre_columnref_hook = stand_for_new_column;
	pstate->p_ref_hook_state = new_columns;
	if (!OidIsValid(relid))
		return transformExpr(pstate, copyObject(expr), kind);
	rel = relation_open(relid, AccessShareLock);
	addNSItemToQuery(pstate,
					 addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
												   NULL, false, true),
					 false, true, true);
	result = transformExpr(pstate, copyObject(expr), kind);
	relation_close(rel, AccessShareLock);
	free_parsestate(pstate);
	return result;
}

static void
add_new_column(List **columns, const char *name, TypeName *type)
{
	JurNewColumn *column = palloc(sizeof(JurNewColumn));
	Type		tuple = type ? LookupTypeName(NULL, type, NULL, true) : NULL;

	/* "serial" and its like are no types yet, but will be numbers */
	column->name = name;
	column->type = tuple ? typeTypeId(tuple) : INT8OID;
	if (tuple)
		ReleaseSysCache(tuple);
	*columns = lappend(*columns, column);
}

List *
jur_new_columns_of(const AlterTableStmt *stmt)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst(lc);

		if (cmd->subtype == AT_AddColumn)
			add_new_column(&columns, ((ColumnDef *) cmd->def)->colname,
						   ((ColumnDef *) cmd->def)->typeName);
		if (cmd->subtype == AT_AlterColumnType)
			add_new_column(&columns, cmd->name, ((ColumnDef *) cmd->def)->typeName);
	}
	return columns;
}
