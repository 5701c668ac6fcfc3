/*
 * nic_chain.h - merged frames: one chain, and a list of chains to deliver.
 *
 * A chain is linked by m_next; every frame in it keeps its own M_PKTHDR, and
 * the m_pkthdr of the first one describes all of it.  A list is linked by
 * m_nextpkt, in order of delivery.
 * Access: one thread.  Ownership: a list owns its chains.
 */
#ifndef NICMODEL_NIC_CHAIN_H
#define NICMODEL_NIC_CHAIN_H

#include <stdint.h>

struct mbuf;
struct mbuf_pool;

struct nic_chains {
	struct mbuf *head;
	struct mbuf *tail;
	uint32_t frames;   /* in all chains */
	uint64_t absorbed; /* pure ACKs that went into another, ever */
};

/* Add a chain of `frames` frames behind the others. */
void nic_chains_put(struct nic_chains *list, struct mbuf *m, uint32_t frames);

/* Move all chains of `from` behind those of the list. */
void nic_chains_move(struct nic_chains *list, struct nic_chains *from);

/* Take the first chain; NULL: none.  *frames gets its frames. */
struct mbuf *nic_chains_get(struct nic_chains *list, uint32_t *frames);

/* Free what is inside. */
void nic_chains_fini(struct nic_chains *list, struct mbuf_pool *pool);

/*
 * Append frame m to the chain `head`, whose last mbuf is *last: length and
 * flags (ORed) of head cover it then.  Acknowledgement, window and timestamp
 * are the caller's rule.
 */
void nic_chain_append(struct mbuf *head, struct mbuf **last, struct mbuf *m);

/* Frames of one chain: mbufs that begin one. */
uint32_t nic_chain_frames(const struct mbuf *m);
#endif
