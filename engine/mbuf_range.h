/*
 * mbuf_range.h - a range of bytes in a chain, piece by piece.
 *
 * Used by the ciphers, which work on the bytes where they lie or gather them.
 * A range must lie inside its chain.  Mirrors: FreeBSD m_getptr(),
 * m_copyback(); to gather is m_copydata.
 */
#ifndef ENGINE_MBUF_RANGE_H
#define ENGINE_MBUF_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/mbuf.h"

/*
 * The mbuf with byte *off of the chain, NULL past its end; *off becomes an
 * offset into the one that is returned.
 */
struct mbuf *m_getptr(struct mbuf *m, uint32_t *off);

/* Bytes of this mbuf, from off, that are in a range of len bytes. */
static inline uint32_t
m_piece(const struct mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t rest = m->m_len - off;

	return rest < len ? rest : len;
}

/* True where no byte of the range is M_UNKNOWN. */
bool m_range_known(const struct mbuf *m, uint32_t off, uint32_t len);

/* Overwrite the range; the caller may write there. */
void m_copyback(struct mbuf *m, uint32_t off, uint32_t len, const uint8_t *src);
#endif
