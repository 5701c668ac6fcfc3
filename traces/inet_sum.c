/*
 * inet_sum.c - the Internet checksum's sum (RFC 1071), fast.
 *
 * Called by frame.c once per segment whose checksum is judged, so its speed
 * is a part of every replay.  A ones' complement sum may be formed in any word
 * size and byte order (RFC 1071, section 2): the 32-bit halves of 64-bit loads
 * are added in independent lanes that cannot overflow, and the result is folded
 * to 16 bits and put into host order once, at the end.
 */
#include "traces/inet_sum.h"

#include <arpa/inet.h>
#include <string.h>

enum { LANES = 4 };

static uint16_t
fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Whole blocks of LANES words; every lane stays below 2^64 up to 2^34 bytes. */
static uint64_t
sum_blocks(const uint8_t *bytes, size_t blocks)
{
	uint64_t low[LANES] = {0}, high[LANES] = {0};
	uint64_t sum = 0;

	for (; blocks > 0; blocks--) {
		uint64_t words[LANES];

		memcpy(words, bytes, sizeof(words));
		for (int i = 0; i < LANES; i++) {
			low[i] += words[i] & 0xffffffff;
			high[i] += words[i] >> 32;
		}
		bytes += sizeof(words);
	}
	for (int i = 0; i < LANES; i++)
		sum += fold(low[i]) + fold(high[i]);
	return sum;
}

uint16_t
inet_sum(const uint8_t *bytes, size_t len)
{
	const size_t block = LANES * sizeof(uint64_t);
	uint64_t sum = sum_blocks(bytes, len / block);

	bytes += len - len % block;
	for (len %= block; len >= 4; len -= 4, bytes += 4) {
		uint32_t word;

		memcpy(&word, bytes, sizeof(word));
		sum += word;
	}
	if (len > 0) {
		uint32_t word = 0;

		memcpy(&word, bytes, len);
		sum += word;
	}
	return ntohs(fold(sum));
}

uint16_t
inet_sum_add(uint32_t a, uint32_t b)
{
	return fold((uint64_t)a + b);
}
