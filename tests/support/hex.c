/*
 * hex.c - published test vectors as text.
 */
#include "tests/support/hex.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

static unsigned
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strchr(digits, tolower((unsigned char)c));

	assert(c != '\0' && at != NULL);
	return (unsigned)(at - digits);
}

size_t
hex_decode(const char *hex, uint8_t *out, size_t max)
{
	size_t n = 0;

	while (*hex != '\0') {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		assert(n < max);
		out[n++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		hex += 2;
	}
	return n;
}
