/*
 * spool.h - a capture as a plain seekable file, whatever it came as.
 *
 * Standard input ("-"), pipes and gzip-compressed files are copied to a
 * temporary file (in TMPDIR, else /tmp; mode 0600, no name), so that a capture
 * can be read twice: for its secrets, then for its frames.
 */
#ifndef TRACES_SPOOL_H
#define TRACES_SPOOL_H

#include <stdbool.h>
#include <stdio.h>

#include "traces/trace.h"

struct spool {
	FILE *stream;		   /* at its beginning; the caller closes it */
	struct trace_error damage; /* compressed data that ended early or was
				      damaged: what came out is in stream.
				      The text names no file.  code 0: none */
	bool truncated;		   /* the damage is an early end */
};

/* Returns 0, or a positive errno with a sentence in *error. */
int spool_open(struct spool *spool, const char *path,
	       struct trace_error *error);
#endif
