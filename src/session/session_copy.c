/*-------------------------------------------------------------------------
 *
 * session_copy.c
 *	  Idea: is this server a copy, standing elsewhere than its original?
 *
 * A row was judged by "store" where it was written.  A standby in another
 * place stores it too, and nobody asked: there, what may be read must be such
 * as may be stored there.
 *
 * Settings are not replicated, so a file beside the officers' latch says of
 * which site the data directory is; it travels with a base backup.  A primary
 * writes it when a physical replication connection is opened.  A standby that
 * has none, or another site in it, counts as standing elsewhere.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "base/settings.h"
#include "session/session.h"
#include "session/session_internal.h"

#define SITE_DIRECTORY "pg_jurisdiction"
#define SITE_FILE SITE_DIRECTORY "/site"

static const char *
own_site(void)
{
	return jur_site ? jur_site : "";
}

/* does the file say what jurisdiction.site does? */
static bool
is_noted(void)
{
	char		noted[64];
	int			fd = open(SITE_FILE, O_RDONLY | PG_BINARY);
	ssize_t		length;

	if (fd < 0)
		return false;
	length = read(fd, noted, sizeof(noted) - 1);
	close(fd);
	if (length < 0)
		return false;
	noted[length] = '\0';
	return strcmp(noted, own_site()) == 0;
}

/* failing is no reason to refuse: a copy without the file is judged more strictly */
void
jur_note_site(void)
{
	char		temporary[MAXPGPATH];
	int			fd;

	if (RecoveryInProgress() || is_noted())
		return;
	if (mkdir(SITE_DIRECTORY, S_IRWXU) < 0 && errno != EEXIST)
	{
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not create directory \"%s\": %m", SITE_DIRECTORY)));
		return;
	}
	snprintf(temporary, sizeof(temporary), "%s.%d", SITE_FILE, MyProcPid);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY, S_IRUSR | S_IWUSR);
	if (fd < 0 || write(fd, own_site(), strlen(own_site())) < 0)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", temporary)));
	else
		durable_rename(temporary, SITE_FILE, LOG);
	if (fd >= 0)
		close(fd);
}

/* looked up anew where jurisdiction.site changes, not for every row */
bool
jur_is_copy_elsewhere(void)
{
	static char *known_site = NULL;
	static bool is_elsewhere = true;

	if (!RecoveryInProgress())
		return false;
	if (known_site == NULL || strcmp(known_site, own_site()) != 0)
	{
		is_elsewhere = !is_noted();
		if (known_site)
			free(known_site);
		known_site = strdup(own_site());
	}
	return is_elsewhere;
}
