/*
 * qstat.h - time-weighted statistics of one queue, in exact integers.
 *
 * Little's law is kept as an identity: the area under the length equals the sum
 * of the sojourns of those that left plus the ages of those still inside.  Both
 * sides are accumulated apart, so that a lost or invented customer shows.
 */
#ifndef SIM_QSTAT_H
#define SIM_QSTAT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"
#include "sim/hist.h"

/* The depth has changed. */
typedef void qstat_depth(void *arg, uint64_t depth, sim_time now);

struct qstat {
	uint64_t entered;
	uint64_t left;
	uint64_t depth; /* inside now */
	uint64_t depth_max;
	sim_time changed_ps;	     /* when depth last changed */
	unsigned __int128 area;	     /* of depth over time until changed_ps */
	unsigned __int128 wait_sum;  /* sojourns of those that left */
	unsigned __int128 entry_sum; /* entry times of all */
	unsigned __int128 gone_sum;  /* entry times of those that left */
	bool broken;		     /* a leaver that cannot have been inside */
	bool keep_waits;	     /* in `wait` */
	struct hist wait;
	qstat_depth *watch; /* or NULL */
	void *watch_arg;
};

void qstat_init(struct qstat *q);

/* Keep a histogram of the waits from now on; most queues need none. */
void qstat_keep_waits(struct qstat *q);

/* Be told of every depth from now on. */
void qstat_watch(struct qstat *q, qstat_depth *watch, void *arg);
void qstat_fini(struct qstat *q);
void qstat_enter(struct qstat *q, sim_time now);

/* entered_ps is what the customer itself remembers. */
void qstat_leave(struct qstat *q, sim_time now, sim_time entered_ps);

/*
 * The identity, with those inside counted until `now`, for an owner that walks
 * its queue: `inside` customers were found there, and entry_sum is the sum of
 * their entry times.  A lost customer or a wrong entry time shows at once.
 */
bool qstat_littles_law_inside(const struct qstat *q, sim_time now,
			      uint64_t inside, unsigned __int128 entry_sum);

/* Mean depth over [0, now]. */
double qstat_mean_depth(const struct qstat *q, sim_time now);
#endif
