/*
 * hist.h - a log-linear latency histogram.
 *
 * Relative error of a quantile at most 1/128 (0.8 %) from 1 ps to 2^63 ps.
 * Counts, sum, least and greatest are exact.  Mergeable; integers only.
 */
#ifndef SIM_HIST_H
#define SIM_HIST_H

#include <stdint.h>

enum {
	HIST_SUB_BITS = 7, /* 128 steps per power of two */
	HIST_BUCKETS = (64 - HIST_SUB_BITS + 1) << HIST_SUB_BITS,
};

struct hist {
	uint64_t count;
	uint64_t min; /* UINT64_MAX while empty */
	uint64_t max;
	unsigned __int128 sum;
	uint64_t *bucket; /* allocated on the first value */
};

void hist_init(struct hist *hist);
void hist_fini(struct hist *hist);

/* Returns 0 or ENOMEM (the value is then lost, and nothing changes). */
int hist_add(struct hist *hist, uint64_t value);

/* Add all of `from`.  Returns 0 or ENOMEM. */
int hist_merge(struct hist *hist, const struct hist *from);

/*
 * The value at or below which num/den of the values lie (nearest rank); the
 * upper edge of its bucket, never more than max.  0 while empty.
 */
uint64_t hist_quantile(const struct hist *hist, uint64_t num, uint64_t den);

/* sum / count in nanoseconds; 0 while empty. */
double hist_mean_ns(const struct hist *hist);
#endif
