/*-------------------------------------------------------------------------
 *
 * evidence_key.c
 *	  Idea: where the key lies that signs the log's heads.
 *
 * One file for each log, named after it, in jurisdiction.key_directory, or in
 * the data directory where that is not set; never beside the log, whose copies
 * go to auditors.  It holds the seed (32 bytes), or the seed as wrapped by
 * jurisdiction.evidence_custodian behind a line that says by whom.
 *
 * During a rotation the next key lies beside the present one.  Which of the
 * two signs is what the log's list of public keys says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/settings.h"
#include "base/varlena.h"
#include "evidence/evidence_internal.h"
#include "keys/custodian.h"

#define WRAPPED_HEAD	"jurisdiction wrapped signing key 1"
#define KEK_PLACE		"evidence"
#define FILE_MAX		(JUR_WRAPPED_MAX + 1024)

StaticAssertDecl(JUR_SEED_SIZE == JUR_KEY_SIZE, "custodians wrap 32 bytes");

/* ------------------------------------------------------------------ the file */

static void
directory(char *path)
{
	if (jur_key_directory == NULL || *jur_key_directory == '\0')
		strlcpy(path, DataDir, MAXPGPATH);
	else if (is_absolute_path(jur_key_directory))
		strlcpy(path, jur_key_directory, MAXPGPATH);
	else
		snprintf(path, MAXPGPATH, "%s/%s", DataDir, jur_key_directory);
}

static void
path_of(const char *origin, const char *suffix, char *path)
{
	char		keys[MAXPGPATH];
	const char *name = strrchr(origin, '/');

	directory(keys);
	snprintf(path, MAXPGPATH, "%s/" JUR_SIGNING_FILE "%s.key%s", keys,
			 name ? name + 1 : origin, suffix);
}

/* its bytes, wherever they come from; -1: PROBLEM */
static ssize_t
read_file(const char *path, uint8 *bytes, char *problem)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	ssize_t		size;

	if (fd < 0)
	{
		jur_problem(problem, "could not open the signing key \"%s\": %m", path);
		return -1;
	}
	if (fstat(fd, &status) < 0 || status.st_uid != geteuid() ||
		(status.st_mode & (S_IRWXG | S_IRWXO)) != 0 || !S_ISREG(status.st_mode))
	{
		close(fd);
		jur_problem(problem, "the signing key \"%s\" must belong to the server's user and be closed to all others (chmod 0600)", path);
		return -1;
	}
	size = read(fd, bytes, FILE_MAX);
	if (size < 0)
		jur_problem(problem, "could not read the signing key \"%s\": %m", path);
	close(fd);
	return size;
}

/* replaced as a whole, and on disk */
static bool
write_file(const char *path, const uint8 *bytes, Size size, char *problem)
{
	char		keys[MAXPGPATH];
	char		new_path[MAXPGPATH];
	bool		written;
	int			fd;

	directory(keys);
	if (mkdir(keys, S_IRWXU) < 0 && errno != EEXIST)
	{
		jur_problem(problem, "could not create directory \"%s\": %m", keys);
		return false;
	}
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	(void) unlink(new_path);
	fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	errno = fd < 0 ? errno : ENOSPC;
	written = fd >= 0 && write(fd, bytes, size) == (ssize_t) size && fsync(fd) == 0 &&
		rename(new_path, path) == 0;
	if (!written)
		jur_problem(problem, "could not write the signing key \"%s\": %m", path);
	if (fd >= 0)
		close(fd);
	if (!written)
	{
		(void) unlink(new_path);
		return false;
	}
	return jur_sync_directory(keys, problem);
}

/* --------------------------------------------------------------- the custodian */

/* BYTES: what the file holds, FILE_MAX at most.  These two raise. */
static Size
wrap(const uint8 *seed, uint8 *bytes)
{
	JurKek		kek = {KEK_PLACE, 1, jur_evidence_custodian, NULL};
	const JurCustodian *custodian = jur_custodian(kek.uri);
	bytea	   *wrapped;
	int			head;

	kek.name = jur_kek_name(kek.uri, kek.place, kek.version);
	custodian->make(&kek);
	wrapped = custodian->wrap(&kek, seed);
	head = snprintf((char *) bytes, FILE_MAX, WRAPPED_HEAD " %s %s\n", kek.uri, kek.name);
	if (head + VARSIZE_ANY_EXHDR(wrapped) > FILE_MAX)
		jur_custodian_failed(&kek, "wrap the signing key", "It gave too many bytes.");
	memcpy(bytes + head, VARDATA_ANY(wrapped), VARSIZE_ANY_EXHDR(wrapped));
	return head + VARSIZE_ANY_EXHDR(wrapped);
}

static void
unwrap(const uint8 *bytes, Size size, uint8 *seed)
{
	char		uri[1024];
	char		name[256];
	char	   *head = pnstrdup((const char *) bytes, Min(size, 1024));
	char	   *end = strchr(head, '\n');
	JurKek		kek = {KEK_PLACE, 1, uri, name};
	bytea	   *wrapped;

	if (end)
		*end = '\0';
	if (end == NULL || sscanf(head, WRAPPED_HEAD " %1023s %255s", uri, name) != 2)
	{
		kek.uri = kek.name = "?";
		jur_custodian_failed(&kek, "unwrap the signing key", "Its file does not say where it was wrapped.");
	}
	size -= end + 1 - head;
	wrapped = palloc(VARHDRSZ + size);
	SET_VARSIZE(wrapped, VARHDRSZ + size);
	memcpy(VARDATA(wrapped), bytes + (end + 1 - head), size);
	jur_custodian(kek.uri)->unwrap(&kek, wrapped, seed);
}

/* either of the two; an error becomes a PROBLEM */
static bool
ask_custodian(bool wraps, uint8 *bytes, Size *size, uint8 *seed, char *problem)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "jurisdiction signing key",
												  ALLOCSET_DEFAULT_SIZES);
	volatile bool done = false;

	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		if (wraps)
			*size = wrap(seed, bytes);
		else
			unwrap(bytes, *size, seed);
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		jur_problem(problem, "%s%s%s", error->message, error->detail ? ": " : "",
					error->detail ? error->detail : "");
		/* without a transaction nobody else closes what was open */
		if (!IsTransactionState())
			AtEOXact_Files(false);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return done;
}

static bool
has_custodian(void)
{
	return jur_evidence_custodian && *jur_evidence_custodian;
}

/* who is given a copy of the log is not given its key */
static bool
is_elsewhere(char *problem)
{
	char		path[MAXPGPATH];
	char	   *keys;
	char	   *entries = realpath(jur_evidence_path(), NULL);
	Size		length = entries ? strlen(entries) : 0;
	bool		is_inside;

	directory(path);
	keys = realpath(path, NULL);
	is_inside = keys && entries && strncmp(keys, entries, length) == 0 &&
		(keys[length] == '/' || keys[length] == '\0');
	free(keys);
	free(entries);
	if (is_inside)
		jur_problem(problem, "the signing key would lie inside of the log, in \"%s\": set jurisdiction.key_directory to another directory", path);
	return !is_inside;
}

static bool
store(const char *path, uint8 *seed, char *problem)
{
	uint8		bytes[FILE_MAX];
	Size		size = JUR_SEED_SIZE;
	bool		done;

	if (has_custodian())
		done = ask_custodian(true, bytes, &size, seed, problem) &&
			write_file(path, bytes, size, problem);
	else
		done = write_file(path, seed, size, problem);
	explicit_bzero(bytes, sizeof(bytes));
	return done;
}

static bool
load(const char *path, uint8 *seed, char *problem)
{
	uint8		bytes[FILE_MAX];
	ssize_t		got = read_file(path, bytes, problem);
	Size		size = got;
	bool		done = false;

	if (got == JUR_SEED_SIZE)
	{
		memcpy(seed, bytes, JUR_SEED_SIZE);
		/* a custodian was named later */
		done = !has_custodian() || store(path, seed, problem);
	}
	else if (got > (ssize_t) strlen(WRAPPED_HEAD) &&
			 memcmp(bytes, WRAPPED_HEAD, strlen(WRAPPED_HEAD)) == 0)
		done = ask_custodian(false, bytes, &size, seed, problem);
	else if (got >= 0)
		jur_problem(problem, "\"%s\" does not hold a signing key", path);
	explicit_bzero(bytes, sizeof(bytes));
	return done;
}

/* ----------------------------------------------------------------- for the log */

static const char *
suffix_of(JurWhichKey which)
{
	return which == JUR_NEXT_KEY ? ".next" : "";
}

bool
jur_signing_key_exists(const char *origin, JurWhichKey which)
{
	char		path[MAXPGPATH];
	struct stat status;

	path_of(origin, suffix_of(which), path);
	return lstat(path, &status) == 0 || errno != ENOENT;
}

bool
jur_make_signing_key(const char *origin, JurWhichKey which, uint8 *seed, char *problem)
{
	char		path[MAXPGPATH];

	path_of(origin, suffix_of(which), path);
	if (!is_elsewhere(problem))
		return false;
	if (pg_strong_random(seed, JUR_SEED_SIZE))
		return store(path, seed, problem);
	jur_problem(problem, "could not generate random bytes");
	return false;
}

bool
jur_load_signing_key(const char *origin, JurWhichKey which, uint8 *seed, char *problem)
{
	char		path[MAXPGPATH];

	path_of(origin, suffix_of(which), path);
	return load(path, seed, problem);
}

bool
jur_promote_signing_key(const char *origin, char *problem)
{
	char		path[MAXPGPATH];
	char		next[MAXPGPATH];
	char		keys[MAXPGPATH];

	path_of(origin, suffix_of(JUR_PRESENT_KEY), path);
	path_of(origin, suffix_of(JUR_NEXT_KEY), next);
	directory(keys);
	if (rename(next, path) == 0)
		return jur_sync_directory(keys, problem);
	jur_problem(problem, "could not rename \"%s\" to \"%s\": %m", next, path);
	return false;
}
