/*-------------------------------------------------------------------------
 *
 * watermark.h
 *	  Knows: what the running statement has read.
 *	  Refuses to know: where that may be written.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_WATERMARK_H
#define JUR_WATERMARK_H

#include "label/label.h"

/* jurisdiction.flow = off: nothing is noted */
extern bool jur_flow_is_off(void);
/* something was read whose labels are not known */
extern void jur_flow_note_unknown(void);
/* the statement has written a row labelled LABEL into RELID */
extern void jur_flow_note_written(Oid relid, const JurLabel *label);
/* the statement begins: what others wrote at its depth is out of its hands */
extern void jur_flow_forget_written(void);
extern void jur_flow_forget(void);

/*
 * Everything read, but for the rows of target RELID themselves; NULL: nothing
 * that is restricted.  *UNKNOWN: and more, whose label is not known.
 */
extern JurLabel *jur_flow_read_besides(Oid relid, bool *unknown);

#endif							/* JUR_WATERMARK_H */
