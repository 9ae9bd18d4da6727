/*-------------------------------------------------------------------------
 *
 * enforce_utility.c
 *	  Idea: commands that get around tables are judged before they run.
 *	  Hook: ProcessUtility_hook.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"
#include "enforce/tag_table.h"
#include "evidence/evidence.h"

int			jur_utility_depth = 0;

static ProcessUtility_hook_type prev_utility = NULL;

/* ------------------------------------------------------------------ settings */

static void
judge_setting(const char *name, const char *how)
{
	if (name == NULL || !jur_setting_is_guarded(name) || jur_is_officer())
		return;
	jur_refused_guarded("setting", name, how);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("must be officer to change setting \"%s\"", name),
			 errdetail("Enforcement rests on it.")));
}

/* what it would have been is not recorded: a text that a client or function made */
static void
refuse_purpose(void)
{
	jur_refused_guarded("setting", "jurisdiction.purpose", "not in the role's tag");
}

static void
judge_alter_system(Node *node)
{
	VariableSetStmt *set = ((AlterSystemStmt *) node)->setstmt;

	if (set->kind == VAR_RESET_ALL)
		judge_setting("jurisdiction.site", "ALTER SYSTEM RESET ALL");
	judge_setting(set->name, "ALTER SYSTEM");
	if (set->name && jur_setting_is_guarded(set->name))
		jur_recorded("setting", set->name, "ALTER SYSTEM");
}

static void
judge_role_setting(Node *node)
{
	judge_setting(((AlterRoleSetStmt *) node)->setstmt->name, "ALTER ROLE");
}

static void
judge_database_setting(Node *node)
{
	judge_setting(((AlterDatabaseSetStmt *) node)->setstmt->name, "ALTER DATABASE");
}

/* --------------------------------------------------------------------- flow */

/* text that a function made of what it read, and leaves without a label */
static void
judge_text(Node *stmt)
{
	if (!jur_flow_has_read())
		return;
	if (IsA(stmt, NotifyStmt))
		jur_flow_judge_text("a notification");
	if (IsA(stmt, CommentStmt))
		jur_flow_judge_text("a comment");
	if (IsA(stmt, VariableSetStmt) &&
		((VariableSetStmt *) stmt)->kind == VAR_SET_VALUE &&
		(strchr(((VariableSetStmt *) stmt)->name, '.') ||
		 strcmp(((VariableSetStmt *) stmt)->name, "application_name") == 0))
		jur_flow_judge_text("a setting");
}

/* COPY of a constant that a function made of what it read */
static void
judge_file(Node *stmt)
{
	CopyStmt   *copy = (CopyStmt *) stmt;
	JurQuestion question = copy->is_program ? jur_question_anywhere(JUR_EXPORT) :
		jur_question_at_site(JUR_EXPORT);

	if (!copy->is_from && copy->filename && jur_flow_has_read())
		jur_flow_judge_export(&question, copy->is_program ? "a program" : "a server file");
}

/* PATH, or where a new file of that name would be, without links; NULL: nowhere */
static char *
real_place(const char *path)
{
	char	   *directory = pstrdup(path);
	const char *name = last_dir_separator(path);
	char	   *real = realpath(path, NULL);
	char	   *result = NULL;

	if (real)
		result = pstrdup(real);
	else
	{
		get_parent_directory(directory);
		real = realpath(*directory ? directory : ".", NULL);
		if (real)
			result = psprintf("%s/%s", real, name ? name + 1 : path);
	}
	free(real);
	return result;
}

static bool
is_below(const char *place, const char *directory)
{
	char	   *real = directory && *directory ? real_place(directory) : NULL;

	return real && path_is_prefix_of_path(real, place);
}

/* in the data directory itself: the key that signs the log, and its newest head */
static bool
is_of_log(const char *place)
{
	const char *name = last_dir_separator(place);

	return name && is_below(place, DataDir) &&
		(strncmp(name + 1, JUR_SIGNING_FILE, strlen(JUR_SIGNING_FILE)) == 0 ||
		 strncmp(name + 1, JUR_HEAD_FILE, strlen(JUR_HEAD_FILE)) == 0);
}

/* COPY reads and writes files as the server does: also the evidence log, and keys */
static void
judge_server_file(Node *stmt)
{
	const CopyStmt *copy = (CopyStmt *) stmt;
	char	   *place = copy->filename && !copy->is_program ? real_place(copy->filename) : NULL;
	const char *what = copy->is_from ? "COPY FROM" : "COPY TO";

	if (place == NULL || !(is_of_log(place) || is_below(place, jur_evidence_path()) ||
						   is_below(place, jur_key_directory)))
		return;
	jur_refused_guarded("execute", copy->filename, what);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("%s may not use files of the evidence log, or keys", what),
			 errhint("Officers and auditors read the log through jurisdiction.evidence.")));
}

/* names and definitions that a trigger makes of the rows it is given */
static void
judge_in_trigger(Node *stmt)
{
	if (jur_in_row_trigger() &&
		(GetCommandLogLevel(stmt) == LOGSTMT_DDL || IsA(stmt, TruncateStmt)))
		jur_flow_judge_text("a definition");
}

/* --------------------------------------------------------------------- dumps */

/* pg_dump names its cursor so, whatever the session calls itself */
static void
judge_cursor(Node *stmt)
{
	if (strcmp(((DeclareCursorStmt *) stmt)->portalname, "_pg_dump_cursor") == 0)
		jur_dumping = true;
}

/* MOVE sends nothing */
static void
judge_fetch(Node *stmt)
{
	if (!((FetchStmt *) stmt)->ismove)
		jur_touch_held(GetPortalByName(((FetchStmt *) stmt)->portalname));
}

/* ----------------------------------------------------------------- the table */

typedef struct UtilityRule
{
	NodeTag		tag;
	void		(*judge) (Node *stmt);
	const char *why;
	bool		is_shared;		/* of the cluster: in databases without us, too */
} UtilityRule;

static const UtilityRule rules[] = {
	{T_LoadStmt, jur_judge_load, "a loaded module could replace our hooks"},
	{T_CreateFunctionStmt, jur_judge_create_function, "so could a C function's library"},
	{T_CreateExtensionStmt, jur_judge_extension, "and an extension's script does as it likes"},
	{T_AlterExtensionStmt, jur_judge_extension, "likewise"},
	{T_CreateFunctionStmt, jur_judge_leakproof, "a leakproof function runs before the filter"},
	{T_AlterFunctionStmt, jur_judge_leakproof, "likewise"},
	{T_DeclareCursorStmt, judge_cursor, "a dump that lacks rows is no dump"},
	{T_FetchStmt, judge_fetch, "stored rows pass no hook of the executor"},
	{T_AlterSystemStmt, judge_alter_system, "settings switch enforcement off", true},
	{T_AlterRoleSetStmt, judge_role_setting, "or load a library at login", true},
	{T_AlterDatabaseSetStmt, judge_database_setting, "likewise", true},
	{T_NotifyStmt, judge_text, "a payload carries no label"},
	{T_CommentStmt, judge_text, "nor does a comment"},
	{T_VariableSetStmt, judge_text, "nor does a setting"},
	{T_CopyStmt, judge_file, "nor does a file"},
	{T_CopyStmt, judge_server_file, "a file may be the log's, or a key", true},
	{T_AlterTableStmt, jur_judge_ddl, "row security, label columns, children"},
	{T_GrantRoleStmt, jur_judge_ddl, "a tagged role's membership is its clearance", true},
	{T_CreateRoleStmt, jur_judge_ddl, "IN ROLE is a grant", true},
	{T_AlterRoleStmt, jur_judge_ddl, "a password is the role", true},
	{T_DropRoleStmt, jur_judge_ddl, "the last officer stays", true},
	{T_RenameStmt, jur_judge_ddl, "exemptions name roles by name", true},
	{T_AlterTableStmt, jur_judge_expressions, "CHECK, USING and generated columns see every row"},
	{T_IndexStmt, jur_judge_expressions, "so do expressions of indexes"},
	{T_CreateStatsStmt, jur_judge_expressions, "and of statistics"},
	{T_ReindexStmt, jur_judge_expressions, "and again when built again"},
	{T_ClusterStmt, jur_judge_expressions, "likewise"},
	{T_VacuumStmt, jur_judge_expressions, "ANALYZE evaluates them; FULL builds indexes"},
	{T_AlterDomainStmt, jur_judge_expressions, "a domain's CHECK sees the columns of the domain"},
	{T_AlterTableStmt, jur_judge_questions, "a constraint asks every row"},
	{T_CreateStmt, jur_judge_questions, "so does a new partition those of the default one"},
	{T_AlterDomainStmt, jur_judge_questions, "and a domain every column"},
	{T_CreateTrigStmt, jur_judge_trigger, "a trigger is given whole rows"},
	{T_CreatePolicyStmt, jur_judge_expressions, "a policy tests columns before they are masked"},
	{T_AlterPolicyStmt, jur_judge_expressions, "likewise"},
	{T_RuleStmt, jur_judge_expressions, "a rule rewrites what others run"},
	{T_AlterExtensionContentsStmt, jur_judge_ddl, "no object leaves the extension"},
};

static void
judge(Node *stmt, bool is_installed)
{
	int			i;

	for (i = 0; i < lengthof(rules); i++)
		if (rules[i].tag == nodeTag(stmt) && (is_installed || rules[i].is_shared))
			rules[i].judge(stmt);
}

/* --------------------------------------------------------- what is remembered */

/*
 * The table that the command makes of what a query reads: its name, or NULL.
 * *IS_NEW: it may not be there already.
 */
static RangeVar *
made_table(Node *stmt, bool *is_new)
{
	*is_new = true;
	if (IsA(stmt, ExplainStmt))
	{
		Node	   *query = ((ExplainStmt *) stmt)->query;

		return IsA(query, Query) && ((Query *) query)->utilityStmt ?
			made_table(((Query *) query)->utilityStmt, is_new) : NULL;
	}
	if (IsA(stmt, CreateTableAsStmt))
		return ((CreateTableAsStmt *) stmt)->into->rel;
	*is_new = false;
	return IsA(stmt, RefreshMatViewStmt) ? ((RefreshMatViewStmt *) stmt)->relation : NULL;
}

/*
 * Who makes a table must be able to read it, as with a row.  A trusted function
 * reads what the session may not.
 */
static void
refuse_unreadable(Oid relid, const JurLabel *label)
{
	JurDecision decision = jur_decide_now(label, JUR_READ);

	if (decision.verdict == JUR_ALLOW || jur_is_restoring() ||
		jur_current_subject()->exemption ||
		!jur_refused("read", relid, jur_decision_reason(&decision, JUR_READ)))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("table %s would be made of what this session may not read back",
					jur_relation_name(relid)),
			 errdetail("Its label would be that of all that the statement has read."),
			 errhint("Leave out what a trusted function has read, or ask an officer for a \"declassify\" exemption.")));
}

/* it inherits, as its static label, what was read to make it */
static void
label_made_table(RangeVar *name)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);
	JurLabel   *label;

	if (!OidIsValid(relid))
		return;
	label = jur_flow_label_of_new_table(relid);
	if (label == NULL)
		return;
	refuse_unreadable(relid, label);
	jur_tag_table(relid, 0, jur_label_text(label), NULL);
	jur_recorded("tag", jur_relation_name(relid),
				 psprintf("made of what was read under %s", jur_label_text(label)));
}

static void
remember_held_cursor(DeclareCursorStmt *stmt)
{
	MemoryContext caller;

	if (!(stmt->options & CURSOR_OPT_HOLD))
		return;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	jur_held_cursors = lappend(jur_held_cursors, pstrdup(stmt->portalname));
	MemoryContextSwitchTo(caller);
	jur_release_watches_held();
}

/* transaction control must work in a failed transaction, and reads nothing */
static bool
is_ours_to_judge(Node *stmt)
{
	return IsTransactionState() && !IsA(stmt, TransactionStmt) &&
		OidIsValid(MyDatabaseId);
}

static void
run(JUR_UTILITY_PARAMS)
{
	if (prev_utility)
		prev_utility(JUR_UTILITY_ARGS);
	else
		standard_ProcessUtility(JUR_UTILITY_ARGS);
}

static void
run_explain(JUR_UTILITY_PARAMS)
{
	pstmt = jur_guard_explain(pstmt, queryString, params, queryEnv);
	run(JUR_UTILITY_ARGS);
}

static void
run_copy(JUR_UTILITY_PARAMS)
{
	uint64		processed;

	if (!jur_copy(pstmt, queryString, params, queryEnv, &processed))
		jur_run_copy_out((CopyStmt *) pstmt->utilityStmt, run, JUR_UTILITY_ARGS);
	else if (qc)
		SetQueryCompletion(qc, CMDTAG_COPY, processed);
}

static void
run_any(JUR_UTILITY_PARAMS)
{
	jur_run_evaluating(run, JUR_UTILITY_ARGS);
}

static void
set_label(JUR_UTILITY_PARAMS)
{
	jur_security_label((SecLabelStmt *) pstmt->utilityStmt);
}

/* what triggers and functions of the command run is inside it */
static void
run_inside(JurRunUtility body, JUR_UTILITY_PARAMS)
{
	int			depth = jur_utility_depth;
	int			altering_table = jur_altering_table;

	jur_utility_depth++;
	jur_altering_table += IsA(pstmt->utilityStmt, AlterTableStmt);
	PG_TRY();
	{
		body(JUR_UTILITY_ARGS);
	}
	PG_FINALLY();
	{
		jur_utility_depth = depth;
		jur_altering_table = altering_table;
	}
	PG_END_TRY();
}

static bool
is_our_label(Node *stmt)
{
	SecLabelStmt *label = (SecLabelStmt *) stmt;

	return IsA(stmt, SecLabelStmt) && label->provider &&
		strcmp(label->provider, JUR_PROVIDER) == 0;
}

static TransactionId
prepared_transaction(const char *gid)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(gid)};
	TransactionId found = InvalidTransactionId;
	bool		is_null;

	if (SPI_connect() != SPI_OK_CONNECT ||
		SPI_execute_with_args("SELECT p.transaction FROM pg_catalog.pg_prepared_xact() p"
							  " WHERE p.gid OPERATOR(pg_catalog.=) $1",
							  1, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "prepared transactions cannot be listed");
	if (SPI_processed == 1)
		found = DatumGetTransactionId(SPI_getbinval(SPI_tuptable->vals[0],
													SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	return found;
}

static void
roll_back_prepared(JUR_UTILITY_PARAMS)
{
	TransactionStmt *stmt = (TransactionStmt *) pstmt->utilityStmt;
	TransactionId transaction;

	/* also what makes it an error, and is said before anything else */
	PreventInTransactionBlock(context == PROCESS_UTILITY_TOPLEVEL, "ROLLBACK PREPARED");
	transaction = prepared_transaction(stmt->gid);
	run(JUR_UTILITY_ARGS);
	jur_evidence_prepared_is_undone(transaction);
}

static bool
is_rollback_prepared(Node *stmt)
{
	return IsA(stmt, TransactionStmt) &&
		((TransactionStmt *) stmt)->kind == TRANS_STMT_ROLLBACK_PREPARED &&
		IsTransactionState() && jur_is_installed();
}

static void
judge_and_run(JUR_UTILITY_PARAMS)
{
	Node	   *stmt = pstmt->utilityStmt;
	RangeVar   *made;
	bool		is_new;

	if (!is_ours_to_judge(stmt))
	{
		if (is_rollback_prepared(stmt))
			run_inside(roll_back_prepared, JUR_UTILITY_ARGS);
		else
			run(JUR_UTILITY_ARGS);
		return;
	}
	if (is_our_label(stmt))
	{
		PreventCommandIfReadOnly("SECURITY LABEL");
		run_inside(set_label, JUR_UTILITY_ARGS);
		return;
	}
	if (!jur_is_installed())
	{
		judge(stmt, false);
		run(JUR_UTILITY_ARGS);
		return;
	}
	jur_statement_begins();
	judge_in_trigger(stmt);
	judge(stmt, true);
	made = made_table(stmt, &is_new);
	if (made && is_new && OidIsValid(RangeVarGetRelid(made, NoLock, true)))
		made = NULL;
	run_inside(IsA(stmt, CopyStmt) ? run_copy :
			   IsA(stmt, ExplainStmt) ? run_explain : run_any, JUR_UTILITY_ARGS);
	if (made)
		label_made_table(made);
	if (IsA(stmt, DiscardStmt) && ((DiscardStmt *) stmt)->target == DISCARD_ALL)
		jur_flow_session_ends();
	if (!IsTransactionState())
		return;
	if (IsA(stmt, DeclareCursorStmt))
		remember_held_cursor((DeclareCursorStmt *) stmt);
	jur_follow_ddl(stmt);
	/* after SET ROLE the cursors held for the former role are closed at once */
	if (IsA(stmt, VariableSetStmt))
		jur_statement_begins();
}

static void
utility(JUR_UTILITY_PARAMS)
{
	ErrorContextCallback *messages = error_context_stack;
	ErrorContextCallback watch;

	if (!jur_is_outermost())
	{
		judge_and_run(JUR_UTILITY_ARGS);
		return;
	}
	jur_statement_is(GetCommandTagName(CreateCommandTag(pstmt->utilityStmt)), pstmt->queryId);
	jur_evidence_watch(&watch);
	PG_TRY();
	{
		judge_and_run(JUR_UTILITY_ARGS);
	}
	PG_CATCH();
	{
		jur_evidence_statement_fails();
		PG_RE_THROW();
	}
	PG_END_TRY();
	error_context_stack = messages;
	/* of EXECUTE and FETCH: they are stored, and sent once this returns */
	if (qc && dest && dest->mydest == DestTuplestore)
		jur_statement_sends(qc->nprocessed);
	jur_evidence_statement_ends();
}

void
jur_enforce_utility_init(void)
{
	jur_on_purpose_refused(refuse_purpose);
	prev_utility = ProcessUtility_hook;
	ProcessUtility_hook = utility;
}
