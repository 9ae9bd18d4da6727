/*-------------------------------------------------------------------------
 *
 * disk_model.c
 *	  Idea: see disk_model.h.
 *
 * A sync that failed is worse than none: what it should have written may be
 * dropped, and a later sync that succeeds does not bring it back.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_model.h"

#define FILES_MAX	4096
#define FDS_MAX		1024
#define OPS_MAX		100000
#define PATH_SIZE	512
#define BLOCK		512

/* the linker gives these their names */
extern int	__real_open(const char *path, int flags,...);
extern int	__real_close(int fd);
extern ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t offset);
extern int	__real_fsync(int fd);
extern int	__real_rename(const char *from, const char *to);
extern int	__real_unlink(const char *path);
extern int	__real_mkdir(const char *path, mode_t mode);
extern int	__real_rmdir(const char *path);
extern int	__real_ftruncate(int fd, off_t size);
extern int	__wrap_open(const char *path, int flags,...);
extern int	__wrap_close(int fd);
extern ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);
extern int	__wrap_fsync(int fd);
extern int	__wrap_fdatasync(int fd);
extern int	__wrap_rename(const char *from, const char *to);
extern int	__wrap_unlink(const char *path);
extern int	__wrap_mkdir(const char *path, mode_t mode);
extern int	__wrap_rmdir(const char *path);
extern int	__wrap_ftruncate(int fd, off_t size);
extern int	__wrap_sync_file_range(int fd, off_t offset, off_t size, unsigned flags);

typedef enum Kind
{
	WRITE, TRUNCATE, CREATE, RENAME, UNLINK, MKDIR, RMDIR
} Kind;

typedef struct Op
{
	Kind		kind;
	bool		is_durable;
	bool		is_lost;		/* of a file: a sync of it failed */
	int			file;
	uint64_t	offset;
	size_t		size;
	uint8_t    *data;
	char		path[PATH_SIZE];
	char		to[PATH_SIZE];
} Op;

/* a file whatever its name; in the namespace: a name, and the file it is of */
typedef struct File
{
	uint8_t    *data;
	size_t		size;
} File;

typedef struct Name
{
	char		path[PATH_SIZE];
	int			file;			/* -1: a directory */
} Name;

static char watched[PATH_SIZE];
static Op  *ops;
static int	nops;
static File files[FILES_MAX];
static int	nfiles;
static Name names[FILES_MAX];	/* as processes see them */
static int	nnames;
static Name base[FILES_MAX];	/* as the disk had them when it was watched or restarted */
static int	nbase;
static struct
{
	int			file;			/* -1: a directory; -2: none of ours */
	char		path[PATH_SIZE];
}			fds[FDS_MAX];

static int	calls_left = -1;
static bool stays_broken;
static bool is_cut;
static bool has_failed;
static uint64_t state = 1;

uint64_t
disk_random(uint64_t limit)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (state >> 33) % limit;
}

void
disk_seed(uint64_t seed)
{
	state = seed * 2 + 1;
}

void
disk_cut_after(int calls)
{
	calls_left = calls;
	stays_broken = true;
}

void
disk_fail_after(int calls)
{
	calls_left = calls;
	stays_broken = false;
	has_failed = false;
}

bool
disk_is_cut(void)
{
	return is_cut;
}

bool
disk_has_failed(void)
{
	return has_failed;
}

static void
stop(const char *why)
{
	fprintf(stderr, "disk model: %s\n", why);
	abort();
}

static bool
is_watched(const char *path)
{
	return watched[0] != '\0' && strncmp(path, watched, strlen(watched)) == 0;
}

/* does this call fail? */
static bool
fails(void)
{
	if (is_cut)
	{
		errno = EIO;
		return true;
	}
	if (calls_left < 0 || calls_left-- > 0)
		return false;
	if (stays_broken)
		is_cut = true;
	has_failed = true;
	errno = disk_random(2) == 0 ? ENOSPC : EIO;
	return true;
}

static Op *
note(Kind kind, int file, const char *path, const char *to)
{
	Op		   *op;

	if (ops == NULL)
		ops = calloc(OPS_MAX, sizeof(Op));
	if (nops == OPS_MAX)
		stop("too many calls");
	op = &ops[nops++];
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	op->file = file;
	strcpy(op->path, path != NULL ? path : "");
	strcpy(op->to, to != NULL ? to : "");
	return op;
}

static int
find(const Name *list, int count, const char *path)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if (strcmp(list[i].path, path) == 0)
			return i;
	}
	return -1;
}

static void
put_name(Name *list, int *count, const char *path, int file)
{
	int			i = find(list, *count, path);

	if (i < 0)
		i = (*count)++;
	if (i == FILES_MAX)
		stop("too many names");
	strcpy(list[i].path, path);
	list[i].file = file;
}

static void
drop_name(Name *list, int *count, const char *path)
{
	int			i = find(list, *count, path);

	if (i >= 0)
		list[i] = list[--(*count)];
}

static void
parent_of(const char *path, char *parent)
{
	strcpy(parent, path);
	*strrchr(parent, '/') = '\0';
}

/* -------------------------------------------------------------------- calls */

int
__wrap_open(const char *path, int flags,...)
{
	mode_t		mode = 0;
	int			at;
	int			fd;

	if (flags & O_CREAT)
	{
		va_list		args;

		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (!is_watched(path))
	{
		fd = __real_open(path, flags, mode);
		if (fd >= 0 && fd < FDS_MAX)
			fds[fd].file = -2;
		return fd;
	}
	at = find(names, nnames, path);
	if ((flags & O_CREAT) && (at < 0 || (flags & O_TRUNC)) && fails())
		return -1;
	fd = __real_open(path, flags, mode);
	if (fd < 0)
		return fd;
	if (fd >= FDS_MAX)
		stop("too many open files");
	strcpy(fds[fd].path, path);
	if ((flags & O_CREAT) && at < 0)
	{
		if (nfiles == FILES_MAX)
			stop("too many files");
		put_name(names, &nnames, path, nfiles++);
		note(CREATE, nfiles - 1, path, NULL);
		at = find(names, nnames, path);
	}
	else if (flags & O_TRUNC)
		note(TRUNCATE, names[at].file, NULL, NULL);
	fds[fd].file = at < 0 ? -1 : names[at].file;
	return fd;
}

int
__wrap_close(int fd)
{
	if (fd >= 0 && fd < FDS_MAX)
		fds[fd].file = -2;
	return __real_close(fd);
}

static bool
is_ours(int fd)
{
	return fd >= 0 && fd < FDS_MAX && watched[0] != '\0' && fds[fd].file != -2;
}

ssize_t
__wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
	bool		has_trouble;
	Op		   *op;

	if (!is_ours(fd))
		return __real_pwrite(fd, data, size, offset);
	has_trouble = is_cut;
	if (has_trouble)
		return fails() ? -1 : -1;
	has_trouble = fails();
	/* some of it may get there before it fails */
	if (has_trouble && size > 1)
		size = disk_random(size) + 1;
	if (!has_trouble && disk_random(20) == 0)
		size = disk_random(size) + 1;
	op = note(WRITE, fds[fd].file, NULL, NULL);
	op->offset = offset;
	op->size = size;
	op->data = malloc(size);
	memcpy(op->data, data, size);
	if (__real_pwrite(fd, data, size, offset) != (ssize_t) size)
		stop("the real disk is full");
	if (has_trouble)
		errno = ENOSPC;
	return has_trouble ? -1 : (ssize_t) size;
}

int
__wrap_fsync(int fd)
{
	bool		has_failed_now;
	int			i;

	if (!is_ours(fd))
		return __real_fsync(fd);
	if (is_cut)
	{
		errno = EIO;
		return -1;
	}
	has_failed_now = fails();
	for (i = 0; i < nops; i++)
	{
		bool		is_directory = ops[i].kind != WRITE && ops[i].kind != TRUNCATE;
		char		parent[PATH_SIZE];

		if (fds[fd].file >= 0 && !is_directory && ops[i].file == fds[fd].file)
		{
			if (has_failed_now)
				ops[i].is_lost |= !ops[i].is_durable;
			else
				ops[i].is_durable |= !ops[i].is_lost;
		}
		if (fds[fd].file == -1 && is_directory && !has_failed_now)
		{
			parent_of(ops[i].path, parent);
			if (strcmp(parent, fds[fd].path) == 0)
				ops[i].is_durable = true;
		}
	}
	if (has_failed_now)
		errno = EIO;
	return has_failed_now ? -1 : 0;
}

int
__wrap_fdatasync(int fd)
{
	return __wrap_fsync(fd);
}

int
__wrap_rename(const char *from, const char *to)
{
	int			file;

	if (!is_watched(from))
		return __real_rename(from, to);
	if (fails() || __real_rename(from, to) != 0)
		return -1;
	file = names[find(names, nnames, from)].file;
	drop_name(names, &nnames, from);
	put_name(names, &nnames, to, file);
	note(RENAME, file, from, to);
	return 0;
}

int
__wrap_unlink(const char *path)
{
	if (!is_watched(path))
		return __real_unlink(path);
	if (fails() || __real_unlink(path) != 0)
		return -1;
	drop_name(names, &nnames, path);
	note(UNLINK, -1, path, NULL);
	return 0;
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	if (!is_watched(path))
		return __real_mkdir(path, mode);
	if (access(path, F_OK) == 0)
	{
		errno = EEXIST;
		return -1;
	}
	if (fails() || __real_mkdir(path, mode) != 0)
		return -1;
	note(MKDIR, -1, path, NULL);
	return 0;
}

int
__wrap_rmdir(const char *path)
{
	if (!is_watched(path))
		return __real_rmdir(path);
	if (fails() || __real_rmdir(path) != 0)
		return -1;
	note(RMDIR, -1, path, NULL);
	return 0;
}

int
__wrap_ftruncate(int fd, off_t size)
{
	if (!is_ours(fd))
		return __real_ftruncate(fd, size);
	if (fails() || __real_ftruncate(fd, size) != 0)
		return -1;
	note(TRUNCATE, fds[fd].file, NULL, NULL)->offset = size;
	return 0;
}

int
__wrap_sync_file_range(int fd, off_t offset, off_t size, unsigned flags)
{
	return 0;
}

/* ----------------------------------------------------------------- a restart */

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	return ftw->level == 0 ? 0 : type == FTW_DP ? __real_rmdir(path) : __real_unlink(path);
}

static void
empty(void)
{
	nftw(watched, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void
forget_ops(void)
{
	while (nops > 0)
		free(ops[--nops].data);
}

void
disk_forget(void)
{
	forget_ops();
	while (nfiles > 0)
	{
		free(files[--nfiles].data);
		memset(&files[nfiles], 0, sizeof(File));
	}
	nnames = nbase = 0;
	calls_left = -1;
	is_cut = false;
	has_failed = false;
	if (watched[0] != '\0')
		empty();
	watched[0] = '\0';
}

void
disk_watch(const char *directory)
{
	int			i;

	disk_forget();
	for (i = 0; i < FDS_MAX; i++)
		fds[i].file = -2;
	strcpy(watched, directory);
}

static void
resize(File *file, size_t size)
{
	if (size > file->size)
	{
		file->data = realloc(file->data, size);
		memset(file->data + file->size, 0, size - file->size);
	}
	file->size = size;
}

/* blocks of a write that no sync has waited for: each for itself, in OF of 4 */
static void
apply_write(const Op *op, int of)
{
	File	   *file = &files[op->file];
	size_t		at = 0;

	while (at < op->size)
	{
		size_t		size = BLOCK - (op->offset + at) % BLOCK;

		if (size > op->size - at)
			size = op->size - at;
		if ((op->is_durable && !op->is_lost) || disk_random(4) < (uint64_t) of)
		{
			if (op->offset + at + size > file->size)
				resize(file, op->offset + at + size);
			memcpy(file->data + op->offset + at, op->data + at, size);
		}
		at += size;
	}
}

/* in each directory the changes up to some point are kept: choose it */
static void
choose_kept(bool keeps_all)
{
	int			i;
	int			j;

	for (i = 0; i < nops; i++)
	{
		char		parent[PATH_SIZE];
		char		other[PATH_SIZE];

		if (ops[i].kind == WRITE || ops[i].kind == TRUNCATE || ops[i].is_durable ||
			ops[i].is_lost)
			continue;
		if (keeps_all || disk_random(3) > 0)
		{
			ops[i].is_durable = true;
			continue;
		}
		/* this one is not kept, and none after it in the same directory */
		parent_of(ops[i].path, parent);
		for (j = i; j < nops; j++)
		{
			if (ops[j].kind == WRITE || ops[j].kind == TRUNCATE)
				continue;
			parent_of(ops[j].path, other);
			if (strcmp(parent, other) == 0)
			{
				if (ops[j].is_durable)
					stop("a directory was synced in part");
				ops[j].is_lost = true;
			}
		}
	}
}

static void
replay(bool keeps_all, int of)
{
	int			i;

	memcpy(names, base, sizeof(names));
	nnames = nbase;
	for (i = 0; i < nops; i++)
	{
		Op		   *op = &ops[i];

		switch (op->kind)
		{
			case WRITE:
				apply_write(op, keeps_all ? 4 : of);
				continue;
			case TRUNCATE:
				if ((op->is_durable && !op->is_lost) || keeps_all || disk_random(2) == 0)
					resize(&files[op->file], op->offset);
				continue;
			default:
				break;
		}
		if (!op->is_durable)
			continue;
		switch (op->kind)
		{
			case CREATE:
				put_name(names, &nnames, op->path, op->file);
				break;
			case MKDIR:
				put_name(names, &nnames, op->path, -1);
				break;
			case RENAME:
				/* its creation may be lost with an earlier part of the log */
				drop_name(names, &nnames, op->path);
				put_name(names, &nnames, op->to, op->file);
				break;
			default:
				drop_name(names, &nnames, op->path);
				break;
		}
	}
}

/* names whose directory was lost are lost; directories come before what is in them */
static void
write_out(void)
{
	bool		is_written[FILES_MAX] = {false};
	bool		goes_on = true;
	int			kept = 0;
	int			i;

	while (goes_on)
	{
		goes_on = false;
		for (i = 0; i < nnames; i++)
		{
			char		parent[PATH_SIZE];
			int			fd;

			parent_of(names[i].path, parent);
			if (is_written[i] || access(parent, F_OK) != 0)
				continue;
			is_written[i] = goes_on = true;
			if (names[i].file < 0)
			{
				__real_mkdir(names[i].path, 0700);
				continue;
			}
			fd = __real_open(names[i].path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
			if (fd < 0 || (files[names[i].file].size > 0 &&
						   __real_pwrite(fd, files[names[i].file].data, files[names[i].file].size, 0) !=
						   (ssize_t) files[names[i].file].size))
				stop("could not write what was kept");
			__real_close(fd);
		}
	}
	for (i = 0; i < nnames; i++)
	{
		if (is_written[i])
			names[kept++] = names[i];
	}
	nnames = kept;
}

void
disk_restart(bool keeps_all)
{
	choose_kept(keeps_all);
	replay(keeps_all, disk_random(5));
	empty();
	write_out();
	memcpy(base, names, sizeof(base));
	nbase = nnames;
	forget_ops();
	calls_left = -1;
	is_cut = false;
	has_failed = false;
}
