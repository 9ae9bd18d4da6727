/*-------------------------------------------------------------------------
 *
 * texts.h
 *	  Lists of char *.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_TEXTS_H
#define JUR_TEXTS_H

#include "nodes/pg_list.h"

static inline bool
jur_has_text(const List *texts, const char *text)
{
	ListCell   *lc;

	foreach(lc, texts)
		if (strcmp(lfirst(lc), text) == 0)
			return true;
	return false;
}

#endif							/* JUR_TEXTS_H */
