/*-------------------------------------------------------------------------
 *
 * session_geoip.c
 *	  Idea: SQL load_geoip(): a geographic file becomes rows of
 *	  jurisdiction.network.
 *
 * The file's blocks and the table's ranges are both in order of address, and
 * are read side by side: what is the same stays, what the file no longer has
 * goes, what is new is written in bulk.  A reload writes what has changed
 * and no more.  A range that somebody entered by hand stays as it is, and the
 * file's word on exactly that range is not taken.
 *
 * Readers go on reading: the index is kept up as rows are written, since
 * building it anew would make every new session wait for the whole load.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/texts.h"
#include "policy/policy.h"
#include "session/session_internal.h"

#define SOURCE "geoip"

/* the file, as far as it has been read */
typedef struct Reader
{
	const char *path;
	FILE	   *file;
	int64		line;
	bool		is_ipv6;		/* its first range was */
	List	   *unplaced;		/* codes that are known to be no place */
	JurRange	range;			/* what is left of the range last read */
	JurAddress	last;			/* where that ends */
	char		place[3];		/* that it is in; empty: none */
	int64		nranges;		/* in a place */
	int64		nunplaced;
} Reader;

/* --------------------------------------------------------------- the file */

static void
open_file(Reader *reader)
{
	struct stat status;

	reader->file = AllocateFile(reader->path, PG_BINARY_R);
	if (reader->file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for reading: %m", reader->path)));
	if (fstat(fileno(reader->file), &status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", reader->path)));
	if (!S_ISREG(status.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a regular file", reader->path)));
}

static bool
is_comment(const char *line)
{
	return *line == '#' || line[strspn(line, " \t\r\n")] == '\0';
}

/* the next line that is a range; false at the end of the file */
static bool
read_range(Reader *reader)
{
	char		line[256];

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (fgets(line, sizeof(line), reader->file) == NULL)
		{
			if (ferror(reader->file))
				ereport(ERROR,
						(errcode_for_file_access(),
						 errmsg("could not read file \"%s\": %m", reader->path)));
			return false;
		}
		reader->line++;
		if (is_comment(line))
			continue;
		if (!jur_parse_range(line, &reader->range))
			ereport(ERROR,
					(errcode(JUR_ERR_ARGUMENT),
					 errmsg("line " INT64_FORMAT " of file \"%s\" is not a range of addresses",
							reader->line, reader->path),
					 errhint("A line is FIRST,LAST,CODE: IPv4 addresses as numbers (16777216,16777471,AU), IPv6 as text (2001:200::,2001:200:ffff::,JP).")));
		return true;
	}
}

/*
 * Ranges that follow each other have blocks that do: so the file can be read
 * beside the table, and no two rows are for the same addresses.
 */
static void
require_order(Reader *reader)
{
	if (reader->nranges + reader->nunplaced == 0)
		reader->is_ipv6 = reader->range.is_ipv6;
	else if (reader->is_ipv6 != reader->range.is_ipv6)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("line " INT64_FORMAT " of file \"%s\" is an %s range in a file of %s",
						reader->line, reader->path,
						reader->range.is_ipv6 ? "IPv6" : "IPv4",
						reader->is_ipv6 ? "IPv6" : "IPv4"),
				 errhint("Load a file for each.")));
	else if (jur_compare_addresses(reader->range.first, reader->last) <= 0)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("line " INT64_FORMAT " of file \"%s\" does not follow the range before it",
						reader->line, reader->path),
				 errhint("Ranges must be in order of address, and not overlap.")));
	reader->last = reader->range.last;
}

/* the place that CODE names; empty if it is known to name none */
static const char *
place_of_code(const Reader *reader, const char *code)
{
	/* reserved in ISO 3166-1, and used by registries beside GB */
	const char *place = strcmp(code, "UK") == 0 ? "GB" : code;

	if (jur_has_text(reader->unplaced, code))
		return "";
	if (!jur_place_is_known(jur_policy(), place))
		ereport(ERROR,
				(errcode(JUR_ERR_POLICY_ROW),
				 errmsg("line " INT64_FORMAT " of file \"%s\" names an unknown place: %s",
						reader->line, reader->path, code),
				 errhint("Add it to jurisdiction.place, or list it in argument \"unplaced\": its addresses are then at the unknown place.")));
	return place;
}

/* the file's next block, which is in READER->place; false: there is no more */
static bool
next_block(Reader *reader, JurBlock *block)
{
	while (!jur_next_block(&reader->range, block))
	{
		if (!read_range(reader))
			return false;
		require_order(reader);
		strlcpy(reader->place, place_of_code(reader, reader->range.code),
				sizeof(reader->place));
		if (reader->place[0])
			reader->nranges++;
		else
			reader->nunplaced++;
		reader->range.is_spent = reader->place[0] == '\0';
	}
	return true;
}

/* -------------------------------------------------------------- the table */

/* what the table has of the file's family, in order of address */
typedef struct Former
{
	Relation	rel;
	Relation	index;
	IndexScanDesc scan;
	Snapshot	snapshot;
	TupleTableSlot *slot;		/* empty at the end */
	AttrNumber	cidr;
	AttrNumber	place;
	AttrNumber	trusted;
	AttrNumber	source;
	bool		any_manual;
} Former;

static Datum
former_field(Former *former, AttrNumber attnum)
{
	bool		isnull;
	Datum		datum = slot_getattr(former->slot, attnum, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("a range of jurisdiction.network lacks a value")));
	return datum;
}

static bool
is_text(Datum datum, const char *wanted)
{
	text	   *value = DatumGetTextPP(datum);

	return VARSIZE_ANY_EXHDR(value) == strlen(wanted) &&
		memcmp(VARDATA_ANY(value), wanted, strlen(wanted)) == 0;
}

static bool
is_from_file(Former *former)
{
	return is_text(former_field(former, former->source), SOURCE);
}

static void
next_former(Former *former)
{
	if (!index_getnext_slot(former->scan, ForwardScanDirection, former->slot))
		ExecClearTuple(former->slot);
	else if (!former->any_manual)
		former->any_manual = !is_from_file(former);
}

static Former *
open_former(Relation rel, bool is_ipv6)
{
	Former	   *former = palloc0(sizeof(Former));
	JurBlock	all = {{0, 0}, 0};
	int			nkeys = is_ipv6 ? 1 : 2;
	Snapshot	snapshot;
	ScanKeyData keys[2];

	former->rel = rel;
	former->cidr = jur_network_column(rel, "cidr");
	former->place = jur_network_column(rel, "place");
	former->trusted = jur_network_column(rel, "trusted");
	former->source = jur_network_column(rel, "source");
	former->index = jur_network_index(rel, AccessShareLock);
	snapshot = GetCatalogSnapshot(RelationGetRelid(rel));
	former->snapshot = RegisterSnapshot(snapshot);
	former->slot = table_slot_create(rel, NULL);
	/* IPv6 sorts after IPv4 */
	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_NETWORK_GE,
				jur_block_datum(&all, is_ipv6));
	ScanKeyInit(&keys[1], 1, BTLessStrategyNumber, F_NETWORK_LT,
				jur_block_datum(&all, true));
	former->scan = jur_index_beginscan(rel, former->index, former->snapshot,
									   nkeys);
	index_rescan(former->scan, keys, nkeys, NULL, 0);
	next_former(former);
	return former;
}

static void
close_former(Former *former)
{
	index_endscan(former->scan);
	ExecDropSingleTupleTableSlot(former->slot);
	UnregisterSnapshot(former->snapshot);
	index_close(former->index, AccessShareLock);
}

static void
delete_former(Former *former)
{
	simple_table_tuple_delete(former->rel, &former->slot->tts_tid,
							  former->snapshot);
}

/* goes past a range that the file does not have */
static void
pass_former(Former *former)
{
	if (is_from_file(former))
		delete_former(former);
	next_former(former);
}

/* does the former range come before (< 0), after (> 0) or at BLOCK? */
static int
compare_former(Former *former, Datum block)
{
	Datum		cidr;

	if (TupIsNull(former->slot))
		return 1;
	cidr = former_field(former, former->cidr);
	return DatumGetInt32(DirectFunctionCall2(network_cmp, cidr, block));
}

/* ------------------------------------------------------------ the merging */

/* merges BLOCK in; true if the table then has it from the file */
static bool
put_block(Reader *reader, Former *former, JurNetworkWriter *writer,
		  Datum block, bool trusted)
{
	int			order;

	while ((order = compare_former(former, block)) < 0)
		pass_former(former);
	if (order == 0)
	{
		bool		is_ours = is_from_file(former);

		if (!is_ours ||
			(is_text(former_field(former, former->place), reader->place) &&
			 DatumGetBool(former_field(former, former->trusted)) == trusted))
		{
			next_former(former);
			return is_ours;
		}
		delete_former(former);
		next_former(former);
	}
	jur_write_block(writer, block, reader->place);
	return true;
}

/* returns how many rows of the table are now from the file */
static int64
merge(Reader *reader, Relation rel, bool trusted)
{
	JurNetworkWriter *writer;
	Former	   *former;
	JurBlock	block;
	int64		networks = 0;

	if (!next_block(reader, &block))
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("file \"%s\" has no range that is in a place", reader->path),
				 errhint("Nothing has been changed. To remove what was loaded: DELETE FROM jurisdiction.network WHERE source = '%s'.",
						 SOURCE)));
	former = open_former(rel, reader->is_ipv6);
	writer = jur_begin_writing(rel, SOURCE, trusted);
	do
	{
		Datum		datum = jur_block_datum(&block, reader->is_ipv6);

		networks += put_block(reader, former, writer, datum, trusted);
		pfree(DatumGetPointer(datum));
	} while (next_block(reader, &block));
	while (!TupIsNull(former->slot))
		pass_former(former);
	jur_end_writing(writer);
	if (!former->any_manual)
		ereport(NOTICE,
				(errmsg("no %s range has been entered by hand", reader->is_ipv6 ? "IPv6" : "IPv4"),
				 errhint("Files do not list private networks: until jurisdiction.network does, their clients are at the unknown place.")));
	close_former(former);
	return networks;
}

static void
require_authority(void)
{
	jur_require_preloaded("jurisdiction.load_geoip()");
	PreventCommandIfReadOnly("load_geoip()");
	PreventCommandIfParallelMode("load_geoip()");
	PreventCommandDuringRecovery("load_geoip()");
	jur_require_officer("load address ranges");
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("permission denied to read files of the server"),
				 errhint("GRANT pg_read_server_files TO the officer's role.")));
}

static List *
codes_of_array(ArrayType *array)
{
	List	   *codes = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &n);
	for (i = 0; i < n; i++)
		if (!nulls[i])
			codes = lappend(codes, TextDatumGetCString(elements[i]));
	return codes;
}

static JurLoadCallback told = NULL;

void
jur_on_load(JurLoadCallback callback)
{
	told = callback;
}

/*
 * load_geoip(path, trusted, unplaced) returns (ranges, networks, unplaced):
 * ranges of the file that are in a place, rows that they now are, ranges left
 * out because their code is listed in UNPLACED.
 */
PG_FUNCTION_INFO_V1(jur_sql_load_geoip);
Datum
jur_sql_load_geoip(PG_FUNCTION_ARGS)
{
	Reader		reader = {.range = {.is_spent = true}};
	Relation	rel;
	TupleDesc	desc;
	HeapTuple	tuple;
	Datum		values[3];
	bool		nulls[3] = {false};

	require_authority();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "load_geoip() must return a row");
	reader.path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	reader.unplaced = codes_of_array(PG_GETARG_ARRAYTYPE_P(2));
	open_file(&reader);
	/* other writers wait; readers do not */
	rel = table_open(jur_table_oid("network"), ShareRowExclusiveLock);
	values[1] = Int64GetDatum(merge(&reader, rel, PG_GETARG_BOOL(1)));
	CacheInvalidateRelcacheByRelid(RelationGetRelid(rel));
	if (told)
		told(RelationGetRelid(rel),
			 psprintf("load_geoip: " INT64_FORMAT " ranges%s of %s", reader.nranges,
					  PG_GETARG_BOOL(1) ? ", trusted," : "", reader.path));
	table_close(rel, NoLock);
	FreeFile(reader.file);
	values[0] = Int64GetDatum(reader.nranges);
	values[2] = Int64GetDatum(reader.nunplaced);
	tuple = heap_form_tuple(BlessTupleDesc(desc), values, nulls);
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}
