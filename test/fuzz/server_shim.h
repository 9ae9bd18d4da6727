/*-------------------------------------------------------------------------
 *
 * server_shim.h
 *	  Idea: what pure code needs of a server, so that it runs without one.
 *
 * Include it last: it gives printf and its kin back to the C library.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SERVER_SHIM_H
#define SERVER_SHIM_H

/* PG 16: VARDATA and its kin have a file of their own */
#if defined(PG_VERSION_NUM) && PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#undef printf
#undef fprintf
#undef snprintf
#undef vsnprintf
#undef qsort

/* frees everything that was palloc'd and not freed */
extern void shim_reset(void);

/*
 * Calls FUNCTION(ARG); false if it raised an ERROR, which is then in
 * shim_sqlstate (as MAKE_SQLSTATE makes it) and shim_message.
 */
extern bool shim_try(void (*function) (void *arg), void *arg);
extern int	shim_sqlstate;
extern char shim_message[1024];

/* says which LAW does not hold, and aborts */
extern void shim_require(bool holds, const char *law);

#endif							/* SERVER_SHIM_H */
