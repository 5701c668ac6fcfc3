/*
 * test_soreceive.c - recvmsg's flags and buffers, the order of what it reports,
 * and what poll and kqueue say of the same socket.
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

enum { OVERHEAD = 21 }; /* of a TLS 1.2 ChaCha20 record */

static struct rx_fixture fx;
static struct rx_read got;
static struct sockbuf *const sb = &fx.so.so_rcv;
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

static void
feed_record(uint8_t type, size_t off, size_t len)
{
	uint8_t wire[RX_RECORD_MAX];
	size_t total = rx_record(&fx, type, flat + off, len, 0, wire);

	rx_feed_segments(&fx, wire, total, 1448);
}

/* Deliver one record of len bytes from flat + off to the plain chain. */
static void
deliver(uint8_t type, size_t off, size_t len)
{
	feed_record(type, off, len);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
}

static void
call(uint32_t resid, unsigned flags)
{
	rx_read(&fx, resid, flags, &got);
}

static void
expect(int error, uint32_t bytes, bool eor, bool waits)
{
	ck_assert_int_eq(got.result.error, error);
	ck_assert_uint_eq(got.result.bytes, bytes);
	ck_assert(got.result.eor == eor);
	ck_assert(got.result.waits == waits);
}

START_TEST(test_soreceive_waitall_ends_at_the_end_of_a_record)
{
	rx_enable(&fx);
	deliver(23, 0, 100);
	deliver(23, 100, 50);
	call(150, SORECEIVE_WAITALL);
	expect(0, 100, true, false);
	call(20, SORECEIVE_WAITALL);
	expect(0, 20, false, false);
	call(150, SORECEIVE_WAITALL);
	expect(0, 30, true, false);
	deliver(23, 0, 0);
	call(150, SORECEIVE_WAITALL);
	expect(0, 0, false, false);
	ck_assert(got.result.has_record);
	call(150, SORECEIVE_WAITALL);
	expect(EWOULDBLOCK, 0, false, false);
}
END_TEST

START_TEST(test_soreceive_waitall_on_a_stream_waits_for_the_rest)
{
	rx_feed(&fx, flat, 100);
	call(300, SORECEIVE_WAITALL);
	expect(0, 100, false, true);
	rx_feed(&fx, flat + 100, 250);
	call(200, SORECEIVE_WAITALL);
	expect(0, 200, false, false);
	ck_assert_mem_eq(got.bytes, flat + 100, 200);
	call(50, SORECEIVE_WAITALL);
	expect(0, 50, false, false);
	call(50, SORECEIVE_WAITALL);
	expect(EWOULDBLOCK, 0, false, false);
}
END_TEST

/* What ends the wait of MSG_WAITALL with fewer bytes. */
static const struct {
	unsigned flags;
	int so_error;
	bool cantrcvmore;
	bool waits;
} waitall_rows[] = {
    {SORECEIVE_WAITALL, 0, false, true},
    {SORECEIVE_WAITALL, ECONNRESET, false, false},
    {SORECEIVE_WAITALL, 0, true, false},
    {SORECEIVE_WAITALL | SORECEIVE_DONTWAIT, 0, false, false},
    {SORECEIVE_WAITALL | SORECEIVE_PEEK, 0, false, false},
    {0, 0, false, false},
};

START_TEST(test_soreceive_waitall_is_ended_by_errors_ends_and_dontwait)
{
	rx_feed(&fx, flat, 100);
	fx.so.so_error = waitall_rows[_i].so_error;
	if (waitall_rows[_i].cantrcvmore)
		socantrcvmore(&fx.so);
	call(300, waitall_rows[_i].flags);
	expect(0, 100, false, waitall_rows[_i].waits);
}
END_TEST

/* 100 bytes wait, as a stream or as the rest of a record. */
static const struct {
	int64_t lowat;
	uint32_t resid;
	unsigned flags;
	int error;
} lowat_rows[] = {
    {1, 300, 0, 0},
    {100, 300, 0, 0},
    {101, 300, 0, EWOULDBLOCK},
    {101, 100, 0, 0},
    {101, 101, 0, EWOULDBLOCK},
    {101, 300, SORECEIVE_DONTWAIT, 0},
    {101, 300, SORECEIVE_PEEK, EWOULDBLOCK},
    {101, 300, SORECEIVE_PEEK | SORECEIVE_DONTWAIT, 0},
};

START_TEST(test_soreceive_low_water_mark_and_dontwait)
{
	rx_feed(&fx, flat, 100);
	ck_assert_int_eq(so_set_rcvlowat(&fx.so, lowat_rows[_i].lowat), 0);
	call(lowat_rows[_i].resid, lowat_rows[_i].flags);
	expect(lowat_rows[_i].error, lowat_rows[_i].error == 0 ? 100 : 0, false,
	       false);
}
END_TEST

START_TEST(test_soreceive_records_are_deliverable_whatever_the_low_water_mark)
{
	rx_enable(&fx);
	ck_assert_int_eq(so_set_rcvlowat(&fx.so, 500), 0);
	deliver(23, 0, 10);
	call(300, 0);
	expect(0, 10, true, false);
	deliver(23, 0, 0);
	call(300, 0);
	expect(EWOULDBLOCK, 0, false, false);
	call(300, SORECEIVE_DONTWAIT);
	expect(0, 0, false, false);
	ck_assert(got.result.has_record);
}
END_TEST

static const struct {
	uint32_t control_len;
	bool has_record;
	bool ctrunc;
} control_rows[] = {
    {0, false, false}, {1, false, true},  {21, false, true}, {22, true, true},
    {23, true, true},  {24, true, false}, {64, true, false}, {400, true, false},
};

START_TEST(test_soreceive_control_buffer_is_truncated_and_told_so)
{
	struct soreceive_msg msg = {
	    .resid = 40, .fault_at = UINT32_MAX, .flags = SORECEIVE_PEEK};

	rx_enable(&fx);
	deliver(22, 0, 100);
	msg.control_len = control_rows[_i].control_len;
	for (int i = 0; i < 3; i++) {
		rx_recvmsg(&fx, &msg, &got);
		expect(0, 40, false, false);
		ck_assert(got.result.has_record == control_rows[_i].has_record);
		ck_assert(got.result.ctrunc == control_rows[_i].ctrunc);
		if (i == 1)
			break;
		msg.flags = 0;
	}
	/* However little of it fitted, it is gone. */
	call(100, 0);
	expect(0, 60, true, false);
	ck_assert(!got.result.has_record && !got.result.ctrunc);
}
END_TEST

static const struct {
	uint8_t type;
	int error;
} appdata_rows[] = {{20, 0}, {21, ENXIO}, {22, 0}, {23, 0}};

START_TEST(test_soreceive_tlsappdata_refuses_an_alert_and_leaves_it)
{
	const unsigned flags[] = {SORECEIVE_TLSAPPDATA,
				  SORECEIVE_TLSAPPDATA | SORECEIVE_PEEK,
				  SORECEIVE_TLSAPPDATA};
	int error = appdata_rows[_i].error;

	rx_enable(&fx);
	deliver(23, 0, 10);
	feed_record(appdata_rows[_i].type, 0, 2);
	rx_pass(&fx);
	call(100, SORECEIVE_TLSAPPDATA);
	expect(0, 10, true, false);
	for (int i = 0; i < (error != 0 ? 3 : 1); i++) {
		call(100, flags[i]);
		expect(error, error == 0 ? 2 : 0, error == 0, false);
		ck_assert(got.result.has_record == (error == 0));
	}
	call(100, 0);
	expect(error == 0 ? EWOULDBLOCK : 0, error == 0 ? 0 : 2, error != 0,
	       false);
}
END_TEST

/* One byte of a record of 15 has been read; then memory ends at fault_at. */
static const struct {
	uint32_t fault_at;
	unsigned flags;
	int error;
	uint32_t bytes;
} fault_rows[] = {
    {0, 0, EFAULT, 0},	       {0, SORECEIVE_PEEK, EFAULT, 0}, {9, 0, 0, 9},
    {9, SORECEIVE_PEEK, 0, 9}, {9, SORECEIVE_WAITALL, 0, 9},   {14, 0, 0, 14},
    {100, 0, 0, 14},
};

START_TEST(test_soreceive_fault_of_the_users_memory_loses_nothing)
{
	struct soreceive_msg msg = {.resid = 60,
				    .control_len = TLS_CONTROL_BYTES,
				    .fault_at = fault_rows[_i].fault_at,
				    .flags = fault_rows[_i].flags};
	uint32_t taken = 1;

	rx_enable(&fx);
	deliver(23, 0, 15);
	call(1, 0);
	expect(0, 1, false, false);
	rx_recvmsg(&fx, &msg, &got);
	expect(fault_rows[_i].error, fault_rows[_i].bytes,
	       fault_rows[_i].bytes == 14, false);
	if ((msg.flags & SORECEIVE_PEEK) == 0)
		taken += fault_rows[_i].bytes;
	call(100, 0);
	if (taken == 15) {
		expect(EWOULDBLOCK, 0, false, false);
		return;
	}
	expect(0, 15 - taken, true, false);
	ck_assert_mem_eq(got.bytes, flat + taken, 15 - taken);
}
END_TEST

START_TEST(test_soreceive_fault_before_the_first_byte_keeps_the_control_message)
{
	struct soreceive_msg msg = {.resid = 60,
				    .control_len = TLS_CONTROL_BYTES};

	rx_enable(&fx);
	deliver(22, 0, 15);
	rx_recvmsg(&fx, &msg, &got);
	expect(EFAULT, 0, false, false);
	call(100, 0);
	expect(0, 15, true, false);
	ck_assert(got.result.has_record);
	/* A record without data has nothing to fault on. */
	deliver(22, 0, 0);
	rx_recvmsg(&fx, &msg, &got);
	expect(0, 0, false, false);
	ck_assert(got.result.has_record);
}
END_TEST

/* Bits of the row number: what the socket has. */
enum state_bit {
	STATE_PLAIN = 1,     /* a record of 100 bytes can be read */
	STATE_ERROR = 2,     /* so_error */
	STATE_END = 4,	     /* CANTRCVMORE */
	STATE_TLS = 8,	     /* a complete record is not decrypted yet */
	STATE_DETACHED = 16, /* another one is in work */
	STATE_COUNT = 32,
};

static struct ktls_rx_job job;

static void
enter_state(int state)
{
	unsigned effects;

	rx_enable(&fx);
	if (state & STATE_PLAIN)
		deliver(23, 0, 100);
	if (state & STATE_DETACHED) {
		feed_record(23, 100, 50);
		ck_assert_int_eq(
		    ktls_rx_begin(&fx.so, &job, &fx.counters, &effects),
		    KTLS_RX_RECORD);
		ktls_rx_crypt(&job);
	}
	if (state & STATE_TLS)
		feed_record(23, 150, 50);
	if (state & STATE_END)
		socantrcvmore(&fx.so);
	if (state & STATE_ERROR)
		fx.so.so_error = EBADMSG;
	sbcheck(sb);
}

static void
leave_state(void)
{
	if (job.record != NULL)
		ktls_rx_abandon(&fx.so, &job);
	fx.so.so_error = 0;
}

START_TEST(test_soreceive_reports_data_then_errors_then_the_end)
{
	bool left = (_i & (STATE_TLS | STATE_DETACHED)) != 0;
	bool eof = (_i & STATE_END) != 0 && !left;

	enter_state(_i);
	if (_i & STATE_PLAIN) {
		call(300, SORECEIVE_PEEK);
		expect(0, 100, true, false);
		call(300, 0);
		expect(0, 100, true, false);
	}
	if (_i & STATE_ERROR) {
		call(300, SORECEIVE_PEEK);
		expect(EBADMSG, 0, false, false);
		call(300, 0);
		expect(EBADMSG, 0, false, false);
	}
	for (int i = 0; i < 2; i++) {
		call(300, 0);
		expect(eof ? 0 : EWOULDBLOCK, 0, false, false);
		ck_assert(got.result.eof == eof);
	}
	leave_state();
}
END_TEST

START_TEST(test_soreceive_poll_and_kqueue_tell_of_every_state)
{
	bool plain = (_i & STATE_PLAIN) != 0;
	bool error = (_i & STATE_ERROR) != 0;
	bool end = (_i & STATE_END) != 0;
	struct so_kevent kev;

	enter_state(_i);
	ck_assert(soreadable(&fx.so) == (plain || error || end));
	ck_assert(so_kqread(&fx.so, 0, &kev) == (plain || error || end));
	ck_assert_int_eq(kev.data, plain ? 100 : 0);
	ck_assert(kev.eof == end);
	ck_assert_int_eq(kev.fflags, end && error ? EBADMSG : 0);
	/* NOTE_LOWAT counts payload, SO_RCVLOWAT control messages as well. */
	ck_assert(so_kqread(&fx.so, 101, &kev) == (error || end));
	ck_assert(so_kqread(&fx.so, 100, &kev) == (plain || error || end));
	ck_assert_int_eq(so_set_rcvlowat(&fx.so, 124), 0);
	ck_assert(so_kqread(&fx.so, 0, &kev) == (plain || error || end));
	ck_assert_int_eq(so_set_rcvlowat(&fx.so, 125), 0);
	ck_assert(so_kqread(&fx.so, 0, &kev) == (error || end));
	ck_assert(soreadable(&fx.so) == (error || end));
	leave_state();
}
END_TEST

START_TEST(test_soreceive_so_error_option_takes_the_error)
{
	rx_enable(&fx);
	fx.so.so_error = EBADMSG;
	ck_assert_int_eq(so_take_error(&fx.so), EBADMSG);
	ck_assert_int_eq(so_take_error(&fx.so), 0);
	call(300, 0);
	expect(EWOULDBLOCK, 0, false, false);
}
END_TEST

START_TEST(test_soreceive_partial_record_is_neither_readable_nor_data)
{
	struct so_kevent kev;
	uint8_t wire[200];

	rx_enable(&fx);
	rx_record(&fx, 23, flat, 100, 0, wire);
	rx_feed(&fx, wire, 100);
	ck_assert(!soreadable(&fx.so));
	ck_assert(!so_kqread(&fx.so, 0, &kev));
	ck_assert_int_eq(kev.data, 0);
	rx_feed(&fx, wire + 100, OVERHEAD);
	ck_assert(!soreadable(&fx.so));
	rx_pass(&fx);
	ck_assert(soreadable(&fx.so));
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *soreceive_suite(void);

Suite *
soreceive_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_soreceive_waitall_ends_at_the_end_of_a_record, 0),
	    TEST(test_soreceive_waitall_on_a_stream_waits_for_the_rest, 0),
	    TEST(test_soreceive_waitall_is_ended_by_errors_ends_and_dontwait,
		 COUNT(waitall_rows)),
	    TEST(test_soreceive_low_water_mark_and_dontwait, COUNT(lowat_rows)),
	    TEST(
		test_soreceive_records_are_deliverable_whatever_the_low_water_mark,
		0),
	    TEST(test_soreceive_control_buffer_is_truncated_and_told_so,
		 COUNT(control_rows)),
	    TEST(test_soreceive_tlsappdata_refuses_an_alert_and_leaves_it,
		 COUNT(appdata_rows)),
	    TEST(test_soreceive_fault_of_the_users_memory_loses_nothing,
		 COUNT(fault_rows)),
	    TEST(
		test_soreceive_fault_before_the_first_byte_keeps_the_control_message,
		0),
	    TEST(test_soreceive_reports_data_then_errors_then_the_end,
		 STATE_COUNT),
	    TEST(test_soreceive_poll_and_kqueue_tell_of_every_state,
		 STATE_COUNT),
	    TEST(test_soreceive_so_error_option_takes_the_error, 0),
	    TEST(test_soreceive_partial_record_is_neither_readable_nor_data, 0),
	};

	return suite_create_table("soreceive", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
