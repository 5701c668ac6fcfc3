/*
 * test_nic_pause.c - thresholds, and the times of 04-nic section 2.8.
 */
#include "nicmodel/nic_pause.h"

#include <check.h>

#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define GBPS UINT64_C(1000000000)

static struct nic_pause pause;

/* One quantum, and the longest pause, in picoseconds. */
static const struct {
	uint64_t rate_gbps, quantum_ps, longest_ps, frame_ps;
} times[] = {
    {10, 51200, 3355392000, 67200}, {25, 20480, 1342156800, 26880},
    {40, 12800, 838848000, 16800},  {100, 5120, 335539200, 6720},
    {200, 2560, 167769600, 3360},   {400, 1280, 83884800, 1680},
};

START_TEST(test_nic_pause_times_are_those_of_the_rate)
{
	nic_pause_init(&pause, times[_i].rate_gbps * GBPS, 3, 2, 1);
	ck_assert_uint_eq(nic_pause_time(&pause, 0), 0);
	ck_assert_uint_eq(nic_pause_time(&pause, 1), times[_i].quantum_ps);
	ck_assert_uint_eq(nic_pause_time(&pause, NIC_PAUSE_QUANTA),
			  times[_i].longest_ps);
	ck_assert_uint_eq(nic_pause_wire_time(&pause), times[_i].frame_ps);
	ck_assert_uint_eq(nic_pause_interval(&pause),
			  32767 * times[_i].quantum_ps);
}
END_TEST

enum step_kind { END, PUT, TAKE, REFRESH, FULL };

/* A buffer of 1000 bytes, XOFF at 600, XON at 300. */
static const struct step {
	enum step_kind kind;
	uint32_t bytes;
	uint64_t now;
	enum nic_pause_act act;
	uint32_t level;	    /* afterwards */
	uint64_t paused_ps; /* afterwards: pauses that are over */
} steps[] = {
    {PUT, 599, 10, NIC_PAUSE_NONE, 599, 0},
    {REFRESH, 0, 11, NIC_PAUSE_NONE, 599, 0},
    {PUT, 1, 12, NIC_PAUSE_XOFF, 600, 0},
    {PUT, 100, 13, NIC_PAUSE_NONE, 700, 0},
    {REFRESH, 0, 14, NIC_PAUSE_XOFF, 700, 0},
    {FULL, 301, 15, NIC_PAUSE_NONE, 700, 0},
    {PUT, 300, 16, NIC_PAUSE_NONE, 1000, 0},
    {FULL, 1, 17, NIC_PAUSE_NONE, 1000, 0},
    {TAKE, 699, 18, NIC_PAUSE_NONE, 301, 0},
    {TAKE, 1, 20, NIC_PAUSE_XON, 300, 8},
    {TAKE, 100, 21, NIC_PAUSE_NONE, 200, 8},
    {PUT, 300, 22, NIC_PAUSE_NONE, 500, 8},
    {REFRESH, 0, 23, NIC_PAUSE_NONE, 500, 8},
    {PUT, 500, 24, NIC_PAUSE_XOFF, 1000, 8},
    {TAKE, 1000, 30, NIC_PAUSE_XON, 0, 14},
};

static enum nic_pause_act
run_step(const struct step *step)
{
	switch (step->kind) {
	case PUT:
		ck_assert(nic_pause_has_room(&pause, step->bytes));
		return nic_pause_put(&pause, step->bytes, step->now);
	case TAKE:
		return nic_pause_take(&pause, step->bytes, step->now);
	case REFRESH:
		return nic_pause_refresh(&pause);
	case FULL:
	case END:
		ck_assert(!nic_pause_has_room(&pause, step->bytes));
		break;
	}
	return NIC_PAUSE_NONE;
}

START_TEST(test_nic_pause_stops_at_xoff_and_goes_on_at_xon)
{
	nic_pause_init(&pause, 100 * GBPS, 1000, 600, 300);
	for (int i = 0; i < COUNT(steps); i++) {
		enum nic_pause_act act = run_step(&steps[i]);

		ck_assert_msg(act == steps[i].act, "step %d: %d", i, act);
		ck_assert_uint_eq(pause.bytes, steps[i].level);
		ck_assert_uint_eq(pause.paused_ps, steps[i].paused_ps);
	}
	ck_assert_uint_eq(pause.pauses_sent, 5);
	ck_assert_uint_eq(pause.discards, 2);
	ck_assert_uint_eq(pause.bytes_max, 1000);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_pause_suite(void);

Suite *
nic_pause_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_pause_times_are_those_of_the_rate, COUNT(times)),
	    TEST(test_nic_pause_stops_at_xoff_and_goes_on_at_xon, 0),
	};

	return suite_create_table("nic_pause", tests, (size_t)COUNT(tests),
				  NULL, NULL, 0);
}
