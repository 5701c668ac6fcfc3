/*
 * hex.h - published test vectors as text.
 */
#ifndef TESTS_SUPPORT_HEX_H
#define TESTS_SUPPORT_HEX_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decode pairs of hex digits; blanks between pairs are passed over.  At most
 * max bytes fit in out.  A text that is no hex fails an assertion.  Returns
 * the bytes written.
 */
size_t hex_decode(const char *hex, uint8_t *out, size_t max);
#endif
