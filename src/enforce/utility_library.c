/*-------------------------------------------------------------------------
 *
 * utility_library.c
 *	  Idea: no code comes into the server that could get around enforcement:
 *	  not by LOAD, not as a C function's library, not with an extension, and
 *	  none is taken to be leakproof because its author says so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/texts.h"
#include "enforce/enforce_internal.h"

/* "pgcrypto" of "$libdir/pgcrypto", "/usr/lib/pgcrypto.so" */
static char *
library_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char	   *name = pstrdup(slash ? slash + 1 : path);
	char	   *dot = strstr(name, DLSUFFIX);

	if (dot && strlen(dot) == strlen(DLSUFFIX))
		*dot = '\0';
	return name;
}

/*
 * Does PATH name a file of the server's own library directory?  A bare name
 * is sought along dynamic_library_path, which a superuser may have changed.
 */
static bool
is_in_library_directory(const char *path)
{
	Size		length = strlen(pkglib_path);

	if (strchr(path, '/') == NULL)
		return strcmp(Dynamic_library_path, "$libdir") == 0;
	if (strstr(path, ".."))
		return false;
	return strncmp(path, "$libdir/", 8) == 0 ||
		(strncmp(path, pkglib_path, length) == 0 && path[length] == '/');
}

static bool
is_allowed_library(const char *path)
{
	char	   *name = library_base_name(path);
	char	   *list = pstrdup(jur_allowed_libraries ? jur_allowed_libraries : "");
	List	   *allowed;

	if (!is_in_library_directory(path))
		return false;
	if (strcmp(name, "jurisdiction") == 0)
		return true;
	/* not identifiers: uuid-ossp has a dash */
	return SplitGUCList(list, ',', &allowed) && jur_has_text(allowed, name);
}

static void
refuse_library(const char *path, const char *what)
{
	jur_refused_guarded("load", path, what);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("library \"%s\" may not be loaded where jurisdiction is installed", path),
			 errdetail("Code in a library could get around enforcement."),
			 errhint("If it is trusted, add \"%s\" to jurisdiction.allowed_libraries in the server's configuration.",
					 library_base_name(path))));
}

static void
judge_library(const char *path, const char *what)
{
	if (!IsBinaryUpgrade && !is_allowed_library(path))
		refuse_library(path, what);
}

void
jur_judge_load(Node *stmt)
{
	const char *path = ((LoadStmt *) stmt)->filename;

	judge_library(path, "LOAD");
	jur_recorded("load", path, "LOAD");
}

void
jur_judge_create_function(Node *node)
{
	CreateFunctionStmt *stmt = (CreateFunctionStmt *) node;
	const char *language = NULL;
	const char *path;
	List	   *as = NIL;
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, "language") == 0)
			language = strVal(option->arg);
		if (strcmp(option->defname, "as") == 0)
			as = (List *) option->arg;
	}
	if (language == NULL || pg_strcasecmp(language, "c") != 0 || as == NIL ||
		jur_in_own_script())
		return;
	path = strVal(linitial(as));
	/* ours is loaded by anybody, but declared by our scripts alone */
	if (strcmp(library_base_name(path), "jurisdiction") == 0 && !IsBinaryUpgrade)
		refuse_library(path, "LANGUAGE C");
	judge_library(path, "LANGUAGE C");
}

/*
 * LEAKPROOF functions are run before the filter, by plan as the server sees
 * fit; so they are as much a part of enforcement as we are.
 */
void
jur_judge_leakproof(Node *stmt)
{
	List	   *options = IsA(stmt, AlterFunctionStmt) ?
		((AlterFunctionStmt *) stmt)->actions : ((CreateFunctionStmt *) stmt)->options;
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst(lc);

		if (strcmp(option->defname, "leakproof") != 0 || !boolVal(option->arg) ||
			creating_extension || IsBinaryUpgrade || jur_is_restoring() || jur_is_officer())
			continue;
		jur_refused_guarded("function", "LEAKPROOF", "not an officer");
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("must be officer to declare a function LEAKPROOF"),
				 errdetail("It would be given rows that the session may not read.")));
	}
}

/* a script of an extension does what nobody else may, so it is an installed one's */
void
jur_judge_extension(Node *stmt)
{
	const char *name = IsA(stmt, CreateExtensionStmt) ?
		((CreateExtensionStmt *) stmt)->extname : ((AlterExtensionStmt *) stmt)->extname;

	if (jur_extensions_are_installed() || IsBinaryUpgrade || jur_is_restoring() ||
		jur_is_officer())
		return;
	jur_refused_guarded("load", name, "extension_control_path");
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("extension \"%s\" may not be installed from elsewhere where jurisdiction is", name),
			 errdetail("Setting \"extension_control_path\" names other directories than the server's own."),
			 errhint("Ask an officer, or SET extension_control_path = '$system'.")));
}
