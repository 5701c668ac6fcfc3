/*
 * lock.h - a spin lock as a resource of simulated time.
 *
 * A step of a CPU reserves its hold when it begins: the wait is the time until
 * the holders before it are done, and is spent spinning, as CPU time of the
 * one who waits (FreeBSD's adaptive mutexes).  Preemption of a holder does not
 * lengthen its hold (docs/model.md#lock).
 */
#ifndef SIM_LOCK_H
#define SIM_LOCK_H

#include <stdint.h>

#include "sim/event.h"

/* One lock: only when it will be free. */
struct lock {
	sim_time free_ps;
};

/* What all locks of one kind on a host have seen. */
struct lock_stats {
	uint64_t acquisitions;
	uint64_t contended;
	sim_time wait_ps; /* sum of the waits */
};

/* Reserve `hold` from `at` on or as soon as the lock is free; the wait. */
static inline sim_time
lock_acquire(struct lock *lock, struct lock_stats *stats, sim_time at,
	     sim_time hold)
{
	sim_time wait = lock->free_ps > at ? lock->free_ps - at : 0;

	lock->free_ps = at + wait + hold;
	stats->acquisitions++;
	stats->contended += wait > 0;
	stats->wait_ps += wait;
	return wait;
}
#endif
