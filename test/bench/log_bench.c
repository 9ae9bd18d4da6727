/*-------------------------------------------------------------------------
 *
 * log_bench.c
 *	  Idea: what an entry costs a writer of the log, whatever its size.
 *
 * Usage: log_bench DIR COUNT BATCH CHECKPOINT BYTES
 *
 * Appends COUNT entries of BYTES bytes to a new log, syncs after each BATCH and
 * signs after each CHECKPOINT; prints microseconds an entry of each of the
 * three, bytes written an entry, and megabytes of memory.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "evidence/log_dir.h"

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void
require(bool done, const JurLogError *error)
{
	if (done)
		return;
	fprintf(stderr, "log_bench: %s\n", error->text);
	exit(1);
}

int
main(int argc, char **argv)
{
	static char entry[JUR_ENTRY_MAX + 1];
	static const uint8_t seed[JUR_SEED_SIZE] = "0123456789abcdef0123456789abcdef";
	JurNoteKey	key;
	JurLogFound found;
	JurLogError error;
	JurLogWriter *writer;
	struct rusage usage;
	double		append = 0;
	double		sync = 0;
	double		sign = 0;
	uint64_t	numbers[4];
	uint64_t	i;

	if (argc != 6)
		return 1;
	for (i = 0; i < 4; i++)
		numbers[i] = strtoull(argv[i + 2], NULL, 10);
	if (!jur_note_key("jurisdiction/1/bench", seed, &key))
		return 1;
	writer = jur_log_open(argv[1], &key, seed, &found, &error);
	require(writer != NULL, &error);
	memset(entry, 'x', sizeof(entry));
	for (i = 0; i < numbers[0];)
	{
		uint64_t	end = i + numbers[1];
		double		start = now();
		double		appended;
		double		synced;

		for (; i < end && i < numbers[0]; i++)
		{
			entry[snprintf(entry, sizeof(entry), "%020" PRIu64, i)] = 'x';
			require(jur_log_append(writer, entry, numbers[3], &error), &error);
		}
		appended = now();
		require(jur_log_sync(writer, &error), &error);
		synced = now();
		if (i % numbers[2] == 0 || i == numbers[0])
			require(jur_log_checkpoint(writer, &error), &error);
		append += appended - start;
		sync += synced - appended;
		sign += now() - synced;
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%.2f %.2f %.2f %.0f %.0f\n", append / numbers[0], sync / numbers[0],
		   sign / numbers[0], (double) jur_log_bytes_written(writer) / numbers[0],
		   usage.ru_maxrss / 1024.0);
	jur_log_close(writer);
	return 0;
}
