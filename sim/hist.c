/*
 * hist.c - a log-linear latency histogram.
 *
 * Values below 128 have a bucket each; above, every power of two is cut into
 * 128 equal steps, so that a bucket is never wider than 1/128 of the values in
 * it.  Users add while the run goes on, merge per-host histograms at its end
 * and ask for quantiles.
 *
 * Left out: correction for coordinated omission (the simulator's arrivals do
 * not wait for it), decay, resizing.
 */
#include "sim/hist.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { SUB_COUNT = 1 << HIST_SUB_BITS };

static uint32_t
bucket_of(uint64_t value)
{
	int shift = 63 - HIST_SUB_BITS - __builtin_clzll(value | SUB_COUNT);

	return ((uint32_t)shift << HIST_SUB_BITS) + (uint32_t)(value >> shift);
}

/* The greatest value that falls into the bucket. */
static uint64_t
bucket_top(uint32_t bucket)
{
	uint32_t shift = bucket >> HIST_SUB_BITS;

	if (shift == 0)
		return bucket;
	shift--;
	bucket -= shift << HIST_SUB_BITS;
	/* For the last bucket the shift wraps to 0, and the result is right. */
	return ((uint64_t)(bucket + 1) << shift) - 1;
}

static int
hist_reserve(struct hist *hist)
{
	if (hist->bucket == NULL)
		hist->bucket = calloc(HIST_BUCKETS, sizeof(*hist->bucket));
	return hist->bucket == NULL ? ENOMEM : 0;
}

void
hist_init(struct hist *hist)
{
	*hist = (struct hist){.min = UINT64_MAX};
}

void
hist_fini(struct hist *hist)
{
	free(hist->bucket);
	hist_init(hist);
}

int
hist_add(struct hist *hist, uint64_t value)
{
	int error = hist_reserve(hist);

	if (error != 0)
		return error;
	hist->bucket[bucket_of(value)]++;
	hist->count++;
	hist->sum += value;
	if (value < hist->min)
		hist->min = value;
	if (value > hist->max)
		hist->max = value;
	return 0;
}

int
hist_merge(struct hist *hist, const struct hist *from)
{
	int error;

	if (from->count == 0)
		return 0;
	error = hist_reserve(hist);
	if (error != 0)
		return error;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		hist->bucket[i] += from->bucket[i];
	hist->count += from->count;
	hist->sum += from->sum;
	if (from->min < hist->min)
		hist->min = from->min;
	if (from->max > hist->max)
		hist->max = from->max;
	return 0;
}

uint64_t
hist_quantile(const struct hist *hist, uint64_t num, uint64_t den)
{
	unsigned __int128 product = (unsigned __int128)num * hist->count;
	uint64_t rank, seen = 0, top;
	uint32_t i = 0;

	assert(den > 0 && num <= den);
	if (hist->count == 0)
		return 0;
	rank = (uint64_t)(product / den) + (product % den != 0);
	if (rank == 0)
		rank = 1;
	while ((seen += hist->bucket[i]) < rank)
		i++;
	top = bucket_top(i);
	return top < hist->max ? top : hist->max;
}

double
hist_mean_ns(const struct hist *hist)
{
	if (hist->count == 0)
		return 0;
	return (double)hist->sum / (double)hist->count / 1000;
}
