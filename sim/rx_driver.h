/*
 * rx_driver.h - the host's side of a receive queue: interrupt and polling.
 *
 * Order of use: rx_driver_init; rx_driver_frame for every frame that the NIC
 * has put into the queue; the rest follows from events and from softirq.c,
 * which runs the steps of a poll; rx_driver_fini.
 * Access: one thread.  The thread executor does not use it.
 */
#ifndef SIM_RX_DRIVER_H
#define SIM_RX_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_dim.h"
#include "nicmodel/nic_merge.h"
#include "sim/cpu.h"
#include "sim/event.h"
#include "sim/qstat.h"

struct host;
struct mbuf;
struct softirq;

/* What the driver of one receive queue has done. */
struct rx_driver_counts {
	uint64_t polls;	 /* that completed or used up their weight */
	uint64_t arms;	 /* interrupts unmasked */
	uint64_t frames; /* taken from the ring */
	uint64_t bytes;	 /* ... on the wire */
	uint64_t merged; /* chains of several frames */
	uint64_t merged_frames;
	uint64_t merged_bytes; /* payload */
};

/* The driver's side of one receive queue: its interrupt and its polling. */
struct rx_driver {
	struct cpu_task irq;
	struct cpu_task dim_work; /* sets the profile that dim chose */
	struct host *host;
	struct cpu *cpu; /* that the queue interrupts */
	struct softirq *softirq;
	struct rx_driver *poll_next; /* in its list, with `scheduled` */
	bool scheduled;
	uint32_t queue;
	event_id timer; /* of the moderation, or 0 */
	struct nic_dim dim;
	struct nic_merge merge; /* frames between ring and TCP */
	uint32_t step_frames;	/* taken from the ring in this step */
	uint32_t poll_frames;	/* ... in this poll */
	struct mbuf *chain;	/* merged frames in work, or NULL */
	uint32_t chain_frames;
	sim_time handler_ps; /* when the driver last took frames */
	struct qstat ring;   /* frames from the NIC to their handler */
	struct rx_driver_counts counts;
};

/* host->cpu and host->softirq are there already. */
void rx_driver_init(struct rx_driver *driver, struct host *host,
		    uint32_t queue);
void rx_driver_fini(struct rx_driver *driver);

/*
 * The NIC has taken a frame at `now`, which will be in host memory at
 * visible_ps: start what brings the handler to it.
 */
void rx_driver_frame(struct rx_driver *driver, sim_time visible_ps,
		     sim_time now);

/* The next step of its poll: returns the price.  Sets step_frames. */
sim_time rx_driver_step(struct rx_driver *driver, sim_time now);

enum rx_poll {
	RX_POLL_GOES_ON,
	RX_POLL_AGAIN,	   /* its weight is used up: another turn, later */
	RX_POLL_COMPLETES, /* the ring is empty, its interrupt unmasked */
};

/* That step is over. */
enum rx_poll rx_driver_step_done(struct rx_driver *driver, sim_time now);

/* Frames that it holds between the ring and TCP. */
uint64_t rx_driver_frames(const struct rx_driver *driver);
#endif
