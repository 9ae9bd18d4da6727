/*-------------------------------------------------------------------------
 *
 * enforce_functions.c
 *	  Idea: functions that read rows past the executor are closed while
 *	  tables are tagged.
 *	  Called from object_access_hook (enforce_ddl.c), when a function is
 *	  about to be called; by whatever statement, or the fastpath.
 *
 * The list below is of what the server and its contrib modules bring, and of
 * well-known extensions of their kind; a library of another name is kept out
 * by jurisdiction.allowed_libraries.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/errors.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "evidence/evidence.h"

typedef struct FunctionRule
{
	const char *module;			/* all its C functions; NULL: built in, NAME */
	const char *name;
	bool		for_replication;	/* a "replicate" role may copy everything anyway */
	const char *why;
	const char *remedy;
} FunctionRule;

#define BYPASS "An officer may grant the session's role a \"bypass\" exemption."
#define REPLICATE "An officer may tag the session's role \"replicate to PLACES\"."

static const FunctionRule rules[] = {
	{NULL, "pg_logical_slot_get_changes", false, "It decodes rows from the log, unfiltered.", BYPASS},
	{NULL, "pg_logical_slot_get_binary_changes", false, "It decodes rows from the log, unfiltered.", BYPASS},
	{NULL, "pg_logical_slot_peek_changes", false, "It decodes rows from the log, unfiltered.", BYPASS},
	{NULL, "pg_logical_slot_peek_binary_changes", false, "It decodes rows from the log, unfiltered.", BYPASS},
	{NULL, "pg_create_logical_replication_slot", true, "Rows will be decoded from it.", REPLICATE},
	{NULL, "pg_copy_logical_replication_slot", true, "Rows will be decoded from it.", REPLICATE},
	{NULL, "lo_export", false, "It writes a server file, which nothing protects.", BYPASS},
	{NULL, "lo_import", false, "It reads any file of the server, data files too.", BYPASS},
	{NULL, "pg_read_file", false, "It reads any file of the server, data files too.", BYPASS},
	{NULL, "pg_read_file_old", false, "It reads any file of the server, data files too.", BYPASS},
	{NULL, "pg_read_binary_file", true, "It reads any file of the server, data files too.", REPLICATE},
	{"adminpack", NULL, false, "It writes and removes files that enforcement rests on.", BYPASS},
	{"dblink", NULL, false, "It sends what it is given to a place that nobody knows.", BYPASS},
	{"pageinspect", NULL, false, "It shows the pages of tables and indexes.", BYPASS},
	{"pg_dirtyread", NULL, false, "It reads rows that were deleted, unfiltered.", BYPASS},
	{"pg_surgery", NULL, false, "It changes rows past all checks.", BYPASS},
	{"pg_walinspect", NULL, false, "It shows the log, which holds rows.", BYPASS},
};

/* ------------------------------------------------------ which rule is it under */

#define NOT_LISTED (-1)

/* built-in functions keep their OIDs: all overloads, found once */
#define MAX_BUILTINS 64
static struct
{
	Oid			function;
	int			rule;
}			builtins[MAX_BUILTINS];
static int	nbuiltins = -1;

/* what was found out about functions of extensions, until one changes */
#define MEMO_SIZE 128
static struct
{
	Oid			function;
	int			rule;
}			memo[MEMO_SIZE];

static void
forget_memo(Datum arg, int cacheid, uint32 hashvalue)
{
	memset(memo, 0, sizeof(memo));
}

static void
find_builtins(void)
{
	int			i;
	int			j;

	nbuiltins = 0;
	for (i = 0; i < lengthof(rules); i++)
	{
		CatCList   *list;

		if (rules[i].name == NULL)
			continue;
		list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(rules[i].name));
		for (j = 0; j < list->n_members; j++)
		{
			Oid			function = ((Form_pg_proc) GETSTRUCT(&list->members[j]->tuple))->oid;

			if (function >= FirstNormalObjectId)
				continue;
			if (nbuiltins == MAX_BUILTINS)
				elog(ERROR, "too many built-in functions to close");
			builtins[nbuiltins].function = function;
			builtins[nbuiltins++].rule = i;
		}
		ReleaseSysCacheList(list);
	}
}

static int
rule_of_builtin(Oid function)
{
	int			i;

	if (nbuiltins < 0)
		find_builtins();
	for (i = 0; i < nbuiltins; i++)
		if (builtins[i].function == function)
			return builtins[i].rule;
	return NOT_LISTED;
}

/* whatever the function is called in SQL: by the library it is in */
static int
rule_of_library(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t		length = strcspn(name, ".");
	int			i;

	for (i = 0; i < lengthof(rules); i++)
		if (rules[i].module && strlen(rules[i].module) == length &&
			strncmp(rules[i].module, name, length) == 0)
			return i;
	return NOT_LISTED;
}

/* a built-in function can be given another name, too: by its C symbol */
static int
rule_of_symbol(const char *symbol)
{
	Oid			function = fmgr_internal_function(symbol);

	return OidIsValid(function) ? rule_of_builtin(function) : NOT_LISTED;
}

static int
look_up(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	int			rule = NOT_LISTED;
	Oid			language;
	bool		isnull;
	Datum		source;

	if (!HeapTupleIsValid(tuple))
		return NOT_LISTED;
	language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
	if (language == ClanguageId)
	{
		source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_probin, &isnull);
		if (!isnull)
			rule = rule_of_library(TextDatumGetCString(source));
	}
	else if (language == INTERNALlanguageId)
	{
		source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
		if (!isnull)
			rule = rule_of_symbol(TextDatumGetCString(source));
	}
	ReleaseSysCache(tuple);
	return rule;
}

static int
rule_of(Oid function)
{
	int			slot = function % MEMO_SIZE;

	if (function < FirstNormalObjectId)
		return rule_of_builtin(function);
	if (memo[slot].function != function)
	{
		memo[slot].rule = look_up(function);
		memo[slot].function = function;
	}
	return memo[slot].rule;
}

/* ------------------------------------------------------------------- judging */

/* who may; NULL: nobody lets him */
static const char *
permission(const FunctionRule *rule)
{
	bool		broken;
	const JurRoleTag *tag;

	if (jur_is_officer())
		return "officer";
	if (jur_is_restoring())
		return "backup";
	if (jur_current_subject()->exemption)
		return jur_current_subject()->exemption;
	tag = jur_role_tag(GetOuterUserId(), &broken);
	if (rule->for_replication && tag && tag->nreplicates > 0)
		return "replicate";
	return NULL;
}

/* raise if FUNCTION may not be called */
void
jur_judge_function(Oid function)
{
	int			number = rule_of(function);
	const FunctionRule *rule;
	const char *name;
	const char *by;

	if (number == NOT_LISTED || !jur_is_installed() || !jur_any_tagged())
		return;
	rule = &rules[number];
	name = get_func_name(function);
	by = permission(rule);
	if (by)
	{
		jur_count(JUR_COUNT_EXEMPTIONS, 1);
		jur_recorded("execute", name, by);
		/* what it reads may go elsewhere than to the client */
		jur_evidence_wait();
		return;
	}
	if (!jur_refused("execute", InvalidOid, psprintf("function %s", name)))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("function %s may not be called where tables are tagged", name),
			 errdetail("%s", rule->why),
			 errhint("%s", rule->remedy)));
}

void
jur_enforce_functions_init(void)
{
	CacheRegisterSyscacheCallback(PROCOID, forget_memo, (Datum) 0);
}
