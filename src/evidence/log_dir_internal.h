/*-------------------------------------------------------------------------
 *
 * log_dir_internal.h
 *	  What the files log_dir_*.c share: files, paths, the journal's entries,
 *	  and what a writer holds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_LOG_DIR_INTERNAL_H
#define JUR_LOG_DIR_INTERNAL_H

#include "evidence/log_dir.h"

#define JUR_TILE_LEVELS		8		/* 256^8 entries: more than can be counted */
#define JUR_BUNDLES			(-1)	/* in place of a tile's level: entries */
#define JUR_BUNDLE_BYTES_MAX	(JUR_BUNDLE * (2 + JUR_ENTRY_MAX))

/* bytes that grow */
typedef struct JurBuffer
{
	uint8_t    *data;
	size_t		size;
	size_t		room;
} JurBuffer;

/* ------------------------------------------------------------ log_dir_file.c */

/* false, always; CODE is an errno or 0, after which the sentence ends */
extern bool jur_log_fail(JurLogError *error, int code, const char *format,...)
	__attribute__((format(printf, 3, 4)));
extern bool jur_log_damaged(JurLogError *error, const char *format,...)
	__attribute__((format(printf, 2, 3)));

extern bool jur_buffer_reserve(JurBuffer *buffer, size_t more, JurLogError *error);
extern void jur_buffer_free(JurBuffer *buffer);

/* DIRECTORY/NAME; PATH has room for JUR_PATH_MAX bytes */
extern void jur_log_path(const char *directory, const char *name, char *path);
/* of tile or bundle N of WIDTH hashes or entries, JUR_BUNDLE for a full one */
extern void jur_tile_path(const char *directory, int level, uint64_t n, int width,
						  char *path);

/* false, always: PATH could not be opened, and errno says why */
extern bool jur_file_unopened(const char *path, JurLogError *error);
/* for reading, if it is a file; -1: *ERROR says why not */
extern int	jur_file_open(const char *path, uint64_t *size, JurLogError *error);
/* the whole file, which may not be longer than LIMIT */
extern bool jur_file_read(const char *path, size_t limit, JurBuffer *buffer,
						  JurLogError *error);
/* all of it, whatever interrupts; the offset is given */
extern bool jur_file_write_at(int fd, const char *path, const void *data, size_t size,
							  uint64_t offset, JurLogError *error);
/* made or overwritten, and on disk; its directory is not yet */
extern bool jur_file_put(const char *path, const void *data, size_t size,
						 JurLogError *error);
extern bool jur_file_rename(const char *from, const char *to, JurLogError *error);
extern bool jur_file_remove(const char *path, JurLogError *error);
extern bool jur_directory_make(const char *path, bool *is_new, JurLogError *error);
extern bool jur_directory_sync(const char *path, JurLogError *error);
/* replaced as a whole, by way of PATH.new; the directory is on disk too */
extern bool jur_file_replace(const char *directory, const char *name,
							 const void *data, size_t size, JurLogError *error);

/* --------------------------------------------------------- log_dir_journal.c */

#define JUR_FRAME_HEAD		16		/* bytes before an entry in the journal */

extern uint32_t jur_crc32c(uint32_t crc, const void *data, size_t size);
/* OUT has room for JUR_FRAME_HEAD + SIZE bytes */
extern void jur_frame_put(const char *origin, uint64_t seq, const void *data,
						  size_t size, uint8_t *out);
/* entry SEQ at AT; false: what is there is something else.  NEXT: behind it */
extern bool jur_frame_get(const char *origin, const uint8_t *file, size_t file_size,
						  size_t at, uint64_t seq, const uint8_t **data, size_t *size,
						  size_t *next);
/* how many bytes from AT on look as if entries from SEQ on had been written there */
extern size_t jur_frames_torn(const char *origin, const uint8_t *file, size_t file_size,
							  size_t at, uint64_t seq);
/* the first numbers of the journal's files, ascending; FIRST is malloc'd */
extern bool jur_journal_list(const char *directory, uint64_t **first, int *count,
							 JurLogError *error);
extern void jur_journal_path(const char *directory, uint64_t first, char *path);

/* ------------------------------------------------------------ log_dir_read.c */

/*
 * Tile or bundle N of the tree of SIZE entries; WIDTH, how many it holds: as
 * many as that tree needs, or more where the log has grown since.
 */
extern bool jur_tile_read(const char *directory, uint64_t size, int level, uint64_t n,
						  JurBuffer *buffer, int *width, JurLogError *error);
/* what the tree of SIZE entries has of tile or bundle N: 0 to JUR_BUNDLE */
extern int	jur_tile_width(uint64_t size, int level, uint64_t n);
/* the checkpoint file: NOTE has room for JUR_NOTE_MAX + 1 bytes; not verified */
extern bool jur_head_read(const char *directory, char *note, size_t *size,
						  JurCheckpoint *head, JurLogError *error);
/* where the WIDTH entries of a bundle are; DATA and SIZES have room for JUR_BUNDLE */
extern int	jur_bundle_parse(const JurBuffer *bundle, const uint8_t **data, size_t *sizes);
/* the public keys in the directory */
extern int	jur_keys_read(const char *directory, JurNoteKey *keys, int room,
						  JurLogError *error);

/* ----------------------------------------------------------- log_dir_write.c */

/* the hashes of one level that are not in a full tile on disk */
typedef struct JurEdge
{
	uint64_t	first;			/* number of the first: a multiple of JUR_BUNDLE */
	JurBuffer	hashes;
} JurEdge;

/* a partial tile or bundle that lies there, by its path's parts */
typedef struct JurPartial
{
	int			level;
	uint64_t	n;
	int			width;
} JurPartial;

#define JUR_PARTIALS	64
#define JUR_DURABLE		16

struct JurLogWriter
{
	char		directory[JUR_PATH_MAX];
	JurNoteKey	key;
	uint8_t		seed[JUR_SEED_SIZE];
	int			lock;			/* the file that others find locked */

	uint64_t	size;
	JurCheckpoint head;			/* the newest that is on disk */
	JurHash		stack[64];		/* complete subtrees at the right edge, by level */
	JurEdge		edges[JUR_TILE_LEVELS];

	/* entries from BUNDLES_FIRST on, as bundles have them */
	uint64_t	bundles_first;
	JurBuffer	entries;
	JurBuffer	bundles;		/* size_t: where each further bundle begins in it */

	/* the journal: the file named after JOURNAL_FIRST, written up to JOURNAL_USED */
	int			journal;		/* -1: none that can be trusted, make another */
	uint64_t	journal_first;
	uint64_t	journal_used;
	uint64_t	journal_room;	/* of which blocks were written once */
	JurBuffer	pending;		/* frames that are not durable yet */

	/* partial tiles and bundles that the newest checkpoint may not need */
	JurPartial	partials[JUR_PARTIALS];
	int			npartials;

	/* directories known to be on disk with all above them, the oldest replaced first */
	char		durable[JUR_DURABLE][JUR_PATH_MAX];
	int			next_durable;

	uint64_t	bytes_written;
};

/* what is in memory of the tree takes a further leaf; there is room for it */
extern void jur_edge_add(JurLogWriter *writer, const JurHash *leaf);
extern bool jur_edge_reserve(JurLogWriter *writer, JurLogError *error);
extern bool jur_entry_keep(JurLogWriter *writer, const void *data, size_t size,
						   JurLogError *error);
/* of the tree of all entries */
extern void jur_edge_root(const JurLogWriter *writer, JurHash *root);

/* --------------------------------------------------- log_dir_journal_write.c */

/* a journal file of its own for all entries without checkpoint; the rest goes */
extern bool jur_journal_begin(JurLogWriter *writer, JurLogError *error);
extern bool jur_journal_sync(JurLogWriter *writer, JurLogError *error);
/* everything is below a checkpoint: the file may be used from its start */
extern void jur_journal_recycle(JurLogWriter *writer);

/* ------------------------------------------------------ log_dir_checkpoint.c */

/* a checkpoint of all entries, whether there are new ones or not; they are synced */
extern bool jur_head_put(JurLogWriter *writer, JurLogError *error);
/* partial tiles N, or bundles, that a crash may have left there */
extern void jur_partials_find(JurLogWriter *writer, int level, uint64_t n);

/* ------------------------------------------------------------ log_dir_open.c */

/* is the directory still the one that was locked? */
extern bool jur_writer_is_home(const JurLogWriter *writer, JurLogError *error);

#endif							/* JUR_LOG_DIR_INTERNAL_H */
