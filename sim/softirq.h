/*
 * softirq.h - one CPU's polling of its receive queues, with a budget.
 *
 * Order of use: softirq_init; softirq_schedule for a queue whose interrupt was
 * handled; the rest follows; nothing to free.
 * Access: one thread.  Mirrors: Linux net_rx_action() and ksoftirqd (04-nic
 * section 2.4); without a budget it is FreeBSD's interrupt thread.
 */
#ifndef SIM_SOFTIRQ_H
#define SIM_SOFTIRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/cpu.h"
#include "sim/event.h"

struct host;
struct rx_driver;

struct softirq {
	struct cpu_task task;	/* above every thread */
	struct cpu_task thread; /* ksoftirqd: what a budget has left over */
	struct host *host;
	struct cpu *cpu;
	struct rx_driver *head; /* queues to be polled, by poll_next */
	struct rx_driver *tail;
	bool in_round;	   /* a round is under way */
	uint32_t frames;   /* taken in this round */
	sim_time began_ps; /* the round */
	uint64_t squeezed; /* rounds that their budget ended */
};

void softirq_init(struct softirq *softirq, struct host *host, struct cpu *cpu);

/* Poll this queue, unless it waits for that already. */
void softirq_schedule(struct softirq *softirq, struct rx_driver *driver,
		      sim_time now);
#endif
