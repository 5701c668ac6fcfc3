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

/*
 * GCC's and clang's vector extension: plain C loops over lanes become vector
 * instructions at -O3 only.  16 bytes are what every x86-64 and ARM64 has.
 */
typedef uint64_t lanes __attribute__((vector_size(16)));

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

static uint64_t
fold_lanes(lanes sum)
{
	return (uint64_t)fold(sum[0]) + fold(sum[1]);
}

/* Blocks of two vectors; every lane stays below 2^64 up to 2^34 bytes. */
static uint64_t
sum_blocks(const uint8_t *bytes, size_t blocks)
{
	lanes low_0 = {0}, high_0 = {0}, low_1 = {0}, high_1 = {0};

	for (; blocks > 0; blocks--) {
		lanes words_0, words_1;

		memcpy(&words_0, bytes, sizeof(words_0));
		memcpy(&words_1, bytes + sizeof(words_0), sizeof(words_1));
		low_0 += words_0 & 0xffffffff;
		high_0 += words_0 >> 32;
		low_1 += words_1 & 0xffffffff;
		high_1 += words_1 >> 32;
		bytes += 2 * sizeof(words_0);
	}
	return fold_lanes(low_0) + fold_lanes(high_0) + fold_lanes(low_1) +
	       fold_lanes(high_1);
}

uint16_t
inet_sum(const uint8_t *bytes, size_t len)
{
	const size_t block = 2 * sizeof(lanes);
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
