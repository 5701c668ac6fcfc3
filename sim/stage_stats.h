/*
 * stage_stats.h - where the time of the records went: one host's histograms.
 *
 * Order of use: stage_stats_init; { stage_stats_add }*; reads;
 * stage_stats_fini. A record's stages sum to its total exactly; the sum is
 * checked at the end of every run.
 */
#ifndef SIM_STAGE_STATS_H
#define SIM_STAGE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"
#include "sim/hist.h"
#include "sim/results.h"

struct record_stamp;

/* Sums over the records whose total falls into one bucket of the histogram. */
struct stage_split {
	uint64_t count;
	uint64_t sum_ps[STAGE_COUNT];
};

enum { STAGE_SPLITS = 64 * 128 }; /* 128 per power of two of the total */

struct stage_stats {
	struct hist hist[STAGE_COUNT];
	struct stage_split *split; /* STAGE_SPLITS, on the first record */
};

void stage_stats_init(struct stage_stats *stats);
void stage_stats_fini(struct stage_stats *stats);

/* The stages of a record, in picoseconds, by enum stage. */
void stage_times(const struct record_stamp *record, sim_time read_begin_ps,
		 sim_time read_end_ps, sim_time times[STAGE_COUNT]);

/* Returns 0 or ENOMEM. */
int stage_stats_add(struct stage_stats *stats,
		    const sim_time times[STAGE_COUNT]);

/* Add all of `from`.  Returns 0 or ENOMEM. */
int stage_stats_merge(struct stage_stats *stats,
		      const struct stage_stats *from);

/* True where nic + ... + read equals total over all records, exactly. */
bool stage_stats_balanced(const struct stage_stats *stats);

/*
 * Mean split of the slowest 1 % of the records, at least one.  Records are kept
 * as sums per bucket of 1/128 of a power of two; of the bucket on the border
 * the mean record counts as often as is needed.  Returns how many records.
 */
uint64_t stage_stats_slowest(const struct stage_stats *stats,
			     double mean_ns[STAGE_COUNT]);

/* A histogram as the report wants it. */
void latency_of(const struct hist *hist, struct results_latency *latency);
#endif
