/*-------------------------------------------------------------------------
 *
 * evidence_open.c
 *	  Idea: which log this server continues, and how it begins one of its own.
 *
 * What was there before is never continued by somebody else, and never left
 * out of sight: the first record of a log cites the head of the one before it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "miscadmin.h"

#include "base/settings.h"
#include "evidence/evidence_internal.h"

const char *
jur_evidence_path(void)
{
	static char path[MAXPGPATH];
	static const char *made_of = NULL;

	if (jur_evidence_directory == NULL || *jur_evidence_directory == '\0' || DataDir == NULL)
		return NULL;
	/* the setting is the same until the server ends, and every statement asks */
	if (made_of == jur_evidence_directory)
		return path;
	if (is_absolute_path(jur_evidence_directory))
		strlcpy(path, jur_evidence_directory, sizeof(path));
	else
		snprintf(path, sizeof(path), "%s/%s", DataDir, jur_evidence_directory);
	made_of = jur_evidence_directory;
	return path;
}

/* what the log's first record says of the one before it */
typedef struct Before
{
	const char *verdict;		/* NULL: there was none, or it goes on */
	JurCheckpoint head;
} Before;

/* ------------------------------------------------------------------ preparing */

static bool
make_directory(char *problem)
{
	struct stat status;

	if (mkdir(jur_evidence_path(), S_IRWXU) < 0 && errno != EEXIST)
	{
		jur_problem(problem, "could not create directory \"%s\": %m", jur_evidence_path());
		return false;
	}
	if (stat(jur_evidence_path(), &status) < 0)
	{
		jur_problem(problem, "could not look at \"%s\": %m", jur_evidence_path());
		return false;
	}
	if (status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return true;
	jur_problem(problem, "\"%s\" must belong to the server's user and be closed to writing by all others (chmod 0700)",
				jur_evidence_path());
	return false;
}

/* the head in the directory, if it has one that can be read */
static bool
read_head(JurCheckpoint *head)
{
	JurLogError error;
	JurLogReader *reader = jur_log_read(jur_evidence_path(), &error);

	if (reader == NULL)
		return false;
	*head = *jur_log_head(reader);
	jur_log_read_end(reader);
	return true;
}

static bool
make_origin(char *origin, char *problem)
{
	uint8		bytes[8];
	int			length;
	int			i;

	if (!pg_strong_random(bytes, sizeof(bytes)))
	{
		jur_problem(problem, "could not generate random bytes");
		return false;
	}
	length = snprintf(origin, JUR_ORIGIN_MAX, "jurisdiction/" UINT64_FORMAT "/",
					  GetSystemIdentifier());
	for (i = 0; i < sizeof(bytes); i++)
		length += snprintf(origin + length, JUR_ORIGIN_MAX - length, "%02x", bytes[i]);
	return true;
}

/*
 * Is what this data directory knows of the log not in it?  It may be older, or
 * have gone on from an older state elsewhere: to sign more of it would be to
 * sign another history.  What cannot be read is for jur_log_open() to refuse.
 */
static bool
is_rolled_back(const char *origin, const JurMemory *memory)
{
	JurLogError error;
	JurLogReader *reader;
	JurHash		root;
	bool		is_older;

	if (!memory->is_ours || memory->head.size == 0 ||
		strcmp(memory->head.origin, origin) != 0)
		return false;
	reader = jur_log_read(jur_evidence_path(), &error);
	if (reader == NULL)
		return true;
	is_older = jur_log_head(reader)->size < memory->head.size ||
		(jur_merkle_root(memory->head.size, jur_log_hash, reader, &root) &&
		 !jur_merkle_equal(&root, &memory->head.root));
	jur_log_read_end(reader);
	return is_older;
}

/*
 * The log to go on with, or room for a new one.  ORIGIN comes back empty for
 * a new one; BEFORE says what its first record has to cite.
 */
static bool
find_log(char *origin, const JurMemory *memory, Before *before, char *problem)
{
	JurOwner	owner;
	bool		is_known;

	if (!jur_log_owner(&owner, origin, problem))
		return false;
	is_known = memory->is_ours && strcmp(memory->head.origin, origin) == 0;
	before->verdict = NULL;
	before->head = memory->head;
	switch (owner)
	{
		case JUR_OWNER_NONE:
			if (*memory->head.origin)
				before->verdict = memory->is_ours ? "missing" : "copied";
			origin[0] = '\0';
			return true;
		case JUR_OWNER_US:
			if (!is_rolled_back(origin, memory))
				return true;
			before->verdict = "rolled back";
			break;
		case JUR_OWNER_US_COPIED:
			/* moved to another place: only if it is known to be all of it */
			if (is_known && !is_rolled_back(origin, memory))
				return jur_claim_log(origin, problem);
			before->verdict = is_known ? "rolled back" : "copied";
			break;
		case JUR_OWNER_OTHER:
			before->verdict = memory->is_ours ? "missing" : "copied";
			break;
		case JUR_OWNER_OTHER_THERE:
			jur_problem(problem, "the log in \"%s\" is in use by another server, whose data directory still exists",
						jur_evidence_path());
			return false;
	}
	/* without a memory of one's own, what lies there tells most */
	if (!memory->is_ours && read_head(&before->head) && *origin == '\0')
		strlcpy(origin, before->head.origin, JUR_ORIGIN_MAX + 1);
	if (!jur_move_log_away(origin, problem))
		return false;
	origin[0] = '\0';
	return true;
}

/* ------------------------------------------------------------------- recording */

static bool
append(JurOpenLog *log, StringInfo record, char *problem)
{
	JurLogError error;
	bool		appended = jur_log_append(log->writer, record->data, record->len, &error);

	if (!appended)
		strlcpy(problem, error.text, JUR_ERROR_MAX);
	pfree(record->data);
	initStringInfo(record);
	return appended;
}

/* the first records of this process, durable before any other */
static bool
record_opening(JurOpenLog *log, bool is_first, const JurMemory *memory,
			   const Before *before, char *problem)
{
	StringInfoData record;
	JurLogError error;
	bool		done = true;
	bool		is_empty = jur_log_size(log->writer) == 0;
	bool		knows = *memory->head.origin != '\0';

	initStringInfo(&record);
	if (is_empty)
	{
		jur_record_log_start(&record, log->key.name, before->verdict, &before->head);
		done = append(log, &record, problem);
	}
	else if (knows && !memory->is_ours)
	{
		jur_record_data_copied(&record, &memory->head);
		done = append(log, &record, problem);
	}
	if (done && is_first && !is_empty &&
		((knows && memory->is_ours && memory->is_running) || log->found.torn > 0))
	{
		jur_record_recovery(&record, &log->found, memory);
		done = append(log, &record, problem);
	}
	if (done && is_first)
	{
		jur_record_server_start(&record);
		done = append(log, &record, problem);
	}
	pfree(record.data);
	if (!done)
		return false;
	if (jur_log_sync(log->writer, &error))
		return true;
	strlcpy(problem, error.text, JUR_ERROR_MAX);
	return false;
}

/* -------------------------------------------------------------------- opening */

/* did this key sign the head in the directory?  Where there is none: any could */
static bool
has_signed(const char *origin, const uint8 *seed)
{
	JurLogError error;
	JurLogReader *reader = jur_log_read(jur_evidence_path(), &error);
	JurNoteKey	key;
	JurCheckpoint head;
	const char *note;
	size_t		size;
	bool		signed_it;

	if (reader == NULL)
		return true;
	note = jur_log_note(reader, &size);
	signed_it = jur_note_key(origin, seed, &key) &&
		jur_checkpoint_open(note, size, &key, &head) == JUR_NOTE_VERIFIED;
	jur_log_read_end(reader);
	return signed_it;
}

/*
 * The key of a log that is there.  A rotation may have been interrupted when
 * the log had its next key already.
 */
static bool
load_key(const char *origin, uint8 *seed, char *problem)
{
	char		ignored[JUR_ERROR_MAX];

	if (!jur_load_signing_key(origin, JUR_PRESENT_KEY, seed, problem))
		return false;
	if (has_signed(origin, seed) || !jur_signing_key_exists(origin, JUR_NEXT_KEY))
		return true;
	if (jur_load_signing_key(origin, JUR_NEXT_KEY, seed, ignored) && has_signed(origin, seed))
		return jur_promote_signing_key(origin, problem);
	return jur_load_signing_key(origin, JUR_PRESENT_KEY, seed, problem);
}

static bool
prepare_key(JurOpenLog *log, char *origin, char *problem)
{
	bool		prepared;

	if (*origin)
		prepared = load_key(origin, log->seed, problem);
	else
		prepared = make_origin(origin, problem) &&
			jur_make_signing_key(origin, JUR_PRESENT_KEY, log->seed, problem) &&
			jur_claim_log(origin, problem);
	if (prepared && !jur_note_key(origin, log->seed, &log->key))
	{
		jur_problem(problem, "could not compute the public key of \"%s\"", origin);
		return false;
	}
	return prepared;
}

static uint64
lock_inode(void)
{
	char		path[MAXPGPATH];
	struct stat status;

	snprintf(path, sizeof(path), "%s/lock", jur_evidence_path());
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

bool
jur_log_is_there(const JurOpenLog *log)
{
	return lock_inode() == log->lock_inode;
}

static bool
remember(JurOpenLog *log, bool is_running, char *problem)
{
	JurMemory	memory;

	memset(&memory, 0, sizeof(memory));
	memory.head = *jur_log_written_head(log->writer);
	strlcpy(memory.head.origin, log->key.name, sizeof(memory.head.origin));
	memory.is_running = is_running;
	memory.commit_off = !jur_evidence_commit;
	return jur_remember_head(&memory, problem);
}

bool
jur_open_log(JurOpenLog *log, bool is_first, char *problem)
{
	char		origin[JUR_ORIGIN_MAX + 1];
	JurMemory	memory;
	Before		before;
	JurLogError error;

	memset(log, 0, sizeof(*log));
	(void) jur_recall_head(&memory);
	if (!make_directory(problem) ||
		!find_log(origin, &memory, &before, problem) ||
		!prepare_key(log, origin, problem))
		return false;
	/* a log that was begun and got no further: what it was to cite is remembered */
	if (before.verdict == NULL && *memory.head.origin &&
		strcmp(memory.head.origin, origin) != 0)
	{
		before.verdict = memory.is_ours ? "missing" : "copied";
		before.head = memory.head;
	}
	log->writer = jur_log_open(jur_evidence_path(), &log->key, log->seed, &log->found, &error);
	if (log->writer == NULL)
	{
		strlcpy(problem, error.text, JUR_ERROR_MAX);
		return false;
	}
	log->size_found = jur_log_size(log->writer);
	log->lock_inode = lock_inode();
	/* until it is published, what is behind the durable size is not the queue's alone */
	jur_sealer_memory()->has_own = true;
	if (record_opening(log, is_first, &memory, &before, problem) &&
		remember(log, true, problem))
		return true;
	jur_close_log(log, false);
	return false;
}

bool
jur_sign_log(JurOpenLog *log, char *problem)
{
	JurLogError error;

	if (jur_log_checkpoint(log->writer, &error))
		return remember(log, true, problem);
	strlcpy(problem, error.text, JUR_ERROR_MAX);
	return false;
}

void
jur_close_log(JurOpenLog *log, bool is_clean)
{
	char		problem[JUR_ERROR_MAX];

	if (log->writer == NULL)
		return;
	if (is_clean && !remember(log, false, problem))
		ereport(LOG, (errmsg("%s", problem)));
	jur_log_close(log->writer);
	explicit_bzero(log, sizeof(*log));
}

/* ------------------------------------------------------------------- rotation */

/*
 * The record holds what the old key says of the new one, so that who knows the
 * old one needs no other proof that the log went on in the same hands.  Called
 * with nothing else waiting to be written.
 */
bool
jur_rotate_log_key(JurOpenLog *log, char *problem)
{
	StringInfoData record;
	JurLogError error;
	JurNoteKey	next;
	uint8		seed[JUR_SEED_SIZE];
	char		handover[JUR_NOTE_MAX];
	bool		done;

	if (!jur_make_signing_key(log->key.name, JUR_NEXT_KEY, seed, problem))
		return false;
	if (!jur_note_key(log->key.name, seed, &next))
	{
		jur_problem(problem, "could not compute the public key of \"%s\"", log->key.name);
		return false;
	}
	if (jur_handover_sign(jur_log_written_head(log->writer), &log->key, log->seed,
						  &next, handover) == 0)
	{
		jur_problem(problem, "could not sign with the key of \"%s\"", log->key.name);
		return false;
	}
	initStringInfo(&record);
	jur_record_rotation(&record, &log->key, &next, handover);
	done = append(log, &record, problem);
	pfree(record.data);
	if (done && (!jur_log_checkpoint(log->writer, &error) ||
				 !jur_log_change_key(log->writer, &next, seed, &error)))
	{
		strlcpy(problem, error.text, JUR_ERROR_MAX);
		done = false;
	}
	if (done)
	{
		log->key = next;
		memcpy(log->seed, seed, JUR_SEED_SIZE);
		done = remember(log, true, problem) &&
			jur_promote_signing_key(log->key.name, problem);
	}
	explicit_bzero(seed, sizeof(seed));
	return done;
}
