/*
 * chain_marks.c - may these packets have been merged?
 *
 * Asked about every chain that a driver hands up, by programs in which stage_tcp
 * is wrapped.  The first header's length is that of the chain,
 * the others' is their own.
 */
#include "tests/support/chain_marks.h"

#include <stddef.h>
#include <stdint.h>

#include "engine/mbuf.h"

static bool
may_follow(const struct pkthdr *first, const struct pkthdr *hdr, uint32_t seq)
{
	return hdr->flow == first->flow && hdr->receiver == first->receiver &&
	       hdr->th_seq == seq &&
	       (hdr->csum_flags & CSUM_TLS_MASK) ==
		   (first->csum_flags & CSUM_TLS_MASK) &&
	       (hdr->csum_flags & CSUM_TLS_RESYNC) == 0;
}

bool
chain_marks_agree(const struct mbuf *m)
{
	const struct pkthdr *first;
	uint32_t seq;

	if (m == NULL)
		return true;
	first = &m->m_pkthdr;
	seq = first->th_seq + m->m_len;
	for (m = m->m_next; m != NULL; m = m->m_next) {
		if ((m->m_flags & M_PKTHDR) != 0 &&
		    !may_follow(first, &m->m_pkthdr, seq))
			return false;
		seq += m->m_len;
	}
	return true;
}
