/*
 * qstat.c - time-weighted statistics of one queue.
 *
 * The owner calls qstat_enter when a customer joins and qstat_leave when one
 * goes, in the order of time, and keeps the time of entry with the customer.
 * The area under the length is built from the queue's own clock, the sojourns
 * from what customers say: where an owner mixes customers up, loses one or
 * counts one twice, the two sides come apart.
 *
 * Entry times claimed by those that leave can be judged whenever the queue runs
 * empty (they must add up to all entry times), or at any time by an owner that
 * adds up the entry times of those inside (qstat_littles_law_inside).
 *
 * Left out: batch arrivals as one event, moments of the depth.
 */
#include "sim/qstat.h"

#include <assert.h>

void
qstat_init(struct qstat *q)
{
	*q = (struct qstat){.entered = 0};
	hist_init(&q->wait);
}

void
qstat_keep_waits(struct qstat *q)
{
	q->keep_waits = true;
}

void
qstat_watch(struct qstat *q, qstat_depth *watch, void *arg)
{
	q->watch = watch;
	q->watch_arg = arg;
}

void
qstat_fini(struct qstat *q)
{
	hist_fini(&q->wait);
}

static void
area_advance(struct qstat *q, sim_time now)
{
	assert(now >= q->changed_ps);
	q->area += (unsigned __int128)q->depth * (now - q->changed_ps);
	q->changed_ps = now;
}

void
qstat_enter(struct qstat *q, sim_time now)
{
	area_advance(q, now);
	q->entered++;
	q->entry_sum += now;
	q->depth++;
	if (q->depth > q->depth_max)
		q->depth_max = q->depth;
	if (q->watch != NULL)
		q->watch(q->watch_arg, q->depth, now);
}

void
qstat_leave(struct qstat *q, sim_time now, sim_time entered_ps)
{
	area_advance(q, now);
	if (q->depth == 0 || entered_ps > now) {
		q->broken = true;
		return;
	}
	q->depth--;
	q->left++;
	q->gone_sum += entered_ps;
	q->wait_sum += now - entered_ps;
	if (q->depth == 0 && q->gone_sum != q->entry_sum)
		q->broken = true;
	if (q->watch != NULL)
		q->watch(q->watch_arg, q->depth, now);
	/* Short of memory the histogram misses a value; its count shows it. */
	if (q->keep_waits)
		(void)hist_add(&q->wait, now - entered_ps);
}

bool
qstat_littles_law_inside(const struct qstat *q, sim_time now, uint64_t inside,
			 unsigned __int128 entry_sum)
{
	unsigned __int128 area, ages;

	area = q->area + (unsigned __int128)q->depth * (now - q->changed_ps);
	ages = (unsigned __int128)inside * now - entry_sum;
	return !q->broken && now >= q->changed_ps &&
	       q->entered == q->left + inside && area == q->wait_sum + ages;
}

double
qstat_mean_depth(const struct qstat *q, sim_time now)
{
	unsigned __int128 area;

	if (now == 0)
		return 0;
	area = q->area + (unsigned __int128)q->depth * (now - q->changed_ps);
	return (double)area / (double)now;
}
