/*-------------------------------------------------------------------------
 *
 * server_shim.c
 *	  Idea: palloc, ereport and string builders over the C library.
 *
 * Every chunk is a malloc of its own, so that the sanitizers see its bounds;
 * a list of them replaces memory contexts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <setjmp.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "server_shim.h"

/* PG 16: bytes are no text */
#if PG_VERSION_NUM >= 160000
#define SHIM_BYTES	const void
#else
#define SHIM_BYTES	const char
#endif

typedef struct Chunk
{
	struct Chunk *previous;
	struct Chunk *next;
} Chunk;

static Chunk chunks = {&chunks, &chunks};
static jmp_buf *handler = NULL;

int			shim_sqlstate;
char		shim_message[1024];

volatile sig_atomic_t InterruptPending = false;

void
ProcessInterrupts(void)
{
}

/* --- memory ------------------------------------------------------------ */

static Chunk *
chunk_of(void *pointer)
{
	return (Chunk *) pointer - 1;
}

static void *
link_chunk(Chunk *chunk)
{
	chunk->previous = &chunks;
	chunk->next = chunks.next;
	chunks.next->previous = chunk;
	chunks.next = chunk;
	return chunk + 1;
}

static void
unlink_chunk(Chunk *chunk)
{
	chunk->previous->next = chunk->next;
	chunk->next->previous = chunk->previous;
}

static void
refuse_size(Size size)
{
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errmsg("invalid memory alloc request size %zu", size)));
}

void *
palloc(Size size)
{
	Chunk	   *chunk;

	refuse_size(size);
	chunk = malloc(sizeof(Chunk) + size);
	if (chunk == NULL)
		abort();
	return link_chunk(chunk);
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void *
repalloc(void *pointer, Size size)
{
	Chunk	   *chunk = chunk_of(pointer);

	refuse_size(size);
	unlink_chunk(chunk);
	chunk = realloc(chunk, sizeof(Chunk) + size);
	if (chunk == NULL)
		abort();
	return link_chunk(chunk);
}

void
pfree(void *pointer)
{
	Chunk	   *chunk = chunk_of(pointer);

	unlink_chunk(chunk);
	free(chunk);
}

void
shim_reset(void)
{
	while (chunks.next != &chunks)
		pfree(chunks.next + 1);
}

char *
pnstrdup(const char *text, Size length)
{
	Size		actual = strnlen(text, length);
	char	   *copy = palloc(actual + 1);

	memcpy(copy, text, actual);
	copy[actual] = '\0';
	return copy;
}

char *
pstrdup(const char *text)
{
	return pnstrdup(text, strlen(text));
}

char *
psprintf(const char *format,...)
{
	va_list		args;
	char	   *text;
	int			length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = palloc(length + 1);
	va_start(args, format);
	vsnprintf(text, length + 1, format, args);
	va_end(args);
	return text;
}

void
pg_qsort(void *base, size_t count, size_t size,
		 int (*compare) (const void *, const void *))
{
	qsort(base, count, size, compare);
}

/* --- string builders --------------------------------------------------- */

void
initStringInfo(StringInfo string)
{
	string->maxlen = 1024;
	string->data = palloc(string->maxlen);
	resetStringInfo(string);
}

void
resetStringInfo(StringInfo string)
{
	string->data[0] = '\0';
	string->len = 0;
	string->cursor = 0;
}

void
enlargeStringInfo(StringInfo string, int needed)
{
	while (string->maxlen - string->len <= needed)
		string->maxlen *= 2;
	string->data = repalloc(string->data, string->maxlen);
}

void
appendBinaryStringInfo(StringInfo string, SHIM_BYTES *data, int length)
{
	enlargeStringInfo(string, length);
	memcpy(string->data + string->len, data, length);
	string->len += length;
	string->data[string->len] = '\0';
}

void
appendStringInfoString(StringInfo string, const char *text)
{
	appendBinaryStringInfo(string, text, strlen(text));
}

void
appendStringInfoChar(StringInfo string, char c)
{
	appendBinaryStringInfo(string, &c, 1);
}

void
appendStringInfo(StringInfo string, const char *format,...)
{
	char		text[4096];
	va_list		args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	appendStringInfoString(string, text);
}

/* --- errors ------------------------------------------------------------ */

bool
shim_try(void (*function) (void *arg), void *arg)
{
	jmp_buf		here;
	jmp_buf    *outer = handler;
	bool		returned = false;

	if (setjmp(here) == 0)
	{
		handler = &here;
		function(arg);
		returned = true;
	}
	handler = outer;
	return returned;
}

bool
errstart(int elevel, const char *domain)
{
	shim_sqlstate = ERRCODE_INTERNAL_ERROR;
	shim_message[0] = '\0';
	return elevel >= ERROR;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

int
errcode(int sqlerrcode)
{
	shim_sqlstate = sqlerrcode;
	return 0;
}

int
errmsg(const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(shim_message, sizeof(shim_message), format, args);
	va_end(args);
	return 0;
}

int
errdetail(const char *format,...)
{
	return 0;
}

int
errhint(const char *format,...)
{
	return 0;
}

/* an ERROR that nobody awaits is a bug in the code under test */
void
errfinish(const char *filename, int lineno, const char *funcname)
{
	if (handler == NULL)
	{
		fprintf(stderr, "%s:%d: %s\n", filename, lineno, shim_message);
		abort();
	}
	longjmp(*handler, 1);
}

void
shim_require(bool holds, const char *law)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", law);
	abort();
}
