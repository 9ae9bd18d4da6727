/*-------------------------------------------------------------------------
 *
 * key_sql.c
 *	  Idea: an officer's work with keys: create, rotate, rewrap, destroy.
 *
 * The rows are written as the officer who asks; the wall would refuse anybody
 * else.  One at a time: two sessions must not make the same version.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"

#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "keys/custodian.h"
#include "keys/keys.h"

/* the rights to work with keys, and the tables locked against others */
static void
begin(const char *what)
{
	jur_require_preloaded("jurisdiction.key");
	jur_require_officer(what);
	LockRelationOid(jur_table_oid("key"), ShareRowExclusiveLock);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

static void
execute(const char *sql, int nargs, Oid *types, Datum *values)
{
	if (SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not write jurisdiction.key");
}

static void
record(const char *event, const char *place, int version, const char *custodian)
{
	jur_recorded("key", psprintf("%s %d", place, version),
				 psprintf("%s at %s", event, custodian));
}

static void
insert_key(const char *place, int version, const char *custodian, const JurMaterial *material)
{
	Oid			types[] = {TEXTOID, INT4OID, TEXTOID, TEXTOID, BYTEAOID, BYTEAOID};
	Datum		values[] = {
		CStringGetTextDatum(place), Int32GetDatum(version), CStringGetTextDatum(custodian),
		CStringGetTextDatum(material->kek), PointerGetDatum(material->wrapped),
		PointerGetDatum(material->check_value)
	};

	execute("INSERT INTO jurisdiction.key (place, version, custodian) VALUES ($1, $2, $3)",
			3, types, values);
	execute("INSERT INTO jurisdiction.key_material (place, version, kek, wrapped, check_value)"
			" SELECT $1, $2, $4, $5, $6 WHERE $3 IS NOT NULL", 6, types, values);
	record("created", place, version, custodian);
}

/* where new keys of PLACE go: its row, or the file that is the default */
static char *
custodian_of(const char *place)
{
	char	   *uri = jur_read_custodian(place);
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[2];

	if (uri)
		return uri;
	uri = psprintf("file:%s", place);
	values[0] = CStringGetTextDatum(place);
	values[1] = CStringGetTextDatum(uri);
	execute("INSERT INTO jurisdiction.custodian (place, uri) VALUES ($1, $2)", 2, types, values);
	return uri;
}

static void
retire_all(const char *place)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(place)};

	execute("UPDATE jurisdiction.key SET state = 'retired', retired_at = pg_catalog.now()"
			" WHERE place OPERATOR(pg_catalog.=) $1 AND version OPERATOR(pg_catalog.>) 0"
			" AND state OPERATOR(pg_catalog.=) 'active'", 1, types, values);
}

static const JurKeyRow *
newest_key(const char *place)
{
	JurKeyRow  *row = jur_read_key(place, -1);

	if (row == NULL)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("there is no key for %s", place),
				 errhint("Make one: SELECT jurisdiction.create_key(%s).",
						 quote_literal_cstr(place))));
	return row;
}

/* create_key(place) returns int: version 1, and the place's key for lookups */
PG_FUNCTION_INFO_V1(jur_sql_create_key);
Datum
jur_sql_create_key(PG_FUNCTION_ARGS)
{
	char	   *place = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *custodian;

	begin("create keys");
	if (jur_read_key(place, -1))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("%s has a key already", place),
				 errhint("A newer version is made by jurisdiction.rotate_key().")));
	if (!jur_place_is_known(jur_policy(), place))
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("unknown place \"%s\"", place)));
	custodian = custodian_of(place);
	if (jur_read_key(place, JUR_LOOKUP_VERSION) == NULL)
		insert_key(place, JUR_LOOKUP_VERSION, custodian,
				   jur_make_key(place, JUR_LOOKUP_VERSION, custodian));
	insert_key(place, 1, custodian, jur_make_key(place, 1, custodian));
	SPI_finish();
	PG_RETURN_INT32(1);
}

/* rotate_key(place) returns int: a newer version, which seals from now on */
PG_FUNCTION_INFO_V1(jur_sql_rotate_key);
Datum
jur_sql_rotate_key(PG_FUNCTION_ARGS)
{
	char	   *place = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *custodian;
	int			version;

	begin("rotate keys");
	version = newest_key(place)->version;
	if (version >= JUR_SEALED_VERSION_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s has had too many keys", place)));
	version++;
	custodian = custodian_of(place);
	retire_all(place);
	insert_key(place, version, custodian, jur_make_key(place, version, custodian));
	SPI_finish();
	PG_RETURN_INT32(version);
}

/* the data key stays, and what is sealed with it; who holds it changes */
static void
rewrap_one(const char *place, const JurKeyRow *row, const char *custodian)
{
	JurMaterial *old = jur_read_material(place, row->version);
	JurMaterial *moved;
	JurKek		kek = {place, row->version, row->custodian, NULL};
	Oid			types[] = {TEXTOID, INT4OID, TEXTOID, TEXTOID, BYTEAOID};
	Datum		values[5];

	if (old == NULL || !old->kek || !old->wrapped || !old->check_value)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("key %d of %s has lost its row in jurisdiction.key_material",
						row->version, place)));
	moved = jur_move_key(place, row->version, row->custodian, old, custodian);
	values[0] = CStringGetTextDatum(place);
	values[1] = Int32GetDatum(row->version);
	values[2] = CStringGetTextDatum(custodian);
	values[3] = CStringGetTextDatum(moved->kek);
	values[4] = PointerGetDatum(moved->wrapped);
	execute("UPDATE jurisdiction.key SET custodian = $3 WHERE place OPERATOR(pg_catalog.=) $1"
			" AND version OPERATOR(pg_catalog.=) $2", 3, types, values);
	execute("UPDATE jurisdiction.key_material SET kek = $4, wrapped = $5"
			" WHERE place OPERATOR(pg_catalog.=) $1 AND version OPERATOR(pg_catalog.=) $2"
			" AND $3 IS NOT NULL", 5, types, values);
	kek.name = old->kek;
	jur_destroy_at_commit(&kek);
	record("rewrapped", place, row->version, custodian);
}

/* rewrap(place) returns int: all its keys under new ones at its custodian */
PG_FUNCTION_INFO_V1(jur_sql_rewrap);
Datum
jur_sql_rewrap(PG_FUNCTION_ARGS)
{
	char	   *place = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *custodian;
	int			newest;
	int			version;
	int			rewrapped = 0;

	begin("rewrap keys");
	newest = newest_key(place)->version;
	custodian = custodian_of(place);
	for (version = JUR_LOOKUP_VERSION; version <= newest; version++)
	{
		JurKeyRow  *row = jur_read_key(place, version);

		CHECK_FOR_INTERRUPTS();
		if (row == NULL || strcmp(row->state, "destroyed") == 0)
			continue;
		rewrap_one(place, row, custodian);
		rewrapped++;
	}
	SPI_finish();
	PG_RETURN_INT32(rewrapped);
}

/*
 * destroy_key(place, version, confirm_place): irreversible once committed.
 * The wrapped key goes with its key-encryption key, so that neither a backup
 * of the one nor of the other opens anything.
 */
PG_FUNCTION_INFO_V1(jur_sql_destroy_key);
Datum
jur_sql_destroy_key(PG_FUNCTION_ARGS)
{
	char	   *place = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			version = PG_GETARG_INT32(1);
	char	   *confirmed = text_to_cstring(PG_GETARG_TEXT_PP(2));
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		values[] = {PG_GETARG_DATUM(0), Int32GetDatum(version)};
	JurKeyRow  *row;
	JurMaterial *material;

	begin("destroy keys");
	if (strcmp(place, confirmed) != 0)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("the place to destroy a key of was not confirmed"),
				 errdetail("What is sealed with the key will be lost for ever."),
				 errhint("Write the place again as confirm_place.")));
	row = jur_read_key(place, version);
	if (row == NULL || version < 0)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("there is no key %d for %s", version, place)));
	material = jur_read_material(place, version);
	if (material == NULL && strcmp(row->state, "destroyed") == 0)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("key %d of %s is destroyed already", version, place)));
	execute("UPDATE jurisdiction.key SET state = 'destroyed', destroyed_at = pg_catalog.now(),"
			" destroyed_by = SESSION_USER WHERE place OPERATOR(pg_catalog.=) $1"
			" AND version OPERATOR(pg_catalog.=) $2", 2, types, values);
	execute("DELETE FROM jurisdiction.key_material WHERE place OPERATOR(pg_catalog.=) $1"
			" AND version OPERATOR(pg_catalog.=) $2", 2, types, values);
	if (material && material->kek)
	{
		JurKek		kek = {place, version, row->custodian, material->kek};

		jur_destroy_at_commit(&kek);
	}
	record("destroyed", place, version, row->custodian);
	SPI_finish();
	PG_RETURN_VOID();
}

/* wrong_custodian(uri) returns text: what is wrong with it, or NULL */
PG_FUNCTION_INFO_V1(jur_sql_wrong_custodian);
Datum
jur_sql_wrong_custodian(PG_FUNCTION_ARGS)
{
	const char *wrong = jur_wrong_custodian(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (wrong == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(wrong));
}
