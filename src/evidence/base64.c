/*-------------------------------------------------------------------------
 *
 * base64.c
 *	  Idea: bytes as text, and back in one spelling only: two notes that say
 *	  the same are the same bytes.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <string.h>

#include "evidence/base64.h"

static const char letters[] =
"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
jur_base64_put(const void *data, size_t size, char *text)
{
	const uint8_t *in = data;
	char	   *out = text;
	size_t		i;

	for (i = 0; i < size; i += 3)
	{
		size_t		left = size - i;
		uint32_t	bits = (uint32_t) in[i] << 16;

		if (left > 1)
			bits |= (uint32_t) in[i + 1] << 8;
		if (left > 2)
			bits |= in[i + 2];
		*out++ = letters[bits >> 18];
		*out++ = letters[bits >> 12 & 63];
		*out++ = left > 1 ? letters[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? letters[bits & 63] : '=';
	}
	*out = '\0';
	return out - text;
}

/* -1: not a letter of base64 */
static int
value_of(char c)
{
	const char *found = c == '\0' ? NULL : strchr(letters, c);

	return found == NULL ? -1 : (int) (found - letters);
}

int
jur_base64_get(const char *text, size_t length, void *data, size_t room)
{
	uint8_t    *out = data;
	size_t		size = 0;
	size_t		i;

	if (length % 4 != 0 || length > INT_MAX)
		return -1;
	for (i = 0; i < length; i += 4)
	{
		int			padding = 0;
		uint32_t	bits = 0;
		int			j;

		if (i + 4 == length && text[i + 3] == '=')
			padding = text[i + 2] == '=' ? 2 : 1;
		for (j = 0; j < 4; j++)
		{
			int			value = j >= 4 - padding ? 0 : value_of(text[i + j]);

			if (value < 0)
				return -1;
			bits = bits << 6 | (uint32_t) value;
		}
		if ((bits & (padding == 2 ? 0xffff : padding == 1 ? 0xff : 0)) != 0)
			return -1;
		if (size + 3 - padding > room)
			return -1;
		for (j = 0; j < 3 - padding; j++)
			out[size++] = bits >> (16 - 8 * j) & 0xff;
	}
	return (int) size;
}
