/*-------------------------------------------------------------------------
 *
 * evidence_sealer_index.c
 *	  Idea: the index grows behind the log, a few bundles at a time, so that
 *	  nobody who waits for the log waits for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "evidence/evidence_index.h"
#include "evidence/evidence_internal.h"

/* some milliseconds of work */
#define BUNDLES_AT_ONCE	4

static JurLogReader *reader = NULL;
static JurIndex *lookup = NULL;

void
jur_sealer_index_forget(void)
{
	if (reader)
		jur_log_read_end(reader);
	if (lookup)
		jur_index_close(lookup);
	reader = NULL;
	lookup = NULL;
}

bool
jur_sealer_index_some(void)
{
	JurLogError error;

	if (reader == NULL)
		reader = jur_log_read(jur_evidence_path(), &error);
	if (lookup == NULL)
		lookup = jur_index_open(jur_evidence_path());
	return reader != NULL && lookup != NULL && jur_log_refresh(reader, &error) &&
		jur_index_update(lookup, reader, BUNDLES_AT_ONCE, &error) &&
		!jur_index_is_complete(lookup, reader);
}
