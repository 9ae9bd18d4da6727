/*-------------------------------------------------------------------------
 *
 * evidence_reading.h
 *	  What the files evidence_*.c of enforce/ share: who may read the evidence
 *	  log, the log while it is read, and a record as a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_EVIDENCE_READING_H
#define JUR_EVIDENCE_READING_H

#include "access/tupdesc.h"
#include "foreign/fdwapi.h"
#include "nodes/pathnodes.h"

#include "evidence/evidence_index.h"

/* ------------------------------------------------------------- evidence_access.c */

/*
 * 42501 unless this session may read the log (officer or auditor).  What is
 * read is recorded: OBJECT names the view or function, DETAIL what of it.
 */
extern void jur_begin_reading(const char *object, const char *detail);
/* the same for officers only, of what changes the log: WHAT completes "must be officer to ..." */
extern void jur_begin_keeping(const char *what);
/* 55000 if this server keeps no log; its directory */
extern const char *jur_log_directory(void);
/* the log of this server, until the current memory context goes */
extern JurLogReader *jur_open_log_reader(void);
extern JurIndex *jur_open_log_index(void);
/* 58030, or the class that ERROR is of */
extern void jur_raise_log_error(const JurLogError *error) pg_attribute_noreturn();
/* UTF-8 as text of this database; what it has no character for becomes "?" */
extern char *jur_text_of_log(const char *text, size_t size);

/* ---------------------------------------------------------------- evidence_row.c */

typedef enum JurEvidenceColumn
{
	JUR_EVIDENCE_OTHER = 0,		/* not one of ours: NULL */
	JUR_EVIDENCE_SEQ,
	JUR_EVIDENCE_TIME,
	JUR_EVIDENCE_MEMBER,		/* text of one member */
	JUR_EVIDENCE_LIST,			/* list of texts */
	JUR_EVIDENCE_LABELS,
	JUR_EVIDENCE_ROWS,
	JUR_EVIDENCE_DETAIL,
	JUR_EVIDENCE_SIGNED,
	JUR_EVIDENCE_RECORD
} JurEvidenceColumn;

typedef struct JurColumnSource
{
	JurEvidenceColumn column;
	JurMember	member;
	JurTerm		term;			/* what the index has of it; 0: nothing */
} JurColumnSource;

/* what column ATTNUM of a relation shows, by its name and type */
extern JurColumnSource jur_column_source(TupleDesc desc, AttrNumber attnum);

/* an entry as it was read; ERROR says why it is no record, NULL: it is one */
typedef struct JurEntry
{
	uint64		seq;
	bool		is_signed;
	const uint8_t *data;
	size_t		size;
	const char *error;
	JurRecord	record;
} JurEntry;

extern void jur_parse_entry(JurEntry *entry, uint64 seq, bool is_signed,
							const uint8_t *data, size_t size);
extern Datum jur_entry_value(const JurEntry *entry, const JurColumnSource *source, bool *isnull);
/* microseconds since 1970 and the server's time */
extern TimestampTz jur_time_of_record(int64 time);
extern int64 jur_time_for_record(TimestampTz time);

/* ----------------------------------------------------- evidence_conditions.c */

/*
 * What a query asks of the log that can be answered without reading all of
 * it.  A condition here never decides about a row: the executor tests every
 * clause again.
 */
typedef enum JurConditionKind
{
	JUR_SEQ_FROM,				/* at least */
	JUR_SEQ_TO,					/* at most */
	JUR_TIME_FROM,
	JUR_TIME_TO,
	JUR_TERM_ALL,				/* every one of these terms */
	JUR_TERM_ANY				/* at least one */
} JurConditionKind;

/* appends to EXPRS what has to be evaluated, to PLANNED pairs (kind, term) of integers */
extern void jur_plan_conditions(RelOptInfo *rel, Oid relid, List *clauses,
								List **exprs, List **planned);

typedef struct JurTerms
{
	JurTerm		term;
	bool		is_any;
	int			count;
	uint64	   *hashes;
} JurTerms;

typedef struct JurConditions
{
	bool		is_never;		/* no row can fulfil them */
	uint64		seq_from;
	uint64		seq_to;
	int64		time_from;		/* as records have it */
	int64		time_to;
	int			nterms;
	JurTerms   *terms;
} JurConditions;

extern void jur_no_conditions(JurConditions *conditions);
/* adds one whose expression came to VALUE of type TYPE */
extern void jur_add_condition(JurConditions *conditions, JurConditionKind kind,
							  JurTerm term, Datum value, bool isnull, Oid type);
extern bool jur_summary_may_match(const JurConditions *conditions, const JurSummary *summary);
extern bool jur_entry_may_match(const JurConditions *conditions, const JurEntry *entry);

/* ------------------------------------------------------------- evidence_cursor.c */

/* a walk through the log, newest first or oldest first */
typedef struct JurCursor JurCursor;

extern JurCursor *jur_cursor_open(const JurConditions *conditions, bool is_ascending);
/* the next entry that may match; its bytes are good until the next call */
extern bool jur_cursor_next(JurCursor *cursor, JurEntry *entry);
/* the name of the log; good as long as the cursor */
extern const char *jur_cursor_origin(const JurCursor *cursor);

#endif							/* JUR_EVIDENCE_READING_H */
