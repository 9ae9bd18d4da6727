/*-------------------------------------------------------------------------
 *
 * enforce_seal.c
 *	  Idea: opening a sealed value is judged first, by the label inside it,
 *	  and asks for the keys of all its places then.
 *
 * The label of the row a value stands in does not matter: a value that was
 * sealed under a stricter label stays closed in a row that may be read.  Who
 * may test guesses against a blind index learns as much as who may open the
 * value, and is asked the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"
#include "keys/keys.h"
#include "keys/sealed_value.h"

#define NONCES 64				/* generated at once */
#define LOOKUP_SIZE 16

/* not counted yet: see jur_rows_flush_counts() */
static uint64 seals = 0;
static uint64 unseals = 0;

void
jur_seal_flush_counts(void)
{
	jur_count(JUR_COUNT_SEALS, seals);
	jur_count(JUR_COUNT_UNSEALS, unseals);
	seals = unseals = 0;
}

/* ------------------------------------------------------------------- judging */

static bool
ask_policy(Datum label, FunctionCallInfo fcinfo)
{
	jur_count_asked(label, JUR_ASKED_UNSEAL);
	return jur_admits_datum(label, JUR_UNSEAL) == JUR_ALLOW;
}

/*
 * What is inside has been read under its label: a statement that writes it
 * elsewhere answers for that.
 */
static bool
ask_to_open(Datum label, FunctionCallInfo fcinfo)
{
	if (!ask_policy(label, fcinfo))
		return false;
	jur_flow_note(jur_label_of_datum(label));
	return true;
}

/* the reason is about rules and places, never about the value */
static void
refuse(const JurLabel *label, const char *what)
{
	JurDecision decision = jur_decide_now(label, JUR_UNSEAL);
	char	   *reason = jur_decision_reason(&decision, JUR_UNSEAL);

	if (!jur_refused(jur_action_name(JUR_UNSEAL), InvalidOid, reason))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied to %s a value sealed under \"%s\"",
					what, jur_label_text(label)),
			 errdetail("%s", reason)));
}

static void
judge(FunctionCallInfo fcinfo, Datum label, const char *what)
{
	if (!jur_memo_admits(fcinfo, label, ask_policy))
		refuse(jur_label_of_datum(label), what);
}

static Datum
label_datum(const JurSealed *sealed)
{
	bytea	   *label = palloc(VARHDRSZ + sealed->label.size);

	SET_VARSIZE(label, VARHDRSZ + sealed->label.size);
	memcpy(VARDATA(label), sealed->label.data, sealed->label.size);
	return PointerGetDatum(label);
}

/* under a code that nobody knows nothing could ever be opened again */
static bool
require_known(Datum label, FunctionCallInfo fcinfo)
{
	JurLabel   *value = jur_label_of_datum(label);
	const char *unknown = jur_unknown_code(jur_policy(), value);

	if (unknown)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("label \"%s\" names \"%s\", which is not registered",
						jur_label_text(value), unknown),
				 errhint("Places are in jurisdiction.place, categories in jurisdiction.category; an officer may add one.")));
	return true;
}

/* a packed label that names at least one place */
static JurBytes
label_argument(Datum datum)
{
	struct varlena *label = PG_DETOAST_DATUM_PACKED(datum);
	JurBytes	bytes = {VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label)};

	/* the one label of one byte is "unrestricted" */
	if (bytes.size <= 1)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("nothing can be sealed under \"unrestricted\""),
				 errdetail("No place holds a key for it.")));
	return bytes;
}

/* ------------------------------------------------------------------- sealing */

/*
 * Random nonces, some of them in advance: the generator takes longer to start
 * than to go on.  They are no secret.  A child process that inherits them
 * must not use them.
 */
static const uint8 *
next_nonce(void)
{
	static uint8 nonces[NONCES][JUR_NONCE_SIZE];
	static int	left = 0;
	static int	owner = 0;

	if (left == 0 || owner != MyProcPid)
	{
		left = 0;
		if (!pg_strong_random(nonces, sizeof(nonces)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random bytes")));
		left = NONCES;
		owner = MyProcPid;
	}
	return nonces[--left];
}

static bytea *
seal(JurBytes plaintext, JurSealedKind kind, JurBytes label)
{
	bytea	   *value;
	JurSealing	sealing;
	Size		size;

	jur_vault_hold();
	sealing = jur_key_to_seal(label);
	size = jur_sealed_size(label.size, sealing.versions.size, plaintext.size);
	if (size > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a value of %zu bytes is too large to be sealed", plaintext.size),
				 errdetail("The limit is %zu bytes.",
						   MaxAllocSize - VARHDRSZ - (size - plaintext.size))));
	value = palloc(VARHDRSZ + size);
	SET_VARSIZE(value, VARHDRSZ + size);
	jur_sealed_make(sealing.key, next_nonce(), label, sealing.versions, plaintext,
					kind, (uint8 *) VARDATA(value));
	jur_vault_release();
	seals++;
	return value;
}

/* seal(text, label) returns sealed: the text is sealed in UTF-8 */
PG_FUNCTION_INFO_V1(jur_sql_seal);
Datum
jur_sql_seal(PG_FUNCTION_ARGS)
{
	text	   *plaintext = PG_GETARG_TEXT_PP(0);
	char	   *data = VARDATA_ANY(plaintext);
	int			size = VARSIZE_ANY_EXHDR(plaintext);
	char	   *utf8 = pg_server_to_any(data, size, PG_UTF8);

	if (utf8 != data)
		size = strlen(utf8);
	jur_require_preloaded("jurisdiction.seal()");
	(void) jur_memo_admits(fcinfo, PG_GETARG_DATUM(1), require_known);
	PG_RETURN_BYTEA_P(seal((JurBytes) {utf8, size}, JUR_SEALED_TEXT,
						   label_argument(PG_GETARG_DATUM(1))));
}

/* seal(bytea, label) returns sealed */
PG_FUNCTION_INFO_V1(jur_sql_seal_bytes);
Datum
jur_sql_seal_bytes(PG_FUNCTION_ARGS)
{
	bytea	   *plaintext = PG_GETARG_BYTEA_PP(0);

	jur_require_preloaded("jurisdiction.seal()");
	(void) jur_memo_admits(fcinfo, PG_GETARG_DATUM(1), require_known);
	PG_RETURN_BYTEA_P(seal((JurBytes) {VARDATA_ANY(plaintext), VARSIZE_ANY_EXHDR(plaintext)},
						   JUR_SEALED_BYTES, label_argument(PG_GETARG_DATUM(1))));
}

/* ------------------------------------------------------------------- opening */

/* the value inside, with room for one byte more behind it */
static bytea *
open_sealed(const JurSealed *sealed, JurSealedKind *kind)
{
	Size		size = jur_sealed_plaintext_size(sealed);
	bytea	   *value = palloc(VARHDRSZ + size + 1);
	bool		opened;

	jur_seal_before_opening();
	jur_vault_hold();
	opened = jur_sealed_open(jur_key_to_open(sealed), sealed, kind, (uint8 *) VARDATA(value));
	jur_vault_release();
	if (!opened)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a sealed value does not open"),
				 errdetail("It was altered after it was sealed, or sealed with other keys.")));
	SET_VARSIZE(value, VARHDRSZ + size);
	unseals++;
	jur_seal_after_opening();
	return value;
}

static bytea *
unseal(FunctionCallInfo fcinfo, JurSealedKind *kind)
{
	JurSealed	sealed;
	Datum		label;

	if (!jur_preloaded)
		jur_require_preloaded("jurisdiction.unseal()");
	jur_sealed_of_datum(PG_GETARG_DATUM(0), &sealed);
	label = label_datum(&sealed);
	if (!jur_memo_admits(fcinfo, label, ask_to_open))
	{
		refuse(jur_label_of_datum(label), "open");
		jur_flow_note(jur_label_of_datum(label));
	}
	if (jur_export)
		jur_export_note(label);
	return open_sealed(&sealed, kind);
}

/* unseal(sealed) returns text, in the database's encoding */
PG_FUNCTION_INFO_V1(jur_sql_unseal);
Datum
jur_sql_unseal(PG_FUNCTION_ARGS)
{
	JurSealedKind kind;
	bytea	   *value = unseal(fcinfo, &kind);
	char	   *utf8 = VARDATA(value);
	char	   *converted;

	if (kind != JUR_SEALED_TEXT)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("the sealed value is bytes, not text"),
				 errhint("Use jurisdiction.unseal_bytes().")));
	converted = pg_any_to_server(utf8, VARSIZE(value) - VARHDRSZ, PG_UTF8);
	if (converted == utf8)
		PG_RETURN_BYTEA_P(value);	/* a text has the same layout */
	PG_RETURN_TEXT_P(cstring_to_text(converted));
}

/* unseal_bytes(sealed) returns bytea; a text's bytes are its UTF-8 */
PG_FUNCTION_INFO_V1(jur_sql_unseal_bytes);
Datum
jur_sql_unseal_bytes(PG_FUNCTION_ARGS)
{
	JurSealedKind kind;

	PG_RETURN_BYTEA_P(unseal(fcinfo, &kind));
}

/* ----------------------------------------------------------------- resealing */

/* is_sealed_anew(sealed) returns boolean: with the newest keys of its label? */
PG_FUNCTION_INFO_V1(jur_sql_is_sealed_anew);
Datum
jur_sql_is_sealed_anew(PG_FUNCTION_ARGS)
{
	JurSealed	sealed;
	bool		is_current;

	jur_require_preloaded("jurisdiction.is_sealed_anew()");
	jur_sealed_of_datum(PG_GETARG_DATUM(0), &sealed);
	jur_vault_hold();
	is_current = jur_is_current(&sealed);
	jur_vault_release();
	PG_RETURN_BOOL(is_current);
}

/* seal_anew(sealed) returns sealed: the same value and label, the newest keys */
PG_FUNCTION_INFO_V1(jur_sql_seal_anew);
Datum
jur_sql_seal_anew(PG_FUNCTION_ARGS)
{
	JurSealed	sealed;
	JurSealedKind kind;
	bytea	   *value;
	bytea	   *anew;
	Size		size;

	jur_require_preloaded("jurisdiction.seal_anew()");
	jur_sealed_of_datum(PG_GETARG_DATUM(0), &sealed);
	judge(fcinfo, label_datum(&sealed), "reseal");
	value = open_sealed(&sealed, &kind);
	size = VARSIZE(value) - VARHDRSZ;
	anew = seal((JurBytes) {VARDATA(value), size}, kind, sealed.label);
	explicit_bzero(VARDATA(value), size);
	pfree(value);
	PG_RETURN_BYTEA_P(anew);
}

/* ------------------------------------------------------------------- lookups */

/* the HMAC of INPUT under LABEL's key for PURPOSE, cut to LOOKUP_SIZE */
static void
look_up(FunctionCallInfo fcinfo, const char *purpose, Datum label, JurBytes input,
		uint8 *digest)
{
	JurBytes	packed = label_argument(label);

	jur_require_preloaded(psprintf("a %s", purpose));
	judge(fcinfo, label, "look up");
	jur_vault_hold();
	jur_hmac_sha256((JurBytes) {jur_lookup_key(purpose, packed), JUR_KEY_SIZE}, input, digest);
	jur_vault_release();
}

static JurBytes
utf8_argument(Datum datum)
{
	text	   *value = DatumGetTextPP(datum);
	char	   *data = VARDATA_ANY(value);
	int			size = VARSIZE_ANY_EXHDR(value);
	char	   *utf8 = pg_server_to_any(data, size, PG_UTF8);

	return (JurBytes) {utf8, utf8 == data ? size : strlen(utf8)};
}

/* blind_index(text, label) returns bytea: equal texts give equal bytes */
PG_FUNCTION_INFO_V1(jur_sql_blind_index);
Datum
jur_sql_blind_index(PG_FUNCTION_ARGS)
{
	uint8		digest[JUR_DIGEST_SIZE];
	bytea	   *value = palloc(VARHDRSZ + LOOKUP_SIZE);

	look_up(fcinfo, "blind index", PG_GETARG_DATUM(1), utf8_argument(PG_GETARG_DATUM(0)), digest);
	SET_VARSIZE(value, VARHDRSZ + LOOKUP_SIZE);
	memcpy(VARDATA(value), digest, LOOKUP_SIZE);
	PG_RETURN_BYTEA_P(value);
}

/* pseudonym(text, label, scope) returns text: equal within a scope only */
PG_FUNCTION_INFO_V1(jur_sql_pseudonym);
Datum
jur_sql_pseudonym(PG_FUNCTION_ARGS)
{
	JurBytes	value = utf8_argument(PG_GETARG_DATUM(0));
	JurBytes	scope = utf8_argument(PG_GETARG_DATUM(2));
	uint32		size = (uint32) scope.size;
	uint8	   *input;
	uint8		digest[JUR_DIGEST_SIZE];
	char		hex[LOOKUP_SIZE * 2 + 1];

	if (scope.size > MaxAllocSize - 4 - value.size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a value is too large for a pseudonym")));
	input = palloc(4 + scope.size + value.size);
	input[0] = size >> 24;
	input[1] = size >> 16;
	input[2] = size >> 8;
	input[3] = size;
	memcpy(input + 4, scope.data, scope.size);
	memcpy(input + 4 + scope.size, value.data, value.size);
	look_up(fcinfo, "pseudonym", PG_GETARG_DATUM(1),
			(JurBytes) {input, 4 + scope.size + value.size}, digest);
	hex[hex_encode((const char *) digest, LOOKUP_SIZE, hex)] = '\0';
	PG_RETURN_TEXT_P(cstring_to_text(hex));
}
