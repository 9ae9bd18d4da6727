/*-------------------------------------------------------------------------
 *
 * record.h
 *	  Knows: what an entry of the log says (FORMAT.md section 2).
 *	  Refuses to know: trees and files, who asks, PostgreSQL: the server and
 *	  the stand-alone verifier link the same code.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_RECORD_H
#define JUR_RECORD_H

#include "evidence/json_text.h"

/* the members that have a meaning; record.c has their names and types */
typedef enum JurMember
{
	JUR_MEMBER_V = 0,
	JUR_MEMBER_EVENT,
	JUR_MEMBER_TIME,
	JUR_MEMBER_NODE,
	JUR_MEMBER_SITE,
	JUR_MEMBER_ID,
	JUR_MEMBER_PART,
	JUR_MEMBER_DATABASE,
	JUR_MEMBER_USER,
	JUR_MEMBER_ROLE,
	JUR_MEMBER_LOGIN,
	JUR_MEMBER_CLIENT,
	JUR_MEMBER_APPLICATION,
	JUR_MEMBER_PLACES,
	JUR_MEMBER_CLEARANCE,
	JUR_MEMBER_PURPOSE,
	JUR_MEMBER_TRANSACTION,
	JUR_MEMBER_COMMAND,
	JUR_MEMBER_DIGEST,
	JUR_MEMBER_TABLES,
	JUR_MEMBER_DECISIONS,
	JUR_MEMBER_ROWS,
	JUR_MEMBER_OUTCOME,
	JUR_MEMBER_SQLSTATE,
	JUR_MEMBER_MORE,
	JUR_MEMBER_TIMES,
	JUR_MEMBER_UNTIL,
	JUR_MEMBER_ACTION,
	JUR_MEMBER_OBJECT,
	JUR_MEMBER_VERDICT,
	JUR_MEMBER_DETAIL,
	JUR_MEMBER_ORIGIN,
	JUR_MEMBER_PREVIOUS,
	JUR_MEMBER_SIZE,
	JUR_MEMBER_ROOT,
	JUR_MEMBER_VERSION,
	JUR_MEMBER_LIBRARY,
	JUR_MEMBER_SETTINGS,
	JUR_MEMBER_RECOVERED,
	JUR_MEMBER_TORN,
	JUR_MEMBER_UNFLUSHED,
	JUR_MEMBER_OLD,
	JUR_MEMBER_NEW,
	JUR_MEMBER_HANDOVER,
	JUR_MEMBER_BELOW,
	JUR_MEMBER_LOST,
	JUR_MEMBER_SINCE,
	JUR_MEMBERS					/* how many */
} JurMember;

/* labels found where the record was parsed; of more decisions, they are looked for again */
#define JUR_LABELS_KEPT	16

/* pieces of the entry that was parsed; good as long as its bytes are */
typedef struct JurRecord
{
	JurJson		whole;
	JurJson		member[JUR_MEMBERS];	/* size 0: the record has none */
	int64_t		time;			/* microseconds since 1970-01-01 00:00 UTC */
	int			ndecisions;
	JurJson		label[JUR_LABELS_KEPT];	/* of the first decisions */
} JurRecord;

/* one of `decisions` */
typedef struct JurDecisionRecord
{
	JurJson		label;
	JurJson		action;
	JurJson		verdict;
	bool		is_within;
	int64_t		rows;			/* 0: not said */
	int64_t		values;			/* 0: not said */
	int64_t		undone;
	JurJson		why;
} JurDecisionRecord;

/* one of `why` */
typedef struct JurWhyRecord
{
	JurJson		atom;
	JurJson		to;
	JurJson		by;
	JurJson		rule;			/* an integer, or one in a string */
	JurJson		basis;
} JurWhyRecord;

/*
 * Any bytes: NULL, and RECORD is filled; or why they are no record of
 * version 1.  Members that have no meaning here are allowed and passed over.
 */
extern const char *jur_record_parse(const void *data, size_t size, JurRecord *record);

/* the member of this name, of those that have a meaning; JUR_MEMBERS: none */
extern JurMember jur_record_member(JurJson name);
extern const char *jur_record_member_name(JurMember member);

/* walk through `decisions`, and through the `why` of one; *POS is 0 at first */
extern bool jur_record_next_decision(const JurRecord *record, size_t *pos,
									 JurDecisionRecord *decision);
/* the labels of all decisions, which takes less time; *POS is 0 at first */
extern bool jur_record_next_label(const JurRecord *record, size_t *pos, JurJson *label);
extern bool jur_record_next_why(const JurDecisionRecord *decision, size_t *pos,
								JurWhyRecord *why);

/* "YYYY-MM-DDTHH:MM:SS.ffffffZ", quotes included, in microseconds since 1970 */
extern bool jur_record_time(JurJson text, int64_t *time);

#endif							/* JUR_RECORD_H */
