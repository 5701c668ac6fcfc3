/*
 * nic_gro.c - generic receive offload as Linux does it: frame by frame.
 *
 * Models dev_gro_receive() with the rules for TCP, tcp_gro_receive(), as 04-nic
 * section 2.5 gives them.  The poll of a queue offers each frame as it takes it
 * from the ring, delivers what comes out, and flushes when it completes.  A
 * flow is found whatever its TLS mark, so that a change of the mark sends up
 * what is held and the order of the stream stays as it was.
 *
 * Leaves out the checks of the network layer (TTL, type of service, identifier:
 * taken as equal), the flush of what has been held for a timer tick, and the
 * lists in which frames that were not merged go up in eights.
 */
#include "nicmodel/nic_gro.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/mbuf.h"
#include "nicmodel/nic_chain.h"

/* With one of these a frame goes up at once, and what it has joined. */
#define FLUSH_FLAGS (TH_URG | TH_PUSH | TH_RST | TH_SYN | TH_FIN)

/* A difference in these alone does not forbid to merge. */
#define LENIENT_FLAGS (TH_CWR | TH_FIN | TH_PUSH)

void
nic_gro_init(struct nic_gro *gro, struct mbuf_pool *pool, uint32_t max_bytes,
	     uint32_t max_frames)
{
	assert(pool != NULL && max_bytes > 0 && max_frames > 0);
	*gro = (struct nic_gro){
	    .pool = pool,
	    .max_bytes = max_bytes,
	    .max_frames = max_frames,
	};
}

/* Send up held[index] of a bucket and close the gap. */
static void
held_deliver(struct nic_gro *gro, struct nic_gro_bucket *bucket, uint32_t index,
	     struct nic_chains *out)
{
	struct nic_gro_held *held = &bucket->held[index];

	assert(index < bucket->count && gro->frames >= held->frames);
	nic_chains_put(out, held->head, held->frames);
	gro->frames -= held->frames;
	bucket->count--;
	for (uint32_t i = index; i < bucket->count; i++)
		bucket->held[i] = bucket->held[i + 1];
}

void
nic_gro_flush(struct nic_gro *gro, struct nic_chains *out)
{
	for (int i = 0; i < NIC_GRO_BUCKETS; i++)
		while (gro->bucket[i].count > 0)
			held_deliver(gro, &gro->bucket[i], 0, out);
}

void
nic_gro_fini(struct nic_gro *gro)
{
	struct nic_chains left = {0};

	nic_gro_flush(gro, &left);
	nic_chains_fini(&left, gro->pool);
	assert(gro->frames == 0);
}

/* The flow's place in its bucket, or bucket->count. */
static uint32_t
held_find(const struct nic_gro_bucket *bucket, const struct pkthdr *hdr)
{
	uint32_t i = 0;

	while (i < bucket->count &&
	       (bucket->held[i].head->m_pkthdr.flow != hdr->flow ||
		bucket->held[i].head->m_pkthdr.receiver != hdr->receiver))
		i++;
	return i;
}

/* A frame that asks for a resync is never held, so its mark never matches. */
static bool
may_join(const struct nic_gro *gro, const struct nic_gro_held *held,
	 const struct pkthdr *hdr)
{
	const struct pkthdr *first = &held->head->m_pkthdr;
	uint8_t differ = first->th_flags ^ hdr->th_flags;

	return (hdr->th_flags & TH_CWR) == 0 &&
	       (differ & ~LENIENT_FLAGS) == 0 && hdr->th_ack == first->th_ack &&
	       hdr->th_options == first->th_options && hdr->len > 0 &&
	       hdr->len <= held->mss &&
	       hdr->th_seq == first->th_seq + first->len &&
	       hdr->csum_flags == first->csum_flags &&
	       (uint64_t)first->len + hdr->len <= gro->max_bytes &&
	       held->frames < gro->max_frames;
}

/* Nothing may follow it in its chain. */
static bool
goes_up(const struct pkthdr *hdr, uint32_t mss)
{
	return hdr->len < mss || hdr->len == 0 ||
	       (hdr->th_flags & FLUSH_FLAGS) != 0 ||
	       (hdr->csum_flags & CSUM_TLS_RESYNC) != 0;
}

static void
held_add(struct nic_gro *gro, struct nic_gro_bucket *bucket, struct mbuf *m,
	 struct nic_chains *out)
{
	if (bucket->count == NIC_GRO_HELD)
		held_deliver(gro, bucket, 0, out);
	bucket->held[bucket->count++] = (struct nic_gro_held){
	    .head = m, .last = m, .mss = m->m_pkthdr.len, .frames = 1};
	gro->frames++;
}

void
nic_gro_receive(struct nic_gro *gro, struct mbuf *m, struct nic_chains *out)
{
	const struct pkthdr *hdr = &m->m_pkthdr;
	struct nic_gro_bucket *bucket =
	    &gro->bucket[hdr->flowid % NIC_GRO_BUCKETS];
	uint32_t at = held_find(bucket, hdr);
	bool found = at < bucket->count;
	struct nic_gro_held *held = &bucket->held[at];
	bool up;

	assert((m->m_flags & M_PKTHDR) && m->m_nextpkt == NULL);
	up = goes_up(hdr, found ? held->mss : 0);
	if (found && may_join(gro, held, hdr)) {
		held->head->m_pkthdr.th_win = hdr->th_win;
		nic_chain_append(held->head, &held->last, m);
		held->frames++;
		gro->frames++;
		if (up)
			held_deliver(gro, bucket, at, out);
		return;
	}
	if (found)
		held_deliver(gro, bucket, at, out);
	if (up)
		nic_chains_put(out, m, 1);
	else
		held_add(gro, bucket, m, out);
}
