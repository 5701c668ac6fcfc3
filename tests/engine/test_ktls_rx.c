/*
 * test_ktls_rx.c - the steps of receive: detaching at every place, and what may
 * happen between the steps.
 */
#include "engine/ktls_rx.h"

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
static struct sockbuf *const sb = &fx.so.so_rcv;
static struct ktls_rx_job job;
static uint8_t flat[20000];
static uint8_t wire[4 * RX_RECORD_MAX];

static void
setup(void)
{
	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
}

static void
start(enum tls_version version, enum ktls_crypto crypto)
{
	struct ktls_key key = rx_key(version, TLS_CIPHER_AES_GCM, 16, 7);

	key.rec_seq = 5;
	rx_init(&fx, &key, crypto);
}

static void
start_enabled(enum tls_version version)
{
	start(version, KTLS_CRYPTO_REAL);
	rx_enable(&fx);
}

static size_t
make(size_t off, size_t len, uint8_t *at)
{
	return rx_record(&fx, 23, flat + off, len, 0, at);
}

static enum ktls_rx_verdict
begin(void)
{
	unsigned effects;
	enum ktls_rx_verdict verdict =
	    ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);

	fx.effects |= effects;
	sbcheck(sb);
	return verdict;
}

/* Returns whether the record was delivered. */
static bool
crypt_and_finish(void)
{
	bool delivered;

	ktls_rx_crypt(&job);
	fx.effects |= ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
	sbcheck(sb);
	return delivered;
}

static void
expect_bytes(size_t off, uint32_t len)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, 0);
	ck_assert(got.result.has_record);
	ck_assert_uint_eq(got.result.bytes, len);
	ck_assert_mem_eq(got.bytes, flat + off, len);
}

static void
expect_error(int error)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, error);
}

static void
expect_eof(void)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert(got.result.eof);
}

/* Sizes of the packets in which two records and a bit arrive. */
static const size_t detach_rows[] = {60, 150, 400, 4000};

START_TEST(test_ktls_rx_detaches_at_every_byte_offset)
{
	size_t segment = detach_rows[_i];

	start_enabled(TLS_1_3);
	for (size_t lead = 0; lead < 2 * segment && lead < 600; lead++) {
		/* `lead` payload bytes move the boundary through a packet. */
		size_t a = make(0, lead, wire);
		size_t b = make(lead, 300, wire + a);
		size_t c = make(9, 30, wire + a + b);

		rx_feed_segments(&fx, wire, a + b + c, segment);
		ck_assert(rx_running(&fx));
		ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
		expect_bytes(0, (uint32_t)lead);
		expect_bytes(lead, 300);
		expect_bytes(9, 30);
		ck_assert_uint_eq(sb->sb_mbcnt, 0);
	}
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_takes_bytes_one_by_one)
{
	start_enabled(_i ? TLS_1_3 : TLS_1_2);
	for (size_t len = 0; len < 40; len++) {
		size_t total = make(len, len, wire);

		for (size_t off = 0; off < total; off++) {
			ck_assert(!rx_running(&fx));
			rx_feed(&fx, wire + off, 1);
		}
		ck_assert(rx_running(&fx));
		rx_pass(&fx);
		expect_bytes(len, (uint32_t)len);
	}
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_split_charges_a_shared_cluster_twice)
{
	size_t a, b;

	start_enabled(TLS_1_2);
	a = make(0, 500, wire);
	b = make(500, 500, wire + a);
	rx_feed(&fx, wire, a + b);
	ck_assert_uint_eq(sb->sb_mbcnt, MSIZE + MCLBYTES);
	ck_assert_int_eq(begin(), KTLS_RX_RECORD);
	ck_assert_uint_eq(sb->sb_mbcnt, MSIZE + MCLBYTES);
	ck_assert_uint_eq(sb->sb_tlscc, b);
	ck_assert_uint_eq(sb->sb_tlsdcc, a);
	ck_assert_uint_eq(sb->sb_ccc, a + b);
	ck_assert(crypt_and_finish());
	ck_assert_uint_eq(sb->sb_mbcnt, 2 * (MSIZE + MCLBYTES) + MSIZE);
	ck_assert_uint_eq(sb->sb_ccc, 24 + 500 + b);
	rx_pass(&fx);
	expect_bytes(0, 500);
	expect_bytes(500, 500);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_enable_adopts_what_is_queued)
{
	size_t a, b;

	start(TLS_1_3, KTLS_CRYPTO_REAL);
	a = make(0, 3000, wire);
	b = make(3000, 100, wire + a);
	rx_feed_segments(&fx, wire, a + b - 50, 1448);
	ck_assert_uint_eq(sb->sb_acc, a + b - 50);
	fx.effects = 0;
	rx_enable(&fx);
	ck_assert_uint_eq(fx.effects, ENGINE_QUEUE_WORK);
	ck_assert_uint_eq(sb->sb_acc, 0);
	rx_pass(&fx);
	expect_bytes(0, 3000);
	rx_feed(&fx, wire + a + b - 50, 50);
	rx_pass(&fx);
	expect_bytes(3000, 100);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_enable_twice_is_refused)
{
	struct ktls_session *session;
	unsigned effects;

	start_enabled(TLS_1_3);
	ktls_session_create(&session, &fx.key, KTLS_CRYPTO_MODEL, NULL, 0);
	ck_assert_int_eq(ktls_rx_enable(&fx.so, session, 0, &effects),
			 EALREADY);
	ck_assert_uint_eq(session->refcount, 1);
	ktls_session_free(session);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_enable_behind_the_end_reports_a_partial_record)
{
	start(TLS_1_3, KTLS_CRYPTO_REAL);
	rx_feed(&fx, flat, 4);
	socantrcvmore(&fx.so);
	fx.effects = 0;
	rx_enable(&fx);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
	expect_error(EMSGSIZE);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

struct header_row {
	enum tls_version version;
	uint8_t bytes[5];
	uint16_t body; /* bytes that follow */
	int error;
};

static const struct header_row header_rows[] = {
    {TLS_1_2, {23, 4, 3, 0, 40}, 40, EINVAL},
    {TLS_1_2, {23, 3, 4, 0, 40}, 40, EINVAL},
    {TLS_1_2, {23, 3, 2, 0, 40}, 40, EINVAL},
    {TLS_1_3, {23, 3, 4, 0, 40}, 40, EINVAL},
    {TLS_1_3, {24, 3, 3, 0, 40}, 40, EINVAL},
    {TLS_1_3, {23, 3, 3, 0x40, 0x12}, 0x4012, EMSGSIZE},
    {TLS_1_2, {23, 3, 3, 0x80, 0}, 0x8000, EMSGSIZE},
    {TLS_1_2, {23, 3, 3, 0, 6}, 6, EMSGSIZE},
};

START_TEST(test_ktls_rx_bad_header_resets_the_connection_for_good)
{
	const struct header_row *row = &header_rows[_i];

	start_enabled(row->version);
	rx_feed(&fx, wire, make(0, 100, wire));
	memset(wire, 0, sizeof(wire));
	memcpy(wire, row->bytes, 5);
	rx_feed_segments(&fx, wire, 5u + row->body, 9000);
	rx_feed(&fx, flat, 100);
	fx.effects = 0;
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DROPPED);
	ck_assert_uint_eq(fx.effects, ENGINE_DROP | ENGINE_WAKE_READER);
	ck_assert_uint_eq(fx.counters.corrupted_records, 1);
	ck_assert_uint_eq(fx.counters.failed_crypto, 0);
	ck_assert(rx_running(&fx));
	rx_feed(&fx, flat, 100);
	ck_assert_uint_eq(sb->sb_tlscc, 0);
	expect_bytes(0, 100);
	expect_error(row->error);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_bad_header_is_found_early_only_by_a_running_worker)
{
	start_enabled(TLS_1_3);
	rx_feed(&fx, (const uint8_t *)"\x18\x03\x03\x00\x40", 5);
	ck_assert(!rx_running(&fx));
	rx_feed(&fx, flat, 63);
	ck_assert(!rx_running(&fx));
	rx_feed(&fx, flat, 1);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DROPPED);
	rx_fini(&fx);

	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, make(0, 100, wire));
	rx_feed(&fx, (const uint8_t *)"\x18\x03\x03\x00\x40", 5);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DROPPED);
	expect_bytes(0, 100);
	expect_error(EINVAL);
	rx_fini(&fx);
}
END_TEST

/* Requests of begin: the control mbuf, and the split where one is needed. */
START_TEST(test_ktls_rx_begin_without_memory_changes_nothing)
{
	size_t a, b;
	uint64_t nth;

	start_enabled(TLS_1_2);
	a = make(0, 700, wire);
	b = make(700, 700, wire + a);
	rx_feed(&fx, wire, a + b);
	for (nth = 1; nth <= 2; nth++) {
		mbuf_pool_fail_after(fx.pool, nth);
		ck_assert_int_eq(begin(), KTLS_RX_NOMEM);
		ck_assert_uint_eq(sb->sb_tlscc, a + b);
		ck_assert_uint_eq(sb->sb_tls_seqno, 5);
	}
	ck_assert_uint_eq(ktls_rx_end_pass(&fx.so),
			  ENGINE_WAKE_READER | ENGINE_QUEUE_WORK);
	rx_pass(&fx);
	expect_bytes(0, 700);
	expect_bytes(700, 700);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_begin_without_memory_to_copy_shared_storage)
{
	struct mbuf *m[2], *others[2];
	size_t len;

	start_enabled(TLS_1_2);
	len = make(0, 2500, wire);
	m[0] = m_from_bytes(fx.pool, wire, 1448, 0);
	m[1] = m_from_bytes(fx.pool, wire + 1448, (uint32_t)len - 1448, 0);
	for (int i = 0; i < 2; i++) {
		others[i] = m_split_ref(fx.pool, m[i], 0);
		sbappendstream(sb, m[i]);
	}
	/* Control mbuf; then an mbuf and a cluster for each of two copies. */
	for (uint64_t nth = 2; nth <= 5; nth++) {
		mbuf_pool_fail_after(fx.pool, nth < 4 ? nth : nth - 2);
		ck_assert_int_eq(begin(), KTLS_RX_NOMEM);
		if (nth == 3)
			m_freem(fx.pool, others[0]);
	}
	mbuf_pool_fail_after(fx.pool, 0);
	ktls_rx_end_pass(&fx.so);
	rx_pass(&fx);
	expect_bytes(0, 2500);
	m_freem(fx.pool, others[1]);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_close_while_detached_leaves_the_record_to_its_worker)
{
	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, make(0, 3000, wire));
	ck_assert_int_eq(begin(), KTLS_RX_RECORD);
	so_close(&fx.so);
	sbcheck(sb);
	fx.effects = 0;
	ck_assert(!crypt_and_finish());
	ck_assert_uint_eq(fx.effects, 0);
	ck_assert_int_eq(begin(), KTLS_RX_DRY);
	ck_assert_uint_eq(ktls_rx_end_pass(&fx.so), ENGINE_WAKE_READER);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_failed_record_that_was_flushed_is_not_reported)
{
	start_enabled(TLS_1_3);
	make(0, 300, wire);
	wire[30] ^= 1;
	rx_feed(&fx, wire, 322);
	ck_assert_int_eq(begin(), KTLS_RX_RECORD);
	sbflush(sb);
	fx.effects = 0;
	ck_assert(!crypt_and_finish());
	ck_assert_uint_eq(fx.effects, 0);
	ck_assert_uint_eq(fx.counters.failed_crypto, 1);
	ktls_rx_end_pass(&fx.so);
	expect_error(EWOULDBLOCK);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_abandoned_record_leaves_nothing_behind)
{
	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, make(0, 300, wire));
	rx_feed(&fx, wire, 100);
	ck_assert_int_eq(begin(), KTLS_RX_RECORD);
	ktls_rx_abandon(&fx.so, &job);
	sbcheck(sb);
	ck_assert_uint_eq(sb->sb_ccc, 100);
	ck_assert_ptr_null(job.record);
	ktls_rx_abandon(&fx.so, &job);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_flush_and_append_while_detached_keep_the_stream)
{
	size_t len;

	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, make(0, 300, wire));
	ck_assert_int_eq(begin(), KTLS_RX_RECORD);
	sbflush(sb);
	len = make(300, 200, wire);
	rx_feed(&fx, wire, len);
	ck_assert(!crypt_and_finish());
	ck_assert_uint_eq(sb->sb_ccc, len);
	rx_pass(&fx);
	expect_bytes(300, 200);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_record_completed_after_dry_is_queued_by_end_pass)
{
	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, make(0, 300, wire));
	ck_assert_int_eq(begin(), KTLS_RX_RECORD);
	ck_assert(crypt_and_finish());
	ck_assert_int_eq(begin(), KTLS_RX_DRY);
	fx.effects = 0;
	rx_feed(&fx, wire, make(300, 300, wire));
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
	ck_assert_uint_eq(ktls_rx_end_pass(&fx.so),
			  ENGINE_WAKE_READER | ENGINE_QUEUE_WORK);
	rx_pass(&fx);
	expect_bytes(0, 300);
	expect_bytes(300, 300);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_end_of_stream_while_detached_is_judged_by_end_pass)
{
	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, make(0, 300, wire));
	ck_assert_int_eq(begin(), KTLS_RX_RECORD);
	rx_feed(&fx, wire, 20);
	socantrcvmore(&fx.so);
	ck_assert_int_eq(fx.so.so_error, 0);
	expect_error(EWOULDBLOCK);
	ck_assert(crypt_and_finish());
	ck_assert_int_eq(begin(), KTLS_RX_DRY);
	ktls_rx_end_pass(&fx.so);
	expect_bytes(0, 300);
	expect_error(EMSGSIZE);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_header_in_unknown_bytes_is_said_once)
{
	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, make(0, 300, wire));
	fx.effects = 0;
	rx_feed_cut(&fx, wire, 3, 500);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_UNREADABLE);
	ck_assert(!rx_running(&fx));
	expect_bytes(0, 300);
	rx_feed(&fx, wire, 322);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
	ck_assert_uint_eq(sb->sb_tlscc, 3 + 500 + 322);
	rx_feed_cut(&fx, wire, 60, 1388);
	ck_assert_uint_eq(sb->sb_tlscc, 3 + 500 + 322 + 1448);
	ck_assert_uint_eq(sb->sb_mtlstail->m_len, 500 + 322 + 1448);
	expect_error(EWOULDBLOCK);
	ck_assert_uint_eq(socantrcvmore(&fx.so), ENGINE_WAKE_READER);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_header_in_unknown_bytes_reaches_an_idle_worker)
{
	start_enabled(TLS_1_3);
	rx_feed_cut(&fx, NULL, 0, 500);
	ck_assert(rx_running(&fx));
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_UNREADABLE);
	ck_assert(!rx_running(&fx));
	sbflush(sb);
	rx_feed(&fx, wire, make(0, 300, wire));
	ck_assert(rx_running(&fx));
	rx_pass(&fx);
	expect_bytes(0, 300);
	rx_fini(&fx);
}
END_TEST

struct rekey_row {
	enum tls_version version;
	uint8_t type;
	size_t len;
	uint8_t payload[24];
	bool rekeys;
};

static const struct rekey_row rekey_rows[] = {
    {TLS_1_3, 22, 5, {24, 0, 0, 1, 0}, true},
    {TLS_1_3, 22, 11, {4, 0, 0, 2, 9, 9, 24, 0, 0, 1, 1}, true},
    {TLS_1_3, 22, 11, {24, 0, 0, 1, 1, 4, 0, 0, 2, 9, 9}, false},
    {TLS_1_3, 22, 6, {4, 0, 0, 2, 24, 24}, false},
    {TLS_1_3, 22, 5, {24, 0, 0, 2, 0}, false},
    {TLS_1_3, 22, 5, {24, 255, 255, 255, 0}, false},
    {TLS_1_3, 22, 4, {24, 0, 0, 0}, false},
    {TLS_1_3, 22, 6, {24, 0, 0, 2, 0, 0}, false},
    {TLS_1_3, 22, 6, {24, 0, 0, 1, 0, 24}, false},
    {TLS_1_3, 22, 0, {0}, false},
    {TLS_1_3, 23, 5, {24, 0, 0, 1, 0}, false},
    {TLS_1_3, 20, 1, {1}, false},
    {TLS_1_2, 20, 1, {1}, true},
    {TLS_1_2, 22, 5, {24, 0, 0, 1, 0}, false},
    {TLS_1_2, 23, 1, {1}, false},
};

START_TEST(test_ktls_rx_waits_for_a_key_behind_a_change_of_keys)
{
	const struct rekey_row *row = &rekey_rows[_i];
	enum ktls_rx_verdict after =
	    row->rekeys ? KTLS_RX_WAITKEY : KTLS_RX_DRY;
	struct ktls_key next = rx_key(row->version, TLS_CIPHER_AES_GCM, 32, 99);
	unsigned effects = 0;

	start_enabled(row->version);
	rx_feed(&fx, wire,
		rx_record(&fx, row->type, row->payload, row->len, 0, wire));
	ck_assert_int_eq(rx_pass(&fx), after);
	rx_read(&fx, 100, 0, &got);
	ck_assert_uint_eq(got.result.record.tls_type, row->type);
	next.rec_seq = 1000;
	if (row->rekeys)
		rx_change_key(&fx, &next);
	fx.effects = 0;
	rx_feed(&fx, wire, make(0, 300, wire));
	ck_assert(rx_running(&fx) == !row->rekeys);
	if (row->rekeys) {
		ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
		ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), 0);
		ck_assert_uint_eq(effects, ENGINE_QUEUE_WORK);
	}
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	expect_bytes(0, 300);
	rx_fini(&fx);
}
END_TEST

static const uint8_t key_update[5] = {24, 0, 0, 1, 0};

START_TEST(test_ktls_rx_key_change_with_data_behind_it_ends_the_pass)
{
	struct ktls_key next = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 99);
	unsigned effects;
	size_t a, b;

	start_enabled(TLS_1_3);
	a = rx_record(&fx, 22, key_update, 5, 0, wire);
	rx_change_key(&fx, &next);
	b = make(0, 300, wire + a);
	rx_feed(&fx, wire, a + b);
	socantrcvmore(&fx.so);
	fx.effects = 0;
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_WAITKEY);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
	ck_assert(!rx_running(&fx));
	rx_read(&fx, 100, 0, &got);
	ck_assert_uint_eq(got.result.record.tls_type, 22);
	/* A key that has not come yet is no reason to say end or error. */
	expect_error(EWOULDBLOCK);
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), 0);
	rx_pass(&fx);
	expect_bytes(0, 300);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_key_change_counts_even_if_its_record_is_flushed)
{
	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, rx_record(&fx, 22, key_update, 5, 0, wire));
	ck_assert_int_eq(begin(), KTLS_RX_RECORD);
	sbflush(sb);
	ck_assert(!crypt_and_finish());
	ck_assert_int_eq(begin(), KTLS_RX_WAITKEY);
	ktls_rx_end_pass(&fx.so);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_unreadable_bytes_behind_a_key_change_wait_for_the_key)
{
	struct ktls_key next = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 99);
	unsigned effects;

	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, rx_record(&fx, 22, key_update, 5, 0, wire));
	rx_feed_cut(&fx, NULL, 0, 100);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_WAITKEY);
	ck_assert(!rx_running(&fx));
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), 0);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_UNREADABLE);
	ck_assert(!rx_running(&fx));
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_next_key_is_refused_between_begin_and_finish)
{
	struct ktls_key next = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 99);
	unsigned effects;

	start_enabled(TLS_1_3);
	rx_feed(&fx, wire, make(0, 300, wire));
	begin();
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), EBUSY);
	sbflush(sb);
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), EBUSY);
	crypt_and_finish();
	ktls_rx_end_pass(&fx.so);
	next.version = TLS_1_2;
	next.iv_len = 4;
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), EINVAL);
	next = rx_key(TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305, 32, 9);
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), EINVAL);
	next = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 17, 9);
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), EINVAL);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_model_session_waits_behind_a_change_cipher_spec)
{
	struct ktls_key next = rx_key(TLS_1_2, TLS_CIPHER_AES_GCM, 16, 99);
	unsigned effects;

	start(TLS_1_2, KTLS_CRYPTO_MODEL);
	rx_enable(&fx);
	rx_feed(&fx, wire, rx_record(&fx, 20, flat, 1, 0, wire));
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_WAITKEY);
	expect_bytes(0, 1);
	next.rec_seq = 77;
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), 0);
	ck_assert_uint_eq(sb->sb_tls_seqno, 77);
	rx_fini(&fx);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *ktls_rx_suite(void);

/* From its fifth byte on a good header tells how long its record is. */
START_TEST(test_ktls_rx_head_is_known_as_soon_as_its_header_is)
{
	struct ktls_key next = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 99);
	size_t a, b;

	start_enabled(TLS_1_3);
	a = rx_record(&fx, 22, key_update, 5, 0, wire);
	rx_change_key(&fx, &next);
	b = make(0, 300, wire + a);
	for (size_t i = 0; i < a; i++) {
		ck_assert_uint_eq(ktls_rx_head_bytes(&fx.so), i < 5 ? 0 : a);
		rx_feed(&fx, wire + i, 1);
	}
	ck_assert_uint_eq(ktls_rx_head_bytes(&fx.so), a);
	rx_feed(&fx, wire + a, b);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_WAITKEY);
	/* Whose header that is depends on the key. */
	ck_assert_uint_eq(ktls_rx_head_bytes(&fx.so), 0);
	rx_fini(&fx);
	start_enabled(TLS_1_3);
	wire[0] = 0;
	rx_feed(&fx, wire, 5);
	ck_assert_uint_eq(ktls_rx_head_bytes(&fx.so), 0);
	rx_fini(&fx);
}
END_TEST

Suite *
ktls_rx_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_ktls_rx_detaches_at_every_byte_offset,
		 COUNT(detach_rows)),
	    TEST(test_ktls_rx_takes_bytes_one_by_one, 2),
	    TEST(test_ktls_rx_split_charges_a_shared_cluster_twice, 0),
	    TEST(test_ktls_rx_enable_adopts_what_is_queued, 0),
	    TEST(test_ktls_rx_enable_twice_is_refused, 0),
	    TEST(test_ktls_rx_enable_behind_the_end_reports_a_partial_record,
		 0),
	    TEST(test_ktls_rx_bad_header_resets_the_connection_for_good,
		 COUNT(header_rows)),
	    TEST(
		test_ktls_rx_bad_header_is_found_early_only_by_a_running_worker,
		0),
	    TEST(test_ktls_rx_begin_without_memory_changes_nothing, 0),
	    TEST(test_ktls_rx_begin_without_memory_to_copy_shared_storage, 0),
	    TEST(
		test_ktls_rx_close_while_detached_leaves_the_record_to_its_worker,
		0),
	    TEST(test_ktls_rx_failed_record_that_was_flushed_is_not_reported,
		 0),
	    TEST(test_ktls_rx_abandoned_record_leaves_nothing_behind, 0),
	    TEST(test_ktls_rx_flush_and_append_while_detached_keep_the_stream,
		 0),
	    TEST(test_ktls_rx_record_completed_after_dry_is_queued_by_end_pass,
		 0),
	    TEST(
		test_ktls_rx_end_of_stream_while_detached_is_judged_by_end_pass,
		0),
	    TEST(test_ktls_rx_header_in_unknown_bytes_is_said_once, 0),
	    TEST(test_ktls_rx_header_in_unknown_bytes_reaches_an_idle_worker,
		 0),
	    TEST(test_ktls_rx_waits_for_a_key_behind_a_change_of_keys,
		 COUNT(rekey_rows)),
	    TEST(test_ktls_rx_key_change_with_data_behind_it_ends_the_pass, 0),
	    TEST(test_ktls_rx_key_change_counts_even_if_its_record_is_flushed,
		 0),
	    TEST(
		test_ktls_rx_unreadable_bytes_behind_a_key_change_wait_for_the_key,
		0),
	    TEST(test_ktls_rx_next_key_is_refused_between_begin_and_finish, 0),
	    TEST(test_ktls_rx_model_session_waits_behind_a_change_cipher_spec,
		 0),
	    TEST(test_ktls_rx_head_is_known_as_soon_as_its_header_is, 0),
	};

	return suite_create_table("ktls_rx", tests, (size_t)COUNT(tests), setup,
				  NULL, 0);
}
