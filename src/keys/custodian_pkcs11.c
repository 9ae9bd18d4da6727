/*-------------------------------------------------------------------------
 *
 * custodian_pkcs11.c
 *	  Idea: pkcs11: (RFC 7512): key-encryption keys that never leave a token.
 *
 * The URI says which token: token, manufacturer, model, serial.  The module
 * and where the PIN comes from are in jurisdiction.custodian_file:
 *
 *		[pkcs11:token=vault]
 *		module = /usr/lib/softhsm/libsofthsm2.so
 *		pin-file = /etc/jurisdiction/pin		(or pin-command = ...)
 *		mechanism = gcm | key-wrap | oaep		(optional)
 *
 * The module is loaded in a child process for each operation, not into the
 * session: a module that hangs, crashes or dislikes being forked then harms
 * nobody, and neither PIN nor login state is left in a session's memory.  It
 * costs a few milliseconds for each key, which is then cached.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"
#include "base/varlena.h"
#include "keys/custodian.h"
#include "keys/token.h"

#define IV_SIZE 12

static const char *const attribute_names[] = {"token", "manufacturer", "model", "serial"};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* undo %XX; NULL: malformed, or a zero byte */
static char *
percent_decode(const char *text, Size size)
{
	char	   *decoded = palloc(size + 1);
	char	   *out = decoded;
	Size		i;

	for (i = 0; i < size; i++)
	{
		if (text[i] != '%')
		{
			*out++ = text[i];
			continue;
		}
		if (i + 2 >= size || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
			return NULL;
		*out = (char) (hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
		if (*out++ == '\0')
			return NULL;
		i += 2;
	}
	*out = '\0';
	return decoded;
}

/* NULL, or what is wrong; VALUES in the order of attribute_names, NULL if not given */
static const char *
parse(const char *rest, char **values)
{
	memset(values, 0, sizeof(char *) * lengthof(attribute_names));
	while (*rest)
	{
		Size		size = strcspn(rest, ";");
		const char *equals = memchr(rest, '=', size);
		int			i;

		if (memchr(rest, '?', size))
			return "Module and PIN are not part of the URI: they are in jurisdiction.custodian_file.";
		for (i = 0; equals && i < lengthof(attribute_names); i++)
			if (strlen(attribute_names[i]) == equals - rest &&
				strncmp(rest, attribute_names[i], equals - rest) == 0)
				break;
		if (equals == NULL || i == lengthof(attribute_names) || values[i])
			return "A token is named by token, manufacturer, model and serial, each once: pkcs11:token=NAME.";
		values[i] = percent_decode(equals + 1, rest + size - (equals + 1));
		if (values[i] == NULL || *values[i] == '\0')
			return "An attribute's value is empty or wrongly encoded.";
		rest += size;
		if (*rest)
			rest++;
	}
	return NULL;
}

static const char *
wrong_uri(const char *rest)
{
	char	   *values[lengthof(attribute_names)];
	const char *wrong = parse(rest, values);

	if (wrong == NULL && *rest == '\0')
		return "It names no token: pkcs11:token=NAME.";
	return wrong;
}

static JurTokenMechanism
mechanism_setting(const JurKek *kek)
{
	char	   *name = jur_custodian_setting(kek->uri, "mechanism");

	if (name == NULL)
		return JUR_TOKEN_BEST;
	if (strcmp(name, "gcm") == 0)
		return JUR_TOKEN_GCM;
	if (strcmp(name, "key-wrap") == 0)
		return JUR_TOKEN_KEY_WRAP;
	if (strcmp(name, "oaep") == 0)
		return JUR_TOKEN_OAEP;
	ereport(ERROR,
			(errcode(JUR_ERR_NOT_CONFIGURED),
			 errmsg("section [%s] of jurisdiction.custodian_file has an unknown mechanism",
					kek->uri),
			 errhint("It is gcm, key-wrap or oaep.")));
}

static JurTokenOrder
order_for(const JurKek *kek, JurTokenTask task)
{
	char	   *values[lengthof(attribute_names)];
	JurBytes	context = jur_kek_context(kek);
	JurTokenOrder order = {
		.task = task,.mechanism = mechanism_setting(kek),.key = kek->name,
		.module = jur_custodian_setting(kek->uri, "module"),
		.pin_file = jur_custodian_setting(kek->uri, "pin-file"),
		.pin_command = jur_custodian_setting(kek->uri, "pin-command"),
		.aad = unconstify(void *, context.data),.aad_size = context.size
	};

	if (order.module == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("section [%s] of jurisdiction.custodian_file has no \"module\"",
						kek->uri)));
	(void) parse(kek->uri + strlen("pkcs11:"), values);
	order.token = values[0];
	order.manufacturer = values[1];
	order.model = values[2];
	order.serial = values[3];
	return order;
}

/* what the token gives is to be wiped */
static uint8 *
run(const JurKek *kek, JurTokenTask task, const char *action, JurBytes input, Size *size)
{
	JurTokenOrder order = order_for(kek, task);
	const char *problem;
	int			code;
	uint8	   *output = jur_run_child(jur_run_token, &order, input, size, &problem, &code);

	if (output == NULL)
		jur_custodian_failed(kek, action,
							 jur_token_problem(code) ? jur_token_problem(code) : problem);
	return output;
}

static void
make(const JurKek *kek)
{
	Size		size;

	(void) run(kek, JUR_TOKEN_MAKE, "make a key", (JurBytes) {NULL, 0}, &size);
}

static bytea *
wrap(const JurKek *kek, const uint8 *secret)
{
	char	   *action = psprintf("wrap key %d", kek->version);
	uint8		input[IV_SIZE + JUR_KEY_SIZE];
	bytea	   *wrapped;
	uint8	   *output;
	Size		size;

	if (!pg_strong_random(input, IV_SIZE))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));
	memcpy(input + IV_SIZE, secret, JUR_KEY_SIZE);
	output = run(kek, JUR_TOKEN_WRAP, action, (JurBytes) {input, sizeof(input)}, &size);
	explicit_bzero(input, sizeof(input));
	if (size <= JUR_KEY_SIZE)
		jur_custodian_failed(kek, action, psprintf("It gave %zu bytes, which is too few.", size));
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
	uint8	   *output = run(kek, JUR_TOKEN_UNWRAP, action, input, &size);

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

	(void) run(kek, JUR_TOKEN_DESTROY, psprintf("destroy key %d", kek->version),
			   (JurBytes) {NULL, 0}, &size);
	return NULL;
}

const JurCustodian jur_custodian_pkcs11 = {
	"pkcs11:", wrong_uri, make, wrap, unwrap, destroy
};
