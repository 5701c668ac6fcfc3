/*
 * expected.c - expected.csv of $KTLSIM_CAPTURES: what independent decryptors
 * found in the captures.
 *
 * Called when a suite is made, so that every capture is a row of its own loop
 * test.  The file has no quotes.
 */
#include "tests/support/expected.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 18 };

/* Columns of the file that are used. */
enum {
	NAME = 0,
	SET = 1,
	CLIENT = 3,
	SERVER = 4,
	VERSION = 5,
	CIPHER = 6,
	RECORDS = 7, /* records, bytes, sha256, of either direction */
	STATUS = 13,
	FLAGS = 17,
};

struct expected_row expected_row[EXPECTED_ROWS_MAX];
struct expected_capture expected_capture[EXPECTED_ROWS_MAX];

static int rows, captures;

/* Split a line in place. */
static void
split(char *line, char *column[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++) {
		column[i] = line;
		line += strcspn(line, ",\n");
		if (*line != '\0')
			*line++ = '\0';
	}
}

static void
copy_text(char *to, size_t room, const char *text)
{
	assert(strlen(text) < room);
	strcpy(to, text);
}

static bool
is_version(const struct expected_row *row, const char *a, const char *b)
{
	return strcmp(row->version, a) == 0 || strcmp(row->version, b) == 0;
}

static bool
supported(const struct expected_row *row, const char *flags)
{
	bool gcm = strstr(row->cipher, "_AES_") != NULL &&
		   strstr(row->cipher, "_GCM_") != NULL;
	bool cbc = strstr(row->cipher, "_AES_") != NULL &&
		   strstr(row->cipher, "_CBC_") != NULL;
	bool chacha20 = strstr(row->cipher, "_CHACHA20_") != NULL;

	if (strcmp(row->status, "ok") != 0)
		return false;
	if (cbc)
		return is_version(row, "TLS1.1", "TLS1.2") &&
		       strstr(flags, "EtM") == NULL;
	return is_version(row, "TLS1.2", "TLS1.3") && (gcm || chacha20);
}

static bool
linux_only(const struct expected_row *row)
{
	return strcmp(row->status, "ok") == 0 &&
	       is_version(row, "TLS1.2", "TLS1.3") &&
	       strstr(row->cipher, "_AES_128_CCM") != NULL &&
	       strstr(row->cipher, "_CCM_8") == NULL;
}

static void
add_capture(const char *folder, const char *set, const char *name)
{
	struct expected_capture *capture;
	int len;

	assert(captures < EXPECTED_ROWS_MAX);
	capture = &expected_capture[captures++];
	copy_text(capture->set, sizeof(capture->set), set);
	copy_text(capture->name, sizeof(capture->name), name);
	capture->first = rows;
	len = snprintf(capture->path, sizeof(capture->path),
		       "%s/%s/%s/capture.pcapng", folder, set, name);
	assert(len < EXPECTED_PATH_BYTES);
	if (access(capture->path, R_OK) != 0)
		capture->path[len - 2] = '\0'; /* capture.pcap */
	len = snprintf(capture->keylog, sizeof(capture->keylog),
		       "%s/%s/%s/keys.txt", folder, set, name);
	assert(len < EXPECTED_PATH_BYTES);
	if (access(capture->keylog, R_OK) != 0)
		capture->keylog[0] = '\0';
}

static void
add_row(char *column[COLUMNS])
{
	struct expected_capture *capture = &expected_capture[captures - 1];
	struct expected_row *row;

	assert(rows < EXPECTED_ROWS_MAX);
	row = &expected_row[rows++];
	copy_text(row->client, sizeof(row->client), column[CLIENT]);
	copy_text(row->server, sizeof(row->server), column[SERVER]);
	copy_text(row->version, sizeof(row->version), column[VERSION]);
	copy_text(row->cipher, sizeof(row->cipher), column[CIPHER]);
	copy_text(row->status, sizeof(row->status), column[STATUS]);
	for (int d = 0; d < 2; d++) {
		char **of = &column[RECORDS + 3 * d];

		row->records[d] = strtoull(of[0], NULL, 10);
		row->bytes[d] = strtoull(of[1], NULL, 10);
		copy_text(row->sha256[d], sizeof(row->sha256[d]), of[2]);
	}
	row->supported = supported(row, column[FLAGS]);
	row->linux_only = linux_only(row);
	for (int i = capture->first; i < rows - 1; i++)
		row->nth += strcmp(expected_row[i].client, row->client) == 0 &&
			    strcmp(expected_row[i].server, row->server) == 0;
	capture->rows++;
}

static void
load(const char *folder, FILE *file)
{
	char line[4096];
	char *column[COLUMNS];

	if (fgets(line, sizeof(line), file) == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		split(line, column);
		if (captures == 0 ||
		    strcmp(expected_capture[captures - 1].name, column[NAME]))
			add_capture(folder, column[SET], column[NAME]);
		add_row(column);
	}
}

int
expected_load(void)
{
	const char *folder = getenv("KTLSIM_CAPTURES");
	char path[EXPECTED_PATH_BYTES];
	FILE *file;

	if (captures > 0 || folder == NULL)
		return captures;
	snprintf(path, sizeof(path), "%s/expected.csv", folder);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	load(folder, file);
	fclose(file);
	return captures;
}

bool
expected_present(void)
{
	if (expected_load() > 0)
		return true;
	fprintf(stderr, "skipped: captures (KTLSIM_CAPTURES names no folder "
			"with expected.csv)\n");
	return false;
}
