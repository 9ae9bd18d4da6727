/*-------------------------------------------------------------------------
 *
 * fake_token.c
 *	  Idea: a PKCS#11 module that misbehaves as the file MODE_FILE says:
 *	  good, crash, hang, short, wrong, refuse, long.
 *
 * It keeps no secret: a key is "wrapped" by turning its bits over.  Like many a
 * real one it fails in a process that was forked after C_Initialize.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/pkcs11.h"

#define NOT_INITIALIZED 0x190

static char mode[32];
static pid_t owner;				/* who has called C_Initialize */

static int
is_mode(const char *name)
{
	return strcmp(mode, name) == 0;
}

static int
is_forked(void)
{
	return getpid() != owner;
}

static CkNumber
initialize(void *arguments)
{
	FILE	   *file = fopen(MODE_FILE, "r");

	owner = getpid();
	if (file == NULL || fgets(mode, sizeof(mode), file) == NULL)
		return 5;
	mode[strcspn(mode, "\n")] = '\0';
	fclose(file);
	if (is_mode("crash"))
		abort();
	while (is_mode("hang"))
		pause();
	return CKR_OK;
}

static CkNumber
finalize(void *reserved)
{
	return CKR_OK;
}

static CkNumber
get_slot_list(unsigned char with_token, CkNumber *slots, CkNumber *count)
{
	slots[0] = 0;
	*count = 1;
	return is_forked() ? NOT_INITIALIZED : CKR_OK;
}

static CkNumber
get_token_info(CkNumber slot, CkTokenInfo *info)
{
	memset(info, ' ', 96);
	memcpy(info->label, "fake", 4);
	info->flags = CKF_LOGIN_REQUIRED;
	return CKR_OK;
}

static CkNumber
get_mechanism_info(CkNumber slot, CkNumber type, CkMechanismInfo *info)
{
	return type == CKM_AES_KEY_GEN || type == CKM_AES_GCM ? CKR_OK : 0x70;
}

static CkNumber
open_session(CkNumber slot, CkNumber flags, void *application, void *notify, CkNumber *session)
{
	*session = 1;
	return CKR_OK;
}

static CkNumber
login(CkNumber session, CkNumber user, unsigned char *pin, CkNumber size)
{
	return size == 4 && memcmp(pin, "1234", 4) == 0 ? CKR_OK : 0xa0;
}

static CkNumber
generate_key(CkNumber session, CkMechanism *mechanism, CkAttribute *attributes, CkNumber count,
			 CkNumber *key)
{
	return CKR_OK;
}

static CkNumber
find_objects_init(CkNumber session, CkAttribute *attributes, CkNumber count)
{
	return CKR_OK;
}

static CkNumber
find_objects(CkNumber session, CkNumber *objects, CkNumber max, CkNumber *count)
{
	objects[0] = 1;
	*count = 1;
	return CKR_OK;
}

static CkNumber
find_objects_final(CkNumber session)
{
	return CKR_OK;
}

static CkNumber
crypt_init(CkNumber session, CkMechanism *mechanism, CkNumber key)
{
	return is_forked() ? NOT_INITIALIZED : is_mode("refuse") ? 0x30 : CKR_OK;
}

static CkNumber
turn_over(CkNumber session, unsigned char *in, CkNumber in_size, unsigned char *out,
		  CkNumber *out_size)
{
	CkNumber	i;

	for (i = 0; i < in_size; i++)
		out[i] = in[i] ^ (is_mode("wrong") ? 0xfe : 0xff);
	*out_size = is_mode("short") ? in_size - 1 : in_size;
	if (is_mode("long"))
		*out_size = 1000000;
	return CKR_OK;
}

static CkFunctions functions = {
	.version = {2, 40},.initialize = initialize,.finalize = finalize,
	.get_slot_list = get_slot_list,.get_token_info = get_token_info,
	.get_mechanism_info = get_mechanism_info,.open_session = open_session,
	.login = login,.find_objects_init = find_objects_init,.find_objects = find_objects,
	.find_objects_final = find_objects_final,.encrypt_init = crypt_init,.encrypt = turn_over,
	.decrypt_init = crypt_init,.decrypt = turn_over,.generate_key = generate_key
};

extern CkNumber C_GetFunctionList(CkFunctions **list);

CkNumber
C_GetFunctionList(CkFunctions **list)
{
	*list = &functions;
	return CKR_OK;
}
