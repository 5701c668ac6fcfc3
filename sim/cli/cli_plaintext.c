/*
 * cli_plaintext.c - decrypted application bytes, one file per direction.
 *
 * Called from the simulation's data callback.  A capture may hold more flows
 * than a process may open files, so a direct-mapped table keeps the last ones
 * open, and a bitmap remembers which files were begun in this run: those are
 * appended to when they are opened again.
 */
#include "sim/cli/cli_plaintext.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OPEN_FILES = 128,
	PATH_BYTES = 4096,
};

struct stream {
	FILE *file;   /* NULL: free */
	uint64_t key; /* flow and direction */
};

struct cli_plaintext {
	const char *dir;
	struct stream open[OPEN_FILES];
	uint8_t *begun; /* a bit per key */
	uint64_t begun_bytes;
	int error; /* the first one */
};

static void
keep_error(struct cli_plaintext *plaintext, int error)
{
	if (plaintext->error == 0)
		plaintext->error = error;
}

int
cli_plaintext_open(struct cli_plaintext **plaintext, const char *dir)
{
	struct stat status;

	if (strlen(dir) > PATH_BYTES - 64)
		return ENAMETOOLONG;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return errno;
	if (stat(dir, &status) != 0)
		return errno;
	if (!S_ISDIR(status.st_mode))
		return ENOTDIR;
	if (access(dir, W_OK | X_OK) != 0)
		return errno;
	*plaintext = calloc(1, sizeof(**plaintext));
	if (*plaintext == NULL)
		return ENOMEM;
	(*plaintext)->dir = dir;
	return 0;
}

/* Was the file begun before?  It is now.  Returns 0 or ENOMEM. */
static int
begin(struct cli_plaintext *plaintext, uint64_t key, bool *begun)
{
	uint64_t byte = key / 8;
	uint8_t bit = (uint8_t)(1u << key % 8);

	if (byte >= plaintext->begun_bytes) {
		uint64_t bytes = 2 * byte + 64;
		uint8_t *bitmap = realloc(plaintext->begun, bytes);

		if (bitmap == NULL)
			return ENOMEM;
		memset(bitmap + plaintext->begun_bytes, 0,
		       bytes - plaintext->begun_bytes);
		plaintext->begun = bitmap;
		plaintext->begun_bytes = bytes;
	}
	*begun = (plaintext->begun[byte] & bit) != 0;
	plaintext->begun[byte] |= bit;
	return 0;
}

/* Open for the owner alone, whatever the file's mode was before. */
static FILE *
open_private(const char *path, bool append)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC |
		    (append ? O_APPEND : O_TRUNC);
	int fd = open(path, flags, 0600);
	FILE *file;

	if (fd < 0)
		return NULL;
	if (fchmod(fd, 0600) != 0 || (file = fdopen(fd, "ab")) == NULL) {
		int error = errno;

		close(fd);
		errno = error;
		return NULL;
	}
	return file;
}

static int
stream_close(struct stream *stream)
{
	FILE *file = stream->file;

	stream->file = NULL;
	if (file == NULL || fclose(file) == 0)
		return 0;
	return errno;
}

static int
stream_open(struct cli_plaintext *plaintext, struct stream *stream,
	    uint64_t key)
{
	char path[PATH_BYTES];
	bool begun;
	int error = stream_close(stream);

	if (error == 0)
		error = begin(plaintext, key, &begun);
	if (error != 0)
		return error;
	snprintf(path, sizeof(path), "%s/flow-%04" PRIu64 "-%s.bin",
		 plaintext->dir, key / 2 + 1, key % 2 == 0 ? "c2s" : "s2c");
	stream->file = open_private(path, begun);
	stream->key = key;
	return stream->file == NULL ? errno : 0;
}

void
cli_plaintext_write(struct cli_plaintext *plaintext, uint32_t flow,
		    unsigned direction, const uint8_t *bytes, size_t len)
{
	uint64_t key = 2 * (uint64_t)flow + direction % 2;
	struct stream *stream = &plaintext->open[key % OPEN_FILES];
	int error = 0;

	if (stream->file == NULL || stream->key != key)
		error = stream_open(plaintext, stream, key);
	if (error == 0 && fwrite(bytes, 1, len, stream->file) != len)
		error = errno;
	if (error != 0)
		keep_error(plaintext, error);
}

int
cli_plaintext_close(struct cli_plaintext *plaintext)
{
	int error;

	for (size_t i = 0; i < OPEN_FILES; i++) {
		error = stream_close(&plaintext->open[i]);
		if (error != 0)
			keep_error(plaintext, error);
	}
	error = plaintext->error;
	free(plaintext->begun);
	free(plaintext);
	return error;
}
