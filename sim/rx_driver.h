/*
 * rx_driver.h - the host's side of a receive queue: interrupt and softirq.
 *
 * Order of use: rx_driver_init; rx_driver_frame for every frame that the NIC
 * has put into the queue; the rest follows from events; rx_driver_fini.
 * Access: one thread.  The thread executor does not use it.
 */
#ifndef SIM_RX_DRIVER_H
#define SIM_RX_DRIVER_H

#include <stdint.h>

#include "sim/cpu.h"
#include "sim/event.h"
#include "sim/qstat.h"

struct host;
struct mbuf;

/* The driver's side of one receive queue: its interrupt and its softirq. */
struct rx_driver {
	struct cpu_task irq;
	struct cpu_task softirq;
	struct host *host;
	struct cpu *cpu; /* that the queue interrupts */
	uint32_t queue;
	event_id timer;	    /* of the moderation, or 0 */
	struct mbuf *chain; /* merged frames in work, or NULL */
	uint32_t chain_frames;
	sim_time handler_ps; /* when the handler turned to chain */
	struct qstat ring;   /* frames from the NIC to their handler */
};

/* host->cpu is there already. */
void rx_driver_init(struct rx_driver *driver, struct host *host,
		    uint32_t queue);
void rx_driver_fini(struct rx_driver *driver);

/*
 * The NIC has taken a frame at `now`, which will be in host memory at
 * visible_ps: start what brings the handler to it.
 */
void rx_driver_frame(struct rx_driver *driver, sim_time visible_ps,
		     sim_time now);
#endif
