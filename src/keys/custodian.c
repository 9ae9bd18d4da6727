/*-------------------------------------------------------------------------
 *
 * custodian.c
 *	  Idea: custodians by the scheme of their URI; and when a key-encryption
 *	  key is destroyed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/shmem.h"
#include "keys/custodian.h"

#define RANDOM_BYTES 8

static const JurCustodian *const custodians[] = {
	&jur_custodian_file, &jur_custodian_command, &jur_custodian_pkcs11
};

static const JurCustodian *
find(const char *uri)
{
	int			i;

	for (i = 0; i < lengthof(custodians); i++)
		if (strncmp(uri, custodians[i]->scheme, strlen(custodians[i]->scheme)) == 0)
			return custodians[i];
	return NULL;
}

const char *
jur_wrong_custodian(const char *uri)
{
	const JurCustodian *custodian = find(uri);

	if (custodian == NULL)
		return "A custodian is file:NAME, command:ALIAS or a pkcs11: URI.";
	return custodian->wrong_uri(uri + strlen(custodian->scheme));
}

const JurCustodian *
jur_custodian(const char *uri)
{
	const char *wrong = jur_wrong_custodian(uri);

	if (wrong)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("\"%s\" is not a custodian", uri),
				 errdetail("%s", wrong)));
	return find(uri);
}

char *
jur_kek_name(const char *uri, const char *place, int version)
{
	uint8		bytes[RANDOM_BYTES];
	char		hex[RANDOM_BYTES * 2 + 1];

	if (!pg_strong_random(bytes, sizeof(bytes)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));
	hex[hex_encode((const char *) bytes, sizeof(bytes), hex)] = '\0';
	if (strncmp(uri, "file:", 5) == 0)
		return psprintf("%s.%s.%d.%s", uri + 5, place, version, hex);
	return psprintf("jurisdiction.%s.%d.%s", place, version, hex);
}

JurBytes
jur_kek_context(const JurKek *kek)
{
	Size		length = strlen("jurisdiction key ") + strlen(kek->place) + 1;
	uint8	   *data = palloc(length + 4 + 1);
	uint32		version = kek->version;

	memcpy(data, "jurisdiction key ", 17);
	strcpy((char *) data + 17, kek->place);
	data[length] = version >> 24;
	data[length + 1] = version >> 16;
	data[length + 2] = version >> 8;
	data[length + 3] = version;
	return (JurBytes) {data, length + 4};
}

void
jur_custodian_failed(const JurKek *kek, const char *action, const char *what)
{
	jur_count(JUR_COUNT_CUSTODIAN_FAILURES, 1);
	ereport(ERROR,
			(errcode(JUR_ERR_CUSTODIAN),
			 errmsg("custodian \"%s\" of %s could not %s", kek->uri, kek->place, action),
			 errdetail("%s", what)));
}

/* ---------------------------------------------------------------- destroying */

/*
 * A key-encryption key is destroyed when the transaction is about to commit,
 * as late as an error can still be raised: ROLLBACK leaves it alone, and what
 * is recorded as destroyed is.  If the commit itself fails after that, the row
 * still names a key that is no more, and destroy_key() can be called again.
 */
typedef struct Doomed
{
	JurKek		kek;
	int			level;			/* of the subtransaction */
} Doomed;

static List *doomed = NIL;		/* in TopTransactionContext */

static void
destroy_all(void)
{
	ListCell   *lc;

	foreach(lc, doomed)
	{
		Doomed	   *next = lfirst(lc);
		const char *why = jur_custodian(next->kek.uri)->destroy(&next->kek);

		if (why)
			ereport(WARNING,
					(errmsg("the key-encryption key \"%s\" at \"%s\" may still exist",
							next->kek.name, next->kek.uri),
					 errdetail("%s", why)));
	}
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			destroy_all();
			doomed = NIL;
			break;
		case XACT_EVENT_ABORT:
			doomed = NIL;
			break;
		default:
			break;
	}
}

static void
at_end_of_subtransaction(SubXactEvent event, SubTransactionId mine,
						 SubTransactionId parent, void *arg)
{
	ListCell   *lc;
	int			level = GetCurrentTransactionNestLevel();

	foreach(lc, doomed)
	{
		Doomed	   *next = lfirst(lc);

		if (next->level < level)
			continue;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			doomed = foreach_delete_current(doomed, lc);
		else if (event == SUBXACT_EVENT_COMMIT_SUB)
			next->level = level - 1;
	}
}

void
jur_destroy_at_commit(const JurKek *kek)
{
	static bool registered = false;
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	Doomed	   *next = palloc0(sizeof(Doomed));

	next->kek.place = pstrdup(kek->place);
	next->kek.version = kek->version;
	next->kek.uri = pstrdup(kek->uri);
	next->kek.name = pstrdup(kek->name);
	next->level = GetCurrentTransactionNestLevel();
	doomed = lappend(doomed, next);
	MemoryContextSwitchTo(caller);
	if (!registered)
	{
		RegisterXactCallback(at_end_of_transaction, NULL);
		RegisterSubXactCallback(at_end_of_subtransaction, NULL);
	}
	registered = true;
}
