/*
 * nic_dim.c - adaptive interrupt moderation, as Linux DIM does it.
 *
 * A hill climb over five profiles, from short to long moderation.  Every 64
 * interrupts the rates of bytes, frames and interrupts are compared with those
 * of the sample before: a step that made things better is followed by another
 * in the same direction, else it turns round.  It parks where it has just come
 * back from a worse neighbour or stands at an edge (on top), or when it has
 * wandered for ten steps (tired), and leaves the top when the rates change.
 *
 * The driver samples at the end of each interrupt's service, and applies a new
 * profile from a work item; in between nothing is measured.
 *
 * Leaves out the transmit side's tables and the counters' wrap at 16 bits.
 */
#include "nicmodel/nic_dim.h"

#include <assert.h>

#define US_PS 1000000u

const struct nic_dim_profile nic_dim_profiles[2][NIC_DIM_PROFILES] = {
    [NIC_MODERATION_EQE] =
	{{1, 256}, {8, 256}, {64, 256}, {128, 256}, {256, 256}},
    [NIC_MODERATION_CQE] = {{2, 256}, {8, 128}, {16, 64}, {32, 64}, {64, 64}},
};

enum verdict {
	SAME,
	BETTER,
	WORSE,
};

void
nic_dim_init(struct nic_dim *dim, enum nic_moderation_mode mode)
{
	*dim = (struct nic_dim){.mode = mode, .index = NIC_DIM_START};
}

const struct nic_dim_profile *
nic_dim_profile_now(const struct nic_dim *dim)
{
	assert(dim->index < NIC_DIM_PROFILES);
	return &nic_dim_profiles[dim->mode][dim->index];
}

void
nic_dim_applied(struct nic_dim *dim)
{
	dim->applying = false;
}

/* Events per millisecond, rounded up. */
static uint64_t
per_ms(uint64_t count, uint64_t us)
{
	return (count * 1000 + us - 1) / us;
}

/*
 * One rate against that of the sample before.  Ten per cent and less is no
 * difference; from nothing to something is all the difference there can be.
 * Linux divides in integers before it compares, so that 10 to 11 % are no
 * difference there (docs/fidelity.md).
 */
static enum verdict
rate_compare(uint64_t now, uint64_t before, bool more_is_better)
{
	uint64_t apart = now > before ? now - before : before - now;

	if (apart * 10 <= before)
		return SAME;
	return (now > before) == more_is_better ? BETTER : WORSE;
}

/* Bytes decide, then frames; as many with fewer interrupts is better. */
static enum verdict
rates_compare(const struct nic_dim_rates *now,
	      const struct nic_dim_rates *before)
{
	enum verdict verdict = rate_compare(now->bytes, before->bytes, true);

	if (verdict == SAME)
		verdict = rate_compare(now->frames, before->frames, true);
	if (verdict == SAME)
		verdict = rate_compare(now->events, before->events, false);
	return verdict;
}

static void
park(struct nic_dim *dim, enum nic_dim_state state)
{
	dim->state = state;
	dim->steps_right = 0;
	dim->steps_left = 0;
	if (state == NIC_DIM_ON_TOP)
		dim->tired = 0;
}

/* One profile further in the present direction, or to rest. */
static void
step(struct nic_dim *dim)
{
	bool right = dim->state == NIC_DIM_RIGHT;

	if (dim->tired == NIC_DIM_STEPS) {
		park(dim, NIC_DIM_TIRED);
		return;
	}
	if (dim->index == (right ? NIC_DIM_PROFILES - 1u : 0u)) {
		park(dim, NIC_DIM_ON_TOP);
		return;
	}
	dim->tired++;
	if (right) {
		dim->index++;
		dim->steps_right++;
	} else {
		dim->index--;
		dim->steps_left++;
	}
}

static void
turn(struct nic_dim *dim)
{
	if (dim->state == NIC_DIM_RIGHT) {
		dim->state = NIC_DIM_LEFT;
		dim->steps_left = 0;
	} else {
		dim->state = NIC_DIM_RIGHT;
		dim->steps_right = 0;
	}
}

/* Two steps or more that way, and then one back, which was better. */
static bool
passed_top(const struct nic_dim *dim)
{
	if (dim->state == NIC_DIM_RIGHT)
		return dim->steps_left > 1 && dim->steps_right == 1;
	return dim->steps_right > 1 && dim->steps_left == 1;
}

/* Shorter moderation is tried first, where there is any. */
static void
leave_parking(struct nic_dim *dim)
{
	dim->state = dim->index > 0 ? NIC_DIM_LEFT : NIC_DIM_RIGHT;
	step(dim);
}

/* One sample's rates: where to go from here. */
static void
decide(struct nic_dim *dim, const struct nic_dim_rates *now)
{
	enum verdict verdict = rates_compare(now, &dim->before);

	switch (dim->state) {
	case NIC_DIM_ON_TOP:
		/* Drifting within ten per cent must not go unnoticed. */
		if (verdict == SAME)
			return;
		leave_parking(dim);
		break;
	case NIC_DIM_TIRED:
		assert(dim->tired > 0);
		if (--dim->tired == 0)
			leave_parking(dim);
		break;
	case NIC_DIM_RIGHT:
	case NIC_DIM_LEFT:
		if (verdict != BETTER)
			turn(dim);
		if (passed_top(dim))
			park(dim, NIC_DIM_ON_TOP);
		else
			step(dim);
		break;
	}
	dim->before = *now;
}

bool
nic_dim_sample(struct nic_dim *dim, const struct nic_dim_sample *now)
{
	uint64_t us = (now->time_ps - dim->start.time_ps) / US_PS;
	uint64_t events = now->events - dim->start.events;
	uint32_t index = dim->index;
	struct nic_dim_rates rates;

	if (dim->applying)
		return false;
	if (!dim->measuring) {
		dim->measuring = true;
		dim->start = *now;
		return false;
	}
	if (events < NIC_DIM_EVENTS || us == 0)
		return false;
	rates = (struct nic_dim_rates){
	    .bytes = per_ms(now->bytes - dim->start.bytes, us),
	    .frames = per_ms(now->frames - dim->start.frames, us),
	    .events = per_ms(events, us),
	};
	decide(dim, &rates);
	dim->applying = dim->index != index;
	dim->measuring = !dim->applying;
	dim->start = *now;
	return dim->applying;
}
