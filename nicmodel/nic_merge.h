/*
 * nic_merge.h - how a driver merges frames on their way from ring to TCP.
 *
 * Order of use: nic_merge_init; { nic_merge_put, nic_merge_get }*, and
 * nic_merge_flush at the end of a turn; nic_merge_fini.
 * Access: one thread.  Ownership: put takes the frame, get gives a chain away.
 * NIC_MERGE_OFF and NIC_MERGE_RING need none of this: there nic_rxq_get_merged
 * hands out chains.
 */
#ifndef NICMODEL_NIC_MERGE_H
#define NICMODEL_NIC_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_chain.h"
#include "nicmodel/nic_gro.h"
#include "nicmodel/nic_lro.h"

struct mbuf;
struct mbuf_pool;

enum nic_merge_kind {
	NIC_MERGE_OFF,	/* every frame alone */
	NIC_MERGE_RING, /* neighbours in the ring */
	NIC_MERGE_LRO,	/* FreeBSD */
	NIC_MERGE_GRO,	/* Linux */
};

struct nic_merge {
	enum nic_merge_kind kind;
	union {
		struct nic_lro lro;
		struct nic_gro gro;
	};
	struct nic_chains out; /* finished, in order of delivery */
};

/* Limits of a chain: bytes of payload and frames, both at least 1. */
void nic_merge_init(struct nic_merge *merge, enum nic_merge_kind kind,
		    struct mbuf_pool *pool, uint32_t max_bytes,
		    uint32_t max_frames);

/* Free the frames that are still inside. */
void nic_merge_fini(struct nic_merge *merge);

/* Frames pass through it: LRO and GRO. */
bool nic_merge_holds(const struct nic_merge *merge);

/* Take one frame from the ring. */
void nic_merge_put(struct nic_merge *merge, struct mbuf *m);

/* The turn is over: nothing stays inside but what is ready. */
void nic_merge_flush(struct nic_merge *merge);

/* Frames inside, ready or not. */
uint32_t nic_merge_frames(const struct nic_merge *merge);

/* The next chain that is ready, or NULL; *frames gets its frames. */
struct mbuf *nic_merge_get(struct nic_merge *merge, uint32_t *frames);
#endif
