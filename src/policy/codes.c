/*-------------------------------------------------------------------------
 *
 * codes.c
 *	  Idea: codes as small numbers (pure).
 *
 * A hash table of our own: the server's would tie the decision to a server,
 * and cost more than the decision does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/policy_internal.h"

#define FIRST_SLOTS 64

/* FNV-1a: codes are a few bytes long */
static uint32
hash_code(const char *code)
{
	uint32		hash = 2166136261u;

	for (; *code; code++)
		hash = (hash ^ (unsigned char) *code) * 16777619u;
	return hash ^ (hash >> 15);
}

/* the slot of CODE, or the free one where it would be */
static int *
slot_of(const JurCodes *codes, const char *code)
{
	uint32		at = hash_code(code) & codes->mask;

	while (codes->slots[at] != 0 &&
		   strcmp(codes->codes[codes->slots[at] - 1], code) != 0)
		at = (at + 1) & codes->mask;
	return &codes->slots[at];
}

/* at most half of the slots are taken */
static void
make_room(JurCodes *codes)
{
	int			nslots = FIRST_SLOTS;
	int			i;

	if (codes->slots)
		nslots = (codes->mask + 1) * 2;
	codes->room = nslots / 2;
	if (codes->slots == NULL)
		codes->codes = palloc(sizeof(char *) * codes->room);
	else
	{
		codes->codes = repalloc(codes->codes, sizeof(char *) * codes->room);
		pfree(codes->slots);
	}
	codes->slots = palloc0(sizeof(int) * nslots);
	codes->mask = nslots - 1;
	for (i = 0; i < codes->ncodes; i++)
		*slot_of(codes, codes->codes[i]) = i + 1;
}

int
jur_code_add(JurCodes *codes, const char *code)
{
	int			known = jur_code_find(codes, code);

	if (known >= 0)
		return known;
	if (codes->ncodes >= codes->room)
		make_room(codes);
	codes->codes[codes->ncodes] = pstrdup(code);
	*slot_of(codes, code) = codes->ncodes + 1;
	return codes->ncodes++;
}

int
jur_code_find(const JurCodes *codes, const char *code)
{
	return codes->slots == NULL ? -1 : *slot_of(codes, code) - 1;
}
