/*-------------------------------------------------------------------------
 *
 * store_internal.h
 *	  What the files of store/ share: which relations are watched.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_STORE_INTERNAL_H
#define JUR_STORE_INTERNAL_H

#include "store/store.h"

/* from now on, a change of RELID is told as CHANGE */
extern void jur_watch_relation(Oid relid, JurChange change);

/* store.c: forget what was found by name when that may have changed */
extern void jur_watch_names(void);

#endif							/* JUR_STORE_INTERNAL_H */
