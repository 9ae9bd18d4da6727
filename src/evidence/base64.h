/*-------------------------------------------------------------------------
 *
 * base64.h
 *	  Knows: RFC 4648 section 4, and only its one right spelling: with
 *	  padding, without white space, unused bits zero.
 *	  Refuses to know: what the bytes are, PostgreSQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_BASE64_H
#define JUR_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* characters of SIZE bytes in base64, without a closing zero byte */
#define JUR_BASE64_SIZE(size)	(((size) + 2) / 3 * 4)

/* ended by a zero byte; the number of characters before it */
extern size_t jur_base64_put(const void *data, size_t size, char *text);
/*
 * LENGTH characters of TEXT; the number of bytes, or -1: not base64, or more
 * than ROOM bytes.
 */
extern int	jur_base64_get(const char *text, size_t length, void *data, size_t room);

#endif							/* JUR_BASE64_H */
