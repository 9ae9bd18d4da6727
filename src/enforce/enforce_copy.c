/*-------------------------------------------------------------------------
 *
 * enforce_copy.c
 *	  Idea: COPY TO is an export and loud; COPY FROM checks every row.
 *
 * COPY table TO looks at every row before the first one is sent.  COPY
 * (query) TO runs the query into a store and sends it only if no row of it
 * had to stay.  Either way nothing leaves that silently lacks rows.
 *
 * The server refuses COPY FROM on a table with row security, so we run it
 * ourselves with the check of each row's label as part of its WHERE.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/copy.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/tstoreReceiver.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "replication/walsender.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"

/* at most this many labels are named in an error's DETAIL */
#define MAX_NAMED 10

/* the rows of one label that were met */
typedef struct LabelCount
{
	struct LabelCount *next;
	bytea	   *label;
	bool		readable;
	bool		exportable;
	uint64		rows;
} LabelCount;

struct JurExport
{
	JurQuestion question;		/* may it be exported to where this COPY goes? */
	MemoryContext context;
	LabelCount *counts;
	Oid			judged;			/* the table whose every row was looked at */
	const JurTagged *tagged;	/* of COPY table TO: its columns count too ... */
	List	   *columns;		/* ... these of them (numbers) */
	bool		is_spooled;		/* rows wait in a store until all are judged */
	bool		query_seen;
};

JurExport  *jur_export = NULL;

/* ------------------------------------------------------------------ judging */

static bool
admits_export(const JurExport *export, const JurLabel *label)
{
	return jur_decide(jur_policy(), label, &export->question).verdict == JUR_ALLOW;
}

bool
jur_export_admits(const JurLabel *label)
{
	return admits_export(jur_export, label);
}

bool
jur_export_is_whole(void)
{
	return jur_export && am_walsender && !jur_observing();
}

bool
jur_export_has_judged(Oid relid)
{
	return jur_export && jur_export->judged == relid;
}

/* may the raised columns that a COPY names be read, and leave, in such a row? */
static void
judge_raises(JurExport *export, LabelCount *count, const JurLabel *rows)
{
	int			i;

	for (i = 0; export->tagged && i < export->tagged->ncolumns; i++)
	{
		const JurColumnTag *tag = &export->tagged->columns[i];
		JurLabel   *effective;

		if (!list_member_int(export->columns, tag->attnum))
			continue;
		effective = jur_column_label(export->tagged, tag, rows);
		if (jur_decide_now(effective, JUR_READ).verdict != JUR_ALLOW ||
			!admits_export(export, effective))
			count->exportable = false;
	}
}

/* labels are few: a list, most recent first */
static LabelCount *
count_of(JurExport *export, Datum datum)
{
	struct varlena *label = PG_DETOAST_DATUM_PACKED(datum);
	Size		size = VARSIZE_ANY_EXHDR(label);
	LabelCount *count;
	LabelCount **link;
	MemoryContext caller;

	for (link = &export->counts; (count = *link) != NULL; link = &count->next)
		if (VARSIZE_ANY_EXHDR(count->label) == size &&
			memcmp(VARDATA_ANY(count->label), VARDATA_ANY(label), size) == 0)
		{
			*link = count->next;
			count->next = export->counts;
			export->counts = count;
			return count;
		}
	caller = MemoryContextSwitchTo(export->context);
	count = palloc0(sizeof(LabelCount));
	count->label = palloc(size + VARHDRSZ);
	SET_VARSIZE(count->label, size + VARHDRSZ);
	memcpy(VARDATA(count->label), VARDATA_ANY(label), size);
	count->readable = jur_admits_datum(datum, JUR_READ) == JUR_ALLOW;
	count->exportable = admits_export(export, jur_label_of_datum(datum));
	judge_raises(export, count, jur_label_of_datum(datum));
	count->next = export->counts;
	export->counts = count;
	MemoryContextSwitchTo(caller);
	return count;
}

/*
 * Raise if any row that was met has to stay.  Labels of rows that the session
 * may not read are not named; that there are some is.
 */
static void
refuse_if_any(const JurExport *export, Oid relid)
{
	StringInfoData detail;
	LabelCount *count;
	uint64		staying = 0;
	bool		hidden = false;
	int			named = 0;

	initStringInfo(&detail);
	for (count = export->counts; count; count = count->next)
	{
		if (!count->readable)
			hidden = true;
		else if (!count->exportable)
		{
			staying += count->rows;
			if (named++ < MAX_NAMED)
				appendStringInfo(&detail, "%s" UINT64_FORMAT " rows labelled \"%s\" may be read but not exported.",
								 detail.len ? "\n" : "", count->rows,
								 jur_label_text(jur_label_of_datum(PointerGetDatum(count->label))));
		}
	}
	if (hidden)
		appendStringInfo(&detail, "%sThere are rows that this session may not read.",
						 detail.len ? "\n" : "");
	if (staying == 0 && !hidden)
		return;
	if (!jur_refused("export", relid, "rows that may not leave"))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 OidIsValid(relid) ?
			 errmsg("rows of tagged table %s may not be exported", jur_relation_name(relid)) :
			 errmsg("the query reads rows that may not be exported"),
			 errdetail("%s", detail.data),
			 errhint("Nothing was sent.  See jurisdiction.explain(label, 'export'); COPY (SELECT ... WHERE ...) exports the rows that may leave.")));
}

/* what leaves, and what had to stay, into the statement's record */
static void
count_exports(const JurExport *export)
{
	const LabelCount *count;

	for (count = export->counts; count; count = count->next)
		jur_statement_exports(PointerGetDatum(count->label), &export->question, count->rows);
}

void
jur_export_note(Datum label)
{
	LabelCount *count = count_of(jur_export, label);

	count->rows++;
	if (!count->exportable && !jur_export->is_spooled)
		refuse_if_any(jur_export, InvalidOid);
}

/* ------------------------------------------------------------- COPY ... TO */

/*
 * The first copy of a table that is replicated goes where the role's tag says
 * that it replicates to.
 */
static JurQuestion
question_of_replication(void)
{
	JurArrival *places;
	bool		broken;
	const JurRoleTag *tag = jur_role_tag(GetSessionUserId(), &broken);
	JurQuestion question = jur_question(JUR_EXPORT);
	int			i;

	if (tag == NULL || tag->nreplicates == 0)
		return question;
	/* the tag lives in a cache that may go */
	places = palloc0(sizeof(JurArrival));
	places->nplaces = tag->nreplicates;
	places->places = palloc(tag->nreplicates * sizeof(char *));
	for (i = 0; i < tag->nreplicates; i++)
		places->places[i] = pstrdup(tag->replicates[i]);
	question.arrival = places;
	return question;
}

static JurQuestion
question_of(const CopyStmt *stmt)
{
	if (stmt->is_program)
		return jur_question_anywhere(JUR_EXPORT);
	if (stmt->filename)
		return jur_question_at_site(JUR_EXPORT);
	if (am_walsender)
		return question_of_replication();
	return jur_question(JUR_EXPORT);
}

/*
 * Every row of the table, as the COPY that follows will see it: both use the
 * active snapshot.
 */
static void
count_table(JurExport *export, Relation rel, AttrNumber attnum)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		Datum		label = slot_getattr(slot, attnum, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (!isnull)
			count_of(export, label)->rows++;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

static void
judge_table(JurExport *export, const CopyStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, AccessShareLock, true);
	JurLabel	unrestricted = {0, NULL};
	const JurTagged *tagged;
	Relation	rel;
	AttrNumber	row_attnum;

	if (!OidIsValid(relid))
		return;
	tagged = jur_tags_of(relid);
	if (!tagged->is_tagged || get_rel_relkind(relid) != RELKIND_RELATION)
		return;
	/* whom row security does not bind is the wall's business, or exempt */
	if (check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED)
		return;
	/* nor does anybody learn of rows in a table that is not his to read */
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		stmt->attlist == NIL)
		return;
	jur_wall_for_command(relid, ACL_SELECT);
	tagged = jur_tags_of(relid);
	row_attnum = tagged->row_attnum;
	rel = table_open(relid, NoLock);
	export->tagged = tagged;
	export->columns = CopyGetAttnums(RelationGetDescr(rel), rel, stmt->attlist);
	if (row_attnum != 0)
		count_table(export, rel, row_attnum);
	else
		count_of(export, jur_label_datum(&unrestricted))->rows = 1;
	if (tagged->relation && tagged->relation->label)
		count_of(export, jur_label_datum(tagged->relation->label))->rows = 1;
	table_close(rel, NoLock);
	export->tagged = NULL;
	jur_statement_touches(relid);
	count_exports(export);
	refuse_if_any(export, relid);
	export->judged = relid;
}

void
jur_run_copy_out(CopyStmt *stmt, JurRunUtility run, JUR_UTILITY_PARAMS)
{
	JurExport	export = {0};
	JurExport  *outer = jur_export;

	/* where nothing is tagged, values that were sealed can be exported still */
	if (stmt->is_from || !jur_is_installed() || jur_is_restoring() ||
		(stmt->relation && !jur_any_tagged()))
	{
		run(JUR_UTILITY_ARGS);
		return;
	}
	/* a function's plan without a filter would not tell which rows it reads */
	jur_plans_are_stale();
	export.question = question_of(stmt);
	export.context = CurrentMemoryContext;
	if (stmt->relation)
		judge_table(&export, stmt);
	jur_export = &export;
	PG_TRY();
	{
		run(JUR_UTILITY_ARGS);
	}
	PG_FINALLY();
	{
		/* a function of the query can run a COPY of its own, to a file */
		jur_export = outer;
	}
	PG_END_TRY();
}

/*
 * The query of COPY (query) TO, and no other that runs inside it: into a
 * store first, so that a row that must stay keeps all from being sent.
 */
void
jur_export_run(JUR_EXECUTOR_RUN_PARAMS)
{
	DestReceiver *dest = query->dest;
	Tuplestorestate *store = tuplestore_begin_heap(false, false, work_mem);
	TupleTableSlot *slot;

	jur_export->query_seen = true;
	jur_export->is_spooled = true;
	query->dest = CreateDestReceiver(DestTuplestore);
	SetTuplestoreDestReceiverParams(query->dest, store, CurrentMemoryContext,
									false, NULL, NULL);
	jur_standard_run(JUR_EXECUTOR_RUN_ARGS);
	query->dest->rDestroy(query->dest);
	query->dest = dest;
	if (!OidIsValid(jur_export->judged))
		count_exports(jur_export);
	refuse_if_any(jur_export, InvalidOid);
	jur_export->is_spooled = false;
	jur_evidence_before_release();

	slot = MakeSingleTupleTableSlot(query->tupDesc, &TTSOpsMinimalTuple);
	dest->rStartup(dest, query->operation, query->tupDesc);
	while (tuplestore_gettupleslot(store, true, false, slot))
		if (!dest->receiveSlot(slot, dest))
			break;
	dest->rShutdown(dest);
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(store);
}

bool
jur_export_wants(QueryDesc *query)
{
	return jur_export && !jur_export->query_seen &&
		query->dest && query->dest->mydest == DestCopyOut;
}

/* ----------------------------------------------------------- COPY ... FROM */

/* DoCopy's own conditions for reading a file or running a program */
static void
check_server_access(const CopyStmt *stmt)
{
	if (stmt->filename == NULL)
		return;
	if (stmt->is_program &&
		!has_privs_of_role(GetUserId(), ROLE_PG_EXECUTE_SERVER_PROGRAM))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to COPY from an external program"),
				 errhint("Membership in pg_execute_server_program is needed; psql's \\copy works for anyone.")));
	if (!stmt->is_program &&
		!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to COPY from a file"),
				 errhint("Membership in pg_read_server_files is needed; psql's \\copy works for anyone.")));
}

static List *
where_of(ParseState *pstate, ParseNamespaceItem *nsitem, const CopyStmt *stmt)
{
	Node	   *where;

	if (stmt->whereClause == NULL)
		return NIL;
	addNSItemToQuery(pstate, nsitem, false, true, true);
	where = transformExpr(pstate, stmt->whereClause, EXPR_KIND_COPY_WHERE);
	where = coerce_to_boolean(pstate, where, "WHERE");
	assign_expr_collations(pstate, where);
	where = eval_const_expressions(NULL, where);
	where = (Node *) canonicalize_qual((Expr *) where, false);
	return make_ands_implicit((Expr *) where);
}

/* row_writable(label, table): judged last, for rows that would be loaded */
static Expr *
writable_check(Relation rel, AttrNumber attnum)
{
	Oid			relid = RelationGetRelid(rel);
	List	   *args = list_make2(makeVar(1, attnum, jur_label_type_oid(), -1,
										  InvalidOid, 0),
								  makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
											ObjectIdGetDatum(relid), false, true));

	return (Expr *) makeFuncExpr(jur_function_oid("row_writable"), BOOLOID, args,
								 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
}

/*
 * A BEFORE ROW trigger may have changed a label after WHERE saw it, and a
 * generated one was not there yet: look at what has been put into the table
 * and its partitions since command FIRST.  (Triggers may have counted on.)
 */
static void
check_loaded_rows(Oid relid, CommandId first)
{
	List	   *family = find_all_inheritors(relid, AccessShareLock, NULL);
	ListCell   *lc;

	foreach(lc, family)
	{
		Relation	rel = table_open(lfirst_oid(lc), NoLock);
		AttrNumber	attnum = jur_tags_of(lfirst_oid(lc))->row_attnum;
		TableScanDesc scan;
		HeapTuple	tuple;

		if (!RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind) || attnum == 0)
		{
			table_close(rel, NoLock);
			continue;
		}
		scan = table_beginscan(rel, SnapshotSelf, 0, NULL);
		while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
		{
			bool		isnull;
			Datum		label;

			CHECK_FOR_INTERRUPTS();
			if (!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data)) ||
				HeapTupleHeaderGetCmin(tuple->t_data) < first)
				continue;
			label = heap_getattr(tuple, attnum, RelationGetDescr(rel), &isnull);
			if (!isnull)
				jur_check_new_label(jur_label_of_datum(label), relid);
		}
		table_endscan(scan);
		table_close(rel, NoLock);
	}
}

static bool
has_before_triggers(Oid relid)
{
	List	   *family = find_all_inheritors(relid, AccessShareLock, NULL);
	ListCell   *lc;
	bool		found = false;

	foreach(lc, family)
	{
		Relation	rel = table_open(lfirst_oid(lc), NoLock);

		found |= rel->trigdesc && rel->trigdesc->trig_insert_before_row;
		table_close(rel, NoLock);
	}
	return found;
}

static uint64
copy_from(const CopyStmt *stmt, ParseState *pstate, Relation rel)
{
	ParseNamespaceItem *nsitem;
	JurPerms   *perms;
	List	   *where;
	List	   *checks;
	ListCell   *lc;
	AttrNumber	row_attnum = jur_tags_of(RelationGetRelid(rel))->row_attnum;
	bool		is_generated = row_attnum != 0 &&
		TupleDescAttr(RelationGetDescr(rel), row_attnum - 1)->attgenerated != '\0';
	CommandId	first = GetCurrentCommandId(true);
	CopyFromState state;
	uint64		processed;

	nsitem = addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock,
										   NULL, false, false);
	perms = jur_nsitem_perms(nsitem);
	perms->requiredPerms = ACL_INSERT;
	foreach(lc, CopyGetAttnums(RelationGetDescr(rel), rel, stmt->attlist))
		perms->insertedCols = bms_add_member(perms->insertedCols,
											 lfirst_int(lc) - FirstLowInvalidHeapAttributeNumber);
	checks = jur_column_checks(jur_tags_of(RelationGetRelid(rel)), perms);
	jur_mark(nsitem->p_rte, JUR_MARK_MASKED);
	jur_check_copy_permissions(pstate);
	if (!rel->rd_islocaltemp)
		PreventCommandIfReadOnly("COPY FROM");
	where = where_of(pstate, nsitem, stmt);
	if (row_attnum != 0 && !is_generated)
		where = lappend(where, writable_check(rel, row_attnum));
	where = list_concat(where, checks);
	state = BeginCopyFrom(pstate, rel, (Node *) where, stmt->filename,
						  stmt->is_program, NULL, stmt->attlist, stmt->options);
	processed = CopyFrom(state);
	EndCopyFrom(state);
	if (is_generated || has_before_triggers(RelationGetRelid(rel)))
		check_loaded_rows(RelationGetRelid(rel), first);
	return processed;
}

bool
jur_copy(PlannedStmt *pstmt, const char *query_string, ParamListInfo params,
		 QueryEnvironment *env, uint64 *processed)
{
	const CopyStmt *stmt = (CopyStmt *) pstmt->utilityStmt;
	const JurTagged *tagged;
	ParseState *pstate;
	Relation	rel;
	Oid			relid;

	if (!stmt->is_from || stmt->relation == NULL || jur_is_restoring())
		return false;
	relid = RangeVarGetRelid(stmt->relation, RowExclusiveLock, true);
	if (!OidIsValid(relid))
		return false;
	tagged = jur_tags_of(relid);
	if (!tagged->is_tagged ||
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED)
		return false;
	/* policies of the application's own: the server says that it cannot */
	rel = table_open(relid, NoLock);
	if (rel->rd_rsdesc && rel->rd_rsdesc->policies != NIL)
	{
		table_close(rel, NoLock);
		return false;
	}
	table_close(rel, NoLock);
	check_server_access(stmt);
	jur_statement_touches(relid);
	tagged = jur_tags_of(relid);
	if (tagged->relation && tagged->relation->label)
		jur_check_new_label(tagged->relation->label, relid);
	pstate = make_parsestate(NULL);
	pstate->p_sourcetext = query_string;
	pstate->p_queryEnv = env;
	rel = table_open(relid, NoLock);
	*processed = copy_from(stmt, pstate, rel);
	table_close(rel, NoLock);
	free_parsestate(pstate);
	return true;
}
