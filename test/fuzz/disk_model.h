/*-------------------------------------------------------------------------
 *
 * disk_model.h
 *	  Idea: a disk that fails when it is told to, and after a power cut holds
 *	  no more than what was asked to be on it.
 *
 * The calls by which files are changed are wrapped by the linker.  What they
 * do below the watched directory is noted, and done in the real one, where
 * code that goes on sees it.  After a cut the real one is made anew of what
 * had been synced, and of a random part of the rest: of a file's blocks each
 * for itself, of a directory's changes those up to some point.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DISK_MODEL_H
#define DISK_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/* watch DIRECTORY, which is empty; whatever was noted before is forgotten */
extern void disk_watch(const char *directory);
extern void disk_forget(void);

/* after so many changes, syncs among them, every further call fails; -1: never */
extern void disk_cut_after(int calls);
/* or only that call fails, as if the disk were full or broken */
extern void disk_fail_after(int calls);
extern bool disk_is_cut(void);
extern bool disk_has_failed(void);

/*
 * The power is back: the directory holds what the disk kept.  KEEPS_ALL: only
 * the process was killed, and nothing was lost.
 */
extern void disk_restart(bool keeps_all);

extern uint64_t disk_random(uint64_t limit);
extern void disk_seed(uint64_t seed);

#endif							/* DISK_MODEL_H */
