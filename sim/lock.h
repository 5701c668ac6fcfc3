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

/*
 * One lock.  A step reserves when it begins and may hold only later, so another
 * step can still fit in before: the last hold, and the end of the one before
 * it.
 */
struct lock {
	sim_time before_ps; /* the lock is free from then on ... */
	sim_time start_ps;  /* ... until the last hold reserved begins */
	sim_time free_ps;   /* and from its end on */
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
	sim_time start = at > lock->before_ps ? at : lock->before_ps;

	if (start + hold <= lock->start_ps) {
		lock->before_ps = start + hold;
	} else {
		start = at > lock->free_ps ? at : lock->free_ps;
		lock->before_ps = lock->free_ps;
		lock->start_ps = start;
		lock->free_ps = start + hold;
	}
	stats->acquisitions++;
	stats->contended += start > at;
	stats->wait_ps += start - at;
	return start - at;
}
#endif
