/*
 * fuzz_keylog.c - key log texts that nobody wrote.
 *
 * The input is two texts, cut at its first 0xff byte, the second with a higher
 * priority.  Beyond the sanitizers' findings: every line is counted once, and a
 * secret that is found is as long as its label allows.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "traces/keylog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
count_lines(const char *text, size_t len)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines + (len > 0 && text[len - 1] != '\n');
}

static void
add(struct keylog *keylog, const char *text, size_t len, unsigned priority)
{
	struct keylog_stats stats;
	int error = keylog_add(keylog, text, len, priority, &stats);

	assert(error == 0);
	assert(stats.lines + stats.ignored + stats.malformed ==
	       count_lines(text, len));
	assert((stats.malformed == 0) == (stats.first_malformed_line == 0));
	assert(stats.replaced <= stats.lines);
	(void)error;
}

/* Zeros are the random of most texts in the corpus. */
static void
find_all(const struct keylog *keylog, const uint8_t *random)
{
	for (int label = 0; label < KEYLOG_LABEL_COUNT; label++) {
		size_t len = 0;
		const uint8_t *secret =
		    keylog_find(keylog, random, (enum keylog_label)label, &len);

		assert(secret == NULL || len == 32 || len == 48 || len == 64);
		assert(secret == NULL || label != KEYLOG_CLIENT_RANDOM ||
		       len == 48);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[KEYLOG_RANDOM_BYTES];
	const uint8_t *cut = size > 0 ? memchr(data, 0xff, size) : NULL;
	const char *text = (const char *)data;
	size_t len = cut == NULL ? size : (size_t)(cut - data);
	struct keylog *keylog = keylog_create();

	assert(keylog != NULL);
	add(keylog, text, len, 0);
	if (cut != NULL)
		add(keylog, text + len + 1, size - len - 1, 1);
	find_all(keylog, zeros);
	if (size >= KEYLOG_RANDOM_BYTES)
		find_all(keylog, data);
	keylog_destroy(keylog);
	return 0;
}
