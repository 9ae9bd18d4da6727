/*-------------------------------------------------------------------------
 *
 * keys.h
 *	  Knows: which data key is for which place and version, and where it is
 *	  kept in memory for how long.
 *	  Refuses to know: who may use it; what it seals.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_KEYS_H
#define JUR_KEYS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "crypto/sealed.h"
#include "label/label.h"

/*
 * vault.c: the one place where keys are in memory.  Between jur_vault_hold()
 * and jur_vault_release() nothing is wiped and pointers into it stay valid;
 * holds nest, and the end of the transaction ends them all.
 */
extern void jur_vault_hold(void);
extern void jur_vault_release(void);
/* what is kept under NAME, or NULL */
extern void *jur_vault_find(const char *name);
/*
 * A place of SIZE bytes (at most JUR_VAULT_SLOT) under NAME, zeroed.  If the
 * vault is full all else is forgotten, though not what is held.
 */
#define JUR_VAULT_SLOT	128
extern void *jur_vault_add(const char *name, Size size);
/* room for SIZE bytes until the release; there is one, wiped then */
extern void *jur_vault_scratch(Size size);
/* wipe everything: now, or when it is released */
extern void jur_vault_wipe(void);

/*
 * keys.c: keys by label.  To be called, and the results used, while the vault
 * is held.  They raise 55000 if there is no key or it is destroyed, 58000 if
 * its custodian does not give it.
 */
typedef struct JurSealing
{
	const JurSealingKey *key;
	JurBytes	versions;		/* as jur_sealed_make() takes them */
} JurSealing;

/* the newest keys of a packed label's places */
extern JurSealing jur_key_to_seal(JurBytes label);
/* the keys that a value names; XX001 if its label does not fit them */
extern const JurSealingKey *jur_key_to_open(const JurSealed *sealed);
/* is a value sealed with the newest keys? */
extern bool jur_is_current(const JurSealed *sealed);
/* the key of PURPOSE for lookups under a packed label; JUR_KEY_SIZE bytes */
extern const uint8 *jur_lookup_key(const char *purpose, JurBytes label);
/* the places of LABEL, each once, sorted by byte; NIL: unrestricted */
extern List *jur_key_places(const JurLabel *label);
extern void jur_keys_init(void);

/* key_news.c: sessions that do nothing hear of changed keys, too */
extern void jur_key_news_init(void);

/* version 0 of a place is its key for lookups, which is never rotated */
#define JUR_LOOKUP_VERSION 0

/*
 * key_rows.c: rows of jurisdiction.key, key_material and custodian, read
 * whoever the session is
 */
typedef struct JurKeyRow
{
	int			version;
	char	   *state;			/* active, retired, destroyed */
	char	   *custodian;		/* URI */
	TimestampTz destroyed_at;
	char	   *destroyed_by;
} JurKeyRow;

typedef struct JurMaterial
{
	char	   *kek;			/* the key-encryption key's name at the custodian */
	bytea	   *wrapped;
	bytea	   *check_value;
} JurMaterial;

/* the row of VERSION, or of the newest version if it is < 0; NULL: none */
extern JurKeyRow *jur_read_key(const char *place, int version);
extern JurMaterial *jur_read_material(const char *place, int version);
extern char *jur_read_custodian(const char *place);

/* keys_make.c: a data key on its way to its custodian and back */
/* a new data key, wrapped; CUSTODIAN makes a key-encryption key for it */
extern JurMaterial *jur_make_key(const char *place, int version, const char *custodian);
/* the same data key, wrapped at CUSTODIAN under a new key-encryption key */
extern JurMaterial *jur_move_key(const char *place, int version, const char *from,
								 const JurMaterial *material, const char *custodian);
/* unwrap and compare with the check value; JUR_KEY_SIZE bytes to SECRET */
extern void jur_unwrap_key(const char *place, int version, const char *custodian,
						   const JurMaterial *material, uint8 *secret);

#endif							/* JUR_KEYS_H */
