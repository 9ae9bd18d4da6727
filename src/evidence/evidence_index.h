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
 * For each 256 of them, a group, one of the same kind over all of these, so
 * that who looks for something rare need not look at each; it leaves out
 * the ids of statements, of which there are too many.
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

#define JUR_GROUP		256		/* bundles of a group */
/* so that a summary is 2 KiB on disk, and that of a group 16 KiB */
#define JUR_BUNDLE_FILTER	1984
#define JUR_GROUP_FILTER	16320

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

/* by the level of the subtree, which is what a summary is of */
typedef enum JurSummaryKind
{
	JUR_OF_BUNDLE = 8,
	JUR_OF_GROUP = 16
} JurSummaryKind;

typedef struct JurSummary
{
	JurSummaryKind kind;
	uint64_t	number;			/* of the bundle, of the group */
	int64_t		first;			/* microseconds since 1970; first > last: no record */
	int64_t		last;
	JurHash		hash;			/* of the subtree of the entries */
	uint64_t	recent[64];		/* terms added already, while it is made */
	uint8_t		filter[JUR_GROUP_FILTER];
} JurSummary;

/* what stands for TEXT, UTF-8 without escapes, in filters */
extern uint64_t jur_term_hash(JurTerm term, const char *text, size_t size);
/* false: certainly not in the bundle, or the group */
extern bool jur_summary_may_hold(const JurSummary *summary, JurTerm term, uint64_t hash);

/* of no record yet; one more, of a bundle and its GROUP (or NULL) */
extern void jur_summary_start(JurSummary *summary, JurSummaryKind kind, uint64_t number);
extern void jur_summary_add(JurSummary *summary, JurSummary *group, const JurRecord *record);
/* the records it was made of are those of READER's tree; false: that cannot be read */
extern bool jur_summary_seal(JurSummary *summary, JurLogReader *reader, JurLogError *error);
extern bool jur_summary_equal(const JurSummary *a, const JurSummary *b);

typedef struct JurIndex JurIndex;

/* opens no file yet; NULL: no memory */
extern JurIndex *jur_index_open(const char *directory);
extern void jur_index_close(JurIndex *index);

/*
 * The summary of full bundle, or group, NUMBER of READER's tree, NULL if there
 * is none that holds; good until the next call for one of its kind.
 */
extern const JurSummary *jur_index_get(JurIndex *index, JurLogReader *reader,
									   JurSummaryKind kind, uint64_t number);
/* made of the bundle itself, and added to GROUP (or NULL); false: it cannot be read */
extern bool jur_index_summarize(JurLogReader *reader, uint64_t bundle,
								JurSummary *summary, JurSummary *group,
								JurLogError *error);
/* writes SUMMARY in place of what is there */
extern bool jur_index_put(JurIndex *index, const JurSummary *summary, JurLogError *error);

/*
 * Writes the summaries that are missing, of MOST bundles at most, starting where
 * the last call on INDEX left off; for whoever writes the log, after a
 * checkpoint.  Bundles that were dropped have none, nor has their group.
 */
extern bool jur_index_update(JurIndex *index, JurLogReader *reader, int most,
							 JurLogError *error);
/* has that looked at every full bundle? */
extern bool jur_index_is_complete(const JurIndex *index, const JurLogReader *reader);

#endif							/* JUR_EVIDENCE_INDEX_H */
