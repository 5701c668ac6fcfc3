/*
 * nic.h - a NIC as a pure device: frames in, queue and visibility time out.
 *
 * Order of use: nic_init; { nic_rx, per queue nic_rxq_* and nic_interrupt }*;
 * nic_fini.
 * Access: one thread.  No clock of its own: `now` comes with each call.
 */
#ifndef NICMODEL_NIC_H
#define NICMODEL_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/link.h"
#include "nicmodel/nic_context.h"
#include "nicmodel/nic_pcie.h"
#include "nicmodel/nic_rss.h"
#include "nicmodel/nic_rxq.h"

enum {
	NIC_QUEUES_MAX = 256,
};

struct mbuf;

struct nic_config {
	uint32_t queues;
	uint32_t ring_slots; /* per queue */
	uint64_t rate_bps;   /* of the link; 0: unlimited */
	uint64_t moderation_time_ps;
	uint32_t moderation_frames;
	uint8_t rss_key[NIC_RSS_KEY_BYTES];
	uint32_t rss_table_size;
	struct nic_pcie_config pcie; /* rate 0: no time for bandwidth */
	bool tls;		     /* inline TLS: `contexts` holds */
	struct nic_contexts_config contexts;
};

struct nic {
	struct mbuf_pool *pool;
	struct link link;
	struct nic_rss rss;
	struct nic_rxq *queue; /* `queues` of them */
	uint32_t queues;
	bool has_tls;
	bool has_pcie; /* with a rate or with TLS: its bytes are counted */
	struct nic_pcie pcie;
	struct nic_contexts contexts; /* with has_tls */
	uint64_t rx_packets_phy; /* frames from the link, dropped ones too */
	uint64_t rx_bytes_phy;	 /* their bytes, FCS but no preamble and gap */
};

/* What the driver must do with a frame. */
struct nic_rx_result {
	bool dropped; /* no descriptor: m stays the caller's */
	uint32_t queue;
	uint64_t visible_ps;	       /* call nic_rxq_show and
					  nic_moderation_frame then */
	struct nic_context_result tls; /* with has_tls, of dropped ones too */
};

/* Returns 0, EINVAL or ENOMEM. */
int nic_init(struct nic *nic, const struct nic_config *config,
	     struct mbuf_pool *pool);
void nic_fini(struct nic *nic);

/* The receive queue that a frame would go to now. */
uint32_t nic_queue(const struct nic *nic, const struct mbuf *m);

/*
 * The last bit of a frame has arrived at `now`; pipeline_ps is the price of the
 * NIC's pipeline and its write to host memory.  Calls come in order of `now`.
 * A frame whose flow has a TLS context goes through it first, and to the queue
 * of its rule, also where it finds no descriptor then.
 * Takes m, whose m_pkthdr.flowid is the RSS hash, unless it drops it.  Sets
 * m_pkthdr.visible_ps; a queue's frames become visible in order.
 */
struct nic_rx_result nic_rx(struct nic *nic, struct mbuf *m, uint64_t now,
			    uint64_t pipeline_ps);

/*
 * A queue's moderation has fired, for ready_ps >= now; `now` is in order with
 * those of nic_rx.  Counts the interrupt.  Returns when its message is on PCIe.
 */
uint64_t nic_interrupt(struct nic *nic, uint32_t queue, uint64_t now,
		       uint64_t ready_ps);
#endif
