/*
 * nic_rxq.h - one receive queue: a descriptor ring with its frames.
 *
 * Order of use, per frame: nic_rxq_put, then nic_rxq_show when it has become
 * visible in host memory, nic_rxq_get*, nic_rxq_replenish.
 * Ownership: nic_rxq_put takes the mbuf unless it refuses it; nic_rxq_get gives
 * it away.  A descriptor is in use from put to nic_rxq_replenish.  04-nic
 * section 2.2.
 */
#ifndef NICMODEL_NIC_RXQ_H
#define NICMODEL_NIC_RXQ_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_moderation.h"

struct mbuf;
struct mbuf_pool;

struct nic_rxq {
	struct mbuf_pool *pool;
	struct mbuf *head; /* frames by m_nextpkt, oldest first */
	struct mbuf *tail;
	struct mbuf *hidden; /* oldest that is not visible yet, or NULL */
	uint32_t slots;	     /* descriptors in all */
	uint32_t used;	     /* descriptors in use */
	uint32_t used_max;
	uint32_t frames;	 /* frames in the list */
	uint32_t visible;	 /* of them in host memory: the oldest */
	uint64_t received;	 /* frames accepted */
	uint64_t received_bytes; /* their wire bytes */
	uint64_t out_of_buffer;	 /* frames dropped: no descriptor */
	uint64_t interrupts;	 /* counted by whoever raises them */
	struct nic_moderation moderation;
};

void nic_rxq_init(struct nic_rxq *q, struct mbuf_pool *pool, uint32_t slots,
		  uint64_t moderation_time_ps, uint32_t moderation_frames);

/* Free the frames that are still inside. */
void nic_rxq_fini(struct nic_rxq *q);

/*
 * Returns false where no descriptor is free: the frame is counted as lost, and
 * stays the caller's.
 */
bool nic_rxq_put(struct nic_rxq *q, struct mbuf *m);

/* No descriptor is free: nic_rxq_put would refuse a frame. */
bool nic_rxq_full(const struct nic_rxq *q);

/* The oldest frame that was not visible has become so. */
void nic_rxq_show(struct nic_rxq *q);

/* When that will be the next time (pkthdr.visible_ps), or UINT64_MAX. */
uint64_t nic_rxq_next_visible(const struct nic_rxq *q);

/* The oldest visible frame, or NULL. */
struct mbuf *nic_rxq_get(struct nic_rxq *q);

/* The driver has given `count` descriptors back. */
void nic_rxq_replenish(struct nic_rxq *q, uint32_t count);

/*
 * Merge at ring drain: take the oldest visible frame and append the following
 * visible ones while they continue it: same flow and receiver, sequence
 * contiguous, payload on both, no flag but ACK and PUSH on all but the last,
 * equal csum_flags without CSUM_TLS_RESYNC, and at most max_bytes of payload in
 * all.  With max_bytes 0 nothing is merged.  The chain's first m_pkthdr
 * describes the whole (len, th_flags ORed, latest th_ack and th_win); every
 * frame keeps its own M_PKTHDR.  *count gets the number of frames; NULL when
 * none is visible.
 */
struct mbuf *nic_rxq_get_merged(struct nic_rxq *q, uint32_t max_bytes,
				uint32_t *count);
#endif
