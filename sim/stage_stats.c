/*
 * stage_stats.c - where the time of the records went: one host's histograms.
 *
 * reader.c adds a record when its last byte was read; collect.c reads.  The
 * split of the slowest records is kept as sums per bucket of the total, so that
 * no record need be remembered.
 */
#include "sim/stage_stats.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/stamp.h"

void
stage_stats_init(struct stage_stats *stats)
{
	for (int i = 0; i < STAGE_COUNT; i++)
		hist_init(&stats->hist[i]);
	stats->split = NULL;
}

void
stage_stats_fini(struct stage_stats *stats)
{
	for (int i = 0; i < STAGE_COUNT; i++)
		hist_fini(&stats->hist[i]);
	free(stats->split);
	stats->split = NULL;
}

void
stage_times(const struct record_stamp *r, sim_time read_begin_ps,
	    sim_time read_end_ps, sim_time times[STAGE_COUNT])
{
	assert(r->first_arrival_ps <= r->assembled_ps);
	assert(r->assembled_ps <= r->arrival_ps);
	assert(r->arrival_ps <= r->visible_ps);
	assert(r->visible_ps <= r->handler_ps);
	assert(r->handler_ps <= r->appended_ps);
	assert(r->appended_ps <= r->keyed_ps && r->keyed_ps <= r->begin_ps);
	assert(r->begin_ps <= r->decrypted_ps);
	assert(r->decrypted_ps <= read_begin_ps &&
	       read_begin_ps <= read_end_ps);
	times[STAGE_ASSEMBLY] = r->assembled_ps - r->first_arrival_ps;
	times[STAGE_HOLD] = r->arrival_ps - r->assembled_ps;
	times[STAGE_NIC] = r->visible_ps - r->arrival_ps;
	times[STAGE_MODERATION] = r->handler_ps - r->visible_ps;
	times[STAGE_SOFTIRQ] = r->appended_ps - r->handler_ps;
	times[STAGE_KEY_WAIT] = r->keyed_ps - r->appended_ps;
	times[STAGE_QUEUE] = r->begin_ps - r->keyed_ps;
	times[STAGE_DECRYPT] = r->decrypted_ps - r->begin_ps;
	times[STAGE_WAKE] = read_begin_ps - r->decrypted_ps;
	times[STAGE_READ] = read_end_ps - read_begin_ps;
	times[STAGE_TOTAL] = read_end_ps - r->arrival_ps;
}

/*
 * 128 buckets per power of two, as in the histogram; values below 128 ps each
 * have their own.  Most are never touched and so take no memory.
 */
static unsigned
split_index(uint64_t total)
{
	unsigned log;

	if (total < 128)
		return (unsigned)total;
	log = 63u - (unsigned)__builtin_clzll(total);
	return (log - 6) * 128 + (unsigned)((total >> (log - 7)) & 127);
}

static int
reserve_split(struct stage_stats *stats)
{
	if (stats->split == NULL)
		stats->split = calloc(STAGE_SPLITS, sizeof(*stats->split));
	return stats->split == NULL ? ENOMEM : 0;
}

int
stage_stats_add(struct stage_stats *stats, const sim_time times[STAGE_COUNT])
{
	struct stage_split *split;

	if (reserve_split(stats) != 0)
		return ENOMEM;
	split = &stats->split[split_index(times[STAGE_TOTAL])];
	for (int i = 0; i < STAGE_COUNT; i++) {
		if (hist_add(&stats->hist[i], times[i]) != 0)
			return ENOMEM;
		split->sum_ps[i] += times[i];
	}
	split->count++;
	return 0;
}

int
stage_stats_merge(struct stage_stats *stats, const struct stage_stats *from)
{
	if (from->split == NULL)
		return 0;
	if (reserve_split(stats) != 0)
		return ENOMEM;
	for (int i = 0; i < STAGE_COUNT; i++)
		if (hist_merge(&stats->hist[i], &from->hist[i]) != 0)
			return ENOMEM;
	for (int b = 0; b < STAGE_SPLITS; b++) {
		stats->split[b].count += from->split[b].count;
		for (int i = 0; i < STAGE_COUNT; i++)
			stats->split[b].sum_ps[i] += from->split[b].sum_ps[i];
	}
	return 0;
}

bool
stage_stats_balanced(const struct stage_stats *stats)
{
	unsigned __int128 sum = 0;

	for (int i = STAGE_NIC; i < STAGE_TOTAL; i++)
		sum += stats->hist[i].sum;
	return sum == stats->hist[STAGE_TOTAL].sum;
}

uint64_t
stage_stats_slowest(const struct stage_stats *stats,
		    double mean_ns[STAGE_COUNT])
{
	uint64_t wanted = (stats->hist[STAGE_TOTAL].count + 99) / 100;
	uint64_t left = wanted;
	double sum[STAGE_COUNT] = {0};

	memset(mean_ns, 0, sizeof(double) * STAGE_COUNT);
	for (int b = STAGE_SPLITS - 1; b >= 0 && left > 0; b--) {
		const struct stage_split *split = &stats->split[b];
		uint64_t take = split->count < left ? split->count : left;

		for (int i = 0; take > 0 && i < STAGE_COUNT; i++)
			sum[i] += (double)split->sum_ps[i] * (double)take /
				  (double)split->count;
		left -= take;
	}
	for (int i = 0; wanted > 0 && i < STAGE_COUNT; i++)
		mean_ns[i] = sum[i] / (double)wanted / 1000.0;
	return wanted;
}

void
latency_of(const struct hist *hist, struct results_latency *latency)
{
	memset(latency, 0, sizeof(*latency));
	latency->count = hist->count;
	if (hist->count == 0)
		return;
	latency->mean_ns = hist_mean_ns(hist);
	latency->min_ps = hist->min;
	latency->max_ps = hist->max;
	latency->p50_ps = hist_quantile(hist, 50, 100);
	latency->p90_ps = hist_quantile(hist, 90, 100);
	latency->p99_ps = hist_quantile(hist, 99, 100);
	latency->p999_ps = hist_quantile(hist, 999, 1000);
}
