/*-------------------------------------------------------------------------
 *
 * statement_internal.h
 *	  Knows: what the files of the running statement share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_STATEMENT_INTERNAL_H
#define JUR_STATEMENT_INTERNAL_H

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

#include "enforce/statement.h"

typedef struct JurPlaceKey
{
	JurAsked	asked;
	int			size;
	const char *label;
	int			where;			/* of an export: which question */
} JurPlaceKey;

typedef struct JurPlace
{
	JurPlaceKey	key;
	uint64		statement;		/* that counts here */
	uint64		count;
	uint64		said;			/* of it, in records already ... */
	uint64		said_before;	/* ... without the one that is being put */
	uint64		undone;			/* of it, writes that the statement undid itself */
	uint64		undone_said;
	uint64		undone_said_before;
	bool		allowed;
	bool		storable;		/* of a write: may the site store it? */
	char	   *label;			/* {"label":... */
	char	   *why;			/* ,"why":[...], or empty */
	char	   *why_stored;
	struct JurPlace *next;		/* touched by the same statement */
} JurPlace;

typedef struct JurStatement
{
	bool		is_open;
	bool		is_new;			/* something since the last record */
	bool		is_unsaid;		/* a table or a label since then */
	bool		is_told;		/* a record has been put ... */
	bool		is_running;		/* ... and it said that there is more to come */
	bool		has_asked;		/* about any label */
	/* known before it is open: how the outermost statement that began last is called */
	const char *command;
	uint64		digest;
	char		id[64];
	TimestampTz start;
	List	   *tables;			/* names, not told yet */
	List	   *relids;
	JurPlace   *touched;
	JurPlace  **last;
	struct Level *levels;			/* innermost first */
	uint64		rows;			/* of runs that have ended */
	uint64		rows_said;
	bool		sends_rows;
	int			parts;
} JurStatement;

/* statement.c: it, and the memory of what it has touched */
extern JurStatement jur_running;
extern MemoryContext jur_statement_context;
/* grows when the name of a table may be another */
extern uint64 jur_names_changed;

/* rows sent until now, also of the run at hand */
extern uint64 jur_rows_sent(void);

/* statement_session.c: the members that tell of the session, as last known, or NULL */
extern const char *jur_session_text;
/* grows when that changes */
extern uint64 jur_session_builds;
/* looks whether it has, if catalogs may be looked at */
extern void jur_refresh_session(void);

/*
 * statement_place.c: where to count questions of that KEY, and how they were
 * answered; VALUE is the label, EXPORT as in jur_statement_exports() or NULL.
 */
extern JurPlace *jur_place_of(const JurPlaceKey *key, Datum value, const JurQuestion *export);
/* they are made anew, also where a statement counts in them */
extern void jur_forget_places(void);
/* grows when they are */
extern uint64 jur_places_builds;
extern JurAction jur_asked_action(JurAsked asked);

/* statement_record.c: what was done until now was done by who is not any more */
extern void jur_tell_of_former_session(void);

#endif							/* JUR_STATEMENT_INTERNAL_H */
