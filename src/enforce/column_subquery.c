/*-------------------------------------------------------------------------
 *
 * column_subquery.c
 *	  Idea: a relation with masked columns becomes a subquery that selects
 *	  the masks in their stead, or is masked where it stands.
 *
 * The planner pulls the subquery up again.  The relation inside is marked; what
 * the wall finds unmarked it refuses.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/heap.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "enforce/columns.h"
#include "enforce/enforce_internal.h"

/* ---------------------------------------------- system columns and whole rows */

typedef struct SystemColumns
{
	Index		relation;
	int			levels_up;
	int			next;			/* column number in the subquery */
	AttrNumber	numbers[-FirstLowInvalidHeapAttributeNumber];
	List	   *order;			/* attribute numbers, in order of appearance */
} SystemColumns;

/*
 * References to system columns become references to columns of the subquery,
 * and so do those to whole rows: the subquery's own row is a record, of what
 * it has beside the relation's columns too.
 */
static void
move_reference(Var *var, SystemColumns *system)
{
	AttrNumber *place = &system->numbers[-var->varattno];

	if (*place == 0)
	{
		*place = ++system->next;
		system->order = lappend_int(system->order, var->varattno);
	}
	var->varattno = *place;
	var->varattnosyn = *place;
}

static bool
move_system_columns(Node *node, SystemColumns *system)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno == system->relation && var->varlevelsup == system->levels_up &&
			var->varattno <= 0)
			move_reference(var, system);
		return false;
	}
	if (IsA(node, Query))
	{
		bool		result;

		system->levels_up++;
		result = query_tree_walker((Query *) node, move_system_columns, system, 0);
		system->levels_up--;
		return result;
	}
	return expression_tree_walker(node, move_system_columns, system);
}

/* ------------------------------------------------------------- the subquery */

/*
 * A column tagged "deny" that the statement does not name is not read: a
 * subquery that stays one would still compute it.
 */
static bool
is_idle(const JurColumnTag *tag, const JurPerms *perms)
{
	return tag->mask == JUR_MASK_REFUSE && !jur_column_is_read(perms->selectedCols, tag->attnum);
}

/* column ATTNUM of the table that is RELATION of its query, masked if need be */
static Expr *
column_value(Relation rel, const JurPerms *perms, AttrNumber attnum, Index relation,
			 Index levels_up)
{
	const JurTagged *tagged = jur_tags_of(RelationGetRelid(rel));
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	const JurColumnTag *tag = jur_column_tag(tagged, attnum);
	Var		   *var;

	if (attribute->attisdropped)
		return (Expr *) makeNullConst(INT4OID, -1, InvalidOid);
	var = makeVar(relation, attnum, attribute->atttypid, attribute->atttypmod,
				  attribute->attcollation, levels_up);
	if (tag && is_idle(tag, perms))
		return (Expr *) makeNullConst(var->vartype, var->vartypmod, var->varcollid);
	if (tag && (jur_export || !jur_column_is_open(tagged, tag)))
		return jur_masked(tagged, tag, var, relation, levels_up, false);
	return (Expr *) var;
}

static Expr *
whole_row(Relation rel, const JurPerms *perms, Index relation, Index levels_up)
{
	RowExpr    *row = makeNode(RowExpr);
	AttrNumber	attnum;

	for (attnum = 1; attnum <= RelationGetNumberOfAttributes(rel); attnum++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), attnum - 1);

		row->args = lappend(row->args,
							column_value(rel, perms, attnum, relation, levels_up));
		row->colnames = lappend(row->colnames,
								makeString(pstrdup(NameStr(attribute->attname))));
	}
	row->row_typeid = rel->rd_rel->reltype;
	row->row_format = COERCE_IMPLICIT_CAST;
	row->location = -1;
	return (Expr *) row;
}

static Expr *
system_column(AttrNumber attnum)
{
	const FormData_pg_attribute *attribute = SystemAttributeDefinition(attnum);

	return (Expr *) makeVar(1, attnum, attribute->atttypid, attribute->atttypmod,
							attribute->attcollation, 0);
}

static void
add_system_columns(Query *subquery, RangeTblEntry *outer, const List *order,
				   Relation rel, const JurPerms *perms)
{
	ListCell   *lc;

	foreach(lc, order)
	{
		AttrNumber	attnum = lfirst_int(lc);
		Expr	   *expr = attnum == 0 ? whole_row(rel, perms, 1, 0) : system_column(attnum);
		const char *name = attnum == 0 ? RelationGetRelationName(rel) :
			NameStr(SystemAttributeDefinition(attnum)->attname);

		subquery->targetList =
			lappend(subquery->targetList,
					makeTargetEntry(expr, list_length(subquery->targetList) + 1,
									pstrdup(name), false));
		outer->eref->colnames = lappend(outer->eref->colnames, makeString(pstrdup(name)));
	}
}

static Query *
make_subquery(Query *query, RangeTblEntry *rte, Index index)
{
	Query	   *subquery = makeNode(Query);
	RangeTblEntry *inner = copyObject(rte);
	RangeTblRef *reference = makeNode(RangeTblRef);

	jur_mark(inner, JUR_MARK_MASKED);
	inner->inFromCl = true;
	inner->lateral = false;
	ChangeVarNodes((Node *) inner->securityQuals, index, 1, 0);
	if (inner->tablesample)
	{
		/* what it refers to beside the relation is now one level up */
		IncrementVarSublevelsUp((Node *) inner->tablesample->args, 1, 0);
		IncrementVarSublevelsUp((Node *) inner->tablesample->repeatable, 1, 0);
	}
	subquery->commandType = CMD_SELECT;
	subquery->querySource = query->querySource;
	subquery->canSetTag = true;
	subquery->rtable = list_make1(inner);
	jur_move_perms(query, rte, subquery, inner);
	reference->rtindex = 1;
	subquery->jointree = makeFromExpr(list_make1(reference), NULL);
	subquery->hasRowSecurity = query->hasRowSecurity;
	subquery->hasSubLinks = checkExprHasSubLink((Node *) inner->securityQuals);
	return subquery;
}

void
jur_replace_by_subquery(Query *query, RangeTblEntry *rte, Index index)
{
	Relation	rel = relation_open(rte->relid, AccessShareLock);
	SystemColumns system = {0};
	Query	   *subquery = make_subquery(query, rte, index);
	JurPerms   *perms = jur_query_perms(subquery, (RangeTblEntry *) linitial(subquery->rtable));
	AttrNumber	attnum;

	for (attnum = 1; attnum <= RelationGetNumberOfAttributes(rel); attnum++)
		subquery->targetList =
			lappend(subquery->targetList,
					makeTargetEntry(column_value(rel, perms, attnum, 1, 0), attnum,
									pstrdup(NameStr(TupleDescAttr(RelationGetDescr(rel),
																  attnum - 1)->attname)),
									false));
	system.relation = index;
	system.next = list_length(subquery->targetList);
	query_tree_walker(query, move_system_columns, &system, 0);
	add_system_columns(subquery, rte, system.order, rel, perms);
	relation_close(rel, NoLock);

	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = subquery;
	rte->security_barrier = false;
	rte->lateral = rte->tablesample &&
		(contain_vars_of_level((Node *) rte->tablesample->args, 0) ||
		 contain_vars_of_level((Node *) rte->tablesample->repeatable, 0));
	rte->relid = InvalidOid;
	rte->relkind = 0;
	rte->rellockmode = 0;
	rte->inh = false;
	rte->tablesample = NULL;
	rte->securityQuals = NIL;
	jur_clear_perms(rte);
}

/* ------------------------------------------------------------------- in place */

typedef struct InPlace
{
	Relation	rel;
	const JurPerms *perms;
	Index		relation;
	int			levels_up;
} InPlace;

static Node *
mask_references(Node *node, InPlace *place)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno != place->relation || var->varlevelsup != place->levels_up ||
			var->varattno < 0)
			return node;
		if (var->varattno == 0)
			return (Node *) whole_row(place->rel, place->perms, place->relation,
									  place->levels_up);
		return (Node *) column_value(place->rel, place->perms, var->varattno,
									 place->relation, place->levels_up);
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		place->levels_up++;
		query = query_tree_mutator((Query *) node, mask_references, place, 0);
		place->levels_up--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, mask_references, place);
}

/*
 * A relation whose rows are locked stays where it is, and each reference to it
 * is masked: in a subquery rows would be locked before they are sorted and
 * limited, and WHERE CURRENT OF would find the row locked last.  No outer join
 * can make its rows null; the server does not lock such.
 */
void
jur_mask_in_place(Query *query, RangeTblEntry *rte, Index index)
{
	InPlace		place = {relation_open(rte->relid, AccessShareLock),
	jur_query_perms(query, rte), index, 0};
	List	   *filters = rte->securityQuals;

	/* policies test what there is, as in a subquery */
	rte->securityQuals = NIL;
	query_tree_mutator(query, mask_references, &place, QTW_DONT_COPY_QUERY);
	relation_close(place.rel, NoLock);
	/* the mutator has made new entries */
	rte = rt_fetch(index, query->rtable);
	rte->securityQuals = filters;
	jur_mark(rte, JUR_MARK_MASKED);
}
