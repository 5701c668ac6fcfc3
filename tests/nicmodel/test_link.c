/*
 * test_link.c - serialisation times to the picosecond, and what they add up to.
 */
#include "nicmodel/link.h"

#include <check.h>

#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

/* Picoseconds of the frames of MTU 1500, 64 bytes and MTU 9000. */
static const struct {
	uint64_t rate_bps;
	uint64_t ps_1538;
	uint64_t ps_84;
	uint64_t ps_9038;
} rate_rows[] = {
    {10000000000, 1230400, 67200, 7230400},
    {25000000000, 492160, 26880, 2892160},
    {40000000000, 307600, 16800, 1807600},
    {100000000000, 123040, 6720, 723040},
    {200000000000, 61520, 3360, 361520},
    {400000000000, 30760, 1680, 180760},
};

START_TEST(test_link_takes_the_published_time_for_a_frame)
{
	const uint64_t start = 1000000007;
	struct link link;

	link_init(&link, rate_rows[_i].rate_bps);
	ck_assert_uint_eq(link_send(&link, start, 1538),
			  start + rate_rows[_i].ps_1538);
	ck_assert_uint_eq(link_send(&link, 2 * start, 84),
			  2 * start + rate_rows[_i].ps_84);
	ck_assert_uint_eq(link_send(&link, 3 * start, 9038),
			  3 * start + rate_rows[_i].ps_9038);
	ck_assert_uint_eq(link.busy_ps, rate_rows[_i].ps_1538 +
					    rate_rows[_i].ps_84 +
					    rate_rows[_i].ps_9038);
	ck_assert_uint_eq(link.delayed, 0);
}
END_TEST

/*
 * The published table's other columns: whole frames per millisecond (14.88
 * million a second are 14 880), and pauses of one and of 65 535 quanta of 512
 * bits.
 */
static const struct {
	uint64_t rate_bps;
	uint32_t frames_84;
	uint32_t frames_1538;
	uint64_t quantum_ps;
	uint64_t longest_pause_ps;
} column_rows[] = {
    {10000000000, 14880, 812, 51200, 3355392000},
    {25000000000, 37202, 2031, 20480, 1342156800},
    {40000000000, 59523, 3250, 12800, 838848000},
    {100000000000, 148809, 8127, 5120, 335539200},
    {200000000000, 297619, 16254, 2560, 167769600},
    {400000000000, 595238, 32509, 1280, 83884800},
};

/* Frames back to back whose last bit arrives within a millisecond. */
static uint32_t
frames_per_ms(uint64_t rate_bps, uint32_t wire_bytes)
{
	struct link link;
	uint32_t frames = 0;

	link_init(&link, rate_bps);
	while (link_send(&link, 0, wire_bytes) <= 1000000000)
		frames++;
	return frames;
}

START_TEST(test_link_has_the_published_packet_rates_and_pauses)
{
	uint64_t rate_bps = column_rows[_i].rate_bps;
	struct link link;

	ck_assert_uint_eq(frames_per_ms(rate_bps, 84),
			  column_rows[_i].frames_84);
	ck_assert_uint_eq(frames_per_ms(rate_bps, 1538),
			  column_rows[_i].frames_1538);
	link_init(&link, rate_bps);
	ck_assert_uint_eq(link_send(&link, 0, 64), column_rows[_i].quantum_ps);
	link_init(&link, rate_bps);
	ck_assert_uint_eq(link_send(&link, 0, 65535 * 64),
			  column_rows[_i].longest_pause_ps);
}
END_TEST

/* The share of a busy link's time that TCP's payload gets, in 1 / 10 000. */
static const struct {
	uint32_t payload_bytes;
	uint32_t wire_bytes;
	uint64_t share;
} goodput_rows[] = {
    {1448, 1538, 9415},
    {1460, 1538, 9493},
    {8948, 9038, 9900},
    {1448, 1542, 9390}, /* VLAN: 4 bytes more */
};

START_TEST(test_link_gives_payload_its_published_share)
{
	struct link link;
	uint64_t payload_ps, busy_ps;

	link_init(&link, 100000000000);
	payload_ps = link_send(&link, 0, goodput_rows[_i].payload_bytes);
	link_init(&link, 100000000000);
	busy_ps = link_send(&link, 0, goodput_rows[_i].wire_bytes);
	ck_assert_uint_eq((payload_ps * 10000 + busy_ps / 2) / busy_ps,
			  goodput_rows[_i].share);
}
END_TEST

START_TEST(test_link_frames_queue_behind_each_other)
{
	struct link link;

	link_init(&link, 100000000000);
	ck_assert_uint_eq(link_send(&link, 500, 1538), 123540);
	/* Ready while the first is on the link. */
	ck_assert_uint_eq(link_send(&link, 600, 1538), 246580);
	ck_assert_uint_eq(link_send(&link, 200000, 84), 253300);
	/* Ready exactly when the link is free: not delayed. */
	ck_assert_uint_eq(link_send(&link, 253300, 84), 260020);
	ck_assert_uint_eq(link_send(&link, 1000000, 84), 1006720);
	ck_assert_uint_eq(link.delayed, 2);
	ck_assert_uint_eq(link.delay_sum_ps, 122940 + 46580);
	ck_assert_uint_eq(link.busy_ps, 2 * 123040 + 3 * 6720);
	ck_assert_uint_eq(link.free_ps, 1006720);
}
END_TEST

START_TEST(test_link_without_a_rate_is_transparent)
{
	struct link link;

	link_init(&link, 0);
	ck_assert_uint_eq(link_send(&link, 77, 1538), 77);
	ck_assert_uint_eq(link_send(&link, 77, UINT32_MAX), 77);
	ck_assert_uint_eq(link_send(&link, 5, 84), 5);
	ck_assert_uint_eq(link.busy_ps, 0);
	ck_assert_uint_eq(link.delayed, 0);
}
END_TEST

/*
 * Back to back, the nth frame ends at n * wire bits / rate, rounded down, for
 * every n: rates that do not divide do not drift.
 */
static const struct {
	uint64_t rate_bps;
	uint32_t wire_bytes;
	uint64_t end_1;
	uint64_t end_2;
	uint64_t end_3000000;
} drift_rows[] = {
    /* 1538 B at 3 Gb/s: 4101333 1/3 ps */
    {3000000000, 1538, 4101333, 8202666, 12304000000000},
    /* 84 B at 7 Gb/s: 96000 ps */
    {7000000000, 84, 96000, 192000, 288000000000},
    /* 85 B at 7 Gb/s: 97142 6/7 ps */
    {7000000000, 85, 97142, 194285, 291428571428},
    /* 1538 B at 99.999 Gb/s: 123041.2304... ps */
    {99999000000, 1538, 123041, 246082, 369123691236},
    /* 1 byte at 999.999999999 Gb/s: 8.000000000008 ps */
    {999999999999, 1, 8, 16, 24000000},
};

START_TEST(test_link_does_not_drift_at_rates_that_do_not_divide)
{
	struct link link;
	uint64_t end = 0;

	link_init(&link, drift_rows[_i].rate_bps);
	for (int n = 1; n <= 3000000; n++) {
		end = link_send(&link, 0, drift_rows[_i].wire_bytes);
		if (n == 1)
			ck_assert_uint_eq(end, drift_rows[_i].end_1);
		if (n == 2)
			ck_assert_uint_eq(end, drift_rows[_i].end_2);
	}
	ck_assert_uint_eq(end, drift_rows[_i].end_3000000);
	ck_assert_uint_eq(link.busy_ps, drift_rows[_i].end_3000000);
}
END_TEST

/* The remainder belongs to a busy period: an idle link starts afresh. */
START_TEST(test_link_forgets_the_remainder_when_idle)
{
	struct link link;

	link_init(&link, 3000000000);
	for (uint64_t start = 0; start < 100000000; start += 10000000)
		ck_assert_uint_eq(link_send(&link, start, 1538),
				  start + 4101333);
}
END_TEST

/* A frame that is ready when the last one ends goes on where it ended. */
START_TEST(test_link_keeps_the_remainder_when_busy_without_a_gap)
{
	struct link link;

	link_init(&link, 3000000000);
	ck_assert_uint_eq(link_send(&link, 0, 1538), 4101333);
	ck_assert_uint_eq(link_send(&link, 4101333, 1538), 8202666);
	ck_assert_uint_eq(link_send(&link, 8202666, 1538), 12304000);
	ck_assert_uint_eq(link.delayed, 0);
}
END_TEST

/* Products beyond 64 bits: 4 GiB - 1 at the slowest rate, 9.5 hours. */
START_TEST(test_link_takes_the_longest_frame_at_the_lowest_rate)
{
	struct link link;

	link_init(&link, LINK_RATE_MIN_BPS);
	ck_assert_uint_eq(link_send(&link, 0, UINT32_MAX),
			  UINT64_C(34359738360000000));
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *link_suite(void);

Suite *
link_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_link_takes_the_published_time_for_a_frame,
		 COUNT(rate_rows)),
	    TEST(test_link_has_the_published_packet_rates_and_pauses,
		 COUNT(column_rows)),
	    TEST(test_link_gives_payload_its_published_share,
		 COUNT(goodput_rows)),
	    TEST(test_link_frames_queue_behind_each_other, 0),
	    TEST(test_link_without_a_rate_is_transparent, 0),
	    TEST(test_link_does_not_drift_at_rates_that_do_not_divide,
		 COUNT(drift_rows)),
	    TEST(test_link_forgets_the_remainder_when_idle, 0),
	    TEST(test_link_keeps_the_remainder_when_busy_without_a_gap, 0),
	    TEST(test_link_takes_the_longest_frame_at_the_lowest_rate, 0),
	};

	return suite_create_table("link", tests, (size_t)COUNT(tests), NULL,
				  NULL, 0);
}
