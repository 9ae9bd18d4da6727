/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  Idea: every setting of the extension: comment, variable, check,
 *	  definition, side by side, in alphabetical order.
 *
 * A check hook tests and explains; it changes nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"

bool		jur_preloaded = false;

static JurPurposeCheck purpose_check = NULL;

/*
 * jurisdiction.allowed_libraries: what LOAD, LANGUAGE C functions and
 * extensions with C code may bring in where the extension is installed.  The
 * default holds what ships with the server and reads no table by itself.
 */
char	   *jur_allowed_libraries = NULL;

/*
 * jurisdiction.custodian_file: commands, modules and PIN sources of custodians;
 * only the server's user may be able to read it.
 */
char	   *jur_custodian_path = NULL;

/*
 * jurisdiction.custodian_timeout: how long a custodian may take to answer.
 */
int			jur_custodian_timeout = 10000;

/*
 * jurisdiction.enforcement: observe decides and records, and refuses nothing.
 */
int			jur_enforcement = JUR_ENFORCE;

static const struct config_enum_entry enforcement_options[] = {
	{"enforce", JUR_ENFORCE, false},
	{"observe", JUR_OBSERVE, false},
	{NULL, 0, false}
};

/*
 * jurisdiction.evidence_commit: whether a session waits until what it does is
 * durable in the evidence log.  Off: it does not, and up to 200 ms of records
 * may be missing after a crash.
 */
bool		jur_evidence_commit = true;

/*
 * jurisdiction.evidence_custodian: wraps the key that signs the evidence log.
 * Empty: the key lies in its file as it is.
 */
char	   *jur_evidence_custodian = NULL;

/*
 * jurisdiction.evidence_directory: where the evidence log is; a path that is
 * not absolute starts at the data directory.  Empty: there is no log.
 */
char	   *jur_evidence_directory = NULL;

/*
 * jurisdiction.evidence_queue_size: what the log could not write yet is kept in
 * shared memory; this much.
 */
int			jur_evidence_queue_size = 4096;

/*
 * jurisdiction.evidence_timeout: how long a session waits for a log that gives
 * no sign of life.
 */
int			jur_evidence_timeout = 5000;

/*
 * jurisdiction.flow: how long what was read counts: to the end of the
 * statement, of the session, or not at all.  The configuration's value is the
 * floor; a session can only raise it.
 */
int			jur_flow = JUR_FLOW_STATEMENT;

static int	flow_floor = JUR_FLOW_STATEMENT;

static const struct config_enum_entry flow_options[] = {
	{"off", JUR_FLOW_OFF, false},
	{"statement", JUR_FLOW_STATEMENT, false},
	{"session", JUR_FLOW_SESSION, false},
	{NULL, 0, false}
};

/* *EXTRA says whether the value comes from the configuration */
static bool
check_flow(int *newval, void **extra, GucSource source)
{
	bool	   *is_floor = jur_guc_malloc(sizeof(bool));

	if (is_floor == NULL)
		return false;
	*is_floor = source <= PGC_S_FILE || source == PGC_S_ARGV;
	*extra = is_floor;
	if (*is_floor || *newval >= flow_floor)
		return true;
	GUC_check_errcode(JUR_ERR_REFUSED);
	GUC_check_errmsg("permission denied to lower jurisdiction.flow");
	GUC_check_errhint("Below its value in the server's configuration it can only be raised.");
	return false;
}

uint64		jur_subject_settings = 0;

static void
assign_of_subject(const char *newval, void *extra)
{
	jur_subject_settings++;
}

static void
assign_flow(int newval, void *extra)
{
	if (extra && *(bool *) extra)
		flow_floor = newval;
}

/*
 * jurisdiction.key_cache_seconds: how long a session keeps keys in memory; 0
 * until the transaction ends.
 */
int			jur_key_cache_seconds = 300;

/*
 * jurisdiction.key_directory: where "file:" keeps key-encryption keys.  A path
 * that is not absolute starts at the data directory.
 */
char	   *jur_key_directory = NULL;

/*
 * jurisdiction.local_place: the place that a local socket or a loopback
 * address adds.  Empty adds none.
 */
char	   *jur_local_place = NULL;

/*
 * jurisdiction.purpose: what this session declares its reading to be for.
 * Which purposes it may declare is in its role's tag.
 */
char	   *jur_purpose = NULL;

/*
 * jurisdiction.site: where this server stands.  Empty refuses every write to
 * a tagged table.
 */
char	   *jur_site = NULL;

/* a place code by form: the registry is in tables, which GUCs cannot read */
static bool
check_place(char **newval, void **extra, GucSource source)
{
	const char *c = *newval;

	if (*c == '\0')
		return true;
	if (strlen(c) < 2 || strlen(c) > 31 || *c < 'A' || *c > 'Z')
	{
		GUC_check_errdetail("A place is an ISO 3166-1 or 3166-2 code or a group, such as DE, US-CA or EU.");
		return false;
	}
	for (; *c; c++)
		if (!((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			  *c == '-' || *c == '_'))
		{
			GUC_check_errdetail("A place is an ISO 3166-1 or 3166-2 code or a group, such as DE, US-CA or EU.");
			return false;
		}
	return true;
}

static bool
check_purpose(char **newval, void **extra, GucSource source)
{
	/*
	 * Only what this session sets is judged by its roles: ALTER ROLE tests a
	 * value for somebody else, and what login brings counts for nothing if
	 * the role may not declare it.
	 */
	if (**newval == '\0' || purpose_check == NULL || source != PGC_S_SESSION)
		return true;
	return purpose_check(*newval);
}

void
jur_on_purpose(JurPurposeCheck check)
{
	purpose_check = check;
}

static const char *const guarded[] = {
	"jurisdiction.allowed_libraries", "jurisdiction.custodian_file",
	"jurisdiction.custodian_timeout", "jurisdiction.enforcement",
	"jurisdiction.evidence_commit", "jurisdiction.evidence_custodian",
	"jurisdiction.evidence_directory", "jurisdiction.evidence_queue_size",
	"jurisdiction.evidence_timeout",
	"jurisdiction.flow", "jurisdiction.key_cache_seconds",
	"jurisdiction.key_directory",
	"jurisdiction.local_place", "jurisdiction.site",
	/* not ours */
	"dynamic_library_path", "extension_control_path", "local_preload_libraries",
	"session_preload_libraries", "shared_preload_libraries"
};

bool
jur_setting_is_guarded(const char *name)
{
	int			i;

	for (i = 0; i < lengthof(guarded); i++)
		if (pg_strcasecmp(name, guarded[i]) == 0)
			return true;
	return false;
}

const char *
jur_guarded_setting(int number)
{
	StaticAssertStmt(lengthof(guarded) <= JUR_GUARDED_MAX, "JUR_GUARDED_MAX is too small");

	if (number < lengthof(guarded) && strncmp(guarded[number], "jurisdiction.", 13) == 0)
		return guarded[number];
	return NULL;
}

void
jur_require_preloaded(const char *what)
{
	if (jur_preloaded)
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_NOT_CONFIGURED),
			 errmsg("%s needs the library jurisdiction to be preloaded", what),
			 errhint("Add jurisdiction to shared_preload_libraries and restart the server.")));
}

void
jur_settings_init(void)
{
	DefineCustomStringVariable("jurisdiction.allowed_libraries",
							   "Libraries that may be loaded, by name, where the extension is installed.",
							   "They hold code that could get around enforcement: list only what is trusted with every row.",
							   &jur_allowed_libraries,
							   "plpgsql, btree_gin, btree_gist, citext, cube, earthdistance, "
							   "fuzzystrmatch, hstore, intarray, isn, ltree, pg_stat_statements, "
							   "pg_trgm, pgcrypto, pgaudit, seg, tablefunc, unaccent, uuid-ossp",
							   PGC_SIGHUP, GUC_LIST_INPUT,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("jurisdiction.custodian_file",
							   "The file with the commands, modules and PIN sources of custodians.",
							   "Only the server's user may be able to read it.",
							   &jur_custodian_path, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("jurisdiction.custodian_timeout",
							"How long a custodian of keys may take to answer.",
							NULL,
							&jur_custodian_timeout, 10000, 1, 600000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomEnumVariable("jurisdiction.enforcement",
							 "Whether refusals are carried out or only recorded.",
							 NULL,
							 &jur_enforcement, JUR_ENFORCE, enforcement_options,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("jurisdiction.evidence_commit",
							 "Whether sessions wait until their records are durable in the evidence log.",
							 NULL,
							 &jur_evidence_commit, true,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("jurisdiction.evidence_custodian",
							   "The custodian that wraps the signing key of the evidence log.",
							   "Empty: the key lies in its file as it is.",
							   &jur_evidence_custodian, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("jurisdiction.evidence_directory",
							   "The directory of the evidence log.",
							   "Empty: no log is kept.",
							   &jur_evidence_directory, "jurisdiction_evidence",
							   PGC_POSTMASTER, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("jurisdiction.evidence_queue_size",
							"Shared memory for records that are not in the evidence log yet.",
							NULL,
							&jur_evidence_queue_size, 4096, 512, 1024 * 1024,
							PGC_POSTMASTER, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("jurisdiction.evidence_timeout",
							"How long a session waits for an evidence log that does not answer.",
							NULL,
							&jur_evidence_timeout, 5000, 10, 600000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomEnumVariable("jurisdiction.flow",
							 "How long what was read counts against what is written.",
							 "A session can raise it above the configuration's value, not lower it.",
							 &jur_flow, JUR_FLOW_STATEMENT, flow_options,
							 PGC_USERSET, 0, check_flow, assign_flow, NULL);
	DefineCustomIntVariable("jurisdiction.key_cache_seconds",
							"How long a session keeps keys in memory.",
							"0: until the transaction ends.",
							&jur_key_cache_seconds, 300, 0, 86400,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("jurisdiction.key_directory",
							   "Where \"file:\" keeps key-encryption keys.",
							   "Not in the data directory, whose backups would carry the keys away.",
							   &jur_key_directory, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("jurisdiction.local_place",
							   "The place that a local socket or loopback connection comes from.",
							   "Empty: such a connection adds no place.",
							   &jur_local_place, "", PGC_SIGHUP, 0,
							   check_place, assign_of_subject, NULL);
	DefineCustomStringVariable("jurisdiction.purpose",
							   "The purpose this session declares.",
							   "Only purposes listed in the role's tag can be declared.",
							   &jur_purpose, "", PGC_USERSET, 0,
							   check_purpose, assign_of_subject, NULL);
	DefineCustomStringVariable("jurisdiction.site",
							   "The place where this server stands.",
							   "Empty: writing to tagged tables is refused.",
							   &jur_site, "", PGC_SIGHUP, 0,
							   check_place, assign_of_subject, NULL);
	MarkGUCPrefixReserved("jurisdiction");
}
