/*-------------------------------------------------------------------------
 *
 * label_internal.h
 *	  What the files of label/ share, and nobody else needs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_LABEL_INTERNAL_H
#define JUR_LABEL_INTERNAL_H

#include "label/label.h"

/* label.c: by place, level, categories, releases, as in a label */
extern int	jur_atom_compare(const JurAtom *a, const JurAtom *b);

/* label_io.c: the binary form that clients see, a version and the text */
#define JUR_BINARY_VERSION	1
extern JurLabel *jur_label_receive(const char *bytes, int size,
								   JurLabelError *error);

/* label_text.c: canonical text in SPACE where it fits, otherwise palloc'd */
extern char *jur_label_text_in(const JurLabel *label, char *space, Size size);

/*
 * label_bytes.c: like jur_label_unpack, but in SPACE (maximally aligned)
 * where it fits, otherwise palloc'd.
 */
extern JurLabel *jur_label_unpack_in(const void *data, Size size,
									 void *space, Size space_size);
/*
 * Equality, order (both by canonical text) and flow of two packed labels.
 * They return false, and leave *RESULT alone, if they find out that the bytes
 * are not of labels.
 */
extern bool jur_packed_equal(const void *a, Size a_size,
							 const void *b, Size b_size, bool *result);
extern bool jur_packed_compare(const void *a, Size a_size,
							   const void *b, Size b_size, int *result);
extern bool jur_packed_flows(const void *a, Size a_size,
							 const void *b, Size b_size, bool *result);

/* label_sql.c: stored bytes are not of a label; XX001 */
extern void jur_label_corrupt(void) __attribute__((noreturn));

#endif							/* JUR_LABEL_INTERNAL_H */
