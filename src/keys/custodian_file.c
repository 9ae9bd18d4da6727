/*-------------------------------------------------------------------------
 *
 * custodian_file.c
 *	  Idea: file:NAME: a key-encryption key is a file that only the server
 *	  can read.
 *
 * For development and demonstrations: whoever copies the server's files copies
 * the keys with them, unless jurisdiction.key_directory lies elsewhere.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "base/errors.h"
#include "base/settings.h"
#include "base/varlena.h"
#include "crypto/aead.h"
#include "keys/custodian.h"

#define NAME_MAX_LENGTH 64

static const char *
wrong_uri(const char *name)
{
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(name) ||
		*name == '\0' || *name == '-')
		return "The name behind file: consists of letters, digits, \"_\" and \"-\".";
	if (strlen(name) > NAME_MAX_LENGTH)
		return "The name behind file: is too long.";
	return NULL;
}

static const char *
directory(void)
{
	if (jur_key_directory == NULL || *jur_key_directory == '\0')
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.key_directory is not set"),
				 errhint("Set it to a directory outside the data directory, which backups do not copy.")));
	return jur_key_directory;
}

static char *
path_of(const JurKek *kek)
{
	return psprintf("%s/%s", directory(), kek->name);
}

static void
failed(const JurKek *kek, const char *action, const char *path)
{
	jur_custodian_failed(kek, action, psprintf("File \"%s\": %s.", path, strerror(errno)));
}

/* the backups of a data directory must not hold the keys to it */
static void
require_elsewhere(void)
{
	char	   *keys = realpath(directory(), NULL);
	char	   *data = realpath(DataDir, NULL);
	Size		length = data ? strlen(data) : 0;
	bool		is_inside;

	is_inside = keys && data && strncmp(keys, data, length) == 0 &&
		(keys[length] == '/' || keys[length] == '\0');
	free(keys);
	free(data);
	if (is_inside)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("jurisdiction.key_directory lies in the data directory"),
				 errdetail("A base backup would carry the keys away with what they seal.")));
}

static void
make(const JurKek *kek)
{
	char	   *path = path_of(kek);
	uint8		key[JUR_KEY_SIZE];
	bool		written;
	int			fd;

	if (mkdir(directory(), S_IRWXU) < 0 && errno != EEXIST)
		failed(kek, "make a key", directory());
	require_elsewhere();
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		failed(kek, "make a key", path);
	errno = EIO;
	written = pg_strong_random(key, sizeof(key)) &&
		write(fd, key, sizeof(key)) == sizeof(key) && pg_fsync(fd) == 0;
	explicit_bzero(key, sizeof(key));
	if (!written)
	{
		int			error = errno;

		close(fd);
		unlink(path);
		errno = error;
		failed(kek, "make a key", path);
	}
	close(fd);
	fsync_fname(directory(), true);
}

static void
read_key(const JurKek *kek, const char *action, uint8 *key)
{
	char	   *path = path_of(kek);
	int			fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	char		spare;
	bool		whole;

	if (fd < 0)
		failed(kek, action, path);
	if (fstat(fd, &status) < 0 || status.st_uid != geteuid() ||
		(status.st_mode & (S_IRWXG | S_IRWXO)) != 0 || !S_ISREG(status.st_mode))
	{
		close(fd);
		jur_custodian_failed(kek, action,
							 psprintf("File \"%s\" must belong to the server's user and be closed to all others (chmod 0600).", path));
	}
	whole = read(fd, key, JUR_KEY_SIZE) == JUR_KEY_SIZE && read(fd, &spare, 1) == 0;
	close(fd);
	if (whole)
		return;
	explicit_bzero(key, JUR_KEY_SIZE);
	jur_custodian_failed(kek, action, psprintf("File \"%s\" does not hold %d bytes.",
											   path, JUR_KEY_SIZE));
}

/* nonce | ciphertext | tag, bound to place and version */
static bytea *
wrap(const JurKek *kek, const uint8 *secret)
{
	bytea	   *wrapped = palloc(VARHDRSZ + JUR_NONCE_SIZE + JUR_KEY_SIZE + JUR_TAG_SIZE);
	uint8	   *out = (uint8 *) VARDATA(wrapped);
	uint8		key[JUR_KEY_SIZE];
	JurAeadKey	prepared;

	SET_VARSIZE(wrapped, VARHDRSZ + JUR_NONCE_SIZE + JUR_KEY_SIZE + JUR_TAG_SIZE);
	read_key(kek, psprintf("wrap key %d", kek->version), key);
	if (!pg_strong_random(out, JUR_NONCE_SIZE))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));
	jur_aead_prepare(&prepared, key);
	jur_aead_seal(&prepared, out, jur_kek_context(kek), (JurBytes) {secret, JUR_KEY_SIZE},
				  (JurBytes) {NULL, 0}, out + JUR_NONCE_SIZE);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(&prepared, sizeof(prepared));
	return wrapped;
}

static void
unwrap(const JurKek *kek, const bytea *wrapped, uint8 *secret)
{
	char	   *action = psprintf("unwrap key %d", kek->version);
	const uint8 *in = (const uint8 *) VARDATA_ANY(wrapped);
	JurBytes	sealed = {in + JUR_NONCE_SIZE, JUR_KEY_SIZE + JUR_TAG_SIZE};
	uint8		key[JUR_KEY_SIZE];
	JurAeadKey	prepared;
	bool		opened;

	if (VARSIZE_ANY_EXHDR(wrapped) != JUR_NONCE_SIZE + JUR_KEY_SIZE + JUR_TAG_SIZE)
		jur_custodian_failed(kek, action, "The wrapped key has another size.");
	read_key(kek, action, key);
	jur_aead_prepare(&prepared, key);
	opened = jur_aead_open(&prepared, in, jur_kek_context(kek), sealed, secret);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(&prepared, sizeof(prepared));
	if (!opened)
		jur_custodian_failed(kek, action, "The wrapped key does not belong to this key-encryption key, place and version.");
}

static const char *
destroy(const JurKek *kek)
{
	char	   *path = path_of(kek);

	if (unlink(path) < 0 && errno != ENOENT)
		failed(kek, psprintf("destroy key %d", kek->version), path);
	fsync_fname(directory(), true);
	return NULL;
}

const JurCustodian jur_custodian_file = {
	"file:", wrong_uri, make, wrap, unwrap, destroy
};
