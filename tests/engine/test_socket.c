/*
 * test_socket.c - what a reader gets: records, pieces, errors and ends.
 *
 * Records are made in model mode, so their payload arrives as it was fed.
 */
#include "engine/socket.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/mbuf.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

static struct rx_fixture fx;
static struct rx_read got;
static uint8_t flat[20000];

static void
setup(void)
{
	struct ktls_key key =
	    rx_key(TLS_1_2, TLS_CIPHER_CHACHA20_POLY1305, 32, 1);

	rx_init(&fx, &key, KTLS_CRYPTO_MODEL);
	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(i * 31 + i / 251);
}

static void
teardown(void)
{
	rx_fini(&fx);
}

/* Deliver one record of len bytes from flat + off to the plain chain. */
static void
deliver(uint8_t type, size_t off, size_t len)
{
	uint8_t wire[RX_RECORD_MAX];
	size_t total = rx_record(&fx, type, flat + off, len, 0, wire);

	rx_feed_segments(&fx, wire, total, 1448);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
}

static void
expect(int error, bool eof, bool has_record, bool eor, uint32_t bytes)
{
	ck_assert_int_eq(got.result.error, error);
	ck_assert(got.result.eof == eof);
	ck_assert(got.result.has_record == has_record);
	ck_assert(got.result.eor == eor);
	ck_assert_uint_eq(got.result.bytes, bytes);
}

START_TEST(test_socket_read_returns_one_record_per_call)
{
	rx_enable(&fx);
	deliver(22, 0, 100);
	deliver(23, 100, 5000);
	rx_read(&fx, 16384, 0, &got);
	expect(0, false, true, true, 100);
	ck_assert_uint_eq(got.result.record.tls_type, 22);
	ck_assert_uint_eq(got.result.record.tls_length, 100);
	ck_assert_mem_eq(got.bytes, flat, 100);
	rx_read(&fx, 16384, 0, &got);
	expect(0, false, true, true, 5000);
	ck_assert_uint_eq(got.result.record.tls_vmajor, 3);
	ck_assert_uint_eq(got.result.record.tls_vminor, 3);
	ck_assert_uint_eq(got.result.record.tls_padding, 0);
	ck_assert_mem_eq(got.bytes, flat + 100, 5000);
	rx_read(&fx, 16384, 0, &got);
	expect(EWOULDBLOCK, false, false, false, 0);
}
END_TEST

START_TEST(test_socket_short_read_leaves_the_rest_without_control)
{
	rx_enable(&fx);
	deliver(23, 0, 3000);
	deliver(21, 0, 2);
	rx_read(&fx, 2000, 0, &got);
	expect(0, false, true, false, 2000);
	rx_read(&fx, 500, 0, &got);
	expect(0, false, false, false, 500);
	ck_assert_mem_eq(got.bytes, flat + 2000, 500);
	rx_read(&fx, 16384, 0, &got);
	expect(0, false, false, true, 500);
	ck_assert_mem_eq(got.bytes, flat + 2500, 500);
	rx_read(&fx, 16384, 0, &got);
	expect(0, false, true, true, 2);
}
END_TEST

START_TEST(test_socket_read_of_no_bytes_takes_the_control_only)
{
	rx_enable(&fx);
	deliver(23, 0, 10);
	rx_read(&fx, 0, 0, &got);
	expect(0, false, true, false, 0);
	rx_read(&fx, 10, 0, &got);
	expect(0, false, false, true, 10);
}
END_TEST

START_TEST(test_socket_peek_removes_nothing)
{
	rx_enable(&fx);
	deliver(23, 0, 3000);
	for (int i = 0; i < 3; i++) {
		rx_read(&fx, i == 0 ? 100 : 4000, SORECEIVE_PEEK, &got);
		expect(0, false, true, i > 0, i == 0 ? 100 : 3000);
	}
	ck_assert_uint_eq(fx.so.so_rcv.sb_acc, 3024);
	rx_read(&fx, 4000, 0, &got);
	expect(0, false, true, true, 3000);
	fx.so.so_error = EBADMSG;
	rx_read(&fx, 4000, SORECEIVE_PEEK, &got);
	expect(EBADMSG, false, false, false, 0);
	rx_read(&fx, 4000, 0, &got);
	expect(EBADMSG, false, false, false, 0);
	rx_read(&fx, 4000, 0, &got);
	expect(EWOULDBLOCK, false, false, false, 0);
}
END_TEST

START_TEST(test_socket_empty_record_is_told_from_the_end_by_its_control)
{
	rx_enable(&fx);
	deliver(23, 0, 0);
	ck_assert(soreadable(&fx.so));
	ck_assert_uint_eq(fx.so.so_rcv.sb_acc, 24);
	rx_read(&fx, 100, 0, &got);
	expect(0, false, true, false, 0);
	ck_assert_uint_eq(got.result.record.tls_length, 0);
	rx_read(&fx, 100, 0, &got);
	expect(EWOULDBLOCK, false, false, false, 0);
	socantrcvmore(&fx.so);
	rx_read(&fx, 100, 0, &got);
	expect(0, true, false, false, 0);
}
END_TEST

START_TEST(test_socket_error_waits_until_the_plain_queue_is_empty)
{
	rx_enable(&fx);
	deliver(23, 0, 100);
	fx.so.so_error = EBADMSG;
	deliver(23, 100, 50);
	rx_read(&fx, 60, 0, &got);
	expect(0, false, true, false, 60);
	rx_read(&fx, 60, 0, &got);
	expect(0, false, false, true, 40);
	rx_read(&fx, 60, 0, &got);
	expect(0, false, true, true, 50);
	rx_read(&fx, 60, 0, &got);
	expect(EBADMSG, false, false, false, 0);
	rx_read(&fx, 60, 0, &got);
	expect(EWOULDBLOCK, false, false, false, 0);
}
END_TEST

START_TEST(test_socket_plain_read_takes_bytes_across_packets)
{
	rx_feed_segments(&fx, flat, 4000, 1448);
	ck_assert(soreadable(&fx.so));
	rx_read(&fx, 3000, SORECEIVE_PEEK, &got);
	expect(0, false, false, false, 3000);
	rx_read(&fx, 3000, 0, &got);
	expect(0, false, false, false, 3000);
	ck_assert_mem_eq(got.bytes, flat, 3000);
	ck_assert_uint_eq(got.pieces, 3);
	socantrcvmore(&fx.so);
	rx_read(&fx, 3000, 0, &got);
	expect(0, false, false, false, 1000);
	ck_assert_mem_eq(got.bytes, flat + 3000, 1000);
	rx_read(&fx, 3000, 0, &got);
	expect(0, true, false, false, 0);
}
END_TEST

START_TEST(test_socket_unknown_bytes_are_read_without_storage)
{
	uint8_t wire[4000];
	size_t total;
	struct soreceive_result result;

	rx_feed_cut(&fx, flat, 60, 1388);
	rx_read(&fx, 100, 0, &got);
	expect(0, false, false, false, 100);
	ck_assert_uint_eq(got.unknown, 40);
	rx_read(&fx, 4000, 0, &got);
	ck_assert_uint_eq(got.unknown, 1348);
	rx_enable(&fx);
	total = rx_record(&fx, 23, flat, 1000, 0, wire);
	rx_feed_cut(&fx, wire, 60, total - 60);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	rx_read(&fx, 500, SORECEIVE_PEEK, &got);
	ck_assert_uint_eq(got.unknown, 500 - 55);
	soreceive(&fx.so, 4000, 0, NULL, NULL, &result);
	ck_assert_uint_eq(result.bytes, 1000);
	ck_assert(result.eor);
}
END_TEST

START_TEST(test_socket_low_water_mark_holds_back_incomplete_data_only)
{
	fx.so.so_rcv.sb_lowat = 500;
	rx_feed(&fx, flat, 400);
	ck_assert(!soreadable(&fx.so));
	rx_read(&fx, 4000, 0, &got);
	expect(EWOULDBLOCK, false, false, false, 0);
	rx_read(&fx, 400, 0, &got);
	expect(0, false, false, false, 400);
	rx_feed(&fx, flat, 400);
	socantrcvmore(&fx.so);
	rx_read(&fx, 4000, 0, &got);
	expect(0, false, false, false, 400);
}
END_TEST

START_TEST(test_socket_complete_record_ignores_the_low_water_mark)
{
	rx_enable(&fx);
	fx.so.so_rcv.sb_lowat = 500;
	deliver(23, 0, 10);
	ck_assert(!soreadable(&fx.so));
	rx_read(&fx, 4000, 0, &got);
	expect(0, false, true, true, 10);
	deliver(23, 0, 0);
	rx_read(&fx, 4000, 0, &got);
	expect(EWOULDBLOCK, false, false, false, 0);
	fx.so.so_error = EBADMSG;
	rx_read(&fx, 4000, 0, &got);
	expect(0, false, true, false, 0);
	fx.so.so_error = 0;
}
END_TEST

/* The stream ends after `fed` bytes of a record of 100 + 21. */
static const size_t partial_rows[] = {1, 4, 5, 6, 120};

START_TEST(test_socket_end_inside_a_record_is_an_error_and_then_the_end)
{
	uint8_t wire[200];
	unsigned effects;

	rx_enable(&fx);
	deliver(23, 0, 100);
	rx_record(&fx, 23, flat, 100, 0, wire);
	rx_feed(&fx, wire, partial_rows[_i]);
	effects = socantrcvmore(&fx.so);
	ck_assert_uint_eq(effects, ENGINE_WAKE_READER);
	ck_assert_uint_eq(fx.so.so_rcv.sb_tlscc, 0);
	rx_read(&fx, 4000, 0, &got);
	expect(0, false, true, true, 100);
	rx_read(&fx, 4000, 0, &got);
	expect(EMSGSIZE, false, false, false, 0);
	ck_assert(soreadable(&fx.so));
	rx_read(&fx, 4000, 0, &got);
	expect(0, true, false, false, 0);
}
END_TEST

START_TEST(test_socket_undecrypted_records_hold_back_the_end)
{
	uint8_t wire[200];
	size_t len;

	rx_enable(&fx);
	len = rx_record(&fx, 23, flat, 100, 0, wire);
	rx_feed(&fx, wire, len);
	rx_feed(&fx, wire, 7);
	socantrcvmore(&fx.so);
	ck_assert(soreadable(&fx.so));
	rx_read(&fx, 4000, 0, &got);
	expect(EWOULDBLOCK, false, false, false, 0);
	ck_assert_int_eq(fx.so.so_error, 0);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	rx_read(&fx, 4000, 0, &got);
	expect(0, false, true, true, 100);
	rx_read(&fx, 4000, 0, &got);
	expect(EMSGSIZE, false, false, false, 0);
	rx_read(&fx, 4000, 0, &got);
	expect(0, true, false, false, 0);
}
END_TEST

START_TEST(test_socket_reset_is_reported_once_and_then_the_end)
{
	uint8_t wire[200];

	rx_enable(&fx);
	deliver(23, 0, 10);
	rx_record(&fx, 23, flat, 100, 0, wire);
	rx_feed(&fx, wire, 50);
	ck_assert_uint_eq(so_drop(&fx.so, ECONNRESET),
			  ENGINE_DROP | ENGINE_WAKE_READER);
	ck_assert(fx.so.so_dropped);
	rx_read(&fx, 4000, 0, &got);
	expect(0, false, true, true, 10);
	rx_read(&fx, 4000, 0, &got);
	expect(ECONNRESET, false, false, false, 0);
	rx_read(&fx, 4000, 0, &got);
	expect(0, true, false, false, 0);
	ck_assert_uint_eq(so_drop(&fx.so, EINVAL), ENGINE_WAKE_READER);
	rx_read(&fx, 4000, 0, &got);
	expect(EINVAL, false, false, false, 0);
}
END_TEST

START_TEST(test_socket_reset_lets_the_worker_finish_complete_records)
{
	uint8_t wire[200];
	size_t len;

	rx_enable(&fx);
	len = rx_record(&fx, 23, flat, 100, 0, wire);
	rx_feed(&fx, wire, len);
	rx_feed(&fx, wire, 8);
	so_drop(&fx.so, ECONNRESET);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	rx_read(&fx, 4000, 0, &got);
	expect(0, false, true, true, 100);
	rx_read(&fx, 4000, 0, &got);
	expect(ECONNRESET, false, false, false, 0);
	rx_read(&fx, 4000, 0, &got);
	expect(0, true, false, false, 0);
}
END_TEST

START_TEST(test_socket_close_empties_both_chains)
{
	uint8_t wire[200];

	rx_enable(&fx);
	deliver(23, 0, 10);
	rx_record(&fx, 23, flat, 100, 0, wire);
	rx_feed(&fx, wire, 50);
	so_close(&fx.so);
	sbcheck(&fx.so.so_rcv);
	ck_assert_uint_eq(fx.so.so_rcv.sb_ccc, 0);
	rx_feed(&fx, wire + 50, 50);
	ck_assert_uint_eq(fx.so.so_rcv.sb_ccc, 0);
	rx_read(&fx, 4000, 0, &got);
	expect(0, true, false, false, 0);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *socket_suite(void);

Suite *
socket_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_socket_read_returns_one_record_per_call, 0),
	    TEST(test_socket_short_read_leaves_the_rest_without_control, 0),
	    TEST(test_socket_read_of_no_bytes_takes_the_control_only, 0),
	    TEST(test_socket_peek_removes_nothing, 0),
	    TEST(test_socket_empty_record_is_told_from_the_end_by_its_control,
		 0),
	    TEST(test_socket_error_waits_until_the_plain_queue_is_empty, 0),
	    TEST(test_socket_plain_read_takes_bytes_across_packets, 0),
	    TEST(test_socket_unknown_bytes_are_read_without_storage, 0),
	    TEST(test_socket_low_water_mark_holds_back_incomplete_data_only, 0),
	    TEST(test_socket_complete_record_ignores_the_low_water_mark, 0),
	    TEST(test_socket_end_inside_a_record_is_an_error_and_then_the_end,
		 COUNT(partial_rows)),
	    TEST(test_socket_undecrypted_records_hold_back_the_end, 0),
	    TEST(test_socket_reset_is_reported_once_and_then_the_end, 0),
	    TEST(test_socket_reset_lets_the_worker_finish_complete_records, 0),
	    TEST(test_socket_close_empties_both_chains, 0),
	};

	return suite_create_table("socket", tests, (size_t)COUNT(tests), setup,
				  teardown, 0);
}
