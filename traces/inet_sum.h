/*
 * inet_sum.h - the Internet checksum's sum (RFC 1071), fast.
 */
#ifndef TRACES_INET_SUM_H
#define TRACES_INET_SUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * The ones' complement sum of len bytes, taken as big-endian 16-bit words (an
 * odd last byte is padded with zero), not complemented, in host order.
 */
uint16_t inet_sum(const uint8_t *bytes, size_t len);

/* The sum of two sums. */
uint16_t inet_sum_add(uint32_t a, uint32_t b);
#endif
