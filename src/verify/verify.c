/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  Idea: the program: what is asked, in which order it is looked into, and
 *	  how the verdict is told.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"

/* a log that grows while it is read is read again so often */
#define ROUNDS	3

static const char usage[] =
"jurisdiction-verify proves that an evidence log is what its key signed.\n"
"\n"
"Usage:\n"
"  jurisdiction-verify [OPTION]... DIRECTORY\n"
"  jurisdiction-verify --proof FILE [--record FILE] --key PUBLIC\n"
"  jurisdiction-verify --consistency FILE --since FILE --head FILE --key PUBLIC\n"
"\n"
"Options:\n"
"  --key PUBLIC     the public key that must have signed, as NAME+HASH+KEY or a\n"
"                   file with it (default: the keys in DIRECTORY); it may have\n"
"                   handed over to another since\n"
"  --since FILE     prove that the log extends the checkpoint saved in FILE\n"
"  --proof FILE     verify one proof (c2sp.org/tlog-proof) instead of a log\n"
"  --record FILE    the record that the proof is about, byte for byte (default:\n"
"                   the proof's extra data, or the entry in DIRECTORY)\n"
"  --consistency FILE  verify a proof that the log of the checkpoint in --head\n"
"                   extends the one in --since: hashes in base64, one a line\n"
"  --ocsf           print the records as OCSF events, one JSON object a line;\n"
"                   only what lies below a verified checkpoint\n"
"  --from SEQ       with --ocsf: begin with this entry\n"
"  --follow         with --ocsf: wait for more\n"
"  --progress       tell on standard error how far it has come\n"
"  --help           show this and exit\n"
"  --version        show the version and exit\n"
"\n"
"Exit status: 0 verified, 1 tampered with, 2 could not be checked.\n";

/* ------------------------------------------------------------------ verdicts */

bool
jur_tampered(JurVerify *verify, const char *kind, const char *format,...)
{
	va_list		args;
	int			length;

	length = snprintf(verify->message, sizeof(verify->message), "tampered: %s: ", kind);
	va_start(args, format);
	vsnprintf(verify->message + length, sizeof(verify->message) - length, format, args);
	va_end(args);
	verify->status = JUR_EXIT_TAMPERED;
	return false;
}

bool
jur_unchecked(JurVerify *verify, const char *format,...)
{
	va_list		args;
	int			length;

	length = snprintf(verify->message, sizeof(verify->message), "could not check: ");
	va_start(args, format);
	vsnprintf(verify->message + length, sizeof(verify->message) - length, format, args);
	va_end(args);
	verify->status = JUR_EXIT_UNCHECKED;
	return false;
}

bool
jur_unread(JurVerify *verify, const JurLogError *error)
{
	if (error->is_missing)
		return jur_tampered(verify, "removed", "%s", error->text);
	if (error->is_damaged)
		return jur_tampered(verify, "changed", "%s", error->text);
	return jur_unchecked(verify, "%s", error->text);
}

/* ---------------------------------------------------------------------- a log */

static void
forget(JurVerify *verify)
{
	jur_log_read_end(verify->reader);
	verify->reader = NULL;
	verify->listed.count = 0;
	verify->trusted.count = 0;
	verify->checkpoints = 0;
	verify->retained_from = 0;
	verify->before[0] = '\0';
	verify->rotated_from[0] = '\0';
	verify->rotated_to[0] = '\0';
	verify->dropped = 0;
	verify->unsigned_tail = 0;
	verify->is_tail_torn = false;
}

/* has the log more entries below its checkpoint now than so many? */
static bool
has_grown(const JurVerify *verify, uint64_t size)
{
	JurLogError error;
	JurLogReader *now = jur_log_read(verify->directory, &error);
	bool		grown = now != NULL && jur_log_head(now)->size > size;

	jur_log_read_end(now);
	return grown;
}

/*
 * The head that there is now: the log may have grown while it was read, and
 * its journal is of what came after that.
 */
static bool
verify_growth(JurVerify *verify, JurLogReader *now)
{
	const JurCheckpoint *head = jur_log_head(verify->reader);
	const char *note;
	size_t		size;
	JurLogError error;

	if (!jur_log_refresh(now, &error))
		return jur_unread(verify, &error);
	if (jur_log_head(now)->size == head->size &&
		jur_merkle_equal(&jur_log_head(now)->root, &head->root))
		return true;
	note = jur_log_note(now, &size);
	return jur_verify_log_note(verify, note, size) &&
		jur_verify_extends(verify, now, head, jur_log_head(now), "the checkpoint before");
}

/*
 * Behind the head, durable and not signed; none is a log that was closed well.
 * A journal that begins behind it is of a later head, which has to be there.
 */
static bool
count_tail(JurVerify *verify, JurLogReader *now)
{
	const uint8_t *data;
	size_t		data_size;
	JurLogError error;
	uint64_t	size;

	do
	{
		if (!verify_growth(verify, now))
			return false;
		size = jur_log_head(now)->size;
		verify->unsigned_tail = 0;
		while (jur_log_tail_entry(now, size + verify->unsigned_tail, &data, &data_size, &error))
			verify->unsigned_tail++;
	} while (error.is_damaged && has_grown(verify, size));
	verify->is_tail_torn = jur_log_tail_is_torn(now, size + verify->unsigned_tail);
	if (error.is_damaged)
		return jur_tampered(verify, error.is_behind ? "rolled back" : "changed", "%s", error.text);
	return error.is_missing || jur_unchecked(verify, "%s", error.text);
}

static bool
verify_tail(JurVerify *verify)
{
	JurNoteKey	signer = verify->signer;
	JurLogError error;
	JurLogReader *now = jur_log_read(verify->directory, &error);
	bool		is_right;

	if (now == NULL)
		return jur_unread(verify, &error);
	is_right = count_tail(verify, now);
	jur_log_read_end(now);
	/* what is told is told of the head that was looked into */
	verify->signer = signer;
	return is_right;
}

static bool
verify_log(JurVerify *verify)
{
	forget(verify);
	return jur_verify_head(verify) && jur_verify_tree(verify) &&
		jur_verify_signer(verify) && jur_verify_since(verify) && verify_tail(verify);
}

static void
report(const JurVerify *verify)
{
	const JurCheckpoint *head = jur_log_head(verify->reader);
	char		text[JUR_NOTE_MAX];

	jur_note_key_text(&verify->signer, text);
	printf("verified: %" PRIu64 " entries of \"%s\"\n", head->size, head->origin);
	printf("signed by: %s%s\n", text,
		   verify->key == NULL && verify->since == NULL ? " (as the directory says; pin it with --key)" :
		   memcmp(&verify->signer, &verify->trusted.key[0], sizeof(JurNoteKey)) != 0 &&
		   jur_is_trusted(verify, &verify->signer) ? ", to which the older key handed over" : "");
	if (verify->checkpoints > 0)
		printf("older heads that records tell of: %" PRIu64 ", all in this tree\n",
			   verify->checkpoints);
	if (verify->dropped > 0)
		printf("dropped by retention: %" PRIu64 " entries below %" PRIu64
			   ", of which the hashes remain\n", verify->dropped, verify->retained_from);
	if (*verify->before)
		printf("note: it took the place of \"%s\", which had %" PRIu64 " entries (%s)\n",
			   verify->before, verify->before_size, verify->before_why);
	if (verify->unsigned_tail > 0)
		printf("not signed yet: %" PRIu64 " entries of the journal\n", verify->unsigned_tail);
	if (verify->is_tail_torn)
		printf("note: behind them the journal holds more, which is not whole: being written, torn by a crash, or changed\n");
	if (verify->since != NULL)
		printf("extends: the checkpoint in \"%s\"\n", verify->since);
	if (strcmp(verify->rotated_from, text) == 0)
		printf("note: record %" PRIu64 " tells of a new key, which has signed nothing yet\n",
			   verify->rotation_seq);
}

/* -------------------------------------------------------------------- options */

static bool
parse_options(JurVerify *verify, int argc, char **argv, bool *is_done)
{
	static const struct option options[] = {
		{"key", required_argument, NULL, 'k'},
		{"since", required_argument, NULL, 's'},
		{"proof", required_argument, NULL, 'p'},
		{"record", required_argument, NULL, 'r'},
		{"consistency", required_argument, NULL, 'c'},
		{"head", required_argument, NULL, 'H'},
		{"ocsf", no_argument, NULL, 'o'},
		{"from", required_argument, NULL, 'f'},
		{"follow", no_argument, NULL, 'w'},
		{"progress", no_argument, NULL, 'P'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0}
	};
	bool		has_from = false;
	char	   *end;
	int			option;

	*is_done = false;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
	{
		switch (option)
		{
			case 'k':
				verify->key = optarg;
				break;
			case 's':
				verify->since = optarg;
				break;
			case 'p':
				verify->proof = optarg;
				break;
			case 'r':
				verify->record = optarg;
				break;
			case 'c':
				verify->consistency = optarg;
				break;
			case 'H':
				verify->head = optarg;
				break;
			case 'o':
				verify->is_export = true;
				break;
			case 'f':
				errno = 0;
				verify->from = strtoull(optarg, &end, 10);
				if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || errno != 0)
					return jur_unchecked(verify, "--from wants the number of an entry, not \"%s\"",
										 optarg);
				has_from = true;
				break;
			case 'w':
				verify->follows = true;
				break;
			case 'P':
				verify->has_progress = true;
				break;
			case 'h':
				fputs(usage, stdout);
				*is_done = true;
				return true;
			case 'V':
				puts("jurisdiction-verify " JUR_VERSION);
				*is_done = true;
				return true;
			default:
				return jur_unchecked(verify, "there is no such option; see --help");
		}
	}
	if (optind < argc)
		verify->directory = argv[optind++];
	if (optind < argc)
		return jur_unchecked(verify, "one directory at a time; see --help");
	if (verify->directory == NULL && verify->proof == NULL && verify->consistency == NULL)
		return jur_unchecked(verify, "which directory? See --help");
	if ((has_from || verify->follows) && !verify->is_export)
		return jur_unchecked(verify, "--from and --follow go with --ocsf");
	if (verify->record != NULL && verify->proof == NULL)
		return jur_unchecked(verify, "--record goes with --proof");
	if (verify->proof != NULL && (verify->is_export || verify->since != NULL))
		return jur_unchecked(verify, "--proof goes with neither --ocsf nor --since");
	if ((verify->consistency != NULL) != (verify->head != NULL))
		return jur_unchecked(verify, "--consistency and --head go together");
	if (verify->consistency != NULL && (verify->since == NULL || verify->key == NULL ||
										verify->directory != NULL || verify->proof != NULL || verify->is_export))
		return jur_unchecked(verify, "--consistency goes with --since, --head and --key, and nothing else");
	return true;
}

static bool
run(JurVerify *verify)
{
	int			round = 0;

	if (!jur_verify_pin(verify))
		return false;
	if (verify->proof != NULL)
		return jur_verify_proof(verify);
	if (verify->consistency != NULL)
		return jur_verify_consistency(verify);
	if (verify->is_export)
		return jur_verify_export(verify);
	while (!verify_log(verify))
	{
		/* what is missing may have been dropped behind our back, with a record */
		if (++round == ROUNDS || verify->reader == NULL ||
			!has_grown(verify, jur_log_head(verify->reader)->size))
			return false;
	}
	report(verify);
	return true;
}

int
main(int argc, char **argv)
{
	/* too big for some stacks */
	static JurVerify verify;
	bool		is_done;
	bool		is_verified;

	is_verified = parse_options(&verify, argc, argv, &is_done) &&
		(is_done || run(&verify));
	jur_log_read_end(verify.reader);
	if (!is_verified)
	{
		fflush(stdout);
		fprintf(verify.is_export ? stderr : stdout, "%s\n", verify.message);
	}
	if (fflush(stdout) != 0 && is_verified)
	{
		fprintf(stderr, "could not check: could not write the result: %s\n", strerror(errno));
		return JUR_EXIT_UNCHECKED;
	}
	return is_verified ? JUR_EXIT_VERIFIED : (int) verify.status;
}
