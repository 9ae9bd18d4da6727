/*-------------------------------------------------------------------------
 *
 * custodian_command.c
 *	  Idea: command:ALIAS: whatever can wrap bytes from its standard input.
 *
 * jurisdiction.custodian_file has the commands, run by the shell:
 *
 *		wrap	a data key (32 bytes) in, wrapped bytes out
 *		unwrap	the other way
 *		make	before the first wrap of a key; optional
 *		destroy	makes unwrapping impossible for ever; optional
 *
 * JURISDICTION_KEY names the key-encryption key, JURISDICTION_PLACE and
 * JURISDICTION_VERSION say what for.  Exit code 0 is success.  What a command
 * writes to its standard error goes nowhere, since it could be a key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"
#include "base/varlena.h"
#include "keys/custodian.h"

extern char **environ;

static const char *
wrong_uri(const char *alias)
{
	if (*alias == '\0' ||
		strspn(alias, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(alias))
		return "The alias behind command: consists of letters, digits, \"_\" and \"-\".";
	return NULL;
}

/* the server's environment, and what the command should know */
static char **
environment_for(const JurKek *kek)
{
	char	  **environment;
	int			n = 0;

	while (environ[n])
		n++;
	environment = palloc((n + 4) * sizeof(char *));
	memcpy(environment, environ, n * sizeof(char *));
	environment[n++] = psprintf("JURISDICTION_KEY=%s", kek->name);
	environment[n++] = psprintf("JURISDICTION_PLACE=%s", kek->place);
	environment[n++] = psprintf("JURISDICTION_VERSION=%d", kek->version);
	environment[n] = NULL;
	return environment;
}

/* runs the command NAME; its output is to be wiped.  NULL: there is none */
static uint8 *
run(const JurKek *kek, const char *name, const char *action, JurBytes input, Size *size)
{
	JurShellCommand command = {jur_custodian_setting(kek->uri, name), environment_for(kek)};
	const char *problem;
	int			code;
	uint8	   *output;

	if (command.command == NULL)
		return NULL;
	output = jur_run_child(jur_run_shell, &command, input, size, &problem, &code);
	if (output == NULL)
		jur_custodian_failed(kek, action, problem);
	return output;
}

static void
require(const JurKek *kek, const uint8 *output, const char *name)
{
	if (output == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("section [%s] of jurisdiction.custodian_file has no \"%s\"",
						kek->uri, name)));
}

static void
make(const JurKek *kek)
{
	Size		size;

	(void) run(kek, "make", "make a key", (JurBytes) {NULL, 0}, &size);
}

static bytea *
wrap(const JurKek *kek, const uint8 *secret)
{
	char	   *action = psprintf("wrap key %d", kek->version);
	bytea	   *wrapped;
	Size		size;
	uint8	   *output = run(kek, "wrap", action, (JurBytes) {secret, JUR_KEY_SIZE}, &size);

	require(kek, output, "wrap");
	if (size == 0)
		jur_custodian_failed(kek, action, "It gave nothing.");
	if (size == JUR_KEY_SIZE && memcmp(output, secret, size) == 0)
	{
		explicit_bzero(output, size);
		jur_custodian_failed(kek, action, "It gave the key back unwrapped.");
	}
	wrapped = palloc(VARHDRSZ + size);
	SET_VARSIZE(wrapped, VARHDRSZ + size);
	memcpy(VARDATA(wrapped), output, size);
	return wrapped;
}

static void
unwrap(const JurKek *kek, const bytea *wrapped, uint8 *secret)
{
	char	   *action = psprintf("unwrap key %d", kek->version);
	JurBytes	input = {VARDATA_ANY(wrapped), VARSIZE_ANY_EXHDR(wrapped)};
	Size		size;
	uint8	   *output = run(kek, "unwrap", action, input, &size);

	require(kek, output, "unwrap");
	if (size == JUR_KEY_SIZE)
		memcpy(secret, output, JUR_KEY_SIZE);
	explicit_bzero(output, size);
	if (size != JUR_KEY_SIZE)
		jur_custodian_failed(kek, action, psprintf("It gave %zu bytes instead of %d.",
												   size, JUR_KEY_SIZE));
}

static const char *
destroy(const JurKek *kek)
{
	Size		size;

	if (run(kek, "destroy", psprintf("destroy key %d", kek->version),
			(JurBytes) {NULL, 0}, &size) == NULL)
		return "Its section in jurisdiction.custodian_file has no command \"destroy\": destroy it where it is kept.";
	return NULL;
}

const JurCustodian jur_custodian_command = {
	"command:", wrong_uri, make, wrap, unwrap, destroy
};
