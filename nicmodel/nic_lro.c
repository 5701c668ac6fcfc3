/*
 * nic_lro.c - large receive offload as FreeBSD does it: a sorted batch.
 *
 * Models tcp_lro_queue_mbuf() and tcp_lro_flush_all() by the rules of 04-nic
 * section 2.5.  A driver queues every frame of one turn of its ring and flushes
 * at the end of it; sorting puts the frames of each flow together, so that
 * flows which interleave on the wire still aggregate.
 *
 * The TLS mark is part of what an entry is found by, so that marked and
 * unmarked frames of one connection sit in two entries and never meet.  The
 * entry that was made last is flushed first, which is how a list that grows at
 * its head is emptied; where marks alternate, TCP therefore sees some segments
 * out of order.
 *
 * Leaves out checksums (the driver hands good frames only), forwarding,
 * compressed ACKs, VLAN, and the CPU time of sorting, which is part of the
 * price of a frame.
 */
#include "nicmodel/nic_lro.h"

#include <assert.h>
#include <stddef.h>

#include "engine/mbuf.h"

void
nic_lro_init(struct nic_lro *lro, struct mbuf_pool *pool, uint32_t max_bytes,
	     uint32_t max_frames)
{
	assert(pool != NULL && max_bytes > 0 && max_frames > 0);
	*lro = (struct nic_lro){
	    .pool = pool,
	    .max_bytes = max_bytes,
	    .max_frames = max_frames,
	};
}

void
nic_lro_fini(struct nic_lro *lro)
{
	/* Entries live within one flush. */
	assert(lro->entries == 0);
	while (lro->batch != NULL) {
		struct mbuf *m = lro->batch;

		lro->batch = m->m_nextpkt;
		m_freem(lro->pool, m);
	}
	lro->batched = 0;
}

void
nic_lro_queue(struct nic_lro *lro, struct mbuf *m)
{
	assert((m->m_flags & M_PKTHDR) && m->m_nextpkt == NULL);
	if (lro->batch == NULL) {
		lro->batch = m;
		lro->unsorted = false;
	} else {
		lro->batch_last->m_nextpkt = m;
		lro->unsorted |=
		    m->m_pkthdr.flowid < lro->batch_last->m_pkthdr.flowid;
	}
	lro->batch_last = m;
	lro->batched++;
}

/* Merge two sorted lists; of equal hashes those of `a` come first. */
static struct mbuf *
lists_merge(struct mbuf *a, struct mbuf *b)
{
	struct mbuf *head = NULL, **link = &head;

	while (a != NULL && b != NULL) {
		struct mbuf **least =
		    b->m_pkthdr.flowid < a->m_pkthdr.flowid ? &b : &a;

		*link = *least;
		link = &(*least)->m_nextpkt;
		*least = *link;
	}
	*link = a != NULL ? a : b;
	return head;
}

/*
 * Stable merge sort by flowid: runs[i] holds 2^i frames or none, the older ones
 * in the greater runs.
 */
static struct mbuf *
list_sort(struct mbuf *list)
{
	struct mbuf *runs[32] = {NULL}, *sorted = NULL;
	unsigned used = 0;

	while (list != NULL) {
		struct mbuf *run = list;
		unsigned i = 0;

		list = list->m_nextpkt;
		run->m_nextpkt = NULL;
		for (; runs[i] != NULL; i++) {
			run = lists_merge(runs[i], run);
			runs[i] = NULL;
		}
		runs[i] = run;
		used = i + 1 > used ? i + 1 : used;
		assert(used < 32);
	}
	for (unsigned i = 0; i < used; i++)
		sorted = lists_merge(runs[i], sorted);
	return sorted;
}

static void
aggregate_open(struct nic_lro_entry *entry, struct mbuf *m)
{
	entry->head = m;
	entry->last = m;
	entry->frames = 1;
	entry->acks = 0;
}

static void
aggregate_close(struct nic_lro_entry *entry)
{
	nic_chains_put(&entry->done, entry->head, entry->frames);
	entry->head = NULL;
}

/* Deliver every entry, the newest first. */
static void
entries_flush(struct nic_lro *lro, struct nic_chains *out)
{
	while (lro->entries > 0) {
		struct nic_lro_entry *entry = &lro->entry[--lro->entries];

		aggregate_close(entry);
		nic_chains_move(out, &entry->done);
	}
}

static uint32_t
mark_of(const struct pkthdr *hdr)
{
	return hdr->csum_flags & CSUM_TLS_MASK;
}

static struct nic_lro_entry *
entry_find(struct nic_lro *lro, const struct pkthdr *hdr)
{
	for (uint32_t i = 0; i < lro->entries; i++) {
		const struct pkthdr *held = &lro->entry[i].head->m_pkthdr;

		if (held->flow == hdr->flow &&
		    held->receiver == hdr->receiver &&
		    mark_of(held) == mark_of(hdr))
			return &lro->entry[i];
	}
	return NULL;
}

/* No aggregate may hold it, not even alone. */
static bool
is_refused(const struct pkthdr *hdr)
{
	return (hdr->th_flags & TH_SYN) != 0 ||
	       (hdr->csum_flags & CSUM_TLS_RESYNC) != 0 ||
	       (hdr->th_options != 0 &&
		(hdr->th_options & TH_OPTIONS_ALIGNED_TS) == 0);
}

static bool
is_plain(const struct pkthdr *hdr)
{
	return (hdr->th_flags & ~(TH_ACK | TH_PUSH)) == 0;
}

/* What payload and pure ACKs have in common. */
static bool
may_join(const struct nic_lro *lro, const struct nic_lro_entry *entry,
	 const struct pkthdr *hdr)
{
	const struct pkthdr *held = &entry->head->m_pkthdr;

	return is_plain(held) && is_plain(hdr) &&
	       (held->th_options & TH_OPTIONS_ALIGNED_TS) ==
		   (hdr->th_options & TH_OPTIONS_ALIGNED_TS) &&
	       (int32_t)(hdr->th_ts - held->th_ts) >= 0 &&
	       hdr->th_seq == held->th_seq + held->len &&
	       entry->frames + entry->acks < lro->max_frames;
}

/* The aggregate acknowledges what its latest frame does, or more. */
static void
note_ack(struct pkthdr *held, const struct pkthdr *hdr)
{
	held->th_ts = hdr->th_ts;
	if ((int32_t)(hdr->th_ack - held->th_ack) < 0)
		return;
	held->th_ack = hdr->th_ack;
	held->th_win = hdr->th_win;
}

/* Try to put m into the entry's aggregate, which takes it then. */
static bool
aggregate_add(struct nic_lro *lro, struct nic_lro_entry *entry, struct mbuf *m,
	      struct nic_chains *out)
{
	struct pkthdr *held = &entry->head->m_pkthdr;
	const struct pkthdr *hdr = &m->m_pkthdr;

	if (!may_join(lro, entry, hdr))
		return false;
	if (hdr->len == 0) {
		if ((int32_t)(hdr->th_ack - held->th_ack) <= 0)
			return false;
		note_ack(held, hdr);
		held->th_flags |= hdr->th_flags;
		m_freem(lro->pool, m);
		entry->acks++;
		out->absorbed++;
	} else {
		/* An ACK without payload is no head for bytes. */
		if (held->len == 0 ||
		    (uint64_t)held->len + hdr->len > lro->max_bytes)
			return false;
		note_ack(held, hdr);
		nic_chain_append(entry->head, &entry->last, m);
		entry->frames++;
	}
	return true;
}

static void
frame_input(struct nic_lro *lro, struct mbuf *m, struct nic_chains *out)
{
	const struct pkthdr *hdr = &m->m_pkthdr;
	struct nic_lro_entry *entry = entry_find(lro, hdr);

	if (is_refused(hdr) ||
	    (entry == NULL && lro->entries == NIC_LRO_ENTRIES)) {
		entries_flush(lro, out);
		nic_chains_put(out, m, 1);
		return;
	}
	if (entry == NULL) {
		entry = &lro->entry[lro->entries++];
		*entry = (struct nic_lro_entry){0};
	} else if (aggregate_add(lro, entry, m, out)) {
		return;
	} else {
		aggregate_close(entry);
	}
	aggregate_open(entry, m);
}

void
nic_lro_flush(struct nic_lro *lro, struct nic_chains *out)
{
	/* The usual batch, of one flow, is in order. */
	struct mbuf *list = lro->unsorted ? list_sort(lro->batch) : lro->batch;
	uint32_t flowid = list == NULL ? 0 : list->m_pkthdr.flowid;

	lro->batch = NULL;
	lro->unsorted = false;
	lro->batched = 0;
	while (list != NULL) {
		struct mbuf *m = list;

		list = m->m_nextpkt;
		m->m_nextpkt = NULL;
		if (m->m_pkthdr.flowid != flowid)
			entries_flush(lro, out);
		flowid = m->m_pkthdr.flowid;
		frame_input(lro, m, out);
	}
	entries_flush(lro, out);
}
