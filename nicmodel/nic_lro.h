/*
 * nic_lro.h - large receive offload as FreeBSD does it: a sorted batch.
 *
 * Order of use: nic_lro_init; { { nic_lro_queue }*; nic_lro_flush; take the
 * chains }*; nic_lro_fini.
 * Access: one thread.  Ownership: nic_lro_queue takes the frame; the chains
 * belong to the list that nic_lro_flush was given.  04-nic section 2.5.
 */
#ifndef NICMODEL_NIC_LRO_H
#define NICMODEL_NIC_LRO_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_chain.h"

struct mbuf;
struct mbuf_pool;

/* FreeBSD TCP_LRO_ENTRIES, the default. */
enum { NIC_LRO_ENTRIES = 8 };

/* One flow with one mark: what it has closed, and the aggregate that grows. */
struct nic_lro_entry {
	struct nic_chains done;
	struct mbuf *head; /* of the aggregate; never NULL in an entry */
	struct mbuf *last;
	uint32_t frames; /* in it */
	uint32_t acks;	 /* absorbed by it */
};

struct nic_lro {
	struct mbuf_pool *pool;
	uint32_t max_bytes;  /* of payload; FreeBSD lro_length_lim */
	uint32_t max_frames; /* FreeBSD lro_ackcnt_lim */
	struct mbuf *batch;  /* by m_nextpkt, in order of arrival */
	struct mbuf *batch_last;
	uint32_t batched;
	bool unsorted; /* a hash in it is less than the one before */
	struct nic_lro_entry entry[NIC_LRO_ENTRIES]; /* oldest first */
	uint32_t entries;
};

/* Both limits at least 1. */
void nic_lro_init(struct nic_lro *lro, struct mbuf_pool *pool,
		  uint32_t max_bytes, uint32_t max_frames);

/* Free the frames that are still inside. */
void nic_lro_fini(struct nic_lro *lro);

/* Add a frame to the batch. */
void nic_lro_queue(struct nic_lro *lro, struct mbuf *m);

/*
 * The batch is complete: sort it by the RSS hash (pkthdr.flowid), frames of one
 * hash in order of arrival, aggregate, and append the chains to `out` in the
 * order in which TCP gets them.  The batch is empty afterwards.
 *
 * An entry is a flow, its receiver and a TLS mark; they are flushed when the
 * hash changes, the newest first, so that bytes of one flow with different
 * marks may come out of order.  A frame joins the aggregate of its entry when:
 * no flag but ACK and PUSH on both, options equal in kind and absent or the
 * aligned timestamp, timestamp not older, sequence contiguous, within both
 * limits.  A pure ACK joins where it acknowledges more than the entry does: it
 * is freed, and counted in out->absorbed.  Otherwise the frame begins a new
 * aggregate behind the one that was.  SYN, other options, a resync indication
 * and a flow for which no entry is free: everything held goes first, and the
 * frame alone.
 */
void nic_lro_flush(struct nic_lro *lro, struct nic_chains *out);
#endif
