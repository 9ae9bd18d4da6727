/*-------------------------------------------------------------------------
 *
 * pkcs11.h
 *	  Knows: the part of PKCS#11 2.40 that wrapping a key takes.
 *	  Refuses to know: anything else of it.
 *
 * Written from the specification (OASIS, "PKCS #11 Cryptographic Token
 * Interface Base Specification" and "Current Mechanisms", version 2.40), so
 * that building needs no header of a token's maker.  Functions that are not
 * called stand in the list as void pointers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_PKCS11_H
#define JUR_PKCS11_H

typedef unsigned long CkNumber; /* CK_ULONG, CK_RV, handles, types */

#define CKR_OK					0UL
#define CKR_USER_ALREADY_LOGGED_IN	0x100UL
#define CKU_USER				1UL
#define CKF_LOGIN_REQUIRED		(1UL << 2)
#define CKF_RW_SESSION			(1UL << 1)
#define CKF_SERIAL_SESSION		(1UL << 2)

#define CKO_PUBLIC_KEY			2UL
#define CKO_PRIVATE_KEY			3UL
#define CKO_SECRET_KEY			4UL
#define CKK_GENERIC_SECRET		0x10UL
#define CKK_AES					0x1fUL

#define CKA_CLASS				0UL
#define CKA_TOKEN				1UL
#define CKA_PRIVATE				2UL
#define CKA_LABEL				3UL
#define CKA_VALUE				0x11UL
#define CKA_KEY_TYPE			0x100UL
#define CKA_SENSITIVE			0x103UL
#define CKA_ENCRYPT				0x104UL
#define CKA_DECRYPT				0x105UL
#define CKA_WRAP				0x106UL
#define CKA_UNWRAP				0x107UL
#define CKA_MODULUS_BITS		0x121UL
#define CKA_PUBLIC_EXPONENT		0x122UL
#define CKA_VALUE_LEN			0x161UL
#define CKA_EXTRACTABLE			0x162UL

#define CKM_RSA_PKCS_KEY_PAIR_GEN	0UL
#define CKM_RSA_PKCS_OAEP		9UL
#define CKM_SHA_1				0x220UL
#define CKM_AES_KEY_GEN			0x1080UL
#define CKM_AES_GCM				0x1087UL
#define CKM_AES_KEY_WRAP_PAD	0x210aUL
#define CKG_MGF1_SHA1			1UL
#define CKZ_DATA_SPECIFIED		1UL

typedef struct CkVersion
{
	unsigned char major;
	unsigned char minor;
} CkVersion;

typedef struct CkAttribute
{
	CkNumber	type;
	void	   *value;
	CkNumber	size;
} CkAttribute;

typedef struct CkMechanism
{
	CkNumber	type;
	void	   *parameter;
	CkNumber	size;
} CkMechanism;

typedef struct CkMechanismInfo
{
	CkNumber	min_key_size;
	CkNumber	max_key_size;
	CkNumber	flags;
} CkMechanismInfo;

typedef struct CkTokenInfo
{
	unsigned char label[32];	/* these four: blank-padded */
	unsigned char manufacturer[32];
	unsigned char model[16];
	unsigned char serial[16];
	CkNumber	flags;
	CkNumber	counts[10];
	CkVersion	hardware;
	CkVersion	firmware;
	unsigned char utc_time[16];
} CkTokenInfo;

typedef struct CkGcmParams
{
	unsigned char *iv;
	CkNumber	iv_size;
	CkNumber	iv_bits;
	unsigned char *aad;
	CkNumber	aad_size;
	CkNumber	tag_bits;
} CkGcmParams;

typedef struct CkOaepParams
{
	CkNumber	hash;
	CkNumber	mgf;
	CkNumber	source;
	void	   *source_data;
	CkNumber	source_size;
} CkOaepParams;

/* init and one-shot functions of encryption have one form each */
typedef CkNumber (*CkInit) (CkNumber session, CkMechanism *mechanism, CkNumber key);
typedef CkNumber (*CkCrypt) (CkNumber session, unsigned char *in, CkNumber in_size,
							 unsigned char *out, CkNumber *out_size);

typedef struct CkFunctions
{
	CkVersion	version;
	CkNumber	(*initialize) (void *arguments);
	CkNumber	(*finalize) (void *reserved);
	void	   *get_info;
	void	   *get_function_list;
	CkNumber	(*get_slot_list) (unsigned char with_token, CkNumber *slots, CkNumber *count);
	void	   *get_slot_info;
	CkNumber	(*get_token_info) (CkNumber slot, CkTokenInfo *info);
	void	   *get_mechanism_list;
	CkNumber	(*get_mechanism_info) (CkNumber slot, CkNumber type, CkMechanismInfo *info);
	void	   *init_token;
	void	   *init_pin;
	void	   *set_pin;
	CkNumber	(*open_session) (CkNumber slot, CkNumber flags, void *application,
								 void *notify, CkNumber *session);
	void	   *close_session;
	void	   *close_all_sessions;
	void	   *get_session_info;
	void	   *get_operation_state;
	void	   *set_operation_state;
	CkNumber	(*login) (CkNumber session, CkNumber user, unsigned char *pin, CkNumber size);
	void	   *logout;
	CkNumber	(*create_object) (CkNumber session, CkAttribute *attributes, CkNumber count,
								  CkNumber *object);
	void	   *copy_object;
	CkNumber	(*destroy_object) (CkNumber session, CkNumber object);
	void	   *get_object_size;
	CkNumber	(*get_attribute_value) (CkNumber session, CkNumber object,
										CkAttribute *attributes, CkNumber count);
	void	   *set_attribute_value;
	CkNumber	(*find_objects_init) (CkNumber session, CkAttribute *attributes, CkNumber count);
	CkNumber	(*find_objects) (CkNumber session, CkNumber *objects, CkNumber max, CkNumber *count);
	CkNumber	(*find_objects_final) (CkNumber session);
	CkInit		encrypt_init;
	CkCrypt		encrypt;
	void	   *encrypt_update;
	void	   *encrypt_final;
	CkInit		decrypt_init;
	CkCrypt		decrypt;
	void	   *decrypt_update;
	void	   *decrypt_final;
	void	   *digest[5];
	void	   *sign[6];
	void	   *verify[6];
	void	   *combined[4];
	CkNumber	(*generate_key) (CkNumber session, CkMechanism *mechanism,
								 CkAttribute *attributes, CkNumber count, CkNumber *key);
	CkNumber	(*generate_key_pair) (CkNumber session, CkMechanism *mechanism,
									  CkAttribute *public_attributes, CkNumber public_count,
									  CkAttribute *private_attributes, CkNumber private_count,
									  CkNumber *public_key, CkNumber *private_key);
	CkNumber	(*wrap_key) (CkNumber session, CkMechanism *mechanism, CkNumber wrapping_key,
							 CkNumber key, unsigned char *wrapped, CkNumber *size);
	CkNumber	(*unwrap_key) (CkNumber session, CkMechanism *mechanism, CkNumber unwrapping_key,
							   unsigned char *wrapped, CkNumber size,
							   CkAttribute *attributes, CkNumber count, CkNumber *key);
} CkFunctions;

#endif							/* JUR_PKCS11_H */
