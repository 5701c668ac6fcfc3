/*
 * nic_gro.h - generic receive offload as Linux does it: frame by frame.
 *
 * Order of use: nic_gro_init; { nic_gro_receive, take the chains }*, and
 * nic_gro_flush where a poll completes; nic_gro_fini.
 * Access: one thread.  Ownership: nic_gro_receive takes the frame; the chains
 * belong to the list that it was given.  04-nic section 2.5.
 */
#ifndef NICMODEL_NIC_GRO_H
#define NICMODEL_NIC_GRO_H

#include <stdint.h>

struct mbuf;
struct mbuf_pool;
struct nic_chains;

enum {
	NIC_GRO_BUCKETS = 8, /* by the RSS hash */
	NIC_GRO_HELD = 8,    /* flows in a bucket */
};

/* A chain that may still grow. */
struct nic_gro_held {
	struct mbuf *head;
	struct mbuf *last;
	uint32_t mss;	 /* payload of its first frame */
	uint32_t frames; /* in it */
};

struct nic_gro_bucket {
	struct nic_gro_held held[NIC_GRO_HELD]; /* oldest first */
	uint32_t count;
};

struct nic_gro {
	struct mbuf_pool *pool;
	uint32_t max_bytes;
	uint32_t max_frames;
	struct nic_gro_bucket bucket[NIC_GRO_BUCKETS];
	uint32_t frames; /* held in all */
};

/* Both limits at least 1. */
void nic_gro_init(struct nic_gro *gro, struct mbuf_pool *pool,
		  uint32_t max_bytes, uint32_t max_frames);

/* Free the frames that are still inside. */
void nic_gro_fini(struct nic_gro *gro);

/*
 * Take one frame.  What is finished with that goes to `out`, in order.
 *
 * It joins the chain that its flow holds unless: CWR is set; a flag other than
 * CWR, FIN and PUSH differs; the acknowledgement differs; an option byte does;
 * it has no payload, or more than the chain's first frame; its sequence is not
 * contiguous; its TLS mark differs; either carries a resync indication; or a
 * limit would be passed.  Then the chain goes up first, and the frame takes its
 * place.  A frame with less payload than the chain's first one, or with URG,
 * PUSH, RST, SYN or FIN, or a resync indication, goes up at once, with the
 * chain that it has joined.
 * Where a bucket is full its oldest flow goes up.
 */
void nic_gro_receive(struct nic_gro *gro, struct mbuf *m,
		     struct nic_chains *out);

/* The poll is complete: everything goes up, by bucket, oldest first. */
void nic_gro_flush(struct nic_gro *gro, struct nic_chains *out);
#endif
