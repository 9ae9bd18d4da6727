/*-------------------------------------------------------------------------
 *
 * evidence_alone.c
 *	  Idea: a server of one process (--single) has no sealer, and writes its
 *	  log itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

#include "evidence/evidence_internal.h"

static JurOpenLog alone;

static void
stop(int code, Datum arg)
{
	StringInfoData record;
	JurLogError error;
	char		problem[JUR_ERROR_MAX];

	if (alone.writer == NULL)
		return;
	initStringInfo(&record);
	jur_record_server_stop(&record);
	jur_close_log(&alone, jur_log_append(alone.writer, record.data, record.len, &error) &&
				  jur_sign_log(&alone, problem));
}

static bool
open_once(char *problem)
{
	static bool was_open = false;
	bool		opened;

	if (alone.writer)
		return true;
	opened = jur_open_log(&alone, !was_open, problem);
	if (opened && !was_open)
		before_shmem_exit(stop, (Datum) 0);
	was_open |= opened;
	return opened;
}

bool
jur_alone_put(const char *record, Size size, char *problem)
{
	JurLogError error;

	if (!open_once(problem))
		return false;
	if (jur_log_append(alone.writer, record, size, &error))
		return true;
	strlcpy(problem, error.text, JUR_ERROR_MAX);
	return false;
}

bool
jur_alone_wait(char *problem)
{
	JurLogError error;

	if (!open_once(problem))
		return false;
	if (jur_log_sync(alone.writer, &error))
		return true;
	strlcpy(problem, error.text, JUR_ERROR_MAX);
	return false;
}
