/*-------------------------------------------------------------------------
 *
 * evidence_access.c
 *	  Idea: who may read the evidence log; and that reading it is recorded.
 *
 * Officers and auditors, by the tag of the session user: privileges cannot
 * say that, so everybody has those.  A superuser without a tag is kept out
 * like anybody else, unless superusers still stand in for officers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/evidence_reading.h"
#include "evidence/evidence.h"

const char *
jur_log_directory(void)
{
	const char *directory = jur_evidence_path();

	if (directory == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("this server keeps no evidence log"),
				 errhint("Set jurisdiction.evidence_directory and restart the server.")));
	return directory;
}

void
jur_begin_reading(const char *object, const char *detail)
{
	jur_require_preloaded(object);
	jur_statement_begins();
	if (!jur_is_auditor())
	{
		jur_refused_guarded("read", object, "neither officer nor auditor");
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("permission denied to read the evidence log: only officers and auditors may"),
				 errhint("An officer may tag the session user: SECURITY LABEL FOR jurisdiction ON ROLE name IS 'auditor'.")));
	}
	(void) jur_log_directory();
	jur_recorded("evidence", object, detail);
	jur_evidence_wait();
}

void
jur_begin_keeping(const char *what)
{
	jur_require_preloaded("the evidence log");
	jur_statement_begins();
	if (!jur_is_officer())
	{
		jur_refused_guarded("evidence", what, "not an officer");
		jur_require_officer(what);
	}
	(void) jur_log_directory();
}

void
jur_raise_log_error(const JurLogError *error)
{
	ereport(ERROR,
			(errcode(JUR_ERR_EVIDENCE),
			 errmsg("could not read the evidence log"),
			 errdetail("%s.", error->text),
			 error->is_missing ?
			 errhint("The log begins when the server starts; see the server log if it did not.") : 0));
}

static void
close_reader(void *reader)
{
	jur_log_read_end(reader);
}

static void
close_index(void *index)
{
	jur_index_close(index);
}

static void
call_at_reset(MemoryContextCallbackFunction function, void *arg)
{
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));

	callback->func = function;
	callback->arg = arg;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

JurLogReader *
jur_open_log_reader(void)
{
	JurLogError error;
	JurLogReader *reader = jur_log_read(jur_log_directory(), &error);

	if (reader == NULL)
		jur_raise_log_error(&error);
	call_at_reset(close_reader, reader);
	return reader;
}

JurIndex *
jur_open_log_index(void)
{
	JurIndex   *index = jur_index_open(jur_log_directory());

	if (index == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	call_at_reset(close_index, index);
	return index;
}

/* for a database whose encoding lacks some of the characters */
static char *
with_question_marks(const char *text, size_t size)
{
	char	   *result = palloc(size + 1);
	size_t		length = 0;
	size_t		i;

	for (i = 0; i < size; i++)
		if (!IS_HIGHBIT_SET(text[i]))
			result[length++] = text[i];
		else if ((text[i] & 0xC0) == 0xC0)
			result[length++] = '?';
	result[length] = '\0';
	return result;
}

char *
jur_text_of_log(const char *text, size_t size)
{
	int			encoding = GetDatabaseEncoding();
	Oid			conversion;
	char	   *result;
	int			done;

	/* records hold no zero byte: the parser refuses one */
	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return pnstrdup(text, size);
	conversion = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(conversion) || size == 0)
		return with_question_marks(text, size);
	result = palloc(size * MAX_CONVERSION_GROWTH + 1);
	done = pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding,
										 (unsigned char *) unconstify(char *, text), size,
										 (unsigned char *) result,
										 size * MAX_CONVERSION_GROWTH + 1, true);
	return done == size ? result : with_question_marks(text, size);
}
