/*-------------------------------------------------------------------------
 *
 * keys_make.c
 *	  Idea: a data key on its way to its custodian and back.
 *
 * The check value says whether the right key came back, whatever the
 * custodian can or cannot authenticate.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"
#include "base/shmem.h"
#include "base/varlena.h"
#include "keys/custodian.h"
#include "keys/keys.h"

#define CHECK_SIZE 16

static bytea *
new_bytea(const void *data, Size size)
{
	bytea	   *value = palloc(VARHDRSZ + size);

	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), data, size);
	return value;
}

static void
check_value(const JurKek *kek, const uint8 *secret, uint8 *digest)
{
	jur_hmac_sha256((JurBytes) {secret, JUR_KEY_SIZE}, jur_kek_context(kek), digest);
}

/* wraps SECRET under a new key-encryption key at CUSTODIAN */
static JurMaterial *
give(const char *place, int version, const char *custodian, const uint8 *secret)
{
	JurKek		kek = {place, version, custodian, jur_kek_name(custodian, place, version)};
	JurMaterial *material = palloc0(sizeof(JurMaterial));
	const JurCustodian *holder = jur_custodian(custodian);
	uint8		digest[JUR_DIGEST_SIZE];
	uint8	   *back = jur_vault_scratch(2 * JUR_KEY_SIZE);

	holder->make(&kek);
	check_value(&kek, secret, digest);
	material->kek = pstrdup(kek.name);
	material->check_value = new_bytea(digest, CHECK_SIZE);
	material->wrapped = holder->wrap(&kek, secret);
	/* a key that cannot be had back would be found out too late */
	jur_unwrap_key(place, version, custodian, material, back + JUR_KEY_SIZE);
	return material;
}

JurMaterial *
jur_make_key(const char *place, int version, const char *custodian)
{
	JurMaterial *material;
	uint8	   *secret;

	jur_vault_hold();
	secret = jur_vault_scratch(2 * JUR_KEY_SIZE);
	if (!pg_strong_random(secret, JUR_KEY_SIZE))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));
	material = give(place, version, custodian, secret);
	explicit_bzero(secret, 2 * JUR_KEY_SIZE);
	jur_vault_release();
	return material;
}

JurMaterial *
jur_move_key(const char *place, int version, const char *from,
			 const JurMaterial *material, const char *custodian)
{
	JurMaterial *moved;
	uint8	   *secret;

	jur_vault_hold();
	secret = jur_vault_scratch(2 * JUR_KEY_SIZE);
	jur_unwrap_key(place, version, from, material, secret);
	moved = give(place, version, custodian, secret);
	explicit_bzero(secret, 2 * JUR_KEY_SIZE);
	jur_vault_release();
	return moved;
}

void
jur_unwrap_key(const char *place, int version, const char *custodian,
			   const JurMaterial *material, uint8 *secret)
{
	JurKek		kek = {place, version, custodian, material->kek};
	uint8		digest[JUR_DIGEST_SIZE];

	jur_custodian(custodian)->unwrap(&kek, material->wrapped, secret);
	check_value(&kek, secret, digest);
	if (VARSIZE_ANY_EXHDR(material->check_value) == CHECK_SIZE &&
		jur_equal_secrets(digest, (uint8 *) VARDATA_ANY(material->check_value), CHECK_SIZE))
	{
		jur_count(JUR_COUNT_UNWRAPS, 1);
		return;
	}
	explicit_bzero(secret, JUR_KEY_SIZE);
	jur_custodian_failed(&kek, psprintf("unwrap key %d", version),
						 "What it gave is not that key.");
}
