/*-------------------------------------------------------------------------
 *
 * evidence_cursor.c
 *	  Idea: a walk through the log that passes over bundles in which nothing
 *	  can match.
 *
 * First the entries that no checkpoint covers yet, then the tree (or the
 * other way round).  The log grows meanwhile; the walk sees what there was
 * when it began.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/errors.h"
#include "enforce/evidence_reading.h"

typedef struct Kept
{
	char	   *data;
	size_t		size;
} Kept;

struct JurCursor
{
	JurConditions conditions;
	bool		is_ascending;
	JurLogReader *reader;
	JurIndex   *index;
	uint64		size;			/* of the tree */
	Kept	   *tail;			/* entries SIZE and on */
	uint64		ntail;
	uint64		next;			/* the number looked at next; descending: next below it */
	bool		is_done;
	uint64		entered;		/* the bundle whose summary was looked at last */
	uint64		entered_group;	/* and the group */
	bool		has_read;		/* an entry of the tree was there */
	bool		is_missing;		/* entry MISSING was not, and none that came after it */
	uint64		missing;
};

/*
 * The entries behind the tree, copied: the journal is used again as soon as a
 * checkpoint covers them.  If one has come in between, they are looked for in
 * the tree of that one.
 */
static void
keep_tail(JurCursor *cursor)
{
	JurLogError error;
	uint64		room;
	int			tries;

	for (tries = 0; tries < 10; tries++)
	{
		const uint8_t *data;
		size_t		size;

		cursor->size = jur_log_head(cursor->reader)->size;
		cursor->ntail = 0;
		cursor->tail = NULL;
		room = 0;
		while (jur_log_tail_entry(cursor->reader, cursor->size + cursor->ntail,
								  &data, &size, &error))
		{
			Kept	   *kept;

			CHECK_FOR_INTERRUPTS();
			if (cursor->ntail == room)
			{
				room = room == 0 ? 64 : room * 2;
				cursor->tail = cursor->tail == NULL ?
					MemoryContextAllocHuge(CurrentMemoryContext, room * sizeof(Kept)) :
					repalloc_huge(cursor->tail, room * sizeof(Kept));
			}
			kept = &cursor->tail[cursor->ntail++];
			kept->data = palloc(Max(size, 1));
			kept->size = size;
			memcpy(kept->data, data, size);
		}
		if (!jur_log_refresh(cursor->reader, &error))
			jur_raise_log_error(&error);
		if (jur_log_head(cursor->reader)->size <= cursor->size + cursor->ntail)
			return;
	}
}

JurCursor *
jur_cursor_open(const JurConditions *conditions, bool is_ascending)
{
	JurCursor  *cursor = palloc0(sizeof(JurCursor));
	uint64		end;

	cursor->conditions = *conditions;
	cursor->is_ascending = is_ascending;
	cursor->entered = PG_UINT64_MAX;
	cursor->entered_group = PG_UINT64_MAX;
	if (conditions->is_never)
	{
		cursor->is_done = true;
		return cursor;
	}
	cursor->reader = jur_open_log_reader();
	cursor->index = jur_open_log_index();
	cursor->size = jur_log_head(cursor->reader)->size;
	if (conditions->seq_to >= cursor->size)
		keep_tail(cursor);
	end = cursor->size + cursor->ntail;
	if (conditions->seq_to < end)
		end = conditions->seq_to + 1;
	cursor->next = is_ascending ? conditions->seq_from : end;
	cursor->is_done = conditions->seq_from >= end;
	return cursor;
}

/* sets NEXT behind all SIZE entries around SEQ, in the direction of the walk */
static void
pass_over(JurCursor *cursor, uint64 seq, uint64 size)
{
	uint64		first = seq - seq % size;

	cursor->next = cursor->is_ascending ? first + size : first;
}

static void
warn_of_loss(uint64 seq, const char *detail)
{
	ereport(WARNING,
			(errcode(JUR_ERR_EVIDENCE),
			 errmsg("could not read entry " UINT64_FORMAT " of the evidence log and its neighbours", seq),
			 errdetail("%s.", detail),
			 errhint("SELECT * FROM jurisdiction.verify_evidence() tells what is wrong.")));
}

/*
 * What retention dropped is at the start of the log, and no news.  What is
 * missing between others is lost, and said to be.
 */
static void
note_missing(JurCursor *cursor, uint64 seq, const JurLogError *error)
{
	if (!error->is_missing || (cursor->is_ascending && cursor->has_read))
		warn_of_loss(seq, error->text);
	else if (!cursor->is_ascending)
	{
		cursor->is_missing = true;
		cursor->missing = seq;
	}
}

static void
note_read(JurCursor *cursor)
{
	if (cursor->is_missing)
		warn_of_loss(cursor->missing, "The file that holds them is not there");
	cursor->is_missing = false;
	cursor->has_read = true;
}

/* the entry SEQ, which is in the tree or behind it; false: passed over */
static bool
read_entry(JurCursor *cursor, uint64 seq, JurEntry *entry)
{
	const uint8_t *data;
	size_t		size;
	JurLogError error;

	if (seq >= cursor->size)
	{
		Kept	   *kept = &cursor->tail[seq - cursor->size];

		jur_parse_entry(entry, seq, false, (const uint8_t *) kept->data, kept->size);
		return true;
	}
	if (!jur_log_entry(cursor->reader, seq, &data, &size, &error))
	{
		note_missing(cursor, seq, &error);
		pass_over(cursor, seq, JUR_BUNDLE);
		return false;
	}
	note_read(cursor);
	jur_parse_entry(entry, seq, true, data, size);
	return true;
}

/* does the index say that there is nothing in the bundle, or group, of SEQ? */
static bool
has_nothing(JurCursor *cursor, JurSummaryKind kind, uint64 seq)
{
	uint64		number = seq >> kind;
	const JurSummary *summary;

	if ((number + 1) << kind > cursor->size)
		return false;
	summary = jur_index_get(cursor->index, cursor->reader, kind, number);
	return summary != NULL && !jur_summary_may_match(&cursor->conditions, summary);
}

/* asks once for each group and bundle that the walk enters; true: on to what follows it */
static bool
is_passed_over(JurCursor *cursor, uint64 seq)
{
	if (cursor->entered == seq / JUR_BUNDLE)
		return false;
	CHECK_FOR_INTERRUPTS();
	cursor->entered = seq / JUR_BUNDLE;
	if (cursor->entered_group != seq >> JUR_OF_GROUP)
	{
		cursor->entered_group = seq >> JUR_OF_GROUP;
		if (has_nothing(cursor, JUR_OF_GROUP, seq))
		{
			pass_over(cursor, seq, UINT64CONST(1) << JUR_OF_GROUP);
			return true;
		}
	}
	if (!has_nothing(cursor, JUR_OF_BUNDLE, seq))
		return false;
	pass_over(cursor, seq, JUR_BUNDLE);
	return true;
}

bool
jur_cursor_next(JurCursor *cursor, JurEntry *entry)
{
	uint64		end = Min(cursor->conditions.seq_to, PG_UINT64_MAX - 1) + 1;

	if (end > cursor->size + cursor->ntail)
		end = cursor->size + cursor->ntail;
	while (!cursor->is_done)
	{
		uint64		seq;

		if (cursor->is_ascending ? cursor->next >= end :
			cursor->next <= cursor->conditions.seq_from)
		{
			cursor->is_done = true;
			break;
		}
		seq = cursor->is_ascending ? cursor->next : cursor->next - 1;
		if (is_passed_over(cursor, seq))
			continue;
		cursor->next = cursor->is_ascending ? seq + 1 : seq;
		if (read_entry(cursor, seq, entry) && jur_entry_may_match(&cursor->conditions, entry))
			return true;
	}
	return false;
}

const char *
jur_cursor_origin(const JurCursor *cursor)
{
	return cursor->reader ? jur_log_head(cursor->reader)->origin : "";
}
