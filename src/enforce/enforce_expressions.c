/*-------------------------------------------------------------------------
 *
 * enforce_expressions.c
 *	  Idea: a command that evaluates expressions over every row of a tagged
 *	  table shows them to nobody who may not read them.
 *	  Called from ProcessUtility_hook (enforce_utility.c).
 *
 * CREATE INDEX, ADD CHECK, ALTER TYPE ... USING, ANALYZE and their like know
 * no row security: whatever an expression calls sees all rows and all values.
 * So unless the session may read all of them, or acts as officer, only what
 * the server and this extension bring may be called, and of that only what
 * computes.  That is judged before anything is evaluated.
 *
 * Even so an error could show a value (invalid input syntax for integer:
 * "asthma"); such errors are raised again without it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_type.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"
#include "enforce/expressions.h"

/*
 * The tagged table over whose rows the coming command evaluates something,
 * and which kind of command that is: one that was refused may have left it.
 */
static Oid	evaluated = InvalidOid;
static NodeTag evaluating = T_Invalid;

/* -------------------------------------------------------------- whose rows */

/* may the session read every row that the table can hold, and every column? */
static bool
is_open_to_session(Oid relid)
{
	const JurTagged *tagged = jur_tags_of(relid);
	JurLabel	unrestricted = {0, NULL};
	const JurLabel *label = tagged->ceiling ? tagged->ceiling : &unrestricted;
	int			i;

	if (!tagged->is_tagged)
		return true;
	if (tagged->is_broken || (tagged->row_attnum != 0 && !tagged->ceiling_holds))
		return false;
	if (tagged->relation && tagged->relation->label)
		label = jur_label_join(label, tagged->relation->label);
	if (jur_decide_now(label, JUR_READ).verdict != JUR_ALLOW)
		return false;
	for (i = 0; i < tagged->ncolumns; i++)
		if (!jur_column_is_open(tagged, &tagged->columns[i]))
			return false;
	return true;
}

bool
jur_may_install_code(Oid relid)
{
	if (jur_internal_ddl || jur_is_restoring() || jur_is_officer() ||
		jur_in_own_script() || jur_current_subject()->exemption)
		return true;
	return is_open_to_session(relid);
}

/* of RELID and its children, a tagged one that is not open to the session */
static Oid
closed_child(Oid relid)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		if (!jur_may_install_code(lfirst_oid(lc)))
			return lfirst_oid(lc);
	return InvalidOid;
}

/* who does not own the table is the server's to refuse */
Oid
jur_closed_table(Oid relid)
{
	if (!OidIsValid(relid) || !jur_any_tagged() ||
		!jur_owns_relation(relid, GetUserId()))
		return InvalidOid;
	return closed_child(relid);
}

/* what a table has is evaluated anew for others than its owner, too */
static bool
may_evaluate_again(Oid relid)
{
	return jur_owns_relation(relid, GetUserId()) ||
		jur_is_maintainer(relid, GetUserId()) ||
		jur_owns_database(MyDatabaseId, GetUserId());
}

static void
refuse_code(Oid relid, const char *code)
{
	if (code == NULL || !jur_refused("evaluate", relid, code))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("only built-in functions may be evaluated over all rows of tagged table %s",
					jur_relation_name(relid)),
			 errdetail("The command runs %s, and this session may not read every row and column of the table.",
					   code),
			 errhint("Ask an officer, or run the command as a role that is cleared for the ceiling (\"rows within\") of the table and for its columns.")));
}

void
jur_judge_analyzed(Oid closed, Node *expr)
{
	evaluated = closed;
	refuse_code(closed, jur_user_code_in(expr));
}

void
jur_judge_expression(Oid closed, Oid relid, Node *expr, List *new_columns, ParseExprKind kind)
{
	jur_judge_analyzed(closed, jur_analyze(relid, expr, new_columns, kind));
}

void
jur_judge_whole_table(Oid relid)
{
	Oid			closed = OidIsValid(relid) && may_evaluate_again(relid) ?
		closed_child(relid) : InvalidOid;
	ListCell   *lc;

	if (!OidIsValid(closed))
		return;
	evaluated = closed;
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
		if (!jur_may_install_code(lfirst_oid(lc)))
			refuse_code(lfirst_oid(lc), jur_user_code_of_table(lfirst_oid(lc)));
}

Oid
jur_relation_of(RangeVar *name)
{
	return name ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
}

/* ----------------------------------------------------- indexes, statistics */

static void
judge_index(IndexStmt *stmt)
{
	Oid			relid = jur_relation_of(stmt->relation);
	Oid			closed = jur_closed_table(relid);
	ListCell   *lc;

	if (!OidIsValid(closed))
		return;
	foreach(lc, stmt->indexParams)
	{
		IndexElem  *elem = lfirst(lc);
		Oid			method = get_index_am_oid(stmt->accessMethod, true);

		jur_judge_expression(closed, relid, elem->expr, NIL, EXPR_KIND_INDEX_EXPRESSION);
		if (elem->opclass && OidIsValid(method))
			refuse_code(closed,
						jur_user_code_of_opclass(get_opclass_oid(method, elem->opclass, true)));
	}
	jur_judge_expression(closed, relid, stmt->whereClause, NIL, EXPR_KIND_INDEX_PREDICATE);
}

static void
judge_statistics(CreateStatsStmt *stmt)
{
	Oid			relid = list_length(stmt->relations) == 1 &&
		IsA(linitial(stmt->relations), RangeVar) ?
		jur_relation_of(linitial(stmt->relations)) : InvalidOid;
	Oid			closed = jur_closed_table(relid);
	ListCell   *lc;

	if (!OidIsValid(closed))
		return;
	foreach(lc, stmt->exprs)
		jur_judge_expression(closed, relid, ((StatsElem *) lfirst(lc))->expr, NIL,
						 EXPR_KIND_STATS_EXPRESSION);
}

/* ----------------------------------------------- evaluating what is there */

static void
judge_all_tables(Oid schema)
{
	ListCell   *lc;

	foreach(lc, jur_tagged_relations())
		if (!OidIsValid(schema) || get_rel_namespace(lfirst_oid(lc)) == schema)
			jur_judge_whole_table(lfirst_oid(lc));
}

static void
judge_reindex(ReindexStmt *stmt)
{
	Oid			relid = jur_relation_of(stmt->relation);

	switch (stmt->kind)
	{
		case REINDEX_OBJECT_INDEX:
			if (OidIsValid(relid))
				jur_judge_whole_table(IndexGetRelation(relid, true));
			break;
		case REINDEX_OBJECT_TABLE:
			jur_judge_whole_table(relid);
			break;
		case REINDEX_OBJECT_SCHEMA:
			judge_all_tables(get_namespace_oid(stmt->name, true));
			break;
		case REINDEX_OBJECT_DATABASE:
			judge_all_tables(InvalidOid);
			break;
		case REINDEX_OBJECT_SYSTEM:
			break;
	}
}

static void
judge_cluster(ClusterStmt *stmt)
{
	if (stmt->relation)
		jur_judge_whole_table(jur_relation_of(stmt->relation));
	else
		judge_all_tables(InvalidOid);
}

static void
judge_vacuum(VacuumStmt *stmt)
{
	ListCell   *lc;

	if (stmt->rels == NIL)
		judge_all_tables(InvalidOid);
	foreach(lc, stmt->rels)
	{
		VacuumRelation *relation = lfirst(lc);

		jur_judge_whole_table(OidIsValid(relation->oid) ? relation->oid :
						  jur_relation_of(relation->relation));
	}
}

/* ----------------------------------------------------------------- domains */

static bool
is_of_domain(Oid type, Oid domain)
{
	while (OidIsValid(type) && get_typtype(type) == TYPTYPE_DOMAIN)
	{
		HeapTuple	tuple;

		if (type == domain)
			return true;
		tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
		if (!HeapTupleIsValid(tuple))
			return false;
		type = ((Form_pg_type) GETSTRUCT(tuple))->typbasetype;
		ReleaseSysCache(tuple);
	}
	return false;
}

bool
jur_has_column_of(Oid relid, Oid domain)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	bool		found = false;
	int			i;

	for (i = 0; rel && !found && i < RelationGetNumberOfAttributes(rel); i++)
		found = is_of_domain(TupleDescAttr(RelationGetDescr(rel), i)->atttypid, domain);
	if (rel)
		relation_close(rel, AccessShareLock);
	return found;
}

/* ADD and VALIDATE CONSTRAINT look at every row of every table that has it */
static void
judge_domain(AlterDomainStmt *stmt)
{
	Type		tuple = LookupTypeName(NULL, makeTypeNameFromNameList(stmt->typeName),
									   NULL, true);
	Oid			domain = tuple ? typeTypeId(tuple) : InvalidOid;
	JurNewColumn value = {"value", InvalidOid};
	Node	   *expr = NULL;
	ListCell   *lc;

	if (tuple)
		ReleaseSysCache(tuple);
	if (!OidIsValid(domain) || (stmt->subtype != 'C' && stmt->subtype != 'V') ||
		get_typtype(domain) != TYPTYPE_DOMAIN)
		return;
	value.type = getBaseType(domain);
	if (stmt->subtype == 'C' && IsA(stmt->def, Constraint))
		expr = ((Constraint *) stmt->def)->raw_expr;
	foreach(lc, jur_tagged_relations())
	{
		Oid			relid = lfirst_oid(lc);

		if (jur_may_install_code(relid) || !jur_has_column_of(relid, domain))
			continue;
		evaluated = relid;
		if (expr)
			refuse_code(relid, jur_user_code_in(jur_analyze(InvalidOid, expr, list_make1(&value),
														EXPR_KIND_DOMAIN_CHECK)));
		else
			refuse_code(relid, psprintf("the constraints of domain %s", format_type_be(domain)));
	}
}

/* ------------------------------------------------------------------- rules */

/*
 * A rule rewrites what others run against the table.  Its actions are judged
 * as the statements they become, but it takes what they write.
 */
static void
judge_rule(RuleStmt *stmt)
{
	Oid			relid = jur_relation_of(stmt->relation);

	if (OidIsValid(relid) && get_rel_relkind(relid) != RELKIND_VIEW &&
		OidIsValid(jur_closed_table(relid)))
		refuse_code(relid, psprintf("rule \"%s\" in the statements of others", stmt->rulename));
}

/* ---------------------------------------------------------------- policies */

typedef struct ColumnSearch
{
	const JurTagged *tagged;
	int			levels_up;
	AttrNumber	found;
} ColumnSearch;

static bool
find_raised_column(Node *node, ColumnSearch *search)
{
	int			i;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		for (i = 0; var->varlevelsup == search->levels_up && i < search->tagged->ncolumns; i++)
			if (var->varattno == 0 || var->varattno == search->tagged->columns[i].attnum)
				search->found = search->tagged->columns[i].attnum;
		return search->found != 0;
	}
	if (IsA(node, Query))
	{
		bool		result;

		search->levels_up++;
		result = query_tree_walker((Query *) node, find_raised_column, search, 0);
		search->levels_up--;
		return result;
	}
	return expression_tree_walker(node, find_raised_column, search);
}

/*
 * An application's policy tests a row's values as they are, not their masks:
 * what it lets through tells of them.
 */
static void
judge_policy(RangeVar *table, Node *qual, Node *with_check)
{
	Oid			relid = jur_relation_of(table);
	ColumnSearch search = {0};

	if (!OidIsValid(relid) || jur_tags_of(relid)->ncolumns == 0 ||
		!OidIsValid(jur_closed_table(relid)))
		return;
	qual = jur_analyze(relid, qual, NIL, EXPR_KIND_POLICY);
	with_check = jur_analyze(relid, with_check, NIL, EXPR_KIND_POLICY);
	search.tagged = jur_tags_of(relid);
	if (!find_raised_column(qual, &search) && !find_raised_column(with_check, &search))
		return;
	if (!jur_refused("policy", relid, "it tests a raised column"))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("a policy of tagged table %s may not test column \"%s\"",
					jur_relation_name(relid), get_attname(relid, search.found, false)),
			 errdetail("This session may not read the column, and the policy's rows would tell of it."),
			 errhint("Ask an officer.")));
}

/* ------------------------------------------------------------- entry points */

/* raise if STMT would evaluate a user's code over rows he may not read */
void
jur_judge_expressions(Node *stmt)
{
	evaluated = InvalidOid;
	evaluating = nodeTag(stmt);
	if (!jur_any_tagged() || jur_internal_ddl)
		return;
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			jur_judge_alter_table((AlterTableStmt *) stmt);
			break;
		case T_IndexStmt:
			judge_index((IndexStmt *) stmt);
			break;
		case T_CreateStatsStmt:
			judge_statistics((CreateStatsStmt *) stmt);
			break;
		case T_ReindexStmt:
			judge_reindex((ReindexStmt *) stmt);
			break;
		case T_ClusterStmt:
			judge_cluster((ClusterStmt *) stmt);
			break;
		case T_VacuumStmt:
			judge_vacuum((VacuumStmt *) stmt);
			break;
		case T_AlterDomainStmt:
			judge_domain((AlterDomainStmt *) stmt);
			break;
		case T_CreatePolicyStmt:
			judge_policy(((CreatePolicyStmt *) stmt)->table, ((CreatePolicyStmt *) stmt)->qual,
						 ((CreatePolicyStmt *) stmt)->with_check);
			break;
		case T_AlterPolicyStmt:
			judge_policy(((AlterPolicyStmt *) stmt)->table, ((AlterPolicyStmt *) stmt)->qual,
						 ((AlterPolicyStmt *) stmt)->with_check);
			break;
		case T_RuleStmt:
			judge_rule((RuleStmt *) stmt);
			break;
		default:
			break;
	}
}

/* a table that is being tagged brings its expressions along */
void
jur_judge_tagging(Oid relid)
{
	char	   *code;

	if (jur_internal_ddl || jur_is_restoring() || jur_is_officer())
		return;
	code = jur_user_code_of_table(relid);
	if (code == NULL)
		code = jur_user_code_of_conditions(relid);
	if (code == NULL)
		return;
	jur_refused_guarded("tag", jur_relation_name(relid), code);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("must be officer to tag %s, whose expressions run code of users",
					jur_relation_name(relid)),
			 errdetail("For %s, which would be given rows that its author may not read.", code),
			 errhint("Use built-in functions instead, or ask an officer to look at the code and to tag the table.")));
}

/*
 * Who may not give a table code to run may not change what it runs either.
 * New functions are run by no table.
 */
void
jur_judge_changed_function(Oid function)
{
	ListCell   *lc;

	if (!jur_any_tagged() || !jur_function_differs(function))
		return;
	foreach(lc, jur_tables_running(function))
	{
		Oid			relid = lfirst_oid(lc);

		if (!jur_is_tagged(relid) || jur_may_install_code(relid) ||
			(jur_user_code_of_table(relid) == NULL &&
			 jur_user_code_of_conditions(relid) == NULL &&
			 jur_tags_of(relid)->ncolumns == 0 && !jur_cascade_fires(relid)) ||
			!jur_refused("evaluate", relid, psprintf("changed function %s", get_func_name(function))))
			continue;
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("function %s may not be changed: tagged table %s runs it",
						get_func_name(function), jur_relation_name(relid)),
				 errdetail("It is given rows or values of the table that this session may not read."),
				 errhint("Ask an officer, or drop what runs it first.")));
	}
}

/* may an error of this kind hold a value that was computed with? */
static bool
could_show_value(int sqlstate)
{
	return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_DATA_EXCEPTION ||
		sqlstate == ERRCODE_SYNTAX_ERROR ||
		sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
		sqlstate == ERRCODE_INTERNAL_ERROR ||
		sqlstate == ERRCODE_UNDEFINED_TABLE ||
		sqlstate == ERRCODE_UNDEFINED_OBJECT ||
		sqlstate == ERRCODE_UNDEFINED_FUNCTION ||
		sqlstate == ERRCODE_INVALID_SCHEMA_NAME;
}

/*
 * Run a command; if it evaluates expressions over rows that the session may
 * not read, an error keeps its SQLSTATE and loses its text.
 */
void
jur_run_evaluating(JurRunUtility run, JUR_UTILITY_PARAMS)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *table;
	ErrorData  *error;

	if (!OidIsValid(evaluated) || nodeTag(pstmt->utilityStmt) != evaluating ||
		jur_observing())
	{
		run(JUR_UTILITY_ARGS);
		return;
	}
	/* once there is an error no catalog can be read */
	table = jur_relation_name(evaluated);
	evaluated = InvalidOid;
	PG_TRY();
	{
		run(JUR_UTILITY_ARGS);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (!could_show_value(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR,
				(errcode(error->sqlerrcode),
				 errmsg("an expression could not be evaluated over all rows of tagged table %s",
						table),
				 errdetail("The message is withheld: it could show a value that this session may not read."),
				 errhint("Ask an officer to run the command.")));
	}
	PG_END_TRY();
}
