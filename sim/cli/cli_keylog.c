/*
 * cli_keylog.c - the key log file that the user names.
 *
 * Called once, before the first frame.  The text is read whole, counted by the
 * key log parser so that the user hears of bad lines, handed to the library,
 * and wiped.
 */
#include "sim/cli/cli_keylog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/ktlsim.h"
#include "traces/keylog.h"

enum {
	KEYLOG_MAX = 1 << 30, /* bytes; some five million connections */
	KEYLOG_PRIORITY = 1,  /* embedded secrets have 0 */
	KEYLOG_CHUNK = 1 << 16,
};

struct text {
	char *bytes;
	size_t len, room;
};

/* Secrets do not stay behind in freed memory, so no realloc. */
static int
text_grow(struct text *text)
{
	size_t room = text->room == 0 ? KEYLOG_CHUNK : 2 * text->room;
	char *bytes = malloc(room);

	if (bytes == NULL)
		return ENOMEM;
	if (text->len > 0) {
		memcpy(bytes, text->bytes, text->len);
		explicit_bzero(text->bytes, text->len);
	}
	free(text->bytes);
	text->bytes = bytes;
	text->room = room;
	return 0;
}

static void
text_fini(struct text *text)
{
	if (text->bytes != NULL)
		explicit_bzero(text->bytes, text->len);
	free(text->bytes);
}

static int
text_read(struct text *text, FILE *file)
{
	size_t got;

	do {
		if (text->len == text->room && text_grow(text) != 0)
			return ENOMEM;
		got = fread(text->bytes + text->len, 1, text->room - text->len,
			    file);
		text->len += got;
	} while (got > 0 && text->len < KEYLOG_MAX);
	if (ferror(file))
		return errno;
	return text->len < KEYLOG_MAX ? 0 : EFBIG;
}

static int
read_file(struct text *text, const char *path)
{
	FILE *file = fopen(path, "rb");
	int error;

	if (file == NULL)
		return errno;
	/* No second copy of the secrets in a stdio buffer. */
	setvbuf(file, NULL, _IONBF, 0);
	error = text_read(text, file);
	fclose(file);
	return error;
}

static void
warn_of(const char *path, const struct keylog_stats *stats)
{
	if (stats->malformed > 0)
		cli_message(CLI_WARN,
			    "%s: %" PRIu64 " malformed line%s passed over, the "
			    "first is line %" PRIu64,
			    path, stats->malformed,
			    stats->malformed == 1 ? "" : "s",
			    stats->first_malformed_line);
	if (stats->lines == 0)
		cli_message(CLI_WARN,
			    "%s: no usable line, so it opens no flow; a key "
			    "log has lines such as CLIENT_RANDOM <64 hex "
			    "digits> <96 hex digits>",
			    path);
	else
		cli_message(CLI_INFO, "%s: %" PRIu64 " secrets", path,
			    stats->lines);
}

static int
count_lines(const char *path, const struct text *text)
{
	struct keylog *keylog = keylog_create();
	struct keylog_stats stats = {0};
	int error = ENOMEM;

	if (keylog != NULL)
		error = keylog_add(keylog, text->bytes, text->len, 0, &stats);
	keylog_destroy(keylog);
	if (error == 0)
		warn_of(path, &stats);
	return error;
}

int
cli_keylog_add(struct ktlsim *sim, const char *path)
{
	struct text text = {0};
	struct ktlsim_error sentence = {0};
	int error = read_file(&text, path);
	int status = CLI_OK;

	if (error != 0) {
		cli_message(CLI_ERROR,
			    "%s: the key log cannot be read: %s; give --keylog "
			    "the file that SSLKEYLOGFILE named",
			    path, strerror(error));
		status = CLI_USAGE;
		goto out;
	}
	error = count_lines(path, &text);
	if (error == 0)
		error = ktlsim_add_keylog(sim, text.bytes, text.len,
					  KEYLOG_PRIORITY, &sentence);
	if (error != 0) {
		cli_message(CLI_ERROR, "%s: %s", path, strerror(error));
		status = CLI_FAILED;
	}
out:
	text_fini(&text);
	return status;
}
