/*-------------------------------------------------------------------------
 *
 * sealed_value.h
 *	  Knows: a sealed value as a datum.
 *	  Refuses to know: keys, and who may open it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_SEALED_VALUE_H
#define JUR_SEALED_VALUE_H

#include "crypto/sealed.h"
#include "label/label.h"

/* its parts, which point into the detoasted datum; XX001 if it is none */
extern void jur_sealed_of_datum(Datum datum, JurSealed *sealed);
extern JurLabel *jur_sealed_label(const JurSealed *sealed);

#endif							/* JUR_SEALED_VALUE_H */
