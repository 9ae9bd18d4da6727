/*-------------------------------------------------------------------------
 *
 * evidence_index.h
 *	  Knows: what to find in which bundle of a log, in the directory index/
 *	  beside the tiles.
 *	  Refuses to know: who searches, PostgreSQL.
 *
 * For each full bundle a summary: its first and last time, and a Bloom filter
 * of what its records name.  The filter may say "perhaps" of what is not
 * there, never "no" of what is.  A summary holds only with the tree that it
 * was made of: it carries that hash of the tree, which covers its bundle.
 * What is missing, torn, or of another tree counts as not being there, and
 * makes searching slower, never wrong.
 *
 * Whoever writes a summary writes the same bytes to the same place: any
 * number of processes may do it at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_EVIDENCE_INDEX_H
#define JUR_EVIDENCE_INDEX_H

#include "evidence/log_dir.h"
#include "evidence/record.h"

#define JUR_SUMMARY_FILTER	1984	/* bytes, so that a summary is 2 KiB on disk */

/* what a record may be found by */
typedef enum JurTerm
{
	JUR_TERM_EVENT = 'e',
	JUR_TERM_ID = 'i',
	JUR_TERM_USER = 'u',
	JUR_TERM_ROLE = 'r',
	JUR_TERM_TABLE = 't',
	JUR_TERM_OBJECT = 'o',
	JUR_TERM_LABEL = 'l'
} JurTerm;

typedef struct JurSummary
{
	uint64_t	bundle;
	int64_t		first;			/* microseconds since 1970; first > last: no record */
	int64_t		last;
	JurHash		hash;			/* of the subtree of the bundle's entries */
	uint8_t		filter[JUR_SUMMARY_FILTER];
} JurSummary;

/* what stands for TEXT, UTF-8 without escapes, in filters */
extern uint64_t jur_term_hash(JurTerm term, const char *text, size_t size);
/* false: certainly not in the bundle */
extern bool jur_summary_may_hold(const JurSummary *summary, uint64_t hash);

typedef struct JurIndex JurIndex;

/* opens no file yet; NULL: no memory */
extern JurIndex *jur_index_open(const char *directory);
extern void jur_index_close(JurIndex *index);

/*
 * The summary of full bundle BUNDLE of READER's tree, NULL if there is none
 * that holds; good until the next call.
 */
extern const JurSummary *jur_index_get(JurIndex *index, JurLogReader *reader,
									   uint64_t bundle);
/* made of the bundle itself; false: it cannot be read */
extern bool jur_index_summarize(JurLogReader *reader, uint64_t bundle,
								JurSummary *summary, JurLogError *error);
/* writes SUMMARY as that of BUNDLE, in place of what is there */
extern bool jur_index_put(JurIndex *index, uint64_t bundle, const JurSummary *summary,
						  JurLogError *error);
extern bool jur_summary_equal(const JurSummary *a, const JurSummary *b);

/*
 * Writes the summaries that are missing, at most MOST of them, starting where
 * the last call on INDEX left off; for whoever writes the log, after a
 * checkpoint.  Bundles that were dropped have none.
 */
extern bool jur_index_update(JurIndex *index, JurLogReader *reader, int most,
							 JurLogError *error);
/* has that looked at every full bundle? */
extern bool jur_index_is_complete(const JurIndex *index, const JurLogReader *reader);

#endif							/* JUR_EVIDENCE_INDEX_H */
