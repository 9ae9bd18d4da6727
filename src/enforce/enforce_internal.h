/*-------------------------------------------------------------------------
 *
 * enforce_internal.h
 *	  What the files of enforce/ share: judging, and the state of the
 *	  statement that is being run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_ENFORCE_INTERNAL_H
#define JUR_ENFORCE_INTERNAL_H

#include "catalog/objectaddress.h"
#include "executor/execdesc.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "parser/parse_node.h"
#include "tcop/utility.h"
#include "utils/queryenvironment.h"

#include "base/compat.h"

#include "enforce/enforce.h"
#include "session/session.h"

/*
 * judge.c: decide, record, refuse.
 *
 * jur_refused() records a refusal and says whether it must be carried out:
 * false in observe mode.  The caller then raises, with its own message:
 *
 *		if (jur_refused("read", relid, "no exemption"))
 *			ereport(ERROR, ...);
 *
 * A guarded act (policy, tags, LOAD) is refused in observe mode too.
 */
extern bool jur_refused(const char *action, Oid relid, const char *reason);
extern void jur_refused_guarded(const char *action, const char *object,
								const char *reason);
/* an act that was let through and must leave a trace: tag, rule, exemption */
extern void jur_recorded(const char *event, const char *object,
						 const char *detail);
/* and by which all that bears LABEL may go where QUESTION says */
extern void jur_recorded_flow(const char *event, const char *object, const char *detail,
							  const JurLabel *label, const JurQuestion *question);
/* "public.patient", quoted as needed; for messages */
extern char *jur_relation_name(Oid relid);
extern bool jur_observing(void);

/* exempt.c: who is never judged, in one list */
extern bool jur_is_restoring(void); /* binary upgrade, or a backup role */
extern bool jur_in_own_script(void);	/* our install or update script runs */
extern bool jur_may_bypass(Oid relid, const char *action);	/* recorded at use */

/* enforce_rows.c */
extern void jur_check_new_label(const JurLabel *label, Oid relid);
extern void jur_rows_flush_counts(void);
extern void jur_seal_flush_counts(void);
/* a sealed value was opened: its statement's errors are not logged in full */
extern void jur_seal_log_note(void);
/* seal_kept.c: 42501 where what is opened would be kept without its seal */
extern void jur_seal_before_opening(void);
extern void jur_seal_after_opening(void);
/* does a plan hold what was opened while it was made? */
extern bool jur_seal_is_in_plan(const PlannedStmt *plan);
extern void jur_seal_statement_ends(void);

/*
 * The verdict of ASK for a label, remembered per call site by the label's
 * bytes until jur_generation changes.
 */
typedef bool (*JurAsk) (Datum label, FunctionCallInfo fcinfo);
extern bool jur_memo_admits(FunctionCallInfo fcinfo, Datum label, JurAsk ask);

/* watermark.c: what was read */
struct JurFrame;
extern uint64 jur_flow_version;
/* the session has read something so labelled */
extern void jur_flow_note(const JurLabel *label);
/* the same, of the target of a statement or copied into it with its label */
extern void jur_flow_note_target(Oid relid, const JurLabel *label);
/* a trigger of RELID is given a row labelled LABEL, or not labelled yet */
extern void jur_flow_note_given(Oid relid, const JurLabel *label);
/* or the statement's rows, in a transition table */
extern void jur_flow_note_given_tables(Oid relid);
extern void jur_flow_note_table(Oid relid);
/* a parallel plan has run: hear what its workers have read */
extern void jur_flow_collect(void);
extern bool jur_flow_has_read(void);
extern void jur_flow_statement_begins(void);
extern void jur_flow_session_ends(void);
/* enforce_flow.c: 42501 if what was read may not go there */
extern void jur_flow_judge_row(const JurLabel *label, Oid relid);
extern void jur_flow_judge_table(Oid relid);
extern void jur_flow_judge_text(const char *what);
extern void jur_flow_judge_export(const JurQuestion *question, const char *what);
extern JurLabel *jur_flow_label_of_new_table(Oid relid);
/* what functions have read while PLAN was made is read whenever it runs */
extern void jur_flow_keep_in_plan(PlannedStmt *plan, const struct JurFrame *planning);
extern void jur_flow_before_run(const PlannedStmt *plan);
extern void jur_flow_after_run(QueryDesc *query);
/* flow_function.c: what is passed to a function that leaves it elsewhere is judged */
extern void jur_flow_guard_call(FuncExpr *call);

/* enforce_given_rows.c: does a trigger run that was given rows of a tagged table? */
extern bool jur_in_row_trigger(void);

/* enforce_trusted.c */
extern void jur_tag_function(const ObjectAddress *address, const char *text);
extern bool jur_is_trusted(Oid function);

/* enforce_columns.c */
extern JurLabel *jur_column_label(const JurTagged *tagged,
								  const JurColumnTag *column,
								  const JurLabel *rows);
extern void jur_mask_columns(Query *query);
extern List *jur_column_checks(const JurTagged *tagged, const JurPerms *perms);

/* wall.c */
extern void jur_refuse_column(Oid relid, AttrNumber attnum, const char *action);
extern bool jur_dumping;
extern bool jur_touches_tagged(List *rtable);
/* the table whose TOAST table RELID is; InvalidOid if it is none */
extern Oid	jur_toast_owner(Oid relid);
/* may the session read what column COLUMN of a table holds, for every row? */
extern bool jur_column_is_open(const JurTagged *tagged, const JurColumnTag *column);
/* the wall for a table that a utility command reads or writes whole */
extern void jur_wall_for_command(Oid relid, AclMode required);

/* enforce_plan.c */
extern void jur_check_relabelling(Datum old_label, Datum new_label, Oid relid);
/* the session has changed: plans made without a filter go */
extern void jur_plans_are_stale(void);
/* raise if a plan without a filter may not run now */
extern void jur_check_unfiltered(List *rtable);
/* what planning has done to a relation; the plan carries it to the wall */
typedef enum JurMark
{
	JUR_MARK_UNFILTERED = 'U',	/* its filter was taken out: rests on the ceiling */
	JUR_MARK_MASKED = 'M',		/* its raised columns are masked, or guarded */
	JUR_MARK_COPIED = 'C',		/* its rows go into a tagged target with their labels */
	JUR_MARK_STATISTICS = 'S'	/* rows of a statistics catalog are filtered */
} JurMark;
extern void jur_mark(RangeTblEntry *rte, JurMark mark);
extern bool jur_has_mark(const RangeTblEntry *rte, JurMark mark);

/*
 * enforce_execute.c: the stack of what is being planned and run, innermost
 * first.  Functions run while planning, too.
 */
typedef struct JurFrame
{
	struct JurFrame *up;
	QueryDesc  *query;			/* that is run, or NULL */
	Query	   *planned;		/* that is planned, or NULL */
	bool		is_referential; /* it began under SECURITY_NOFORCE_RLS */
	bool		is_stamped;		/* it and those above have opened sealed values */
	List	   *read;			/* tagged tables read while planning */
	JurLabel   *labels;			/* and under which labels; NULL: none that restricts */
	bool		read_unknown;	/* some of them are not known */
	MemoryContext context;		/* of the two */
} JurFrame;

extern JurFrame *jur_top_frame;
extern void jur_push_frame(JurFrame *frame, QueryDesc *query, Query *planned);
extern void jur_pop_frame(JurFrame *frame);
/* ExecutorRun as it would be without us */
extern void jur_standard_run(JUR_EXECUTOR_RUN_PARAMS);
extern bool jur_enclosed_in_referential_check(void);
/* what is running may not go on in another session, as if it read tagged tables */
extern void jur_stamp_callers(void);
/* does what begins now begin a statement of the client's? */
extern bool jur_is_outermost(void);
extern const char *jur_command_name(CmdType operation);
/*
 * A cursor WITH HOLD sends rows that were stored when its transaction ended,
 * and passes no hook of the executor.  Is this one that does?  If so, the
 * statement sends what it holds.
 */
struct PortalData;
extern bool jur_is_held(const struct PortalData *portal);
extern void jur_touch_held(const struct PortalData *portal);
/* 42501: the session is not any more who it was when it opened the cursor */
extern void jur_refuse_cursor(void);
/* every statement starts with this: who are we now? */
extern void jur_statement_begins(void);
/* names (palloc'd in TopMemoryContext) of cursors declared WITH HOLD */
extern List *jur_held_cursors;

/*
 * enforce_copy.c: COPY TO is an export, COPY FROM checks every row.
 */
typedef struct JurExport JurExport;
typedef void (*JurRunUtility) (JUR_UTILITY_PARAMS);

/* the COPY TO that is running, or NULL */
extern JurExport *jur_export;
/* COPY FROM into a tagged table; false: not our case, the server's COPY */
extern bool jur_copy(PlannedStmt *pstmt, const char *query_string,
					 ParamListInfo params, QueryEnvironment *env,
					 uint64 *processed);
/* replication: what is copied must be all, so that nothing may be filtered */
extern bool jur_export_is_whole(void);
/* any other COPY; of rows that may not leave it is an error */
extern void jur_run_copy_out(CopyStmt *stmt, JurRunUtility run,
							 JUR_UTILITY_PARAMS);
/* a row so labelled has been read for the running export */
extern void jur_export_note(Datum label);
/* has every row and column of RELID been judged for the running export? */
extern bool jur_export_has_judged(Oid relid);
/* may a value so labelled be part of the running export? */
extern bool jur_export_admits(const JurLabel *label);
/* run QUERY into a store, and out of it only if every row may leave */
extern void jur_export_run(JUR_EXECUTOR_RUN_PARAMS);
/* is QUERY the one whose rows a COPY sends? */
extern bool jur_export_wants(QueryDesc *query);

/* enforce_utility.c: how many utility commands are running, one inside the other */
extern int	jur_utility_depth;

/* enforce_explain.c */
/* the EXPLAIN to run in place of PSTMT; raises where ANALYZE may not be used */
extern PlannedStmt *jur_guard_explain(PlannedStmt *pstmt, const char *query_string,
									  ParamListInfo params, QueryEnvironment *env);

/* enforce_counters.c */
/* if CALL is one of the server's counting functions, another stands for it from now on */
extern void jur_stand_in_for_counter(FuncExpr *call);
/* may the session see how many rows a query met, hidden ones among them? */
extern bool jur_sees_counters(void);

/* tag_codes.c: the first code that is in no registry, or NULL */
extern const char *jur_unknown_in_column_tag(const JurColumnTag *tag);
extern const char *jur_unknown_in_relation_tag(const JurRelationTag *tag);
extern const char *jur_unknown_in_role_tag(const JurRoleTag *tag);

/* enforce_relabel.c */
extern void jur_security_label(SecLabelStmt *stmt);
extern void jur_tag_child(Oid parent, Oid child);
/* our own ALTER TABLE is running: enforce_ddl.c lets it pass */
extern bool jur_internal_ddl;

/* relabel_trigger.c */
extern void jur_watch_relabelling(QueryDesc *query, int flags);
/* does the row label follow from other columns? */
extern bool jur_label_is_generated(Relation rel);

/* user_code.c: the code of users that an expression or a table's own run */
extern char *jur_user_code_in(Node *expr);
extern char *jur_user_code_of_opclass(Oid opclass);
extern char *jur_user_code_of_table(Oid relid);
extern char *jur_user_code_of_conditions(Oid relid);
/* tables whose own expressions or triggers call FUNCTION by name */
extern List *jur_tables_running(Oid function);
/* does what this command writes make FUNCTION do something else? */
extern bool jur_function_differs(Oid function);

/* analyze.c: expressions of commands that have yet to run */
typedef struct JurNewColumn
{
	const char *name;			/* of a column that the command adds or retypes */
	Oid			type;
} JurNewColumn;

extern List *jur_new_columns_of(const AlterTableStmt *stmt);
/* as the parser gives it; new columns are constants of their type */
extern Node *jur_analyze(Oid relid, Node *expr, List *new_columns, ParseExprKind kind);

/* enforce_expressions.c */
extern void jur_judge_expressions(Node *stmt);
extern void jur_judge_tagging(Oid relid);
/* a function was changed: raise if a tagged table has been trusting it */
extern void jur_judge_changed_function(Oid function);
extern void jur_run_evaluating(JurRunUtility run, JUR_UTILITY_PARAMS);
/* may the session read all that the table can hold, or act as officer? */
extern bool jur_may_install_code(Oid relid);
/* is some column of RELID of that domain, or of one made of it? */
extern bool jur_has_column_of(Oid relid, Oid domain);

/* enforce_oracle.c */
extern void jur_judge_questions(Node *stmt);

/* enforce_triggers.c */
extern void jur_judge_trigger(Node *stmt);
extern void jur_judge_cascades(Oid relid);
/* does a referential action fire a trigger of users on RELID? */
extern bool jur_cascade_fires(Oid relid);

/* enforce_publish.c */
extern void jur_judge_publication(Oid publication);
extern void jur_judge_publications_of(Oid relid);
extern char *jur_why_unpublishable(Oid publication, Oid relid);
extern void jur_judge_foreign(JUR_CHECK_PERMS_PARAMS);
/* may a value so labelled be exported to where foreign table RELID is? */
extern bool jur_may_go_to(const JurLabel *label, Oid relid);

/* enforce_functions.c */
extern void jur_judge_function(Oid function);

/* utility_library.c: 42501 if code comes in that is not trusted */
extern void jur_judge_load(Node *stmt);
extern void jur_judge_create_function(Node *stmt);
extern void jur_judge_leakproof(Node *stmt);
extern void jur_judge_extension(Node *stmt);

/* enforce_ddl.c */
/* ALTER TABLE is running, so many levels of it */
extern int	jur_altering_table;
extern void jur_judge_ddl(Node *stmt);
extern void jur_follow_ddl(Node *stmt);
/* an officer, a restore, or we ourselves */
extern bool jur_may_change_protection(void);
/* 42501, recorded, in observe mode too: OBJECT may not be changed */
extern void jur_refuse_ddl(const char *object, const char *reason, const char *hint);

#endif							/* JUR_ENFORCE_INTERNAL_H */
