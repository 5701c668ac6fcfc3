/*
 * chain.c - mbuf chains for tests of the ciphers, cut at random.
 *
 * The mbufs are not a pool's: nobody counts them, and each has storage of just
 * its own bytes, so that the sanitizer sees every stray one.  The numbers are
 * splitmix64's.
 */
#include "tests/support/chain.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"

uint64_t
chain_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

size_t
chain_below(uint64_t *state, size_t bound)
{
	return (size_t)(chain_random(state) % bound);
}

struct mbuf *
chain_piece(const uint8_t *bytes, size_t len)
{
	struct mbuf *m = calloc(1, sizeof(*m));

	ck_assert_ptr_nonnull(m);
	m->m_len = (uint32_t)len;
	m->m_data = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(m->m_data);
	memcpy(m->m_data, bytes, len);
	return m;
}

struct mbuf *
chain_make(const uint8_t *bytes, size_t len, size_t piece_max, uint64_t *seed)
{
	struct mbuf *head = NULL, **link = &head;

	while (len > 0) {
		size_t piece =
		    piece_max == 1 ? 1 : chain_below(seed, piece_max + 1);

		if (piece > len)
			piece = len;
		*link = chain_piece(bytes, piece);
		link = &(*link)->m_next;
		bytes += piece;
		len -= piece;
	}
	return head;
}

void
chain_free(struct mbuf *m)
{
	while (m != NULL) {
		struct mbuf *next = m->m_next;

		free(m->m_data);
		free(m);
		m = next;
	}
}

void
chain_read(const struct mbuf *m, uint8_t *out)
{
	for (; m != NULL; m = m->m_next) {
		memcpy(out, m->m_data, m->m_len);
		out += m->m_len;
	}
}
