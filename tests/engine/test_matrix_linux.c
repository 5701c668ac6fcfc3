/*
 * test_matrix_linux.c - Linux's acceptance matrix: data, peeking, types, poll.
 *
 * One test per row of the kernel's tests that concerns receive, for every
 * suite; docs/linux-matrix.md lists the rows and how each was adapted.  Errors
 * and changes of keys are in test_matrix_linux_err.c.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "tests/support/matrix_linux.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define PEEK	SORECEIVE_PEEK
#define WAITALL SORECEIVE_WAITALL
#define DONTW	SORECEIVE_DONTWAIT

static struct linux_socket s;
static uint8_t data[LINUX_RECV_MAX];

static void
setup(void)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131 + i / 509);
}

/* A socket with keys, of the suite of a row number. */
static void
start(int variant)
{
	linux_init(&s, &linux_variants[variant], NULL);
	ck_assert_int_eq(linux_enable(&s), 0);
}

static void
send_data(size_t off, size_t len)
{
	linux_send(&s, LINUX_DATA, data + off, len);
}

/* A receive that gets n bytes of data from `off` on. */
static void
recv_ok(uint32_t len, unsigned flags, size_t off, int n)
{
	ck_assert_int_eq(linux_recv(&s, len, flags, NULL), n);
	ck_assert_mem_eq(s.bytes, data + off, (size_t)n);
}

static void
recv_fails(uint32_t len, unsigned flags, int err)
{
	ck_assert_int_eq(linux_recv(&s, len, flags, NULL), -1);
	ck_assert_int_eq(s.err, err);
}

/* A receive with a control buffer that gets n bytes of this type. */
static void
recv_typed(uint32_t len, unsigned flags, uint8_t type, size_t off, int n)
{
	uint8_t got;

	ck_assert_int_eq(linux_recv(&s, len, flags, &got), n);
	ck_assert_uint_eq(got, type);
	ck_assert_mem_eq(s.bytes, data + off, (size_t)n);
}

START_TEST(test_matrix_linux_01_base_base)
{
	linux_init(&s, &linux_variants[_i], NULL);
	linux_feed(&s, data, 500);
	ck_assert(linux_poll(&s));
	recv_ok(500, WAITALL, 0, 500);
	linux_fini(&s);
}
END_TEST

/* Chunk, and what is sent behind it. */
static const int chunk_rows[][2] = {
    {4096, 4096},  {4096, 0},	  {4096, 1},	 {4096, 2048},	{8192, 2048},
    {4096, 8192},  {8192, 4096},  {12288, 1024}, {12288, 2000}, {15360, 100},
    {15360, 300},  {1, 4096},	  {2048, 4096},	 {2048, 8192},	{4096, 16384},
    {1024, 12288}, {2000, 12288}, {100, 15360},	 {300, 15360},
};

START_TEST(test_matrix_linux_05_multi_chunk)
{
	start(_i);
	for (int i = 0; i < COUNT(chunk_rows); i++) {
		size_t chunk = (size_t)chunk_rows[i][0];
		size_t extra = (size_t)chunk_rows[i][1];
		size_t total = 0;

		for (int j = 0; j < 2; j++, total += chunk)
			send_data(total, chunk);
		if (extra > 0)
			send_data(total, extra);
		total += extra;
		recv_ok((uint32_t)total, WAITALL, 0, (int)total);
		recv_fails(1, DONTW, EAGAIN);
	}
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_06_07_recv_max_and_small)
{
	start(_i);
	send_data(0, 16384);
	recv_ok(16384, 0, 0, 16384);
	send_data(0, 10);
	recv_ok(10, 0, 0, 10);
	linux_fini(&s);
}
END_TEST

/* 8, 10: an open record is a record that has not arrived whole. */
START_TEST(test_matrix_linux_08_10_msg_more)
{
	uint8_t wire[200];
	size_t len;

	start(_i);
	len = linux_seal(&s, LINUX_DATA, data, 20, wire);
	linux_feed(&s, wire, len - 1);
	recv_fails(20, DONTW, EAGAIN);
	ck_assert(!linux_poll(&s));
	linux_feed(&s, wire + len - 1, 1);
	recv_ok(20, WAITALL, 0, 20);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_09_msg_more_then_cmsg)
{
	start(_i);
	send_data(0, 10);
	linux_send(&s, LINUX_CONTROL, data + 50, 10);
	recv_typed(20, 0, LINUX_DATA, 0, 10);
	recv_typed(20, 0, LINUX_CONTROL, 50, 10);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_11_msg_eor)
{
	start(_i);
	send_data(0, 10);
	recv_ok(10, WAITALL, 0, 10);
	ck_assert(s.read.result.eor);
	linux_fini(&s);
}
END_TEST

/* Records of many sizes, in packets of every size. */
static const size_t fragments[] = {1, 2, 3, 7, 16, 33, 64, 255, 1448, 9000};

START_TEST(test_matrix_linux_12_sendmsg_fragmented_and_large)
{
	static uint8_t wire[20000];

	start(_i);
	for (int i = 0; i < COUNT(fragments); i++) {
		size_t step = fragments[i];
		size_t text = step < 250 ? 64 * step + 13 : 16384 - step;
		size_t len = linux_seal(&s, LINUX_DATA, data, text, wire);

		for (size_t off = 0; off < len; off += step)
			linux_feed(&s, wire + off,
				   len - off < step ? len - off : step);
		recv_ok(LINUX_RECV_MAX, 0, 0, (int)text);
	}
	linux_fini(&s);
	start(_i);
	for (int i = 0; i < 128; i++) {
		send_data((size_t)i, 16384);
		recv_ok(16384, WAITALL, (size_t)i, 16384);
	}
	linux_fini(&s);
}
END_TEST

/* 16, 17: looking at a control record in other ways loses nothing. */
START_TEST(test_matrix_linux_16_17_control_record_without_cmsg)
{
	start(_i);
	linux_send(&s, LINUX_CONTROL, data, 10);
	recv_fails(10, 0, EIO);
	recv_fails(10, PEEK, EIO);
	recv_fails(10, DONTW, EIO);
	recv_typed(10, 0, LINUX_CONTROL, 0, 10);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_20_recvmsg_scattered)
{
	start(_i);
	send_data(0, 16384);
	for (uint32_t off = 0; off < 16384; off += 16)
		recv_ok(16, 0, off, 16);
	recv_fails(1, DONTW, EAGAIN);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_21_single_send_multiple_recv)
{
	start(_i);
	send_data(0, 32768);
	recv_ok(16384, 0, 0, 16384);
	recv_ok(16384, 0, 16384, 16384);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_22_multiple_send_single_recv)
{
	start(_i);
	send_data(0, 10);
	send_data(10, 10);
	recv_ok(20, WAITALL, 0, 20);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_23_24_partial_reads_keep_the_rest)
{
	start(_i);
	send_data(0, 15);
	recv_ok(10, 0, 0, 10);
	recv_ok(10, 0, 10, 5);
	send_data(0, 18);
	recv_ok(9, 0, 0, 9);
	recv_ok(8, 0, 9, 8);
	recv_ok(8, 0, 17, 1);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_25_recv_nonblock)
{
	start(_i);
	recv_fails(10, DONTW, EAGAIN);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_26_27_recv_peek)
{
	start(_i);
	send_data(0, 10);
	for (int i = 0; i < 100; i++)
		recv_ok(10, PEEK, 0, 10);
	recv_ok(10, 0, 0, 10);
	recv_fails(10, PEEK, EAGAIN);
	linux_fini(&s);
}
END_TEST

/* 19, 28, 29: a peek shows the first record only; the read crosses it. */
START_TEST(test_matrix_linux_19_28_29_peek_of_several_records)
{
	start(_i);
	send_data(0, 10);
	send_data(10, 20);
	recv_ok(10, PEEK, 0, 10);
	recv_ok(30, PEEK | WAITALL, 0, 10);
	recv_ok(14, 0, 0, 14);
	recv_ok(30, PEEK, 14, 16);
	recv_ok(30, 0, 14, 16);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_30_recv_lowat)
{
	start(_i);
	ck_assert_int_eq(s.x.set_rcvlowat(s.x.self, 8), 0);
	send_data(0, 10);
	send_data(10, 5);
	recv_ok(1, WAITALL, 0, 1);
	recv_ok(6, WAITALL, 1, 6);
	recv_ok(10, 0, 7, 8);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_32_33_pollin)
{
	start(_i);
	ck_assert(!linux_poll(&s));
	send_data(0, 10);
	ck_assert(linux_poll(&s));
	recv_ok(10, 0, 0, 10);
	ck_assert(!linux_poll(&s));
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_34_poll_wait_split)
{
	start(_i);
	send_data(0, 20);
	ck_assert(linux_poll(&s));
	recv_ok(15, WAITALL, 0, 15);
	ck_assert(linux_poll(&s));
	recv_ok(5, WAITALL, 15, 5);
	ck_assert(!linux_poll(&s));
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_35_nonblocking_stream)
{
	start(_i);
	for (size_t off = 0, got = 0; got < 100000;) {
		int n;

		if (off == got && off < 100000) {
			send_data(off, 1000);
			off += 1000;
		}
		n = linux_recv(&s, 600, DONTW, NULL);
		if (n < 0)
			continue;
		ck_assert_mem_eq(s.bytes, data + got, (size_t)n);
		got += (size_t)n;
	}
	recv_fails(600, DONTW, EAGAIN);
	linux_fini(&s);
}
END_TEST

/* 36: several readers of one socket, one after another in every order. */
START_TEST(test_matrix_linux_36_readers_share_a_socket)
{
	size_t sent = 0, got = 0;
	uint64_t rng = 7;

	start(_i);
	while (got < 60000) {
		uint32_t n = 1 + matrix_below(&rng, 1000);

		if (matrix_below(&rng, 2) && sent + n <= 60000) {
			send_data(sent, n);
			sent += n;
		} else if (sent > got) {
			if (n > sent - got)
				n = (uint32_t)(sent - got);
			recv_ok(n, 0, got, (int)n);
			got += n;
		} else if (sent + n > 60000) {
			break;
		}
	}
	ck_assert_uint_eq(sent, got);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_37_control_msg)
{
	start(_i);
	linux_send(&s, LINUX_CONTROL, data, 10);
	recv_fails(10, 0, EIO);
	recv_typed(10, PEEK, LINUX_CONTROL, 0, 10);
	recv_typed(10, 0, LINUX_CONTROL, 0, 10);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_38_control_msg_nomerge)
{
	start(_i);
	linux_send(&s, LINUX_CONTROL, data, 10);
	linux_send(&s, LINUX_CONTROL, data + 10, 12);
	recv_typed(30, PEEK, LINUX_CONTROL, 0, 10);
	recv_typed(30, PEEK, LINUX_CONTROL, 0, 10);
	recv_typed(30, 0, LINUX_CONTROL, 0, 10);
	recv_typed(30, 0, LINUX_CONTROL, 10, 12);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_39_data_control_data)
{
	start(_i);
	send_data(0, 5);
	linux_send(&s, LINUX_CONTROL, data + 5, 5);
	send_data(10, 5);
	recv_typed(15, PEEK, LINUX_DATA, 0, 5);
	recv_typed(15, PEEK, LINUX_DATA, 0, 5);
	recv_typed(15, 0, LINUX_DATA, 0, 5);
	recv_typed(15, 0, LINUX_CONTROL, 5, 5);
	recv_typed(15, 0, LINUX_DATA, 10, 5);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_40_shutdown)
{
	start(_i);
	ck_assert_int_eq(s.x.listen(s.x.self), EINVAL);
	send_data(0, 10);
	s.x.shutdown(s.x.self);
	recv_ok(10, 0, 0, 10);
	ck_assert_int_eq(linux_recv(&s, 10, 0, NULL), 0);
	ck_assert_int_eq(linux_recv(&s, 10, 0, NULL), 0);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_42_recv_efault)
{
	start(_i);
	send_data(0, 10);
	send_data(10, 8);
	recv_ok(1, 0, 0, 1);
	ck_assert_int_eq(linux_recv_fault(&s, 60, 9), 9);
	ck_assert_mem_eq(s.bytes, data + 1, 9);
	ck_assert_int_eq(linux_recv_fault(&s, 60, 0), -1);
	ck_assert_int_eq(s.err, EFAULT);
	recv_ok(60, 0, 10, 8);
	linux_fini(&s);
}
END_TEST

/* What is sent: data (d) or control (c) of 11 bytes, or empty (D, C). */
struct zero_row {
	const char *sent;
	int returned[4]; /* of recvmsg with a control buffer */
};

static const struct zero_row zero_rows[] = {
    {"ddd", {33, -1}},	  {"dCd", {11, 0, 11, -1}}, {"DDD", {-1}},
    {"DDc", {0, 11, -1}}, {"DDC", {0, 0, -1}},	    {"CCC", {0, 0, 0, -1}},
    {"DDd", {11, -1}},	  {"dDD", {11, -1}},
};

static void
send_script(const char *script)
{
	for (; *script != '\0'; script++) {
		uint8_t type = *script == 'd' || *script == 'D' ? LINUX_DATA
								: LINUX_CONTROL;
		bool empty = *script == 'D' || *script == 'C';

		linux_send(&s, type, data, empty ? 0 : 11);
	}
}

START_TEST(test_matrix_linux_53_zero_len)
{
	for (int i = 0; i < COUNT(zero_rows); i++) {
		uint8_t type;

		start(_i);
		send_script(zero_rows[i].sent);
		for (int j = 0; j < 4; j++) {
			int n = linux_recv(&s, 100, DONTW, &type);

			ck_assert_int_eq(n, zero_rows[i].returned[j]);
			if (n < 0) {
				ck_assert_int_eq(s.err, EAGAIN);
				break;
			}
		}
		linux_fini(&s);
	}
}
END_TEST

START_TEST(test_matrix_linux_54_zero_len_peek)
{
	start(_i);
	send_script("DDd");
	recv_ok(100, PEEK | DONTW, 0, 11);
	recv_ok(100, DONTW, 0, 11);
	recv_fails(100, DONTW, EAGAIN);
	send_script("DDD");
	recv_fails(100, PEEK | DONTW, EAGAIN);
	linux_fini(&s);
}
END_TEST

/* 61, 62: part of a record is not readable, and a sleeper goes on sleeping. */
START_TEST(test_matrix_linux_61_62_poll_partial_rec)
{
	uint8_t wire[256];
	size_t len;

	start(_i);
	len = linux_seal(&s, LINUX_DATA, data, 128, wire);
	for (size_t off = 0; off < 100; off += 20) {
		linux_feed(&s, wire + off, 20);
		ck_assert(!linux_poll(&s));
		recv_fails(128, 0, EAGAIN);
	}
	linux_feed(&s, wire + 100, len - 100);
	ck_assert(linux_poll(&s));
	recv_ok(128, 0, 0, 128);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_66_prequeue)
{
	static uint8_t wire[40000];
	size_t len;

	linux_init(&s, &linux_variants[_i], NULL);
	len = linux_seal(&s, LINUX_DATA, data, 16384, wire);
	len += linux_seal(&s, LINUX_DATA, data + 16384, 3616, wire + len);
	linux_feed(&s, wire, len);
	ck_assert_int_eq(linux_enable(&s), 0);
	recv_ok(20000, WAITALL, 0, 20000);
	linux_fini(&s);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *matrix_linux_suite(void);

#define ROW(fn) TEST(fn, LINUX_VARIANTS)

Suite *
matrix_linux_suite(void)
{
	const struct suite_test tests[] = {
	    ROW(test_matrix_linux_01_base_base),
	    ROW(test_matrix_linux_05_multi_chunk),
	    ROW(test_matrix_linux_06_07_recv_max_and_small),
	    ROW(test_matrix_linux_08_10_msg_more),
	    ROW(test_matrix_linux_09_msg_more_then_cmsg),
	    ROW(test_matrix_linux_11_msg_eor),
	    ROW(test_matrix_linux_12_sendmsg_fragmented_and_large),
	    ROW(test_matrix_linux_16_17_control_record_without_cmsg),
	    ROW(test_matrix_linux_20_recvmsg_scattered),
	    ROW(test_matrix_linux_21_single_send_multiple_recv),
	    ROW(test_matrix_linux_22_multiple_send_single_recv),
	    ROW(test_matrix_linux_23_24_partial_reads_keep_the_rest),
	    ROW(test_matrix_linux_25_recv_nonblock),
	    ROW(test_matrix_linux_26_27_recv_peek),
	    ROW(test_matrix_linux_19_28_29_peek_of_several_records),
	    ROW(test_matrix_linux_30_recv_lowat),
	    ROW(test_matrix_linux_32_33_pollin),
	    ROW(test_matrix_linux_34_poll_wait_split),
	    ROW(test_matrix_linux_35_nonblocking_stream),
	    ROW(test_matrix_linux_36_readers_share_a_socket),
	    ROW(test_matrix_linux_37_control_msg),
	    ROW(test_matrix_linux_38_control_msg_nomerge),
	    ROW(test_matrix_linux_39_data_control_data),
	    ROW(test_matrix_linux_40_shutdown),
	    ROW(test_matrix_linux_42_recv_efault),
	    ROW(test_matrix_linux_53_zero_len),
	    ROW(test_matrix_linux_54_zero_len_peek),
	    ROW(test_matrix_linux_61_62_poll_partial_rec),
	    ROW(test_matrix_linux_66_prequeue),
	};

	return suite_create_table("matrix_linux", tests, (size_t)COUNT(tests),
				  setup, NULL, 30);
}
