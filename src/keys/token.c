/*-------------------------------------------------------------------------
 *
 * token.c
 *	  Idea: one operation with a key on a PKCS#11 token.
 *
 * In a child process, which ends right after: nothing is closed or freed, and
 * memory that a PIN or key was in goes with the process.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include "keys/pkcs11.h"
#include "keys/token.h"

#undef printf
#undef fprintf
#undef snprintf

#define IV_SIZE		12
#define KEY_SIZE	32
#define RSA_BITS	3072
#define TAG_BITS	128
#define BUFFER_SIZE	16384
#define SLOTS_MAX	256
#define PIN_MAX		256

typedef CkNumber (*GetFunctionList) (CkFunctions **functions);

/* a PKCS#11 session, and what it is for */
typedef struct Session
{
	const JurTokenOrder *order;
	CkFunctions *f;
	CkNumber	slot;
	CkNumber	handle;
} Session;

static unsigned char yes = 1;
static unsigned char no = 0;

#define NUMBER(type, variable)	{(type), &(variable), sizeof(variable)}
#define YES(type)				{(type), &yes, sizeof(yes)}
#define NO(type)				{(type), &no, sizeof(no)}

const char *
jur_token_problem(int code)
{
	switch ((JurTokenProblem) code)
	{
		case JUR_TOKEN_DONE:
			break;
		case JUR_TOKEN_NO_MODULE:
			return "Its module cannot be loaded.";
		case JUR_TOKEN_NOT_PKCS11:
			return "Its module is not one of PKCS#11.";
		case JUR_TOKEN_NOT_INITIALIZED:
			return "Its module could not be initialized.";
		case JUR_TOKEN_NO_TOKEN:
			return "Its module has no such token.";
		case JUR_TOKEN_NO_SESSION:
			return "The token opens no session.";
		case JUR_TOKEN_NO_PIN:
			return "Its pin-file or pin-command gives no PIN.";
		case JUR_TOKEN_WRONG_PIN:
			return "The token refuses the PIN.";
		case JUR_TOKEN_NO_KEY:
			return "The token has no such key.";
		case JUR_TOKEN_NO_MECHANISM:
			return "The token offers none of AES-GCM, AES-KEY-WRAP-PAD and RSA-OAEP, or not the one asked for.";
		case JUR_TOKEN_FAILED:
			return "The token could not do it.";
	}
	return NULL;
}

/* ------------------------------------------------------------------- session */

static JurTokenProblem
load(Session *s)
{
	void	   *module = dlopen(s->order->module, RTLD_NOW | RTLD_LOCAL);
	GetFunctionList get;

	if (module == NULL)
		return JUR_TOKEN_NO_MODULE;
	get = (GetFunctionList) dlsym(module, "C_GetFunctionList");
	if (get == NULL || get(&s->f) != CKR_OK || s->f == NULL || s->f->version.major < 2)
		return JUR_TOKEN_NOT_PKCS11;
	if (s->f->initialize(NULL) != CKR_OK)
		return JUR_TOKEN_NOT_INITIALIZED;
	return JUR_TOKEN_DONE;
}

/* is FIELD, padded with blanks, what was asked for? */
static bool
is(const unsigned char *field, Size size, const char *wanted)
{
	while (size > 0 && field[size - 1] == ' ')
		size--;
	return wanted == NULL || (strlen(wanted) == size && memcmp(field, wanted, size) == 0);
}

static JurTokenProblem
find_token(Session *s, CkTokenInfo *info)
{
	const JurTokenOrder *order = s->order;
	CkNumber	slots[SLOTS_MAX];
	CkNumber	count = SLOTS_MAX;
	CkNumber	i;

	if (s->f->get_slot_list(1, slots, &count) != CKR_OK)
		return JUR_TOKEN_NO_TOKEN;
	for (i = 0; i < count && i < SLOTS_MAX; i++)
	{
		memset(info, 0, sizeof(*info));
		if (s->f->get_token_info(slots[i], info) != CKR_OK)
			continue;
		s->slot = slots[i];
		if (is(info->label, sizeof(info->label), order->token) &&
			is(info->manufacturer, sizeof(info->manufacturer), order->manufacturer) &&
			is(info->model, sizeof(info->model), order->model) &&
			is(info->serial, sizeof(info->serial), order->serial))
			return JUR_TOKEN_DONE;
	}
	return JUR_TOKEN_NO_TOKEN;
}

/* the first line; its size, or -1 */
static int
read_pin(const JurTokenOrder *order, char *pin)
{
	FILE	   *source = order->pin_file ? fopen(order->pin_file, "r") :
		order->pin_command ? popen(order->pin_command, "r") : NULL;

	if (source == NULL || fgets(pin, PIN_MAX, source) == NULL)
		return -1;
	pin[strcspn(pin, "\r\n")] = '\0';
	return *pin ? (int) strlen(pin) : -1;
}

static JurTokenProblem
open_session(Session *s)
{
	CkTokenInfo info;
	CkNumber	result;
	char		pin[PIN_MAX];
	int			size;
	JurTokenProblem problem = load(s);

	if (problem == JUR_TOKEN_DONE)
		problem = find_token(s, &info);
	if (problem != JUR_TOKEN_DONE)
		return problem;
	if (s->f->open_session(s->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
						   &s->handle) != CKR_OK)
		return JUR_TOKEN_NO_SESSION;
	if ((info.flags & CKF_LOGIN_REQUIRED) == 0)
		return JUR_TOKEN_DONE;
	size = read_pin(s->order, pin);
	if (size < 0)
		return JUR_TOKEN_NO_PIN;
	result = s->f->login(s->handle, CKU_USER, (unsigned char *) pin, size);
	explicit_bzero(pin, sizeof(pin));
	return result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN ?
		JUR_TOKEN_DONE : JUR_TOKEN_WRONG_PIN;
}

/* ---------------------------------------------------------------------- keys */

static bool
offers(Session *s, CkNumber mechanism)
{
	CkMechanismInfo info;

	return s->f->get_mechanism_info(s->slot, mechanism, &info) == CKR_OK;
}

static JurTokenMechanism
mechanism_of(Session *s)
{
	JurTokenMechanism wanted = s->order->mechanism;
	bool		aes = offers(s, CKM_AES_KEY_GEN);

	if ((wanted == JUR_TOKEN_BEST || wanted == JUR_TOKEN_GCM) && aes && offers(s, CKM_AES_GCM))
		return JUR_TOKEN_GCM;
	if ((wanted == JUR_TOKEN_BEST || wanted == JUR_TOKEN_KEY_WRAP) && aes &&
		offers(s, CKM_AES_KEY_WRAP_PAD))
		return JUR_TOKEN_KEY_WRAP;
	if ((wanted == JUR_TOKEN_BEST || wanted == JUR_TOKEN_OAEP) &&
		offers(s, CKM_RSA_PKCS_KEY_PAIR_GEN) && offers(s, CKM_RSA_PKCS_OAEP))
		return JUR_TOKEN_OAEP;
	return JUR_TOKEN_BEST;		/* none */
}

static JurTokenProblem
make(Session *s)
{
	CkNumber	aes = CKK_AES;
	CkNumber	secret = CKO_SECRET_KEY;
	CkNumber	size = KEY_SIZE;
	CkNumber	bits = RSA_BITS;
	unsigned char exponent[] = {1, 0, 1};
	CkAttribute label = {CKA_LABEL, unconstify(char *, s->order->key), strlen(s->order->key)};
	CkAttribute aes_key[] = {
		NUMBER(CKA_CLASS, secret), NUMBER(CKA_KEY_TYPE, aes), NUMBER(CKA_VALUE_LEN, size),
		YES(CKA_TOKEN), YES(CKA_PRIVATE), YES(CKA_SENSITIVE), NO(CKA_EXTRACTABLE),
		YES(CKA_ENCRYPT), YES(CKA_DECRYPT), YES(CKA_WRAP), YES(CKA_UNWRAP), label
	};
	CkAttribute public_key[] = {
		YES(CKA_TOKEN), YES(CKA_ENCRYPT), NUMBER(CKA_MODULUS_BITS, bits),
		{CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}, label
	};
	CkAttribute private_key[] = {
		YES(CKA_TOKEN), YES(CKA_PRIVATE), YES(CKA_SENSITIVE), NO(CKA_EXTRACTABLE),
		YES(CKA_DECRYPT), label
	};
	CkMechanism make_aes = {CKM_AES_KEY_GEN, NULL, 0};
	CkMechanism make_rsa = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CkNumber	key;
	CkNumber	other;

	switch (mechanism_of(s))
	{
		case JUR_TOKEN_BEST:
			return JUR_TOKEN_NO_MECHANISM;
		case JUR_TOKEN_GCM:
		case JUR_TOKEN_KEY_WRAP:
			return s->f->generate_key(s->handle, &make_aes, aes_key, lengthof(aes_key),
									  &key) == CKR_OK ? JUR_TOKEN_DONE : JUR_TOKEN_FAILED;
		case JUR_TOKEN_OAEP:
			return s->f->generate_key_pair(s->handle, &make_rsa, public_key, lengthof(public_key),
										   private_key, lengthof(private_key), &key,
										   &other) == CKR_OK ? JUR_TOKEN_DONE : JUR_TOKEN_FAILED;
	}
	return JUR_TOKEN_FAILED;
}

/* the one object of CLASS with the key's label */
static JurTokenProblem
find_key(Session *s, CkNumber class, CkNumber *key)
{
	CkAttribute wanted[] = {
		NUMBER(CKA_CLASS, class),
		{CKA_LABEL, unconstify(char *, s->order->key), strlen(s->order->key)}
	};
	CkNumber	count = 0;

	if (s->f->find_objects_init(s->handle, wanted, lengthof(wanted)) != CKR_OK)
		return JUR_TOKEN_FAILED;
	if (s->f->find_objects(s->handle, key, 1, &count) != CKR_OK)
		count = 0;
	(void) s->f->find_objects_final(s->handle);
	return count == 1 ? JUR_TOKEN_DONE : JUR_TOKEN_NO_KEY;
}

static JurTokenProblem
destroy(Session *s)
{
	static const CkNumber classes[] = {CKO_SECRET_KEY, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
	int			i;

	for (i = 0; i < lengthof(classes); i++)
	{
		CkNumber	key;

		while (find_key(s, classes[i], &key) == JUR_TOKEN_DONE)
			if (s->f->destroy_object(s->handle, key) != CKR_OK)
				return JUR_TOKEN_FAILED;
	}
	return JUR_TOKEN_DONE;
}

/* ------------------------------------------------------- wrapping, unwrapping */

static CkMechanism
gcm(const JurTokenOrder *order, unsigned char *iv, CkGcmParams *params)
{
	*params = (CkGcmParams) {iv, IV_SIZE, IV_SIZE * 8, order->aad, order->aad_size, TAG_BITS};
	return (CkMechanism) {CKM_AES_GCM, params, sizeof(*params)};
}

static CkMechanism
oaep(CkOaepParams *params)
{
	*params = (CkOaepParams) {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
	return (CkMechanism) {CKM_RSA_PKCS_OAEP, params, sizeof(*params)};
}

/* OUT begins with the mechanism, and after that GCM's nonce */
static JurTokenProblem
wrap(Session *s, unsigned char *in, CkNumber in_size, unsigned char *out, CkNumber *out_size)
{
	JurTokenMechanism how = mechanism_of(s);
	CkNumber	secret = CKO_SECRET_KEY;
	CkNumber	generic = CKK_GENERIC_SECRET;
	CkAttribute session_key[] = {
		NUMBER(CKA_CLASS, secret), NUMBER(CKA_KEY_TYPE, generic), NO(CKA_TOKEN),
		YES(CKA_EXTRACTABLE), {CKA_VALUE, in + IV_SIZE, KEY_SIZE}
	};
	CkMechanism key_wrap = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	CkMechanism mechanism;
	CkGcmParams gcm_params;
	CkOaepParams oaep_params;
	CkNumber	start = 1;
	CkNumber	kek;
	CkNumber	key;
	CkNumber	result = 1;
	JurTokenProblem problem = find_key(s, how == JUR_TOKEN_OAEP ? CKO_PUBLIC_KEY : CKO_SECRET_KEY, &kek);

	if (in_size != IV_SIZE + KEY_SIZE || problem != JUR_TOKEN_DONE)
		return problem;
	out[0] = how;
	*out_size = BUFFER_SIZE - 1 - IV_SIZE;
	switch (how)
	{
		case JUR_TOKEN_BEST:
			return JUR_TOKEN_NO_MECHANISM;
		case JUR_TOKEN_GCM:
			memcpy(out + 1, in, IV_SIZE);
			start = 1 + IV_SIZE;
			mechanism = gcm(s->order, out + 1, &gcm_params);
			result = s->f->encrypt_init(s->handle, &mechanism, kek);
			break;
		case JUR_TOKEN_OAEP:
			mechanism = oaep(&oaep_params);
			result = s->f->encrypt_init(s->handle, &mechanism, kek);
			break;
		case JUR_TOKEN_KEY_WRAP:
			result = s->f->create_object(s->handle, session_key, lengthof(session_key), &key);
			if (result == CKR_OK)
				result = s->f->wrap_key(s->handle, &key_wrap, kek, key, out + 1, out_size);
			*out_size += 1;
			return result == CKR_OK ? JUR_TOKEN_DONE : JUR_TOKEN_FAILED;
	}
	if (result == CKR_OK)
		result = s->f->encrypt(s->handle, in + IV_SIZE, KEY_SIZE, out + start, out_size);
	*out_size += start;
	return result == CKR_OK ? JUR_TOKEN_DONE : JUR_TOKEN_FAILED;
}

static JurTokenProblem
unwrap(Session *s, unsigned char *in, CkNumber in_size, unsigned char *out, CkNumber *out_size)
{
	JurTokenMechanism how = in_size > 0 ? in[0] : JUR_TOKEN_BEST;
	CkNumber	secret = CKO_SECRET_KEY;
	CkNumber	generic = CKK_GENERIC_SECRET;
	CkAttribute session_key[] = {
		NUMBER(CKA_CLASS, secret), NUMBER(CKA_KEY_TYPE, generic), NO(CKA_TOKEN),
		NO(CKA_SENSITIVE), YES(CKA_EXTRACTABLE)
	};
	CkMechanism key_wrap = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
	CkAttribute value = {CKA_VALUE, out, BUFFER_SIZE};
	CkMechanism mechanism;
	CkGcmParams gcm_params;
	CkOaepParams oaep_params;
	CkNumber	start = 1;
	CkNumber	kek;
	CkNumber	key;
	CkNumber	result = 1;
	JurTokenProblem problem = find_key(s, how == JUR_TOKEN_OAEP ? CKO_PRIVATE_KEY : CKO_SECRET_KEY, &kek);

	if (problem != JUR_TOKEN_DONE)
		return problem;
	*out_size = BUFFER_SIZE;
	switch (how)
	{
		case JUR_TOKEN_BEST:
			return JUR_TOKEN_FAILED;
		case JUR_TOKEN_GCM:
			start = 1 + IV_SIZE;
			mechanism = gcm(s->order, in + 1, &gcm_params);
			break;
		case JUR_TOKEN_OAEP:
			mechanism = oaep(&oaep_params);
			break;
		case JUR_TOKEN_KEY_WRAP:
			result = s->f->unwrap_key(s->handle, &key_wrap, kek, in + 1, in_size - 1,
									  session_key, lengthof(session_key), &key);
			if (result == CKR_OK)
				result = s->f->get_attribute_value(s->handle, key, &value, 1);
			*out_size = value.size;
			return result == CKR_OK ? JUR_TOKEN_DONE : JUR_TOKEN_FAILED;
	}
	if (in_size <= start)
		return JUR_TOKEN_FAILED;
	result = s->f->decrypt_init(s->handle, &mechanism, kek);
	if (result == CKR_OK)
		result = s->f->decrypt(s->handle, in + start, in_size - start, out, out_size);
	return result == CKR_OK ? JUR_TOKEN_DONE : JUR_TOKEN_FAILED;
}

int
jur_run_token(void *token_order)
{
	static unsigned char in[BUFFER_SIZE];
	static unsigned char out[BUFFER_SIZE + 1 + IV_SIZE];
	Session		s = {.order = token_order};
	CkNumber	in_size = 0;
	CkNumber	out_size = 0;
	ssize_t		n;
	JurTokenProblem problem;

	while (in_size < sizeof(in) &&
		   (n = read(STDIN_FILENO, in + in_size, sizeof(in) - in_size)) > 0)
		in_size += n;
	problem = open_session(&s);
	if (problem != JUR_TOKEN_DONE)
		return problem;
	switch (s.order->task)
	{
		case JUR_TOKEN_MAKE:
			problem = make(&s);
			break;
		case JUR_TOKEN_WRAP:
			problem = wrap(&s, in, in_size, out, &out_size);
			break;
		case JUR_TOKEN_UNWRAP:
			problem = unwrap(&s, in, in_size, out, &out_size);
			break;
		case JUR_TOKEN_DESTROY:
			problem = destroy(&s);
			break;
	}
	if (problem == JUR_TOKEN_DONE && out_size > 0 &&
		(out_size > BUFFER_SIZE || write(STDOUT_FILENO, out, out_size) != (ssize_t) out_size))
		problem = JUR_TOKEN_FAILED;
	(void) s.f->finalize(NULL);
	return problem;
}
