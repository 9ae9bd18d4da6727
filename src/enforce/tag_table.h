/*-------------------------------------------------------------------------
 *
 * tag_table.h
 *	  What a tag does to a table: its row security, constraints, children.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_TAG_TABLE_H
#define JUR_TAG_TABLE_H

#include "store/store.h"

/*
 * Set (or with TEXT NULL remove) the tag of a relation or its column ATTNUM,
 * on it and all its children, and make the table enforce it.  The caller has
 * locked RELID AccessExclusive and checked authority.
 */
extern void jur_tag_table(Oid relid, AttrNumber attnum, const char *text,
						  const JurColumnTag *column);
/* a row label has a new name: so has the CHECK of its ceiling */
extern void jur_rename_ceiling(Oid relid, const char *from, const char *to);
/* a column's tag; raises 22023 if the text is none */
extern JurColumnTag *jur_column_tag_of_text(const char *text);
/* 42501 if the role is the cluster's last officer */
extern void jur_require_other_officer(Oid roleid);

#endif							/* JUR_TAG_TABLE_H */
