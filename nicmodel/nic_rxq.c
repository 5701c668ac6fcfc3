/*
 * nic_rxq.c - one receive queue: a descriptor ring with its frames.
 *
 * Models the ring between device and driver.  The device puts each frame into
 * the next free descriptor, or refuses it where there is none; the driver
 * drains the frames that have become visible in host memory, oldest first, and
 * gives descriptors back some time later.  The frames lie in a list, so put and
 * get are O(1) and nothing is allocated.
 *
 * nic_rxq_get_merged is the coalescing that a driver does while it drains:
 * frames that follow each other in the ring and continue the same stream
 * become one chain.  The rules are the common part of FreeBSD's LRO and
 * Linux's GRO (04-nic section 2.5); equal csum_flags keep bytes that the NIC
 * has decrypted apart from bytes that it has not.
 *
 * Leaves out sorting a batch by flow before merging, absorbing pure ACKs,
 * multi-packet descriptors and header split.
 */
#include "nicmodel/nic_rxq.h"

#include <assert.h>
#include <stddef.h>

#include "engine/mbuf.h"
#include "nicmodel/nic_chain.h"

void
nic_rxq_init(struct nic_rxq *q, struct mbuf_pool *pool, uint32_t slots,
	     uint64_t moderation_time_ps, uint32_t moderation_frames)
{
	assert(pool != NULL && slots > 0);
	*q = (struct nic_rxq){.pool = pool, .slots = slots};
	nic_moderation_init(&q->moderation, moderation_time_ps,
			    moderation_frames);
}

/* The list must not be empty. */
static struct mbuf *
pop(struct nic_rxq *q)
{
	struct mbuf *m = q->head;

	assert(m != NULL && q->frames > 0);
	q->head = m->m_nextpkt;
	if (q->head == NULL)
		q->tail = NULL;
	q->frames--;
	m->m_nextpkt = NULL;
	return m;
}

void
nic_rxq_fini(struct nic_rxq *q)
{
	while (q->head != NULL)
		m_freem(q->pool, pop(q));
	assert(q->frames == 0);
}

bool
nic_rxq_full(const struct nic_rxq *q)
{
	return q->used == q->slots;
}

bool
nic_rxq_put(struct nic_rxq *q, struct mbuf *m)
{
	assert(m->m_flags & M_PKTHDR);
	assert(q->used <= q->slots && m->m_nextpkt == NULL);
	if (nic_rxq_full(q)) {
		q->out_of_buffer++;
		return false;
	}
	if (q->tail == NULL)
		q->head = m;
	else
		q->tail->m_nextpkt = m;
	q->tail = m;
	if (q->hidden == NULL)
		q->hidden = m;
	q->frames++;
	q->used++;
	if (q->used > q->used_max)
		q->used_max = q->used;
	q->received++;
	q->received_bytes += m->m_pkthdr.wire_bytes;
	return true;
}

void
nic_rxq_show(struct nic_rxq *q)
{
	assert(q->visible < q->frames && q->hidden != NULL);
	q->hidden = q->hidden->m_nextpkt;
	q->visible++;
}

uint64_t
nic_rxq_next_visible(const struct nic_rxq *q)
{
	return q->hidden == NULL ? UINT64_MAX : q->hidden->m_pkthdr.visible_ps;
}

struct mbuf *
nic_rxq_get(struct nic_rxq *q)
{
	if (q->visible == 0)
		return NULL;
	q->visible--;
	return pop(q);
}

void
nic_rxq_replenish(struct nic_rxq *q, uint32_t count)
{
	/* A frame that is still in the ring keeps its descriptor. */
	assert(count <= q->used - q->frames);
	q->used -= count;
}

/* Payload, and no flag but ACK and those of `also`. */
static bool
mergeable(const struct pkthdr *hdr, uint8_t also)
{
	return hdr->len > 0 &&
	       (hdr->th_flags & ~(TH_ACK | TH_PUSH | also)) == 0;
}

/*
 * `next` continues the aggregate `head`, whose m_pkthdr describes all of it.
 * A FIN may only be in the last frame, so it may come in but nothing may come
 * after it.
 */
static bool
continues(const struct pkthdr *head, const struct pkthdr *next,
	  uint32_t max_bytes)
{
	return mergeable(head, 0) && mergeable(next, TH_FIN) &&
	       next->flow == head->flow && next->receiver == head->receiver &&
	       next->th_seq == head->th_seq + head->len &&
	       next->csum_flags == head->csum_flags &&
	       (next->csum_flags & CSUM_TLS_RESYNC) == 0 &&
	       (uint64_t)head->len + next->len <= max_bytes;
}

struct mbuf *
nic_rxq_get_merged(struct nic_rxq *q, uint32_t max_bytes, uint32_t *count)
{
	struct mbuf *head = nic_rxq_get(q);
	struct mbuf *last = head;

	*count = head != NULL;
	while (last != NULL && q->visible > 0 &&
	       continues(&head->m_pkthdr, &q->head->m_pkthdr, max_bytes)) {
		struct mbuf *m = nic_rxq_get(q);

		head->m_pkthdr.th_ack = m->m_pkthdr.th_ack;
		head->m_pkthdr.th_win = m->m_pkthdr.th_win;
		nic_chain_append(head, &last, m);
		++*count;
	}
	return head;
}
