/*
 * digest.h - a 64-bit fingerprint of a run: integers in, order matters.
 *
 * Not cryptographic.  The same numbers in the same order give the same digest
 * on every machine.
 */
#ifndef SIM_DIGEST_H
#define SIM_DIGEST_H

#include <stdint.h>

struct digest {
	uint64_t state;
	uint64_t words;
};

void digest_init(struct digest *digest);

static inline void
digest_add(struct digest *digest, uint64_t word)
{
	uint64_t x = digest->state ^ word;

	/* The finaliser of MurmurHash3 (public domain), chained. */
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53u;
	x ^= x >> 33;
	digest->state = x + 0x9e3779b97f4a7c15u;
	digest->words++;
}

uint64_t digest_value(const struct digest *digest);
#endif
