/*
 * test_tcp_window.c - autosizing and the window, with the numbers by hand.
 */
#include "engine/tcp_window.h"

#include <check.h>
#include <errno.h>

#include "engine/sockbuf.h"
#include "engine/socket.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum { HIWAT = 65536, SRTT = 1000, MAX = 1 << 20 };

static struct rx_fixture fx;
static struct sockbuf *const sb = &fx.so.so_rcv;
static struct tcp_rcvbuf rcvbuf;

static void
setup(void)
{
	struct ktls_key key =
	    rx_key(TLS_1_2, TLS_CIPHER_CHACHA20_POLY1305, 32, 1);

	rx_init(&fx, &key, KTLS_CRYPTO_MODEL);
	sb->sb_flags |= SB_AUTOSIZE;
	rcvbuf = (struct tcp_rcvbuf){0};
}

static void
teardown(void)
{
	rx_fini(&fx);
}

/* `bytes` arrive at the mark; a segment at `at` judges them. */
static const struct {
	uint32_t bytes;
	uint64_t at;
	uint64_t srtt;
	uint32_t max;
	bool autosize;
	uint32_t hiwat; /* afterwards */
} growth_rows[] = {
    {24577, 501, SRTT, MAX, true, 98304},
    {24576, 501, SRTT, MAX, true, HIWAT},
    {24577, 500, SRTT, MAX, true, HIWAT},
    {24577, 501, 0, MAX, true, HIWAT},
    {24577, 501, SRTT, MAX, false, HIWAT},
    {24577, 501, SRTT, 70000, true, 70000},
    {24577, 501, SRTT, HIWAT, true, HIWAT},
    {24577, 501, SRTT, 1000, true, HIWAT},
    {24577, 100000, SRTT, MAX, true, 98304},
};

START_TEST(test_tcp_window_grows_by_half_past_three_eighths_in_half_a_trip)
{
	bool grown;

	if (!growth_rows[_i].autosize)
		sb->sb_flags &= ~SB_AUTOSIZE;
	ck_assert(!tcp_autorcvbuf(&rcvbuf, sb, growth_rows[_i].bytes, 0,
				  growth_rows[_i].srtt, growth_rows[_i].max));
	grown = tcp_autorcvbuf(&rcvbuf, sb, 1448, growth_rows[_i].at,
			       growth_rows[_i].srtt, growth_rows[_i].max);
	ck_assert(grown == (growth_rows[_i].hiwat != HIWAT));
	ck_assert_uint_eq(sb->sb_hiwat, growth_rows[_i].hiwat);
	if (grown)
		ck_assert_uint_eq(sb->sb_mbmax, 8 * growth_rows[_i].hiwat);
}
END_TEST

START_TEST(test_tcp_window_each_mark_begins_a_new_count)
{
	/* 24577 by the first mark; the second hears of 1448 only. */
	tcp_autorcvbuf(&rcvbuf, sb, 24577, 0, SRTT, MAX);
	ck_assert(tcp_autorcvbuf(&rcvbuf, sb, 1448, 501, SRTT, MAX));
	ck_assert(!tcp_autorcvbuf(&rcvbuf, sb, 1448, 600, SRTT, MAX));
	ck_assert(!tcp_autorcvbuf(&rcvbuf, sb, 60000, 1101, SRTT, MAX));
	ck_assert(!tcp_autorcvbuf(&rcvbuf, sb, 40000, 1102, SRTT, MAX));
	ck_assert(tcp_autorcvbuf(&rcvbuf, sb, 0, 1603, SRTT, MAX));
	ck_assert_uint_eq(sb->sb_hiwat, 147456);
}
END_TEST

START_TEST(test_tcp_window_growth_beyond_the_system_ends_autosizing)
{
	uint64_t now = 0;

	for (int i = 0; i < 40; i++, now += 501) {
		tcp_autorcvbuf(&rcvbuf, sb, sb->sb_hiwat, now, SRTT,
			       UINT32_MAX);
		now += 501;
		tcp_autorcvbuf(&rcvbuf, sb, 1, now, SRTT, UINT32_MAX);
	}
	/* 2 MiB of clusters with their mbufs hold 1864135 bytes. */
	ck_assert_uint_eq(sb->sb_hiwat, 1679616);
	ck_assert_uint_eq(sb->sb_flags & SB_AUTOSIZE, 0);
}
END_TEST

START_TEST(test_tcp_window_fixed_buffer_ends_autosizing)
{
	ck_assert_int_eq(so_set_rcvbuf(&fx.so, 0), EINVAL);
	ck_assert_int_eq(so_set_rcvbuf(&fx.so, -5), EINVAL);
	ck_assert_int_eq(so_set_rcvbuf(&fx.so, 1864136), ENOBUFS);
	ck_assert_int_eq(so_set_rcvbuf(&fx.so, INT64_C(1) << 40), ENOBUFS);
	ck_assert_uint_eq(sb->sb_flags & SB_AUTOSIZE, SB_AUTOSIZE);
	ck_assert_int_eq(so_set_rcvlowat(&fx.so, 0), EINVAL);
	ck_assert_int_eq(so_set_rcvlowat(&fx.so, INT64_C(1) << 40), 0);
	ck_assert_uint_eq(sb->sb_lowat, HIWAT);
	ck_assert_int_eq(so_set_rcvbuf(&fx.so, 5000), 0);
	ck_assert_uint_eq(sb->sb_lowat, 5000);
	ck_assert_uint_eq(sb->sb_mbmax, 40000);
	ck_assert_uint_eq(sb->sb_flags & SB_AUTOSIZE, 0);
	tcp_autorcvbuf(&rcvbuf, sb, 60000, 0, SRTT, MAX);
	ck_assert(!tcp_autorcvbuf(&rcvbuf, sb, 1, 501, SRTT, MAX));
	ck_assert_int_eq(so_set_rcvbuf(&fx.so, 1864135), 0);
}
END_TEST

static const struct {
	uint32_t claimed; /* sb_ccc */
	uint32_t memory;  /* sb_mbcnt */
	uint32_t flags;
	uint32_t offered;
	int64_t space;
	uint32_t window;
} window_rows[] = {
    {0, 0, 0, 0, 65536, 65536},
    {60000, 0, 0, 0, 5536, 5536},
    {64089, 0, 0, 0, 1447, 0},
    {64088, 0, 0, 0, 1448, 1448},
    {64089, 0, 0, 9000, 1447, 9000},
    {65536, 0, 0, 0, 0, 0},
    {65540, 0, 0, 0, -4, 0},
    {65540, 0, 0, 300, -4, 300},
    {0, 524288 - 2000, 0, 0, 2000, 2000},
    {0, 524288 + 1, 0, 0, -1, 0},
    {0, 0, SB_STOP, 0, 0, 0},
};

START_TEST(test_tcp_window_is_what_bytes_and_memory_leave)
{
	struct sockbuf empty = *sb;

	sb->sb_ccc = window_rows[_i].claimed;
	sb->sb_mbcnt = window_rows[_i].memory;
	sb->sb_flags |= window_rows[_i].flags;
	ck_assert_int_eq(sbspace(sb), window_rows[_i].space);
	ck_assert_uint_eq(tcp_rcvwin(sb, 1448, window_rows[_i].offered),
			  window_rows[_i].window);
	*sb = empty;
}
END_TEST

/* Less than a segment is offered where it is a quarter of the buffer. */
START_TEST(test_tcp_window_of_a_small_buffer_may_be_below_a_segment)
{
	static const uint32_t claimed[] = {0, 1000, 1500, 1501, 2000};
	static const uint32_t window[] = {2000, 1000, 500, 0, 0};
	struct sockbuf empty;

	ck_assert(sbreserve(sb, 2000));
	empty = *sb;
	sb->sb_ccc = claimed[_i];
	ck_assert_uint_eq(tcp_rcvwin(sb, 1448, 0), window[_i]);
	*sb = empty;
}
END_TEST

START_TEST(test_tcp_window_ciphertext_holds_it_like_plaintext)
{
	uint8_t wire[1200] = {0};
	struct ktls_rx_job job;
	unsigned effects;
	size_t len;

	rx_enable(&fx);
	len = rx_record(&fx, 23, wire, 1000, 0, wire);
	rx_feed(&fx, wire, len);
	ck_assert_int_eq(sbspace(sb), HIWAT - 1021);
	ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);
	ck_assert_int_eq(sbspace(sb), HIWAT - 1021);
	ktls_rx_abandon(&fx.so, &job);
	ck_assert_int_eq(sbspace(sb), HIWAT);
	rx_feed(&fx, wire, rx_record(&fx, 23, wire, 1000, 0, wire));
	rx_pass(&fx);
	/* 24 bytes of control message for 21 of header and tag. */
	ck_assert_int_eq(sbspace(sb), HIWAT - 1024);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *tcp_window_suite(void);

Suite *
tcp_window_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(
		test_tcp_window_grows_by_half_past_three_eighths_in_half_a_trip,
		COUNT(growth_rows)),
	    TEST(test_tcp_window_each_mark_begins_a_new_count, 0),
	    TEST(test_tcp_window_growth_beyond_the_system_ends_autosizing, 0),
	    TEST(test_tcp_window_fixed_buffer_ends_autosizing, 0),
	    TEST(test_tcp_window_is_what_bytes_and_memory_leave,
		 COUNT(window_rows)),
	    TEST(test_tcp_window_of_a_small_buffer_may_be_below_a_segment, 5),
	    TEST(test_tcp_window_ciphertext_holds_it_like_plaintext, 0),
	};

	return suite_create_table("tcp_window", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
