/*
 * nic_chain.c - merged frames: one chain, and a list of chains to deliver.
 *
 * What every way of merging (nic_rxq, nic_lro, nic_gro) does with frames once
 * its rules have said that they belong together.  The rules themselves are
 * there, and so is whatever they do to acknowledgements and windows.
 */
#include "nicmodel/nic_chain.h"

#include <assert.h>
#include <stddef.h>

#include "engine/mbuf.h"

void
nic_chain_append(struct mbuf *head, struct mbuf **last, struct mbuf *m)
{
	assert((head->m_flags & M_PKTHDR) && (m->m_flags & M_PKTHDR));
	head->m_pkthdr.len += m->m_pkthdr.len;
	head->m_pkthdr.th_flags |= m->m_pkthdr.th_flags;
	*last = m_last(*last);
	(*last)->m_next = m;
	*last = m;
}

uint32_t
nic_chain_frames(const struct mbuf *m)
{
	uint32_t frames = 0;

	for (; m != NULL; m = m->m_next)
		frames += (m->m_flags & M_PKTHDR) != 0;
	return frames;
}

void
nic_chains_put(struct nic_chains *list, struct mbuf *m, uint32_t frames)
{
	assert(m->m_nextpkt == NULL);
	if (list->head == NULL)
		list->head = m;
	else
		list->tail->m_nextpkt = m;
	list->tail = m;
	list->frames += frames;
}

void
nic_chains_move(struct nic_chains *list, struct nic_chains *from)
{
	if (from->head == NULL)
		return;
	if (list->head == NULL)
		list->head = from->head;
	else
		list->tail->m_nextpkt = from->head;
	list->tail = from->tail;
	list->frames += from->frames;
	list->absorbed += from->absorbed;
	*from = (struct nic_chains){0};
}

struct mbuf *
nic_chains_get(struct nic_chains *list, uint32_t *frames)
{
	struct mbuf *m = list->head;

	*frames = nic_chain_frames(m);
	if (m == NULL)
		return NULL;
	list->head = m->m_nextpkt;
	m->m_nextpkt = NULL;
	assert(list->frames >= *frames);
	list->frames -= *frames;
	return m;
}

void
nic_chains_fini(struct nic_chains *list, struct mbuf_pool *pool)
{
	uint32_t frames;
	struct mbuf *m;

	while ((m = nic_chains_get(list, &frames)) != NULL)
		m_freem(pool, m);
}
