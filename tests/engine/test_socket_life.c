/*
 * test_socket_life.c - close, shutdown, reset and the last reference, each at
 * every step boundary of a worker.
 *
 * A good or a bad record is brought to a boundary, with half of another record
 * queued behind it; then the end comes; then the worker does the rest of its
 * pass.  Nothing may leak, and nobody waits for anybody.
 */
#include "engine/socket.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/mbuf.h"
#include "engine/workq.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

/* Where the worker stands. */
enum boundary {
	AT_PARTIAL,  /* nowhere: half a record is queued */
	AT_QUEUED,   /* the socket waits on its work queue */
	AT_TAKEN,    /* the worker has it */
	AT_BEGUN,    /* after begin */
	AT_OPENED,   /* after crypt */
	AT_FINISHED, /* after finish */
	AT_ENDING,   /* begin has found nothing more */
	AT_ENDED,    /* after end_pass, with its reference */
	BOUNDARIES,
};

static struct rx_fixture fx;
static struct rx_read got;
static struct sockbuf *const sb = &fx.so.so_rcv;
static struct workq wq;
static struct ktls_rx_job job;
static struct ktls_session_stats stats;
static enum boundary at;
static bool dropped; /* begin has refused a header */
static uint8_t wire[4096];
static const uint8_t text[600] = {1, 2, 3};

static void
setup(void)
{
	struct ktls_key key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 7);

	rx_init(&fx, &key, KTLS_CRYPTO_REAL);
	rx_enable(&fx);
	stats = (struct ktls_session_stats){0};
	ktls_session_count(sb->sb_tls_info, &stats);
	workq_init(&wq);
	dropped = false;
}

static void
feed(size_t len)
{
	fx.effects = 0;
	rx_feed(&fx, wire, len);
	if (fx.effects & ENGINE_QUEUE_WORK)
		workq_put(&wq, &fx.so);
}

static void
begin(void)
{
	unsigned effects;
	enum ktls_rx_verdict verdict =
	    ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);

	at = verdict == KTLS_RX_RECORD ? AT_BEGUN : AT_ENDING;
	dropped = verdict == KTLS_RX_DROPPED;
}

/* One step of the worker, as far as there is one. */
static void
step(void)
{
	bool delivered;

	switch (at) {
	case AT_QUEUED:
		ck_assert_ptr_eq(workq_get(&wq), &fx.so);
		at = AT_TAKEN;
		break;
	case AT_TAKEN:
	case AT_FINISHED:
		begin();
		break;
	case AT_BEGUN:
		ktls_rx_crypt(&job);
		at = AT_OPENED;
		break;
	case AT_OPENED:
		ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
		at = AT_FINISHED;
		break;
	case AT_ENDING:
		if (!dropped)
			ktls_rx_end_pass(&fx.so);
		at = AT_ENDED;
		break;
	case AT_PARTIAL:
	case AT_ENDED:
	case BOUNDARIES:
		break;
	}
	sbcheck(sb);
}

/* Bring a record to a boundary, with half of the next one behind it. */
static void
bring_to(enum boundary boundary, bool bad)
{
	size_t len = rx_record(&fx, 23, text, sizeof(text), 0, wire);

	at = AT_PARTIAL;
	if (boundary == AT_PARTIAL) {
		feed(len / 2);
		return;
	}
	wire[len - 1] ^= bad;
	feed(len);
	rx_record(&fx, 23, text, sizeof(text), 0, wire);
	feed(300);
	for (at = AT_QUEUED; at < boundary;)
		step();
	ck_assert_uint_eq(at, boundary);
}

static void
run_out(void)
{
	while (at != AT_PARTIAL && at != AT_ENDED)
		step();
}

/* The worker's reference; true where it was the last one. */
static bool
worker_rele(void)
{
	return at == AT_ENDED && so_rele(&fx.so);
}

static void
expect_error(int error)
{
	rx_read(&fx, 1000, 0, &got);
	ck_assert_int_eq(got.result.error, error);
	ck_assert_uint_eq(got.result.bytes, 0);
}

static void
expect_eof(void)
{
	rx_read(&fx, 1000, 0, &got);
	ck_assert(got.result.eof);
}

static uint64_t
live_mbufs(void)
{
	struct mbuf_pool_stats pool;

	mbuf_pool_read_stats(fx.pool, &pool);
	return pool.mbufs;
}

static enum boundary
row_boundary(int row)
{
	return (enum boundary)(row / 2);
}

/* A socket whose owner closes it: the end, and nothing left. */
START_TEST(test_socket_life_close_at_every_boundary)
{
	enum boundary boundary = row_boundary(_i);

	bring_to(boundary, _i % 2);
	fx.so.so_error = 0;
	so_close(&fx.so);
	sbcheck(sb);
	ck_assert_uint_eq(sb->sb_ccc, 0);
	run_out();
	ck_assert_int_eq(fx.so.so_error, 0);
	ck_assert_uint_eq(sb->sb_ccc, 0);
	expect_eof();
	ck_assert(!worker_rele());
	ck_assert_uint_eq(live_mbufs(), 0);
	rx_fini(&fx);
	ck_assert_uint_eq(stats.active, 0);
}
END_TEST

/* The owner goes first, and the worker destroys the socket. */
START_TEST(test_socket_life_last_reference_is_given_up_by_the_worker)
{
	enum boundary boundary = row_boundary(_i);

	bring_to(boundary, _i % 2);
	so_close(&fx.so);
	fx.gone = so_rele(&fx.so);
	ck_assert(fx.gone == (boundary == AT_PARTIAL));
	ck_assert_uint_eq(stats.active, !fx.gone);
	if (!fx.gone) {
		run_out();
		fx.gone = worker_rele();
	}
	ck_assert(fx.gone);
	ck_assert_uint_eq(stats.active, 0);
	ck_assert_uint_eq(live_mbufs(), 0);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_socket_life_shutdown_at_every_boundary)
{
	enum boundary boundary = row_boundary(_i);
	bool judged = boundary == AT_PARTIAL || boundary == AT_ENDED;
	bool bad = boundary > AT_OPENED && _i % 2;

	bring_to(boundary, _i % 2);
	ck_assert_uint_eq(so_shutdown(&fx.so), ENGINE_WAKE_READER);
	sbcheck(sb);
	ck_assert_uint_eq(sb->sb_ccc, 0);
	ck_assert_int_eq(sbspace(sb), 0);
	run_out();
	/* Half a record at the end, where no worker would have completed it;
	   a worker's own error came before. */
	if (judged || bad)
		expect_error(judged ? EMSGSIZE : EBADMSG);
	expect_eof();
	ck_assert(!worker_rele());
	ck_assert_uint_eq(live_mbufs(), 0);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_socket_life_reset_at_every_boundary)
{
	enum boundary boundary = row_boundary(_i);
	bool bad = _i % 2;

	bring_to(boundary, bad);
	ck_assert_uint_eq(so_drop(&fx.so, ECONNRESET),
			  ENGINE_DROP | ENGINE_WAKE_READER);
	sbcheck(sb);
	run_out();
	/* A record that is complete is still delivered. */
	if (boundary != AT_PARTIAL && !bad) {
		rx_read(&fx, 1000, 0, &got);
		ck_assert_uint_eq(got.result.bytes, sizeof(text));
	}
	expect_error(bad && boundary != AT_PARTIAL && boundary <= AT_OPENED
			 ? EBADMSG
			 : ECONNRESET);
	expect_eof();
	ck_assert(!worker_rele());
	ck_assert_uint_eq(live_mbufs(), 0);
	rx_fini(&fx);
}
END_TEST

/* R13: RUNNING stays set behind a bad header, and nothing waits for it. */
START_TEST(test_socket_life_teardown_does_not_wait_for_running)
{
	memcpy(wire, "\x18\x03\x03\x00\x10", 5);
	feed(21);
	at = AT_QUEUED;
	run_out();
	ck_assert(dropped);
	ck_assert((sb->sb_flags & SB_TLS_RX_RUNNING) != 0);
	ck_assert(!worker_rele());
	switch (_i) {
	case 0:
		so_close(&fx.so);
		break;
	case 1:
		so_shutdown(&fx.so);
		break;
	default:
		break;
	}
	fx.gone = so_rele(&fx.so);
	ck_assert(fx.gone);
	ck_assert_uint_eq(stats.active, 0);
	rx_fini(&fx);
}
END_TEST

/* The reader is in the middle of a call: the flush waits for it. */
START_TEST(test_socket_life_shutdown_waits_for_a_reader_in_a_call)
{
	bring_to(AT_FINISHED, false);
	ck_assert(so_io_lock(&fx.so));
	so_shutdown(&fx.so);
	ck_assert_uint_ne(sb->sb_ccc, 0);
	rx_read(&fx, 1000, 0, &got);
	ck_assert_uint_eq(got.result.bytes, sizeof(text));
	so_io_unlock(&fx.so);
	ck_assert_uint_eq(sb->sb_ccc, 0);
	ck_assert_uint_eq(sb->sb_hiwat, 0);
	run_out();
	expect_eof();
	ck_assert(!worker_rele());
	rx_fini(&fx);
}
END_TEST

START_TEST(test_socket_life_references_count)
{
	ck_assert_uint_eq(fx.so.so_count, 1);
	so_hold(&fx.so);
	so_hold(&fx.so);
	ck_assert(!so_rele(&fx.so));
	ck_assert(!so_rele(&fx.so));
	ck_assert_uint_eq(stats.active, 1);
	rx_fini(&fx);
	ck_assert_uint_eq(stats.active, 0);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *socket_life_suite(void);

Suite *
socket_life_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_socket_life_close_at_every_boundary, 2 * BOUNDARIES),
	    TEST(test_socket_life_last_reference_is_given_up_by_the_worker,
		 2 * BOUNDARIES),
	    TEST(test_socket_life_shutdown_at_every_boundary, 2 * BOUNDARIES),
	    TEST(test_socket_life_reset_at_every_boundary, 2 * BOUNDARIES),
	    TEST(test_socket_life_teardown_does_not_wait_for_running, 3),
	    TEST(test_socket_life_shutdown_waits_for_a_reader_in_a_call, 0),
	    TEST(test_socket_life_references_count, 0),
	};

	return suite_create_table("socket_life", tests, (size_t)COUNT(tests),
				  setup, NULL, 0);
}
