/*-------------------------------------------------------------------------
 *
 * verify_file.c
 *	  Idea: the files that the auditor brings: keys, old checkpoints, proofs.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"

#define LARGEST	(1024 * 1024)

char *
jur_read_whole(JurVerify *verify, const char *path, size_t *size)
{
	FILE	   *file = fopen(path, "rb");
	char	   *data;

	if (file == NULL)
	{
		jur_unchecked(verify, "could not open \"%s\": %s", path, strerror(errno));
		return NULL;
	}
	data = malloc(LARGEST + 1);
	if (data == NULL)
		jur_unchecked(verify, "out of memory");
	else
	{
		*size = fread(data, 1, LARGEST + 1, file);
		if (ferror(file) || *size > LARGEST)
		{
			jur_unchecked(verify, "could not read \"%s\": %s", path,
						  ferror(file) ? strerror(errno) : "it is too long");
			free(data);
			data = NULL;
		}
		else
			data[*size] = '\0';
	}
	fclose(file);
	return data;
}

char *
jur_read_text(JurVerify *verify, const char *path, size_t newlines, size_t *size)
{
	char	   *data = jur_read_whole(verify, path, size);

	while (data != NULL && *size > newlines && data[*size - 1] == '\n' &&
		   (newlines == 0 || data[*size - 2] == '\n'))
		data[--*size] = '\0';
	return data;
}
