/*
 * chain.h - mbuf chains for tests of the ciphers, cut at random.
 */
#ifndef TESTS_SUPPORT_CHAIN_H
#define TESTS_SUPPORT_CHAIN_H

#include <stddef.h>
#include <stdint.h>

struct mbuf;

/* The next number of a sequence, or one below a bound. */
uint64_t chain_random(uint64_t *state);
size_t chain_below(uint64_t *state, size_t bound);

/* One mbuf with a copy of the bytes; chain_free frees it. */
struct mbuf *chain_piece(const uint8_t *bytes, size_t len);

/* Cut bytes into mbufs of 0 .. piece_max bytes (of 1 byte with 1). */
struct mbuf *chain_make(const uint8_t *bytes, size_t len, size_t piece_max,
			uint64_t *seed);
void chain_free(struct mbuf *m);

/* All bytes of the chain, to out. */
void chain_read(const struct mbuf *m, uint8_t *out);
#endif
