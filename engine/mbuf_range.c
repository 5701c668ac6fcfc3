/*
 * mbuf_range.c - a range of bytes in a chain, piece by piece.
 *
 * Called by aead_openssl.c and cbc_openssl.c for each record.  An mbuf that
 * ends where the range begins contributes a piece of no bytes, which the loops
 * pass over.
 */
#include "engine/mbuf_range.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct mbuf *
m_getptr(struct mbuf *m, uint32_t *off)
{
	while (m != NULL && *off >= m->m_len) {
		*off -= m->m_len;
		m = m->m_next;
	}
	return m;
}

bool
m_range_known(const struct mbuf *m, uint32_t off, uint32_t len)
{
	for (; len > 0; m = m->m_next, off = 0) {
		uint32_t piece;

		assert(m != NULL && off <= m->m_len);
		piece = m_piece(m, off, len);
		if (piece > 0 && (m->m_flags & M_UNKNOWN) != 0)
			return false;
		len -= piece;
	}
	return true;
}

void
m_copyback(struct mbuf *m, uint32_t off, uint32_t len, const uint8_t *src)
{
	for (; len > 0; m = m->m_next, off = 0) {
		uint32_t piece = m_piece(m, off, len);

		memcpy(m->m_data + off, src, piece);
		src += piece;
		len -= piece;
	}
}
