/*
 * fuzz_pcapng.c - block structures that no capture program writes.
 *
 * The first byte of the input is the size of the pieces in which the rest is
 * fed.  Beyond the sanitizers' findings: the answer does not depend on the
 * pieces, and the secrets stay a terminated text.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "traces/pcapng_blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
feed(struct pcapng_blocks *blocks, const uint8_t *data, size_t size,
     size_t piece)
{
	struct trace_error error;
	int result = 0;

	for (size_t at = 0; at < size && result == 0; at += piece)
		result = pcapng_blocks_feed(
		    blocks, data + at, size - at < piece ? size - at : piece,
		    &error);
	assert(result == 0 || (error.code == result && error.text[0] != '\0'));
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pcapng_blocks *blocks = pcapng_blocks_create();
	struct pcapng_blocks *at_once = pcapng_blocks_create();
	const char *text, *text_at_once;
	size_t len, len_at_once;
	int result, result_at_once;

	assert(blocks != NULL && at_once != NULL);
	if (size > 0) {
		result = feed(blocks, data + 1, size - 1, data[0] + 1u);
		result_at_once = feed(at_once, data + 1, size - 1, size);
		text = pcapng_blocks_secrets(blocks, &len);
		text_at_once = pcapng_blocks_secrets(at_once, &len_at_once);
		assert(result == result_at_once && len == len_at_once);
		assert(memcmp(text, text_at_once, len + 1) == 0);
		assert(text[len] == '\0');
		assert((pcapng_blocks_odd(blocks) == NULL) ==
		       (pcapng_blocks_odd(at_once) == NULL));
	}
	pcapng_blocks_destroy(blocks);
	pcapng_blocks_destroy(at_once);
	return 0;
}
