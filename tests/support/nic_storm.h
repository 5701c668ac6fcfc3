/*
 * nic_storm.h - whatever NIC and link do, the plaintext is right: one seed.
 *
 * Order of use: { nic_storm_run }* with one nic_storm and ever new seeds; its
 * totals.  What a seed stands for is a nic_plan; it is run with inline TLS and
 * without.  A plan of one's own is played with nic_storm_play.
 */
#ifndef TESTS_SUPPORT_NIC_STORM_H
#define TESTS_SUPPORT_NIC_STORM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/support/nic_plan.h"

struct ktlsim;

/* Sums over the runs with inline TLS. */
enum nic_storm_total {
	STORM_SEEDS,
	STORM_RECORDS, /* of every flow */
	STORM_FULL,    /* decrypted by the NIC as a whole */
	STORM_MIXED,
	STORM_NONE,
	STORM_RESYNCS, /* answers that contexts took */
	STORM_ANSWERS, /* ... with the nth protocol */
	STORM_EVICTIONS = STORM_ANSWERS + 4,
	STORM_RESETS,
	STORM_PATH_CHANGES,
	STORM_LOST, /* on the link, or with a wrong checksum */
	STORM_RING, /* found no descriptor */
	STORM_REORDERED,
	STORM_DUPLICATED,
	STORM_DAMAGED,	  /* records whose tag was wrong on purpose */
	STORM_UNDETECTED, /* segments damaged behind the checksum's back */
	STORM_REFUSED,	  /* records not delivered for either reason */
	STORM_TOTALS,
};

extern const char *const nic_storm_names[STORM_TOTALS];

/* What one simulation has delivered of a flow. */
struct nic_storm_flow {
	uint32_t data_len, delivered_count;
	bool delivered[NIC_PLAN_RECORDS];
	uint8_t data[NIC_PLAN_BYTES];
};

struct nic_storm;

/*
 * Looks at a simulation under way, after every event; false, with storm->text,
 * where something is wrong.
 */
typedef bool nic_storm_look_fn(struct nic_storm *storm);

struct nic_storm {
	struct nic_plan plan;
	struct nic_storm_flow flow[NIC_PLAN_FLOWS];
	struct ktlsim *sim;
	nic_storm_look_fn *look; /* or NULL */
	uint64_t total[STORM_TOTALS];
	char text[256]; /* what went wrong: a sentence; first of all */
};

/* True where all is right; else storm->text says what is not. */
bool nic_storm_run(struct nic_storm *storm, uint64_t seed);

/* The same for the plan that stands in storm->plan, with inline TLS alone. */
bool nic_storm_play(struct nic_storm *storm);
#endif
