/*-------------------------------------------------------------------------
 *
 * column_mask.c
 *	  Idea: the expressions that stand in for a value and for the check of a
 *	  new one: a condition that asks row by row, and what is shown else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "enforce/columns.h"
#include "enforce/enforce_internal.h"

static Const *
column_number(AttrNumber attnum)
{
	return makeConst(INT2OID, -1, InvalidOid, sizeof(int16), Int16GetDatum(attnum),
					 false, true);
}

static Const *
table_oid(Oid relid)
{
	return makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
					 ObjectIdGetDatum(relid), false, true);
}

static Const *
number(int value)
{
	return makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(value),
					 false, true);
}

static Expr *
call(const char *function, Oid result, List *args, Oid collation)
{
	return (Expr *) makeFuncExpr(jur_function_oid(function), result, args,
								 collation, collation, COERCE_EXPLICIT_CALL);
}

/* seen as another type of the same bytes, which every mask's types are */
static Expr *
seen_as(Expr *expr, Oid type, int32 typmod, Oid collation)
{
	if (exprType((Node *) expr) == type)
		return expr;
	return (Expr *) makeRelabelType(expr, type, typmod, collation,
									COERCE_IMPLICIT_CAST);
}

/* what is shown instead of VALUE in a row labelled LABEL */
static Expr *
stand_in(const JurColumnTag *tag, Var *value, Oid relid, Expr *label)
{
	Expr	   *text = seen_as((Expr *) copyObject(value), TEXTOID, -1, value->varcollid);
	Expr	   *mask = NULL;
	Oid			base = getBaseType(value->vartype);

	switch (tag->mask)
	{
		case JUR_MASK_NULL:
			break;
		case JUR_MASK_PARTIAL:
			mask = call("mask_partial", TEXTOID,
						list_make3(text, number(tag->prefix), number(tag->suffix)),
						value->varcollid);
			break;
		case JUR_MASK_HASH:
			mask = call("mask_hash", TEXTOID, list_make1(text), value->varcollid);
			/* the form by which mask.c knows its caller */
			((FuncExpr *) mask)->funcformat = COERCE_SQL_SYNTAX;
			break;
		case JUR_MASK_REDACT:
			mask = call("mask_redact", TEXTOID, list_make1(text), value->varcollid);
			break;
		case JUR_MASK_YEAR:
			mask = call(base == DATEOID ? "mask_year_date" :
						base == TIMESTAMPOID ? "mask_year_timestamp" :
						"mask_year_timestamptz", base,
						list_make1(seen_as((Expr *) copyObject(value), base, -1, InvalidOid)),
						InvalidOid);
			break;
		case JUR_MASK_REFUSE:
			{
				/* CASE WHEN column_denied() THEN NULL: the call never returns */
				CaseWhen   *when = makeNode(CaseWhen);
				CaseExpr   *denied = makeNode(CaseExpr);

				when->expr = call("column_denied", BOOLOID,
								  list_make3(copyObject(label), table_oid(relid),
											 column_number(tag->attnum)),
								  InvalidOid);
				when->result = (Expr *) makeNullConst(value->vartype, value->vartypmod,
													  value->varcollid);
				when->location = -1;
				denied->casetype = value->vartype;
				denied->casecollid = value->varcollid;
				denied->args = list_make1(when);
				denied->defresult = (Expr *) makeNullConst(value->vartype, value->vartypmod,
														   value->varcollid);
				denied->location = -1;
				return (Expr *) denied;
			}
	}
	if (mask == NULL)
		return (Expr *) makeNullConst(value->vartype, value->vartypmod, value->varcollid);
	return seen_as(mask, value->vartype, value->vartypmod, value->varcollid);
}

/*
 * The label of the row that VALUE is of; RETURNING may have two versions of it.
 * VALUE: NULL where there is one.
 */
static Expr *
row_label(const JurTagged *tagged, Index relation, Index levels_up, const Var *value)
{
	JurLabel	unrestricted = {0, NULL};

	if (tagged->row_attnum != 0)
	{
		Var		   *label = makeVar(relation, tagged->row_attnum, jur_label_type_oid(), -1,
									InvalidOid, levels_up);

		if (value)
			jur_same_returning(label, value);
		return (Expr *) label;
	}
	return (Expr *) makeConst(jur_label_type_oid(), -1, InvalidOid, -1,
							  jur_label_datum(&unrestricted), false, false);
}

/* CASE WHEN the value is visible THEN it ELSE what TAG says */
Expr *
jur_masked(const JurTagged *tagged, const JurColumnTag *tag, Var *value,
	   Index relation, Index levels_up, bool is_target)
{
	CaseExpr   *result = makeNode(CaseExpr);
	CaseWhen   *when = makeNode(CaseWhen);
	Expr	   *label = row_label(tagged, relation, levels_up, value);

	when->expr = call(is_target ? "target_column_visible" : "column_visible", BOOLOID,
					  list_make3(label, table_oid(tagged->relid),
								 column_number(tag->attnum)),
					  InvalidOid);
	when->result = (Expr *) value;
	when->location = -1;
	result->casetype = value->vartype;
	result->casecollid = value->varcollid;
	result->args = list_make1(when);
	result->defresult = stand_in(tag, value, tagged->relid, label);
	result->location = -1;
	return (Expr *) result;
}

/* the check of a new row's value: its label must be one the session may read */
WithCheckOption *
jur_value_check(const JurTagged *tagged, const JurColumnTag *tag, Index relation, WCOKind kind)
{
	WithCheckOption *check = makeNode(WithCheckOption);

	check->kind = kind;
	check->relname = pstrdup(get_rel_name(tagged->relid));
	check->polname = pstrdup("jurisdiction");
	check->qual = (Node *) call("column_writable", BOOLOID,
								list_make3(row_label(tagged, relation, 0, NULL),
										   table_oid(tagged->relid),
										   column_number(tag->attnum)), InvalidOid);
	check->cascaded = false;
	return check;
}
