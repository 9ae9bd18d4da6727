/*-------------------------------------------------------------------------
 *
 * log_dir_drop.c
 *	  Idea: entries that are old enough may go, and the tree stays whole.
 *
 * A checkpoint signs hashes.  Those are in tiles, which nothing here touches.
 *
 *-------------------------------------------------------------------------
 */
#include <unistd.h>

#include "evidence/log_dir_internal.h"

bool
jur_log_drop_entries(JurLogWriter *writer, uint64_t below, JurLogError *error)
{
	uint64_t	bundles = below / JUR_BUNDLE;
	uint64_t	n;

	/* what no checkpoint covers is not in a bundle that is done with */
	if (bundles > jur_log_signed_size(writer) / JUR_BUNDLE)
		bundles = jur_log_signed_size(writer) / JUR_BUNDLE;
	for (n = 0; n < bundles; n++)
	{
		char		path[JUR_PATH_MAX];

		jur_tile_path(writer->directory, JUR_BUNDLES, n, JUR_BUNDLE, path);
		/* dropped before, most of them */
		if (access(path, F_OK) != 0)
			continue;
		if (!jur_file_remove(path, error))
			return false;
	}
	return true;
}
