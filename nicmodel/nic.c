/*
 * nic.c - a NIC as a pure device: frames in, queue and visibility time out.
 *
 * Models the way of one frame through the device: the RSS queue of its hash, a
 * descriptor of that queue or a drop, and the time at which its bytes are in
 * host memory.
 *
 * The driver brings the frame over the link first (link_send on nic->link),
 * then calls nic_rx at the arrival of its last bit, then nic_rxq_show and
 * nic_moderation_frame of the queue at visible_ps, and drains with
 * nic_rxq_get*.  Calls of nic_rx come in order of `now`.
 *
 * Leaves out TLS offload, PCIe bandwidth, flow rules beside RSS.  A full ring
 * refuses the frame; with pause frames (nic_pause.c) the driver looks at the
 * ring first.
 */
#include "nicmodel/nic.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "engine/mbuf.h"

enum { PREAMBLE_AND_GAP = 20 }; /* on the link around every frame */

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

int
nic_init(struct nic *nic, const struct nic_config *config,
	 struct mbuf_pool *pool)
{
	assert(pool != NULL);
	*nic = (struct nic){.pool = pool};
	if (!config_valid(config))
		return EINVAL;
	nic->queue = calloc(config->queues, sizeof(*nic->queue));
	if (nic->queue == NULL)
		return ENOMEM;
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

uint32_t
nic_queue(const struct nic *nic, const struct mbuf *m)
{
	return nic_rss_queue(&nic->rss, m->m_pkthdr.flowid);
}

struct nic_rx_result
nic_rx(struct nic *nic, struct mbuf *m, uint64_t now, uint64_t pipeline_ps)
{
	struct nic_rx_result result = {0};
	struct nic_rxq *q;

	assert(m->m_flags & M_PKTHDR);
	result.queue = nic_queue(nic, m);
	assert(result.queue < nic->queues);
	q = &nic->queue[result.queue];
	nic->rx_packets_phy++;
	nic->rx_bytes_phy += m->m_pkthdr.wire_bytes - PREAMBLE_AND_GAP;
	result.visible_ps = visible_time(q, now + pipeline_ps);
	m->m_pkthdr.visible_ps = result.visible_ps;
	result.dropped = !nic_rxq_put(q, m);
	return result;
}
