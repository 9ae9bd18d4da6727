/*-------------------------------------------------------------------------
 *
 * statement.h
 *	  Knows: what the statement that is running has touched, was told, and
 *	  how often, until that is in the evidence log.
 *
 * The statement is the outermost one: what functions and triggers do inside
 * it is its doing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_STATEMENT_H
#define JUR_STATEMENT_H

#include "executor/execdesc.h"
#include "lib/stringinfo.h"

#include "policy/policy.h"

/* what was asked about a label; also the order in a record */
typedef enum JurAsked
{
	JUR_ASKED_ROWS = 0,			/* may such a row be read? */
	JUR_ASKED_VALUES,			/* may a value of a column? */
	JUR_ASKED_CEILING,			/* may all of a table, by its ceiling or own label? */
	JUR_ASKED_WRITE,			/* may such a row be written and stored? */
	JUR_ASKED_UNSEAL,
	JUR_ASKED_EXPORT
} JurAsked;

/*
 * statement.c
 *
 * jur_statement_count(): where to count one more question of that kind about
 * that label; never NULL.  The place is good while jur_statement_number stays
 * what it is.  EXPORT says where to, of JUR_ASKED_EXPORT.
 */
extern uint64 jur_statement_number;
extern uint64 *jur_statement_count(Datum label, JurAsked asked);
extern void jur_statement_exports(Datum label, const JurQuestion *export, uint64 rows);
extern void jur_statement_touches(Oid relid);
/* what the record of the outermost statement that begins calls it */
extern void jur_statement_is(const char *command, uint64 digest);
/* the outermost statement sends rows to the client: so many, and what release.c counts now */
extern void jur_statement_sends(uint64 rows);

/*
 * enforce_rows.c: a call site asks about LABEL for the first time in this
 * statement; further rows that it has an answer for are counted there.
 */
extern void jur_count_asked(Datum label, JurAsked asked);

/* callbacks; see jur_enforce_evidence_init() */
extern void jur_statement_init(void);

/* has it touched anything, or put a record of its own? */
extern bool jur_statement_is_open(void);
/* has it asked about any label: what it was told, rows or values, may be kept somewhere */
extern bool jur_statement_has_asked(void);
/* has it touched a table, or asked about a label, that no record tells of yet? */
extern bool jur_statement_is_unsaid(void);
/* has it anything to tell beyond the records that there are? */
extern bool jur_statement_has_news(void);
/* its identity, or NULL; a parallel worker's is its leader's */
extern const char *jur_statement_id(void);
/* before a plan with parallel workers is run, and after */
extern void jur_statement_has_workers(void);
extern void jur_statement_joins_workers(void);
/* of the last one there was, or NULL */
extern const char *jur_statement_last_id(void);
/*
 * Has the transaction written under a label, at that level of savepoints or
 * deeper?  A level that ends well leaves what it wrote to the one above.
 */
extern bool jur_statement_wrote(int level);
/* a level inside the statement: what it wrote counts as undone if it is */
extern void jur_statement_level_begins(int level);
extern void jur_statement_level_ends(int level, bool is_undone);
extern void jur_statement_transaction_ends(void);

/*
 * Put the record of what there is to tell.  OUTCOME as in FORMAT.md; the
 * first raises if the log cannot take it, the second never does.
 */
extern void jur_statement_tell(const char *outcome);
extern bool jur_statement_try_tell(const char *outcome, const char *sqlstate);
/* it is over */
extern void jur_statement_close(void);

/* what is decided of all that may bear LABEL, as a record's `decisions` tell it; palloc'd */
extern char *jur_decision_text(const JurLabel *label, const JurQuestion *question);

/*
 * The members that tell of the session, into a record begun; the second as
 * they were last known, without a look at catalogs.
 */
extern void jur_record_session(StringInfo record);
extern void jur_record_session_as_known(StringInfo record);

/* enforce_evidence.c: something was put that has to be waited for */
extern void jur_evidence_owed(void);
/* is there anything to be put or waited for before something may leave? */
extern bool jur_evidence_is_due;
/* nothing may leave before what there is to tell is in the log */
extern void jur_evidence_before_release(void);
/* the same without waiting: false, what there is to tell is on its way there */
extern bool jur_evidence_may_release(void);
/*
 * Has a statement failed that may have kept what it read, and that the log
 * does not have yet?  The second waits until it has, or raises.
 */
extern bool jur_evidence_keeps(void);
extern void jur_evidence_settle_kept(void);
/* all rows have come; the client gets those held back once this returns */
extern void jur_evidence_rows_end(void);
/* the first statement of a process begins */
extern void jur_evidence_session_begins(void);
/* messages are looked at until error_context_stack is what it was */
extern void jur_evidence_watch(ErrorContextCallback *watch);
/* the outermost statement has ended, well or with the error at hand */
extern void jur_evidence_statement_ends(void);
extern void jur_evidence_statement_fails(void);
/* a parallel worker's share of one has ended, well or with an error */
/* ROLLBACK PREPARED of that transaction is done */
extern void jur_evidence_prepared_is_undone(TransactionId transaction);
extern void jur_evidence_worker_ends(void);
extern void jur_evidence_worker_fails(void);

/*
 * A statement of more rows, or bytes, or one that takes longer until another
 * row comes, has a record before its end.
 */
#define JUR_FEW_ROWS	64
#define JUR_FEW_BYTES	(64 * 1024)
#define JUR_HELD_MS		200

/*
 * release.c: the rows that QUERY sends to the client wait for the log; false,
 * it sends none.  Where it is true one of the others is called: all rows have
 * come, and those held back go; or they never do; or the process ends.
 */
extern bool jur_release_begins(QueryDesc *query);
extern void jur_release_ends(void);
extern void jur_release_fails(void);
extern void jur_release_is_cut_off(void);
/* how many rows it has sent until now */
extern uint64 jur_release_sent(void);
/* something is to be put or waited for before anything more leaves */
extern void jur_release_falls_due(void);
/* a failed statement may have kept what it read: no statement is described before the log has it */
extern void jur_release_shuts(void);

/* do a statement's messages pass through release.c now? */
extern bool jur_release_is_on_the_way(void);

/*
 * release_held.c: the session has declared a cursor WITH HOLD, whose rows are
 * waited for and counted as well; from now on, or when the second says so.
 */
extern void jur_release_watches_held(void);
extern void jur_release_may_watch_held(void);

/* release_tuple.c: those of a parallel worker, for its leader, and of COPY pass through here */
extern bool jur_tuple_release_wants(DestReceiver *dest);
extern DestReceiver *jur_tuple_release(DestReceiver *dest);

#endif							/* JUR_STATEMENT_H */
