/*-------------------------------------------------------------------------
 *
 * custodian_settings.c
 *	  Idea: jurisdiction.custodian_file: the commands, modules and PIN sources
 *	  of custodians, which no SQL row may hold.
 *
 *		# a comment
 *		[command:vault]
 *		wrap = vault-wrap "$JURISDICTION_KEY"
 *
 * A section holds for the custodian whose URI it is; for pkcs11:, for every
 * URI that has all of its attributes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/fd.h"

#include "base/errors.h"
#include "base/settings.h"
#include "keys/custodian.h"

#define LINE_MAX_LENGTH 8192

static FILE *
open_file(void)
{
	FILE	   *file;
	struct stat status;

	if (jur_custodian_path == NULL || *jur_custodian_path == '\0')
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.custodian_file is not set"),
				 errhint("It holds the commands and modules of custodians.")));
	file = AllocateFile(jur_custodian_path, "r");
	if (file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open jurisdiction.custodian_file \"%s\": %m",
						jur_custodian_path)));
	if (fstat(fileno(file), &status) < 0 ||
		(status.st_uid != geteuid() && status.st_uid != 0) ||
		(status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.custodian_file \"%s\" is open to others",
						jur_custodian_path),
				 errhint("It must belong to the server's user or to root, with permissions 0600.")));
	return file;
}

static char *
trim(char *text)
{
	char	   *end = text + strlen(text);

	while (end > text && isspace((unsigned char) end[-1]))
		*--end = '\0';
	while (isspace((unsigned char) *text))
		text++;
	return text;
}

/* is ATTRIBUTE, of LENGTH bytes, one of those of a pkcs11: URI? */
static bool
has_attribute(const char *uri, const char *attribute, Size length)
{
	const char *at = uri + strlen("pkcs11:");

	while (*at)
	{
		Size		size = strcspn(at, ";?");

		if (size == length && strncmp(at, attribute, length) == 0)
			return true;
		at += size;
		if (*at)
			at++;
	}
	return false;
}

static bool
is_for(const char *section, const char *uri)
{
	const char *at;

	if (strcmp(section, uri) == 0)
		return true;
	if (strncmp(section, "pkcs11:", 7) != 0 || strncmp(uri, "pkcs11:", 7) != 0)
		return false;
	for (at = section + 7; *at;)
	{
		Size		size = strcspn(at, ";");

		if (!has_attribute(uri, at, size))
			return false;
		at += size;
		if (*at)
			at++;
	}
	return true;
}

char *
jur_custodian_setting(const char *uri, const char *name)
{
	FILE	   *file = open_file();
	char		line[LINE_MAX_LENGTH];
	bool		inside = false;
	bool		found = false;
	char	   *value = NULL;

	while (value == NULL && fgets(line, sizeof(line), file))
	{
		char	   *text = trim(line);
		char	   *end = text + strlen(text);
		char	   *equals = strchr(text, '=');

		if (*text == '#' || *text == '\0')
			continue;
		if (*text == '[' && end[-1] == ']')
		{
			end[-1] = '\0';
			inside = is_for(text + 1, uri);
			found |= inside;
		}
		else if (inside && equals)
		{
			*equals = '\0';
			if (strcmp(trim(text), name) == 0)
				value = pstrdup(trim(equals + 1));
		}
	}
	explicit_bzero(line, sizeof(line));
	FreeFile(file);
	if (!found)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.custodian_file has no section [%s]", uri)));
	return value;
}
