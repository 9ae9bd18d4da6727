/*
 * A disk that fails: preloaded into a server, it makes writes of the evidence
 * log end as the file FAULT_FILE says: "full" (ENOSPC after half of what was to
 * be written), "sync" (fdatasync and fsync say EIO), "slow" (they take half a
 * second).  Other files are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int
is_log(int fd)
{
	char		link[64];
	char		path[4096];
	ssize_t		n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return 0;
	path[n] = '\0';
	return strstr(path, "jurisdiction_evidence/") != NULL;
}

static int
fault_is(const char *kind)
{
	char		text[32] = "";
	FILE	   *file = fopen(FAULT_FILE, "r");

	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	return strncmp(text, kind, strlen(kind)) == 0;
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t offset)
{
	ssize_t		(*next) (int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");

	if (is_log(fd) && fault_is("full"))
	{
		if (size > 1)
			(void) next(fd, data, size / 2, offset);
		errno = ENOSPC;
		return -1;
	}
	return next(fd, data, size, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off_t offset)
{
	return pwrite(fd, data, size, offset);
}

ssize_t
write(int fd, const void *data, size_t size)
{
	ssize_t		(*next) (int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	if (is_log(fd) && fault_is("full"))
	{
		errno = ENOSPC;
		return -1;
	}
	return next(fd, data, size);
}

static int
sync_with(const char *name, int fd)
{
	int			(*next) (int) = dlsym(RTLD_NEXT, name);

	if (is_log(fd))
	{
		if (fault_is("sync"))
		{
			errno = EIO;
			return -1;
		}
		if (fault_is("slow"))
			usleep(500000);
	}
	return next(fd);
}

int
fdatasync(int fd)
{
	return sync_with("fdatasync", fd);
}

int
fsync(int fd)
{
	return sync_with("fsync", fd);
}
