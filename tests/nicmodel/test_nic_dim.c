/*
 * test_nic_dim.c - adaptive moderation: the tables, and where it parks (V3).
 *
 * A replay is a host that has, for each profile, steady rates: what one
 * millisecond brings of bytes, frames and interrupts.  The row says which
 * profiles the climb visits and where it ends.
 */
#include "nicmodel/nic_dim.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define MS UINT64_C(1000000000) /* picoseconds */

enum { TRACE_BYTES = 128 };

static struct nic_dim dim;
static struct nic_dim_sample counts;

static void
setup(void)
{
	nic_dim_init(&dim, NIC_MODERATION_EQE);
	counts = (struct nic_dim_sample){0};
	/* The first sample begins the measurement. */
	ck_assert(!nic_dim_sample(&dim, &counts));
}

/* 04-nic section 2.3, in full. */
START_TEST(test_nic_dim_profiles_are_those_of_linux)
{
	static const uint32_t eqe[][2] = {
	    {1, 256}, {8, 256}, {64, 256}, {128, 256}, {256, 256}};
	static const uint32_t cqe[][2] = {
	    {2, 256}, {8, 128}, {16, 64}, {32, 64}, {64, 64}};

	for (uint32_t i = 0; i < NIC_DIM_PROFILES; i++) {
		const struct nic_dim_profile *profile;

		nic_dim_init(&dim, NIC_MODERATION_EQE);
		dim.index = i;
		profile = nic_dim_profile_now(&dim);
		ck_assert_uint_eq(profile->usec, eqe[i][0]);
		ck_assert_uint_eq(profile->frames, eqe[i][1]);
		dim.mode = NIC_MODERATION_CQE;
		profile = nic_dim_profile_now(&dim);
		ck_assert_uint_eq(profile->usec, cqe[i][0]);
		ck_assert_uint_eq(profile->frames, cqe[i][1]);
	}
	nic_dim_init(&dim, NIC_MODERATION_CQE);
	ck_assert_uint_eq(dim.index, 1);
}
END_TEST

/* Per millisecond; interrupts are multiples of 64, so a sample is whole. */
struct rates {
	uint64_t bytes, frames, events;
};

/* One sample of a millisecond; a changed profile is applied at once. */
static void
pass_ms(const struct rates *rates)
{
	counts.time_ps += MS;
	counts.bytes += rates->bytes;
	counts.frames += rates->frames;
	counts.events += rates->events;
	if (!nic_dim_sample(&dim, &counts))
		return;
	nic_dim_applied(&dim);
	ck_assert(!nic_dim_sample(&dim, &counts));
}

struct replay {
	const char *name;
	struct rates rates[NIC_DIM_PROFILES]; /* by index */
	int samples;
	const char *trace; /* index after each sample; + on top, ~ tired */
};

/* clang-format off */
static const struct replay replays[] = {
    {"as many bytes with fewer interrupts: to the right edge",
     {{1000, 100, 640}, {1000, 100, 512}, {1000, 100, 384}, {1000, 100, 256},
      {1000, 100, 128}},
     6, "2 3 4 4+ 4+ 4+"},
    {"bytes grow with moderation: to the right edge",
     {{100, 10, 64}, {200, 20, 64}, {300, 30, 64}, {400, 40, 64},
      {500, 50, 64}},
     5, "2 3 4 4+ 4+"},
    {"bytes shrink with moderation: to the left edge",
     {{500, 50, 64}, {400, 40, 64}, {300, 30, 64}, {200, 20, 64},
      {100, 10, 64}},
     5, "2 1 0 0+ 0+"},
    {"a maximum in the middle, passed and come back to",
     {{100, 10, 64}, {200, 20, 64}, {400, 40, 64}, {300, 30, 64},
      {100, 10, 64}},
     6, "2 3 2 2+ 2+ 2+"},
    {"a maximum further right",
     {{100, 10, 64}, {200, 20, 64}, {300, 30, 64}, {400, 40, 64},
      {300, 30, 64}},
     7, "2 3 4 3 3+ 3+ 3+"},
    {"frames decide where bytes are equal",
     {{100, 10, 64}, {100, 20, 64}, {100, 40, 64}, {100, 30, 64},
      {100, 10, 64}},
     5, "2 3 2 2+ 2+"},
    {"bytes decide before frames and interrupts",
     {{100, 90, 64}, {200, 80, 128}, {300, 70, 192}, {400, 60, 256},
      {500, 50, 320}},
     5, "2 3 4 4+ 4+"},
    {"no difference: wanders for ten steps, rests for ten samples, leaves",
     {{100, 10, 64}, {100, 10, 64}, {100, 10, 64}, {100, 10, 64},
      {100, 10, 64}},
     22, "2 1 2 1 2 1 2 1 2 1 1~ 1~ 1~ 1~ 1~ 1~ 1~ 1~ 1~ 1~ 0 1"},
    {"differences of ten per cent are none",
     {{100, 10, 64}, {1000, 10, 64}, {1100, 10, 64}, {1100, 10, 64},
      {1100, 10, 64}},
     3, "2 1 2"},
    /* Not so in Linux, which cuts 10.5 down to 10 before it compares. */
    {"a difference of ten and a half per cent is one",
     {{100, 10, 64}, {1000, 10, 64}, {1105, 10, 64}, {1105, 10, 64},
      {1105, 10, 64}},
     3, "2 3 2"},
    {"differences above ten per cent are some",
     {{100, 10, 64}, {1000, 10, 64}, {1101, 10, 64}, {1101, 10, 64},
      {1101, 10, 64}},
     3, "2 3 2"},
    {"silence: the first sample is no better, and turns",
     {{0, 0, 64}, {0, 0, 64}, {0, 0, 64}, {0, 0, 64}, {0, 0, 64}},
     2, "0 1"},
};
/* clang-format on */

static void
note_state(char *trace)
{
	size_t used = strlen(trace);
	const char *sign = "";

	if (dim.state == NIC_DIM_ON_TOP)
		sign = "+";
	if (dim.state == NIC_DIM_TIRED)
		sign = "~";
	snprintf(trace + used, TRACE_BYTES - used, "%s%u%s",
		 used == 0 ? "" : " ", (unsigned)dim.index, sign);
}

START_TEST(test_nic_dim_parks_as_described)
{
	const struct replay *replay = &replays[_i];
	char trace[TRACE_BYTES] = "";

	for (int i = 0; i < replay->samples; i++) {
		pass_ms(&replay->rates[dim.index]);
		note_state(trace);
	}
	ck_assert_msg(strcmp(trace, replay->trace) == 0, "%s:\n%s, not\n%s",
		      replay->name, trace, replay->trace);
}
END_TEST

/* Parked at the right edge, at these rates; then one or two more samples. */
static const struct {
	struct rates then[2];
	uint32_t index;
	enum nic_dim_state state;
} parked[] = {
    {{{1000, 100, 128}, {1000, 100, 128}}, 4, NIC_DIM_ON_TOP},
    {{{1100, 110, 140}, {1000, 100, 128}}, 4, NIC_DIM_ON_TOP},
    {{{900, 100, 128}, {1000, 100, 128}}, 4, NIC_DIM_ON_TOP},
    /* Each 6 % more than the one before: compared with the first. */
    {{{1060, 100, 128}, {1123, 100, 128}}, 3, NIC_DIM_LEFT},
    {{{899, 100, 128}, {899, 100, 128}}, 4, NIC_DIM_RIGHT},
    {{{1000, 111, 128}, {0, 0, 0}}, 3, NIC_DIM_LEFT},
    {{{1000, 100, 256}, {0, 0, 0}}, 3, NIC_DIM_LEFT},
};

START_TEST(test_nic_dim_leaves_the_top_when_rates_change)
{
	static const struct rates *rates = replays[0].rates;

	for (int i = 0; i < 4; i++)
		pass_ms(&rates[dim.index]);
	ck_assert_int_eq(dim.state, NIC_DIM_ON_TOP);
	for (int i = 0; i < 2 && parked[_i].then[i].events > 0; i++)
		pass_ms(&parked[_i].then[i]);
	ck_assert_uint_eq(dim.index, parked[_i].index);
	ck_assert_int_eq(dim.state, parked[_i].state);
}
END_TEST

/* clang-format off */
/* What a host that is parked at the right edge is like from then on. */
static const struct replay changes[] = {
    {"a maximum on the way left, passed and come back to",
     {{100, 10, 64}, {200, 20, 64}, {400, 40, 64}, {300, 30, 64},
      {200, 20, 64}},
     6, "3 2 1 2 2+ 2+"},
    {"a maximum further left, passed by one step",
     {{100, 10, 64}, {400, 40, 64}, {300, 30, 64}, {200, 20, 64},
      {100, 10, 64}},
     7, "3 2 1 0 1 1+ 1+"},
    {"less right away: one step left is not enough to park at its end",
     {{100, 10, 64}, {200, 20, 64}, {300, 30, 64}, {400, 40, 64},
      {500, 50, 64}},
     4, "3 4 4+ 4+"},
    {"shrinks all the way: to the left edge",
     {{500, 50, 64}, {400, 40, 64}, {300, 30, 64}, {200, 20, 64},
      {100, 10, 64}},
     6, "3 2 1 0 0+ 0+"},
};
/* clang-format on */

START_TEST(test_nic_dim_comes_back_from_the_left_as_from_the_right)
{
	static const struct rates *rates = replays[0].rates;
	const struct replay *replay = &changes[_i];
	char trace[TRACE_BYTES] = "";

	for (int i = 0; i < 4; i++)
		pass_ms(&rates[dim.index]);
	ck_assert_uint_eq(dim.index, 4);
	ck_assert_int_eq(dim.state, NIC_DIM_ON_TOP);
	for (int i = 0; i < replay->samples; i++) {
		pass_ms(&replay->rates[dim.index]);
		note_state(trace);
	}
	ck_assert_msg(strcmp(trace, replay->trace) == 0, "%s:\n%s, not\n%s",
		      replay->name, trace, replay->trace);
}
END_TEST

/* At the left edge only the right is open. */
START_TEST(test_nic_dim_leaves_the_left_edge_to_the_right)
{
	static const struct rates *rates = replays[2].rates;

	for (int i = 0; i < 4; i++)
		pass_ms(&rates[dim.index]);
	ck_assert_uint_eq(dim.index, 0);
	ck_assert_int_eq(dim.state, NIC_DIM_ON_TOP);
	pass_ms(&rates[4]);
	ck_assert_uint_eq(dim.index, 1);
	ck_assert_int_eq(dim.state, NIC_DIM_RIGHT);
}
END_TEST

START_TEST(test_nic_dim_samples_every_64_interrupts)
{
	counts = (struct nic_dim_sample){
	    .time_ps = MS, .events = 63, .frames = 100, .bytes = 1000};
	ck_assert(!nic_dim_sample(&dim, &counts));
	counts.events = 64;
	ck_assert(nic_dim_sample(&dim, &counts));
	ck_assert_uint_eq(dim.index, 2);
}
END_TEST

/* Between the decision and the work item nothing is measured. */
START_TEST(test_nic_dim_waits_for_the_work_item)
{
	const struct rates rates = {1000, 100, 64};

	counts = (struct nic_dim_sample){
	    .time_ps = MS, .events = 64, .frames = 100, .bytes = 1000};
	ck_assert(nic_dim_sample(&dim, &counts));
	for (int i = 0; i < 3; i++) {
		counts.time_ps += MS;
		counts.events += 64;
		ck_assert(!nic_dim_sample(&dim, &counts));
	}
	nic_dim_applied(&dim);
	ck_assert(!nic_dim_sample(&dim, &counts)); /* begins */
	pass_ms(&rates);
	/* Only the last millisecond counted: as many bytes, so it turns. */
	ck_assert_uint_eq(dim.before.bytes, 1000);
	ck_assert_uint_eq(dim.index, 1);
}
END_TEST

/* Less than a microsecond is no time to divide by: the sample goes on. */
START_TEST(test_nic_dim_needs_a_microsecond)
{
	counts = (struct nic_dim_sample){
	    .time_ps = 999999, .events = 64, .frames = 1, .bytes = 1};
	ck_assert(!nic_dim_sample(&dim, &counts));
	counts.time_ps = 1999999;
	ck_assert(nic_dim_sample(&dim, &counts));
	ck_assert_uint_eq(dim.before.bytes, 1000);
	ck_assert_uint_eq(dim.before.events, 64000);
}
END_TEST

/* Rates are rounded up: 1 in 3 ms is 1 per ms, 64 in 3 ms is 22. */
START_TEST(test_nic_dim_rounds_rates_up)
{
	counts = (struct nic_dim_sample){
	    .time_ps = 3 * MS, .events = 64, .frames = 1, .bytes = 4};
	ck_assert(nic_dim_sample(&dim, &counts));
	ck_assert_uint_eq(dim.before.frames, 1);
	ck_assert_uint_eq(dim.before.bytes, 2);
	ck_assert_uint_eq(dim.before.events, 22);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_dim_suite(void);

Suite *
nic_dim_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_dim_profiles_are_those_of_linux, 0),
	    TEST(test_nic_dim_parks_as_described, COUNT(replays)),
	    TEST(test_nic_dim_leaves_the_top_when_rates_change, COUNT(parked)),
	    TEST(test_nic_dim_comes_back_from_the_left_as_from_the_right,
		 COUNT(changes)),
	    TEST(test_nic_dim_leaves_the_left_edge_to_the_right, 0),
	    TEST(test_nic_dim_samples_every_64_interrupts, 0),
	    TEST(test_nic_dim_waits_for_the_work_item, 0),
	    TEST(test_nic_dim_needs_a_microsecond, 0),
	    TEST(test_nic_dim_rounds_rates_up, 0),
	};

	return suite_create_table("nic_dim", tests, (size_t)COUNT(tests), setup,
				  NULL, 0);
}
