/*-------------------------------------------------------------------------
 *
 * evidence_identity.c
 *	  Idea: whose log lies in the directory, and what the data directory
 *	  remembers of its own.
 *
 * Two servers that extend one log make two histories of it, each well signed.
 * A copy of a data directory must therefore be told from the directory itself
 * by what copying does not carry along: inode numbers and times of birth of the
 * data directory and of the file that says so, and the machine's id.  Numbers
 * of devices change when a machine restarts, and are left out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "miscadmin.h"

#include "base/settings.h"
#include "crypto/digest.h"
#include "evidence/base64.h"
#include "evidence/evidence_internal.h"

#define IDENTITY_HEAD	"jurisdiction evidence 1\n"
#define MEMORY_HEAD		"jurisdiction evidence head 1\n"
#define TEXT_MAX		4096

void
jur_problem(char *problem, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(problem, JUR_ERROR_MAX, format, args);
	va_end(args);
}

/* ----------------------------------------------------------- what is not copied */

static uint64
born(const char *path)
{
#ifdef STATX_BTIME
	struct statx status;

	if (statx(AT_FDCWD, path, 0, STATX_BTIME, &status) == 0 &&
		(status.stx_mask & STATX_BTIME) != 0)
		return (uint64) status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
#endif
	return 0;
}

static bool
read_text(const char *path, char *text, Size room)
{
	/* what was put in its place may be a pipe */
	int			fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t		n;

	if (fd < 0)
		return false;
	n = read(fd, text, room - 1);
	close(fd);
	text[Max(n, 0)] = '\0';
	return n >= 0;
}

static bool
identify(const char *path, JurIdentity *identity, char *problem)
{
	struct stat status;

	memset(identity, 0, sizeof(*identity));
	if (stat(path, &status) < 0)
	{
		jur_problem(problem, "could not look at \"%s\": %m", path);
		return false;
	}
	identity->inode = status.st_ino;
	identity->born = born(path);
	if (read_text("/etc/machine-id", identity->machine, sizeof(identity->machine)))
		identity->machine[strcspn(identity->machine, " \n")] = '\0';
	snprintf(identity->system, sizeof(identity->system), UINT64_FORMAT, GetSystemIdentifier());
	return true;
}

/* what one of the two cannot say is no difference */
static bool
is_same(const JurIdentity *a, const JurIdentity *b)
{
	return a->inode == b->inode &&
		(a->born == b->born || a->born == 0 || b->born == 0) &&
		(strcmp(a->machine, b->machine) == 0 || !*a->machine || !*b->machine) &&
		strcmp(a->system, b->system) == 0;
}

static void
format_identity(const char *name, const JurIdentity *identity, char *text, Size room)
{
	snprintf(text, room, "%s " UINT64_FORMAT " " UINT64_FORMAT " %s %s\n", name,
			 identity->inode, identity->born, identity->system,
			 *identity->machine ? identity->machine : "-");
}

/* the line of TEXT that begins with NAME and a space; what follows, or NULL */
static char *
line_of(char *text, const char *name, char *line, Size room)
{
	Size		length = strlen(name);
	char	   *at = text;

	while (at && !(strncmp(at, name, length) == 0 && at[length] == ' '))
	{
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (at == NULL)
		return NULL;
	strlcpy(line, at + length + 1, room);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static bool
parse_identity(char *text, const char *name, JurIdentity *identity)
{
	char		line[TEXT_MAX];

	memset(identity, 0, sizeof(*identity));
	if (line_of(text, name, line, sizeof(line)) == NULL ||
		sscanf(line, UINT64_FORMAT " " UINT64_FORMAT " %31s %64s", &identity->inode,
			   &identity->born, identity->system, identity->machine) != 4)
		return false;
	if (strcmp(identity->machine, "-") == 0)
		identity->machine[0] = '\0';
	return true;
}

/* ------------------------------------------------------------------ small files */

static bool
write_file(const char *path, const char *text, char *problem)
{
	int			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
	Size		size = strlen(text);

	errno = fd < 0 ? errno : ENOSPC;
	if (fd < 0 || write(fd, text, size) != (ssize_t) size || (size > 0 && fdatasync(fd) < 0))
	{
		jur_problem(problem, "could not write file \"%s\": %m", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	return true;
}

bool
jur_sync_directory(const char *path, char *problem)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
	{
		jur_problem(problem, "could not synchronize directory \"%s\": %m", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	return true;
}

static bool
move(const char *from, const char *to, char *problem)
{
	if (rename(from, to) == 0)
		return true;
	jur_problem(problem, "could not rename \"%s\" to \"%s\": %m", from, to);
	return false;
}

/* ------------------------------------------------------------------ whose log */

static bool
is_there(const char *name)
{
	char		path[MAXPGPATH];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", jur_evidence_path(), name);
	return stat(path, &status) == 0;
}

bool
jur_log_owner(JurOwner *owner, char *origin, char *problem)
{
	char		path[MAXPGPATH];
	char		text[TEXT_MAX];
	char		line[TEXT_MAX];
	JurIdentity data;
	JurIdentity file;
	JurIdentity said;
	bool		is_original;

	origin[0] = '\0';
	snprintf(path, sizeof(path), "%s/identity", jur_evidence_path());
	if (!read_text(path, text, sizeof(text)))
	{
		if (errno != ENOENT)
		{
			jur_problem(problem, "could not read file \"%s\": %m", path);
			return false;
		}
		*owner = is_there("checkpoint") || is_there("keys") || is_there("journal") ||
			is_there("tile") ? JUR_OWNER_OTHER : JUR_OWNER_NONE;
		return true;
	}
	if (!identify(DataDir, &data, problem) || !identify(path, &file, problem))
		return false;
	*owner = JUR_OWNER_OTHER;
	if (strncmp(text, IDENTITY_HEAD, strlen(IDENTITY_HEAD)) != 0 ||
		line_of(text, "origin", line, sizeof(line)) == NULL)
		return true;
	strlcpy(origin, line, JUR_ORIGIN_MAX + 1);
	is_original = parse_identity(text, "file", &said) && is_same(&said, &file);
	if (!parse_identity(text, "data", &said))
		return true;
	if (is_same(&said, &data))
		*owner = is_original ? JUR_OWNER_US : JUR_OWNER_US_COPIED;
	else if (is_original && line_of(text, "path", line, sizeof(line)) &&
			 identify(line, &data, problem) && is_same(&said, &data))
		*owner = JUR_OWNER_OTHER_THERE;
	return true;
}

bool
jur_claim_log(const char *origin, char *problem)
{
	char		path[MAXPGPATH];
	char		new_path[MAXPGPATH];
	char		text[TEXT_MAX];
	JurIdentity data;
	JurIdentity file;

	snprintf(path, sizeof(path), "%s/identity", jur_evidence_path());
	snprintf(new_path, sizeof(new_path), "%s/identity.new", jur_evidence_path());
	/* it tells its own inode, so it has to exist first */
	if (!write_file(new_path, "", problem) ||
		!identify(DataDir, &data, problem) || !identify(new_path, &file, problem))
		return false;
	snprintf(text, sizeof(text), "%sorigin %s\npath %s\n", IDENTITY_HEAD, origin, DataDir);
	format_identity("data", &data, text + strlen(text), sizeof(text) - strlen(text));
	format_identity("file", &file, text + strlen(text), sizeof(text) - strlen(text));
	return write_file(new_path, text, problem) && move(new_path, path, problem) &&
		jur_sync_directory(jur_evidence_path(), problem);
}

/* ------------------------------------------------------------- moving it away */

/*
 * Takes the lock of the log for as long as it is moved; -1: another server
 * writes it.
 */
static int
lock_directory(char *problem)
{
	char		path[MAXPGPATH];
	int			fd;

	snprintf(path, sizeof(path), "%s/lock", jur_evidence_path());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		jur_problem(problem, "could not open file \"%s\": %m", path);
	else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
	{
		jur_problem(problem, "the log in \"%s\" is in use by another server", jur_evidence_path());
		close(fd);
		return -1;
	}
	return fd;
}

/* a place below before/ that is new, or where a move was interrupted */
static bool
make_place(const char *origin, char *place, char *problem)
{
	char		path[MAXPGPATH];
	uint8		digest[JUR_DIGEST_SIZE];
	struct stat status;
	int			i;

	jur_sha256((JurBytes) {origin, strlen(origin)}, digest);
	snprintf(place, MAXPGPATH, "%s/before", jur_evidence_path());
	if (mkdir(place, S_IRWXU) < 0 && errno != EEXIST)
	{
		jur_problem(problem, "could not create directory \"%s\": %m", place);
		return false;
	}
	for (i = 0; i < 1000; i++)
	{
		int			length = snprintf(place, MAXPGPATH, "%s/before/", jur_evidence_path());
		int			j;

		for (j = 0; j < 8; j++)
			length += snprintf(place + length, MAXPGPATH - length, "%02x", digest[j]);
		if (i > 0)
			snprintf(place + length, MAXPGPATH - length, ".%d", i);
		if (mkdir(place, S_IRWXU) == 0)
			return true;
		/* the identity goes last: where it is, the move was completed */
		snprintf(path, sizeof(path), "%s/identity", place);
		if (errno == EEXIST && stat(path, &status) < 0 && is_there("identity"))
			return true;
	}
	jur_problem(problem, "could not create directory \"%s\": %m", place);
	return false;
}

static bool
stays(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		strcmp(name, "before") == 0 || strcmp(name, "lock") == 0 ||
		strcmp(name, "identity") == 0;
}

static bool
move_to(const char *place, char *problem)
{
	char		from[MAXPGPATH];
	char		to[MAXPGPATH];
	DIR		   *directory = opendir(jur_evidence_path());
	struct dirent *entry;
	bool		moved = true;

	if (directory == NULL)
	{
		jur_problem(problem, "could not open directory \"%s\": %m", jur_evidence_path());
		return false;
	}
	while (moved && (entry = readdir(directory)) != NULL)
	{
		if (stays(entry->d_name))
			continue;
		snprintf(from, sizeof(from), "%s/%s", jur_evidence_path(), entry->d_name);
		snprintf(to, sizeof(to), "%s/%s", place, entry->d_name);
		moved = move(from, to, problem);
	}
	closedir(directory);
	if (moved && is_there("identity"))
	{
		snprintf(from, sizeof(from), "%s/identity", jur_evidence_path());
		snprintf(to, sizeof(to), "%s/identity", place);
		moved = jur_sync_directory(place, problem) && move(from, to, problem);
	}
	return moved && jur_sync_directory(place, problem) &&
		jur_sync_directory(jur_evidence_path(), problem);
}

bool
jur_move_log_away(const char *origin, char *problem)
{
	char		place[MAXPGPATH];
	int			lock = lock_directory(problem);
	bool		moved;

	if (lock < 0)
		return false;
	moved = make_place(origin, place, problem) && move_to(place, problem);
	close(lock);
	if (moved)
		ereport(LOG,
				(errmsg("an evidence log that is not continued was moved to \"%s\"", place)));
	return moved;
}

/* ------------------------------------------- what the data directory remembers */

bool
jur_recall_head(JurMemory *memory)
{
	char		path[MAXPGPATH];
	char		text[TEXT_MAX];
	char		line[TEXT_MAX];
	char		origin[JUR_ORIGIN_MAX + 1];
	char		root[64];
	char		problem[JUR_ERROR_MAX];
	JurIdentity data;
	JurIdentity file;
	JurIdentity said;

	memset(memory, 0, sizeof(*memory));
	snprintf(path, sizeof(path), "%s/" JUR_HEAD_FILE, DataDir);
	if (!read_text(path, text, sizeof(text)) ||
		strncmp(text, MEMORY_HEAD, strlen(MEMORY_HEAD)) != 0 ||
		line_of(text, "head", line, sizeof(line)) == NULL ||
		sscanf(line, "%255s " UINT64_FORMAT " %63s", origin, &memory->head.size, root) != 3 ||
		jur_base64_get(root, strlen(root), memory->head.root.bytes, JUR_HASH_SIZE) != JUR_HASH_SIZE)
		return false;
	strlcpy(memory->head.origin, origin, sizeof(memory->head.origin));
	memory->is_ours = identify(DataDir, &data, problem) && identify(path, &file, problem) &&
		parse_identity(text, "data", &said) && is_same(&said, &data) &&
		parse_identity(text, "file", &said) && is_same(&said, &file);
	memory->is_running = line_of(text, "state", line, sizeof(line)) &&
		strcmp(line, "running") == 0;
	memory->commit_off = line_of(text, "commit", line, sizeof(line)) &&
		strcmp(line, "off") == 0;
	return true;
}

bool
jur_remember_head(const JurMemory *memory, char *problem)
{
	char		path[MAXPGPATH];
	char		new_path[MAXPGPATH];
	char		text[TEXT_MAX];
	char		root[JUR_BASE64_SIZE(JUR_HASH_SIZE) + 1];
	JurIdentity data;
	JurIdentity file;

	snprintf(path, sizeof(path), "%s/" JUR_HEAD_FILE, DataDir);
	snprintf(new_path, sizeof(new_path), "%s/" JUR_HEAD_FILE ".new", DataDir);
	if (!write_file(new_path, "", problem) ||
		!identify(DataDir, &data, problem) || !identify(new_path, &file, problem))
		return false;
	jur_base64_put(memory->head.root.bytes, JUR_HASH_SIZE, root);
	strlcpy(text, MEMORY_HEAD, sizeof(text));
	format_identity("data", &data, text + strlen(text), sizeof(text) - strlen(text));
	format_identity("file", &file, text + strlen(text), sizeof(text) - strlen(text));
	snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "head %s " UINT64_FORMAT " %s\nstate %s\ncommit %s\n",
			 memory->head.origin, (uint64) memory->head.size, root,
			 memory->is_running ? "running" : "closed",
			 memory->commit_off ? "off" : "on");
	return write_file(new_path, text, problem) && move(new_path, path, problem);
}
