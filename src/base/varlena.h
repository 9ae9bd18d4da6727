/*-------------------------------------------------------------------------
 *
 * varlena.h
 *	  Idea: the macros of varlena values, wherever the server has them.
 *
 * Up to PostgreSQL 15 they are in postgres.h; from 16 on they have a header of
 * their own, which most others bring along, and not all.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_VARLENA_H
#define JUR_VARLENA_H

#if __has_include("varatt.h")
#include "varatt.h"
#endif

#endif							/* JUR_VARLENA_H */
