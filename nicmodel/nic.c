/*
 * nic.c - a NIC as a pure device: frames in, queue and visibility time out.
 *
 * Models the way of one frame through the device: its TLS context if it has one
 * (nic_context.c), the queue of its rule or of its RSS hash, a descriptor of
 * that queue or a drop, and the time at which its bytes are in host memory.
 *
 * The driver brings the frame over the link first (link_send on nic->link),
 * then calls nic_rx at the arrival of its last bit, then nic_rxq_show and
 * nic_moderation_frame of the queue at visible_ps, nic_interrupt when that
 * says so, and drains with nic_rxq_get*.  Calls of nic_rx come in order of
 * `now`.
 *
 * Leaves out flow rules beside those of TLS.  A full ring refuses the frame;
 * with pause frames (nic_pause.c) the driver looks at the ring first.
 */
#include "nicmodel/nic.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "engine/mbuf.h"

enum {
	PREAMBLE_AND_GAP = 20, /* on the link around every frame */
	FCS = 4,	       /* not written to host memory */
};

static bool
config_valid(const struct nic_config *config)
{
	uint32_t size = config->rss_table_size;

	return config->queues > 0 && config->queues <= NIC_QUEUES_MAX &&
	       config->ring_slots > 0 &&
	       (config->rate_bps == 0 ||
		config->rate_bps >= LINK_RATE_MIN_BPS) &&
	       size > 0 && size <= NIC_RSS_TABLE_MAX &&
	       (size & (size - 1)) == 0;
}

static int
init_devices(struct nic *nic, const struct nic_config *config)
{
	int error = nic_pcie_init(&nic->pcie, &config->pcie);

	nic->has_pcie = config->pcie.rate_bps > 0 || config->tls;
	if (error == 0 && config->tls)
		error = nic_contexts_init(&nic->contexts, &config->contexts,
					  &nic->pcie);
	nic->has_tls = error == 0 && config->tls;
	return error;
}

int
nic_init(struct nic *nic, const struct nic_config *config,
	 struct mbuf_pool *pool)
{
	int error;

	assert(pool != NULL);
	*nic = (struct nic){.pool = pool};
	if (!config_valid(config))
		return EINVAL;
	error = init_devices(nic, config);
	if (error != 0)
		return error;
	nic->queue = calloc(config->queues, sizeof(*nic->queue));
	if (nic->queue == NULL) {
		nic_fini(nic);
		return ENOMEM;
	}
	nic->queues = config->queues;
	link_init(&nic->link, config->rate_bps);
	nic_rss_init(&nic->rss, config->rss_key, config->rss_table_size,
		     config->queues);
	for (uint32_t i = 0; i < nic->queues; i++)
		nic_rxq_init(&nic->queue[i], pool, config->ring_slots,
			     config->moderation_time_ps,
			     config->moderation_frames);
	return 0;
}

void
nic_fini(struct nic *nic)
{
	for (uint32_t i = 0; i < nic->queues; i++)
		nic_rxq_fini(&nic->queue[i]);
	free(nic->queue);
	nic->queue = NULL;
	nic->queues = 0;
	if (nic->has_tls)
		nic_contexts_fini(&nic->contexts);
	nic->has_tls = false;
}

/*
 * Descriptors are written in order, so that a frame with a shorter way does not
 * become visible before the one ahead of it in the queue.  A frame that has
 * been drained was visible already, so the queue's tail is enough to compare
 * with.
 */
static uint64_t
visible_time(const struct nic_rxq *q, uint64_t ready_ps)
{
	if (q->tail != NULL && q->tail->m_pkthdr.visible_ps > ready_ps)
		return q->tail->m_pkthdr.visible_ps;
	return ready_ps;
}

/*
 * The frame's bytes and its completion entry go to host memory.  The price of
 * the pipeline has the latency of that in it, so that PCIe adds no more than
 * the time for the bandwidth.
 */
static uint64_t
write_frame(struct nic *nic, const struct mbuf *m, uint64_t now,
	    uint64_t ready_ps)
{
	uint32_t around = PREAMBLE_AND_GAP + FCS;

	if (!nic->has_pcie)
		return ready_ps;
	return nic_pcie_packet(&nic->pcie, now, ready_ps,
			       m->m_pkthdr.wire_bytes - around);
}

/* The queue of its flow's rule, or of its hash. */
uint32_t
nic_queue(const struct nic *nic, const struct mbuf *m)
{
	const struct pkthdr *hdr = &m->m_pkthdr;
	const struct nic_context *context =
	    nic->has_tls
		? nic_context_find(&nic->contexts, hdr->flow, hdr->receiver)
		: NULL;

	return context != NULL && context->ruled
		   ? context->queue
		   : nic_rss_queue(&nic->rss, hdr->flowid);
}

struct nic_rx_result
nic_rx(struct nic *nic, struct mbuf *m, uint64_t now, uint64_t pipeline_ps)
{
	struct nic_rx_result result = {.tls.ready_ps = now};
	struct nic_rxq *q;
	uint64_t ready_ps;

	assert(m->m_flags & M_PKTHDR);
	result.queue = nic_queue(nic, m);
	assert(result.queue < nic->queues);
	q = &nic->queue[result.queue];
	nic->rx_packets_phy++;
	nic->rx_bytes_phy += m->m_pkthdr.wire_bytes - PREAMBLE_AND_GAP;
	if (nic->has_tls)
		result.tls =
		    nic_contexts_rx(&nic->contexts, m, nic_rxq_full(q), now);
	ready_ps = result.tls.ready_ps + pipeline_ps;
	if (!nic_rxq_full(q))
		ready_ps = write_frame(nic, m, now, ready_ps);
	result.visible_ps = visible_time(q, ready_ps);
	m->m_pkthdr.visible_ps = result.visible_ps;
	result.dropped = !nic_rxq_put(q, m);
	return result;
}

uint64_t
nic_interrupt(struct nic *nic, uint32_t queue, uint64_t now, uint64_t ready_ps)
{
	assert(queue < nic->queues);
	nic->queue[queue].interrupts++;
	return nic->has_pcie ? nic_pcie_msix(&nic->pcie, now, ready_ps)
			     : ready_ps;
}
