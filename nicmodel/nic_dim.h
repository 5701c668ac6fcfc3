/*
 * nic_dim.h - adaptive interrupt moderation, as Linux DIM does it.
 *
 * Order of use: nic_dim_init; { nic_dim_sample at the end of each interrupt's
 * service; where it says so, set nic_dim_profile_now() and then call
 * nic_dim_applied }*.  04-nic section 2.3.
 */
#ifndef NICMODEL_NIC_DIM_H
#define NICMODEL_NIC_DIM_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_moderation.h"

enum {
	NIC_DIM_PROFILES = 5,
	NIC_DIM_START = 1,   /* profile to begin with */
	NIC_DIM_EVENTS = 64, /* interrupts that a sample covers */
	NIC_DIM_STEPS = 10,  /* without rest, until it is tired */
};

struct nic_dim_profile {
	uint32_t usec;
	uint32_t frames;
};

/* By enum nic_moderation_mode and index: receive side. */
extern const struct nic_dim_profile nic_dim_profiles[2][NIC_DIM_PROFILES];

/* Counts since the beginning, and when they were read. */
struct nic_dim_sample {
	uint64_t time_ps;
	uint64_t events; /* interrupts */
	uint64_t frames;
	uint64_t bytes;
};

/* Per millisecond, rounded up. */
struct nic_dim_rates {
	uint64_t bytes;
	uint64_t frames;
	uint64_t events;
};

enum nic_dim_state {
	NIC_DIM_RIGHT,	/* climbing towards longer moderation */
	NIC_DIM_LEFT,	/* ... or shorter */
	NIC_DIM_ON_TOP, /* parked: nothing better in reach */
	NIC_DIM_TIRED,	/* parked: for as many samples as steps were made */
};

struct nic_dim {
	enum nic_moderation_mode mode;
	enum nic_dim_state state;
	uint32_t index;	      /* of the profile */
	uint32_t steps_right; /* in the last stretch of that direction */
	uint32_t steps_left;
	uint32_t tired; /* steps without rest; samples to wait for */
	bool measuring;
	bool applying; /* a new profile waits for nic_dim_applied */
	struct nic_dim_sample start;
	struct nic_dim_rates before; /* of the sample to compare with */
};

void nic_dim_init(struct nic_dim *dim, enum nic_moderation_mode mode);

/* The profile that index and mode name. */
const struct nic_dim_profile *nic_dim_profile_now(const struct nic_dim *dim);

/* Counts as they stand.  Returns true where the profile has to be changed. */
bool nic_dim_sample(struct nic_dim *dim, const struct nic_dim_sample *now);

/* The work item has set the profile: the next sample begins a measurement. */
void nic_dim_applied(struct nic_dim *dim);
#endif
