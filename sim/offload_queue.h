/*
 * offload_queue.h - a driver's internal queue to the device: queries of where a
 * context stands, and answers that set it right.
 *
 * Order of use: offload_queue_init; { offload_carry_out }*; offload_queue_fini.
 * Private to offload.c, which owns the flows.  Times are picoseconds.
 * Source: 04-nic section 1.6.
 */
#ifndef SIM_OFFLOAD_QUEUE_H
#define SIM_OFFLOAD_QUEUE_H

#include <stdint.h>

#include "nicmodel/nic_resync.h"
#include "sim/event.h"

struct host;
struct offload_flow;

/* A post of the driver between its doorbell and its completion. */
struct offload_post {
	struct offload_flow *flow;
	uint32_t generation;
	struct nic_resync_act act;
	struct nic_resync_progress progress; /* of a query */
	uint32_t next_free;		     /* index and 1, or 0 */
};

/* One host's. */
struct offload_queue {
	struct offload_post *post;
	uint32_t free_post;			     /* index and 1, or 0 */
	struct offload_flow *waiting, **waiting_end; /* for a free post */
};

/* entries >= 1.  Returns 0 or ENOMEM. */
int offload_queue_init(struct offload_queue *queue, uint32_t entries);
void offload_queue_fini(struct offload_queue *queue);

/* From the doorbell until the NIC has read the work request. */
sim_time offload_post_price(struct host *host);

/* From the NIC's write until its interrupt is delivered. */
sim_time offload_completion_price(struct host *host);

/* An event about the flow's present context: its argument is the generation. */
void offload_schedule(struct offload_flow *flow, sim_time time,
		      event_handler *handler);

/* Do what the flow's resync protocol says. */
void offload_carry_out(struct offload_flow *flow, struct nic_resync_act act,
		       sim_time now);
#endif
