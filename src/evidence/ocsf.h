/*-------------------------------------------------------------------------
 *
 * ocsf.h
 *	  Knows: how a record reads as an event of the Open Cybersecurity Schema
 *	  Framework: version 1.4.0, class Datastore Activity (6005).
 *	  Refuses to know: where records come from, where events go, PostgreSQL:
 *	  the server and the stand-alone verifier link the same code.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_OCSF_H
#define JUR_OCSF_H

#include "evidence/record.h"

#define JUR_OCSF_VERSION	"1.4.0"
/* no event is longer: each member is there once, some names twice */
#define JUR_OCSF_MAX		(4 * 65536)

/*
 * The event of entry SEQ of the log ORIGIN: one line of JSON, without
 * newline, in OUT, which has room for JUR_OCSF_MAX bytes; its length.  RECORD
 * is NULL where the entry is no record: that is an event as well, and a
 * serious one.
 */
extern size_t jur_ocsf_event(const JurRecord *record, uint64_t seq, const char *origin,
							 char *out);

#endif							/* JUR_OCSF_H */
